/** Who waits for a row to be in Postgres, with `durability: database`. */
import { AtpError } from '@atp/core/errors'

const RETRY_AFTER_MS = 1_000

interface Waiter {
  readonly sequence: number
  readonly settle: PromiseWithResolvers<void>
  readonly deadline: NodeJS.Timeout
}

export class DrainBarrier {
  readonly #patienceMs: number
  /** In the order of their sequences. */
  readonly #waiters: Waiter[] = []
  #isLate = false

  /** @param patienceMs milliseconds after which who waits is told that it is not known to be there */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  /**
   * Resolves once `reached` was told of this sequence or a later one.
   * @throws {AtpError} `storage_unavailable` where that takes too long: the row is in the journal all the same, and moves on later
   */
  wait(sequence: number): Promise<void> {
    const settle = Promise.withResolvers<void>()
    const deadline = setTimeout(() => {
      this.#isLate = true
      settle.reject(notConfirmed(this.#patienceMs))
    }, this.#patienceMs)
    this.#waiters.push({ sequence, settle, deadline })
    return settle.promise
  }

  /** Whether somebody waited in vain, and there was no progress since. */
  get isLate(): boolean {
    return this.#isLate
  }

  reached(sequence: number): void {
    this.#isLate = false
    const ready = this.#waiters.findIndex(waiter => waiter.sequence > sequence)
    for (const { settle, deadline } of this.#waiters.splice(0, ready < 0 ? this.#waiters.length : ready)) {
      clearTimeout(deadline)
      settle.resolve()
    }
  }
}

/** Nothing is begun where it is known that Postgres is away. */
export function postgresAway(): AtpError {
  return new AtpError('storage_unavailable', {
    detail: 'Postgres is away, and data.durability asks for its word on every answer: try again later',
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function notConfirmed(patienceMs: number): AtpError {
  return new AtpError('storage_unavailable', {
    detail: `Postgres did not confirm the record within ${patienceMs} ms: it is in the journal, and moves on when Postgres answers`,
    retryAfterMs: RETRY_AFTER_MS,
  })
}
