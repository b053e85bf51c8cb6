//! A sweep for people: what held, what was exercised, what broke and how to see it again. 80 columns;
//! colour only for what is not as it should be, and for the verdict.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::{AnsiColor, Style};
use sim_core::check::Violation;
use sim_core::fault::Family;

use crate::fared::{Fared, How, Tense, fared, groups};
use crate::output::json::hex;
use crate::output::table::{Cell, aligned};
use crate::output::words::{WIDTH, grouped, many, rough, spent, wrapped};
use crate::report::{Difference, Report, Session, Word};
use crate::signature::Signature;
use crate::summary::{Failure, Failures, Summary, Way};
use crate::wall::{per_second, speed_up};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();

/// Where what is said about a thing begins.
const INDENT: usize = 12;
/// How many failing seeds are named.
const SEEDS: usize = 8;
/// How many ways in which a property was broken are told: `summary.json` has all.
const WAYS: usize = 5;
/// How many lines of a violation are shown: the replay shows all.
const MESSAGE_LINES: usize = 12;

/// The whole summary. With colours, which the stream takes out if nobody wants them.
pub(crate) fn summary(report: &Report<'_>, session: &Session<'_>) -> String {
    let mut lines = header(report, session);
    lines.push(String::new());
    lines.extend(properties(report.summary));
    lines.push(String::new());
    lines.extend(exercised(report.summary));
    lines.extend(coverage(report.summary));
    lines.push(String::new());
    lines.extend(about_the_sweep(report, session));
    lines.extend(failures(report, session));
    lines.extend(difference(report));
    lines.push(String::new());
    lines.extend(verdict(report));
    joined(&lines)
}

/// What a person who wants no summary still has to know.
pub(crate) fn brief(report: &Report<'_>, session: &Session<'_>) -> String {
    let mut lines = failures(report, session);
    lines.extend(difference(report));
    if !lines.is_empty() {
        lines.remove(0);
        lines.push(String::new());
    }
    lines.extend(verdict(report));
    joined(&lines)
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Which scenario, and how much of it: `scenarios/partition.yaml: raft, 10,000 seeds in 12.3s`.
fn header(report: &Report<'_>, session: &Session<'_>) -> Vec<String> {
    let summary = report.summary;
    let seeds = match (summary.ran, summary.seeds.start) {
        (0, _) => String::from("no seeds"),
        (1, from) => format!("seed {from}"),
        (ran, 0) => many(ran, "seed"),
        (ran, from) => format!("{} ({from}..{})", many(ran, "seed"), from + ran),
    };
    let (path, protocol, elapsed) = (report.path, report.protocol, spent(session.elapsed));
    let mut lines = vec![format!("{path}: {protocol}, {seeds} in {elapsed}")];
    for one in report.overrides {
        lines.push(format!("  with {one}"));
    }
    lines
}

fn properties(summary: &Summary) -> Vec<String> {
    let mut before = None;
    let row = |fared: &Fared| {
        let label =
            if before.replace(fared.tense) == Some(fared.tense) { "" } else { fared.tense.name() };
        let name = match fared.within {
            Some(within) => format!("{} within {within}", fared.property),
            None if fared.tense == Tense::Often => {
                format!("{} in {}", fared.property, summary.least(fared.property))
            }
            None => fared.property.into(),
        };
        [format!("{label:INDENT$}").trim_end().into(), name.into(), standing(fared, summary)]
    };
    let mut rows: Vec<[Cell; 3]> = fared(summary).iter().map(row).collect();
    if let Some(row) = rows.first_mut() {
        // So that this block and the next stand in the same columns.
        let label = std::mem::take(&mut row[0]);
        row[0] = label.at_least(INDENT - 2);
    }
    aligned(&rows)
}

/// How a property fared, in a few words.
fn standing(fared: &Fared, summary: &Summary) -> Cell {
    let runs = many(fared.runs, "run");
    let of = many(summary.ran, "run");
    let broken = grouped(fared.broken);
    match (fared.tense, fared.how) {
        (Tense::Violated, How::Held) => {
            format!("broken in {broken} of {of}, as it should be").into()
        }
        (Tense::Violated, How::Unmet) => Cell::styled(format!("NOT BROKEN in {of}"), BAD),
        (_, How::Broken) => Cell::styled(format!("BROKEN in {broken} of {of}"), BAD),
        (Tense::Often, How::Unmet) => Cell::styled(format!("ONLY in {}", grouped(fared.runs)), BAD),
        (Tense::Sometimes | Tense::Often, How::Held) => {
            let times = many(fared.times, "time");
            format!("{times}, in {}", many(fared.runs, "seed")).into()
        }
        (Tense::Sometimes, How::Unmet) => Cell::styled(format!("NEVER in {of}"), BAD),
        (Tense::Often, _) => {
            let enough = grouped(summary.expectations.enough_seeds);
            format!("in {} yet; judged from {enough} seeds on", grouped(fared.runs)).into()
        }
        (Tense::Sometimes, _) => {
            let enough = grouped(summary.expectations.enough_seeds);
            format!("never yet; judged from {enough} seeds on").into()
        }
        (_, How::Undecided) => {
            let undecided = many(fared.undecided, "run");
            Cell::styled(
                format!("UNDECIDED in {undecided}, held in {}", grouped(fared.runs)),
                DOUBTFUL,
            )
        }
        // Until it was cut short it may well have held, but that proves little.
        (_, How::NotJudged) if summary.broken_runs() == summary.ran && summary.ran > 0 => {
            "no run got so far".into()
        }
        (_, How::NotJudged) => Cell::styled("NEVER JUDGED", DOUBTFUL),
        (Tense::Eventually, _) => {
            let runs = many(fared.runs, "judged run");
            format!("held in {runs}").into()
        }
        _ => format!("held in {runs}").into(),
    }
}

/// What a green result would be worth nothing without.
fn exercised(summary: &Summary) -> Vec<String> {
    let totals = &summary.totals;
    let faults = faults(totals.faults, totals.cut_steps);
    let messages = [
        ("sent", totals.sent),
        ("delivered", totals.delivered),
        ("lost", totals.lost),
        ("cut", totals.cut),
        ("to the down", totals.to_the_down),
        ("duplicated", totals.duplicated),
        ("held", totals.held),
    ];
    let mut kinds: Vec<(&str, u64)> =
        summary.expectations.messages.iter().copied().zip(totals.kinds.iter().copied()).collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut lines = schedule(summary);
    lines.extend(paragraph("faults", &faults));
    lines.extend(paragraph("messages", &counted(messages.into_iter())));
    lines.extend(paragraph("", &counted(kinds.into_iter())));
    if summary.expectations.has_clients {
        let ok = summary.latencies.count();
        let requests = [("ok", ok), ("refused", summary.refused), ("unknown", summary.unknown)];
        lines.extend(paragraph("requests", &counted(requests.into_iter())));
        let [median, most] = [500, 990].map(|permille| summary.latencies.permille(permille));
        if let (Some(median), Some(most)) = (median, most) {
            let longest = rough(summary.latencies.longest());
            let (median, most) = (rough(median), rough(most));
            lines.push(format!(
                "{:INDENT$}answered in {median} (half), {most} (99 %), {longest} (all)",
                ""
            ));
        }
    }
    lines
}

/// What the runs came to: what was handled in which role, which role turned into which, and what was
/// never seen.
fn coverage(summary: &Summary) -> Vec<String> {
    let Some(coverage) = &summary.coverage else { return Vec::new() };
    let words = &summary.expectations.words;
    let roles: BTreeSet<&str> = coverage.handled.keys().map(|(role, _)| *role).collect();
    // As the protocol names them, and then those that it does not.
    let order = |role: &&str| words.roles.iter().position(|known| known == role);
    let mut roles: Vec<&str> = roles.into_iter().collect();
    roles.sort_by_key(|role| order(role).unwrap_or(usize::MAX));
    let what: BTreeSet<&str> = coverage.handled.keys().map(|(_, what)| what.as_str()).collect();
    let mut lines = vec![String::new()];
    let times = |role: &str, what: &str| {
        let seen = coverage.handled.iter().find(|((by, it), _)| *by == role && it == what);
        seen.map_or_else(|| String::from("-"), |(_, seen)| grouped(seen.times))
    };
    let column = |role: &str| {
        let cells = what.iter().map(|what| times(role, what).len());
        cells.chain([role.len()]).max().unwrap_or(0)
    };
    let widest = what.iter().map(|what| what.len()).max().unwrap_or(0).max(INDENT - 2);
    let line = |label: &str, cells: &mut dyn Iterator<Item = (usize, String)>| {
        let cells: String = cells.map(|(width, cell)| format!("  {cell:>width$}")).collect();
        format!("{label:widest$}{cells}")
    };
    let heading = &mut roles.iter().map(|role| (column(role), String::from(*role)));
    lines.push(line("handled by", heading));
    for what in &what {
        lines.push(line(what, &mut roles.iter().map(|role| (column(role), times(role, what)))));
    }
    let mut turns: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for ((from, into, _), seen) in &coverage.turns {
        *turns.entry((from, into)).or_default() += seen.times;
    }
    let turns: Vec<String> = turns
        .into_iter()
        .map(|((from, into), times)| format!("{from} -> {into} {}", grouped(times)))
        .collect();
    lines.extend(paragraph("turns", &turns));
    let mut label = "never";
    for (sort, words) in coverage.never(words, &summary.reached) {
        let mut words: Vec<String> = words.into_iter().map(String::from).collect();
        words[0] = format!("{sort} {}", words[0]);
        lines.extend(paragraph(std::mem::take(&mut label), &words));
    }
    lines
}

/// Each decision of the schedule, and in how many runs it was one; a long schedule only as a whole.
fn schedule(summary: &Summary) -> Vec<String> {
    const SHOWN: usize = 8;
    let decisions = &summary.expectations.schedule;
    if decisions.len() > SHOWN {
        let taken = summary.taken.iter().filter(|runs| **runs > 0).count() as u64;
        let all = many(decisions.len() as u64, "decision");
        return paragraph("schedule", &[format!("{} of {all} taken", grouped(taken))]);
    }
    let rows = decisions.iter().zip(&summary.taken).enumerate();
    let rows: Vec<[Cell; 3]> = rows
        .map(|(place, ((_, anchor), &runs))| {
            let label = if place == 0 { "schedule" } else { "" };
            let taken = match runs {
                0 => Cell::styled(String::from("NEVER TAKEN"), DOUBTFUL),
                runs => format!("taken in {}", many(runs, "run")).into(),
            };
            [Cell::from(label).at_least(INDENT - 2), anchor.as_str().into(), taken]
        })
        .collect();
    aligned(&rows)
}

/// Each family of fault: `crash 10,000 (997 in the midst of a step)`.
fn faults(numbers: [u64; Family::ALL.len()], cut_steps: u64) -> Vec<String> {
    let fault = |family: Family| {
        let number = Some(numbers[family as usize]).filter(|number| *number > 0)?;
        let cut = match family {
            Family::Crash if cut_steps > 0 => {
                format!(" ({} in the midst of a step)", grouped(cut_steps))
            }
            _ => String::new(),
        };
        Some(format!("{} {}{cut}", family.name(), grouped(number)))
    };
    let faults: Vec<String> = Family::ALL.into_iter().filter_map(fault).collect();
    if faults.is_empty() { vec![String::from("none")] } else { faults }
}

/// Those that are not zero: `sent 1,234`.
fn counted<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    counts
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{name} {}", grouped(count)))
        .collect()
}

/// A label, and items behind it; none is broken in two.
fn paragraph(label: &str, items: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("{label:INDENT$}");
    let mut is_new = true;
    for (position, item) in items.iter().enumerate() {
        let comma = if position + 1 < items.len() { "," } else { "" };
        let needed =
            line.chars().count() + usize::from(!is_new) + item.chars().count() + comma.len();
        if !is_new && needed > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(INDENT)));
            is_new = true;
        }
        line.push_str(if is_new { "" } else { " " });
        line.push_str(item);
        line.push_str(comma);
        is_new = false;
    }
    lines.extend((!is_new).then_some(line));
    lines
}

fn about_the_sweep(report: &Report<'_>, session: &Session<'_>) -> Vec<String> {
    let summary = report.summary;
    let speed = [
        format!("{} seeds/s", grouped(per_second(summary.ran, session.elapsed))),
        format!(
            "{} simulated seconds a second",
            grouped(speed_up(summary.simulated_ns, session.elapsed))
        ),
        many(session.jobs as u64, "thread"),
    ];
    let mut lines = paragraph("speed", &speed);
    let mut fingerprint = hex(summary.fingerprint);
    if let Some(twice) = report.determinism.as_ref().filter(|twice| twice.difference.is_none()) {
        let seeds = many(twice.seeds, "seed");
        fingerprint.push_str(&format!("; {seeds} ran twice, and the same way"));
    }
    lines.push(format!("{:INDENT$}{fingerprint}", "fingerprint"));
    if let Some((folder, kept)) = &session.results {
        let summary = folder.join("summary.json");
        let kept = match kept {
            0 => String::new(),
            _ => format!(", failures/ ({})", many(*kept as u64, "file")),
        };
        lines.push(format!("{:INDENT$}{}{kept}", "results", summary.display()));
    }
    lines
}

/// What broke, each with the one line that shows it again.
fn failures(report: &Report<'_>, session: &Session<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (property, failures) in groups(report.summary) {
        let Some(shown) = failures.shown() else { continue };
        let style = if report.summary.is_lesson(property) { GOOD } else { BAD };
        let room = WIDTH.saturating_sub(property.chars().count() + " broken by ".len());
        let seeds = seeds(failures, room);
        lines.push(String::new());
        lines.push(format!("{style}{property}{style:#} broken by {seeds}"));
        let ways = failures.ways();
        match &ways[..] {
            [] => lines.extend(example(shown)),
            ways => lines.extend(in_ways(ways)),
        }
        lines.push(format!("  {}", session.replay(report, shown.seed)));
    }
    lines
}

/// Each way in which a property was broken, and what the cheapest run of the commonest one says.
fn in_ways(ways: &[(&Signature, &Way)]) -> Vec<String> {
    let mut lines = Vec::new();
    let told = ways.len().min(WAYS);
    for (place, (signature, way)) in ways[..told].iter().enumerate() {
        let cheapest = &way.cheapest;
        let count =
            if ways.len() > 1 { format!("in {} ", grouped(way.count)) } else { String::new() };
        let mut line = format!("  {count}{signature}");
        if place > 0 {
            let events = many(cheapest.violation.event, "event");
            line.push_str(&format!(" (seed {}, {events})", cheapest.seed));
        }
        lines.extend(wrapped(&line, WIDTH));
        if place == 0 {
            lines.extend(example(cheapest));
        }
    }
    if ways.len() > told {
        let (more, of) = (ways.len() - told, &ways[told..]);
        let runs = of.iter().map(|(_, way)| way.count).sum();
        let more = many(more as u64, "more way");
        lines.push(format!("  and {more}, in {}", many(runs, "run")));
    }
    lines
}

/// One run that broke something: when, who, and how that is put.
fn example(failure: &Failure) -> Vec<String> {
    let Violation { time, event, message, .. } = &failure.violation;
    let who = failure.culprit.as_ref().map(|node| format!(", {node}")).unwrap_or_default();
    let events = many(*event, "event");
    let mut lines = vec![format!("  seed {} at {time}{who}, in {events}:", failure.seed)];
    let visible = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    let message: String = message.chars().map(visible).collect();
    let message = wrapped(message.trim_end(), WIDTH - 4);
    let shown = message.iter().take(MESSAGE_LINES);
    lines.extend(shown.map(|line| format!("    {line}").trim_end().into()));
    if message.len() > MESSAGE_LINES {
        lines.push(String::from("    …"));
    }
    lines
}

/// The lowest seeds, as many as there is room for, and how many more: `12 seeds: 48, 213 and 10 more`.
fn seeds(failures: &Failures, room: usize) -> String {
    let lowest: Vec<String> =
        failures.lowest.iter().take(SEEDS).map(|failure| failure.seed.to_string()).collect();
    let list = |named: usize| {
        let (seeds, more) = (lowest[..named].join(", "), failures.count - named as u64);
        match (failures.count, more) {
            (1, _) => format!("seed {seeds}"),
            (count, 0) => format!("{} seeds: {seeds}", grouped(count)),
            (count, more) => {
                format!("{} seeds: {seeds} and {} more", grouped(count), grouped(more))
            }
        }
    };
    let fitting = (1..=lowest.len()).rev().map(list).find(|text| text.chars().count() <= room);
    fitting.unwrap_or_else(|| list(lowest.len().min(1)))
}

/// A seed that was not the same twice, and from where on.
fn difference(report: &Report<'_>) -> Vec<String> {
    let found = report.determinism.as_ref().and_then(|found| found.difference.as_ref());
    let Some(Difference { seed, parting }) = found else { return Vec::new() };
    let mut lines = vec![String::new()];
    lines.push(format!(
        "{DOUBTFUL}not deterministic{DOUBTFUL:#}: seed {seed} was not the same twice"
    ));
    match parting {
        Some(parting) => {
            lines.push(format!("  the two runs part at event {}:", grouped(parting.event as u64)));
            for (which, what) in [("once", &parting.first), ("again", &parting.second)] {
                let what = what.as_deref().unwrap_or("(it was over)");
                let what = wrapped(what, WIDTH - 11);
                let labels = std::iter::once(which).chain(std::iter::repeat(""));
                for (label, line) in labels.zip(what) {
                    lines.push(format!("    {label:<5}  {line}"));
                }
            }
            if parting.first == parting.second {
                lines.push(String::from("  and differ in what these lines do not show"));
            }
        }
        None => lines.push(String::from(
            "  two more runs of it were the same: it depends on what ran before",
        )),
    }
    lines
}

/// The last line: what all this comes to, and why.
fn verdict(report: &Report<'_>) -> Vec<String> {
    let (word, style) = match report.ending.word {
        Word::Passed => ("PASSED", GOOD),
        Word::Failed => ("FAILED", BAD),
        Word::Unmet => ("UNMET", BAD),
        Word::Inconclusive => ("INCONCLUSIVE", DOUBTFUL),
        Word::Interrupted => ("INTERRUPTED", DOUBTFUL),
    };
    let text = format!("{word}: {}", report.ending.why.join("; "));
    let mut lines = wrapped(&text, WIDTH);
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(word, &format!("{style}{word}{style:#}"), 1);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crashes_in_the_midst_of_a_step_are_no_fault_of_their_own() {
        let mut numbers = [0; Family::ALL.len()];
        assert_eq!(faults(numbers, 0), ["none"]);
        numbers[Family::Crash as usize] = 10_000;
        numbers[Family::Pause as usize] = 1;
        assert_eq!(faults(numbers, 0), ["crash 10,000", "pause 1"]);
        let some = ["crash 10,000 (997 in the midst of a step)", "pause 1"];
        assert_eq!(faults(numbers, 997), some);
    }
}
