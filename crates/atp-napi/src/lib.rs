//! The Node binding of `atp-math`: it only converts. State lives here behind a handle (`External`), which the garbage
//! collector frees; a class of napi-rs would do the same and cost 130 ns more a call, to find and to lock its instance.
//! One synchronous call does the work, with numbers and borrowed typed arrays across, never objects, a string only where the work is
//! worth its copy, and never calls back into JavaScript: so a handle is borrowed once at a time. Bad arguments throw a `RangeError`.

#![allow(clippy::missing_errors_doc, reason = "every error is a RangeError, as said above")]
#![allow(clippy::needless_pass_by_value, reason = "the generated callers hand over what they converted")]
#![allow(clippy::too_many_arguments, reason = "an object across the boundary costs more than the decision")]

pub mod bandit;
pub mod convert;
pub mod hash64;
pub mod latency_sketch;
pub mod linear_bandit;
pub mod prompt_features;
pub mod sliding_window;
mod throw;

use napi_derive::napi;

/// Raised whenever a signature or a meaning here changes: `libs/native/src/rust/addon.ts` refuses any other.
const INTERFACE_VERSION: u32 = 12;

#[napi(catch_unwind)]
#[must_use]
pub fn interface_version() -> u32 {
    INTERFACE_VERSION
}
