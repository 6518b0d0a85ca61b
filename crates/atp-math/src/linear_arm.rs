//! Ridge regression of one arm's target on a request's features, with forgetting by time: additive sufficient statistics,
//! and from them the cached inverse and coefficients. The TypeScript twin is `libs/native/src/typescript/linear-arm.ts`.
//!
//! The precision is A = S + R, where S is the decayed sum of x x' and R the ridge, which does not decay: with a ridge that
//! fades, directions that nobody visits would grow ever more uncertain. A^-1 follows each observation by Sherman and
//! Morrison's formula (1950) and is rebuilt by Cholesky's decomposition now and then, so that rounding does not add up.
use crate::change_watch::ChangeWatch;
use crate::cholesky;
use crate::elementary::pow2;
use crate::lanes::{dot, multiply};

/// Observations after which the inverse is rebuilt from the statistics.
const REBUILD_EVERY: u32 = 256;
/// Statistics are brought forward in steps of this share of a half-life: between two steps evidence that comes later
/// weighs more instead, which changes nothing but how much the ridge weighs beside it, by 7% at most.
const STEP: f64 = 0.1;
/// Before so many observations nobody can say what is usual.
const ENOUGH_TO_WATCH: f64 = 20.0;
/// Share of the evidence that is kept at a change: so little that what comes now soon outweighs it.
pub const KEPT_AT_CHANGE: f64 = 0.05;

/// Epoch, weight and squares come first among an arm's figures.
const SCALARS: usize = 3;

/// How the arms of a bandit learn.
#[derive(Debug, Clone)]
pub struct Regression {
    /// Length of a feature vector.
    pub dimension: usize,
    /// What is on the diagonal of the ridge: for the first feature, which is the bias, and for each other.
    pub bias_ridge: f64,
    pub ridge: f64,
    /// At least 1; infinity never forgets.
    pub half_life_ms: f64,
    /// Coefficients that an arm is expected to have before it was observed; 0 for the bias.
    pub common: Vec<f64>,
}

impl Regression {
    fn ridge_of(&self, feature: usize) -> f64 {
        if feature == 0 { self.bias_ridge } else { self.ridge }
    }
}

/// Scratch for one arm at a time.
#[derive(Debug, Clone)]
pub struct Workspace {
    gain: Vec<f64>,
    moment: Vec<f64>,
    lower: Vec<f64>,
}

impl Workspace {
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self {
            gain: vec![0.0; dimension],
            moment: vec![0.0; dimension],
            lower: vec![0.0; dimension * dimension],
        }
    }
}

#[derive(Debug, Clone)]
pub struct LinearArm {
    pub hash: u32,
    /// The target that is expected whatever the features, before any was observed.
    prior: f64,
    /// Milliseconds: the statistics weigh evidence as of this time.
    epoch: f64,
    /// Sum of weights.
    weight: f64,
    /// Sum of what the targets missed their expectation by, squared, each relative to how unsure the expectation was.
    squares: f64,
    /// Sum of x times what the target exceeds the prior by.
    moment: Vec<f64>,
    /// Sum of x x', whole.
    gram: Vec<f64>,
    /// (S + R)^-1, whole.
    inverse: Vec<f64>,
    coefficients: Vec<f64>,
    since_rebuild: u32,
    watch: ChangeWatch,
    /// Times that the arm was found changed, since it was created.
    changes: u32,
}

impl LinearArm {
    #[must_use]
    pub fn new(regression: &Regression, hash: u32, prior: f64) -> Self {
        let d = regression.dimension;
        let mut arm = Self {
            hash,
            prior,
            epoch: 0.0,
            weight: 0.0,
            squares: 0.0,
            moment: vec![0.0; d],
            gram: vec![0.0; d * d],
            inverse: vec![0.0; d * d],
            coefficients: vec![0.0; d],
            since_rebuild: 0,
            watch: ChangeWatch::default(),
            changes: 0,
        };
        arm.forget(regression);
        arm
    }

    /// Brings the statistics forward to `now`, where it is a step or more after their epoch. Returns whether anything faded.
    #[inline]
    pub fn advance(&mut self, now: f64, regression: &Regression, workspace: &mut Workspace) -> bool {
        let step = STEP * regression.half_life_ms;
        if step == f64::INFINITY || now - self.epoch < step {
            return false;
        }
        let epoch = (now / step).floor() * step;
        if epoch <= self.epoch {
            return false;
        }
        let kept = pow2((self.epoch - epoch) / regression.half_life_ms);
        self.epoch = epoch;
        if self.weight == 0.0 {
            return false;
        }
        self.scale(kept);
        self.rebuild(regression, workspace);
        true
    }

    /// The expected target.
    #[must_use]
    #[inline]
    pub fn mean(&self, x: &[f64]) -> f64 {
        self.prior + dot(&self.coefficients, x)
    }

    /// The coefficients that follow from the statistics and what is expected of all arms: A^-1 (b + R common).
    pub fn solve(&mut self, regression: &Regression, workspace: &mut Workspace) {
        for (k, expected) in workspace.moment.iter_mut().enumerate() {
            *expected = self.moment[k] + regression.ridge_of(k) * regression.common[k];
        }
        multiply(&self.inverse, &workspace.moment, &mut self.coefficients);
    }

    /// Writes what the coefficients would be if nothing were known of other arms: A^-1 b.
    pub fn own_coefficients(&self, out: &mut [f64]) {
        multiply(&self.inverse, &self.moment, out);
    }

    #[must_use]
    pub fn inverse(&self) -> &[f64] {
        &self.inverse
    }

    #[must_use]
    pub fn has_evidence(&self) -> bool {
        self.weight > 0.0
    }

    #[must_use]
    pub fn changes(&self) -> u32 {
        self.changes
    }

    /// Sums for the spread of single targets: of weights, and of squared errors.
    #[must_use]
    #[inline]
    pub fn errors(&self) -> [f64; 2] {
        [self.weight, self.squares]
    }

    /// x' A^-1 x: the variance of the expected target where a target's own is 1.
    #[inline]
    pub fn variance(&self, x: &[f64], workspace: &mut Workspace) -> f64 {
        multiply(&self.inverse, x, &mut workspace.gain);
        dot(x, &workspace.gain).max(0.0)
    }

    /// Before a target is learned: where targets have long been off by more than their `spread` explains, what the arm was is
    /// forgotten but for a rest. Returns whether it was.
    pub fn forget_if_changed(
        &mut self,
        x: &[f64],
        target: f64,
        spread: f64,
        threshold: f64,
        regression: &Regression,
        workspace: &mut Workspace,
    ) -> bool {
        if self.weight < ENOUGH_TO_WATCH {
            return false;
        }
        let surprise = (target - self.mean(x)) / (spread * (1.0 + self.variance(x, workspace)).sqrt());
        if !self.watch.notices(surprise, threshold) {
            return false;
        }
        self.changes += 1;
        self.scale(KEPT_AT_CHANGE);
        self.rebuild(regression, workspace);
        true
    }

    /// Learns a target, observed at `now`, to which it was advanced; `weight` is what it counts for beside others.
    pub fn add(
        &mut self,
        x: &[f64],
        target: f64,
        weight: f64,
        now: f64,
        regression: &Regression,
        workspace: &mut Workspace,
    ) {
        let weight = weight * pow2((now.max(self.epoch) - self.epoch) / regression.half_life_ms);
        let excess = target - self.prior;
        let gain = &mut workspace.gain;
        multiply(&self.inverse, x, gain);
        let variance = dot(x, gain).max(0.0);
        let shrink = weight / (1.0 + weight * variance);
        let error = excess - dot(&self.coefficients, x);
        let correction = shrink * error;
        self.squares = (self.squares + weight * error * error / (1.0 + variance)).min(FIGURE_MAX);
        let d = regression.dimension;
        for row in 0..d {
            let (moved, seen) = (shrink * gain[row], weight * x[row]);
            self.coefficients[row] += correction * gain[row];
            self.moment[row] += seen * excess;
            let range = row * d..(row + 1) * d;
            for (inverse, gain) in self.inverse[range.clone()].iter_mut().zip(gain.iter()) {
                *inverse -= moved * gain;
            }
            for (gram, x) in self.gram[range].iter_mut().zip(x) {
                *gram += seen * x;
            }
        }
        self.weight += weight;
        self.since_rebuild += 1;
        if self.since_rebuild >= REBUILD_EVERY {
            self.rebuild(regression, workspace);
        }
    }

    /// [epoch, weight, squares, moment, the lower triangle of the gram matrix row by row].
    #[must_use]
    pub fn figures(&self) -> Vec<f64> {
        let d = self.moment.len();
        let mut figures = Vec::with_capacity(figure_count(d));
        figures.extend([self.epoch, self.weight, self.squares]);
        figures.extend(&self.moment);
        for row in 0..d {
            figures.extend(&self.gram[row * d..=row * d + row]);
        }
        figures
    }

    /// Takes the figures over, or forgets everything where they are illegal. Returns whether they were legal. Legal ones leave
    /// the watch as it is: a replica that adopts what all have learned goes on summing its own surprises.
    pub fn read(&mut self, figures: &[f64], regression: &Regression, workspace: &mut Workspace) -> bool {
        self.forget(regression);
        let legal = are_legal(figures, regression.dimension);
        if legal {
            self.epoch = figures[0];
            self.add_figures(figures, 1.0);
            self.rebuild(regression, workspace);
        } else {
            self.watch = ChangeWatch::default();
        }
        legal
    }

    /// Adds another replica's figures of the same arm, both brought to the later of the two epochs. They must be legal.
    pub fn merge(&mut self, figures: &[f64], regression: &Regression, workspace: &mut Workspace) {
        let later = self.epoch.max(figures[0]);
        self.scale(pow2((self.epoch - later) / regression.half_life_ms));
        self.add_figures(figures, pow2((figures[0] - later) / regression.half_life_ms));
        self.epoch = later;
        self.rebuild(regression, workspace);
    }

    fn add_figures(&mut self, figures: &[f64], scale: f64) {
        let d = self.moment.len();
        self.weight += figures[1] * scale;
        self.squares += figures[2] * scale;
        for (moment, figure) in self.moment.iter_mut().zip(&figures[SCALARS..]) {
            *moment += figure * scale;
        }
        let mut triangle = figures[SCALARS + d..].iter();
        for row in 0..d {
            for column in 0..=row {
                let Some(figure) = triangle.next() else { return };
                self.gram[row * d + column] += figure * scale;
                self.gram[column * d + row] = self.gram[row * d + column];
            }
        }
    }

    fn scale(&mut self, factor: f64) {
        self.weight *= factor;
        self.squares *= factor;
        for figure in self.moment.iter_mut().chain(&mut self.gram) {
            *figure *= factor;
        }
    }

    /// The statistics, but not what the watch has summed.
    fn forget(&mut self, regression: &Regression) {
        self.epoch = 0.0;
        self.weight = 0.0;
        self.squares = 0.0;
        self.since_rebuild = 0;
        for figures in [&mut self.moment, &mut self.gram, &mut self.inverse] {
            figures.fill(0.0);
        }
        self.coefficients.copy_from_slice(&regression.common);
        let d = regression.dimension;
        for k in 0..d {
            self.inverse[k * d + k] = 1.0 / regression.ridge_of(k);
        }
    }

    /// Anew from the statistics: rounding is forgotten, and another ridge holds.
    pub fn rebuild(&mut self, regression: &Regression, workspace: &mut Workspace) {
        let d = regression.dimension;
        self.inverse.copy_from_slice(&self.gram);
        for k in 0..d {
            self.inverse[k * d + k] += regression.ridge_of(k);
        }
        cholesky::invert(&mut self.inverse, &mut workspace.lower, d);
        self.solve(regression, workspace);
        self.since_rebuild = 0;
    }
}

/// Figures that an arm of this dimension takes in a snapshot.
#[must_use]
pub fn figure_count(dimension: usize) -> usize {
    SCALARS + dimension + dimension * (dimension + 1) / 2
}

/// Whether they can be an arm's: finite, and a sum of squares nowhere negative.
#[must_use]
pub fn are_legal(figures: &[f64], dimension: usize) -> bool {
    let finite = figures.iter().all(|figure| figure.abs() <= FIGURE_MAX);
    let diagonal = |row: usize| figures[SCALARS + dimension + row * (row + 3) / 2];
    finite
        && figures[..SCALARS].iter().all(|figure| *figure >= 0.0)
        && (0..dimension).all(|row| diagonal(row) >= 0.0)
}

/// No sum of legal observations comes near.
const FIGURE_MAX: f64 = 1e30;
