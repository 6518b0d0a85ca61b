//! Verdicts against exact windows that are fed with the events ours admitted.
use atp_math::sliding_window::SlidingWindow;
use proptest::prelude::*;

proptest! {
    #[test]
    fn keeps_to_the_exact_window_and_to_one_longer_by_a_64th(
        window_us in 1_u32..3_000,
        limit in 0_u32..20,
        trace in prop::collection::vec((prop_oneof![0_u32..4, 0_u32..60, 0_u32..4_000], 0_u32..8), 0..100),
    ) {
        let mut window = SlidingWindow::new(f64::from(window_us), f64::from(limit)).unwrap();
        let mut admitted: Vec<(u64, u64)> = Vec::new();
        let mut now = 1_700_000_000_000_000_u64;
        for (step, amount) in trace {
            now += u64::from(step);
            // In 64ths of a microsecond, so that the longer window is an integer, too.
            let counted = |length: u64| -> u64 {
                admitted.iter().filter(|(at, _)| 64 * (now - at) < length).map(|(_, amount)| amount).sum()
            };
            let least = counted(64 * u64::from(window_us)) + u64::from(amount);
            let most = counted(65 * u64::from(window_us)) + u64::from(amount);
            #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
            let verdict = window.try_acquire(now as f64, f64::from(amount)).unwrap();
            if verdict {
                prop_assert!(least <= u64::from(limit), "admitted {least}");
                admitted.push((now, u64::from(amount)));
            } else {
                prop_assert!(most > u64::from(limit), "refused {most}");
            }
        }
    }

    #[test]
    fn no_number_makes_it_panic(
        window_us in any::<f64>(),
        limit in prop_oneof![any::<f64>(), 0.0..9e15],
        calls in prop::collection::vec((prop_oneof![any::<f64>(), (0_u64..1 << 53).prop_map(to_f64)], any::<f64>()), 0..20),
    ) {
        for window_us in [window_us, 1.0, to_f64(1 << 51)] {
            let Ok(mut window) = SlidingWindow::new(window_us, limit.trunc()) else { continue };
            for (now, amount) in &calls {
                for amount in [*amount, 3.0, to_f64((1 << 53) - 1)] {
                    let _ = window.try_acquire(*now, amount);
                    let _ = window.retry_after_us(*now, amount);
                    let _ = window.used(*now);
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
fn to_f64(x: u64) -> f64 {
    x as f64
}
