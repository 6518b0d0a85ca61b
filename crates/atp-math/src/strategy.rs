//! How the value of an arm is indexed from its posterior.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A draw from the posterior (Thompson 1933).
    Thompson,
    /// The mean and a term that shrinks with the plays (Auer et al. 2002; discounted, Garivier & Moulines 2011).
    Ucb,
    /// The largest quality that the plays do not speak against (Garivier & Cappe 2011).
    KlUcb,
    /// UCB of what a sliding window of time holds (Garivier & Moulines 2011).
    SlidingWindowUcb,
    /// The mean.
    Greedy,
}
