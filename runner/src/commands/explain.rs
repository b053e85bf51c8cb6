//! `sim explain`: a failing seed, in words.

mod told;

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::thread;

use super::failing;
use crate::args::{Color, Explain, Format};
use crate::catalogue::Catalogue;
use crate::explain::{self, Order};
use crate::invocation::Invocation;
use crate::output::terminal::Out;
use crate::paths;
use crate::scenario::Source;
use crate::signals;

pub(super) fn explain(catalogue: &Catalogue, args: &Explain, color: Color) -> anyhow::Result<u8> {
    let Some(run) = failing::what(catalogue, &args.scenario, args.seed)? else {
        return Ok(failing::nothing(&args.scenario, args.seed, "explain", color));
    };
    // The scenario of that run alone: a decision may be added to its schedule.
    let scenario = catalogue.prepare(&Source::new(run.source.path.clone(), run.text.clone()))?;
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let stop = signals::heed();
    let explanation = explain::explain(Order {
        scenario: &*scenario,
        seed: run.seed,
        property: run.property,
        outcome: run.outcome.clone(),
        jobs: jobs.map_or(1, NonZeroUsize::get),
        time: args.budget,
        stop,
    });
    let mut out = Out::new(color);
    match args.format {
        Format::Json => {
            let text = serde_json::to_string_pretty(&explanation)?;
            writeln!(out, "{text}")?;
        }
        Format::Human => {
            let entries = catalogue.entries().find(|entry| entry.name() == scenario.protocol());
            let properties = entries.map(|entry| entry.properties()).unwrap_or_default();
            let about = properties.iter().find(|(name, ..)| *name == run.property);
            let invocation = Invocation::of_this_process();
            let path = paths::shown(args.scenario.path());
            let replay = invocation.replay(&path, run.seed, &run.source.overrides);
            let about = told::About {
                path: &path,
                promise: about.map(|(_, _, about)| *about),
                flaw: run.flaw,
                replay: &replay,
            };
            for line in told::lines(&explanation, &about) {
                writeln!(out, "{line}")?;
            }
        }
    }
    out.flush()?;
    Ok(if stop.load(Ordering::Relaxed) { signals::exit_code() } else { 0 })
}
