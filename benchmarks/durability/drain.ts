/** How fast a journal drains to Postgres: both as they are in the gateway, with nothing beside them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '@atp/core/clock'
import { createLogger } from '@atp/core/logging'
import { SystemRandom } from '@atp/core/random'
import { Secret } from '@atp/core/secret'
import type { JournalBatch } from '@atp/domain/observation'
import { DataDirectory, PostgresDatabase, PostgresDrain, SqliteJournal } from '@atp/infrastructure/database'
import { type PostgresServer, startPostgres } from '@atp/test-services'

/** Decisions of a round, each with an observation. */
const DECISIONS = 10_000
const PER_APPEND = 100
const DEADLINE_MS = 120_000

/** @returns rows a second, of each round. @throws {Error} where the machine has no Postgres */
export async function measureDrain(rounds: number, progress: (step: string) => void): Promise<number[]> {
  const server = await startPostgres({ durable: true })
  try {
    const rates: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      progress(`drain ${round + 1} of ${rounds}`)
      rates.push(await drainOnce(server))
    }
    return rates
  } finally {
    await server.stop()
  }
}

async function drainOnce(server: PostgresServer): Promise<number> {
  const path = mkdtempSync(join(tmpdir(), 'atp-bench-drain-'))
  const directory = DataDirectory.open(path, () => 'bench')
  const source = await SqliteJournal.open({ directory, durability: 'process' })
  const target = new PostgresDatabase({ url: new Secret(await server.createDatabase()), replica: 'bench' })
  const log = createLogger({ level: 'error' })
  const drain = new PostgresDrain({ source, target, log, clock: systemClock, random: new SystemRandom() })
  try {
    for (let made = 0; made < DECISIONS; made += PER_APPEND) await source.append(recordsFrom(made))
    await target.ready()
    const rows = source.position.last
    const startedAt = performance.now()
    drain.start()
    if ((await drain.flush(DEADLINE_MS)) > 0) throw new Error('the journal did not drain in time')
    return (rows * 1_000) / (performance.now() - startedAt)
  } finally {
    await drain.stop()
    await source.close()
    directory.release()
    await target.close()
    rmSync(path, { recursive: true, force: true })
  }
}

/** As a request leaves them: a decision among four models, and what came of it. */
function recordsFrom(first: number): JournalBatch {
  const numbers = Array.from({ length: PER_APPEND }, (_, index) => first + index)
  const arms = ['small', 'medium', 'large', 'vast'].map(model => `mock/${model}`)
  const estimate = { qualityMean: 0.8, alpha: 8, beta: 2, qualityDeviation: null, reliability: 0.97 }
  const candidates = arms.map(arm => ({
    arm,
    score: 0.5,
    terms: { quality: 0.8, cost: 0.2, latency: 0.1 },
    excluded: null,
    estimate: { ...estimate, costUsd: 0.001, latencyMs: 900, outputTokens: 300 },
  }))
  return {
    decisions: numbers.map(number => ({
      id: `decision-${number}`,
      tenant: 'default',
      keyId: null,
      at: 1_700_000_000_000 + number,
      arm: arms[number % arms.length],
      strategy: 'thompson',
      weights: { quality: 1, cost: 0.5, latency: 0.25 },
      seed: `seed-${number}`,
      stateVersion: number,
      candidates,
      ranked: arms,
      pinned: false,
      exploration: 0,
      shadow: null,
      task: null,
      features: null,
      signal: null,
    })),
    observations: numbers.map(number => ({
      id: `observation-${number}`,
      kind: 'attempt',
      at: 1_700_000_000_000 + number,
      tenant: 'default',
      decisionId: `decision-${number}`,
      arm: arms[number % arms.length],
      outcome: 'success',
      quality: null,
      latency: 812.5,
      timeToFirstToken: null,
      usage: { inputTokens: 24, outputTokens: 48, estimated: false },
      cost: 1_234,
    })),
  } as unknown as JournalBatch
}
