//! What holds of a linear bandit for any input: no panic, no state changed by an error, merging in any order.
use atp_math::choice::Weighing;
use atp_math::elementary::pow2;
use atp_math::linear_bandit::{LinearBandit, LinearOptions};
use atp_math::strategy::Strategy as Choice;
use proptest::prelude::*;

const DIMENSION: usize = 3;
const HALF_LIFE: f64 = 1_000.0;

fn bandit(arms: u32) -> LinearBandit {
    let mut bandit = LinearBandit::new(LinearOptions {
        dimension: DIMENSION,
        bias_ridge: 1.0,
        ridge: 2.0,
        common_ridge: 1.0,
        half_life_ms: HALF_LIFE,
        noise: 0.3,
        exploration: 0.5,
        change_threshold: 3.0,
    })
    .unwrap();
    for hash in 0..arms {
        bandit.add_arm(hash, 0.5).unwrap();
    }
    bandit
}

/// Any double, and often a special one.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(f64::MAX), 0.0..1.0]
}

fn legal_features() -> impl Strategy<Value = [f64; DIMENSION]> {
    (-1e3..1e3, -1e3..1e3).prop_map(|(a, b)| [1.0, a, b])
}

proptest! {
    #[test]
    fn a_choice_is_eligible_whatever_the_input(
        seed in any::<[u32; 2]>(),
        now in any_number(),
        x in prop::collection::vec(any_number(), 0..5),
        weights in prop::collection::vec(any_number(), 3..5),
        penalties in prop::collection::vec(any_number(), 3..5),
    ) {
        let mut qualities = [0.0; 4];
        let weighing = Weighing { now, weights: &weights, penalties: &penalties };
        if let Ok(Some(arm)) = bandit(4).select(Choice::Thompson, seed, &x, weighing, &mut qualities) {
            prop_assert!(penalties[arm] < f64::INFINITY);
            prop_assert!(qualities[arm].is_finite());
        }
    }

    #[test]
    fn any_legal_history_leaves_finite_estimates(
        history in prop::collection::vec((legal_features(), -1e6..1e6, 1e-6..1e3, 0.0..1e15), 0..600),
        x in legal_features(),
    ) {
        let mut bandit = bandit(1);
        for (x, target, weight, now) in &history {
            bandit.update(0, x, *target, *weight, *now).unwrap();
        }
        let (mut means, mut deviations) = ([0.0], [0.0]);
        bandit.estimate(1e15, &x, &mut means, &mut deviations).unwrap();
        prop_assert!(means[0].is_finite());
        prop_assert!(deviations[0].is_finite() && deviations[0] >= 0.0);
    }

    #[test]
    fn a_refused_observation_changes_nothing(
        arm in 0_usize..3,
        x in prop::collection::vec(any_number(), 2..5),
        target in any_number(),
        weight in any_number(),
        now in any_number(),
    ) {
        let mut bandit = bandit(2);
        bandit.update(0, &[1.0, 2.0, 3.0], 0.5, 1.0, 10.0).unwrap();
        let before = [bandit.snapshot_arm(0).unwrap(), bandit.snapshot_arm(1).unwrap()];
        if bandit.update(arm, &x, target, weight, now).is_err() {
            prop_assert_eq!([bandit.snapshot_arm(0).unwrap(), bandit.snapshot_arm(1).unwrap()], before);
        }
    }

    #[test]
    fn any_snapshot_leaves_a_bandit_that_estimates(figures in prop::collection::vec(any_number(), 12)) {
        let mut bandit = bandit(1);
        let snapshot: Vec<f64> = [1.0, 3.0].into_iter().chain(figures).collect();
        bandit.restore_arm(0, &snapshot).unwrap();
        let (mut means, mut deviations) = ([0.0], [0.0]);
        bandit.estimate(0.0, &[1.0, 0.5, 0.5], &mut means, &mut deviations).unwrap();
        prop_assert!(!deviations[0].is_nan());
    }

    #[test]
    fn replicas_merged_in_any_order_equal_their_sum(
        parts in prop::collection::vec(
            prop::collection::vec((0.0..1.0, 0.0..1.0, 0.0..5_000.0), 0..30),
            1..5,
        ).prop_shuffle(),
    ) {
        let snapshots: Vec<Vec<f64>> = parts
            .iter()
            .map(|history| {
                let mut bandit = bandit(1);
                for (feature, target, time) in history {
                    bandit.update(0, &[1.0, *feature, 1.0 - feature], *target, 1.0, *time).unwrap();
                }
                bandit.snapshot_arm(0).unwrap()
            })
            .collect();
        let mut merged = bandit(1);
        for snapshot in &snapshots {
            merged.merge_arm(0, snapshot).unwrap();
        }
        let latest = snapshots.iter().fold(0.0, |latest: f64, snapshot| latest.max(snapshot[2]));
        let merged = merged.snapshot_arm(0).unwrap();
        prop_assert_eq!(merged[2].to_bits(), latest.to_bits());
        for k in 3..merged.len() {
            let faded = |snapshot: &Vec<f64>| snapshot[k] * pow2((snapshot[2] - latest) / HALF_LIFE);
            let sum: f64 = snapshots.iter().map(faded).sum();
            prop_assert!((merged[k] - sum).abs() <= 1e-9 * sum.abs().max(1.0), "{} and {sum}", merged[k]);
        }
    }
}
