/** The counters of the current calendar period and of the one before, whose reservations are settled late. */
import type { PreparedLimit } from '../prepared.ts'
import type { Level, Moment, Period, Settling } from './level.ts'

interface Counter extends Period {
  counted: number
  reserved: number
}

const NONE: Period = { startUs: 0, endUs: 0 }

export class CalendarLevel implements Level {
  #current = counterOf(NONE)
  #previous = counterOf(NONE)

  counted(moment: Moment): number {
    return this.#isOver(moment) ? 0 : this.#current.counted
  }

  reserved(moment: Moment): number {
    return this.#isOver(moment) ? 0 : this.#current.reserved
  }

  fits(amount: number, { limit }: PreparedLimit, moment: Moment): boolean {
    return amount === 0 || amount <= limit.amount - this.counted(moment)
  }

  retryUs(amount: number, { limit }: PreparedLimit, moment: Moment): number {
    return amount > limit.amount ? Number.POSITIVE_INFINITY : periodOf(moment).endUs - moment.nowUs
  }

  resetUs(moment: Moment): number {
    return periodOf(moment).endUs - moment.nowUs
  }

  add(amount: number, reserve: boolean, _limit: PreparedLimit, moment: Moment): void {
    this.#advance(moment)
    this.#current.counted += amount
    if (reserve) this.#current.reserved += amount
  }

  /** Begins the counter again: what is reserved stays. */
  rebuild(settled: number, moment: Moment): void {
    this.#advance(moment)
    this.#current.counted = settled + this.#current.reserved
  }

  unreserve(amount: number, admittedUs: number): void {
    const counter = this.#holding(admittedUs)
    if (counter !== null) counter.reserved -= amount
  }

  correct({ estimate, spent, admittedUs }: Settling): void {
    const counter = this.#holding(admittedUs)
    if (counter !== null) counter.counted += spent - estimate
  }

  idleUs(): number {
    return this.#current.endUs
  }

  /** A period that begins earlier than one that was counted is the same one, of a limit whose time zone was changed. */
  #isOver(moment: Moment): boolean {
    return periodOf(moment).startUs > this.#current.startUs
  }

  #advance(moment: Moment): void {
    if (!this.#isOver(moment)) return
    this.#previous = this.#current
    this.#current = counterOf(periodOf(moment))
  }

  /** Null where the period is over for longer than one period, and nothing remembers it. */
  #holding(admittedUs: number): Counter | null {
    if (admittedUs >= this.#current.startUs) return this.#current
    return admittedUs >= this.#previous.startUs ? this.#previous : null
  }
}

function counterOf({ startUs, endUs }: Period): Counter {
  return { startUs, endUs, counted: 0, reserved: 0 }
}

function periodOf({ period }: Moment): Period {
  return period as Period
}
