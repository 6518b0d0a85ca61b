//! Notices that a stream of targets has changed: the cumulative sum of surprises, either way (Page 1954; for bandits, Liu, Lee &
//! Shroff 2018). The TypeScript twin is `libs/native/src/typescript/change-watch.ts`.

/// What each surprise must exceed to count, in deviations: changes of twice as much are found soonest.
const DRIFT: f64 = 0.5;
/// No single surprise counts for more: one odd answer is no change.
const MOST: f64 = 2.0;

#[derive(Debug, Clone, Copy, Default)]
pub struct ChangeWatch {
    fallen: f64,
    risen: f64,
}

impl ChangeWatch {
    /// Takes a surprise, in deviations from what was expected. Returns whether they add up to more than `threshold`; then it
    /// starts anew.
    #[inline]
    pub fn notices(&mut self, surprise: f64, threshold: f64) -> bool {
        let surprise = surprise.clamp(-MOST, MOST);
        self.fallen = (self.fallen - surprise - DRIFT).max(0.0);
        self.risen = (self.risen + surprise - DRIFT).max(0.0);
        let noticed = self.fallen > threshold || self.risen > threshold;
        if noticed {
            *self = Self::default();
        }
        noticed
    }
}
