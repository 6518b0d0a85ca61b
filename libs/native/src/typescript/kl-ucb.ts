/** The index of KL-UCB (Garivier & Cappe 2011) for rewards in [0, 1]. The Rust twin is `atp_math::kl_ucb`. */
import { ln } from './elementary.ts'

/** The bound is found to 2^-32. */
const BISECTIONS = 32
/** A mean of exactly 0 or 1 would make the divergence infinite on one side. */
const EDGE = 1e-9

/**
 * The largest quality q that `plays` plays of this mean do not speak against: plays * kl(mean, q) <= `explored`, where kl is the
 * divergence of two Bernoulli distributions.
 */
export function upperBound(mean: number, plays: number, explored: number): number {
  const p = Math.min(Math.max(mean, EDGE), 1 - EDGE)
  const most = explored / plays - (p * ln(p) + (1 - p) * ln(1 - p))
  let low = p
  let high = 1
  for (let step = 0; step < BISECTIONS; step += 1) {
    const q = 0.5 * (low + high)
    if (-(p * ln(q) + (1 - p) * ln(1 - q)) <= most) low = q
    else high = q
  }
  return low
}
