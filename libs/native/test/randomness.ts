/** Repeatable randomness for traces. */
import { RandomStream } from '../src/typescript/random-stream.ts'

export class TestRandom {
  readonly #stream = new RandomStream()

  constructor(seed: number) {
    this.#stream.begin(0x7e57, seed, 0)
  }

  uniform(): number {
    return this.#stream.uniform()
  }

  /** An integer in [0, below). */
  integer(below: number): number {
    return Math.floor(this.uniform() * below)
  }
}
