//! A multi-armed bandit with time-based forgetting: statistics of each arm, and the choice among them.
//! The TypeScript twin is `libs/native/src/typescript/bandit.ts`.
use crate::arm_statistics::ArmStatistics;
use crate::arms_snapshot;
use crate::beta::beta;
use crate::checks;
use crate::choice::Weighing;
use crate::context;
use crate::elementary::ln;
use crate::kl_ucb;
use crate::random_stream::{RandomStream, Seed};
use crate::range_error::RangeError;
use crate::strategy::Strategy;

const PRIOR_MIN: f64 = 1e-6;
const PRIOR_MAX: f64 = 1e9;
/// Of the sliding window's bound: its regret is bounded for any above 1/2.
const XI: f64 = 0.6;

/// Arms are indices in the order of `add_arm`. Times are milliseconds of one clock, not negative; an earlier time than an
/// arm has seen counts as the arm's latest. An error means that nothing was changed.
#[derive(Debug, Clone)]
pub struct Bandit {
    half_life_ms: f64,
    window_ms: f64,
    exploration: f64,
    arms: Vec<ArmStatistics>,
    /// Alpha and beta of each arm at the time of the present call, as its strategy takes them.
    posteriors: Vec<[f64; 2]>,
}

impl Bandit {
    /// `half_life_ms` is at least 1, or infinite: nothing is forgotten. `window_ms`, at least 1, is how far back the sliding
    /// window looks. `exploration` scales the terms of both UCBs; 1 is as published.
    ///
    /// # Errors
    /// On a half-life below 1, a window below 1 or not finite, and an exploration that is negative or not finite.
    pub fn new(half_life_ms: f64, window_ms: f64, exploration: f64) -> Result<Self, RangeError> {
        checks::half_life("halfLifeMs", half_life_ms)?;
        checks::finite("windowMs", window_ms, 1.0)?;
        checks::finite("ucbExploration", exploration, 0.0)?;
        Ok(Self { half_life_ms, window_ms, exploration, arms: Vec::new(), posteriors: Vec::new() })
    }

    #[must_use]
    pub fn size(&self) -> usize {
        self.arms.len()
    }

    /// Adds an arm with a Beta(alpha, beta) prior and returns its index. `hash` names the arm wherever it is drawn.
    ///
    /// # Errors
    /// On a prior outside [1e-6, 1e9].
    pub fn add_arm(&mut self, hash: u32, alpha: f64, beta: f64) -> Result<usize, RangeError> {
        checks::between("alpha", alpha, PRIOR_MIN, PRIOR_MAX)?;
        checks::between("beta", beta, PRIOR_MIN, PRIOR_MAX)?;
        self.arms.push(ArmStatistics::new(hash, alpha, beta, self.window_ms));
        self.posteriors.push([alpha, beta]);
        Ok(self.arms.len() - 1)
    }

    /// Chooses argmax of `weights_i * q_i - penalties_i` over eligible arms; ties go to the lower penalty, then to
    /// the lower hash. Writes `q_i` of each eligible arm into `qualities`, NaN for the others.
    ///
    /// # Errors
    /// On a wrong length, a time or weight that is negative or not finite, a penalty that is NaN or -infinity.
    pub fn select(
        &mut self,
        strategy: Strategy,
        seed: Seed,
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Result<Option<usize>, RangeError> {
        self.select_in(&[], strategy, seed, weighing, qualities)
    }

    /// Chooses as `select` does, in a context: see `context`.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn select_in(
        &mut self,
        context: &[f64],
        strategy: Strategy,
        seed: Seed,
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Result<Option<usize>, RangeError> {
        weighing.check(self.size())?;
        checks::length("qualities", qualities.len(), self.size())?;
        context::check(context, self.size(), context::COUNTED)?;
        self.refresh_posteriors(strategy, weighing.now);
        self.pool(context, weighing.now);
        let explored = self.explored(strategy);
        Ok(self.choose(strategy, explored, seed, weighing, qualities))
    }

    /// One decision for each element of `chosen` against one state; the k-th uses the words `seeds[2k], seeds[2k + 1]`.
    /// Writes the index of each decision, or -1.
    ///
    /// # Errors
    /// As `select`, and where there aren't two seed words a decision.
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "nobody has 2^31 arms")]
    pub fn select_batch(
        &mut self,
        strategy: Strategy,
        seeds: &[u32],
        weighing: Weighing,
        chosen: &mut [i32],
    ) -> Result<(), RangeError> {
        weighing.check(self.size())?;
        checks::length("seeds", seeds.len(), 2 * chosen.len())?;
        self.refresh_posteriors(strategy, weighing.now);
        let explored = self.explored(strategy);
        let mut qualities = vec![0.0; self.size()];
        for (chosen, seed) in chosen.iter_mut().zip(seeds.as_chunks::<2>().0) {
            let arm = self.choose(strategy, explored, *seed, weighing, &mut qualities);
            *chosen = arm.map_or(-1, |arm| arm as i32);
        }
        Ok(())
    }

    /// Learns a reward in [0, 1] for an arm, observed at `now`.
    ///
    /// # Errors
    /// On an unknown arm, a reward outside [0, 1], a time that is negative or not finite.
    pub fn update(&mut self, arm: usize, reward: f64, now: f64) -> Result<(), RangeError> {
        self.update_in(&mut [], arm, reward, now)
    }

    /// Learns as `update` does, and writes into a context that it was seen there.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn update_in(
        &mut self,
        context: &mut [f64],
        arm: usize,
        reward: f64,
        now: f64,
    ) -> Result<(), RangeError> {
        self.check_observation(arm, reward, now)?;
        context::check(context, self.size(), context::COUNTED)?;
        self.arms[arm].add(reward, 1.0 - reward, now, self.half_life_ms);
        if let Some(context) = context.as_chunks_mut().0.get_mut(arm) {
            context::add(context, reward, 1.0 - reward, now, self.half_life_ms);
        }
        Ok(())
    }

    /// Learns many rewards in order; all or none.
    ///
    /// # Errors
    /// As `update`, and where the lengths differ.
    pub fn update_batch(&mut self, arms: &[u32], rewards: &[f64], times: &[f64]) -> Result<(), RangeError> {
        checks::length("rewards", rewards.len(), arms.len())?;
        checks::length("times", times.len(), arms.len())?;
        let observations = || arms.iter().zip(rewards).zip(times);
        for ((&arm, &reward), &time) in observations() {
            self.check_observation(arm as usize, reward, time)?;
        }
        for ((&arm, &reward), &time) in observations() {
            self.arms[arm as usize].add(reward, 1.0 - reward, time, self.half_life_ms);
        }
        Ok(())
    }

    /// Writes alpha and beta of each arm at `now`, prior included.
    ///
    /// # Errors
    /// On a time that is negative or not finite, and where `out` isn't two figures an arm.
    pub fn posteriors(&self, now: f64, out: &mut [f64]) -> Result<(), RangeError> {
        checks::finite("now", now, 0.0)?;
        checks::length("out", out.len(), 2 * self.size())?;
        for (out, arm) in out.as_chunks_mut::<2>().0.iter_mut().zip(&self.arms) {
            *out = arm.posterior(now, self.half_life_ms);
        }
        Ok(())
    }

    /// Writes as `posteriors` does, in a context.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn posteriors_in(&mut self, context: &[f64], now: f64, out: &mut [f64]) -> Result<(), RangeError> {
        checks::finite("now", now, 0.0)?;
        checks::length("out", out.len(), 2 * self.size())?;
        context::check(context, self.size(), context::COUNTED)?;
        self.refresh_posteriors(Strategy::Thompson, now);
        self.pool(context, now);
        out.copy_from_slice(self.posteriors.as_flattened());
        Ok(())
    }

    /// [version, size, then of each arm successes, failures, time and the figures of its window].
    #[must_use]
    pub fn snapshot(&self) -> Vec<f64> {
        arms_snapshot::write(&self.arms)
    }

    /// Replaces the statistics; an arm with illegal figures is reset to its prior. Returns the number of such arms.
    ///
    /// # Errors
    /// On another version or size.
    pub fn restore(&mut self, snapshot: &[f64]) -> Result<usize, RangeError> {
        arms_snapshot::restore(&mut self.arms, snapshot)
    }

    /// Adds the statistics of a snapshot: commutative and associative up to rounding.
    ///
    /// # Errors
    /// On another version or size, on illegal figures, and on a window of another length.
    pub fn merge(&mut self, snapshot: &[f64]) -> Result<(), RangeError> {
        arms_snapshot::merge(&mut self.arms, snapshot, self.half_life_ms)
    }

    /// One arm's [version, successes, failures, time, then the figures of its window].
    ///
    /// # Errors
    /// On an unknown arm.
    pub fn snapshot_arm(&self, arm: usize) -> Result<Vec<f64>, RangeError> {
        self.check_arm(arm)?;
        Ok(arms_snapshot::write_arm(&self.arms[arm]))
    }

    /// Replaces one arm's statistics; illegal figures reset it to its prior. Returns whether they were legal.
    ///
    /// # Errors
    /// On an unknown arm, another version or length.
    pub fn restore_arm(&mut self, arm: usize, snapshot: &[f64]) -> Result<bool, RangeError> {
        self.check_arm(arm)?;
        arms_snapshot::restore_arm(&mut self.arms[arm], snapshot)
    }

    #[inline]
    fn choose(
        &self,
        strategy: Strategy,
        explored: f64,
        seed: Seed,
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Option<usize> {
        for (arm, quality) in qualities.iter_mut().enumerate() {
            let eligible = weighing.is_eligible(arm);
            *quality = if eligible { self.index(strategy, explored, seed, arm) } else { f64::NAN };
        }
        weighing.best(qualities, |arm| self.arms[arm].hash)
    }

    #[inline]
    fn index(&self, strategy: Strategy, explored: f64, seed: Seed, arm: usize) -> f64 {
        let [a, b] = self.posteriors[arm];
        match strategy {
            Strategy::Thompson => beta(&mut RandomStream::new(seed, self.arms[arm].hash), a, b),
            Strategy::Ucb | Strategy::SlidingWindowUcb => {
                a / (a + b) + self.exploration * (explored / (a + b)).sqrt()
            }
            Strategy::KlUcb => kl_ucb::upper_bound(a / (a + b), a + b, explored),
            Strategy::Greedy => a / (a + b),
        }
    }

    /// The numerator of an exploration term: UCB's is 2 ln(plays), KL-UCB's ln(plays), with c = 0 as its paper recommends, the
    /// sliding window's xi ln(plays), over the plays within it. A prior counts as alpha + beta plays, so that with a weak
    /// prior and no forgetting this is UCB1 (Auer et al. 2002); with forgetting it is discounted UCB (Garivier & Moulines
    /// 2011) at xi = 1/2. The present play counts too: ln stays positive where everything was forgotten. An arm that the
    /// window holds nothing of has the bound of its prior, where that paper has none: the weaker the prior, the sooner it is
    /// tried.
    fn explored(&self, strategy: Strategy) -> f64 {
        let scale = match strategy {
            Strategy::Ucb => 2.0,
            Strategy::KlUcb => 1.0,
            Strategy::SlidingWindowUcb => XI,
            Strategy::Thompson | Strategy::Greedy => return 0.0,
        };
        let mut plays = 1.0;
        for figure in self.posteriors.as_flattened() {
            plays += figure;
        }
        scale * ln(plays)
    }

    #[inline]
    fn refresh_posteriors(&mut self, strategy: Strategy, now: f64) {
        let windowed = strategy == Strategy::SlidingWindowUcb;
        for (posterior, arm) in self.posteriors.iter_mut().zip(&self.arms) {
            *posterior =
                if windowed { arm.posterior_in_window(now) } else { arm.posterior(now, self.half_life_ms) };
        }
    }

    /// The posteriors of a context from those of its parent; without a context these stay.
    #[inline]
    fn pool(&mut self, context: &[f64], now: f64) {
        let arms = self.posteriors.iter_mut().zip(&self.arms);
        for ((posterior, arm), context) in arms.zip(context.as_chunks().0) {
            let prior = [arm.prior_alpha, arm.prior_beta];
            *posterior = context::posterior(*posterior, prior, context, now, self.half_life_ms);
        }
    }

    #[inline]
    fn check_observation(&self, arm: usize, reward: f64, now: f64) -> Result<(), RangeError> {
        self.check_arm(arm)?;
        checks::between("reward", reward, 0.0, 1.0)?;
        checks::finite("now", now, 0.0)
    }

    #[inline]
    fn check_arm(&self, arm: usize) -> Result<(), RangeError> {
        if arm < self.size() {
            return Ok(());
        }
        Err(RangeError::new(format!("arm must be an index below {}, found {arm}", self.size())))
    }
}
