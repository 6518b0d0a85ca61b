/** Gamma draws (Marsaglia & Tsang 2000) and Beta draws as a ratio of two of them. */
import { exp, ln } from './elementary.ts'
import { normal } from './normal.ts'
import type { RandomStream } from './random-stream.ts'

/**
 * A draw of Beta(alpha, beta), both in [1e-6, 1e300]. Where a shape is below 1 the ratio is taken in logarithms, because
 * both Gamma draws may underflow to 0.
 */
export function beta(stream: RandomStream, alpha: number, beta: number): number {
  if (alpha >= 1 && beta >= 1) {
    const x = gamma(stream, alpha)
    return x / (x + gamma(stream, beta))
  }
  const x = lnGamma(stream, alpha)
  return 1 / (1 + exp(lnGamma(stream, beta) - x))
}

/** A draw of Gamma(shape, 1), shape >= 1. */
export function gamma(stream: RandomStream, shape: number): number {
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = normal(stream)
    const root = 1 + c * x
    if (root <= 0) continue
    const v = root * root * root
    const u = stream.uniform()
    const square = x * x
    if (u < 1 - 0.0331 * square * square) return d * v
    if (ln(u) < 0.5 * square + d * (1 - v + ln(v))) return d * v
  }
}

/** The logarithm of a draw of Gamma(shape, 1); below 1 a draw of shape + 1 is scaled by U^(1 / shape). */
export function lnGamma(stream: RandomStream, shape: number): number {
  if (shape >= 1) return ln(gamma(stream, shape))
  const raised = ln(gamma(stream, shape + 1))
  return raised + ln(stream.uniform()) / shape
}
