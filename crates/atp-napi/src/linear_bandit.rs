//! `atp_math::linear_bandit`: a handle and what can be done with it.
use atp_math::checks;
use atp_math::choice::Weighing;
use atp_math::linear_bandit::{LinearBandit, LinearOptions};
use napi::bindgen_prelude::{Env, External, Float64ArraySlice, Int32ArraySlice, Result};
use napi_derive::napi;

use crate::convert::{check_apart, index, shared, strategy_of, written};
use crate::throw::OrThrow;

#[napi(catch_unwind)]
pub fn create_linear(
    env: Env,
    dimension: f64,
    bias_ridge: f64,
    ridge: f64,
    common_ridge: f64,
    half_life_ms: f64,
    noise: f64,
    exploration: f64,
    change_threshold: f64,
) -> Result<External<LinearBandit>> {
    let dimension = checks::word("dimension", dimension).or_throw(env)? as usize;
    let options = LinearOptions {
        dimension,
        bias_ridge,
        ridge,
        common_ridge,
        half_life_ms,
        noise,
        exploration,
        change_threshold,
    };
    LinearBandit::new(options).map(External::new).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_add_arm(env: Env, bandit: &mut External<LinearBandit>, hash: f64, prior: f64) -> Result<f64> {
    let hash = checks::word("hash", hash).or_throw(env)?;
    bandit.add_arm(hash, prior).map(index).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_select(
    env: Env,
    bandit: &mut External<LinearBandit>,
    strategy: u32,
    seed_hi: f64,
    seed_lo: f64,
    now: f64,
    x: &[f64],
    weights: &[f64],
    penalties: &[f64],
    mut qualities: Float64ArraySlice,
    context: Option<Float64ArraySlice>,
) -> Result<f64> {
    let strategy = strategy_of(strategy).or_throw(env)?;
    let seed_hi = checks::word("seedHi", seed_hi).or_throw(env)?;
    let seed_lo = checks::word("seedLo", seed_lo).or_throw(env)?;
    check_apart("qualities", &qualities, "weights", weights).or_throw(env)?;
    check_apart("qualities", &qualities, "penalties", penalties).or_throw(env)?;
    check_apart("qualities", &qualities, "x", x).or_throw(env)?;
    let context = shared(context.as_ref());
    check_apart("qualities", &qualities, "context", context).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let qualities = unsafe { qualities.as_mut() };
    let weighing = Weighing { now, weights, penalties };
    let chosen =
        bandit.select_in(context, strategy, [seed_hi, seed_lo], x, weighing, qualities).or_throw(env)?;
    Ok(chosen.map_or(-1.0, index))
}

#[napi(catch_unwind)]
pub fn linear_select_batch(
    env: Env,
    bandit: &mut External<LinearBandit>,
    strategy: u32,
    seeds: &[u32],
    now: f64,
    features: &[f64],
    weights: &[f64],
    penalties: &[f64],
    mut chosen: Int32ArraySlice,
) -> Result<()> {
    let strategy = strategy_of(strategy).or_throw(env)?;
    check_apart("chosen", &chosen, "seeds", seeds).or_throw(env)?;
    check_apart("chosen", &chosen, "features", features).or_throw(env)?;
    check_apart("chosen", &chosen, "weights", weights).or_throw(env)?;
    check_apart("chosen", &chosen, "penalties", penalties).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let chosen = unsafe { chosen.as_mut() };
    let weighing = Weighing { now, weights, penalties };
    bandit.select_batch(strategy, seeds, features, weighing, chosen).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_estimate(
    env: Env,
    bandit: &mut External<LinearBandit>,
    now: f64,
    x: &[f64],
    mut means: Float64ArraySlice,
    mut deviations: Float64ArraySlice,
    context: Option<Float64ArraySlice>,
) -> Result<()> {
    check_apart("means", &means, "x", x).or_throw(env)?;
    check_apart("deviations", &deviations, "x", x).or_throw(env)?;
    check_apart("deviations", &deviations, "means", &means).or_throw(env)?;
    let context = shared(context.as_ref());
    check_apart("means", &means, "context", context).or_throw(env)?;
    check_apart("deviations", &deviations, "context", context).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let (means, deviations) = unsafe { (means.as_mut(), deviations.as_mut()) };
    bandit.estimate_in(context, now, x, means, deviations).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_update(
    env: Env,
    bandit: &mut External<LinearBandit>,
    arm: f64,
    x: &[f64],
    target: f64,
    weight: f64,
    now: f64,
    mut context: Option<Float64ArraySlice>,
) -> Result<()> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    check_apart("context", shared(context.as_ref()), "x", x).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let context = unsafe { written(context.as_mut()) };
    bandit.update_in(context, arm as usize, x, target, weight, now).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_changes(env: Env, bandit: &External<LinearBandit>, arm: f64) -> Result<u32> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    bandit.changes(arm as usize).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_snapshot_arm(
    env: Env,
    bandit: &External<LinearBandit>,
    arm: f64,
) -> Result<Float64ArraySlice<'static>> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    let figures = bandit.snapshot_arm(arm as usize).or_throw(env)?;
    Float64ArraySlice::copy_from(&env, figures)
}

#[napi(catch_unwind)]
pub fn linear_restore_arm(
    env: Env,
    bandit: &mut External<LinearBandit>,
    arm: f64,
    snapshot: &[f64],
) -> Result<bool> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    bandit.restore_arm(arm as usize, snapshot).or_throw(env)
}

#[napi(catch_unwind)]
pub fn linear_merge_arm(
    env: Env,
    bandit: &mut External<LinearBandit>,
    arm: f64,
    snapshot: &[f64],
) -> Result<()> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    bandit.merge_arm(arm as usize, snapshot).or_throw(env)
}
