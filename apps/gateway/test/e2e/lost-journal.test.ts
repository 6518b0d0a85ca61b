/** A process whose journal ended by itself can record nothing: it ends, for another to take its place, and what was acknowledged is there. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { postgresForTests } from '@atp/test-services'
import { afterAll, afterEach, expect, it } from 'vitest'
import { GatewayProcess } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'
import { GatewayOfWorkers } from '../support/workers.ts'

const MORTAL_JOURNAL = pathToFileURL(join(import.meta.dirname, '../support/mortal-journal.ts')).href

const PRELOADED = { NODE_OPTIONS: `--import=${MORTAL_JOURNAL}` }
const STOPPED = 'the journal stopped: its thread ended; nothing more can be recorded'

const postgres = await postgresForTests()
const scratch: string[] = []

afterAll(async () => {
  if (postgres.missing === null) await postgres.stop()
})

afterEach(() => {
  for (const directory of scratch.splice(0)) rmSync(directory, { recursive: true, force: true })
})

it('ends with 1 and says why; the next one takes feedback on what it had acknowledged', async () => {
  await using upstream = await answering()
  const options = { config: configFor(upstream), dataDir: directory() }
  await using gateway = await GatewayProcess.start({ ...options, env: PRELOADED })
  const { decision_id } = (await post(gateway, '/v1/ask', { prompt: 'Hello' })).body

  expect(await gateway.end('SIGUSR2')).toBe(1)
  expect(gateway.output).toContain(STOPPED)

  await using next = await GatewayProcess.start(options)
  const observed = await post(next, '/v1/observe', { decision_id, quality: 1 })
  expect(observed.status).toBe(202)
})

it.skipIf(postgres.missing !== null)(
  `a worker is replaced, and the others serve on${postgres.missing === null ? '' : ` (skipped: ${postgres.missing})`}`,
  async () => {
    if (postgres.missing !== null) return
    await using workers = await GatewayOfWorkers.start({
      workers: 2,
      databaseUrl: await postgres.createDatabase(),
      withRedis: false,
      env: PRELOADED,
    })
    const { gateway } = workers.gateway
    const serving = () => gateway.output.match(/"pid":\d+,"msg":"a worker serves"/g) ?? []
    const [first] = serving().map(line => Number(/\d+/.exec(line)))
    process.kill(first as number, 'SIGUSR2')
    await expect.poll(() => serving().length).toBe(3)
    expect(gateway.output).toContain(STOPPED)
    expect(await gateway.end()).toBe(0)
  },
)

async function answering(): Promise<ScriptedUpstream> {
  return await ScriptedUpstream.start((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(completionOf('a', { prompt_tokens: 1, completion_tokens: 1 })))
  })
}

function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'atp-lost-journal-'))
  scratch.push(made)
  return made
}
