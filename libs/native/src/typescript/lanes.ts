/**
 * Sums over vectors in four lanes, as a processor adds four at once. The order is part of the result: lane k takes every
 * fourth product from the k-th on, then come (0 + 1) + (2 + 3). The Rust twin, `atp_math::lanes`, adds in the same order.
 */

/** The inner product of `x` and as many elements of `a` from `at` on. */
export function dot(a: Float64Array, at: number, x: Float64Array): number {
  const length = x.length
  const whole = length - (length % 4)
  let first = 0
  let second = 0
  let third = 0
  let fourth = 0
  let k = 0
  for (; k < whole; k += 4) {
    first += (a[at + k] as number) * (x[k] as number)
    second += (a[at + k + 1] as number) * (x[k + 1] as number)
    third += (a[at + k + 2] as number) * (x[k + 2] as number)
    fourth += (a[at + k + 3] as number) * (x[k + 3] as number)
  }
  if (k < length) first += (a[at + k] as number) * (x[k] as number)
  if (k + 1 < length) second += (a[at + k + 1] as number) * (x[k + 1] as number)
  if (k + 2 < length) third += (a[at + k + 2] as number) * (x[k + 2] as number)
  return first + second + (third + fourth)
}

/** out = matrix * x, the matrix row by row. */
export function multiply(matrix: Float64Array, x: Float64Array, out: Float64Array): void {
  for (let row = 0; row < out.length; row += 1) out[row] = dot(matrix, row * x.length, x)
}
