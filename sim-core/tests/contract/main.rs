//! The contract that opens `sim-core/src/lib.rs`, rule by rule: each test names its rule and states
//! the fact. Rule 12 has a file of its own, `allocations.rs`, for it needs an allocator that
//! counts.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

#[path = "../common/mod.rs"]
mod common;

mod draws;
mod judging;
mod order;
mod steps;
mod trust;
