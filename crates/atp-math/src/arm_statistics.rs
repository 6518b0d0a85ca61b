//! An arm's successes and failures: additive sufficient statistics of its Beta posterior, decayed by time and, beside that,
//! within a window of time. Decay is lazy: the decayed sums are those of `time`, and are weighed down when they are touched or
//! read.
use crate::elementary::pow2;
use crate::evidence_window::{self, EVIDENCE_MAX, EvidenceWindow, WINDOW_FIGURES};

/// Figures of the decayed sums in a snapshot: successes, failures, time. Snapshots of version 1 have no others.
pub const DECAYED_FIGURES: usize = 3;
/// Figures an arm takes in a snapshot.
pub const ARM_FIGURES: usize = DECAYED_FIGURES + WINDOW_FIGURES;

#[derive(Debug, Clone)]
pub struct ArmStatistics {
    pub hash: u32,
    pub prior_alpha: f64,
    pub prior_beta: f64,
    successes: f64,
    failures: f64,
    /// Milliseconds of the latest observation.
    time: f64,
    window: EvidenceWindow,
}

impl ArmStatistics {
    #[must_use]
    pub fn new(hash: u32, prior_alpha: f64, prior_beta: f64, window_ms: f64) -> Self {
        let window = EvidenceWindow::new(window_ms);
        Self { hash, prior_alpha, prior_beta, successes: 0.0, failures: 0.0, time: 0.0, window }
    }

    /// [alpha, beta] at `now`. Discounted Thompson sampling (Raj & Kalyani 2017): evidence decays, and the prior is a
    /// floor that doesn't.
    #[must_use]
    #[inline]
    pub fn posterior(&self, now: f64, half_life_ms: f64) -> [f64; 2] {
        let weight = self.weight_at(now, half_life_ms);
        [self.prior_alpha + self.successes * weight, self.prior_beta + self.failures * weight]
    }

    /// [alpha, beta] by what was seen within the window that ends at `now`.
    #[must_use]
    pub fn posterior_in_window(&self, now: f64) -> [f64; 2] {
        let [successes, failures] = self.window.sums_at(now);
        [self.prior_alpha + successes, self.prior_beta + failures]
    }

    #[inline]
    pub fn add(&mut self, successes: f64, failures: f64, time: f64, half_life_ms: f64) {
        self.add_decayed(successes, failures, time, half_life_ms);
        self.window.add(successes, failures, time);
    }

    /// Adds another replica's figures of the same arm, its decayed sums brought to the later of the two times. They must be
    /// legal and mergeable.
    pub fn merge(&mut self, figures: &[f64], half_life_ms: f64) {
        let [successes, failures, time] = [figures[0], figures[1], figures[2]];
        let kept = if time < self.time { pow2((time - self.time) / half_life_ms) } else { 1.0 };
        self.add_decayed(successes * kept, failures * kept, time, half_life_ms);
        if let Some(window) = window_of(figures) {
            self.window.merge(window);
        }
    }

    /// Buckets add up only where they are as wide.
    #[must_use]
    pub fn is_mergeable(&self, figures: &[f64]) -> bool {
        window_of(figures).is_none_or(|window| self.window.is_as_long_as(window))
    }

    /// [successes, failures, time, then those of the window].
    pub fn figures(&self) -> impl Iterator<Item = f64> + '_ {
        [self.successes, self.failures, self.time].into_iter().chain(self.window.figures())
    }

    /// Takes the figures over, or forgets everything where they are illegal. Returns whether they were legal. Without figures
    /// of a window, or with those of one of another length, the window is empty.
    pub fn read(&mut self, figures: &[f64]) -> bool {
        let legal = are_legal(figures);
        let decayed = if legal { [figures[0], figures[1], figures[2]] } else { [0.0; DECAYED_FIGURES] };
        [self.successes, self.failures, self.time] = decayed;
        match window_of(figures) {
            Some(window) if legal => self.window.read(window),
            _ => self.window.clear(),
        }
        legal
    }

    #[inline]
    fn add_decayed(&mut self, successes: f64, failures: f64, time: f64, half_life_ms: f64) {
        let kept = self.weight_at(time, half_life_ms);
        self.successes = (self.successes * kept + successes).min(EVIDENCE_MAX);
        self.failures = (self.failures * kept + failures).min(EVIDENCE_MAX);
        self.time = self.time.max(time);
    }

    /// What evidence seen at `time` weighs at `now`: 1/2 a half-life, and 1 where `now` is earlier.
    #[inline]
    fn weight_at(&self, now: f64, half_life_ms: f64) -> f64 {
        if now > self.time { pow2((self.time - now) / half_life_ms) } else { 1.0 }
    }
}

#[must_use]
pub fn are_legal(figures: &[f64]) -> bool {
    let evidence = 0.0..=EVIDENCE_MAX;
    evidence.contains(&figures[0])
        && evidence.contains(&figures[1])
        && (0.0..=f64::MAX).contains(&figures[2])
        && window_of(figures).is_none_or(evidence_window::are_legal)
}

fn window_of(figures: &[f64]) -> Option<&[f64]> {
    (figures.len() == ARM_FIGURES).then(|| &figures[DECAYED_FIGURES..])
}
