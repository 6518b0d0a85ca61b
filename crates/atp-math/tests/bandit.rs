//! What holds for any input: no panic, no state changed by an error, merging in any order.
use atp_math::bandit::Bandit;
use atp_math::choice::Weighing;
use atp_math::strategy::Strategy as Choice;
use proptest::prelude::*;

const HALF_LIFE: f64 = 1_000.0;
const WINDOW: f64 = 3_200.0;

fn bandit(arms: u32) -> Bandit {
    let mut bandit = Bandit::new(HALF_LIFE, WINDOW, 1.0).unwrap();
    for hash in 0..arms {
        bandit.add_arm(hash, 1.0, 1.0).unwrap();
    }
    bandit
}

fn any_strategy() -> impl Strategy<Value = Choice> {
    prop_oneof![
        Just(Choice::Thompson),
        Just(Choice::Ucb),
        Just(Choice::KlUcb),
        Just(Choice::SlidingWindowUcb),
        Just(Choice::Greedy)
    ]
}

/// Any double, and often a special one.
fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), Just(f64::MAX), 0.0..1.0]
}

proptest! {
    #[test]
    fn a_choice_is_eligible_whatever_the_input(
        strategy in any_strategy(),
        seed in any::<[u32; 2]>(),
        now in any_number(),
        weights in prop::collection::vec(any_number(), 0..6),
        penalties in prop::collection::vec(any_number(), 0..6),
    ) {
        let mut qualities = [0.0; 4];
        let weighing = Weighing { now, weights: &weights, penalties: &penalties };
        if let Ok(Some(arm)) = bandit(4).select(strategy, seed, weighing, &mut qualities) {
            prop_assert!(penalties[arm] < f64::INFINITY);
            prop_assert!(!qualities[arm].is_nan());
        }
    }

    #[test]
    fn a_refused_observation_changes_nothing(arm in 0_usize..4, reward in any_number(), now in any_number()) {
        let mut bandit = bandit(3);
        bandit.update(0, 0.5, 10.0).unwrap();
        let before = bandit.snapshot();
        if bandit.update(arm, reward, now).is_err() {
            prop_assert_eq!(bandit.snapshot(), before);
        }
    }

    #[test]
    fn any_snapshot_leaves_a_bandit_that_decides(
        figures in prop::collection::vec(any_number(), 6),
        now in 0.0..1e15,
    ) {
        let mut bandit = bandit(2);
        let snapshot: Vec<f64> = [1.0, 2.0].into_iter().chain(figures).collect();
        bandit.restore(&snapshot).unwrap();
        let weighing = Weighing { now, weights: &[1.0, 1.0], penalties: &[0.0, 0.0] };
        let mut qualities = [0.0; 2];
        prop_assert!(bandit.select(Choice::Thompson, [1, 2], weighing, &mut qualities).unwrap().is_some());
        prop_assert!(qualities.iter().all(|quality| (0.0..=1.0).contains(quality)));
    }

    #[test]
    fn replicas_merged_in_any_order_equal_one_learner(
        parts in prop::collection::vec(prop::collection::vec((0.0..1.0, 0.0..10_000.0), 0..20), 1..5).prop_shuffle(),
    ) {
        let learned = |rewards: &[(f64, f64)]| {
            let mut bandit = bandit(1);
            for (reward, time) in rewards {
                bandit.update(0, *reward, *time).unwrap();
            }
            bandit
        };
        let mut merged = bandit(1);
        for part in &parts {
            // Late evidence counts as the latest: only what comes in time is the same in every order.
            let mut part = part.clone();
            part.sort_by(|a, b| f64::total_cmp(&a.1, &b.1));
            merged.merge(&learned(&part).snapshot()).unwrap();
        }
        let mut all = parts.concat();
        all.sort_by(|a, b| f64::total_cmp(&a.1, &b.1));
        for (x, y) in merged.snapshot().iter().zip(learned(&all).snapshot()) {
            prop_assert!((x - y).abs() <= 1e-12 * (1.0 + y.abs()), "{x} and {y}");
        }
    }
}

#[test]
fn errors_name_the_argument_what_was_found_and_what_is_allowed() {
    let error = bandit(1).update(0, f64::NAN, 0.0).unwrap_err();
    assert_eq!(error.to_string(), "reward must be a finite number of at least 0 and at most 1, found NaN");
    let error = Bandit::new(0.5, WINDOW, 1.0).unwrap_err();
    assert_eq!(error.to_string(), "halfLifeMs must be at least 1 or Infinity, found 0.5");
}
