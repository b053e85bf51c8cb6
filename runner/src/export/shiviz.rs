//! A run as a log that ShiViz draws (<https://bestchai.bitbucket.io/shiviz/>): each event with the vector
//! clock of its place. The first line is the expression by which ShiViz reads the others, the second
//! one is empty: there is one execution.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::chronicle::{Chronicle, EventId};

/// How ShiViz is to read the log.
const EXPRESSION: &str = r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)";

/// How many events of each place, by name, somebody has heard of.
type Clock = BTreeMap<String, u64>;

/// The log.
pub(super) fn text(run: &Chronicle) -> String {
    let mut text = format!("{EXPRESSION}\n\n");
    let mut clocks: Vec<Clock> = Vec::with_capacity(run.events.len());
    // Faults do not depend on one another, but to ShiViz the world is a place like any other: it has heard
    // of all that happened there.
    let mut last: BTreeMap<String, Clock> = BTreeMap::new();
    for id in (0..run.events.len()).map(EventId) {
        let place = run.whose(id);
        let mut clock = last.remove(&place).unwrap_or_default();
        for cause in run.causes(id) {
            for (place, heard) in &clocks[cause.0] {
                let known = clock.entry(place.clone()).or_default();
                *known = (*known).max(*heard);
            }
        }
        *clock.entry(place.clone()).or_default() += 1;
        let written = serde_json::to_string(&clock).expect("names and numbers can be written");
        let (time, headline) = (run.event(id).time, run.headline(id).replace('\n', " "));
        writeln!(text, "{place} {written}\n{time} {headline}").expect("a string takes all");
        last.insert(place, clock.clone());
        clocks.push(clock);
    }
    text
}
