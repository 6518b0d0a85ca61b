//! Against a naive model that keeps each amount with its sub-bucket, and against the exact windows of the stated error.
#![expect(clippy::float_cmp, reason = "integers in doubles")]
use atp_math::sliding_window::SlidingWindow;
use proptest::prelude::*;

const NOON: u64 = 1_700_000_000_000_000;
const COUNT_MAX: u64 = (1 << 53) - 1;

/// What was added when, and how much of it was taken back.
struct Model {
    window_us: u64,
    width_us: u64,
    /// [sub-bucket, amount] of each event.
    events: Vec<(u64, u64)>,
    latest: u64,
}

impl Model {
    fn new(window_us: u64) -> Self {
        Self { window_us, width_us: window_us / 64 + 1, events: Vec::new(), latest: 0 }
    }

    /// An event counts until the last microsecond of its sub-bucket is W old.
    fn count(&self, now: u64) -> u64 {
        let now = now.max(self.latest);
        let counts = |bucket: u64| (bucket + 1) * self.width_us - 1 + self.window_us > now;
        self.events.iter().filter(|(bucket, _)| counts(*bucket)).map(|(_, amount)| amount).sum()
    }

    fn add(&mut self, now: u64, amount: u64) {
        self.latest = self.latest.max(now);
        self.events.push((self.latest / self.width_us, amount));
    }

    fn take_back(&mut self, at: u64, mut amount: u64) {
        for (bucket, left) in &mut self.events {
            if *bucket != at / self.width_us {
                continue;
            }
            let taken = amount.min(*left);
            *left -= taken;
            amount -= taken;
        }
    }

    /// By trying.
    fn wait(&self, now: u64, amount: u64, limit: u64) -> f64 {
        if amount > limit {
            return f64::INFINITY;
        }
        (0..=self.window_us + self.width_us)
            .find(|wait| self.count(now + wait) + amount <= limit)
            .map_or(f64::INFINITY, to_f64)
    }
}

#[derive(Debug, Clone)]
enum Step {
    Add(u64, u64),
    Back(u64, u64),
    TakeBack(usize, u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let gap = prop_oneof![0_u64..4, 0_u64..60, 0_u64..4_000];
    let step = prop_oneof![
        4 => (gap, 0_u64..9).prop_map(|(gap, amount)| Step::Add(gap, amount)),
        1 => (0_u64..300, 0_u64..9).prop_map(|(back, amount)| Step::Back(back, amount)),
        2 => (0_usize..40, 0_u64..12).prop_map(|(back, amount)| Step::TakeBack(back, amount)),
    ];
    prop::collection::vec(step, 0..80)
}

proptest! {
    #[test]
    fn counts_and_waits_as_the_naive_model_does(
        window_us in 1_u64..3_000,
        limit in 0_u64..40,
        trace in steps(),
        looks in prop::collection::vec(0_u64..4_000, 4),
    ) {
        let mut window = SlidingWindow::new(to_f64(window_us)).unwrap();
        let mut model = Model::new(window_us);
        let mut added: Vec<u64> = Vec::new();
        let mut now = NOON;
        for step in trace {
            match step {
                Step::Add(gap, amount) => {
                    now += gap;
                    model.add(now, amount);
                    added.push(model.latest);
                    prop_assert_eq!(window.add(to_f64(now), to_f64(amount)).unwrap(), to_f64(model.count(now)));
                }
                Step::Back(back, amount) => {
                    let earlier = now - back;
                    model.add(earlier, amount);
                    added.push(model.latest);
                    let counted = window.add(to_f64(earlier), to_f64(amount)).unwrap();
                    prop_assert_eq!(counted, to_f64(model.count(earlier)));
                }
                Step::TakeBack(back, amount) => {
                    let Some(at) = added.iter().rev().nth(back) else { continue };
                    // What has left the window is gone in both.
                    model.take_back(*at, amount);
                    window.take_back(to_f64(*at), to_f64(amount)).unwrap();
                }
            }
            for look in &looks {
                let at = now + look;
                prop_assert_eq!(window.count(to_f64(at)).unwrap(), to_f64(model.count(at)));
            }
            let wait = window.wait_us(to_f64(now), 3.0, to_f64(limit)).unwrap();
            prop_assert_eq!(wait, model.wait(now, 3, limit));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an integer below 2^53")]
            let idle = window.idle_us() as u64;
            prop_assert_eq!(model.count(idle), 0);
        }
    }

    #[test]
    fn keeps_to_the_exact_window_and_to_one_longer_by_a_64th(
        window_us in 1_u64..3_000,
        trace in prop::collection::vec((prop_oneof![0_u64..4, 0_u64..60, 0_u64..4_000], 0_u64..8), 0..100),
    ) {
        let mut window = SlidingWindow::new(to_f64(window_us)).unwrap();
        let mut added: Vec<(u64, u64)> = Vec::new();
        let mut now = NOON;
        for (step, amount) in trace {
            now += step;
            // In 64ths of a microsecond, so that the longer window is an integer, too.
            let counted = |length: u64| -> f64 {
                to_f64(added.iter().filter(|(at, _)| 64 * (now - at) < length).map(|(_, amount)| amount).sum())
            };
            let count = window.count(to_f64(now)).unwrap();
            prop_assert!(counted(64 * window_us) <= count && count <= counted(65 * window_us));
            window.add(to_f64(now), to_f64(amount)).unwrap();
            added.push((now, amount));
        }
    }

    #[test]
    fn no_number_makes_it_panic(
        window_us in any::<f64>(),
        calls in prop::collection::vec((prop_oneof![any::<f64>(), (0_u64..1 << 53).prop_map(to_f64)], any::<f64>()), 0..20),
    ) {
        for window_us in [window_us, 1.0, to_f64(1 << 51)] {
            let Ok(mut window) = SlidingWindow::new(window_us) else { continue };
            for (now, amount) in &calls {
                for amount in [*amount, 3.0, to_f64(COUNT_MAX)] {
                    let _ = window.add(*now, amount);
                    let _ = window.wait_us(*now, amount, to_f64(COUNT_MAX));
                    let _ = window.wait_us(*now, 0.0, amount);
                    let _ = window.take_back(*now, amount);
                    let _ = window.count(*now);
                    let _ = window.idle_us();
                }
            }
        }
    }
}

#[test]
fn counts_exactly_up_to_2_53_and_no_further() {
    let mut window = SlidingWindow::new(1_000.0).unwrap();
    assert_eq!(window.add(1.0, to_f64(COUNT_MAX - 1)).unwrap(), to_f64(COUNT_MAX - 1));
    assert_eq!(window.add(2.0, 5.0).unwrap(), to_f64(COUNT_MAX));
    window.take_back(1.0, to_f64(COUNT_MAX)).unwrap();
    assert_eq!(window.count(2.0).unwrap(), 0.0);
}

#[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
fn to_f64(x: u64) -> f64 {
    x as f64
}
