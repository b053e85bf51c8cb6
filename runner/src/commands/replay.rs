//! `sim replay`: one seed, told as a story.

use std::io::Write as _;

use anyhow::anyhow;
use sim_core::Time;

use super::prepare;
use crate::args::{Color, Replay};
use crate::catalogue::Catalogue;
use crate::outcome::Verdict;
use crate::output::terminal::{Out, columns};
use crate::output::words::WIDTH;
use crate::story::StoryOptions;

pub(super) fn replay(catalogue: &Catalogue, args: &Replay, color: Color) -> anyhow::Result<u8> {
    let (_, scenario) = prepare(catalogue, &args.scenario)?;
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
    let outcome = scenario.replay(args.seed, &options, &mut out)?;
    out.flush()?;
    Ok(match outcome.verdict {
        Verdict::Passed => 0,
        Verdict::Violated(_) => 1,
        Verdict::Inconclusive { .. } => 3,
    })
}
