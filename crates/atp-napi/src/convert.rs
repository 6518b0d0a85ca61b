//! What every bandit's binding converts and checks.
use atp_math::range_error::RangeError;
use atp_math::strategy::Strategy;
use napi::bindgen_prelude::Float64ArraySlice;

/// The order of `STRATEGIES` in `libs/native/src/types.ts`.
pub fn strategy_of(code: u32) -> Result<Strategy, RangeError> {
    match code {
        0 => Ok(Strategy::Thompson),
        1 => Ok(Strategy::Ucb),
        2 => Ok(Strategy::KlUcb),
        3 => Ok(Strategy::SlidingWindowUcb),
        4 => Ok(Strategy::Greedy),
        _ => Err(RangeError::new(format!(
            "strategy must be thompson, ucb, klucb, swucb or greedy, found {code}"
        ))),
    }
}

/// An array that is written must not share memory with one that is read: JavaScript allows what Rust's borrows don't.
pub fn check_apart<T, U>(written: &str, target: &[T], read: &str, source: &[U]) -> Result<(), RangeError> {
    let target = target.as_ptr_range();
    let source = source.as_ptr_range();
    let apart = target.end.cast::<u8>() <= source.start.cast::<u8>()
        || source.end.cast::<u8>() <= target.start.cast::<u8>();
    if apart {
        return Ok(());
    }
    Err(RangeError::new(format!("{written} must not share memory with {read}")))
}

#[must_use]
#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 arms")]
pub fn index(arm: usize) -> f64 {
    arm as f64
}

/// A context that is read; nothing where there is none.
#[must_use]
pub fn shared<'a>(context: Option<&'a Float64ArraySlice>) -> &'a [f64] {
    context.map_or(&[], |context| context)
}

/// A context that is written; nothing where there is none.
///
/// # Safety
/// Nothing else may refer to its memory for as long as the result is used.
#[must_use]
pub unsafe fn written<'a>(context: Option<&'a mut Float64ArraySlice>) -> &'a mut [f64] {
    // SAFETY: the caller's to keep.
    context.map_or(&mut [], |context| unsafe { context.as_mut() })
}
