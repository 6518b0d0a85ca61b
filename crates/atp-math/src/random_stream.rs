//! The random numbers of one arm in one decision: a counter generator keyed by the decision and the arm, so that a draw
//! depends neither on the order of arms nor on what was drawn before.
use crate::threefry::threefry;

/// The two words that name a decision.
pub type Seed = [u32; 2];

#[derive(Debug, Clone)]
pub struct RandomStream {
    seed: Seed,
    hash: u32,
    drawn: u32,
}

impl RandomStream {
    /// The stream of the arm named `hash` in the decision named by the seed.
    #[must_use]
    pub fn new(seed: Seed, hash: u32) -> Self {
        Self { seed, hash, drawn: 0 }
    }

    /// Uniform in (0, 1), both ends excluded: an odd multiple of 2^-53.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        const TWO_26: f64 = 67_108_864.0;
        let [hi, lo] = threefry(self.seed, [self.hash, self.drawn]);
        self.drawn = self.drawn.wrapping_add(1);
        let bits = f64::from(hi >> 6) * TWO_26 + f64::from(lo >> 6);
        (bits + 0.5) * f64::EPSILON
    }
}

#[cfg(test)]
mod tests {
    use super::RandomStream;

    #[test]
    fn a_stream_repeats_and_its_neighbours_differ() {
        let draw = |seed, hash| {
            let mut stream = RandomStream::new(seed, hash);
            [stream.uniform().to_bits(), stream.uniform().to_bits()]
        };
        assert_eq!(draw([1, 2], 3), draw([1, 2], 3));
        assert_ne!(draw([1, 2], 3), draw([1, 2], 4));
        assert_ne!(draw([1, 2], 3), draw([1, 3], 3));
        assert_ne!(draw([1, 2], 3), draw([2, 1], 3));
    }
}
