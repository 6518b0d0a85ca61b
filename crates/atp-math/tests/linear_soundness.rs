//! Many updates leave a regression what the closed form says: rounding does not add up. `ATP_VERIFY=full` takes 10 million.
use atp_math::linear_arm::{LinearArm, Regression, Workspace};
use atp_math::random_stream::RandomStream;

const DIMENSION: usize = 13;
const PRIOR: f64 = 0.5;

/// One less than a multiple of 256, after which the inverse is rebuilt: the most that rounding can have added up to.
fn updates() -> u32 {
    if std::env::var("ATP_VERIFY").is_ok_and(|form| form == "full") { 9_999_871 } else { 99_839 }
}

fn regression(half_life_ms: f64) -> Regression {
    Regression {
        dimension: DIMENSION,
        bias_ridge: 1.0,
        ridge: 2.0,
        half_life_ms,
        common: vec![0.0; DIMENSION],
    }
}

/// Two features are all but the same, so that the problem is badly conditioned.
fn draw(stream: &mut RandomStream) -> ([f64; DIMENSION], f64, f64) {
    let mut x = [1.0; DIMENSION];
    for value in &mut x[1..] {
        *value = stream.uniform() - 0.5;
    }
    x[2] = x[1] + 1e-3 * x[2];
    (x, 0.3 * x[3] + stream.uniform(), 0.1 + stream.uniform())
}

/// A sum that forgets no low-order bits (Neumaier 1974).
#[derive(Clone, Copy, Default)]
struct Sum {
    high: f64,
    low: f64,
}

impl Sum {
    fn add(&mut self, term: f64) {
        let sum = self.high + term;
        let larger = self.high.abs() >= term.abs();
        self.low += if larger { (self.high - sum) + term } else { (term - sum) + self.high };
        self.high = sum;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

/// Solves A y = b by elimination with pivots.
fn solve(mut rows: Vec<Vec<f64>>, b: &[f64]) -> Vec<f64> {
    for (row, b) in rows.iter_mut().zip(b) {
        row.push(*b);
    }
    for k in 0..rows.len() {
        let pivot = (k..rows.len()).max_by(|i, j| rows[*i][k].abs().total_cmp(&rows[*j][k].abs())).unwrap();
        rows.swap(k, pivot);
        let pivot = rows[k].clone();
        for (i, row) in rows.iter_mut().enumerate() {
            if i != k {
                let factor = row[k] / pivot[k];
                row.iter_mut().zip(&pivot).for_each(|(value, other)| *value -= factor * other);
            }
        }
    }
    rows.iter().enumerate().map(|(k, row)| row[DIMENSION] / row[k]).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn assert_close(what: &str, found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-8 * expected.abs(), "{what}: {found} is not {expected}");
}

#[test]
fn many_updates_leave_what_exact_sums_and_a_fresh_elimination_say() {
    let regression = regression(f64::INFINITY);
    let mut workspace = Workspace::new(DIMENSION);
    let mut arm = LinearArm::new(&regression, 1, PRIOR);
    let mut stream = RandomStream::new([1, 2], 3);
    let (mut gram, mut moment) = ([[Sum::default(); DIMENSION]; DIMENSION], [Sum::default(); DIMENSION]);
    for _ in 0..updates() {
        let (x, target, weight) = draw(&mut stream);
        arm.add(&x, target, weight, 0.0, &regression, &mut workspace);
        for i in 0..DIMENSION {
            moment[i].add(weight * x[i] * (target - PRIOR));
            for j in 0..DIMENSION {
                gram[i][j].add(weight * x[i] * x[j]);
            }
        }
    }
    let mut precision: Vec<Vec<f64>> = gram.iter().map(|row| row.map(Sum::value).to_vec()).collect();
    for (k, row) in precision.iter_mut().enumerate() {
        row[k] += if k == 0 { regression.bias_ridge } else { regression.ridge };
    }
    let coefficients = solve(precision.clone(), &moment.map(Sum::value));
    for _ in 0..20 {
        let (x, _, _) = draw(&mut stream);
        assert_close("mean", arm.mean(&x), PRIOR + dot(&coefficients, &x));
        assert_close("variance", arm.variance(&x, &mut workspace), dot(&solve(precision.clone(), &x), &x));
    }
}

#[test]
fn many_updates_that_fade_leave_what_a_fresh_factorisation_says() {
    let regression = regression(10_000.0);
    let mut workspace = Workspace::new(DIMENSION);
    let mut arm = LinearArm::new(&regression, 1, PRIOR);
    let mut stream = RandomStream::new([4, 5], 6);
    for now in 0..updates() {
        let (x, target, weight) = draw(&mut stream);
        arm.advance(f64::from(now), &regression, &mut workspace);
        arm.add(&x, target, weight, f64::from(now), &regression, &mut workspace);
    }
    let mut fresh = arm.clone();
    fresh.rebuild(&regression, &mut workspace);
    for _ in 0..20 {
        let (x, _, _) = draw(&mut stream);
        assert_close("mean", arm.mean(&x), fresh.mean(&x));
        let expected = fresh.variance(&x, &mut workspace);
        assert_close("variance", arm.variance(&x, &mut workspace), expected);
    }
}
