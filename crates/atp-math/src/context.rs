//! What one context (a tenant and its task) has seen beside what the bandit learned from everybody: of each arm two decayed
//! sums and their time, in an array that the caller keeps. The TypeScript twin is `libs/native/src/typescript/context.ts`.
//!
//! Partial pooling: a context believes what the others taught as if it were `STRENGTH` observations of its own, or fewer where
//! the others taught less. So a new context decides as its parent does, and one that differs goes its own way.
use crate::checks;
use crate::elementary::pow2;
use crate::range_error::RangeError;

/// What the parent counts for, in observations: the ratio of the variance of single targets to that of contexts' means. More, and
/// a context that differs is slow to notice; less, and contexts that agree each explore anew. Chosen by simulation: see
/// `docs/decisions/contexts-start-from-all.md`.
pub const STRENGTH: f64 = 20.0;
/// Figures of an arm: two sums, and the milliseconds of the latest observation in them.
pub const CONTEXT_FIGURES: usize = 3;
/// Sums saturate here: beyond, an observation no longer changes a double.
const SUM_MAX: f64 = 1e15;

pub type ContextArm = [f64; CONTEXT_FIGURES];

/// The figures of each arm; empty where there is no context. `lowest` is that of the second sum: 0, or -1e15 where it is signed.
#[inline]
pub(crate) fn check(context: &[f64], arms: usize, lowest: f64) -> Result<(), RangeError> {
    if context.is_empty() {
        return Ok(());
    }
    checks::length("context", context.len(), CONTEXT_FIGURES * arms)?;
    let illegal = |[first, second, time]: &ContextArm| {
        let legal = (0.0..=SUM_MAX).contains(first)
            && (lowest..=SUM_MAX).contains(second)
            && (0.0..=f64::MAX).contains(time);
        !legal
    };
    match context.as_chunks().0.iter().position(illegal) {
        None => Ok(()),
        Some(arm) => Err(RangeError::new(format!("context has illegal figures for arm {arm}"))),
    }
}

/// The lowest sum of successes and failures, and of what targets exceeded their expectation by.
pub(crate) const COUNTED: f64 = 0.0;
pub(crate) const SIGNED: f64 = -SUM_MAX;

/// Adds to both sums what was observed at `time`.
#[inline]
pub(crate) fn add(context: &mut ContextArm, first: f64, second: f64, time: f64, half_life_ms: f64) {
    let kept = weight_at(context, time, half_life_ms);
    context[0] = (context[0] * kept + first).min(SUM_MAX);
    context[1] = (context[1] * kept + second).clamp(-SUM_MAX, SUM_MAX);
    context[2] = context[2].max(time);
}

/// [alpha, beta] in a context. Its own answers are in the parent's posterior too: what the others taught is the rest, at least
/// the arm's prior. So where nobody else taught anything, a context decides as its parent does.
#[inline]
pub(crate) fn posterior(
    parent: [f64; 2],
    prior: [f64; 2],
    context: &ContextArm,
    now: f64,
    half_life_ms: f64,
) -> [f64; 2] {
    let weight = weight_at(context, now, half_life_ms);
    let (successes, failures) = (context[0] * weight, context[1] * weight);
    let alpha = (parent[0] - successes).max(prior[0]);
    let beta = (parent[1] - failures).max(prior[1]);
    let share = (STRENGTH / (alpha + beta)).min(1.0);
    [alpha * share + successes, beta * share + failures]
}

/// The best prediction of a random intercept (Laird & Ware 1982), and its variance where a target's own is 1: sums are the weight
/// of the observations, and what they exceeded the parent's expectation by.
#[inline]
pub(crate) fn intercept(context: &ContextArm, now: f64, half_life_ms: f64) -> [f64; 2] {
    let weight = weight_at(context, now, half_life_ms);
    let strength = context[0] * weight + STRENGTH;
    [context[1] * weight / strength, 1.0 / strength]
}

/// What evidence seen at the context's time weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier.
#[inline]
fn weight_at(context: &ContextArm, now: f64, half_life_ms: f64) -> f64 {
    let time = context[2];
    if now > time { pow2((time - now) / half_life_ms) } else { 1.0 }
}
