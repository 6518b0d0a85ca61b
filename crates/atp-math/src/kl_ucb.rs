//! The index of KL-UCB (Garivier & Cappe 2011) for rewards in [0, 1]. The TypeScript twin is
//! `libs/native/src/typescript/kl-ucb.ts`.
use crate::elementary::ln;

/// The bound is found to 2^-32.
const BISECTIONS: u32 = 32;
/// A mean of exactly 0 or 1 would make the divergence infinite on one side.
const EDGE: f64 = 1e-9;

/// The largest quality q that `plays` plays of this mean do not speak against: plays * kl(mean, q) <= `explored`, where kl is
/// the divergence of two Bernoulli distributions.
#[must_use]
pub fn upper_bound(mean: f64, plays: f64, explored: f64) -> f64 {
    let p = mean.clamp(EDGE, 1.0 - EDGE);
    let most = explored / plays - (p * ln(p) + (1.0 - p) * ln(1.0 - p));
    let (mut low, mut high) = (p, 1.0);
    for _ in 0..BISECTIONS {
        let q = 0.5 * (low + high);
        if -(p * ln(q) + (1.0 - p) * ln(1.0 - q)) <= most {
            low = q;
        } else {
            high = q;
        }
    }
    low
}
