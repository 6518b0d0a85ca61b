//! What a prompt looks like, as numbers for a linear bandit: one pass over its characters, no network, no model.
//! Version 1. The first is the bias; then come 20 figures of shape (length, digits, lists of options, code, signs, ...), each
//! centred and scaled by constants, so that most lie within one unit of 0; then 16 of words: each word of the prompt adds or
//! takes one at the place that its hash names (Weinberger et al. 2009), scaled to length 1.
use crate::checks::length;
use crate::elementary::ln;
use crate::known_words::Kind;
use crate::prompt_scan::{PromptScan, WORD_PLACES};
use crate::range_error::RangeError;

const SHAPES: usize = 20;
/// Length of a feature vector.
pub const PROMPT_FEATURES: usize = 1 + SHAPES + WORD_PLACES;
/// UTF-16 code units that are read; a longer prompt looks like its beginning.
pub const PROMPT_FEATURES_READ: usize = 16_384;

/// Of a few thousand prompts of public benchmarks, rounded: what each shape is taken from, and divided by.
const CENTRES: [f64; SHAPES] = [
    -0.8, 0.9, 0.15, 0.4, 0.7, 0.5, 0.25, 0.4, 0.3, 0.45, -0.2, 0.1, 0.05, 0.2, 0.0, 0.05, -0.1, 0.05, 0.25,
    0.2,
];
const SCALES: [f64; SHAPES] =
    [0.9, 1.1, 0.3, 0.5, 0.9, 0.4, 0.5, 0.8, 0.3, 0.45, 1.2, 0.3, 0.3, 0.4, 0.3, 0.3, 0.5, 0.3, 0.45, 0.4];

/// The square root of `SHAPES`: all shapes together are about as long as the bias.
const SHAPE_LENGTH: f64 = 4.472_135_954_999_58;

/// Writes the features of a prompt into `out`.
///
/// # Errors
/// Where `out` isn't of length `PROMPT_FEATURES`.
pub fn prompt_features(units: &[u16], out: &mut [f64]) -> Result<(), RangeError> {
    length("out", out.len(), PROMPT_FEATURES)?;
    let scan = PromptScan::of(&units[..units.len().min(PROMPT_FEATURES_READ)]);
    out[0] = 1.0;
    let (shapes, words) = out[1..].split_at_mut(SHAPES);
    for (k, figure) in figures_of(&scan).into_iter().enumerate() {
        shapes[k] = (figure - CENTRES[k]) / SCALES[k] / SHAPE_LENGTH;
    }
    words.copy_from_slice(&scan.places.map(f64::from));
    normalize(words);
    Ok(())
}

fn figures_of(scan: &PromptScan) -> [f64; SHAPES] {
    let characters = f64::from(scan.units.max(1));
    let words = f64::from(scan.words.max(1));
    let [digits, newlines, questions] = [scan.digits, scan.newlines, scan.questions].map(f64::from);
    let [options, option_marks] = [scan.options, scan.option_marks].map(f64::from);
    let [capitals, punctuation, sentences] = [scan.capitals, scan.punctuation, scan.sentences].map(f64::from);
    let given = |condition: bool| f64::from(u8::from(condition));
    [
        ln(1.0 + characters) - 6.0,
        ln(1.0 + digits),
        (10.0 * digits) / characters,
        given(newlines > 0.0),
        ln(1.0 + newlines),
        ln(1.0 + questions),
        given(options + option_marks > 0.0),
        ln(1.0 + options),
        (10.0 * capitals) / characters,
        (10.0 * punctuation) / characters,
        characters / words - 6.0,
        given(scan.has(Kind::Code)),
        given(scan.has(Kind::Truth)),
        given(scan.has_sign),
        given(scan.has_blank),
        given(scan.has_quote),
        ln(1.0 + words / (1.0 + sentences)) - 2.5,
        given(scan.is_foreign),
        given(scan.has(Kind::Quantity)),
        given(scan.asks_first),
    ]
}

fn normalize(places: &mut [f64]) {
    let squares = places.iter().fold(0.0, |sum, place| sum + place * place);
    if squares > 0.0 {
        let length = squares.sqrt();
        for place in places {
            *place /= length;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PROMPT_FEATURES, PROMPT_FEATURES_READ, SHAPE_LENGTH, SHAPES, prompt_features};
    use proptest::prelude::*;

    fn features(units: &[u16]) -> Vec<f64> {
        let mut out = vec![f64::NAN; PROMPT_FEATURES];
        prompt_features(units, &mut out).unwrap();
        out
    }

    fn of(text: &str) -> Vec<f64> {
        features(&text.encode_utf16().collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn are_finite_and_begin_with_the_bias(units in prop::collection::vec(any::<u16>(), 0..2_000)) {
            let features = features(&units);
            prop_assert_eq!(features[0].to_bits(), 1.0_f64.to_bits());
            prop_assert!(features.iter().all(|figure| figure.abs() < 1_000.0));
        }

        #[test]
        fn of_words_have_length_one_or_zero(text in "[a-z0-9 ]{0,200}") {
            let squares: f64 = of(&text)[1 + SHAPES..].iter().map(|place| place * place).sum();
            prop_assert!(squares == 0.0 || (squares - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn see_what_a_prompt_asks_for() {
        let plain = of("tell me a story");
        for (shape, prompt) in [
            (11, "tell me a python"),
            (12, "tell me a true"),
            (13, "tell me a+story"),
            (14, "tell me a __"),
            (15, "tell me a \"story"),
            (17, "tell me a größe"),
            (18, "tell me total"),
            (19, "what me a story"),
            (6, "tell (A) story"),
            (6, "tell A) story"),
        ] {
            assert!(of(prompt)[1 + shape] > plain[1 + shape], "{prompt}");
        }
    }

    #[test]
    fn end_where_reading_does() {
        let most: Vec<u16> = "ab ".encode_utf16().cycle().take(PROMPT_FEATURES_READ).collect();
        let longer = [most.as_slice(), &[65, 65, 36]].concat();
        assert_eq!(features(&longer), features(&most));
        assert_ne!(features(&most[1..]), features(&most));
    }

    #[test]
    fn need_an_output_of_their_own_length() {
        let error = prompt_features(&[], &mut [0.0; 3]).unwrap_err();
        assert_eq!(error.message(), "out must have length 37, found 3");
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the constant is that square root")]
    fn of_shape_are_scaled_by_their_number() {
        assert_eq!(SHAPE_LENGTH, 20.0_f64.sqrt());
    }
}
