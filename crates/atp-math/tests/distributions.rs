//! Draws follow their distributions: Kolmogorov-Smirnov at the 0.1% level, on fixed seeds.

mod special_functions;

use atp_math::beta::{beta, gamma, ln_gamma};
use atp_math::elementary::exp;
use atp_math::normal::{normal, normal_quantile};
use atp_math::random_stream::RandomStream;
use special_functions::{beta_cdf, gamma_cdf, normal_cdf};

const DRAWS: u32 = 20_000;

/// Each draw from a decision of its own, as the bandit draws.
fn assert_follows(name: &str, draw: impl Fn(&mut RandomStream) -> f64, cdf: impl Fn(f64) -> f64) {
    let mut draws: Vec<f64> = (0..DRAWS).map(|k| draw(&mut RandomStream::new([k, 7], 0xabcd))).collect();
    draws.sort_by(f64::total_cmp);
    let n = f64::from(DRAWS);
    let distance = draws
        .iter()
        .zip(0_u32..)
        .map(|(x, k)| {
            let p = cdf(*x);
            (p - f64::from(k) / n).max(f64::from(k + 1) / n - p)
        })
        .fold(0.0, f64::max);
    assert!(distance < 1.95 / n.sqrt(), "{name}: distance {distance}");
}

#[test]
fn uniform_draws_are_uniform() {
    assert_follows("uniform", RandomStream::uniform, |x| x);
}

#[test]
fn draws_of_one_stream_are_uniform_too() {
    let stream = std::cell::RefCell::new(RandomStream::new([3, 4], 5));
    assert_follows("stream", |_| stream.borrow_mut().uniform(), |x| x);
}

#[test]
fn normal_draws_are_normal() {
    assert_follows("normal", normal, normal_cdf);
}

#[test]
fn normal_quantiles_are_those_of_the_tables() {
    for (p, x) in [
        (0.5, 0.0),
        (0.75, 0.674_489_750_196_081_7),
        (0.975, 1.959_963_984_540_054),
        (0.001, -3.090_232_306_167_813),
        (1e-10, -6.361_340_902_404_056),
        (1e-20, -9.262_340_089_798_408),
    ] {
        let quantile = normal_quantile(p);
        assert!((quantile - x).abs() <= 1e-14 * (1.0 + x.abs()), "{p}: {quantile} is not {x}");
    }
}

#[test]
fn gamma_draws_follow_gamma() {
    for shape in [1.0, 1.5, 4.0, 30.0, 500.0] {
        assert_follows(&format!("Gamma({shape})"), |s| gamma(s, shape), |x| gamma_cdf(shape, x));
    }
}

#[test]
fn gamma_draws_of_shapes_below_1_follow_gamma() {
    for shape in [0.05, 0.3, 0.9] {
        assert_follows(&format!("Gamma({shape})"), |s| exp(ln_gamma(s, shape)), |x| gamma_cdf(shape, x));
    }
}

#[test]
fn beta_draws_follow_beta() {
    for (a, b) in [(1.0, 1.0), (2.0, 5.0), (0.5, 0.5), (0.2, 3.0), (60.0, 0.7), (90.0, 10.0), (900.0, 100.0)]
    {
        assert_follows(&format!("Beta({a}, {b})"), |s| beta(s, a, b), |x| beta_cdf(a, b, x));
    }
}
