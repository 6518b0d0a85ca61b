//! The Node binding of `atp-math`: it only converts. A class holds the state; one synchronous call does the work, with
//! numbers and borrowed typed arrays across, never objects or strings. Bad arguments throw a `RangeError`.

#![allow(clippy::needless_pass_by_value, reason = "the generated callers hand over what they converted")]
#![allow(clippy::too_many_arguments, reason = "an object across the boundary costs more than the decision")]

mod bandit;
pub mod hash64;
mod latency_sketch;
mod sliding_window;
mod throw;

use napi_derive::napi;

/// Raised whenever a signature or a meaning here changes: `libs/native/src/rust/addon.ts` refuses any other.
const INTERFACE_VERSION: u32 = 1;

#[napi(catch_unwind)]
#[must_use]
pub fn interface_version() -> u32 {
    INTERFACE_VERSION
}
