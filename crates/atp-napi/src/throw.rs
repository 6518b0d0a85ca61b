//! Errors of the maths become JavaScript's `RangeError`.
use atp_math::range_error::RangeError;
use napi::bindgen_prelude::{Env, Error, Result, Status};

pub trait OrThrow<T> {
    fn or_throw(self, env: Env) -> Result<T>;
}

impl<T> OrThrow<T> for std::result::Result<T, RangeError> {
    #[inline]
    fn or_throw(self, env: Env) -> Result<T> {
        self.or_else(|error| throw(env, &error))
    }
}

/// The binding sees that an exception is pending and lets it pass.
#[cold]
fn throw<T>(env: Env, error: &RangeError) -> Result<T> {
    env.throw_range_error(error.message(), None)?;
    Err(Error::from_status(Status::PendingException))
}
