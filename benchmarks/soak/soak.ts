/** A gateway under steady load, whole answers and streams in turn, with Postgres where there is one: sampled until the time is over. */
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { postgresForTests } from '@atp/test-services'
import { ClosedLoop, SCENARIOS } from '../load/closed-loop.ts'
import { startListening, stopped } from '../shared/listening-process.ts'
import { type Sample, sampleOf } from './sample.ts'

const UPSTREAM = fileURLToPath(new URL('../load/upstream.ts', import.meta.url))
const CONNECTIONS = 16
/** Of load, then rest: a third of what the machine gives. */
const BURST_SECONDS = 0.05
const REST_MS = 200
const SAMPLES = 120
const SHORTEST_INTERVAL_S = 1

export interface SoakOptions {
  /** What Node is given to run the `atp` command. */
  readonly gateway: readonly string[]
  readonly seconds: number
  readonly progress: (sample: Sample) => void
}

/** @throws {Error} where the gateway gives a wrong answer, or ends otherwise than with 0 */
export async function soak({ gateway, seconds, progress }: SoakOptions): Promise<Sample[]> {
  const directory = mkdtempSync(join(tmpdir(), 'atp-soak-'))
  const postgres = await postgresForTests()
  const children: ChildProcess[] = []
  try {
    const upstream = await startListening('the mock upstream', [UPSTREAM])
    children.push(upstream.child)
    const file = join(directory, 'gateway.yaml')
    const url = postgres.missing === null ? await postgres.createDatabase() : null
    writeFileSync(file, JSON.stringify(configuration(directory, upstream.url, url)))
    const started = await startListening('the gateway', [...gateway, 'serve', '--config', file])
    children.push(started.child)
    const samples = await sampled(started.child.pid as number, started.url, seconds, progress)
    await stopped(started.child)
    if (started.child.exitCode !== 0) throw new Error(`the gateway ended with ${started.child.exitCode}`)
    return samples
  } finally {
    await Promise.all(children.map(stopped))
    if (postgres.missing === null) await postgres.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

async function sampled(
  pid: number,
  url: string,
  seconds: number,
  progress: SoakOptions['progress'],
): Promise<Sample[]> {
  const loop = new ClosedLoop(url, CONNECTIONS)
  const interval = Math.max(SHORTEST_INTERVAL_S, seconds / SAMPLES)
  const samples: Sample[] = []
  const startedAt = performance.now()
  const elapsed = (): number => (performance.now() - startedAt) / 1000
  while (elapsed() < seconds) {
    for (const scenario of SCENARIOS) await loop.run(scenario, BURST_SECONDS)
    await delay(REST_MS)
    if (elapsed() < interval * (samples.length + 1)) continue
    const sample = await sampleOf(pid, url, elapsed())
    samples.push(sample)
    progress(sample)
  }
  await loop.close()
  return samples
}

function configuration(directory: string, upstreamUrl: string, databaseUrl: string | null) {
  const models = ['small', 'large'].map(name => ({ name, input_usd_per_mtok: 1, output_usd_per_mtok: 4 }))
  return {
    server: { port: 0 },
    auth: { enabled: false },
    data: { dir: join(directory, 'data') },
    ...(databaseUrl === null ? {} : { database: { url: databaseUrl } }),
    log: { level: 'warn' },
    adapters: [{ id: 'mock', base_url: `${upstreamUrl}/v1`, models }],
  }
}
