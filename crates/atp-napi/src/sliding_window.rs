//! `atp_math::sliding_window`: a handle and what can be done with it.
use atp_math::sliding_window::SlidingWindow;
use napi::bindgen_prelude::{Env, External, Result};
use napi_derive::napi;

use crate::throw::OrThrow;

#[napi(catch_unwind)]
pub fn create_window(env: Env, window_us: f64) -> Result<External<SlidingWindow>> {
    SlidingWindow::new(window_us).map(External::new).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_count(env: Env, window: &External<SlidingWindow>, now_us: f64) -> Result<f64> {
    window.count(now_us).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_wait_us(
    env: Env,
    window: &External<SlidingWindow>,
    now_us: f64,
    amount: f64,
    limit: f64,
) -> Result<f64> {
    window.wait_us(now_us, amount, limit).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_add(env: Env, window: &mut External<SlidingWindow>, now_us: f64, amount: f64) -> Result<f64> {
    window.add(now_us, amount).or_throw(env)
}

#[napi(catch_unwind)]
pub fn window_take_back(
    env: Env,
    window: &mut External<SlidingWindow>,
    at_us: f64,
    amount: f64,
) -> Result<()> {
    window.take_back(at_us, amount).or_throw(env)
}

#[napi(catch_unwind)]
#[must_use]
pub fn window_idle_us(window: &External<SlidingWindow>) -> f64 {
    window.idle_us()
}
