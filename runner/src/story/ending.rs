//! How a story ends: what was promised and does not hold, or that all of it does.

use std::io;

use sim_core::Time;
use sim_core::check::Violation;

use super::Story;
use super::paint::{Brush, Ink};
use super::words;
use crate::outcome::{Outcome, Verdict};
use crate::output::words::{grouped, many};

pub(super) fn write(
    story: &Story,
    outcome: &Outcome,
    brush: &Brush,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    match &outcome.verdict {
        Verdict::Violated(violation) => violated(story, violation, brush, out),
        Verdict::Passed => {
            brush.paragraph(out, &format!("passed: {}", summary(outcome)), Ink::Good)?;
            let reached = outcome.counters.reached.iter();
            let reached: Vec<String> =
                reached.map(|(point, times)| format!("{point} {}", grouped(*times))).collect();
            if !reached.is_empty() {
                brush.paragraph(out, &format!("reached: {}", reached.join(", ")), Ink::Plain)?;
            }
            if story.options.is_default() {
                let more = "(the plot of it; --all tells everything, and --help of other parts)";
                brush.paragraph(out, more, Ink::Dim)?;
            }
            Ok(())
        }
        Verdict::Inconclusive { property, why } => {
            let text = format!("not decided: {property}: {why} ({})", summary(outcome));
            brush.paragraph(out, &text, Ink::Doubt)
        }
    }
}

/// Unmistakable, and as wide as the page.
fn violated(
    story: &Story,
    violation: &Violation,
    brush: &Brush,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let is_lesson = story.lessons.contains(&violation.property);
    let wanted = if is_lesson { ", as it should be" } else { "" };
    brush.heavy(out, &format!("VIOLATED: {}{wanted}", violation.property))?;
    let Violation { time, event, .. } = violation;
    let place = match violation.seat {
        Some(seat) => {
            let who = story.cast.seat(seat);
            format!("{who} broke it at {time}, in event {event}.")
        }
        None if *time == story.cast.world.end => "Judged at the end of the run.".into(),
        None => format!("Seen at {time}, in event {event}."),
    };
    brush.paragraph(out, &place, Ink::Plain)?;
    writeln!(out)?;
    for line in violation.message.trim_end().lines() {
        brush.paragraph(out, &line.replace(char::is_control, " "), Ink::Plain)?;
    }
    brush.heavy(out, "")
}

fn summary(outcome: &Outcome) -> String {
    let lasting = words::length(outcome.ended.since(Time::ZERO));
    let events = many(outcome.counters.events, "event");
    let operations = &outcome.operations;
    let answered = operations.latencies.len() as u64;
    let all = answered + operations.refused + operations.unknown;
    let faults = match outcome.counters.faults.iter().sum() {
        0 => String::new(),
        faults => format!(", {}", many(faults, "fault")),
    };
    let clients = match all {
        0 => String::new(),
        all => format!("; {} of {} answered", grouped(answered), many(all, "operation")),
    };
    format!("{lasting}, {events}{faults}{clients}")
}
