//! A contextual bandit: each arm's quality is linear in a request's features. The TypeScript twin is
//! `libs/native/src/typescript/linear-bandit.ts`.
use crate::checks;
use crate::choice::Weighing;
use crate::common_prior::CommonPrior;
use crate::context;
use crate::linear_arm::{LinearArm, Regression, Workspace, are_legal, figure_count};
use crate::normal::normal;
use crate::random_stream::{RandomStream, Seed};
use crate::range_error::RangeError;
use crate::strategy::Strategy;

pub const DIMENSION_MAX: usize = 256;
const RIDGE_MIN: f64 = 1e-6;
const RIDGE_MAX: f64 = 1e9;
const NOISE_MIN: f64 = 1e-6;
/// Observations that the spread of targets is believed for before any was observed.
const NOISE_STRENGTH: f64 = 5.0;
const TARGET_MAX: f64 = 1e6;
/// Features and weights beyond would leave nothing of the others in a double.
const FEATURE_MAX: f64 = 1e3;
const WEIGHT_MAX: f64 = 1e3;
/// Observations between two times that what arms have in common is learned.
const SETTLE_EVERY: u32 = 32;
/// The ridge follows the spread of targets when it is off by this factor.
const RIDGE_SLACK: f64 = 1.25;
const VERSION: f64 = 1.0;
const HEADER: usize = 2;

/// How a bandit learns and explores.
#[derive(Debug, Clone, Copy)]
pub struct LinearOptions {
    /// Length of a feature vector, of which the first is 1.
    pub dimension: usize,
    /// Observations that the prior of the bias counts for.
    pub bias_ridge: f64,
    /// What the prior of an arm's other coefficients counts for, where single targets spread by `noise`: they are expected
    /// within `noise / sqrt(ridge)` of those that all arms share, whatever the spread turns out to be.
    pub ridge: f64,
    /// The same of the coefficients that all arms share, which are expected around 0.
    pub common_ridge: f64,
    /// Milliseconds after which an observation counts half; infinity never forgets.
    pub half_life_ms: f64,
    /// The spread of a single target before any was observed; then it is learned.
    pub noise: f64,
    /// Scales the deviation of an arm's expected quality: at 1 `Thompson` is linear Thompson sampling (Agrawal & Goyal
    /// 2013); for `Ucb` it is the alpha of `LinUCB` (Li et al. 2010).
    pub exploration: f64,
    /// Deviations that surprises must add up to before an arm counts as changed; infinity: it never does. At 8 a fall by two
    /// deviations is noticed after some six observations, and noise alone is hardly ever taken for one.
    pub change_threshold: f64,
}

/// How the index of an arm follows from its expectation: `radius` scales the deviation.
#[derive(Debug, Clone, Copy)]
struct Rule {
    strategy: Strategy,
    radius: f64,
}

/// Arms are indices in the order of `add_arm`. Times are milliseconds of one clock, not negative. An error means that
/// nothing was changed.
#[derive(Debug, Clone)]
pub struct LinearBandit {
    options: LinearOptions,
    regression: Regression,
    arms: Vec<LinearArm>,
    common: CommonPrior,
    since_settled: u32,
    /// Whether statistics were replaced since the arms were settled: once for all of them, before the next use.
    replaced: bool,
    workspace: Workspace,
}

impl LinearBandit {
    /// # Errors
    /// On a dimension of 0 or above 256, a ridge outside [1e-6, 1e9], a half-life below 1, a noise outside [1e-6, 1e6],
    /// an exploration that is negative or not finite, a change threshold below 1.
    pub fn new(options: LinearOptions) -> Result<Self, RangeError> {
        let LinearOptions {
            dimension,
            bias_ridge,
            ridge,
            common_ridge,
            half_life_ms,
            noise,
            exploration,
            ..
        } = options;
        if !(1..=DIMENSION_MAX).contains(&dimension) {
            return Err(RangeError::new(format!(
                "dimension must be an integer from 1 to {DIMENSION_MAX}, found {dimension}"
            )));
        }
        checks::between("biasRidge", bias_ridge, RIDGE_MIN, RIDGE_MAX)?;
        checks::between("ridge", ridge, RIDGE_MIN, RIDGE_MAX)?;
        checks::between("commonRidge", common_ridge, RIDGE_MIN, RIDGE_MAX)?;
        checks::half_life("halfLifeMs", half_life_ms)?;
        checks::between("noise", noise, NOISE_MIN, TARGET_MAX)?;
        checks::finite("exploration", exploration, 0.0)?;
        checks::half_life("changeThreshold", options.change_threshold)?;
        let common = vec![0.0; dimension];
        Ok(Self {
            options,
            regression: Regression { dimension, bias_ridge, ridge, half_life_ms, common },
            arms: Vec::new(),
            common: CommonPrior::new(dimension),
            since_settled: 0,
            replaced: false,
            workspace: Workspace::new(dimension),
        })
    }

    #[must_use]
    pub fn size(&self) -> usize {
        self.arms.len()
    }

    /// Adds an arm whose target is expected to be `prior` before any was observed, and returns its index.
    ///
    /// # Errors
    /// On a prior beyond 1e6.
    pub fn add_arm(&mut self, hash: u32, prior: f64) -> Result<usize, RangeError> {
        checks::between("prior", prior, -TARGET_MAX, TARGET_MAX)?;
        self.arms.push(LinearArm::new(&self.regression, hash, prior));
        Ok(self.arms.len() - 1)
    }

    /// Chooses as `Bandit::select` does, for a request with the features `x`.
    ///
    /// # Errors
    /// As there, on `KlUcb` and `SlidingWindowUcb`, which know no features, and on features that are not finite or beyond 1e3.
    pub fn select(
        &mut self,
        strategy: Strategy,
        seed: Seed,
        x: &[f64],
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Result<Option<usize>, RangeError> {
        self.select_in(&[], strategy, seed, x, weighing, qualities)
    }

    /// Chooses as `select` does, in a context: its intercepts are added to the expectations, and their variances to those.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn select_in(
        &mut self,
        context: &[f64],
        strategy: Strategy,
        seed: Seed,
        x: &[f64],
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Result<Option<usize>, RangeError> {
        check_strategy(strategy)?;
        weighing.check(self.size())?;
        check_features("x", x, self.regression.dimension)?;
        checks::length("qualities", qualities.len(), self.size())?;
        context::check(context, self.size(), context::SIGNED)?;
        self.advance(weighing.now);
        let radius = self.options.exploration * self.spread();
        Ok(self.choose(context, Rule { strategy, radius }, seed, x, weighing, qualities))
    }

    /// One decision for each element of `chosen` against one state, as `select` takes them; the k-th has the k-th row of
    /// `features`, which are row-major, and the words `seeds[2k], seeds[2k + 1]`. Writes the index of each decision, or -1.
    ///
    /// # Errors
    /// As `select`, and where there aren't two seed words and a row of features a decision.
    #[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "nobody has 2^31 arms")]
    pub fn select_batch(
        &mut self,
        strategy: Strategy,
        seeds: &[u32],
        features: &[f64],
        weighing: Weighing,
        chosen: &mut [i32],
    ) -> Result<(), RangeError> {
        check_strategy(strategy)?;
        weighing.check(self.size())?;
        let dimension = self.regression.dimension;
        check_features("features", features, dimension * chosen.len())?;
        checks::length("seeds", seeds.len(), 2 * chosen.len())?;
        self.advance(weighing.now);
        let radius = self.options.exploration * self.spread();
        let mut qualities = vec![0.0; self.size()];
        let rule = Rule { strategy, radius };
        let rows = features.chunks_exact(dimension);
        for ((chosen, seed), x) in chosen.iter_mut().zip(seeds.as_chunks::<2>().0).zip(rows) {
            let arm = self.choose(&[], rule, *seed, x, weighing, &mut qualities);
            *chosen = arm.map_or(-1, |arm| arm as i32);
        }
        Ok(())
    }

    /// Writes each arm's expected target, and the deviation of that expectation.
    ///
    /// # Errors
    /// On a time that is negative or not finite, illegal features, a wrong length.
    pub fn estimate(
        &mut self,
        now: f64,
        x: &[f64],
        means: &mut [f64],
        deviations: &mut [f64],
    ) -> Result<(), RangeError> {
        self.estimate_in(&[], now, x, means, deviations)
    }

    /// Writes as `estimate` does, in a context.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn estimate_in(
        &mut self,
        context: &[f64],
        now: f64,
        x: &[f64],
        means: &mut [f64],
        deviations: &mut [f64],
    ) -> Result<(), RangeError> {
        checks::finite("now", now, 0.0)?;
        check_features("x", x, self.regression.dimension)?;
        checks::length("means", means.len(), self.size())?;
        checks::length("deviations", deviations.len(), self.size())?;
        context::check(context, self.size(), context::SIGNED)?;
        self.advance(now);
        let spread = self.spread();
        for (index, arm) in self.arms.iter().enumerate() {
            let [offset, unsure] = self.intercept(context, index, now);
            means[index] = arm.mean(x) + offset;
            deviations[index] = spread * (arm.variance(x, &mut self.workspace) + unsure).sqrt();
        }
        Ok(())
    }

    /// Learns a target of an arm, observed at `now`, that counts for `weight` others.
    ///
    /// # Errors
    /// On an unknown arm, illegal features, a target beyond 1e6, a weight that is not in (0, 1e3], an illegal time.
    pub fn update(
        &mut self,
        arm: usize,
        x: &[f64],
        target: f64,
        weight: f64,
        now: f64,
    ) -> Result<(), RangeError> {
        self.update_in(&mut [], arm, x, target, weight, now)
    }

    /// Learns as `update` does, and writes into a context what the target exceeded its expectation by.
    ///
    /// # Errors
    /// As there, and on a context of another length or with illegal figures.
    pub fn update_in(
        &mut self,
        context: &mut [f64],
        arm: usize,
        x: &[f64],
        target: f64,
        weight: f64,
        now: f64,
    ) -> Result<(), RangeError> {
        self.check_arm(arm)?;
        check_features("x", x, self.regression.dimension)?;
        checks::between("target", target, -TARGET_MAX, TARGET_MAX)?;
        checks::between("weight", weight, f64::MIN_POSITIVE, WEIGHT_MAX)?;
        checks::finite("now", now, 0.0)?;
        context::check(context, self.size(), context::SIGNED)?;
        self.advance(now);
        let spread = self.spread();
        let threshold = self.options.change_threshold;
        let (regression, workspace) = (&self.regression, &mut self.workspace);
        if self.arms[arm].forget_if_changed(x, target, spread, threshold, regression, workspace) {
            self.settle_exactly();
        }
        if let Some(context) = context.as_chunks_mut().0.get_mut(arm) {
            let excess = target - self.arms[arm].mean(x);
            context::add(context, weight, weight * excess, now, self.options.half_life_ms);
        }
        self.arms[arm].add(x, target, weight, now, &self.regression, &mut self.workspace);
        self.since_settled += 1;
        if self.follow_spread(RIDGE_SLACK) || self.since_settled >= SETTLE_EVERY {
            self.settle();
        }
        Ok(())
    }

    /// How many times since it was added an arm was found changed; not in its snapshot.
    ///
    /// # Errors
    /// On an unknown arm.
    pub fn changes(&self, arm: usize) -> Result<u32, RangeError> {
        self.check_arm(arm)?;
        Ok(self.arms[arm].changes())
    }

    /// One arm's [version, dimension, epoch, weight, squares, moment, lower triangle of the gram matrix]: additive.
    ///
    /// # Errors
    /// On an unknown arm.
    #[expect(clippy::cast_precision_loss, reason = "at most 256")]
    pub fn snapshot_arm(&self, arm: usize) -> Result<Vec<f64>, RangeError> {
        self.check_arm(arm)?;
        let header = [VERSION, self.options.dimension as f64];
        Ok(header.into_iter().chain(self.arms[arm].figures()).collect())
    }

    /// Replaces one arm's statistics, and lets it watch for changes from where it was; illegal figures reset both. Returns
    /// whether they were legal.
    ///
    /// # Errors
    /// On an unknown arm, another version or dimension.
    pub fn restore_arm(&mut self, arm: usize, snapshot: &[f64]) -> Result<bool, RangeError> {
        self.check_arm(arm)?;
        self.check_snapshot(snapshot)?;
        let legal = self.arms[arm].read(&snapshot[HEADER..], &self.regression, &mut self.workspace);
        self.replaced = true;
        Ok(legal)
    }

    /// Adds the statistics of a snapshot to an arm's own: commutative and associative up to rounding.
    ///
    /// # Errors
    /// On an unknown arm, another version or dimension, and on illegal figures.
    pub fn merge_arm(&mut self, arm: usize, snapshot: &[f64]) -> Result<(), RangeError> {
        self.check_arm(arm)?;
        self.check_snapshot(snapshot)?;
        if !are_legal(&snapshot[HEADER..], self.regression.dimension) {
            return Err(RangeError::new(format!(
                "snapshot has illegal figures for arm {arm}: nothing is merged"
            )));
        }
        self.arms[arm].merge(&snapshot[HEADER..], &self.regression, &mut self.workspace);
        self.replaced = true;
        Ok(())
    }

    /// What a context adds to an arm's expectation, and to its variance; nothing where there is no context.
    #[inline]
    fn intercept(&self, context: &[f64], arm: usize, now: f64) -> [f64; 2] {
        let figures = context.as_chunks().0.get(arm);
        figures.map_or([0.0; 2], |figures| context::intercept(figures, now, self.options.half_life_ms))
    }

    #[inline]
    fn choose(
        &mut self,
        context: &[f64],
        Rule { strategy, radius }: Rule,
        seed: Seed,
        x: &[f64],
        weighing: Weighing,
        qualities: &mut [f64],
    ) -> Option<usize> {
        for (index, arm) in self.arms.iter().enumerate() {
            qualities[index] = f64::NAN;
            if !weighing.is_eligible(index) {
                continue;
            }
            let [offset, unsure] = self.intercept(context, index, weighing.now);
            let mean = arm.mean(x) + offset;
            qualities[index] = match strategy {
                Strategy::Greedy | Strategy::KlUcb | Strategy::SlidingWindowUcb => mean,
                Strategy::Ucb => mean + radius * (arm.variance(x, &mut self.workspace) + unsure).sqrt(),
                Strategy::Thompson => {
                    let draw = normal(&mut RandomStream::new(seed, arm.hash));
                    mean + radius * (arm.variance(x, &mut self.workspace) + unsure).sqrt() * draw
                }
            };
        }
        weighing.best(qualities, |arm| self.arms[arm].hash)
    }

    #[inline]
    fn advance(&mut self, now: f64) {
        let mut moved = self.replaced;
        for arm in &mut self.arms {
            moved |= arm.advance(now, &self.regression, &mut self.workspace);
        }
        if moved {
            self.settle_exactly();
        }
    }

    /// A prior says how far coefficients lie from where they are expected: the noisier the targets, the more of them it
    /// counts for. Within `slack` it stays. Returns whether the ridge changed.
    #[inline]
    fn follow_spread(&mut self, slack: f64) -> bool {
        let noise = self.spread() / self.options.noise;
        let ridge = (self.options.ridge * noise * noise).clamp(RIDGE_MIN, RIDGE_MAX);
        if ridge <= slack * self.regression.ridge && slack * ridge >= self.regression.ridge {
            return false;
        }
        self.regression.ridge = ridge;
        for arm in &mut self.arms {
            arm.rebuild(&self.regression, &mut self.workspace);
        }
        true
    }

    /// So that the same statistics mean the same, however they came about.
    fn settle_exactly(&mut self) {
        self.replaced = false;
        self.follow_spread(1.0);
        self.settle();
    }

    /// Learns what the arms have in common, and expects it of each.
    fn settle(&mut self) {
        self.since_settled = 0;
        let ridge = self.options.common_ridge * self.regression.ridge / self.options.ridge;
        self.common.learn(&self.arms, ridge, &mut self.regression);
        for arm in &mut self.arms {
            arm.solve(&self.regression, &mut self.workspace);
        }
    }

    /// The spread of single targets around their expectation, pooled over the arms.
    #[inline]
    fn spread(&self) -> f64 {
        let mut weight = NOISE_STRENGTH;
        let mut squares = NOISE_STRENGTH * self.options.noise * self.options.noise;
        for arm in &self.arms {
            let [of_arm, squares_of_arm] = arm.errors();
            weight += of_arm;
            squares += squares_of_arm;
        }
        (squares / weight).sqrt()
    }

    #[inline]
    fn check_arm(&self, arm: usize) -> Result<(), RangeError> {
        if arm < self.size() {
            return Ok(());
        }
        Err(RangeError::new(format!("arm must be an index below {}, found {arm}", self.size())))
    }

    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "an integer in a double")]
    fn check_snapshot(&self, snapshot: &[f64]) -> Result<(), RangeError> {
        let dimension = self.options.dimension;
        checks::length("snapshot", snapshot.len(), HEADER + figure_count(dimension))?;
        if snapshot[0] == VERSION && snapshot[1] == dimension as f64 {
            return Ok(());
        }
        let (version, found) = (checks::Number(snapshot[0]), checks::Number(snapshot[1]));
        Err(RangeError::new(format!(
            "snapshot must be of version {VERSION} and dimension {dimension}, found {version} and {found}"
        )))
    }
}

fn check_strategy(strategy: Strategy) -> Result<(), RangeError> {
    let found = match strategy {
        Strategy::KlUcb => "klucb",
        Strategy::SlidingWindowUcb => "swucb",
        Strategy::Thompson | Strategy::Ucb | Strategy::Greedy => return Ok(()),
    };
    Err(RangeError::new(format!("strategy must be thompson, ucb or greedy, found {found}")))
}

#[inline]
fn check_features(name: &str, features: &[f64], length: usize) -> Result<(), RangeError> {
    checks::length(name, features.len(), length)?;
    match features.iter().position(|value| !(-FEATURE_MAX..=FEATURE_MAX).contains(value)) {
        None => Ok(()),
        Some(k) => Err(RangeError::new(format!(
            "{name}[{k}] must be a number from -1000 to 1000, found {}",
            checks::Number(features[k])
        ))),
    }
}
