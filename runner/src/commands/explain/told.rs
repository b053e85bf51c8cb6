//! An explanation in words. 80 columns; colour only for headings, and for what was violated.

use anstyle::{AnsiColor, Style};
use sim_core::{Duration, Time};

use crate::explain::{Chain, Explanation, Futures, Link, Parting, Sibling};
use crate::output::words::{WIDTH, clipped, rough, wrapped};

const BAD: Style = AnsiColor::Red.on_default().bold();
const HEADING: Style = Style::new().bold();

/// What the explanation is of.
pub(super) struct About<'a> {
    pub(super) path: &'a str,
    /// What the property says.
    pub(super) promise: Option<&'a str>,
    /// The mistake that the protocol was told to make, and what that is.
    pub(super) flaw: Option<(&'static str, &'static str)>,
    /// The line that shows the run.
    pub(super) replay: &'a str,
}

/// The explanation.
pub(super) fn lines(explanation: &Explanation, about: &About<'_>) -> Vec<String> {
    let mut lines = opening(explanation, about);
    lines.extend(came_about(explanation));
    lines.extend(averted(explanation));
    lines.extend(lost(explanation));
    lines.push(String::new());
    lines.extend(["to see it:".to_owned(), format!("  {}", about.replay)]);
    lines
}

fn heading(text: &str) -> Vec<String> {
    vec![String::new(), format!("{HEADING}{text}{HEADING:#}")]
}

/// A sentence, set in from the left.
fn said(text: &str) -> Vec<String> {
    let lines = wrapped(text, WIDTH - INDENT.len());
    lines.into_iter().map(|line| format!("{INDENT}{line}")).collect()
}

const INDENT: &str = "  ";

fn opening(explanation: &Explanation, about: &About<'_>) -> Vec<String> {
    let Explanation { seed, property, message, .. } = explanation;
    let mut lines = vec![format!("{}, seed {seed}", about.path), String::new()];
    lines.push(format!("{BAD}VIOLATED: {property}{BAD:#}"));
    lines.extend(
        about.promise.map(|promise| said(&format!("It says: {promise}."))).unwrap_or_default(),
    );
    if let Some((name, what)) = about.flaw {
        lines.extend(said(&format!("The flaw {name} was asked for: {what}.")));
    }
    let (seen, broken) = (explanation.seen_ns, explanation.broken_ns);
    let at = match seen == broken {
        true => format!("At {}:", time(broken)),
        false => format!("At {}, as was found when the run was over:", time(broken)),
    };
    lines.extend(said(&at));
    for line in message.lines() {
        lines.push(format!("{INDENT}{INDENT}{}", clipped(line, WIDTH - 2 * INDENT.len())));
    }
    lines
}

fn time(nanos: u64) -> Time {
    Time::from_nanos(nanos)
}

fn came_about(explanation: &Explanation) -> Vec<String> {
    let mut lines = heading("How it came about");
    for Chain { to, links } in &explanation.chains {
        lines.extend(said(&format!("what led to {to}:")));
        lines.extend(links.iter().flat_map(link));
    }
    if !explanation.faults.is_empty() {
        lines.extend(said("Faults at that time:"));
        lines.extend(explanation.faults.iter().flat_map(link));
    }
    lines
}

/// `  159.175ms  B      timer Election rings`, with what its node becomes.
fn link(link: &Link) -> Vec<String> {
    let Link { who, what, .. } = link;
    let line = format!("{:>13}  {who:<7} {what}", link.time().to_string());
    let mut lines = vec![clipped(&line, WIDTH)];
    let mut detail = Vec::new();
    if let Some(travelled) = link.travelled_ns {
        detail.push(format!("after {}", rough(Duration::from_nanos(travelled))));
    }
    if let Some(role) = link.becomes {
        detail.push(format!("becomes {role}"));
    }
    if !detail.is_empty() {
        lines.push(format!("{:23}{}", "", detail.join(", ")));
    }
    lines
}

fn averted(explanation: &Explanation) -> Vec<String> {
    let mut lines = heading("What would have averted it");
    let Some(sibling) = &explanation.sibling else {
        let why = match explanation.is_complete {
            true => "No single decision that was changed did.",
            false => "None was found until the time ran out: --budget.",
        };
        lines.extend(said(why));
        return lines;
    };
    let Sibling { entry, was, is_threshold, breaks_ns, .. } = sibling;
    let how = match breaks_ns {
        None => String::from(
            "Of the single decisions that avert it when they are changed, this is the last:",
        ),
        Some(at) => format!(
            "No single decision that was changed lets the run keep everything. With this one it \
             lasts longest, until {}:",
            time(*at)
        ),
    };
    lines.extend(said(&how));
    for (number, (key, value)) in entry.iter().enumerate() {
        let dash = if number == 0 { "- " } else { "  " };
        lines.push(format!("{INDENT}{INDENT}{dash}{key}: {value}"));
    }
    let was = outcome(was);
    let enough = if *is_threshold { "; a smaller change would not do" } else { "" };
    lines.extend(said(&format!("It was: {was}, decided at {}{enough}.", time(sibling.at_ns))));
    lines.extend(sibling.parting.as_ref().map(parting).unwrap_or_default());
    lines
}

fn parting(parting: &Parting) -> Vec<String> {
    let mut lines = said("The two runs part here. The one that fails, then the one that does not:");
    let over = || vec![format!("{INDENT}{INDENT}(the run is over)")];
    lines.extend(parting.here.as_ref().map_or_else(over, link));
    lines.extend(parting.there.as_ref().map_or_else(over, link));
    lines
}

fn lost(explanation: &Explanation) -> Vec<String> {
    let mut lines = heading("When the run was lost");
    let Some(futures) = &explanation.futures else {
        lines.extend(said("The time ran out before that was known: --budget."));
        return lines;
    };
    let Futures { of_each, until_ns, points, lost } = futures;
    lines.extend(said(&format!(
        "Of {of_each} futures each, in which chance is another from a time on, so many break it by {}:",
        time(*until_ns)
    )));
    for (number, point) in points.iter().enumerate() {
        let percent = point.failing * 100 / of_each;
        let bar = usize::try_from(point.failing * BAR / of_each).unwrap_or_default();
        let here = lost.as_ref().is_some_and(|lost| lost.point == number);
        let mark = if here { "  <- lost" } else { "" };
        lines.push(format!(
            "{:>13}  {percent:>3} % {}{mark}",
            time(point.at_ns).to_string(),
            "█".repeat(bar)
        ));
    }
    let Some(lost) = lost else {
        lines.extend(said("There is no one step at which it was lost."));
        return lines;
    };
    let since = lost.point.checked_sub(1).map(|before| points[before].at_ns).unwrap_or_default();
    lines.extend(said(&format!(
        "It was lost between {} and {}. What happened then, and was drawn:",
        time(since),
        time(points[lost.point].at_ns)
    )));
    lines.extend(lost.events.iter().flat_map(link));
    for entry in &lost.decisions {
        let about = entry.first().map(|(_, about)| about.as_str()).unwrap_or_default();
        lines.push(clipped(&format!("{:23}drawn: {about}: {}", "", outcome(entry)), WIDTH));
    }
    lines
}

/// How a decision came out, with lengths in three digits: `delay 1.03ms`.
fn outcome(entry: &[(&'static str, String)]) -> String {
    let words = entry.iter().skip(1).map(|(key, value)| match value.parse::<Duration>() {
        Ok(length) => format!("{key} {}", rough(length)),
        Err(_) => format!("{key} {value}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// How long the bar of all futures is.
const BAR: u64 = 40;
