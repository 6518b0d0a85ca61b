/** Arms and requests for routing tests: plain defaults, and what a test wants otherwise. */

import { ManualClock } from '@atp/core/clock'
import type { AdapterId, ArmId } from '@atp/core/ids'
import { typescriptNative } from '@atp/native'
import type { Provider } from '../../src/adapter/index.ts'
import { AdapterRegistry, BREAKER_DEFAULTS } from '../../src/adapter/index.ts'
import type { ContextRepository } from '../../src/observation/index.ts'
import { CONFIGURED_PRICES } from '../../src/pricing/index.ts'
import {
  type Arm,
  LearnedState,
  Rails,
  Router,
  type RoutingRequest,
  TenantPacers,
  Utility,
} from '../../src/routing/index.ts'
import { DEFAULT_TENANT } from '../../src/tenant/index.ts'
import { MemoryContexts } from './memory-contexts.ts'

export function armOf(model: string, differs: Partial<Arm> = {}): Arm {
  return {
    id: `up/${model}` as ArmId,
    adapterId: 'up' as AdapterId,
    model,
    upstreamModel: model,
    price: { inputUsdPerMtok: 1, outputUsdPerMtok: 4 },
    contextWindow: 8_000,
    maxOutputTokens: 2_000,
    capabilities: new Set(['tools', 'json_mode', 'streaming']),
    qualityPrior: { mean: 0.5, strength: 2 },
    expectedOutputTokens: 200,
    expectedLatencyMs: 1_000,
    ...differs,
  }
}

export function requestOf(differs: Partial<RoutingRequest> = {}): RoutingRequest {
  return {
    tenant: DEFAULT_TENANT,
    task: null,
    model: 'auto',
    preference: { quality: 1, cost: 0, latency: 0 },
    strategy: 'thompson',
    constraints: {},
    required: [],
    inputBytes: 400,
    features: null,
    shadow: null,
    choices: 1,
    countInputTokens: () => 100,
    seed: 'seed',
    ...differs,
  }
}

const unreachable: Provider = {
  complete: () => Promise.reject(new Error('routing calls nobody')),
  stream: () => Promise.reject(new Error('routing calls nobody')),
  embed: () => Promise.reject(new Error('routing calls nobody')),
  close: () => Promise.resolve(),
}

export function routingOver(
  arms: readonly Arm[],
  halfLifeMs = Number.POSITIVE_INFINITY,
  budgetUsd: number | null = null,
  exploration = 0,
  explorationCap = 1,
  contexts: ContextRepository = new MemoryContexts(),
  contextCapacity = 1_000,
  prices = CONFIGURED_PRICES,
) {
  const clock = new ManualClock()
  const native = typescriptNative
  const registry = new AdapterRegistry({
    native,
    clock,
    breaker: { ...BREAKER_DEFAULTS, failureThreshold: 3, cooldownMs: 1_000 },
  })
  if (arms.length > 0) registry.register({ id: 'up' as AdapterId, kind: 'test', arms, provider: unreachable })
  const learned = new LearnedState({
    native,
    halfLifeMs,
    reliabilityHalfLifeMs: 60_000,
    ucbExploration: 1,
    contexts: { repository: contexts, capacity: contextCapacity, clock, warn: () => {} },
  })
  const utility = new Utility(
    { costUsd: 0.001, latencyMs: 1_000 },
    {
      fast: { quality: 1, cost: 0.1, latency: 1 },
      balanced: { quality: 1, cost: 0.2, latency: 0.1 },
      high: { quality: 1, cost: 0.01, latency: 0.01 },
    },
  )
  const pacers = new TenantPacers(budgetUsd)
  const rails = new Rails(explorationCap)
  const router = new Router({
    ...{ registry, learned, utility, pacers, rails, native, clock, exploration, prices },
  })
  return { clock, registry, learned, pacers, rails, router }
}
