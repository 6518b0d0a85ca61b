//! `atp_math::latency_sketch` as a class.
use atp_math::latency_sketch::LatencySketch;
use napi::bindgen_prelude::{Env, Float64ArraySlice, Result};
use napi_derive::napi;

use crate::throw::OrThrow;

#[napi(js_name = "LatencySketch")]
pub struct JsLatencySketch {
    sketch: LatencySketch,
}

#[napi]
impl JsLatencySketch {
    #[napi(constructor, catch_unwind)]
    pub fn new(env: Env, half_life_ms: f64) -> Result<Self> {
        let sketch = LatencySketch::new(half_life_ms).or_throw(env)?;
        Ok(Self { sketch })
    }

    #[napi(catch_unwind)]
    pub fn record(&mut self, env: Env, value_ms: f64, now: f64) -> Result<()> {
        self.sketch.record(value_ms, now).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn quantile(&self, env: Env, q: f64) -> Result<f64> {
        self.sketch.quantile(q).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn count(&self, env: Env, now: f64) -> Result<f64> {
        self.sketch.count(now).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn snapshot(&self, env: Env) -> Result<Float64ArraySlice<'static>> {
        Float64ArraySlice::copy_from(&env, self.sketch.snapshot())
    }

    #[napi(catch_unwind)]
    pub fn restore(&mut self, env: Env, snapshot: &[f64]) -> Result<()> {
        self.sketch.restore(snapshot).or_throw(env)
    }

    #[napi(catch_unwind)]
    pub fn merge(&mut self, env: Env, snapshot: &[f64]) -> Result<()> {
        self.sketch.merge(snapshot).or_throw(env)
    }
}
