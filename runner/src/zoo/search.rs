//! One search: seed after seed, until something is broken.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use sim_core::{Duration, Time};

use crate::catalogue::Prepared;
use crate::outcome::{Outcome, Verdict};

/// What one search came to.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// Its first seed.
    pub(crate) from: u64,
    /// How many seeds ran, that which broke something included.
    pub(crate) seeds: u64,
    /// Simulated time, in all, in nanoseconds.
    pub(crate) simulated_ns: u128,
    /// Events, in all.
    pub(crate) events: u64,
    /// What was found, if anything was.
    pub(crate) found: Option<Found>,
    /// In how many of these seeds the correct version came to the line that the flaw breaks.
    pub(crate) triggered: u64,
    /// The first of these seeds that broke something without the flaw, and what.
    pub(crate) innocent_failed: Option<(u64, &'static str)>,
}

/// The end of a search.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The seed that broke something.
    pub(crate) seed: u64,
    /// What was the first to be broken.
    pub(crate) property: &'static str,
}

/// Searches; and runs the correct version on the same seeds, if there is one to compare with.
pub(super) fn search(
    flawed: &dyn Prepared,
    correct: Option<&dyn Prepared>,
    trigger: &str,
    seeds: Range<u64>,
    stop: &AtomicBool,
) -> Option<Search> {
    let messages = flawed.expectations().messages;
    let kind = messages.iter().position(|message| *message == trigger);
    let is_triggered = |outcome: &Outcome| {
        let counters = &outcome.counters;
        let sent = kind.and_then(|kind| counters.kinds.get(kind)).copied().unwrap_or(0);
        sent > 0 || counters.reached.iter().any(|(point, _)| *point == trigger)
    };
    let mut search = Search {
        from: seeds.start,
        seeds: 0,
        simulated_ns: 0,
        events: 0,
        found: None,
        triggered: 0,
        innocent_failed: None,
    };
    let (mut flawed, mut correct) = (flawed.worker(), correct.map(Prepared::worker));
    for seed in seeds {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let outcome = flawed.run(seed);
        search.seeds += 1;
        search.simulated_ns += u128::from(outcome.ended.since(Time::ZERO).as_nanos());
        search.events += outcome.counters.events;
        if let Some(correct) = &mut correct {
            let outcome = correct.run(seed);
            search.triggered += u64::from(is_triggered(&outcome));
            let failed = broken(&outcome).map(|property| (seed, property));
            search.innocent_failed = search.innocent_failed.or(failed);
        }
        if let Verdict::Violated(violation) = &outcome.verdict {
            search.found = Some(Found { seed, property: violation.property });
            break;
        }
    }
    Some(search)
}

/// What a run does not keep, or does not let anybody decide.
const fn broken(outcome: &Outcome) -> Option<&'static str> {
    match &outcome.verdict {
        Verdict::Passed => None,
        Verdict::Violated(violation) => Some(violation.property),
        Verdict::Inconclusive { property, .. } => Some(property),
    }
}

impl Search {
    /// Simulated time, as far as it can be said.
    pub(crate) fn simulated(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.simulated_ns).unwrap_or(u64::MAX))
    }
}
