//! Relative error against exact quantiles, and states that no input breaks.
use atp_math::elementary::pow2;
use atp_math::latency_sketch::LatencySketch;
use proptest::prelude::*;

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::INFINITY), 0.0..1e13]
}

proptest! {
    #[test]
    fn quantiles_of_undecayed_data_are_within_1_percent(
        mut values in prop::collection::vec(0.1..3_600_000.0, 1..200),
        q in 0.0..=1.0,
    ) {
        let mut sketch = LatencySketch::new(f64::INFINITY).unwrap();
        for value in &values {
            sketch.record(*value, 0.0).unwrap();
        }
        values.sort_by(f64::total_cmp);
        let exact = values
            .iter()
            .zip(1_u32..)
            .find(|(_, rank)| f64::from(*rank) >= q * sketch.count(0.0).unwrap())
            .map_or(f64::NAN, |(value, _)| *value);
        let found = sketch.quantile(q).unwrap();
        prop_assert!((found - exact).abs() <= exact * (0.01 + 1e-9), "{found} for {exact}");
    }

    #[test]
    fn sketches_merged_in_any_order_equal_one_sketch(
        parts in prop::collection::vec(
            prop::collection::vec((0.1..3_600_000.0, 0.0..100_000.0), 0..20),
            1..5,
        ).prop_shuffle(),
    ) {
        let recorded = |values: &[(f64, f64)]| {
            let mut values = values.to_vec();
            values.sort_by(|a, b| f64::total_cmp(&a.1, &b.1));
            let mut sketch = LatencySketch::new(2_000.0).unwrap();
            for (value, now) in values {
                sketch.record(value, now).unwrap();
            }
            sketch
        };
        let mut merged = LatencySketch::new(2_000.0).unwrap();
        for part in &parts {
            merged.merge(&recorded(part).snapshot()).unwrap();
        }
        let whole = recorded(&parts.concat());
        let count = whole.count(100_000.0).unwrap();
        prop_assert!((merged.count(100_000.0).unwrap() - count).abs() <= 1e-9 * count);
        for (k, (x, y)) in whole.snapshot().iter().zip(merged.snapshot()).enumerate().skip(3) {
            // Weights are as of each sketch's own landmark.
            let scale = pow2((merged.snapshot()[2] - whole.snapshot()[2]) / 2_000.0);
            let y = if k == 3 { y } else { y * scale };
            prop_assert!((x - y).abs() <= 1e-9 * (1.0 + x.abs()), "figure {k}: {x} and {y}");
        }
    }

    #[test]
    fn any_records_leave_finite_quantiles(
        half_life in prop_oneof![Just(1.0), Just(f64::INFINITY), 1.0..1e9],
        records in prop::collection::vec((any_number(), any_number()), 0..50),
    ) {
        let mut sketch = LatencySketch::new(half_life).unwrap();
        let mut taken = 0;
        for (value, now) in records {
            taken += usize::from(sketch.record(value, now).is_ok());
        }
        let median = sketch.quantile(0.5).unwrap();
        prop_assert!(if taken == 0 { median.is_nan() } else { (0.09..3.7e6).contains(&median) }, "{median}");
        prop_assert!(sketch.snapshot().iter().all(|figure| figure.is_finite()));
    }

    #[test]
    fn any_snapshot_is_taken_or_refused(figures in prop::collection::vec(any_number(), 0..12), first in 0.0..900.0) {
        let mut sketch = LatencySketch::new(10.0).unwrap();
        sketch.record(5.0, 10.0).unwrap();
        let snapshot: Vec<f64> = [1.0, 1e12, 1e11, f64::trunc(first)].into_iter().chain(figures.clone()).collect();
        for snapshot in [&snapshot, &figures] {
            let before = sketch.snapshot();
            if sketch.merge(snapshot).is_err() {
                prop_assert_eq!(sketch.snapshot(), before);
            }
            let _ = sketch.restore(snapshot);
            sketch.record(1.0, 2e12).unwrap();
            prop_assert!(!sketch.quantile(0.9).unwrap().is_nan());
        }
    }
}
