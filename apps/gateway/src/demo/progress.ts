/** The live line of the demo: redrawn in place on a terminal, a plain line now and then elsewhere. */
import type { Writable } from 'node:stream'
import type { Clock } from '@atp/core/clock'
import { figuresOf, type JudgedAnswer, sharesOf } from './figures.ts'

const REDRAW_EVERY_MS = 100
const PLAIN_LINES = 10
const ERASE_LINE = '\r\u001b[2K'

export class Progress {
  readonly #out: Writable
  readonly #clock: Clock
  readonly #columns: number | null
  #drawnAt = Number.NEGATIVE_INFINITY
  #linesPrinted = 0

  constructor(out: Writable, clock: Clock) {
    this.#out = out
    this.#clock = clock
    const { isTTY, columns } = out as Partial<NodeJS.WriteStream>
    this.#columns = isTTY === true ? (columns ?? 80) : null
  }

  routed(answers: readonly JudgedAnswer[], wanted: number): void {
    if (!this.#due(answers.length, wanted)) return
    const shares = [...sharesOf(answers)].sort(([, a], [, b]) => b - a)
    const traffic = shares.map(([arm, share]) => `${arm} ${Math.round(share * 100)}%`).join('  ')
    this.#draw(
      `routed ${answers.length}/${wanted}  quality ${figuresOf(answers).quality.toFixed(2)}  ${traffic}`,
    )
  }

  pinned(done: number, wanted: number): void {
    if (this.#due(done, wanted)) this.#draw(`measuring each model alone ${done}/${wanted}`)
  }

  /** Leaves the screen to what comes next. */
  clear(): void {
    if (this.#columns !== null) this.#out.write(ERASE_LINE)
    this.#linesPrinted = 0
  }

  #due(done: number, wanted: number): boolean {
    if (this.#columns === null) return done * PLAIN_LINES >= (this.#linesPrinted + 1) * wanted
    return done === wanted || this.#clock.monotonic() - this.#drawnAt >= REDRAW_EVERY_MS
  }

  #draw(line: string): void {
    this.#drawnAt = this.#clock.monotonic()
    this.#linesPrinted += 1
    this.#out.write(this.#columns === null ? `${line}\n` : `${ERASE_LINE}${line.slice(0, this.#columns - 1)}`)
  }
}
