//! Distribution functions to test draws against: series and continued fractions (Press et al., "Numerical Recipes").
#![allow(
    clippy::disallowed_methods,
    reason = "a reference that shares nothing with the crate's own arithmetic"
)]

/// ln of the Gamma function for x > 0: Lanczos' approximation.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.120_865_097_386_617_9e-2,
        -0.539_523_938_495_3e-5,
    ];
    let t = x + 5.5;
    let mut series = 1.000_000_000_190_015;
    let mut denominator = x;
    for coefficient in COEFFICIENTS {
        denominator += 1.0;
        series += coefficient / denominator;
    }
    (x + 0.5) * t.ln() - t + (2.506_628_274_631_000_5 * series / x).ln()
}

/// P(X <= x) of Gamma(shape, 1).
pub fn gamma_cdf(shape: f64, x: f64) -> f64 {
    let front = (shape * x.ln() - x - ln_gamma(shape)).exp();
    if x < shape + 1.0 {
        let (mut term, mut sum) = (1.0 / shape, 1.0 / shape);
        for n in 1..400 {
            term *= x / (shape + f64::from(n));
            sum += term;
        }
        return front * sum;
    }
    let mut fraction = 0.0;
    for n in (1..400).rev() {
        let n = f64::from(n);
        fraction = n * (n - shape) / (x + 2.0 * n + 1.0 - shape - fraction);
    }
    1.0 - front / (x + 1.0 - shape - fraction)
}

/// P(X <= x) of Beta(a, b).
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_cdf(b, a, 1.0 - x);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp() / a;
    let mut fraction = 1.0;
    for m in (0..400).rev() {
        let m = f64::from(m);
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let n = m + 1.0;
        let even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
        fraction = 1.0 + odd / (1.0 + even / fraction);
    }
    front / fraction
}

/// P(X <= x) of the standard normal distribution.
pub fn normal_cdf(x: f64) -> f64 {
    let half = if x == 0.0 { 0.0 } else { gamma_cdf(0.5, x * x / 2.0) / 2.0 };
    if x < 0.0 { 0.5 - half } else { 0.5 + half }
}
