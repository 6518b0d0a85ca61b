//! `atp_math::sliding_window` as a class.
use atp_math::sliding_window::SlidingWindow;
use napi::bindgen_prelude::{Env, Result};
use napi_derive::napi;

use crate::throw::OrThrow;

#[napi(js_name = "SlidingWindow")]
pub struct JsSlidingWindow {
    window: SlidingWindow,
}

#[napi]
impl JsSlidingWindow {
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, window_us: f64, limit: f64) -> Result<Self> {
        let window = SlidingWindow::new(window_us, limit).or_throw(env)?;
        Ok(Self { window })
    }

    #[napi(catch_unwind)]
    pub fn try_acquire(&mut self, env: Env, now_us: f64, amount: f64) -> Result<bool> {
        self.window.try_acquire(now_us, amount).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn used(&mut self, env: Env, now_us: f64) -> Result<f64> {
        self.window.used(now_us).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn retry_after_us(&mut self, env: Env, now_us: f64, amount: f64) -> Result<f64> {
        self.window.retry_after_us(now_us, amount).or_throw(env)
    }
}
