/**
 * candidates -> constraints -> estimates -> utility -> plan. Pure: consumes no randomness and changes no state, so that
 * the same request, seed and state always give the same plan. One synchronous native call a plan.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { ArmId } from '@atp/core/ids'
import type { NativeModule } from '@atp/native'
import type { AdapterRegistry } from '../adapter/registry.ts'
import type { Arm } from './arm.ts'
import { type ArmFacts, exclusionsOf } from './constraints.ts'
import { affordableOutputTokens, type CostForecast, forecastCost } from './cost.ts'
import type { Plan } from './decision.ts'
import type { LearnedState } from './learned-state.ts'
import type { Candidate, Exclusion, RoutingRequest, Weights } from './request.ts'
import type { Utility } from './utility.ts'

export const AUTO = 'auto'

/** Evidence fades in steps of a second: a plan and the call that follows it see the same state. */
const TICK_MS = 1_000

export interface RouterOptions {
  readonly registry: AdapterRegistry
  readonly learned: LearnedState
  readonly utility: Utility
  readonly native: Pick<NativeModule, 'hash64'>
  readonly clock: Clock
}

export class Router {
  readonly #registry: AdapterRegistry
  readonly #learned: LearnedState
  readonly #utility: Utility
  readonly #native: Pick<NativeModule, 'hash64'>
  readonly #clock: Clock
  /** Reused by every plan: nothing on the hot path grows with the traffic. */
  #weights = new Float64Array(0)
  #penalties = new Float64Array(0)
  #qualities = new Float64Array(0)
  #posteriors = new Float64Array(0)

  constructor(options: RouterOptions) {
    this.#registry = options.registry
    this.#learned = options.learned
    this.#utility = options.utility
    this.#native = options.native
    this.#clock = options.clock
  }

  /** @throws {AtpError} `unknown_model` where the request names a model that no adapter serves */
  plan(request: RoutingRequest): Plan {
    const pinned = request.model !== AUTO
    const requested = pinned ? this.#named(request.model) : null
    const weights = this.#utility.weights(request.preference)
    const now = Math.floor(this.#clock.now() / TICK_MS) * TICK_MS
    const drafts = this.#draft(request, requested, weights, now)
    const [seedHi, seedLo] = this.#native.hash64(request.seed)
    const { bandit } = this.#learned
    const first = bandit.select(
      request.strategy,
      seedHi,
      seedLo,
      now,
      this.#weights,
      this.#penalties,
      this.#qualities,
    )
    bandit.posteriors(now, this.#posteriors)
    const candidates = drafts.map(draft => this.#candidate(draft)).sort(bestFirst)
    if (first >= 0) putFirst(candidates, drafts.find(draft => draft.index === first)?.arm.id)
    return {
      strategy: request.strategy,
      weights,
      seed: request.seed,
      stateVersion: this.#learned.version,
      candidates,
      pinned,
    }
  }

  #named(model: string): readonly Arm[] {
    const arms = this.#registry.resolve(model)
    if (arms.length > 0) return arms
    throw new AtpError('unknown_model', {
      detail: `no adapter serves the model '${model}'`,
      problems: [
        {
          field: 'model',
          found: model,
          allowed: `auto, or one of ${this.#registry
            .arms()
            .map(arm => arm.id)
            .join(', ')}`,
        },
      ],
    })
  }

  /** Fills the weights and penalties of this request and says what is known of each arm. */
  #draft(request: RoutingRequest, requested: readonly Arm[] | null, weights: Weights, now: number): Draft[] {
    const arms = this.#registry.arms()
    const drafts: Draft[] = []
    for (const arm of arms) {
      const learned = this.#learned.of(arm)
      const cost = forecastCost(arm, request, learned.outputTokens.mean(now))
      const latencyMs = learned.latency.p50(now)
      const facts: ArmFacts = {
        requested: requested === null || requested.includes(arm),
        available: this.#registry.isCandidate(arm.id),
        cost,
        latencyP95: learned.latency.p95(now),
      }
      drafts.push({
        arm,
        index: learned.index,
        reliability: learned.reliability.mean(now),
        excluded: exclusionsOf(arm, facts, request),
        outputLimit: outputLimitOf(arm, request, cost),
        costUsd: cost.usd,
        outputTokens: cost.outputTokens,
        latencyMs,
        costTerm: this.#utility.costTerm(weights, cost.usd),
        latencyTerm: this.#utility.latencyTerm(weights, latencyMs),
      })
    }
    this.#makeRoom(this.#learned.bandit.size)
    this.#penalties.fill(Number.POSITIVE_INFINITY)
    for (const draft of drafts) {
      this.#weights[draft.index] = weights.quality * draft.reliability
      if (draft.excluded === null) this.#penalties[draft.index] = draft.costTerm + draft.latencyTerm
    }
    return drafts
  }

  #makeRoom(size: number): void {
    if (this.#penalties.length === size) return
    this.#weights = new Float64Array(size)
    this.#penalties = new Float64Array(size)
    this.#qualities = new Float64Array(size)
    this.#posteriors = new Float64Array(2 * size)
  }

  #candidate(draft: Draft): Candidate {
    const alpha = this.#posteriors[2 * draft.index] as number
    const beta = this.#posteriors[2 * draft.index + 1] as number
    const estimate = {
      qualityMean: alpha / (alpha + beta),
      alpha,
      beta,
      reliability: draft.reliability,
      costUsd: draft.costUsd,
      latencyMs: draft.latencyMs,
      outputTokens: draft.outputTokens,
    }
    const { outputLimit, excluded } = draft
    if (excluded !== null) {
      return { arm: draft.arm.id, score: null, terms: null, excluded, outputLimit, estimate }
    }
    const quality = (this.#weights[draft.index] as number) * (this.#qualities[draft.index] as number)
    const terms = { quality, cost: draft.costTerm, latency: draft.latencyTerm }
    const score = quality - (draft.costTerm + draft.latencyTerm)
    return { arm: draft.arm.id, score, terms, excluded, outputLimit, estimate }
  }
}

interface Draft {
  readonly arm: Arm
  readonly index: number
  readonly reliability: number
  readonly excluded: readonly Exclusion[] | null
  readonly outputLimit: number | null
  readonly costUsd: number
  readonly outputTokens: number
  readonly latencyMs: number
  readonly costTerm: number
  readonly latencyTerm: number
}

function outputLimitOf(arm: Arm, request: RoutingRequest, cost: CostForecast): number | null {
  const { maxCost } = request.constraints
  return maxCost === undefined
    ? null
    : affordableOutputTokens(arm, cost.inputTokens, request.choices, maxCost)
}

function bestFirst(a: Candidate, b: Candidate): number {
  return (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0
}

/** Ties are the bandit's to break: its choice leads, whatever the order of equals. */
function putFirst(candidates: Candidate[], chosen: ArmId | undefined): void {
  const at = candidates.findIndex(candidate => candidate.arm === chosen)
  if (at > 0) candidates.unshift(...candidates.splice(at, 1))
}
