/**
 * How many calls one upstream bears at once, found by additive increase and multiplicative decrease (Chiu and Jain, "Analysis of the increase
 * and decrease algorithms for congestion avoidance", 1989; as TCP Reno does): a call that is refused for the load halves
 * the limit, once for all calls that were under way then; a limit's worth of answers raises it by one. Until an upstream says that it has too
 * much there is no limit: it begins at `most`, and at `most` nobody is refused.
 */
import { AtpError } from '@atp/core/errors'

export interface ConcurrencyOptions {
  /** Never fewer. */
  readonly fewest: number
  /** Calls from which on there is no limit. */
  readonly most: number
}

/** Names the limit under which a call began; handed back with the report of how it ended. */
export type Admission = number

export class ConcurrencyLimit {
  readonly #options: ConcurrencyOptions
  #limit: number
  #inFlight = 0
  /** Grows with each decrease: a call of before says nothing of the limit of now. */
  #decrease: Admission = 0

  /** @throws {AtpError} `invalid_argument` */
  constructor(options: ConcurrencyOptions) {
    const { fewest, most } = options
    if (!(fewest >= 1 && fewest <= most)) {
      throw new AtpError('invalid_argument', {
        detail: 'a concurrency limit cannot work with these options',
        problems: [{ field: 'fewest', found: String(fewest), allowed: `a number from 1 to most (${most})` }],
      })
    }
    this.#options = options
    this.#limit = most
  }

  /** Null while there is none. */
  get limit(): number | null {
    return this.#limit >= this.#options.most ? null : Math.floor(this.#limit)
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get hasRoom(): boolean {
    return this.#limit >= this.#options.most || this.#inFlight < Math.floor(this.#limit)
  }

  /** @returns null where there is no room */
  begin(): Admission | null {
    if (!this.hasRoom) return null
    this.#inFlight += 1
    return this.#decrease
  }

  /** Once for each `begin`. @param ending `neutral` says nothing of the load: a failure of another kind, a client that left */
  end(admission: Admission, ending: 'answered' | 'overloaded' | 'neutral'): void {
    const wasNearLimit = this.#inFlight * 2 >= this.#limit
    this.#inFlight -= 1
    if (admission !== this.#decrease) return
    if (ending === 'overloaded') {
      // What it bore is less than what it was under way with: the limit may be far above both.
      this.#limit = Math.max(this.#options.fewest, Math.min(this.#limit, this.#inFlight + 1) / 2)
      this.#decrease += 1
    } else if (ending === 'answered' && wasNearLimit) {
      this.#limit = Math.min(this.#options.most, this.#limit + 1 / this.#limit)
    }
  }
}
