//! `atp_math::latency_sketch`: a handle and what can be done with it.
use atp_math::latency_sketch::LatencySketch;
use napi::bindgen_prelude::{Env, External, Float64ArraySlice, Result};
use napi_derive::napi;

use crate::throw::OrThrow;

#[napi(catch_unwind)]
pub fn create_sketch(env: Env, half_life_ms: f64) -> Result<External<LatencySketch>> {
    LatencySketch::new(half_life_ms).map(External::new).or_throw(env)
}

#[napi(catch_unwind)]
pub fn sketch_record(env: Env, sketch: &mut External<LatencySketch>, value_ms: f64, now: f64) -> Result<()> {
    sketch.record(value_ms, now).or_throw(env)
}

#[napi(catch_unwind)]
pub fn sketch_quantile(env: Env, sketch: &External<LatencySketch>, q: f64) -> Result<f64> {
    sketch.quantile(q).or_throw(env)
}

#[napi(catch_unwind)]
pub fn sketch_count(env: Env, sketch: &External<LatencySketch>, now: f64) -> Result<f64> {
    sketch.count(now).or_throw(env)
}

#[napi(catch_unwind)]
pub fn sketch_snapshot(env: Env, sketch: &External<LatencySketch>) -> Result<Float64ArraySlice<'static>> {
    Float64ArraySlice::copy_from(&env, sketch.snapshot())
}

#[napi(catch_unwind)]
pub fn sketch_restore(env: Env, sketch: &mut External<LatencySketch>, snapshot: &[f64]) -> Result<()> {
    sketch.restore(snapshot).or_throw(env)
}

#[napi(catch_unwind)]
pub fn sketch_merge(env: Env, sketch: &mut External<LatencySketch>, snapshot: &[f64]) -> Result<()> {
    sketch.merge(snapshot).or_throw(env)
}
