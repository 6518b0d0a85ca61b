//! Plays `LinUcb` of the crate muxer on the bench's shuffles, as `../play.py` does with others: one JSON object in, one out.
//! It knows no budget, and its reward is quality alone.
use std::time::Instant;

use muxer::{LinUcb, LinUcbConfig};
use serde_json::{Value, json};

/// As the other rivals' linear bandits have it: rewards of good models differ by little.
const EXPLORATION: f64 = 0.03;
const RIDGE: f64 = 10.0;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let task: Value = serde_json::from_reader(std::io::stdin().lock())?;
    let features: Vec<Vec<f64>> = serde_json::from_value(task["features"].clone())?;
    let shuffles = task["shuffles"].as_array().ok_or("found no shuffles")?;
    let played = shuffles.iter().map(|shuffle| play(shuffle, &features)).collect::<Result<Vec<_>, _>>()?;
    println!("{}", json!({ "muxer": played }));
    Ok(())
}

fn play(shuffle: &Value, features: &[Vec<f64>]) -> Result<Value, Box<dyn std::error::Error>> {
    let rows: Vec<usize> = serde_json::from_value(shuffle["rows"].clone())?;
    let rewards: Vec<Vec<f64>> = serde_json::from_value(shuffle["rewards"].clone())?;
    let costs: Vec<Vec<f64>> = serde_json::from_value(shuffle["costs"].clone())?;
    let arms: Vec<String> = (0..rewards[0].len()).map(|arm| arm.to_string()).collect();
    let mut bandit = LinUcb::new(LinUcbConfig {
        dim: features[0].len(),
        lambda: RIDGE,
        alpha: EXPLORATION,
        ..LinUcbConfig::default()
    });
    let (mut earned, mut spent) = (Vec::new(), Vec::new());
    let (mut choosing, mut learning) = (Vec::new(), Vec::new());
    for ((row, reward), cost) in rows.into_iter().zip(rewards).zip(costs) {
        let x = &features[row];
        let began = Instant::now();
        let (chosen, _) = bandit.select_with_scores(&arms, x).ok_or("no arm was chosen")?;
        choosing.push(began.elapsed().as_secs_f64());
        let arm: usize = chosen.parse()?;
        let answered = Instant::now();
        bandit.update_reward(chosen, x, reward[arm]);
        learning.push(answered.elapsed().as_secs_f64());
        earned.push(reward[arm]);
        spent.push(cost[arm]);
    }
    let seconds: f64 = choosing.iter().chain(&learning).sum();
    let speed = json!({
        "chooseUs": 1e6 * median(&mut choosing),
        "learnUs": 1e6 * median(&mut learning),
        "cyclesPerSecond": earned.len() as f64 / seconds,
    });
    Ok(json!({ "rewards": earned, "costs": spent, "speed": speed }))
}

fn median(seconds: &mut [f64]) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}
