/**
 * The random numbers of one arm in one decision: a counter generator keyed by the decision and the arm, so that a draw
 * depends neither on the order of arms nor on what was drawn before.
 */
import { Threefry } from './threefry.ts'

export class RandomStream {
  readonly #generator = new Threefry()
  #seedHi = 0
  #seedLo = 0
  #hash = 0
  #drawn = 0

  /** Starts again as the stream of the arm named `hash` in the decision named by the seed words. */
  begin(seedHi: number, seedLo: number, hash: number): void {
    this.#seedHi = seedHi
    this.#seedLo = seedLo
    this.#hash = hash
    this.#drawn = 0
  }

  /** Uniform in (0, 1), both ends excluded: an odd multiple of 2^-53. */
  uniform(): number {
    const generator = this.#generator
    generator.generate(this.#seedHi, this.#seedLo, this.#hash, this.#drawn)
    this.#drawn += 1
    const bits = (generator.hi >>> 6) * 67_108_864 + (generator.lo >>> 6)
    return (bits + 0.5) * 2.220446049250313e-16
  }
}
