/** Adapters whose provider only counts how often it was closed. */
import type { AdapterId, ArmId } from '@atp/core/ids'
import { milliseconds } from '@atp/core/units'
import type { Adapter, CallResult } from '../../src/adapter/index.ts'
import type { Outcome } from '../../src/observation/index.ts'
import type { Arm } from '../../src/routing/index.ts'

export function armOf(adapter: string, model: string, differs: Partial<Arm> = {}): Arm {
  return {
    id: `${adapter}/${model}` as ArmId,
    adapterId: adapter as AdapterId,
    model,
    upstreamModel: model,
    price: { inputUsdPerMtok: 1, outputUsdPerMtok: 4 },
    contextWindow: 8_000,
    maxOutputTokens: 2_000,
    capabilities: new Set(['streaming']),
    qualityPrior: { mean: 0.5, strength: 2 },
    expectedOutputTokens: 200,
    expectedLatencyMs: 1_000,
    ...differs,
  }
}

export function adapterOf(
  id: string,
  models: readonly string[],
): Adapter & { readonly closed: () => number } {
  let closed = 0
  const provider = {
    complete: () => Promise.reject(new Error('not called here')),
    stream: () => Promise.reject(new Error('not called here')),
    listModels: async () => undefined,
    close: async () => {
      closed += 1
    },
  }
  const arms = models.map(model => armOf(id, model))
  return { id: id as AdapterId, kind: 'counting', arms, provider, closed: () => closed }
}

export function resultOf(outcome: Outcome, latencyMs = 100, retryAfterMs?: number): CallResult {
  return {
    outcome,
    latency: milliseconds(latencyMs),
    timeToFirstToken: null,
    ...(retryAfterMs === undefined ? {} : { retryAfter: milliseconds(retryAfterMs) }),
  }
}
