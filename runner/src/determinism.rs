//! Whether a seed gives the same run twice and, if not, at which event the two part.

use sim_core::client::Client;
use sim_core::trace::{Happening, Trace};
use sim_core::{Protocol, Time};

use crate::catalogue::Prepared;

/// Notes the fingerprint after every event, and what happened in it: the cause, then a line for each
/// thing that came of it.
#[derive(Default)]
pub(crate) struct Diary {
    entries: Vec<(u64, String)>,
    current: String,
}

impl Diary {
    pub(crate) fn into_entries(self) -> Vec<(u64, String)> {
        self.entries
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Diary {
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
        let line = crate::story::headline(what);
        if self.current.is_empty() {
            self.current = format!("{time} {}", line.trim_end());
        } else {
            self.current.push('\n');
            self.current.push_str(line.trim_end());
        }
    }

    fn event_over(&mut self, _: u64, _: Time, fingerprint: u64) {
        let what = std::mem::take(&mut self.current);
        self.entries.push((fingerprint, what));
    }
}

/// Where two runs of one seed part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parting {
    /// The number of the first event that differs, from one.
    pub event: usize,
    /// What it was in the first run, and which of its effects differs; `None` if that one was over.
    pub first: Option<String>,
    /// What it was in the second.
    pub second: Option<String>,
}

/// Runs a seed twice; says at which event the runs part, if they do.
pub fn parting(scenario: &dyn Prepared, seed: u64) -> Option<Parting> {
    let (first, second) = (scenario.fingerprints(seed), scenario.fingerprints(seed));
    let longest = first.len().max(second.len());
    let event = (0..longest).find(|&event| {
        let fingerprint = |run: &[(u64, String)]| run.get(event).map(|entry| entry.0);
        fingerprint(&first) != fingerprint(&second)
    })?;
    let lines = |run: &[(u64, String)]| -> Option<Vec<String>> {
        run.get(event).map(|entry| entry.1.lines().map(String::from).collect())
    };
    let (first, second) = (lines(&first), lines(&second));
    // The cause of the event is the same more often than not: then what came of it differs.
    let of = |run: &Option<Vec<String>>, line: usize| {
        run.as_ref().and_then(|run| run.get(line).cloned())
    };
    let most = [&first, &second].into_iter().flatten().map(Vec::len).max().unwrap_or(0);
    let line = (0..most).find(|&line| of(&first, line) != of(&second, line)).unwrap_or(0);
    let told = |run: &Option<Vec<String>>| -> Option<String> {
        let cause = run.as_ref()?.first()?;
        match (line, of(run, line)) {
            (0, _) => Some(cause.clone()),
            (_, Some(what)) => Some(format!("{cause}: {what}")),
            (_, None) => Some(format!("{cause}: nothing more")),
        }
    };
    Some(Parting { event: event + 1, first: told(&first), second: told(&second) })
}
