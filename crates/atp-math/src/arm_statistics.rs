//! Decayed sums of an arm's successes and failures: additive sufficient statistics of its Beta posterior.
//! Decay is lazy: the sums are those of `time`, and are weighed down when they are touched or read.
use crate::elementary::pow2;

/// Sums saturate here: beyond, a reward no longer changes a double.
const EVIDENCE_MAX: f64 = 1e15;

/// Figures an arm takes in a snapshot.
pub const ARM_FIGURES: usize = 3;

#[derive(Debug, Clone)]
pub struct ArmStatistics {
    pub hash: u32,
    pub prior_alpha: f64,
    pub prior_beta: f64,
    successes: f64,
    failures: f64,
    /// Milliseconds of the latest observation.
    time: f64,
}

impl ArmStatistics {
    #[must_use]
    pub fn new(hash: u32, prior_alpha: f64, prior_beta: f64) -> Self {
        Self { hash, prior_alpha, prior_beta, successes: 0.0, failures: 0.0, time: 0.0 }
    }

    /// [alpha, beta] at `now`. Discounted Thompson sampling (Raj & Kalyani 2017): evidence decays, and the prior is a
    /// floor that doesn't.
    #[must_use]
    #[inline]
    pub fn posterior(&self, now: f64, half_life_ms: f64) -> [f64; 2] {
        let weight = self.weight_at(now, half_life_ms);
        [self.prior_alpha + self.successes * weight, self.prior_beta + self.failures * weight]
    }

    #[inline]
    pub fn add(&mut self, successes: f64, failures: f64, time: f64, half_life_ms: f64) {
        let kept = self.weight_at(time, half_life_ms);
        self.successes = (self.successes * kept + successes).min(EVIDENCE_MAX);
        self.failures = (self.failures * kept + failures).min(EVIDENCE_MAX);
        self.time = self.time.max(time);
    }

    /// Adds another replica's sums of the same arm, both brought to the later of the two times.
    pub fn merge(&mut self, [successes, failures, time]: [f64; ARM_FIGURES], half_life_ms: f64) {
        let kept = if time < self.time { pow2((time - self.time) / half_life_ms) } else { 1.0 };
        self.add(successes * kept, failures * kept, time, half_life_ms);
    }

    #[must_use]
    pub fn figures(&self) -> [f64; ARM_FIGURES] {
        [self.successes, self.failures, self.time]
    }

    /// Takes the figures over, or forgets everything where they are illegal. Returns whether they were legal.
    pub fn read(&mut self, figures: [f64; ARM_FIGURES]) -> bool {
        let legal = are_legal(figures);
        [self.successes, self.failures, self.time] = if legal { figures } else { [0.0; ARM_FIGURES] };
        legal
    }

    /// What evidence seen at `time` weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier.
    #[inline]
    fn weight_at(&self, now: f64, half_life_ms: f64) -> f64 {
        if now > self.time { pow2((self.time - now) / half_life_ms) } else { 1.0 }
    }
}

#[must_use]
pub fn are_legal([successes, failures, time]: [f64; ARM_FIGURES]) -> bool {
    let evidence = 0.0..=EVIDENCE_MAX;
    evidence.contains(&successes) && evidence.contains(&failures) && (0.0..=f64::MAX).contains(&time)
}
