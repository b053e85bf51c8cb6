//! `sim replay`: one seed, told as a story.

use std::io::Write as _;

use anyhow::anyhow;
use sim_core::Time;

use super::{change, prepare};
use crate::args::{Color, Replay};
use crate::catalogue::{Catalogue, Prepared};
use crate::kept::{self, Kept};
use crate::outcome::{Outcome, Verdict};
use crate::output::json::hex;
use crate::output::terminal::{Out, columns};
use crate::output::words::{WIDTH, wrapped};
use crate::story::StoryOptions;

pub(super) fn replay(catalogue: &Catalogue, args: &Replay, color: Color) -> anyhow::Result<u8> {
    let (scenario, seed, recorded) = what(catalogue, args)?;
    let mut out = Out::new(color);
    let at = |since_start: sim_core::Duration| Time::ZERO.saturating_add(since_start);
    let options = StoryOptions {
        from: args.from.map(at),
        until: args.until.map(at),
        nodes: args.nodes.clone(),
        kinds: args.kinds.clone(),
        around_violation: args.around_violation,
        everything: args.all,
        color: out.is_colored(),
        width: columns().unwrap_or(WIDTH),
    };
    scenario.check_story(&options).map_err(|wrong| anyhow!(wrong))?;
    let outcome = scenario.replay(seed, &options, &mut out)?;
    let other = recorded.filter(|kept| kept.fingerprint != hex(outcome.fingerprint));
    if let Some(kept) = &other {
        writeln!(out)?;
        for line in wrapped(&not_the_same(kept, &outcome), options.width) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    let lessons = scenario.expectations().violated;
    Ok(match outcome.verdict {
        _ if other.is_some() => 3,
        Verdict::Violated(violation) if lessons.contains(&violation.property) => 0,
        Verdict::Passed => 0,
        Verdict::Violated(_) => 1,
        Verdict::Inconclusive { .. } => 3,
    })
}

/// What is to be replayed; and if a kept failure says how it was, that.
fn what(
    catalogue: &Catalogue,
    args: &Replay,
) -> anyhow::Result<(Box<dyn Prepared>, u64, Option<Kept>)> {
    let path = args.scenario.path();
    if !kept::is_one(path) {
        let seed = args.seed.ok_or_else(|| anyhow!("which seed? say it: --seed 0"))?;
        return Ok((prepare(catalogue, &args.scenario)?.1, seed, None));
    }
    let kept = kept::read(path)?;
    let source = change(kept.source.clone(), &args.scenario)?;
    let scenario = catalogue.prepare(&source)?;
    let seed = args.seed.unwrap_or(kept.seed);
    // Another seed or another scenario is another run, and nobody wonders.
    let is_same = seed == kept.seed && source.overrides.is_empty();
    Ok((scenario, seed, is_same.then_some(kept)))
}

fn not_the_same(kept: &Kept, outcome: &Outcome) -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    format!(
        "NOT THE SAME RUN: its fingerprint is {}, and that of the failure {}. A seed is good for one \
         build: that was {}, this is {name} {version}, and what lies between them changed what happens.",
        hex(outcome.fingerprint),
        kept.fingerprint,
        kept.build
    )
}
