/** Randomness is injected too: `systemRandom` in production, `seededRandom` where a run must repeat. */
import { randomBytes, randomFillSync } from 'node:crypto'

export interface Random {
  /** A uniform unsigned 32-bit integer. */
  uint32(): number
  /** `length` uniform bytes. */
  bytes(length: number): Uint8Array
}

const POOL_BYTES = 4096

/** Cryptographic randomness, drawn from the system a pool at a time. */
export class SystemRandom implements Random {
  readonly #pool = Buffer.allocUnsafe(POOL_BYTES)
  #used = POOL_BYTES

  uint32(): number {
    return this.#take(4).readUInt32LE(0)
  }

  bytes(length: number): Uint8Array {
    // A copy: the pool's bytes are overwritten later.
    return length > POOL_BYTES ? randomBytes(length) : Uint8Array.prototype.slice.call(this.#take(length))
  }

  #take(length: number): Buffer {
    if (this.#used + length > POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const from = this.#used
    this.#used += length
    return this.#pool.subarray(from, this.#used)
  }
}

/** SplitMix32: small, repeatable, and not for secrets. */
export class SeededRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0
    let z = this.#state
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.uint32() & 0xff)
  }
}
