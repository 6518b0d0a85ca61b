/** What a tenant is and may do. Plain data: what it says is enforced elsewhere. */
import type { TenantId } from '@atp/core/ids'
import type { Arm } from '../routing/arm.ts'
import { names } from '../routing/constraints.ts'
import type { Preset, Weights } from '../routing/request.ts'
import type { Counted, LimitDefinition } from './limit-definition.ts'

/** Everybody's tenant where nobody is asked for a key. */
export const DEFAULT_TENANT = 'default' as TenantId

/** What happens to a limit while the shared counters are away: nobody passes, or each replica enforces its part. */
export const FAILURE_POLICIES = ['closed', 'local'] as const
export type FailurePolicy = (typeof FAILURE_POLICIES)[number]

/** What a request reserves before it is answered: what its answer is expected to come to, or the most that it can. */
export const RESERVE_MODES = ['expected', 'bound'] as const
export type ReserveMode = (typeof RESERVE_MODES)[number]

export interface TenantSettings {
  /** For people. */
  readonly name: string
  /** IANA name: where its days and months begin. */
  readonly timeZone: string
  readonly limits: readonly LimitDefinition[]
  /** Arms or model names; null: all. */
  readonly allowedModels: readonly string[] | null
  /** Holds where a request names none; null: the gateway's own. */
  readonly preference: Preset | Weights | null
  readonly failurePolicy: Readonly<Record<Counted, FailurePolicy>>
  readonly reserve: ReserveMode
  /** Whether an answer is cut where it would break a hard quota. */
  readonly cutAtHardQuota: boolean
  /** Whether a spent budget blocks models that cost nothing, too. */
  readonly blockZeroPrice: boolean
}

export interface Tenant extends TenantSettings {
  readonly id: TenantId
}

/** Rates go on; money is refused, because a wrong yes costs it. */
export const DEFAULT_SETTINGS: Omit<TenantSettings, 'name'> = {
  timeZone: 'UTC',
  limits: [],
  allowedModels: null,
  preference: null,
  failurePolicy: { requests: 'local', tokens: 'local', cost_usd: 'closed', concurrent: 'local' },
  reserve: 'expected',
  cutAtHardQuota: false,
  blockZeroPrice: false,
}

/** A tenant that may do everything: whose requests are nobody's in particular. */
export const BUILT_IN_TENANT: Tenant = { ...DEFAULT_SETTINGS, id: DEFAULT_TENANT, name: 'Everybody' }

export function mayUse({ allowedModels }: TenantSettings, arm: Pick<Arm, 'id' | 'model'>): boolean {
  return allowedModels === null || names(allowedModels, arm)
}
