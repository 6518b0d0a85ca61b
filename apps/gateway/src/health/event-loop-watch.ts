/**
 * Notices when the event loop was blocked: a beat that is due every tenth of a second comes late by as long. While it is blocked no
 * probe is answered either; this tells of it afterwards, to whoever probes now and then.
 */
import type { Clock } from '@atp/core/clock'

const BEAT_MS = 100
/** A block is remembered for this long, in milliseconds: longer than Kubernetes waits between two probes by default. */
export const REMEMBERED_MS = 15_000

export class EventLoopWatch {
  readonly #clock: Clock
  readonly #limitMs: number
  #beatAt: number | null = null
  #timer: NodeJS.Timeout | undefined
  #block: { readonly ms: number; readonly at: number } | null = null

  /** @param limitMs what a block may last: a pause of the garbage collector must stay below it */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock
    this.#limitMs = limitMs
  }

  start(): void {
    this.#beatAt = this.#clock.monotonic()
    this.#timer = setInterval(() => this.beat(), BEAT_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#beatAt = null
  }

  /** The loop came round. */
  beat(): void {
    if (this.#beatAt === null) return
    const now = this.#clock.monotonic()
    const ms = now - this.#beatAt - BEAT_MS
    this.#beatAt = now
    if (ms > this.#limitMs && ms >= (this.#recent(now)?.ms ?? 0)) this.#block = { ms, at: now }
  }

  /** The longest block beyond the limit of late; null where there was none. */
  blocked(): { readonly ms: number; readonly agoMs: number; readonly limitMs: number } | null {
    // The block that has just ended may be found by a probe before the beat.
    this.beat()
    const now = this.#clock.monotonic()
    const block = this.#recent(now)
    return block === null ? null : { ms: block.ms, agoMs: now - block.at, limitMs: this.#limitMs }
  }

  #recent(now: number): { readonly ms: number; readonly at: number } | null {
    return this.#block === null || now - this.#block.at > REMEMBERED_MS ? null : this.#block
  }
}
