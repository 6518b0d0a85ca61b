//! What arms have in common, learned from all of them: a hierarchical prior (Lindley & Smith 1972). The TypeScript twin is
//! `libs/native/src/typescript/common-prior.ts`.
//!
//! An arm's coefficients are those that all arms share and its own deviation from them. With an arm's precision A = S + R and
//! moment b, and its deviation integrated out, it tells of the shared ones with the precision R - R A^-1 R and the moment
//! R A^-1 b: both come from statistics that are additive, so replicas that merge agree. The bias is not shared: an arm that
//! nobody tried is expected at its own prior, so that it is tried. That prior is a device and no knowledge. So the bias is
//! integrated out as if nothing had been expected of it: otherwise all that arms fall short of it would be put down to the
//! features that every request has, and others would be expected to fall short before they were tried.
use crate::cholesky;
use crate::lanes::multiply;
use crate::linear_arm::{LinearArm, Regression};

/// Of the bias's ridge: a rest stays, so that an arm with hardly any evidence leaves nothing to divide by zero.
const FREED: f64 = 0.999;

/// Scratch for learning what is shared.
#[derive(Debug, Clone)]
pub struct CommonPrior {
    precision: Vec<f64>,
    lower: Vec<f64>,
    moment: Vec<f64>,
    own: Vec<f64>,
}

impl CommonPrior {
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self {
            precision: vec![0.0; dimension * dimension],
            lower: vec![0.0; dimension * dimension],
            moment: vec![0.0; dimension],
            own: vec![0.0; dimension],
        }
    }

    /// Writes the shared coefficients into `regression.common`; `ridge` is what their own prior, 0, counts for.
    pub fn learn(&mut self, arms: &[LinearArm], ridge: f64, regression: &mut Regression) {
        let d = regression.dimension;
        self.precision.fill(0.0);
        self.moment.fill(0.0);
        for k in 0..d {
            self.precision[k * d + k] = ridge;
        }
        for arm in arms.iter().filter(|arm| arm.has_evidence()) {
            self.add(arm, regression);
        }
        cholesky::invert(&mut self.precision, &mut self.lower, d);
        multiply(&self.precision, &self.moment, &mut regression.common);
    }

    fn add(&mut self, arm: &LinearArm, regression: &Regression) {
        let d = regression.dimension;
        let ridge = regression.ridge;
        let inverse = arm.inverse();
        arm.own_coefficients(&mut self.own);
        // The bias's ridge is taken away by Sherman and Morrison's formula (1950); row 0 is how the bias varies with the others.
        let freed = FREED * regression.bias_ridge;
        let factor = freed / (1.0 - freed * inverse[0]);
        let level = &inverse[..d];
        let own_level = factor * self.own[0];
        for row in 1..d {
            self.moment[row] += ridge * (self.own[row] + own_level * level[row]);
            self.precision[row * d + row] += ridge;
            let of_level = factor * level[row];
            let range = row * d + 1..(row + 1) * d;
            let covariances = inverse[range.clone()].iter().zip(&level[1..]);
            for (precision, (inverse, level)) in self.precision[range].iter_mut().zip(covariances) {
                *precision -= ridge * ridge * (inverse + of_level * level);
            }
        }
    }
}
