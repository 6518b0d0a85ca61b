/**
 * Step 3, before each call of a model: the tenant's limits take it in and reserve what it is expected to come to, all of them or
 * none. One decision, and one round trip where replicas share their limits; a tenant without limits waits for nothing.
 */

import type { Clock } from '@atp/core/clock'
import { AtpError } from '@atp/core/errors'
import { newId, type ObservationId, type TenantId } from '@atp/core/ids'
import type { Random } from '@atp/core/random'
import {
  type Admission,
  type Admitted,
  type Denied,
  isGuarded,
  type LevelReport,
  type Limiter,
} from '@atp/domain/limit'
import type { Arm, Candidate, OutputLengths, TenantPacers } from '@atp/domain/routing'
import { type Tenant, type TenantLimit, TenantLimits } from '@atp/domain/tenant'
import type { Metrics } from '@atp/infrastructure/telemetry'
import type { CallBook } from '../limits/call-book.ts'
import { Denials } from '../limits/denials.ts'
import { definitionOf, deniedError } from '../limits/denied-error.ts'
import type { Heartbeat } from '../limits/heartbeat.ts'
import type { NewQuotas } from '../limits/new-quotas.ts'
import { quotasLeft } from '../limits/quotas-left.ts'
import type { SpendHistory } from '../limits/spend-history.ts'
import type { Caller } from './authenticate.ts'
import { type Estimate, estimateOf, estimateWithin } from './estimate.ts'
import type { AnyWalk, Exchange } from './exchange.ts'
import { holding, type Reservation, UNLIMITED } from './reservation.ts'

export interface AdmitterOptions {
  readonly limiter: Limiter
  readonly history: Pick<SpendHistory, 'rebuild'>
  readonly quotas: Pick<NewQuotas, 'settled'>
  readonly calls: Pick<CallBook, 'admitted' | 'settle' | 'recount'>
  /** The tenant as it is now: its limits may change between the calls of one request. */
  readonly tenant: (id: TenantId) => Tenant | undefined
  readonly heartbeat: Heartbeat
  readonly denials: Denials
  readonly lengths: OutputLengths
  readonly pacers: Pick<TenantPacers, 'told'>
  readonly clock: Clock
  readonly random: Random
  readonly leaseMs: number
  readonly metrics: Pick<Metrics, 'admission'>
  readonly warn: (error: unknown, message: string) => void
}

export class Admitter {
  readonly #options: AdmitterOptions
  readonly #limits = new TenantLimits()
  /** Quotas that are settled to the last: only a correction gives something back, and it may be noticed a second later. */
  readonly #spent = { tokens: new Denials(), cost_usd: new Denials() }

  constructor(options: AdmitterOptions) {
    this.#options = options
  }

  /** A flood is refused before it is planned for. @throws {AtpError} `rate_limit_exceeded` where it was a moment ago, and nothing has changed */
  refuseFlood({ caller }: Pick<Exchange, 'caller'>): void {
    const { denials, clock, metrics } = this.#options
    const denial = denials.of(caller, clock.monotonic())
    if (denial === null) return
    metrics.admission('denied')
    throw denial
  }

  /**
   * @returns what is reserved, or why nothing is: another model may be within the limits; at once where there are no limits
   * @throws {AtpError} `rate_limit_exceeded` or `quota_exceeded` where no model is; `limits_unavailable`
   */
  admit(walk: AnyWalk, candidate: Candidate, arm: Arm): Reservation | Promise<Reservation | AtpError> {
    const { caller } = walk.exchange
    if (this.#limitsOf(caller, arm).length > 0) return this.#admitted(walk, candidate, arm)
    this.#pace(caller, [])
    return UNLIMITED
  }

  async #admitted(walk: AnyWalk, candidate: Candidate, arm: Arm): Promise<Reservation | AtpError> {
    const { caller } = walk.exchange
    const { lengths, clock } = this.#options
    const about = { arm, candidate, request: walk.request, tenant: caller.tenant, now: clock.now() }
    const estimate = estimateOf(lengths, about)
    const known = spentAlready(walk, estimate) ?? this.#spentLately(caller, estimate)
    if (known !== null) return known
    const { verdict, admission } = await this.#decide(walk, arm, estimate)
    this.#pace(caller, verdict.levels)
    if (verdict.kind === 'admitted') return this.#hold(walk, candidate, admission, verdict, estimate)
    const cuts = caller.tenant.cutAtHardQuota && isGuarded(verdict.by.limit)
    const smaller = cuts ? estimateWithin(leftOf(verdict.levels), about) : null
    if (smaller !== null) {
      const second = await this.#decide(walk, arm, smaller)
      if (second.verdict.kind === 'admitted')
        return this.#hold(walk, candidate, second.admission, second.verdict, smaller)
    }
    return this.#deny(walk, verdict)
  }

  /** Of a spent quota Redis is asked once a second, not once a request. */
  #spentLately(caller: Caller, { tokens, cost }: Estimate): AtpError | null {
    const now = this.#options.clock.monotonic()
    const denial =
      (tokens > 0 ? this.#spent.tokens.of(caller, now) : null) ??
      (cost > 0 ? this.#spent.cost_usd.of(caller, now) : null)
    if (denial !== null) this.#options.metrics.admission('denied')
    return denial
  }

  /** The next requests' price of money is made of what is left now. */
  #pace({ tenant }: Caller, levels: readonly LevelReport[]): void {
    const { pacers, clock } = this.#options
    pacers.told(tenant.id, quotasLeft(levels), clock.monotonic())
  }

  async #decide(walk: AnyWalk, arm: Arm, estimate: Estimate): Promise<Decided> {
    const { limiter, history, quotas, leaseMs, clock, random } = this.#options
    const { caller } = walk.exchange
    const { tokens, cost } = estimate
    // A name for each: one that was refused while Redis was away is still given back there, under its own.
    const id = newId<ObservationId>(clock, random)
    const admission = (): Admission => ({
      tenant: caller.tenant.id,
      reservation: id,
      limits: this.#limitsOf(caller, arm),
      estimate: { tokens, cost },
      requests: walk.isCounted ? 0 : 1,
      leaseMs,
    })
    const settling = quotas.settled(caller.tenant.id)
    if (settling !== null) await settling
    const asked = admission()
    const first = await limiter.admit(asked)
    if (first.kind !== 'stale') return { verdict: first, admission: asked }
    await history.rebuild(caller.tenant)
    // By the limits that were summed up for.
    const again = admission()
    const second = await limiter.admit(again)
    if (second.kind !== 'stale') return { verdict: second, admission: again }
    throw new AtpError('limits_unavailable', {
      detail: 'what was spent is being summed up: try again',
      retryAfterMs: 1_000,
    })
  }

  #limitsOf({ tenant, key }: Caller, arm: Arm): readonly TenantLimit[] {
    return this.#limits.of(this.#options.tenant(tenant.id) ?? tenant, { key, arm })
  }

  #hold(
    walk: AnyWalk,
    candidate: Candidate,
    admission: Admission,
    { levels, leased }: Admitted,
    estimate: Estimate,
  ): Reservation {
    const { calls, heartbeat, metrics, warn } = this.#options
    const { tenant, caller } = walk.exchange
    walk.isCounted = true
    walk.levels = levels
    metrics.admission(levels.some(({ exceeded }) => exceeded) ? 'shadow_denied' : 'admitted')
    if (!leased) return { ...UNLIMITED, outputLimit: estimate.outputLimit }
    // Of the observation that will say what it came to, too.
    const id = admission.reservation as ObservationId
    calls.admitted(admission, caller.key, candidate.arm)
    return holding({
      limiter: calls,
      limits: admission.limits,
      tenant,
      id,
      price: candidate.price,
      estimate,
      ended: heartbeat.keep(tenant, id),
      warn: error => warn(error, 'a reservation was not settled: it counts as it was estimated'),
    })
  }

  #deny(walk: AnyWalk, denied: Denied): AtpError {
    const { denials, clock, metrics } = this.#options
    const error = deniedError(denied)
    metrics.admission('denied')
    const { scope, counts } = definitionOf(denied.by.limit)
    const sameForAll = scope !== 'model' && (counts === 'requests' || counts === 'concurrent')
    if (scope !== 'model' && denied.by.remaining === 0) walk.spent[counts] = error
    const { limit, used } = denied.by
    const settled = limit.kind === 'calendar' && used >= limit.amount
    if (scope !== 'model' && settled && (counts === 'tokens' || counts === 'cost_usd')) {
      this.#spent[counts].add(walk.exchange.caller, scope, error, clock.monotonic())
    }
    // What another model costs, or how long its answers get, may still be within the limits.
    if (!sameForAll) return error
    if (counts === 'requests') denials.add(walk.exchange.caller, scope, error, clock.monotonic())
    throw error
  }
}

/** Nothing is left for any model, but for those that ask for nothing of it: the next one need not be decided about. */
function spentAlready({ spent }: AnyWalk, { tokens, cost }: Estimate): AtpError | null {
  return (tokens > 0 ? spent.tokens : undefined) ?? (cost > 0 ? spent.cost_usd : undefined) ?? null
}

interface Decided {
  readonly verdict: Admitted | Denied
  readonly admission: Admission
}

/** What the hard quotas that refused leave. */
function leftOf(levels: readonly LevelReport[]): { tokens: number; cost: number } {
  const left = { tokens: Number.MAX_SAFE_INTEGER, cost: Number.MAX_SAFE_INTEGER }
  for (const { limit, remaining } of levels) {
    if (limit.shadow === true || limit.kind === 'concurrent' || !isGuarded(limit)) continue
    if (limit.counts === 'tokens') left.tokens = Math.min(left.tokens, remaining)
    if (limit.counts === 'cost') left.cost = Math.min(left.cost, remaining)
  }
  return left
}
