//! A run as it was: what was decided in it, and what happened. And whether another is the same.

use serde::{Deserialize, Serialize};
use sim_core::Time;

use super::tape::Decisions;
use super::trail::{Event, Trail};

/// A run as it was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Recording {
    /// Whether the run was noted to its end: a very long one is not.
    pub is_complete: bool,
    /// What was decided.
    pub decisions: Decisions,
    /// What happened.
    pub trail: Trail,
}

/// Where a run parts from the one that was recorded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    /// The number of the first event that differs, from one.
    pub event: usize,
    /// What it was; `None` if that run was over.
    pub then: Option<Event>,
    /// What it is; `None` if this run is over.
    pub now: Option<Event>,
}

impl Recording {
    /// Compares what happened with what was recorded.
    ///
    /// # Errors
    /// If what was recorded cannot be read.
    pub(crate) fn departure(&self, now: &[Event]) -> Result<Option<Departure>, String> {
        let then = self.trail.read()?;
        let compared = if self.is_complete { then.len().max(now.len()) } else { then.len() };
        let differs = (0..compared).find(|&place| then.get(place) != now.get(place));
        Ok(differs.map(|place| Departure {
            event: place + 1,
            then: then.get(place).cloned(),
            now: now.get(place).cloned(),
        }))
    }
}

impl Departure {
    /// When the earlier of the two events is.
    pub(crate) fn time(&self) -> Time {
        let times = [&self.then, &self.now].into_iter().flatten().map(|event| event.time);
        times.min().unwrap_or(Time::ZERO)
    }
}
