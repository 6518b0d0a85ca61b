/**
 * Who was refused a moment ago and must be again: a flood costs a look into a map, and no round trip. Only limits on requests are
 * remembered, and quotas that are settled to the last: of tokens and money that are only reserved a settlement may give back at any time.
 */
import type { AtpError } from '@atp/core/errors'
import type { LimitScope } from '@atp/domain/tenant'
import type { Caller } from '../corridor/authenticate.ts'

interface Denial {
  readonly error: AtpError
  /** Monotonic milliseconds. */
  readonly until: number
}

const MOST = 10_000
/** So that a limit that is raised, or a counter that is begun anew, is noticed. */
const LONGEST_MS = 1_000

export class Denials {
  readonly #denials = new Map<string, Denial>()

  /** The refusal that still holds at `now`, as it was given: the wait that it names is rather too long by then. */
  of({ tenant, key }: Caller, now: number): AtpError | null {
    if (this.#denials.size === 0) return null
    return this.#at(tenant.id, now) ?? this.#at(`${tenant.id}\n${key}`, now)
  }

  add({ tenant, key }: Caller, scope: LimitScope, error: AtpError, now: number): void {
    const { retryAfterMs } = error
    if (retryAfterMs === undefined) return
    if (this.#denials.size >= MOST) this.#denials.clear()
    const name = scope === 'tenant' ? tenant.id : `${tenant.id}\n${key}`
    this.#denials.set(name, { error, until: now + Math.min(retryAfterMs, LONGEST_MS) })
  }

  #at(name: string, now: number): AtpError | null {
    const denial = this.#denials.get(name)
    if (denial === undefined) return null
    if (now >= denial.until) {
      this.#denials.delete(name)
      return null
    }
    return denial.error
  }
}
