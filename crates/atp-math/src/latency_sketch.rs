//! Decayed latency quantiles: logarithmic buckets (`DDSketch`, Masson et al. 2019) under forward decay (Cormode et al.
//! 2009): a value seen at t weighs 2^((t - landmark) / halfLife), and the landmark moves before weights grow past 2^20.
use crate::checks;
use crate::elementary::{ln, pow2};
use crate::range_error::RangeError;

const SNAPSHOT_VERSION: f64 = 1.0;
/// [version, latest time, landmark, first bucket], before the weights.
const HEADER: usize = 4;
const VALUE_MIN: f64 = 0.1;
const VALUE_MAX: f64 = 3_600_000.0;
const ACCURACY: f64 = 0.01;
const GROWTH: f64 = (1.0 + ACCURACY) / (1.0 - ACCURACY);
const LN_GROWTH: f64 = ln(GROWTH);
const FIRST_INDEX: f64 = (ln(VALUE_MIN) / LN_GROWTH).ceil();
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "about 870")]
const BUCKETS: usize = ((ln(VALUE_MAX) / LN_GROWTH).ceil() - FIRST_INDEX) as usize + 1;
/// `2^(i * LOG2_GROWTH)` is the upper bound of the bucket of index i.
const LOG2_GROWTH: f64 = LN_GROWTH / ln(2.0);
const REBASE_HALF_LIVES: f64 = 20.0;
const WEIGHT_MAX: f64 = 1e21;

/// Quantiles with 1% relative error of values from 0.1 ms to an hour, recent ones weighing more. Additive.
#[derive(Debug, Clone)]
pub struct LatencySketch {
    half_life_ms: f64,
    weights: Vec<f64>,
    total: f64,
    latest: f64,
    landmark: f64,
}

impl LatencySketch {
    /// # Errors
    /// On a half-life below 1.
    pub fn new(half_life_ms: f64) -> Result<Self, RangeError> {
        checks::half_life("halfLifeMs", half_life_ms)?;
        Ok(Self { half_life_ms, weights: vec![0.0; BUCKETS], total: 0.0, latest: 0.0, landmark: 0.0 })
    }

    /// Adds a value in milliseconds, clamped to [0.1, 3,600,000], seen at `now`; an earlier time than the latest counts
    /// as the latest.
    ///
    /// # Errors
    /// On a value or time that is negative or not finite.
    #[inline]
    pub fn record(&mut self, value_ms: f64, now: f64) -> Result<(), RangeError> {
        checks::finite("valueMs", value_ms, 0.0)?;
        checks::finite("now", now, 0.0)?;
        self.move_to(now);
        let weight = pow2((self.latest - self.landmark) / self.half_life_ms);
        self.weights[bucket_of(value_ms)] += weight;
        self.total += weight;
        Ok(())
    }

    /// The q-quantile; NaN where nothing was recorded.
    ///
    /// # Errors
    /// On a q outside [0, 1].
    pub fn quantile(&self, q: f64) -> Result<f64, RangeError> {
        checks::between("q", q, 0.0, 1.0)?;
        let rank = q * self.total;
        let mut sum = 0.0;
        let mut last = None;
        for (bucket, weight) in self.weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            sum += weight;
            last = Some(bucket);
            if sum >= rank {
                break;
            }
        }
        Ok(last.map_or(f64::NAN, centre_of))
    }

    /// The decayed number of values at `now`.
    ///
    /// # Errors
    /// On a time that is negative or not finite.
    pub fn count(&self, now: f64) -> Result<f64, RangeError> {
        checks::finite("now", now, 0.0)?;
        Ok(self.total * pow2((self.landmark - now.max(self.latest)) / self.half_life_ms))
    }

    /// [version, latest time, landmark, first bucket, then the weights from the first to the last used bucket].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "about 870 buckets")]
    pub fn snapshot(&self) -> Vec<f64> {
        let used = |weight: &f64| *weight > 0.0;
        let start = self.weights.iter().position(used).unwrap_or(0);
        let end = self.weights.iter().rposition(used).map_or(0, |last| last + 1);
        let header = [SNAPSHOT_VERSION, self.latest, self.landmark, start as f64];
        header.iter().chain(&self.weights[start..end]).copied().collect()
    }

    /// Replaces everything.
    ///
    /// # Errors
    /// On another version, and on illegal figures.
    pub fn restore(&mut self, snapshot: &[f64]) -> Result<(), RangeError> {
        let first = check_snapshot(snapshot)?;
        let weights = &snapshot[HEADER..];
        self.weights.fill(0.0);
        self.weights[first..first + weights.len()].copy_from_slice(weights);
        self.latest = snapshot[1];
        self.landmark = snapshot[2];
        self.sum();
        Ok(())
    }

    /// Adds the values of a snapshot: commutative and associative up to rounding.
    ///
    /// # Errors
    /// On another version, and on illegal figures.
    pub fn merge(&mut self, snapshot: &[f64]) -> Result<(), RangeError> {
        let first = check_snapshot(snapshot)?;
        let weights = &snapshot[HEADER..];
        if weights.is_empty() {
            return Ok(());
        }
        let (latest, landmark) = (snapshot[1], snapshot[2]);
        if self.total == 0.0 {
            self.landmark = landmark;
        }
        if landmark > self.landmark {
            self.rebase(landmark);
        }
        let kept = pow2((landmark - self.landmark) / self.half_life_ms);
        for (mine, other) in self.weights[first..].iter_mut().zip(weights) {
            *mine = (*mine + other * kept).min(WEIGHT_MAX);
        }
        self.sum();
        self.move_to(latest);
        Ok(())
    }

    /// Takes `now` as the latest time, unless a later one was seen, and keeps the landmark within reach.
    #[inline]
    fn move_to(&mut self, now: f64) {
        if now > self.latest {
            self.latest = now;
        }
        if self.total == 0.0 {
            self.landmark = self.latest;
        } else if (self.latest - self.landmark) / self.half_life_ms > REBASE_HALF_LIVES {
            self.rebase(self.latest);
        }
    }

    fn rebase(&mut self, landmark: f64) {
        let kept = pow2((self.landmark - landmark) / self.half_life_ms);
        for weight in &mut self.weights {
            *weight *= kept;
        }
        self.landmark = landmark;
        self.sum();
    }

    fn sum(&mut self) {
        self.total = 0.0;
        for weight in &self.weights {
            self.total += weight;
        }
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to [0, BUCKETS)")]
fn bucket_of(value_ms: f64) -> usize {
    let value = value_ms.clamp(VALUE_MIN, VALUE_MAX);
    ((ln(value) / LN_GROWTH).ceil() - FIRST_INDEX) as usize
}

/// The value whose relative distance to both ends of the bucket is the same.
#[expect(clippy::cast_precision_loss, reason = "about 870 buckets")]
fn centre_of(bucket: usize) -> f64 {
    (2.0 * pow2((bucket as f64 + FIRST_INDEX) * LOG2_GROWTH)) / (GROWTH + 1.0)
}

/// Returns the first bucket.
#[expect(clippy::cast_possible_truncation, reason = "about 870 buckets")]
fn check_snapshot(snapshot: &[f64]) -> Result<usize, RangeError> {
    if snapshot.len() < HEADER || snapshot[0] != SNAPSHOT_VERSION {
        let found = checks::Number(snapshot.first().copied().unwrap_or(f64::NAN));
        return Err(RangeError::new(format!(
            "snapshot must be of version {SNAPSHOT_VERSION}, found {found}"
        )));
    }
    checks::finite("snapshot[1]", snapshot[1], 0.0)?;
    checks::between("snapshot[2]", snapshot[2], 0.0, snapshot[1])?;
    checks::length_at_most("snapshot", snapshot.len(), HEADER + BUCKETS)?;
    let first_max = BUCKETS + HEADER - snapshot.len();
    let first = checks::integer("snapshot[3]", snapshot[3], 0, first_max as u64)?;
    for (k, weight) in snapshot.iter().enumerate().skip(HEADER) {
        if !(0.0..=WEIGHT_MAX).contains(weight) {
            checks::between(&format!("snapshot[{k}]"), *weight, 0.0, WEIGHT_MAX)?;
        }
    }
    Ok(first as usize)
}
