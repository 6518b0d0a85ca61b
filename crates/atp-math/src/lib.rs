//! The arithmetic of routing and limiting: bandits, features of prompts, sliding windows and latency sketches.
//!
//! Every result equals that of the TypeScript twin in `libs/native` to the last bit: plain IEEE operations in the same
//! order, own elementary functions, and a 32-bit counter generator.
#![forbid(unsafe_code)]

pub mod arm_statistics;
mod arms_snapshot;
pub mod bandit;
pub mod beta;
mod change_watch;
pub mod checks;
pub mod choice;
mod cholesky;
mod common_prior;
pub mod context;
pub mod elementary;
pub mod evidence_window;
pub mod hash64;
pub mod kl_ucb;
mod known_words;
pub mod lanes;
pub mod latency_sketch;
pub mod linear_arm;
pub mod linear_bandit;
pub mod normal;
pub mod prompt_features;
mod prompt_scan;
pub mod random_stream;
pub mod range_error;
pub mod sliding_window;
pub mod strategy;
pub mod threefry;
