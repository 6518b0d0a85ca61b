//! A sliding window in constant memory. Events are counted in sub-buckets 1/64 of the window wide; a sub-bucket counts
//! until its last microsecond has left the window, so that the count never falls short of the exact one.
use crate::checks;
use crate::range_error::RangeError;

const SUB_BUCKETS: usize = 64;
/// W microseconds touch at most 65 sub-buckets of floor(W / 64) + 1.
const RING: usize = SUB_BUCKETS + 1;
/// Up to here a quotient of integers rounds down exactly in a double, too.
const TIME_MAX: u64 = (1 << 52) - 1;
const WINDOW_MAX: u64 = 1 << 51;
const COUNT_MAX: u64 = (1 << 53) - 1;

/// Never admits more than `limit` in any interval of length W; never refuses what an exact sliding window of length
/// W * (1 + 1/64) would admit. Times and amounts are integers in doubles, as JavaScript has them.
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    window_us: u64,
    limit: u64,
    /// floor(W / 64) + 1: an event is held for less than W * (1 + 1/64).
    width_us: u64,
    counts: [u64; RING],
    total: u64,
    now: u64,
    /// Sub-buckets before this one have left the window and are empty.
    oldest: u64,
}

impl SlidingWindow {
    /// # Errors
    /// On a window that isn't an integer from 1 to 2^51, a limit that isn't one from 0 to 2^53 - 1.
    pub fn new(window_us: f64, limit: f64) -> Result<Self, RangeError> {
        let window_us = checks::integer("windowUs", window_us, 1, WINDOW_MAX)?;
        let limit = checks::integer("limit", limit, 0, COUNT_MAX)?;
        let width_us = window_us / SUB_BUCKETS as u64 + 1;
        Ok(Self { window_us, limit, width_us, counts: [0; RING], total: 0, now: 0, oldest: 0 })
    }

    /// Admits and counts `amount` at `now_us`, or refuses and counts nothing.
    ///
    /// # Errors
    /// On a time or amount that isn't an integer in range.
    #[inline]
    pub fn try_acquire(&mut self, now_us: f64, amount: f64) -> Result<bool, RangeError> {
        let now_us = check_time(now_us)?;
        let amount = check_amount(amount)?;
        self.advance(now_us);
        if amount > self.limit - self.total {
            return Ok(false);
        }
        self.counts[slot(self.now / self.width_us)] += amount;
        self.total += amount;
        Ok(true)
    }

    /// What counts against the limit at `now_us`.
    ///
    /// # Errors
    /// On a time that isn't an integer in range.
    #[expect(clippy::cast_precision_loss, reason = "at most 2^53 - 1")]
    pub fn used(&mut self, now_us: f64) -> Result<f64, RangeError> {
        self.advance(check_time(now_us)?);
        Ok(self.total as f64)
    }

    /// Microseconds from `now_us` until `amount` would be admitted if nothing else came; infinity is never.
    ///
    /// # Errors
    /// On a time or amount that isn't an integer in range.
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    pub fn retry_after_us(&mut self, now_us: f64, amount: f64) -> Result<f64, RangeError> {
        let now_us = check_time(now_us)?;
        let amount = check_amount(amount)?;
        self.advance(now_us);
        if amount > self.limit {
            return Ok(f64::INFINITY);
        }
        let mut free = self.limit - self.total;
        if amount <= free {
            return Ok(0.0);
        }
        let mut bucket = self.oldest;
        while amount > free {
            free += self.counts[slot(bucket)];
            bucket += 1;
        }
        Ok((bucket * self.width_us - 1 + self.window_us - now_us) as f64)
    }

    /// Moves to the later of `now_us` and the latest time seen, and empties the sub-buckets that left the window.
    #[inline]
    fn advance(&mut self, now_us: u64) {
        if now_us <= self.now {
            return;
        }
        self.now = now_us;
        let oldest = self.oldest_at(now_us);
        if oldest - self.oldest >= RING as u64 {
            self.counts.fill(0);
            self.total = 0;
        } else {
            for bucket in self.oldest..oldest {
                self.total -= std::mem::take(&mut self.counts[slot(bucket)]);
            }
        }
        self.oldest = oldest;
    }

    /// The first sub-bucket k with an event still inside: (k + 1) * width - 1 > now - W.
    #[inline]
    fn oldest_at(&self, now_us: u64) -> u64 {
        now_us.checked_sub(self.window_us).map_or(0, |left| (left + 1) / self.width_us)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below 65")]
fn slot(bucket: u64) -> usize {
    (bucket % RING as u64) as usize
}

fn check_time(now_us: f64) -> Result<u64, RangeError> {
    checks::integer("nowUs", now_us, 0, TIME_MAX)
}

fn check_amount(amount: f64) -> Result<u64, RangeError> {
    checks::integer("amount", amount, 0, COUNT_MAX)
}
