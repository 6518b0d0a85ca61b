/** Sees to it that the shared limits are asked whether they are back, and told what was admitted without them, also where no request comes. */
import { systemTimers, within } from '@atp/core/timers'
import type { FailoverLimiter } from '@atp/domain/limit'

const LOOK_EVERY_MS = 1_000

export class OutageWatch {
  readonly #limiter: Pick<FailoverLimiter, 'state' | 'probe'>
  #timer: NodeJS.Timeout | undefined

  constructor(limiter: Pick<FailoverLimiter, 'state' | 'probe'>) {
    this.#limiter = limiter
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS)
    this.#timer.unref()
  }

  /** What they were not told yet is told now, where they answer within so many milliseconds. */
  async stop(patienceMs: number): Promise<void> {
    clearInterval(this.#timer)
    await within(systemTimers, patienceMs, this.#look())
  }

  async #look(): Promise<void> {
    const { decides, backlog } = this.#limiter.state()
    if (decides === 'shared' && backlog === 0) return
    // The next look tries again.
    await this.#limiter.probe().catch(() => undefined)
  }
}
