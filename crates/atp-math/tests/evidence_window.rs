//! A window of evidence against an exact one, and replicas against one learner.
use atp_math::evidence_window::EvidenceWindow;
use proptest::prelude::*;

const WINDOW: f64 = 3_200.0;

/// Successes in quarters, the sums of which are exact in any order, and a time.
type Play = (f64, f64);

fn plays(most: usize) -> impl Strategy<Value = Vec<Play>> {
    let play =
        (0_u32..=4, 0_u32..20_000).prop_map(|(quarters, time)| (f64::from(quarters) / 4.0, time.into()));
    prop::collection::vec(play, 0..most)
}

fn learned(plays: &[Play]) -> EvidenceWindow {
    let mut window = EvidenceWindow::new(WINDOW);
    for (successes, time) in plays {
        window.add(*successes, 1.0 - successes, *time);
    }
    window
}

fn figures(window: &EvidenceWindow) -> Vec<f64> {
    window.figures().collect()
}

/// [successes, failures] of plays younger than `age`.
fn exact(plays: &[Play], now: f64, age: f64) -> [f64; 2] {
    let held = plays.iter().filter(|(_, time)| now - time < age);
    held.fold([0.0; 2], |sums, (successes, _)| [sums[0] + successes, sums[1] + 1.0 - successes])
}

proptest! {
    #[test]
    fn a_window_lies_between_the_exact_ones_of_its_length_and_of_31_32_of_it(
        plays in plays(60),
        later in 0_u32..5_000,
    ) {
        let latest = plays.iter().fold(0.0, |latest, (_, time)| time.max(latest));
        let now = latest + f64::from(later);
        let sums = learned(&plays).sums_at(now);
        let most = exact(&plays, now, WINDOW);
        let least = exact(&plays, now, WINDOW * 31.0 / 32.0);
        for k in 0..2 {
            prop_assert!(least[k] <= sums[k] && sums[k] <= most[k], "{least:?} <= {sums:?} <= {most:?}");
        }
    }

    #[test]
    fn windows_of_replicas_add_up_to_that_of_one_learner_in_any_order(
        parts in prop::collection::vec(plays(20), 1..5).prop_shuffle(),
    ) {
        let mut merged = EvidenceWindow::new(WINDOW);
        for part in &parts {
            merged.merge(&figures(&learned(part)));
        }
        let mut sorted = parts.concat();
        sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
        prop_assert_eq!(figures(&merged), figures(&learned(&sorted)));
    }

    #[test]
    fn any_times_and_widths_leave_finite_sums(
        window_ms in prop_oneof![Just(1.0), Just(f64::MAX), 1.0..1e18],
        times in prop::collection::vec(prop_oneof![Just(0.0), Just(f64::MAX), 0.0..1e300, 0.0..1e13], 0..20),
    ) {
        let mut window = EvidenceWindow::new(window_ms);
        for time in &times {
            window.add(0.5, 0.5, *time);
        }
        for now in times {
            let [successes, failures] = window.sums_at(now);
            prop_assert!((0.0..=10.0).contains(&successes) && (0.0..=10.0).contains(&failures));
        }
    }
}
