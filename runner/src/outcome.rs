//! What one seed gave, with the protocol's types left behind.

use sim_core::check::Violation;
use sim_core::counters::Counters;
use sim_core::{Duration, Time};

use crate::coverage::Coverage;
use crate::signature::Signature;

/// What one seed gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The hash over everything that happened.
    pub fingerprint: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// Who broke it, if a step of somebody did.
    pub culprit: Option<String>,
    /// What it has in common with others of the same bug, if it broke something and that was asked for.
    pub signature: Option<Signature>,
    /// What the run came to, if that was asked for.
    pub coverage: Option<Coverage>,
    /// When it ended: the end of the run, or the time of a violation.
    pub ended: Time,
    /// What happened, counted.
    pub counters: Counters,
    /// What clients got.
    pub operations: Operations,
    /// For each decision of the scenario's schedule, whether the run took it.
    pub taken: Vec<bool>,
    /// The properties that were judged to the end of the run, and hold.
    pub judged: Vec<&'static str>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Everything that was judged holds.
    Passed,
    /// This does not hold.
    Violated(Violation),
    /// A judge ran out of its budget.
    Inconclusive {
        /// The property that it was to judge.
        property: &'static str,
        /// Why it could not.
        why: String,
    },
}

/// What clients got.
#[derive(Clone, Default, Debug)]
pub struct Operations {
    /// Operations that were answered, and how long each took.
    pub latencies: Vec<Duration>,
    /// Operations that certainly had no effect.
    pub refused: u64,
    /// Operations of which nobody can say, those that were open at the end included.
    pub unknown: u64,
}
