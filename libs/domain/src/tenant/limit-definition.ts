/** One limit of a tenant, as it is written down; the limiter compiles it. */

/** Whose use is counted together: the tenant's, one key's, one model's. */
export const LIMIT_SCOPES = ['tenant', 'key', 'model'] as const
export type LimitScope = (typeof LIMIT_SCOPES)[number]

export const COUNTED = ['requests', 'tokens', 'cost_usd', 'concurrent'] as const
export type Counted = (typeof COUNTED)[number]

export interface LimitDefinition {
  /** Names it in answers and metrics, and what it has counted. Each gets one when it is written down. */
  readonly id?: string
  readonly scope: LimitScope
  /** Of scope `key`: this key only. Without one, each key by itself. */
  readonly key?: string
  /** Of scope `model`: this arm or model name only. Without one, each model by itself. */
  readonly model?: string
  readonly counts: Counted
  /** A sliding window's length (`1s`, `1m`, `24h`), a calendar quota's (`day`, `month`), or null for what is under way at once. */
  readonly per: string | null
  /** Requests, tokens, US dollars, or requests under way. */
  readonly amount: number
  /** How much of it may come at once; all of it where nothing is said. */
  readonly burst?: number
  /** Evaluated, counted and logged, not enforced. */
  readonly shadow?: boolean
}
