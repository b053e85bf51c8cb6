//! Why a run broke what it must keep, as data: what led to it, what would have averted it, and from when
//! on nothing would.
//!
//! All of it is found by running the same seed again with something otherwise. It does not depend on the
//! number of threads, unless the time runs out.

mod chain;
mod crew;
mod futures;
mod moment;
mod sibling;

use std::sync::atomic::AtomicBool;

use serde::Serialize;
use sim_core::{Duration, Time};

use crate::catalogue::Prepared;
use crate::chronicle::{Chronicle, EventId, Suspects};
use crate::outcome::{Outcome, Verdict};
use crate::variation::Variation;

use self::crew::Crew;

/// What is to be explained, and how.
pub(crate) struct Order<'a> {
    /// A scenario of one run.
    pub(crate) scenario: &'a dyn Prepared,
    pub(crate) seed: u64,
    /// What that run broke.
    pub(crate) property: &'static str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// On how many threads.
    pub(crate) jobs: usize,
    /// For how long, in real time.
    pub(crate) time: Duration,
    pub(crate) stop: &'a AtomicBool,
}

/// Why a run broke what it must keep. Times are nanoseconds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Explanation {
    pub(crate) seed: String,
    pub(crate) property: &'static str,
    pub(crate) message: String,
    /// When it was seen.
    pub(crate) seen_ns: u64,
    /// When it was broken: of what is judged at the end of a run, the first time at which that would have
    /// been broken already.
    pub(crate) broken_ns: u64,
    /// What led to it: for each node or operation that it names, and for where it was seen.
    pub(crate) chains: Vec<Chain>,
    /// Faults that were there meanwhile.
    pub(crate) faults: Vec<Link>,
    pub(crate) sibling: Option<Sibling>,
    pub(crate) futures: Option<Futures>,
    /// Whether everything was tried that was to be.
    pub(crate) is_complete: bool,
}

/// What led to an event, the oldest first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Chain {
    /// To what: `B`, `c1#7`, or the property.
    pub(crate) to: String,
    pub(crate) links: Vec<Link>,
}

/// An event of the run.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Link {
    /// Its number in the chronicle.
    pub(crate) event: usize,
    pub(crate) time_ns: u64,
    pub(crate) who: String,
    pub(crate) what: String,
    /// What its node became by it.
    pub(crate) becomes: Option<&'static str>,
    /// How long the message that arrived had travelled.
    pub(crate) travelled_ns: Option<u64>,
}

/// The same run with one decision changed, which does not break it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Sibling {
    /// The decision, as an entry of a schedule says it.
    pub(crate) entry: Vec<(&'static str, String)>,
    /// What it was.
    pub(crate) was: Vec<(&'static str, String)>,
    /// When it was made.
    pub(crate) at_ns: u64,
    /// Whether a little less of a change would not do.
    pub(crate) is_threshold: bool,
    /// When this one breaks the same property after all; nothing if it keeps everything.
    pub(crate) breaks_ns: Option<u64>,
    /// Where the two part.
    pub(crate) parting: Option<Parting>,
}

/// Where two runs part: the first event in which they differ.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Parting {
    /// In the run that fails; nothing if it was over.
    pub(crate) here: Option<Link>,
    /// In the one that does not.
    pub(crate) there: Option<Link>,
}

/// How many of the futures fail in which chance is another from a time on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Futures {
    /// How many were tried from each time on.
    pub(crate) of_each: u64,
    /// They count as failed if they break the property until then.
    pub(crate) until_ns: u64,
    /// In order of time.
    pub(crate) points: Vec<Point>,
    /// Where the share rises most, if it does.
    pub(crate) lost: Option<Lost>,
}

/// The futures from one time on.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Point {
    pub(crate) at_ns: u64,
    pub(crate) failing: u64,
}

/// What was drawn between two neighbouring points.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Lost {
    /// The later of the points, counted from zero.
    pub(crate) point: usize,
    /// What happened from the earlier one to the later one.
    pub(crate) events: Vec<Link>,
    /// What was decided then, as a schedule says it.
    pub(crate) decisions: Vec<Vec<(&'static str, String)>>,
}

/// Explains a run.
pub(crate) fn explain(order: Order<'_>) -> Explanation {
    let Order { scenario, seed, property, outcome, jobs, time, stop } = order;
    let (seen, message) = match &outcome.verdict {
        Verdict::Violated(violation) => (violation.time, violation.message.clone()),
        Verdict::Passed | Verdict::Inconclusive { .. } => (outcome.ended, String::new()),
    };
    let crew = Crew::new(scenario, seed, property, jobs, time, stop);
    let run = scenario.chronicle(seed, None);
    let broken = moment::broken(&crew, &run, seen);
    let suspects = Suspects::of(&run);
    let decisions = scenario.decisions(seed, &Variation::default());
    let sibling = sibling::nearest(&crew, &run, &suspects, &decisions, broken);
    let futures = futures::draw(&crew, &run, &suspects, &decisions, broken);
    Explanation {
        seed: seed.to_string(),
        property,
        message,
        seen_ns: seen.as_nanos(),
        broken_ns: broken.as_nanos(),
        chains: chain::chains(&run, &suspects),
        faults: chain::faults(&run, broken),
        sibling,
        futures,
        is_complete: !crew.is_over(),
    }
}

impl Link {
    fn of(run: &Chronicle, id: EventId) -> Self {
        let event = run.event(id);
        Self {
            event: id.0,
            time_ns: event.time.as_nanos(),
            who: run.whose(id),
            what: run.headline(id),
            becomes: run.becomes(id),
            travelled_ns: run.travelled(id).map(Duration::as_nanos),
        }
    }

    /// When it happened.
    pub(crate) const fn time(&self) -> Time {
        Time::from_nanos(self.time_ns)
    }
}
