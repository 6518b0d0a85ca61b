//! ln, exp and 2^x from IEEE additions, multiplications and divisions in a fixed order, because the platform's own
//! differ in the last bit. The method is FreeBSD msun's (`e_log.c`, `e_exp.c`): error about one unit in the last place.

const LN2_HI: f64 = 0.693_147_180_369_123_8;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;
const TWO_54: f64 = 18_014_398_509_481_984.0;

/// Natural logarithm: NaN below 0, -Infinity at 0.
#[must_use]
#[inline]
pub const fn ln(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == f64::INFINITY {
        return x;
    }
    let (bits, offset) =
        if x < f64::MIN_POSITIVE { ((x * TWO_54).to_bits(), 1077) } else { (x.to_bits(), 1023) };
    // The mantissa goes into [sqrt(1/2), sqrt(2)), where the series converges fastest.
    let high = (bits >> 32) as u32 + 0x9_5f62;
    let k = ((high >> 20).cast_signed() - offset) as f64;
    let mantissa = ((high & 0xf_ffff) + 0x3fe6_a09e) as u64;
    let f = f64::from_bits(mantissa << 32 | bits & 0xffff_ffff) - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.399_999_999_994_094_2 + w * (0.222_221_984_321_497_84 + w * 0.153_138_376_992_093_73));
    let odd = z
        * (0.666_666_666_666_673_5
            + w * (0.285_714_287_436_623_9 + w * (0.181_835_721_616_180_5 + w * 0.147_981_986_051_165_86)));
    s * (half_square + (odd + even)) + k * LN2_LO - half_square + f + k * LN2_HI
}

#[must_use]
#[inline]
pub fn exp(x: f64) -> f64 {
    if x > 709.782_712_893_384 {
        return f64::INFINITY;
    }
    if x < -745.133_219_101_941_1 {
        return 0.0;
    }
    if x.is_nan() {
        return x;
    }
    let k = (std::f64::consts::LOG2_E * x + 0.5).floor();
    scale(exp_of_reduced(x - k * LN2_HI, k * LN2_LO), k)
}

/// 2^x, exact where x is an integer.
#[must_use]
#[inline]
pub fn pow2(x: f64) -> f64 {
    if x >= 1024.0 {
        return f64::INFINITY;
    }
    if x < -1075.0 {
        return 0.0;
    }
    if x.is_nan() {
        return x;
    }
    let k = (x + 0.5).floor();
    scale(exp_of_reduced((x - k) * std::f64::consts::LN_2, 0.0), k)
}

/// exp(hi - lo) for |hi - lo| <= ln(2) / 2.
#[inline]
fn exp_of_reduced(hi: f64, lo: f64) -> f64 {
    let x = hi - lo;
    let square = x * x;
    let c = x - square
        * (0.166_666_666_666_666_02
            + square
                * (-0.002_777_777_777_701_559_3
                    + square
                        * (6.613_756_321_437_934e-5
                            + square * (-1.653_390_220_546_525_2e-6 + square * 4.138_136_797_057_238_5e-8))));
    1.0 + ((x * c) / (2.0 - c) - lo + hi)
}

/// y * 2^k for an integer k in [-1075, 1024]; in two steps, because 2^k itself may not be a normal number.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "k is a small integer")]
fn scale(y: f64, k: f64) -> f64 {
    let k = k as i32;
    let half = k >> 1;
    y * power_of_two(half) * power_of_two(k - half)
}

#[inline]
fn power_of_two(k: i32) -> f64 {
    f64::from_bits(u64::from((k + 1023).cast_unsigned()) << 52)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, clippy::float_cmp, reason = "compared with the platform's own")]
mod tests {
    use super::{exp, ln, pow2};
    use proptest::prelude::*;

    fn assert_close(ours: f64, theirs: f64) {
        let tolerance = 4.0 * f64::EPSILON * theirs.abs() + 5e-324;
        assert!(ours == theirs || (ours - theirs).abs() <= tolerance, "{ours:e} is not {theirs:e}");
    }

    proptest! {
        #[test]
        fn ln_agrees_with_the_platform(x in prop::num::f64::POSITIVE) {
            assert_close(ln(x), x.ln());
        }

        #[test]
        fn exp_agrees_with_the_platform(x in -746.0..710.0) {
            assert_close(exp(x), f64::exp(x));
        }

        #[test]
        fn pow2_agrees_with_the_platform(x in -1076.0..1025.0) {
            assert_close(pow2(x), x.exp2());
        }
    }

    #[test]
    fn pow2_of_an_integer_is_exact() {
        for k in -1074..1024_i32 {
            let bits = if k < -1022 { 1 << (k + 1074) } else { u64::from((k + 1023).cast_unsigned()) << 52 };
            assert_eq!(pow2(f64::from(k)).to_bits(), bits, "2^{k}");
        }
    }

    #[test]
    fn the_edges_are_those_of_the_real_line() {
        assert_eq!(ln(0.0), f64::NEG_INFINITY);
        assert!(ln(-1.0).is_nan());
        assert!(ln(f64::NAN).is_nan());
        assert_eq!(ln(f64::INFINITY), f64::INFINITY);
        assert_eq!(exp(f64::INFINITY), f64::INFINITY);
        assert!(exp(f64::NEG_INFINITY) == 0.0);
        assert!(pow2(f64::NEG_INFINITY) == 0.0);
        assert_eq!(pow2(f64::INFINITY), f64::INFINITY);
    }
}
