/**
 * candidates -> constraints -> estimates -> utility -> plan. Pure: consumes no randomness and changes no belief, so that
 * the same request, seed and state always give the same plan. One synchronous native call a plan.
 */
import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import type { ArmId } from '@atp/core/ids'
import type { NativeModule } from '@atp/native'
import type { AdapterRegistry } from '../adapter/registry.ts'
import { CONFIGURED_PRICES, type Prices } from '../pricing/price-list.ts'
import type { Arm, Price } from './arm.ts'
import { type ArmFacts, exclusionsOf, names } from './constraints.ts'
import { encodeFeatures } from './contextual/features.ts'
import { forecastCost, outputLimitOf } from './cost.ts'
import type { Plan } from './decision.ts'
import type { LearnedArm } from './learned-arm.ts'
import type { LearnedState } from './learned-state.ts'
import type { ArmForecast } from './pacing/budget-pacer.ts'
import type { TenantPacers } from './pacing/tenant-pacers.ts'
import { QualityScores } from './quality-scores.ts'
import type { Rails } from './rails/rails.ts'
import type { Candidate, Exclusion, RoutingRequest, Weights } from './request.ts'
import { ruleOf } from './strategy.ts'
import type { Utility } from './utility.ts'

export const AUTO = 'auto'

/** Evidence fades in steps of a second: a plan and the call that follows it see the same state. */
const TICK_MS = 1_000

export interface RouterOptions {
  readonly registry: AdapterRegistry
  readonly learned: LearnedState
  readonly utility: Utility
  readonly pacers: TenantPacers
  readonly rails: Rails
  readonly native: Pick<NativeModule, 'hash64'>
  readonly clock: Clock
  /** Share of the requests whose model is drawn blindly among the candidates, in [0, 1]; 0 where it is left out. */
  readonly exploration?: number
  /** Without it, what the configuration says. */
  readonly prices?: Prices
}

export class Router {
  readonly #registry: AdapterRegistry
  readonly #learned: LearnedState
  readonly #utility: Utility
  readonly #pacers: TenantPacers
  readonly #rails: Rails
  readonly #native: Pick<NativeModule, 'hash64'>
  readonly #clock: Clock
  readonly #scores: QualityScores
  readonly #exploration: number
  readonly #prices: Prices

  constructor(options: RouterOptions) {
    this.#registry = options.registry
    this.#learned = options.learned
    this.#scores = new QualityScores(options.learned)
    this.#utility = options.utility
    this.#pacers = options.pacers
    this.#rails = options.rails
    this.#native = options.native
    this.#clock = options.clock
    this.#exploration = options.exploration ?? 0
    this.#prices = options.prices ?? CONFIGURED_PRICES
  }

  /** @throws {AtpError} `unknown_model` where the request names a model that no adapter serves, or that its tenant may not use */
  plan(request: RoutingRequest): Plan {
    const plan = this.#plan(request, this.#exploration)
    if (request.shadow === null || plan.pinned) return plan
    const { strategy, features } = request.shadow
    // Draws of its own: what it would do must not hang on what was drawn for the plan that is followed.
    const seed = `shadow\n${request.seed}`
    const [first] = this.#plan({ ...request, strategy, features, seed }, 0).candidates
    return first === undefined ? plan : { ...plan, shadow: { strategy, arm: first.arm } }
  }

  #plan(request: RoutingRequest, explorationShare: number): Plan {
    const pinned = request.model !== AUTO
    const requested = pinned ? this.#named(request) : null
    const weights = this.#utility.weights(request.preference)
    const at = this.#clock.now()
    const now = Math.floor(at / TICK_MS) * TICK_MS
    const drafts = this.#draft(request, requested, weights, now, at)
    if (!pinned) this.#holdBack(drafts)
    const forecasts = pinned ? null : this.#pace(drafts, request)
    const seed = this.#native.hash64(request.seed)
    const mayExplore = pinned || this.#rails.mayExplore(request.tenant)
    const strategy = mayExplore ? request.strategy : 'greedy'
    const exploration = pinned || !mayExplore ? 0 : explorationShare
    const first =
      this.#blindly(drafts, exploration, request.seed) ??
      this.#scores.choose(request, ruleOf(strategy), seed, now)
    const candidates = drafts.map(draft => this.#candidate(draft)).sort(bestFirst)
    if (first >= 0) putFirst(candidates, drafts.find(draft => draft.index === first)?.arm.id)
    return {
      strategy,
      weights,
      seed: request.seed,
      stateVersion: this.#learned.version,
      candidates,
      pinned,
      exploration,
      explores: first >= 0 && this.#explores(drafts, first),
      shadow: null,
      forecasts,
      features: request.features === null ? null : encodeFeatures(request.features),
    }
  }

  /** What the tenant may not use is to it as if it were not there. */
  #named({ model, permitted }: RoutingRequest): readonly Arm[] {
    const mayUse = (arm: Arm) => permitted === undefined || names(permitted, arm)
    const arms = this.#registry.resolve(model).filter(mayUse)
    if (arms.length > 0) return arms
    throw new AtpError('unknown_model', {
      detail: `no adapter serves the model '${model}'`,
      problems: [
        {
          field: 'model',
          found: model,
          allowed: `auto, or one of ${this.#registry
            .arms()
            .filter(mayUse)
            .map(arm => arm.id)
            .join(', ')}`,
        },
      ],
    })
  }

  /** What is known of each arm for this request, and what its answer is worth but for its quality. */
  #draft(
    request: RoutingRequest,
    requested: readonly Arm[] | null,
    weights: Weights,
    now: number,
    pricedAt: number,
  ): Draft[] {
    const arms = this.#registry.arms()
    // Whoever is new is enrolled before the beliefs are read.
    const learnedOf = arms.map(arm => this.#learned.of(arm))
    this.#scores.begin(request, now)
    return arms.map((arm, at) => {
      const price = this.#prices.at(arm, pricedAt)
      const learned = learnedOf[at] as LearnedArm
      const { index } = learned
      const meanTokens = learned.outputTokens.mean(now)
      const tokens = request.features === null ? meanTokens : (this.#scores.lengths[index] as number)
      const cost = forecastCost(arm, price, request, tokens)
      const quality = this.#scores.estimate(index, request)
      const latencyMs = learned.latency.p50(now)
      const facts: ArmFacts = {
        requested: requested === null || requested.includes(arm),
        unavailable: this.#registry.whyNot(arm.id),
        price,
        cost,
        latencyP95: learned.latency.p95(now),
        quality: quality.qualityMean,
      }
      const draft: Draft = {
        arm,
        index,
        excluded: exclusionsOf(arm, facts, request),
        outputLimit: outputLimitOf(arm, price, request, cost),
        price,
        costTerm: this.#utility.costTerm(weights, cost.usd),
        latencyTerm: this.#utility.latencyTerm(weights, latencyMs),
        meanUsd: request.features === null ? cost.usd : forecastCost(arm, price, request, meanTokens).usd,
        estimate: {
          ...quality,
          reliability: learned.reliability.mean(now) * learned.soundness.mean(now),
          costUsd: cost.usd,
          latencyMs,
          outputTokens: cost.outputTokens,
        },
      }
      this.#scores.weights[index] = weights.quality * draft.estimate.reliability
      if (draft.excluded === null) this.#scores.penalties[index] = draft.costTerm + draft.latencyTerm
      return draft
    })
  }

  /** A canary that has had its share waits, unless nobody else can answer. */
  #holdBack(drafts: readonly Draft[]): void {
    const waiting = drafts.filter(({ arm, excluded }) => excluded === null && !this.#rails.mayServe(arm))
    if (waiting.length === 0 || waiting.length === drafts.filter(isCandidate).length) return
    for (const draft of waiting) {
      draft.excluded = HAD_ITS_SHARE
      this.#scores.penalties[draft.index] = Number.POSITIVE_INFINITY
    }
  }

  /** Whether another candidate than this one is the best by expectation. */
  #explores(drafts: readonly Draft[], first: number): boolean {
    const { weights, penalties } = this.#scores
    let best = Number.NEGATIVE_INFINITY
    let chosen = Number.NEGATIVE_INFINITY
    for (const { index, excluded, estimate } of drafts) {
      if (excluded !== null) continue
      const utility = (weights[index] as number) * estimate.qualityMean - (penalties[index] as number)
      best = Math.max(best, utility)
      if (index === first) chosen = utility
    }
    return chosen < best
  }

  /** @returns what is believed of each arm that may answer, for the tenant's pacer; null where the tenant has no budget */
  #pace(drafts: readonly Draft[], { tenant }: RoutingRequest): readonly ArmForecast[] | null {
    const pacer = this.#pacers.of(tenant)
    if (pacer === null) return null
    const candidates = drafts.filter(isCandidate)
    const { weights, penalties } = this.#scores
    const paced = candidates.map(({ index, estimate, meanUsd }) => ({
      utility: (weights[index] as number) * estimate.qualityMean - (penalties[index] as number),
      costUsd: estimate.costUsd,
      meanUsd,
    }))
    const borne = pacer.bears(paced)
    for (const [at, draft] of candidates.entries()) {
      draft.excluded = borne[at] === true ? null : beyondBudget(draft.estimate.costUsd)
      draft.costTerm += pacer.price * draft.estimate.costUsd
      penalties[draft.index] =
        draft.excluded === null ? draft.costTerm + draft.latencyTerm : Number.POSITIVE_INFINITY
    }
    return paced
  }

  /** @returns the index of a candidate, each as likely as the others; null for all but a share of the requests */
  #blindly(drafts: readonly Draft[], exploration: number, seed: string): number | null {
    if (exploration === 0) return null
    const [share, which] = this.#native.hash64(`explore\n${seed}`)
    if (share >= exploration * 2 ** 32) return null
    const candidates = drafts.filter(isCandidate)
    return candidates.length === 0 ? null : (candidates[which % candidates.length] as Draft).index
  }

  #candidate({
    arm,
    index,
    excluded,
    outputLimit,
    price,
    costTerm,
    latencyTerm,
    estimate,
  }: Draft): Candidate {
    if (excluded !== null) {
      return { arm: arm.id, score: null, terms: null, excluded, outputLimit, price, estimate }
    }
    const { weights, qualities } = this.#scores
    const quality = (weights[index] as number) * (qualities[index] as number)
    const terms = { quality, cost: costTerm, latency: latencyTerm }
    const score = quality - (costTerm + latencyTerm)
    return { arm: arm.id, score, terms, excluded, outputLimit, price, estimate }
  }
}

/** A candidate on its way: the budget may yet leave it out, or make money dearer. */
interface Draft {
  readonly arm: Arm
  readonly index: number
  excluded: readonly Exclusion[] | null
  readonly outputLimit: number | null
  readonly price: Price
  costTerm: number
  readonly latencyTerm: number
  /** What an answer to this request would cost at the arm's mean length. */
  readonly meanUsd: number
  readonly estimate: Candidate['estimate']
}

function isCandidate({ excluded }: Draft): boolean {
  return excluded === null
}

const HAD_ITS_SHARE: readonly Exclusion[] = [
  { reason: 'canary', detail: 'a canary that has had its share of the requests' },
]

function beyondBudget(costUsd: number): readonly Exclusion[] {
  const detail = `expected to cost $${costUsd.toPrecision(3)}: more than the budget has saved up now`
  return [{ reason: 'budget', detail }]
}

function bestFirst(a: Candidate, b: Candidate): number {
  return (b.score ?? Number.NEGATIVE_INFINITY) - (a.score ?? Number.NEGATIVE_INFINITY) || 0
}

/** Ties are the bandit's to break: its choice leads, whatever the order of equals. */
function putFirst(candidates: Candidate[], chosen: ArmId | undefined): void {
  const at = candidates.findIndex(candidate => candidate.arm === chosen)
  if (at > 0) candidates.unshift(...candidates.splice(at, 1))
}
