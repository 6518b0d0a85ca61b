//! `atp_math::sliding_window`: a handle and what can be done with it.
use atp_math::sliding_window::SlidingWindow;
use napi::bindgen_prelude::{Env, External, Result};
use napi_derive::napi;

use crate::throw::OrThrow;

#[napi(catch_unwind)]
pub fn create_window(env: Env, window_us: f64, limit: f64) -> Result<External<SlidingWindow>> {
    SlidingWindow::new(window_us, limit).map(External::new).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_try_acquire(
    env: Env,
    window: &mut External<SlidingWindow>,
    now_us: f64,
    amount: f64,
) -> Result<bool> {
    window.try_acquire(now_us, amount).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_used(env: Env, window: &mut External<SlidingWindow>, now_us: f64) -> Result<f64> {
    window.used(now_us).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_retry_after_us(
    env: Env,
    window: &mut External<SlidingWindow>,
    now_us: f64,
    amount: f64,
) -> Result<f64> {
    window.retry_after_us(now_us, amount).or_throw(env)
}
