//! The one error of this crate: an argument that is not allowed. Whoever returns it has changed nothing.
use std::fmt;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeError {
    message: String,
}

impl RangeError {
    #[must_use]
    pub fn new(message: String) -> Self {
        Self { message }
    }

    /// Names the argument, what was found and what is allowed.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RangeError {}
