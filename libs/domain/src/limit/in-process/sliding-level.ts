/** A sliding window of `@atp/native` that also reserves. It is asked once a moment: a call into the addon takes longer than all the rest. */
import type { SlidingWindow } from '@atp/native'
import type { PreparedLimit } from '../prepared.ts'
import type { Level, Moment, Settling } from './level.ts'

export class SlidingLevel implements Level {
  readonly #window: SlidingWindow
  readonly #windowUs: number
  #reserved = 0
  /** What counts at that moment; null where it must be asked for. */
  #counted: number | null = null
  #asOfUs = 0
  #idleUs: number

  /** @param windowUs as the window was made with */
  constructor(window: SlidingWindow, windowUs: number) {
    this.#window = window
    this.#windowUs = windowUs
    this.#idleUs = window.idleUs()
  }

  counted({ nowUs }: Moment): number {
    if (this.#counted !== null && this.#asOfUs === nowUs) return this.#counted
    return this.#saw(nowUs, this.#window.count(nowUs))
  }

  reserved(moment: Moment): number {
    return Math.min(this.#reserved, this.counted(moment))
  }

  fits(amount: number, { limit }: PreparedLimit, moment: Moment): boolean {
    return amount === 0 || amount <= limit.amount - this.counted(moment)
  }

  retryUs(amount: number, { limit }: PreparedLimit, { nowUs }: Moment): number {
    return this.#window.waitUs(nowUs, amount, limit.amount)
  }

  resetUs(moment: Moment): number {
    return this.counted(moment) === 0 ? 0 : this.#idleUs - moment.nowUs
  }

  add(amount: number, reserve: boolean, _limit: PreparedLimit, { nowUs }: Moment): void {
    this.#add(nowUs, amount)
    if (reserve) this.#reserved += amount
  }

  unreserve(amount: number): void {
    this.#reserved -= amount
  }

  correct({ estimate, spent, admittedUs, nowUs }: Settling): void {
    if (spent > estimate) {
      this.#add(nowUs, spent - estimate)
      return
    }
    this.#window.takeBack(admittedUs, estimate - spent)
    this.#counted = null
  }

  idleUs(): number {
    return this.#idleUs
  }

  #add(nowUs: number, amount: number): void {
    this.#saw(nowUs, this.#window.add(nowUs, amount))
    // Within a sub-bucket it stays.
    if (nowUs > this.#idleUs - this.#windowUs) this.#idleUs = this.#window.idleUs()
  }

  #saw(nowUs: number, counted: number): number {
    this.#asOfUs = nowUs
    this.#counted = counted
    return counted
  }
}
