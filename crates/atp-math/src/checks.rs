//! Bad arguments become errors that name the argument, what was found and what is allowed.
use crate::range_error::RangeError;

pub(crate) fn finite(name: &str, found: f64, min: f64) -> Result<(), RangeError> {
    if found >= min && found <= f64::MAX {
        return Ok(());
    }
    Err(RangeError::new(format!("{name} must be a finite number of at least {min}, found {}", Number(found))))
}

pub(crate) fn between(name: &str, found: f64, min: f64, max: f64) -> Result<(), RangeError> {
    if found >= min && found <= max {
        return Ok(());
    }
    Err(RangeError::new(format!(
        "{name} must be a finite number of at least {min} and at most {max}, found {}",
        Number(found)
    )))
}

/// The integer that `found` is.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked: an integer from 0 to 2^53"
)]
#[expect(clippy::cast_precision_loss, reason = "bounds are at most 2^53")]
pub(crate) fn integer(name: &str, found: f64, min: u64, max: u64) -> Result<u64, RangeError> {
    if found >= min as f64 && found <= max as f64 && found.trunc().to_bits() == found.to_bits() {
        return Ok(found as u64);
    }
    Err(RangeError::new(format!("{name} must be an integer from {min} to {max}, found {}", Number(found))))
}

/// The unsigned 32-bit word that `found` is.
///
/// # Errors
/// On anything else.
#[expect(clippy::cast_possible_truncation, reason = "checked")]
pub fn word(name: &str, found: f64) -> Result<u32, RangeError> {
    integer(name, found, 0, u64::from(u32::MAX)).map(|word| word as u32)
}

pub(crate) fn length(name: &str, found: usize, expected: usize) -> Result<(), RangeError> {
    if found == expected {
        return Ok(());
    }
    Err(RangeError::new(format!("{name} must have length {expected}, found {found}")))
}

pub(crate) fn length_at_most(name: &str, found: usize, max: usize) -> Result<(), RangeError> {
    if found <= max {
        return Ok(());
    }
    Err(RangeError::new(format!("{name} must have length {max} or less, found {found}")))
}

pub(crate) fn half_life(name: &str, found: f64) -> Result<(), RangeError> {
    if found >= 1.0 {
        return Ok(());
    }
    Err(RangeError::new(format!("{name} must be at least 1 or Infinity, found {}", Number(found))))
}

/// A number as JavaScript writes it.
pub(crate) struct Number(pub f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            x if x.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("Infinity"),
            f64::NEG_INFINITY => f.write_str("-Infinity"),
            x => write!(f, "{x}"),
        }
    }
}
