//! Arms as figures: [version, size, then the figures of each arm]; of one arm [version, then its figures]. An arm's figures are
//! successes, failures and time, and since version 2 those of its window. What is refused changes nothing.
use std::slice::ChunksExact;

use crate::arm_statistics::{ARM_FIGURES, ArmStatistics, DECAYED_FIGURES, are_legal};
use crate::checks;
use crate::range_error::RangeError;

const VERSION: f64 = 2.0;
/// Before there were windows; still read.
const WINDOWLESS_VERSION: f64 = 1.0;
const HEADER: usize = 2;
const ARM_HEADER: usize = 1;

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^53 arms")]
pub(crate) fn write(arms: &[ArmStatistics]) -> Vec<f64> {
    let header = [VERSION, arms.len() as f64];
    header.into_iter().chain(arms.iter().flat_map(ArmStatistics::figures)).collect()
}

/// Resets an arm with illegal figures to its prior. Returns the number of such arms.
pub(crate) fn restore(arms: &mut [ArmStatistics], snapshot: &[f64]) -> Result<usize, RangeError> {
    let mut illegal = 0;
    let figures = figures_of(arms, snapshot)?;
    for (arm, figures) in arms.iter_mut().zip(figures) {
        illegal += usize::from(!arm.read(figures));
    }
    Ok(illegal)
}

pub(crate) fn merge(
    arms: &mut [ArmStatistics],
    snapshot: &[f64],
    half_life_ms: f64,
) -> Result<(), RangeError> {
    let figures = figures_of(arms, snapshot)?;
    if let Some(arm) = figures.clone().position(|figures| !are_legal(figures)) {
        return Err(RangeError::new(format!(
            "snapshot has illegal figures for arm {arm}: nothing is merged"
        )));
    }
    if let Some(arm) = arms.iter().zip(figures.clone()).position(|(arm, figures)| !arm.is_mergeable(figures))
    {
        return Err(RangeError::new(format!(
            "snapshot has a window of another length for arm {arm}: nothing is merged"
        )));
    }
    for (arm, figures) in arms.iter_mut().zip(figures) {
        arm.merge(figures, half_life_ms);
    }
    Ok(())
}

pub(crate) fn write_arm(arm: &ArmStatistics) -> Vec<f64> {
    std::iter::once(VERSION).chain(arm.figures()).collect()
}

/// Returns whether the figures were legal.
pub(crate) fn restore_arm(arm: &mut ArmStatistics, snapshot: &[f64]) -> Result<bool, RangeError> {
    check_shape(snapshot, ARM_HEADER, 1)?;
    Ok(arm.read(&snapshot[ARM_HEADER..]))
}

/// The figures of each arm, if the snapshot is of a version that can be read and of as many arms.
#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "an integer in a double")]
fn figures_of<'a>(arms: &[ArmStatistics], snapshot: &'a [f64]) -> Result<ChunksExact<'a, f64>, RangeError> {
    let figures = check_shape(snapshot, HEADER, arms.len())?;
    if snapshot[1] == arms.len() as f64 {
        return Ok(snapshot[HEADER..].chunks_exact(figures));
    }
    let found = checks::Number(snapshot[1]);
    Err(RangeError::new(format!("snapshot must be of {} arms, found {found}", arms.len())))
}

/// Returns the number of figures an arm.
fn check_shape(snapshot: &[f64], header: usize, arms: usize) -> Result<usize, RangeError> {
    let version = snapshot.first().copied().unwrap_or(VERSION);
    let figures = if version == WINDOWLESS_VERSION { DECAYED_FIGURES } else { ARM_FIGURES };
    if version != VERSION && version != WINDOWLESS_VERSION {
        let found = checks::Number(version);
        return Err(RangeError::new(format!(
            "snapshot must be of version {WINDOWLESS_VERSION} or {VERSION}, found {found}"
        )));
    }
    checks::length("snapshot", snapshot.len(), header + figures * arms)?;
    Ok(figures)
}
