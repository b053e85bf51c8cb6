//! `sim run`: a sweep.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::Ordering;
use std::thread;

use super::{WRONG, prepare, refuse};
use crate::args::{Color, Format, Run};
use crate::catalogue::{Catalogue, Notes, Prepared};
use crate::determinism;
use crate::invocation::Invocation;
use crate::output::human;
use crate::output::json::Sweep;
use crate::output::terminal::Out;
use crate::panics;
use crate::paths;
use crate::progress::Progress;
use crate::report::{Determinism, Difference, Ending, Report, Session, Word};
use crate::results;
use crate::signals;
use crate::summary::Summary;
use crate::sweep::{Plan, sweep};

pub(super) fn run(catalogue: &Catalogue, args: &Run, color: Color) -> anyhow::Result<u8> {
    let (source, scenario) = prepare(catalogue, &args.scenario)?;
    let scenario = scenario.as_ref();
    let path = paths::shown(args.scenario.path());
    let invocation = Invocation::of_this_process();
    let (hint, of) = (invocation.clone(), (path.clone(), source.overrides.clone()));
    panics::hint_with(move |seed| hint.replay(&of.0, seed, &of.1));
    // Who learns after a long sweep that its results have no place has lost them.
    results::find_room(&args.out, &source.name)?;
    let stop = signals::heed();

    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let plan = Plan {
        seeds: seeds(args, scenario),
        jobs: jobs.map_or(1, NonZeroUsize::get),
        fail_fast: args.fail_fast,
        remembered: args.max_failures.max(REMEMBERED),
        notes: Notes { signatures: true, coverage: args.coverage },
        stop,
    };
    let twice = args.verify_determinism.map_or(0, |verify| verify.0);
    let (summary, fingerprints, elapsed) = first_time(scenario, &plan, twice, args.quiet);
    let determinism = (twice > 0).then(|| second_time(scenario, &plan, &fingerprints, args.quiet));
    let compared = determinism.as_ref();
    let is_cut = !summary.is_complete()
        || compared.is_some_and(|found| {
            found.difference.is_none() && found.seeds < fingerprints.len() as u64
        });
    let interrupted = stop.load(Ordering::Relaxed) && is_cut;
    let report = Report {
        path: &path,
        name: &source.name,
        text: &source.text,
        overrides: &source.overrides,
        protocol: scenario.protocol(),
        about: scenario.about(),
        summary: &summary,
        ending: Ending::of(&summary, compared, interrupted),
        determinism,
    };
    let (results, lost) = match summary.ran {
        // Nothing ran: what an earlier sweep left is worth more.
        0 => (None, None),
        _ => match results::write(&args.out, &report, scenario, args.max_failures) {
            Ok(written) => (Some(written), None),
            Err(error) => (None, Some(error)),
        },
    };
    let session = Session { elapsed, jobs: plan.jobs, invocation: &invocation, results };
    let printed = print(&report, &session, args, color);
    // What went wrong stands last, and whoever reads it knows what became of everything before it.
    if let Some(error) = &lost {
        refuse(color, error);
    }
    printed?;
    let Ending { word, .. } = report.ending;
    Ok(if lost.is_some() && word != Word::Interrupted { WRONG } else { word.exit_code() })
}

/// Failing seeds of each property that are named one by one, in `summary.json` at least.
const REMEMBERED: usize = 100;

/// The seeds to run: as asked for, else as the scenario says.
fn seeds(args: &Run, scenario: &dyn Prepared) -> Range<u64> {
    let own = scenario.seeds();
    args.seeds.as_ref().map_or_else(|| own.clone(), |seeds| seeds.starting_at(own.start))
}

/// Runs the sweep; keeps the fingerprints of the first few runs, and tells how long it took.
fn first_time(
    scenario: &dyn Prepared,
    plan: &Plan<'_>,
    twice: u64,
    is_quiet: bool,
) -> (Summary, Vec<u64>, sim_core::Duration) {
    let mut fingerprints = Vec::new();
    let mut progress = Progress::new("run", plan.seeds.end - plan.seeds.start, is_quiet);
    let summary = sweep(scenario, plan, |summary, outcome| {
        if summary.ran <= twice {
            fingerprints.push(outcome.fingerprint);
        }
        progress.seen(summary);
        ControlFlow::Continue(())
    });
    (summary, fingerprints, progress.over())
}

/// Runs the first few seeds again, and compares. Which thread runs a seed, and after which other, is
/// up to chance: so this finds what leaks from one run to the next too.
fn second_time(
    scenario: &dyn Prepared,
    plan: &Plan<'_>,
    fingerprints: &[u64],
    is_quiet: bool,
) -> Determinism {
    let from = plan.seeds.start;
    let plan = Plan {
        seeds: from..from + fingerprints.len() as u64,
        fail_fast: false,
        remembered: 0,
        notes: Notes::default(),
        ..*plan
    };
    let mut progress = Progress::new("run again", fingerprints.len() as u64, is_quiet);
    let mut differs = None;
    let mut first_time = fingerprints.iter();
    let again = sweep(scenario, &plan, |summary, outcome| {
        progress.seen(summary);
        if first_time.next() == Some(&outcome.fingerprint) {
            return ControlFlow::Continue(());
        }
        differs = Some(outcome.seed);
        ControlFlow::Break(())
    });
    progress.over();
    let difference =
        differs.map(|seed| Difference { seed, parting: determinism::parting(scenario, seed) });
    Determinism { seeds: again.ran, difference }
}

fn print(
    report: &Report<'_>,
    session: &Session<'_>,
    args: &Run,
    color: Color,
) -> anyhow::Result<()> {
    let mut out = Out::new(color);
    match args.format {
        Format::Human if args.quiet => out.write_all(human::brief(report, session).as_bytes())?,
        Format::Human => out.write_all(human::summary(report, session).as_bytes())?,
        Format::Json => {
            let sweep = Sweep::new(report).here(report, session);
            let text = serde_json::to_string_pretty(&sweep)?;
            writeln!(out, "{text}")?;
        }
    }
    out.flush()?;
    Ok(())
}
