//! A sliding window in constant memory. Amounts are counted in sub-buckets 1/64 of the window wide; a sub-bucket counts
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

/// Counts all of the last W microseconds, and nothing that is W * (1 + 1/64) old or older. Looking changes nothing; what is
/// added moves it on in time, and it never goes back. Times and amounts are integers in doubles, as JavaScript has them.
#[derive(Debug, Clone)]
pub struct SlidingWindow {
    window_us: u64,
    /// floor(W / 64) + 1: an amount is held for less than W * (1 + 1/64).
    width_us: u64,
    counts: [u64; RING],
    total: u64,
    /// The first and the last sub-bucket that may hold something.
    oldest: u64,
    current: u64,
}

impl SlidingWindow {
    /// # Errors
    /// On a window that isn't an integer from 1 to 2^51.
    pub fn new(window_us: f64) -> Result<Self, RangeError> {
        let window_us = checks::integer("windowUs", window_us, 1, WINDOW_MAX)?;
        let width_us = window_us / SUB_BUCKETS as u64 + 1;
        Ok(Self { window_us, width_us, counts: [0; RING], total: 0, oldest: 0, current: 0 })
    }

    /// What counts at `now_us`.
    ///
    /// # Errors
    /// On a time that isn't an integer in range.
    #[inline]
    pub fn count(&self, now_us: f64) -> Result<f64, RangeError> {
        Ok(to_f64(self.held_from(self.first_kept(check_time("nowUs", now_us)?))))
    }

    /// Microseconds from `now_us` until `amount` more keeps to `limit` if nothing else comes; infinity is never.
    ///
    /// # Errors
    /// On a time, an amount or a limit that isn't an integer in range.
    pub fn wait_us(&self, now_us: f64, amount: f64, limit: f64) -> Result<f64, RangeError> {
        let now_us = check_time("nowUs", now_us)?;
        let amount = check_amount("amount", amount)?;
        let limit = check_amount("limit", limit)?;
        if amount > limit {
            return Ok(f64::INFINITY);
        }
        let mut bucket = self.first_kept(now_us);
        let mut held = self.held_from(bucket);
        if held <= limit - amount {
            return Ok(0.0);
        }
        while held > limit - amount {
            held -= self.counts[slot(bucket)];
            bucket += 1;
        }
        Ok(to_f64(bucket * self.width_us - 1 + self.window_us - now_us))
    }

    /// Counts `amount` at `now_us`, up to 2^53 - 1 in all; a time before the latest sub-bucket counts in it.
    /// Returns what counts then.
    ///
    /// # Errors
    /// On a time or amount that isn't an integer in range.
    #[inline]
    pub fn add(&mut self, now_us: f64, amount: f64) -> Result<f64, RangeError> {
        let now_us = check_time("nowUs", now_us)?;
        let amount = check_amount("amount", amount)?;
        self.advance(now_us);
        let amount = amount.min(COUNT_MAX - self.total);
        self.counts[slot(self.current)] += amount;
        self.total += amount;
        Ok(to_f64(self.total))
    }

    /// `amount` of what was added at `at_us` was too much: it counts no more, where it still did.
    ///
    /// # Errors
    /// On a time or amount that isn't an integer in range.
    pub fn take_back(&mut self, at_us: f64, amount: f64) -> Result<(), RangeError> {
        let bucket = check_time("atUs", at_us)? / self.width_us;
        let amount = check_amount("amount", amount)?;
        if bucket < self.oldest || bucket > self.current {
            return Ok(());
        }
        let count = &mut self.counts[slot(bucket)];
        let amount = amount.min(*count);
        *count -= amount;
        self.total -= amount;
        Ok(())
    }

    /// From then on, in microseconds, it is as if nothing had ever been added.
    #[must_use]
    pub fn idle_us(&self) -> f64 {
        to_f64((self.current + 1) * self.width_us - 1 + self.window_us)
    }

    /// Empties the sub-buckets that left the window.
    #[inline]
    fn advance(&mut self, now_us: u64) {
        let first = self.first_kept(now_us);
        if first > self.current {
            self.counts.fill(0);
            self.total = 0;
        } else {
            for bucket in self.oldest..first {
                self.total -= std::mem::take(&mut self.counts[slot(bucket)]);
            }
        }
        self.oldest = first;
        self.current = self.current.max(now_us / self.width_us);
    }

    /// What the sub-buckets from this one on hold.
    #[inline]
    fn held_from(&self, first: u64) -> u64 {
        if first > self.current {
            return 0;
        }
        let left: u64 = (self.oldest..first).map(|bucket| self.counts[slot(bucket)]).sum();
        self.total - left
    }

    /// The first sub-bucket k with something still inside: (k + 1) * width - 1 > now - W.
    #[inline]
    fn first_kept(&self, now_us: u64) -> u64 {
        let first = now_us.checked_sub(self.window_us).map_or(0, |left| (left + 1) / self.width_us);
        first.max(self.oldest)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "below 65")]
fn slot(bucket: u64) -> usize {
    (bucket % RING as u64) as usize
}

#[inline]
#[expect(clippy::cast_precision_loss, reason = "below 2^53")]
fn to_f64(x: u64) -> f64 {
    x as f64
}

fn check_time(name: &str, us: f64) -> Result<u64, RangeError> {
    checks::integer(name, us, 0, TIME_MAX)
}

fn check_amount(name: &str, amount: f64) -> Result<u64, RangeError> {
    checks::integer(name, amount, 0, COUNT_MAX)
}
