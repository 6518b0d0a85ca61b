//! What an arm earned within a sliding window of time, in constant memory. Successes and failures are summed in buckets, 1/32
//! of the window wide, which are numbered from time 0: windows of replicas add up bucket by bucket, in any order. The
//! TypeScript twin is `libs/native/src/typescript/evidence-window.ts`.

/// Sums saturate here: beyond, a reward no longer changes a double.
pub const EVIDENCE_MAX: f64 = 1e15;

const BUCKETS: usize = 32;
/// 2^52: later buckets are not told apart.
const BUCKET_MAX: f64 = 4_503_599_627_370_496.0;
/// Width and newest bucket come first among a window's figures.
const SCALARS: usize = 2;

/// Figures that a window takes in a snapshot.
pub const WINDOW_FIGURES: usize = SCALARS + 2 * BUCKETS;

#[derive(Debug, Clone)]
pub struct EvidenceWindow {
    width_ms: f64,
    /// The latest bucket that was seen: this one and the 31 before it are held.
    newest: u64,
    /// [successes, failures] of bucket b at b % 32.
    sums: Box<[[f64; 2]; BUCKETS]>,
}

impl EvidenceWindow {
    /// `window_ms` is finite and at least 1.
    #[must_use]
    pub fn new(window_ms: f64) -> Self {
        Self { width_ms: window_ms / 32.0, newest: 0, sums: Box::new([[0.0; 2]; BUCKETS]) }
    }

    /// Counts evidence at its own time, whatever came before; what is a window older than the latest is not held.
    #[inline]
    pub fn add(&mut self, successes: f64, failures: f64, time: f64) {
        let bucket = self.bucket_of(time);
        if self.holds(bucket) {
            self.add_to(bucket, [successes, failures]);
        }
    }

    /// [successes, failures] within the window that ends at `now`, and later ones. Evidence of age `window_ms` or more never
    /// counts, evidence up to 31/32 of that age always does; between, its whole bucket does or doesn't.
    #[must_use]
    pub fn sums_at(&self, now: f64) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for bucket in oldest_beside(self.bucket_of(now).max(self.newest))..=self.newest {
            let [successes, failures] = self.sums[slot_of(bucket)];
            sums = [sums[0] + successes, sums[1] + failures];
        }
        sums
    }

    /// [milliseconds of a bucket, newest bucket, then successes and failures of bucket b at b % 32].
    #[expect(clippy::cast_precision_loss, reason = "at most 2^52")]
    pub fn figures(&self) -> impl Iterator<Item = f64> + '_ {
        [self.width_ms, self.newest as f64].into_iter().chain(self.sums.as_flattened().iter().copied())
    }

    /// Whether figures are of windows as long as this one.
    #[must_use]
    pub fn is_as_long_as(&self, figures: &[f64]) -> bool {
        self.width_ms.to_bits() == figures[0].to_bits()
    }

    /// Takes legal figures over; those of a window of another length say nothing of this one, which is empty then.
    pub fn read(&mut self, figures: &[f64]) {
        self.clear();
        if self.is_as_long_as(figures) {
            self.merge(figures);
        }
    }

    /// Adds legal figures of a window as long.
    pub fn merge(&mut self, figures: &[f64]) {
        let newest = integer_of(figures[1]);
        self.holds(newest);
        let sums = figures[SCALARS..].as_chunks::<2>().0;
        for bucket in oldest_beside(newest.max(self.newest))..=newest {
            self.add_to(bucket, sums[slot_of(bucket)]);
        }
    }

    pub fn clear(&mut self) {
        self.newest = 0;
        self.sums.fill([0.0; 2]);
    }

    #[inline]
    fn bucket_of(&self, time: f64) -> u64 {
        integer_of((time / self.width_ms).floor().min(BUCKET_MAX))
    }

    /// Moves on to a later bucket, past those that leave the window. Returns whether the bucket is held.
    #[inline]
    fn holds(&mut self, bucket: u64) -> bool {
        if bucket <= self.newest {
            return bucket >= oldest_beside(self.newest);
        }
        for left in (self.newest + 1).max(oldest_beside(bucket))..=bucket {
            self.sums[slot_of(left)] = [0.0; 2];
        }
        self.newest = bucket;
        true
    }

    #[inline]
    fn add_to(&mut self, bucket: u64, [successes, failures]: [f64; 2]) {
        let sums = &mut self.sums[slot_of(bucket)];
        *sums = [(sums[0] + successes).min(EVIDENCE_MAX), (sums[1] + failures).min(EVIDENCE_MAX)];
    }
}

#[must_use]
#[expect(clippy::float_cmp, reason = "an integer in a double")]
pub fn are_legal(figures: &[f64]) -> bool {
    let [width_ms, newest] = [figures[0], figures[1]];
    let sums = &figures[SCALARS..];
    width_ms > 0.0
        && width_ms <= f64::MAX
        && (0.0..=BUCKET_MAX).contains(&newest)
        && newest.trunc() == newest
        && sums.iter().all(|sum| (0.0..=EVIDENCE_MAX).contains(sum))
}

/// The first bucket of the window whose last one is `newest`.
fn oldest_beside(newest: u64) -> u64 {
    newest.saturating_sub(BUCKETS as u64 - 1)
}

#[expect(clippy::cast_possible_truncation, reason = "below 32")]
fn slot_of(bucket: u64) -> usize {
    (bucket % BUCKETS as u64) as usize
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 2^52")]
fn integer_of(figure: f64) -> u64 {
    figure as u64
}
