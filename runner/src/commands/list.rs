//! `sim list`: what there is, a line each.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use sim_core::Duration;
use sim_core::adversary::How;
use sim_core::check::builtin;

use crate::args::{Color, List, Topic};
use crate::catalogue::{Catalogue, Entry};
use crate::output::table::{Cell, aligned};
use crate::output::terminal::{Out, columns};
use crate::output::words::{WIDTH, clipped, first_sentence, wrapped};
use crate::paths::shown;
use crate::scenario::Source;

const HEADING: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default();

/// Where scenarios are looked for.
const FOLDER: &str = "scenarios";

pub(super) fn list(catalogue: &Catalogue, args: &List, color: Color) -> anyhow::Result<u8> {
    let mut out = Out::new(color);
    // Cut to fit a terminal; a file or a program gets all of it.
    let width = columns().unwrap_or(usize::MAX);
    let topics = match args.what {
        Some(topic) => vec![topic],
        None => {
            let proven = [Topic::Properties, Topic::Points, Topic::Lies, Topic::Flaws];
            [&[Topic::Protocols, Topic::Scenarios][..], &proven].concat()
        }
    };
    for (position, topic) in topics.iter().enumerate() {
        if args.what.is_none() {
            let gap = if position > 0 { "\n" } else { "" };
            writeln!(out, "{gap}{HEADING}{}{HEADING:#}", heading(*topic))?;
        }
        for line in lines(catalogue, *topic, width) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(0)
}

const fn heading(topic: Topic) -> &'static str {
    match topic {
        Topic::Scenarios => "Scenarios: sim run SCENARIO",
        Topic::Protocols => "Protocols: protocol: NAME",
        Topic::Properties => "Properties: expect: { always: [NAME], eventually: { NAME: 3s } }",
        Topic::Flaws => "Flaws: sim run SCENARIO --set config.flaw=NAME, sim zoo NAME",
        Topic::Points => "Points: expect: { sometimes: [NAME] }",
        Topic::Lies => "Lies: faults: [{ corrupt: NODE, how: NAME, at: 0ms }]",
    }
}

fn lines(catalogue: &Catalogue, topic: Topic, width: usize) -> Vec<String> {
    match topic {
        Topic::Scenarios => scenarios(catalogue, width),
        Topic::Protocols => {
            let rows = catalogue.entries().map(|entry| [entry.name(), entry.promise()]);
            table(&rows.collect::<Vec<_>>(), width)
        }
        Topic::Properties => properties(catalogue, width),
        Topic::Flaws => flaws(catalogue, width),
        Topic::Points => of_each(catalogue, width, |entry| {
            let points = entry.points().iter();
            vec![(String::new(), points.map(|point| [point.name, point.about]).collect())]
        }),
        Topic::Lies => lies(catalogue, width),
    }
}

/// The ways to lie that every protocol knows, and then each protocol's own.
fn lies(catalogue: &Catalogue, width: usize) -> Vec<String> {
    let late = How::Late(Duration::ZERO);
    let plain = How::PLAIN.into_iter().chain([late]).map(|how| [how.name(), how.about()]);
    let plain = table(&plain.collect::<Vec<_>>(), width.saturating_sub(2));
    let own = of_each(catalogue, width, |entry| vec![(String::new(), entry.forgeries())]);
    [vec![String::from("every protocol")], indented(plain).collect(), own].concat()
}

/// Each flaw, and below it what it is, and by what and where it is found.
fn flaws(catalogue: &Catalogue, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in catalogue.entries().filter(|entry| !entry.flaws().is_empty()) {
        lines.push(String::from(entry.name()));
        for flaw in entry.flaws() {
            lines.push(format!("  {}", flaw.name));
            let or = if flaw.or_breaks.is_empty() { "" } else { " or " };
            let breaks = format!("{}{or}{}", flaw.breaks, flaw.or_breaks.join(" or "));
            let found = format!("    breaks {breaks} in {FOLDER}/{}.yaml", flaw.scenario);
            for text in [format!("    {}", first_sentence(flaw.about)), found] {
                lines.extend(wrapped(&text, width.clamp(40, WIDTH)));
            }
        }
    }
    lines
}

fn properties(catalogue: &Catalogue, width: usize) -> Vec<String> {
    let mut lines = of_each(catalogue, width, |entry| {
        let properties = entry.properties();
        let of_tense = |tense: &str| {
            let rows = properties.iter().filter(|property| property.1 == tense);
            (format!(", {tense}"), rows.map(|property| [property.0, property.2]).collect())
        };
        vec![of_tense("always"), of_tense("eventually")]
    });
    for (label, own) in [("always", &ALWAYS[..]), ("eventually", &EVENTUALLY[..])] {
        lines.push(format!("every protocol, {label}"));
        lines.extend(indented(table(own, width.saturating_sub(2))));
    }
    lines
}

/// What the simulator itself judges, in every run, unasked.
const ALWAYS: [[&str; 2]; 3] = [
    [builtin::NO_PANIC, "no handler panics (needs no asking for)"],
    [builtin::NO_RUNAWAY, "no run does more than its limits allow (nor this)"],
    [builtin::SCRIPT, "scripted operations end as the script says (nor this)"],
];

/// What it can judge.
const EVENTUALLY: [[&str; 2]; 1] =
    [[builtin::REPLY, "every request is answered in time, once the faults are over"]];

/// A block of rows, and what is said of it beside the protocol's name.
type Block = (String, Vec<[&'static str; 2]>);

/// The blocks of each protocol that have something to list.
fn of_each(
    catalogue: &Catalogue,
    width: usize,
    blocks: impl Fn(&dyn Entry) -> Vec<Block>,
) -> Vec<String> {
    let mut lines = Vec::new();
    for entry in catalogue.entries() {
        for (label, rows) in blocks(entry).into_iter().filter(|(_, rows)| !rows.is_empty()) {
            lines.push(format!("{}{label}", entry.name()));
            lines.extend(indented(table(&rows, width.saturating_sub(2))));
        }
    }
    lines
}

fn indented(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

/// Names, and a sentence about each that is cut to what is left of the width.
fn table(rows: &[[&str; 2]], width: usize) -> Vec<String> {
    let widest = rows.iter().map(|row| row[0].chars().count()).max().unwrap_or(0);
    let rest = width.saturating_sub(widest + 2).max(20);
    let cut =
        |&[name, about]: &[&str; 2]| [name.into(), clipped(&first_sentence(about), rest).into()];
    let rows: Vec<[Cell; 2]> = rows.iter().map(cut).collect();
    aligned(&rows)
}

fn scenarios(catalogue: &Catalogue, width: usize) -> Vec<String> {
    let mut files = Vec::new();
    let found = collect(Path::new(FOLDER), &mut files);
    if let (Err(error), true) = (&found, files.is_empty()) {
        let why = match error.kind() {
            io::ErrorKind::NotFound => String::from("there is no folder `scenarios` here"),
            _ => format!("cannot read the folder `scenarios`: {error}"),
        };
        return vec![format!("{BAD}{why}{BAD:#}")];
    }
    files.sort();
    let widest = files.iter().map(|file| shown(file).chars().count()).max();
    let rest = width.saturating_sub(widest.unwrap_or(0) + 2).max(20);
    let rows: Vec<[Cell; 2]> =
        files.iter().map(|file| [shown(file).into(), about(catalogue, file, rest)]).collect();
    aligned(&rows)
}

/// What a scenario is about, or what is wrong with it.
fn about(catalogue: &Catalogue, file: &Path, width: usize) -> Cell {
    let prepared = Source::read(file).and_then(|source| catalogue.prepare(&source));
    match prepared {
        Ok(scenario) => clipped(&first_sentence(scenario.about()), width).into(),
        Err(errors) => {
            let errors = errors.to_string();
            let first = errors.lines().next().unwrap_or_default();
            let path = shown(file);
            let what = first.strip_prefix(&path).unwrap_or(first).trim_start_matches([':', ' ']);
            let line = if what.starts_with(|c: char| c.is_ascii_digit()) { "line " } else { "" };
            Cell::styled(clipped(&format!("broken: {line}{what}"), width), BAD)
        }
    }
}

/// Every YAML file in a folder, and in those below it. Symbolic links to folders are not followed:
/// they may lead round in a circle.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
