/** `atp replay`, beside a running gateway: what other policies would have earned on the traffic that it recorded. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresForTests } from '@atp/test-services'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayProcess, runAtp } from '../support/gateway-process.ts'
import { post } from '../support/post.ts'
import { completionOf, configFor, ScriptedUpstream } from '../support/scripted-upstream.ts'

const QUALITY: Readonly<Record<string, number>> = { good: 0.9, bad: 0.3 }
const REQUESTS = 400
const byName = (a: string, b: string): number => a.localeCompare(b)

interface Report {
  readonly decisions: number
  readonly usable: number
  readonly unusable: Readonly<Record<string, number>>
  readonly policies: readonly {
    readonly policy: string
    readonly judgement: {
      readonly quality: {
        readonly conclusive: boolean
        readonly snips: Record<'mean' | 'low' | 'high', number>
      }
    }
  }[]
}

const server = await postgresForTests()
afterAll(async () => {
  if (server.missing === null) await server.stop()
})

describe.each([
  ['the journal', null],
  ['Postgres', server.missing],
])('a replay of %s', (name, missing) => {
  describe.skipIf(missing !== null)(missing === null ? 'is' : `(skipped: ${missing})`, () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'atp-replay-'))
    let upstream: ScriptedUpstream
    let gateway: GatewayProcess
    let env: Record<string, string> = {}

    beforeAll(async () => {
      if (name === 'Postgres' && server.missing === null)
        env = { DATABASE_URL: await server.createDatabase() }
      upstream = await ScriptedUpstream.start((_request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(completionOf('a', { prompt_tokens: 1, completion_tokens: 1 })))
      })
      const routing = { strategy: 'greedy', exploration: 0.5, half_life: 'never' }
      gateway = await GatewayProcess.start({
        config: { ...configFor(upstream, Object.keys(QUALITY)), routing },
        dataDir,
        env,
      })
      for (let asked = 0; asked < REQUESTS; asked += 1) {
        const { body } = await post<{ decision_id: string; model: string }>(gateway, '/v1/ask', {
          prompt: 'hi',
        })
        const quality = QUALITY[body.model.slice(3)]
        await post(gateway, '/v1/observe', { decision_id: body.decision_id, quality })
      }
      await post(gateway, '/v1/ask', { prompt: 'hi', model: 'up/good' })
      await post(gateway, '/v1/ask', { prompt: 'hi' })
    }, 60_000)

    afterAll(async () => {
      await gateway[Symbol.asyncDispose]()
      await upstream[Symbol.asyncDispose]()
      rmSync(dataDir, { recursive: true })
    })

    const replay = async (...args: string[]) => runAtp(['replay', ...args], { dataDir, env })
    const report = async (...args: string[]): Promise<Report> => {
      const { code, output } = await replay('--json', ...args)
      expect(code, output).toBe(0)
      return JSON.parse(output) as Report
    }

    it('right about each model, and about what it cannot use', async () => {
      await expect
        .poll(async () => (await report()).decisions, { timeout: 20_000, interval: 500 })
        .toBe(REQUESTS + 2)
      const { usable, unusable, policies } = await report()
      expect(usable).toBe(REQUESTS)
      expect(unusable).toEqual({ pinned: 1, unjudged: 1, fallback: 0, certain: 0 })
      expect(policies.map(({ policy }) => policy).sort(byName)).toEqual([
        'always up/bad',
        'always up/good',
        'greedy',
        'random',
        'recorded',
        'thompson',
      ])
      for (const [model, quality] of Object.entries(QUALITY)) {
        const { judgement } = policies.find(
          ({ policy }) => policy === `always up/${model}`,
        ) as Report['policies'][0]
        // Each answer of a model has its quality here: nothing is left to chance.
        expect(judgement.quality.snips.mean).toBeCloseTo(quality, 9)
      }
    }, 60_000)

    it('told as a table, of the policies that are asked for', async () => {
      const { code, output } = await replay(
        '--policy',
        'always:up/good',
        '--policy',
        'random',
        '--quality',
        'high',
      )
      expect(code, output).toBe(0)
      expect(output).toContain(`${REQUESTS + 2} decisions of the last 1d, ${REQUESTS} to judge by`)
      expect(output).toMatch(/always up\/good +0\.900/)
      expect(output).not.toContain('greedy')
    })
  })
})

describe('a replay', () => {
  it('says what is wrong with an option, and where nothing was recorded', async () => {
    expect((await runAtp(['replay', '--policy', 'best'])).output).toContain('always:<model>')
    expect((await runAtp(['replay', '--since', 'yesterday'])).output).toContain('a duration is wanted')
    const { code, output } = await runAtp(['replay'])
    expect(code).toBe(1)
    expect(output).toMatch(/^there is no journal at .+: nothing was recorded there\n$/)
  })
})
