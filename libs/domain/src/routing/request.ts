/** What routing needs to know of a request: plain data, whatever endpoint it came through. */
import type { ArmId, TenantId } from '@atp/core/ids'
import type { MicroUsd, Milliseconds } from '@atp/core/units'
import type { Capability, Price } from './arm.ts'
import type { RoutingStrategy } from './strategy.ts'

export const PRESETS = ['fast', 'balanced', 'high'] as const
export type Preset = (typeof PRESETS)[number]

/** How much each part counts; any non-negative numbers, used as they are. */
export interface Weights {
  readonly quality: number
  readonly cost: number
  readonly latency: number
}

export interface Constraints {
  readonly maxCost?: MicroUsd
  readonly latencySlo?: Milliseconds
  /** Only arms whose quality is expected to be at least this, in [0, 1]. */
  readonly minQuality?: number
  /** Only these arms or model names. */
  readonly allow?: readonly string[]
  /** Never these arms or model names. */
  readonly deny?: readonly string[]
}

export interface RoutingRequest {
  readonly tenant: TenantId
  /** What kind of work it is, where the request says so: each task of a tenant learns for itself. */
  readonly task: string | null
  /** `auto`, an arm id, or a model name. */
  readonly model: string
  readonly preference: Preset | Weights
  readonly strategy: RoutingStrategy
  readonly constraints: Constraints
  /** The only arms or model names that its tenant may use; where it is left out, all. */
  readonly permitted?: readonly string[]
  readonly required: readonly Capability[]
  /** Prompt size in UTF-8 bytes, at least one a token: the cheap measure every request has. */
  readonly inputBytes: number
  /** What the prompt looks like, for a contextual strategy; null for the others. */
  readonly features: Float64Array | null
  /** Another strategy that decides too, is recorded and is not followed; null where none does. */
  readonly shadow: { readonly strategy: RoutingStrategy; readonly features: Float64Array | null } | null
  /** An exact token count, made only where a constraint hangs on it. */
  readonly countInputTokens: () => number
  /** How many answers are wanted at once, at least 1: each is billed. */
  readonly choices: number
  /** The client's own limit on each of them, in tokens. */
  readonly maxOutputTokens?: number
  /** The same seed and state give the same decision. */
  readonly seed: string
}

export interface Exclusion {
  readonly reason:
    | 'not_permitted'
    | 'not_requested'
    | 'not_allowed'
    | 'denied'
    | 'missing_capability'
    | 'context_window'
    | 'max_output_tokens'
    | 'max_cost'
    | 'latency_slo'
    | 'quality_floor'
    | 'circuit_open'
    | 'model_circuit_open'
    | 'at_capacity'
    | 'canary'
    | 'budget'
  /** For a person: what was needed, what this arm has. */
  readonly detail: string
}

/** The parts of a candidate's utility: `quality - cost - latency`, each already weighted. */
export interface Terms {
  readonly quality: number
  readonly cost: number
  readonly latency: number
}

export interface Candidate {
  readonly arm: ArmId
  /** Utility; null where the candidate is excluded. */
  readonly score: number | null
  readonly terms: Terms | null
  readonly excluded: readonly Exclusion[] | null
  /** Tokens that each choice of the answer may have before the request's cost ceiling breaks; null without one. */
  readonly outputLimit: number | null
  /** That held when it was decided: its call is reserved and billed at it, whatever holds when it ends. */
  readonly price: Price
  /** What was believed at decision time (propensities are computed from it off the hot path). */
  readonly estimate: {
    readonly qualityMean: number
    /** The parameters of the quality's Beta posterior; null by a contextual strategy. */
    readonly alpha: number | null
    readonly beta: number | null
    /** By a contextual strategy, the deviation of the quality's normal posterior; null otherwise. */
    readonly qualityDeviation: number | null
    /** Share of calls that it answers, and answers soundly: what quality is multiplied by. */
    readonly reliability: number
    readonly costUsd: number
    readonly latencyMs: number
    readonly outputTokens: number
  }
}
