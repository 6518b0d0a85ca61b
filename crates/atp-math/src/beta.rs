//! Gamma draws (Marsaglia & Tsang 2000) and Beta draws as a ratio of two of them.
use crate::elementary::{exp, ln};
use crate::normal::normal;
use crate::random_stream::RandomStream;

/// A draw of Beta(alpha, beta), both in [1e-6, 1e300]. Where a shape is below 1 the ratio is taken in logarithms,
/// because both Gamma draws may underflow to 0.
#[inline]
pub fn beta(stream: &mut RandomStream, alpha: f64, beta: f64) -> f64 {
    if alpha >= 1.0 && beta >= 1.0 {
        let x = gamma(stream, alpha);
        return x / (x + gamma(stream, beta));
    }
    let x = ln_gamma(stream, alpha);
    1.0 / (1.0 + exp(ln_gamma(stream, beta) - x))
}

/// A draw of Gamma(shape, 1), shape >= 1.
#[inline]
pub fn gamma(stream: &mut RandomStream, shape: f64) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(stream);
        let root = 1.0 + c * x;
        if root <= 0.0 {
            continue;
        }
        let v = root * root * root;
        let u = stream.uniform();
        let square = x * x;
        if u < 1.0 - 0.0331 * square * square || ln(u) < 0.5 * square + d * (1.0 - v + ln(v)) {
            return d * v;
        }
    }
}

/// The logarithm of a draw of Gamma(shape, 1); below 1 a draw of shape + 1 is scaled by U^(1 / shape).
#[inline]
pub fn ln_gamma(stream: &mut RandomStream, shape: f64) -> f64 {
    if shape >= 1.0 {
        return ln(gamma(stream, shape));
    }
    let raised = ln(gamma(stream, shape + 1.0));
    raised + ln(stream.uniform()) / shape
}
