//! `atp_math::bandit`: a handle and what can be done with it.
use atp_math::bandit::Bandit;
use atp_math::checks;
use atp_math::choice::Weighing;
use napi::bindgen_prelude::{Env, External, Float64ArraySlice, Int32ArraySlice, Result};
use napi_derive::napi;

use crate::convert::{check_apart, index, shared, strategy_of, written};
use crate::throw::OrThrow;

#[napi(catch_unwind)]
pub fn create_bandit(
    env: Env,
    half_life_ms: f64,
    window_ms: f64,
    ucb_exploration: f64,
) -> Result<External<Bandit>> {
    Bandit::new(half_life_ms, window_ms, ucb_exploration).map(External::new).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_add_arm(
    env: Env,
    bandit: &mut External<Bandit>,
    hash: f64,
    alpha: f64,
    beta: f64,
) -> Result<f64> {
    let hash = checks::word("hash", hash).or_throw(env)?;
    bandit.add_arm(hash, alpha, beta).map(index).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_select(
    env: Env,
    bandit: &mut External<Bandit>,
    strategy: u32,
    seed_hi: f64,
    seed_lo: f64,
    now: f64,
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
    let context = shared(context.as_ref());
    check_apart("qualities", &qualities, "context", context).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let qualities = unsafe { qualities.as_mut() };
    let weighing = Weighing { now, weights, penalties };
    let chosen =
        bandit.select_in(context, strategy, [seed_hi, seed_lo], weighing, qualities).or_throw(env)?;
    Ok(chosen.map_or(-1.0, index))
}

#[napi(catch_unwind)]
pub fn bandit_select_batch(
    env: Env,
    bandit: &mut External<Bandit>,
    strategy: u32,
    seeds: &[u32],
    now: f64,
    weights: &[f64],
    penalties: &[f64],
    mut chosen: Int32ArraySlice,
) -> Result<()> {
    let strategy = strategy_of(strategy).or_throw(env)?;
    check_apart("chosen", &chosen, "weights", weights).or_throw(env)?;
    check_apart("chosen", &chosen, "penalties", penalties).or_throw(env)?;
    check_apart("chosen", &chosen, "seeds", seeds).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let chosen = unsafe { chosen.as_mut() };
    let weighing = Weighing { now, weights, penalties };
    bandit.select_batch(strategy, seeds, weighing, chosen).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_update(
    env: Env,
    bandit: &mut External<Bandit>,
    arm: f64,
    reward: f64,
    now: f64,
    mut context: Option<Float64ArraySlice>,
) -> Result<()> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let context = unsafe { written(context.as_mut()) };
    bandit.update_in(context, arm as usize, reward, now).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_update_batch(
    env: Env,
    bandit: &mut External<Bandit>,
    arms: &[u32],
    rewards: &[f64],
    times: &[f64],
) -> Result<()> {
    bandit.update_batch(arms, rewards, times).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_posteriors(
    env: Env,
    bandit: &mut External<Bandit>,
    now: f64,
    mut out: Float64ArraySlice,
    context: Option<Float64ArraySlice>,
) -> Result<()> {
    let context = shared(context.as_ref());
    check_apart("out", &out, "context", context).or_throw(env)?;
    // SAFETY: JavaScript waits for this call, and nothing else here refers to this memory.
    let out = unsafe { out.as_mut() };
    bandit.posteriors_in(context, now, out).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_snapshot(env: Env, bandit: &External<Bandit>) -> Result<Float64ArraySlice<'static>> {
    Float64ArraySlice::copy_from(&env, bandit.snapshot())
}

#[napi(catch_unwind)]
pub fn bandit_restore(env: Env, bandit: &mut External<Bandit>, snapshot: &[f64]) -> Result<f64> {
    bandit.restore(snapshot).map(index).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_merge(env: Env, bandit: &mut External<Bandit>, snapshot: &[f64]) -> Result<()> {
    bandit.merge(snapshot).or_throw(env)
}

#[napi(catch_unwind)]
pub fn bandit_snapshot_arm(
    env: Env,
    bandit: &External<Bandit>,
    arm: f64,
) -> Result<Float64ArraySlice<'static>> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    let figures = bandit.snapshot_arm(arm as usize).or_throw(env)?;
    Float64ArraySlice::copy_from(&env, figures)
}

#[napi(catch_unwind)]
pub fn bandit_restore_arm(
    env: Env,
    bandit: &mut External<Bandit>,
    arm: f64,
    snapshot: &[f64],
) -> Result<bool> {
    let arm = checks::word("arm", arm).or_throw(env)?;
    bandit.restore_arm(arm as usize, snapshot).or_throw(env)
}
