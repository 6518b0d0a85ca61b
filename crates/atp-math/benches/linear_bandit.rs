//! What a decision of linear Thompson sampling costs in the crate itself, without a binding: `cargo bench`.
use std::hint::black_box;

use atp_math::choice::Weighing;
use atp_math::linear_bandit::{LinearBandit, LinearOptions};
use atp_math::strategy::Strategy;
use criterion::{Criterion, criterion_group, criterion_main};

const NOW: f64 = 1.7e12;
const CONTEXTS: usize = 64;

/// A bandit that has learned from some thousand contexts, with contexts to go on with.
struct Warm {
    bandit: LinearBandit,
    contexts: Vec<Vec<f64>>,
    weights: Vec<f64>,
    penalties: Vec<f64>,
    qualities: Vec<f64>,
    step: u32,
}

impl Warm {
    fn new(dimension: usize, arms: u32) -> Self {
        let mut bandit = LinearBandit::new(LinearOptions {
            dimension,
            bias_ridge: 1.0,
            ridge: 10.0,
            common_ridge: 10.0,
            half_life_ms: 3.6e6,
            noise: 0.25,
            exploration: 0.3,
            change_threshold: 8.0,
        })
        .expect("legal options");
        for arm in 0..arms {
            bandit.add_arm(arm, 0.7).expect("a legal prior");
        }
        let feature = |at: usize| f64::from(u32::try_from(at).expect("few features")).sin();
        let contexts = (0..CONTEXTS)
            .map(|context| {
                (0..dimension).map(|k| if k == 0 { 1.0 } else { feature(context * dimension + k) }).collect()
            })
            .collect();
        let size = arms as usize;
        let mut warm = Self {
            bandit,
            contexts,
            weights: vec![1.0; size],
            penalties: vec![0.1; size],
            qualities: vec![0.0; size],
            step: 0,
        };
        for k in 0..4_096 {
            warm.step += 1;
            warm.learn(k % size);
        }
        warm
    }

    fn context(&self) -> usize {
        self.step as usize % CONTEXTS
    }

    fn select(&mut self) -> usize {
        self.step = self.step.wrapping_add(1);
        let weighing = Weighing { now: NOW, weights: &self.weights, penalties: &self.penalties };
        let x = &self.contexts[self.step as usize % CONTEXTS];
        let chosen = self.bandit.select(Strategy::Thompson, [self.step, 7], x, weighing, &mut self.qualities);
        chosen.expect("a legal request").expect("an eligible arm")
    }

    fn learn(&mut self, arm: usize) {
        let context = self.context();
        let reward = f64::from(self.step % 10) / 10.0;
        self.bandit.update(arm, &self.contexts[context], reward, 1.0, NOW).expect("a legal reward");
    }
}

fn linear(criterion: &mut Criterion) {
    for (dimension, arms) in [(26, 3), (26, 8), (26, 32), (64, 3), (64, 8), (64, 32)] {
        let mut warm = Warm::new(dimension, arms);
        criterion.bench_function(
            &format!("linear Thompson, d = {dimension}, K = {arms}: decision"),
            |bencher| {
                bencher.iter(|| black_box(warm.select()));
            },
        );
        criterion.bench_function(
            &format!("linear Thompson, d = {dimension}, K = {arms}: decision and update"),
            |bencher| {
                bencher.iter(|| {
                    let arm = warm.select();
                    warm.learn(black_box(arm));
                });
            },
        );
    }
}

criterion_group!(benches, linear);
criterion_main!(benches);
