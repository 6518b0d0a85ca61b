//! What holds for a context whatever its figures: a refusal changes nothing, and a legal one leaves a bandit that decides.
use atp_math::bandit::Bandit;
use atp_math::choice::Weighing;
use atp_math::context::{CONTEXT_FIGURES, STRENGTH};
use atp_math::linear_bandit::{LinearBandit, LinearOptions};
use atp_math::strategy::Strategy as Choice;
use proptest::prelude::*;

const ARMS: usize = 3;
const HALF_LIFE: f64 = 1_000.0;

fn bandit() -> Bandit {
    let mut bandit = Bandit::new(HALF_LIFE, 3_600_000.0, 1.0).unwrap();
    for hash in 0..ARMS {
        bandit.add_arm(u32::try_from(hash).unwrap(), 2.0, 1.0).unwrap();
    }
    bandit
}

fn linear() -> LinearBandit {
    let mut bandit = LinearBandit::new(LinearOptions {
        dimension: 2,
        bias_ridge: 1.0,
        ridge: 10.0,
        common_ridge: 10.0,
        half_life_ms: HALF_LIFE,
        noise: 0.25,
        exploration: 0.3,
        change_threshold: 8.0,
    })
    .unwrap();
    for hash in 0..ARMS {
        bandit.add_arm(u32::try_from(hash).unwrap(), 0.5).unwrap();
    }
    bandit
}

/// Any double, and often one that a context may have.
fn any_figure() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), 0.0..1e15, 0.0..100.0, -1e15..1e15]
}

fn any_context() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(any_figure(), 0..=CONTEXT_FIGURES * ARMS),
        prop::collection::vec(0.0..1e15, CONTEXT_FIGURES * ARMS),
    ]
}

proptest! {
    #[test]
    fn a_bandit_decides_in_any_context_that_it_takes(
        mut context in any_context(),
        rewards in prop::collection::vec((0..ARMS, 0.0..1.0), 0..20),
        now in 0.0..1e15,
    ) {
        let mut bandit = bandit();
        for (arm, reward) in rewards {
            bandit.update(arm, reward, 10.0).unwrap();
        }
        let (before, figures) = (bandit.snapshot(), context.clone());
        let (weights, penalties, mut qualities) = ([1.0; ARMS], [0.0; ARMS], [0.0; ARMS]);
        let weighing = Weighing { now, weights: &weights, penalties: &penalties };
        if let Ok(chosen) = bandit.select_in(&context, Choice::Thompson, [1, 2], weighing, &mut qualities) {
            prop_assert!(chosen.is_some());
            prop_assert!(qualities.iter().all(|quality| (0.0..=1.0).contains(quality)));
            bandit.update_in(&mut context, 0, 0.5, now).unwrap();
            let mut posteriors = [0.0; 2 * ARMS];
            bandit.posteriors_in(&context, now, &mut posteriors).unwrap();
            prop_assert!(posteriors.iter().all(|figure| *figure > 0.0 && figure.is_finite()));
        } else {
            prop_assert!(bandit.update_in(&mut context, 0, 0.5, now).is_err());
            prop_assert_eq!(bandit.snapshot(), before);
            prop_assert!(context.iter().zip(&figures).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    #[test]
    fn a_linear_bandit_decides_in_any_context_that_it_takes(mut context in any_context(), now in 0.0..1e15) {
        let mut bandit = linear();
        let figures = context.clone();
        let (x, mut means, mut deviations) = ([1.0, 0.5], [0.0; ARMS], [0.0; ARMS]);
        if bandit.estimate_in(&context, now, &x, &mut means, &mut deviations).is_ok() {
            prop_assert!(means.iter().all(|mean| mean.is_finite()));
            prop_assert!(deviations.iter().all(|deviation| *deviation >= 0.0 && deviation.is_finite()));
            bandit.update_in(&mut context, 0, &x, 1.0, 1.0, now).unwrap();
        } else {
            let before = bandit.snapshot_arm(0).unwrap();
            prop_assert!(bandit.update_in(&mut context, 0, &x, 1.0, 1.0, now).is_err());
            prop_assert_eq!(bandit.snapshot_arm(0).unwrap(), before);
            prop_assert!(context.iter().zip(&figures).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
    }

    /// What the others taught counts for no more than `STRENGTH`, and what was seen here for all that it is.
    #[test]
    fn a_posterior_has_its_own_evidence_and_a_bounded_share_of_the_others(
        own in prop::collection::vec(0.0..1.0, 0..40),
        others in prop::collection::vec(0.0..1.0, 0..400),
    ) {
        let mut bandit = bandit();
        let mut context = [0.0; CONTEXT_FIGURES * ARMS];
        for reward in &own {
            bandit.update_in(&mut context, 0, *reward, 10.0).unwrap();
        }
        for reward in &others {
            bandit.update(0, *reward, 10.0).unwrap();
        }
        let mut posteriors = [0.0; 2 * ARMS];
        bandit.posteriors_in(&context, 10.0, &mut posteriors).unwrap();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let expected = own.len() as f64 + STRENGTH.min(3.0 + others.len() as f64);
        prop_assert!((posteriors[0] + posteriors[1] - expected).abs() < 1e-9);
    }
}
