//! `sim shrink`: a failing seed, as the smallest scenario that fails in the same way.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use anstyle::{AnsiColor, Style};
use anyhow::bail;

use super::failing::{self, Run};
use crate::args::{Color, Shrink};
use crate::catalogue::Catalogue;
use crate::invocation::Invocation;
use crate::kept;
use crate::outcome::Verdict;
use crate::output::table::{Cell, aligned};
use crate::output::terminal::Out;
use crate::output::words::{many, spent};
use crate::paths;
use crate::results;
use crate::scenario::Source;
use crate::shrink::{self, Ending, Opening, Order, Shrunk};
use crate::signals;

pub(super) fn shrink(catalogue: &Catalogue, args: &Shrink, color: Color) -> anyhow::Result<u8> {
    let Some(run) = failing::what(catalogue, &args.scenario, args.seed)? else {
        return Ok(failing::nothing(&args.scenario, args.seed, "shrink", color));
    };
    let path = place(&run, args);
    if paths::absolute(&path) == paths::absolute(args.scenario.path()) {
        bail!("{} would take the place of what is shrunk: name another", paths::shown(&path));
    }
    results::find_room_for(&path)?;
    let stop = signals::heed();
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let jobs = jobs.map_or(1, NonZeroUsize::get);
    let shrunk = shrink::shrink(Order {
        catalogue,
        text: run.text.clone(),
        seed: run.seed,
        outcome: run.outcome.clone(),
        property: run.property,
        jobs,
        time: args.budget,
        runs: args.runs.unwrap_or(u64::MAX),
        stop,
        is_quiet: args.quiet,
    });
    let shown = paths::shown(&path);
    write(&run, args, &shrunk, &path)?;
    check(catalogue, &run, &shrunk, &path)?;
    let replay = Invocation::of_this_process().replay(&shown, shrunk.seed(), &[]);
    let lines = summary(&run, &shrunk, jobs, (&shown, &replay));
    let mut out = Out::new(color);
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(match shrunk.ending {
        Ending::Smallest | Ending::BudgetSpent => 0,
        Ending::Interrupted => signals::exit_code(),
    })
}

/// Where the result goes.
fn place(run: &Run, args: &Shrink) -> PathBuf {
    if let Some(out) = &args.out {
        return out.clone();
    }
    let path = args.scenario.path();
    if kept::is_one(path) {
        return path.with_extension("yaml");
    }
    results::beside_failures(Path::new("results"), &run.source.name)
        .join(format!("{}-{}.yaml", run.property, run.seed))
}

fn write(run: &Run, args: &Shrink, shrunk: &Shrunk, path: &Path) -> anyhow::Result<()> {
    let message = match &shrunk.outcome().verdict {
        Verdict::Violated(violation) => violation.message.as_str(),
        _ => run.message.as_str(),
    };
    let opening = Opening {
        property: run.property,
        message,
        flaw: run.flaw,
        from: &paths::anywhere(&run.source.path),
        overrides: &run.source.overrides,
        seed: run.seed,
        replay: &Invocation::installed().replay(&paths::anywhere(path), shrunk.seed(), &[]),
    };
    let body = shrunk.text(&opening.about(), run.is_lesson || args.lesson);
    results::place_text(path, &format!("{}{body}", opening.comment(shrunk)))
}

/// Nothing is said of a file that was not read and run.
fn check(catalogue: &Catalogue, run: &Run, shrunk: &Shrunk, path: &Path) -> anyhow::Result<()> {
    let scenario = catalogue.prepare(&Source::read(path)?)?;
    let outcome = scenario.worker().run(shrunk.seed());
    match outcome.verdict {
        Verdict::Violated(violation) if violation.property == run.property => Ok(()),
        verdict => bail!(
            "{} was written and does not break {}: {verdict:?}. This is a bug in the tool",
            paths::shown(path),
            run.property
        ),
    }
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();

fn summary(run: &Run, shrunk: &Shrunk, jobs: usize, (file, replay): (&str, &str)) -> Vec<String> {
    let mut lines = vec![format!("{}, seed {}", paths::shown(&run.source.path), run.seed)];
    lines.extend(run.source.overrides.iter().map(|one| format!("  with {one}")));
    lines.push(String::new());
    let heading = ["", "before", "after"].map(|text| right(text, 12));
    let mut rows = vec![heading];
    for (name, before, after) in shrunk.before.rows(shrunk.after()) {
        rows.push([format!("{name:<10}"), right(&before, 12), right(&after, 12)]);
    }
    rows[0][0] = " ".repeat(10);
    let rows: Vec<[Cell; 3]> = rows.into_iter().map(|row| row.map(Cell::from)).collect();
    lines.extend(aligned(&rows));
    lines.push(String::new());
    let (runs, elapsed) = (many(shrunk.runs, "run"), spent(shrunk.elapsed));
    let threads = many(jobs as u64, "thread");
    lines.push(format!("tried       {runs} in {elapsed}, {threads}"));
    let seeds = if shrunk.needs_no_chance() { "every seed fails" } else { "this seed fails" };
    lines.push(format!("breaks      {} at {}; {seeds}", run.property, shrunk.outcome().ended));
    lines.push(format!("file        {file}"));
    lines.extend([String::from("to see it:"), format!("  {replay}"), String::new()]);
    let (style, word, why) = match shrunk.ending {
        Ending::Smallest => (GOOD, "SHRUNK", "nothing more can be taken away"),
        Ending::BudgetSpent => (GOOD, "SHRUNK", "as far as the budget went: --budget, --runs"),
        Ending::Interrupted => (DOUBTFUL, "INTERRUPTED", "it is the smallest until then"),
    };
    lines.push(format!("{style}{word}{style:#}: {why}"));
    lines
}

fn right(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}
