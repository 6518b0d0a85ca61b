/** The Rust and the TypeScript implementation side by side, and what to compare them by. */
import { type NativeModule, typescriptNative } from '../src/index.ts'
import { rust } from './implementations.ts'
import type { TestRandom } from './randomness.ts'

/** Bits, because -0 is 0 and NaN is not NaN. */
export function bits(figures: Float64Array): BigUint64Array {
  return new BigUint64Array(figures.buffer, figures.byteOffset, figures.length)
}

export function bothOf<T>(make: (native: NativeModule) => T): readonly [T, T] {
  return [make(rust as NativeModule), make(typescriptNative)]
}

export function equalBits(a: Float64Array, b: Float64Array): boolean {
  const [left, right] = [bits(a), bits(b)]
  return left.every((figure, i) => figure === right[i])
}

/** One arm in six is not eligible. */
export function drawPenalties(random: TestRandom, penalties: Float64Array): void {
  for (let arm = 0; arm < penalties.length; arm += 1) {
    const eligible = random.integer(6) !== 0
    penalties[arm] = eligible ? random.integer(3) * random.uniform() : Number.POSITIVE_INFINITY
  }
}
