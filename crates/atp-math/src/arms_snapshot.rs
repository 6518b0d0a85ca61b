//! Arms as figures: [version, size, then successes, failures and time of each arm]; of one arm [version, successes,
//! failures, time]. What is refused changes nothing.
use crate::arm_statistics::{ARM_FIGURES, ArmStatistics, are_legal};
use crate::checks;
use crate::range_error::RangeError;

const VERSION: f64 = 1.0;
const HEADER: usize = 2;

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
        illegal += usize::from(!arm.read(*figures));
    }
    Ok(illegal)
}

pub(crate) fn merge(
    arms: &mut [ArmStatistics],
    snapshot: &[f64],
    half_life_ms: f64,
) -> Result<(), RangeError> {
    let figures = figures_of(arms, snapshot)?;
    if let Some(arm) = figures.iter().position(|figures| !are_legal(*figures)) {
        return Err(RangeError::new(format!(
            "snapshot has illegal figures for arm {arm}: nothing is merged"
        )));
    }
    for (arm, figures) in arms.iter_mut().zip(figures) {
        arm.merge(*figures, half_life_ms);
    }
    Ok(())
}

pub(crate) fn write_arm(arm: &ArmStatistics) -> [f64; 1 + ARM_FIGURES] {
    let [successes, failures, time] = arm.figures();
    [VERSION, successes, failures, time]
}

/// Returns whether the figures were legal.
pub(crate) fn restore_arm(arm: &mut ArmStatistics, snapshot: &[f64]) -> Result<bool, RangeError> {
    checks::length("snapshot", snapshot.len(), 1 + ARM_FIGURES)?;
    check_version(snapshot)?;
    Ok(arm.read([snapshot[1], snapshot[2], snapshot[3]]))
}

/// The figures of each arm, if the snapshot is of this version and of as many arms.
#[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "an integer in a double")]
fn figures_of<'a>(
    arms: &[ArmStatistics],
    snapshot: &'a [f64],
) -> Result<&'a [[f64; ARM_FIGURES]], RangeError> {
    checks::length("snapshot", snapshot.len(), HEADER + ARM_FIGURES * arms.len())?;
    check_version(snapshot)?;
    if snapshot[1] == arms.len() as f64 {
        return Ok(snapshot[HEADER..].as_chunks().0);
    }
    let found = checks::Number(snapshot[1]);
    Err(RangeError::new(format!("snapshot must be of {} arms, found {found}", arms.len())))
}

fn check_version(snapshot: &[f64]) -> Result<(), RangeError> {
    if snapshot[0] == VERSION {
        return Ok(());
    }
    let found = checks::Number(snapshot[0]);
    Err(RangeError::new(format!("snapshot must be of version {VERSION}, found {found}")))
}
