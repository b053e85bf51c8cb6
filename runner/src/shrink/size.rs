//! How much there is to a failing run: what a person has to keep in mind.

use sim_core::Duration;
use sim_core::Time;

use crate::outcome::Outcome;
use crate::output::words::{grouped, many, rough};

use super::draft::Draft;

/// How much there is to a failing run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Size {
    /// Faults that are planned, and crashes that the schedule has.
    pub(crate) faults: u64,
    /// Operations that clients asked for until it failed.
    pub(crate) requests: u64,
    pub(crate) nodes: u64,
    /// Decisions of the schedule that are no crashes.
    pub(crate) decisions: u64,
    /// Until it failed.
    pub(crate) time: Duration,
    /// Until it failed.
    pub(crate) events: u64,
}

impl Size {
    pub(super) fn of(draft: &Draft, outcome: &Outcome) -> Self {
        let schedule = draft.list("schedule");
        let crashes = schedule.iter().filter(|entry| entry.get("crash").is_some()).count();
        let operations = &outcome.operations;
        let requests = operations.latencies.len() as u64 + operations.refused + operations.unknown;
        Self {
            faults: (draft.list("faults").len() + crashes) as u64,
            requests,
            nodes: draft.list("nodes").len() as u64,
            decisions: (schedule.len() - crashes) as u64,
            time: outcome.ended.since(Time::ZERO),
            events: outcome.counters.events,
        }
    }

    /// Whether a person can act it out at a whiteboard.
    pub(super) const fn is_small(&self) -> bool {
        self.faults <= 2 && self.requests <= 3 && self.decisions <= 3 && self.nodes <= 5
    }

    /// How hard it is to act out: by this one scenario is smaller than another.
    pub(super) const fn weight(&self) -> u64 {
        let (told, drawn) = (self.faults + self.requests, self.decisions);
        1_000 * (4 * told + 2 * drawn + self.nodes) + self.events
    }

    /// The parts, each with its name: before, then after.
    pub(crate) fn rows(&self, after: &Self) -> Vec<(&'static str, String, String)> {
        let mut rows = vec![
            ("faults", grouped(self.faults), grouped(after.faults)),
            ("requests", grouped(self.requests), grouped(after.requests)),
            ("nodes", grouped(self.nodes), grouped(after.nodes)),
            ("decisions", grouped(self.decisions), grouped(after.decisions)),
            ("time", rough(self.time), rough(after.time)),
            ("events", grouped(self.events), grouped(after.events)),
        ];
        rows.retain(|(name, ..)| *name != "decisions" || self.decisions + after.decisions > 0);
        rows
    }

    /// `2 faults, 1 request, 3 nodes, 1.20s, 97 events`.
    pub(crate) fn in_a_line(&self) -> String {
        let mut parts = vec![
            many(self.faults, "fault"),
            many(self.requests, "request"),
            many(self.nodes, "node"),
        ];
        parts.extend((self.decisions > 0).then(|| many(self.decisions, "decision")));
        parts.extend([rough(self.time), many(self.events, "event")]);
        parts.join(", ")
    }
}
