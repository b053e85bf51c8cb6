//! What a sweep adds up to.

use std::collections::BTreeMap;
use std::ops::Range;

use sim_core::check::Violation;
use sim_core::counters::Counters;
use sim_core::fault::Family;
use sim_core::hash::Fingerprint;
use sim_core::time::Duration;

use crate::histogram::Histogram;
use crate::outcome::{Outcome, Verdict};

/// What a scenario demands, by name, and the words that its protocol uses.
#[derive(Clone, Default, Debug)]
pub struct Expectations {
    /// Judged in every run.
    pub always: Vec<&'static str>,
    /// Must come about so long after the last fault.
    pub eventually: Vec<(&'static str, Duration)>,
    /// Points that the sweep must reach.
    pub sometimes: Vec<&'static str>,
    /// Properties that must be broken: the scenario is a lesson.
    pub violated: Vec<&'static str>,
    /// How many seeds it takes before a `sometimes` is judged.
    pub enough_seeds: u64,
    /// Whether the scenario lets clients ask anything.
    pub has_clients: bool,
    /// How many operations a script asks for, each of which must end as it says.
    pub scripted: u64,
    /// The families of fault that the scenario plans or may draw.
    pub planned: Vec<Family>,
    /// The kinds of the protocol's messages.
    pub messages: &'static [&'static str],
}

/// What a sweep adds up to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was demanded.
    pub expectations: Expectations,
    /// The seeds that were to run.
    pub seeds: Range<u64>,
    /// How many of them ran, from the first on.
    pub ran: u64,
    /// Simulated time, in all.
    pub simulated: Duration,
    /// A hash over every run's fingerprint, in the order of the seeds.
    pub fingerprint: u64,
    /// What happened, added up.
    pub totals: Counters,
    /// For each point how often it was reached, and in how many seeds.
    pub reached: BTreeMap<&'static str, Reached>,
    /// In how many runs each property was judged to the end, and held.
    pub judged: BTreeMap<&'static str, u64>,
    /// Operations that were answered.
    pub latencies: Histogram,
    /// Operations that certainly had no effect.
    pub refused: u64,
    /// Operations of which nobody can say.
    pub unknown: u64,
    /// Seeds that broke something, by property, in the order of the seeds.
    pub failures: BTreeMap<&'static str, Failures>,
    /// Seeds that a judge could not decide, by property.
    pub undecided: BTreeMap<&'static str, Undecided>,
    /// How many seeds of each property are remembered one by one.
    remembered: usize,
}

/// How often a point was reached.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Reached {
    /// In all.
    pub times: u64,
    /// In how many seeds.
    pub seeds: u64,
}

/// The seeds that broke one property.
#[derive(Clone, Default, Debug)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// The lowest of them.
    pub lowest: Vec<Failure>,
}

/// One run that broke something.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The fingerprint of the run, which tells whether a replay is the same one.
    pub fingerprint: u64,
    /// Who broke it, if a step of somebody did.
    pub culprit: Option<String>,
    /// What was broken.
    pub violation: Violation,
}

/// The seeds in which one property could not be decided.
#[derive(Clone, Default, Debug)]
pub struct Undecided {
    /// How many.
    pub count: u64,
    /// The lowest of them, each with what stood in the way.
    pub lowest: Vec<(u64, String)>,
}

impl Summary {
    /// Nothing ran yet. So many failing seeds of each property will be remembered one by one.
    #[must_use]
    pub fn new(expectations: Expectations, seeds: Range<u64>, remembered: usize) -> Self {
        Self {
            expectations,
            seeds,
            ran: 0,
            simulated: Duration::ZERO,
            fingerprint: Fingerprint::default().value(),
            totals: Counters::default(),
            reached: BTreeMap::new(),
            judged: BTreeMap::new(),
            latencies: Histogram::default(),
            refused: 0,
            unknown: 0,
            failures: BTreeMap::new(),
            undecided: BTreeMap::new(),
            remembered,
        }
    }

    /// Adds one run. Runs are added in the order of their seeds.
    pub fn add(&mut self, outcome: &Outcome) {
        self.ran += 1;
        self.simulated = self.simulated + outcome.ended.since(sim_core::Time::ZERO);
        let mut fingerprint = Fingerprint::from_value(self.fingerprint);
        fingerprint.absorb(outcome.seed);
        fingerprint.absorb(outcome.fingerprint);
        self.fingerprint = fingerprint.value();
        self.totals.add(&outcome.counters);
        for (point, times) in &outcome.counters.reached {
            let reached = self.reached.entry(point).or_default();
            reached.times += times;
            reached.seeds += 1;
        }
        for property in &outcome.judged {
            *self.judged.entry(property).or_default() += 1;
        }
        outcome.operations.latencies.iter().for_each(|&latency| self.latencies.add(latency));
        self.refused += outcome.operations.refused;
        self.unknown += outcome.operations.unknown;
        match &outcome.verdict {
            Verdict::Passed => {}
            Verdict::Violated(violation) => self.add_failure(outcome, violation),
            Verdict::Inconclusive { property, why } => {
                let undecided = self.undecided.entry(property).or_default();
                undecided.count += 1;
                if undecided.lowest.len() < self.remembered {
                    undecided.lowest.push((outcome.seed, why.clone()));
                }
            }
        }
    }

    fn add_failure(&mut self, outcome: &Outcome, violation: &Violation) {
        let failures = self.failures.entry(violation.property).or_default();
        failures.count += 1;
        if failures.lowest.len() < self.remembered {
            failures.lowest.push(Failure {
                seed: outcome.seed,
                fingerprint: outcome.fingerprint,
                culprit: outcome.culprit.clone(),
                violation: violation.clone(),
            });
        }
    }

    /// In how many runs something was broken, were it to hold or not.
    #[must_use]
    pub fn broken_runs(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    /// Whether a property is one that the scenario wants to see broken.
    #[must_use]
    pub fn is_lesson(&self, property: &str) -> bool {
        self.expectations.violated.contains(&property)
    }

    /// Whether a seed broke something that was to hold.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failures.keys().any(|property| !self.is_lesson(property))
    }

    /// Whether every seed that was to run did.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.ran == self.seeds.end.saturating_sub(self.seeds.start)
    }

    /// What the sweep says.
    #[must_use]
    pub fn verdict(&self) -> SweepVerdict {
        let mut reasons = Vec::new();
        if self.has_failed() {
            return SweepVerdict::Failed;
        }
        for &property in &self.expectations.violated {
            if !self.failures.contains_key(property) {
                reasons.push(format!("{property} was to be broken, and no seed broke it"));
            }
        }
        if self.judges_sometimes() {
            for &point in &self.expectations.sometimes {
                if !self.reached.contains_key(point) {
                    reasons.push(format!("{point} was to happen sometimes, and never did"));
                }
            }
        }
        if !reasons.is_empty() {
            return SweepVerdict::Unmet(reasons);
        }
        reasons.extend(self.nothing_exercised());
        for (property, undecided) in &self.undecided {
            let count = undecided.count;
            let first = undecided.lowest.first();
            let first =
                first.map(|(seed, why)| format!("; seed {seed}: {why}")).unwrap_or_default();
            reasons.push(format!("{property} could not be decided in {count} runs{first}"));
        }
        if reasons.is_empty() { SweepVerdict::Held } else { SweepVerdict::Inconclusive(reasons) }
    }

    /// Whether enough seeds ran to say that something never happens.
    #[must_use]
    pub const fn judges_sometimes(&self) -> bool {
        self.ran >= self.expectations.enough_seeds
    }

    /// What a green result would be worth nothing without.
    fn nothing_exercised(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.ran == 0 {
            return vec![String::from("no seed ran")];
        }
        if self.totals.steps == 0 {
            reasons.push(String::from("no process took a step"));
        }
        if self.expectations.has_clients && self.latencies.count() == 0 {
            reasons.push(String::from("no request was answered"));
        }
        for (property, within) in &self.expectations.eventually {
            if !self.judged.contains_key(property) {
                let why = format!("{property} was never judged: no run lasts {within} of calm");
                reasons.push(why);
            }
        }
        let took_place = |family: &&Family| self.totals.faults[**family as usize] > 0;
        let planned = &self.expectations.planned;
        if !planned.is_empty() && !planned.iter().any(|family| took_place(&family)) {
            reasons.push(String::from("no fault took place"));
        }
        reasons
    }
}

/// What a sweep says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SweepVerdict {
    /// Everything is as expected.
    Held,
    /// A seed broke something that was to hold.
    Failed,
    /// No seed did what some seed should have done.
    Unmet(Vec<String>),
    /// Nothing was broken, and that says too little.
    Inconclusive(Vec<String>),
}

impl SweepVerdict {
    /// The exit code: 0 as expected, 1 a violation, 3 inconclusive.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Held => 0,
            Self::Failed | Self::Unmet(_) => 1,
            Self::Inconclusive(_) => 3,
        }
    }
}
