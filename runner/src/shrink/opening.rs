//! What stands at the top of a shrunk scenario: what it shows, how it was obtained, how it is seen.

use crate::output::words::wrapped;

use super::size::Size;
use super::{Ending, Shrunk};

/// What stands at the top of a shrunk scenario.
pub(crate) struct Opening<'a> {
    pub(crate) property: &'a str,
    /// What is wrong, in the protocol's words.
    pub(crate) message: &'a str,
    /// The mistake that the protocol was told to make, and what that is.
    pub(crate) flaw: Option<(&'a str, &'a str)>,
    /// The scenario that was shrunk, and what was different about it.
    pub(crate) from: &'a str,
    pub(crate) overrides: &'a [String],
    pub(crate) seed: u64,
    /// The line that replays it.
    pub(crate) replay: &'a str,
}

/// As wide as this the comment is.
const WIDTH: usize = 98;

impl Opening<'_> {
    /// What the scenario is about, in a sentence.
    pub(crate) fn about(&self) -> String {
        let property = self.property;
        match self.flaw {
            Some((_, about)) => format!("Breaks {property}: {about}."),
            None => format!("Breaks {property}: {}", self.said().0),
        }
    }

    /// What is wrong, in a line, and what belongs to that, in lines of their own.
    fn said(&self) -> (String, Vec<String>) {
        let mut lines = self.message.lines();
        let first = lines.next().unwrap_or_default().trim_end_matches('.');
        let details: Vec<String> =
            lines.take_while(|line| line.starts_with(' ')).map(String::from).collect();
        let stop = if details.is_empty() { "." } else { ":" };
        (format!("{first}{stop}"), details)
    }

    /// The comment, line by line.
    pub(crate) fn comment(&self, shrunk: &Shrunk) -> String {
        let under =
            self.flaw.map(|(flaw, _)| format!(" under the flaw {flaw}")).unwrap_or_default();
        let (message, details) = self.said();
        let what = format!("{} does not hold{under}: {message}", self.property);
        let with = match self.overrides {
            [] => String::new(),
            overrides => format!(" with {}", overrides.join(" and ")),
        };
        let less = match shrunk.ending {
            Ending::Smallest => "",
            Ending::BudgetSpent | Ending::Interrupted => " (not to the end)",
        };
        let how = format!("Shrunk{less} from seed {} of {}{with}:", self.seed, self.from);
        let chance = match shrunk.needs_no_chance() {
            true => "It fails on every seed.",
            false => "Part of it is left to chance: it fails on this seed, and not on every one.",
        };
        let size = |label: &str, size: &Size| format!("  {label} {}", size.in_a_line());
        let lines = [
            wrapped(&what, WIDTH),
            details,
            wrapped(&how, WIDTH),
            vec![size("from", &shrunk.before), size("to  ", shrunk.after())],
            wrapped(chance, WIDTH),
            vec![format!("  {}", self.replay)],
        ];
        lines.concat().iter().map(|line| format!("# {line}\n")).collect()
    }
}
