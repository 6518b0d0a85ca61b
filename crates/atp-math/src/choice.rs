//! What a decision weighs, and which arm wins: the same for every bandit. The TypeScript twin is
//! `libs/native/src/typescript/choice.ts`.
use crate::checks;
use crate::range_error::RangeError;

/// What a decision weighs beside the index of an arm's quality.
#[derive(Debug, Clone, Copy)]
pub struct Weighing<'a> {
    pub now: f64,
    /// One an arm: what a unit of its quality is worth.
    pub weights: &'a [f64],
    /// One an arm; infinity marks an arm that is not eligible.
    pub penalties: &'a [f64],
}

impl Weighing<'_> {
    #[inline]
    #[must_use]
    pub fn is_eligible(&self, arm: usize) -> bool {
        self.penalties[arm] != f64::INFINITY
    }

    /// # Errors
    /// On a wrong length, a time or weight that is negative or not finite, a penalty that is NaN or -infinity.
    #[inline]
    pub(crate) fn check(&self, arms: usize) -> Result<(), RangeError> {
        checks::finite("now", self.now, 0.0)?;
        checks::length("weights", self.weights.len(), arms)?;
        checks::length("penalties", self.penalties.len(), arms)?;
        let illegal = |weight: &f64| !(0.0..=f64::MAX).contains(weight);
        if let Some(arm) = self.weights.iter().position(illegal) {
            let found = checks::Number(self.weights[arm]);
            return Err(RangeError::new(format!(
                "weights[{arm}] must be a finite number of at least 0, found {found}"
            )));
        }
        let illegal = |penalty: &f64| penalty.is_nan() || *penalty == f64::NEG_INFINITY;
        if let Some(arm) = self.penalties.iter().position(illegal) {
            let found = checks::Number(self.penalties[arm]);
            return Err(RangeError::new(format!(
                "penalties[{arm}] must be a finite number or Infinity, found {found}"
            )));
        }
        Ok(())
    }

    /// argmax of `weights_i * qualities_i - penalties_i` over eligible arms; ties go to the lower penalty, then to the
    /// lower hash.
    #[inline]
    #[expect(clippy::float_cmp, reason = "a tie is an exact one")]
    pub(crate) fn best(&self, qualities: &[f64], hash_of: impl Fn(usize) -> u32) -> Option<usize> {
        let mut best: Option<(usize, f64)> = None;
        for (arm, (&quality, &penalty)) in qualities.iter().zip(self.penalties).enumerate() {
            if penalty == f64::INFINITY {
                continue;
            }
            let utility = self.weights[arm] * quality - penalty;
            let wins = best.is_none_or(|(other, most)| {
                let lower_penalty = penalty < self.penalties[other];
                let tied = penalty == self.penalties[other] && hash_of(arm) < hash_of(other);
                utility > most || (utility == most && (lower_penalty || tied))
            });
            if wins {
                best = Some((arm, utility));
            }
        }
        best.map(|(arm, _)| arm)
    }
}
