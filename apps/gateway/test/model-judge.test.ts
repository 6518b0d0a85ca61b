import { ManualClock } from '@atp/core/clock'
import type { AdapterId, ArmId, DecisionId } from '@atp/core/ids'
import { SeededRandom } from '@atp/core/random'
import { type Adapter, AdapterRegistry, type Provider } from '@atp/domain/adapter'
import type { Arm } from '@atp/domain/routing'
import { DEFAULT_TENANT } from '@atp/domain/tenant'
import { typescriptNative } from '@atp/native'
import { expect, it } from 'vitest'
import { ModelJudge } from '../src/judging/model-judge.ts'

const arm: Arm = {
  ...{ id: 'up/judge' as ArmId, adapterId: 'up' as AdapterId, model: 'judge', upstreamModel: 'judge' },
  ...{ price: { inputUsdPerMtok: 1, outputUsdPerMtok: 1 }, contextWindow: 8_000, maxOutputTokens: 1_000 },
  ...{ capabilities: new Set(), qualityPrior: { mean: 0.5, strength: 2 } },
  ...{ expectedOutputTokens: 10, expectedLatencyMs: 100 },
}

it('a verdict costs what its model cost when it was asked for, whatever it costs when it comes', async () => {
  const clock = new ManualClock()
  const start = clock.now()
  const usage = { inputTokens: 10, outputTokens: 5, estimated: false }
  const complete = async () => {
    clock.advance(1_000)
    return { text: '{"score": 8}', usage }
  }
  const provider = { complete, close: async () => undefined } as unknown as Provider
  const registry = new AdapterRegistry({ native: typescriptNative, clock })
  registry.register({ id: arm.adapterId, kind: 'test', arms: [arm], provider } satisfies Adapter)
  const prices = {
    at: (_arm: Arm, instant: number) => {
      const usd = instant < start + 500 ? 3 : 9
      return { inputUsdPerMtok: usd, outputUsdPerMtok: usd }
    },
  }
  const judge = new ModelJudge(arm, registry, prices, clock, new SeededRandom(1))
  const answer = { tenant: DEFAULT_TENANT, decisionId: 'd' as DecisionId, arm: 'up/other' as ArmId }
  const asked = { ...answer, body: { model: 'other', messages: [] }, text: 'Hello.' }
  const verdict = await judge.judge(asked, AbortSignal.timeout(60_000))
  expect(verdict).toMatchObject({ quality: 0.8, call: { cost: 3 * 15 } })
})
