//! A run that fails, for commands that are about one: of a seed, or as a kept failure has it.

use anyhow::anyhow;

use super::{change, prepare};
use crate::args::{self, Color};
use crate::catalogue::{Catalogue, Prepared};
use crate::kept::{self, Kept};
use crate::outcome::{Outcome, Verdict};
use crate::output::terminal::complain;
use crate::output::words::{WIDTH, wrapped};
use crate::paths;
use crate::scenario::Source;
use crate::shrink;

/// A run that failed.
pub(super) struct Run {
    pub(super) source: Source,
    pub(super) seed: u64,
    /// The scenario of that run alone.
    pub(super) text: String,
    pub(super) outcome: Outcome,
    pub(super) property: &'static str,
    pub(super) message: String,
    /// Whether the scenario wants to see it broken.
    pub(super) is_lesson: bool,
    /// The mistake that the protocol was told to make, and what that is.
    pub(super) flaw: Option<(&'static str, &'static str)>,
}

/// The run of a seed or of a kept failure; nothing if it does not fail.
pub(super) fn what(
    catalogue: &Catalogue,
    scenario: &args::Scenario,
    seed: Option<u64>,
) -> anyhow::Result<Option<Run>> {
    let path = scenario.path();
    if !kept::is_one(path) {
        let seed = seed.ok_or_else(|| anyhow!("which seed? say it: --seed 0"))?;
        let (source, prepared) = prepare(catalogue, scenario)?;
        let text = prepared.as_scenario(&source.text, seed, None);
        return Run::of(catalogue, source, seed, text);
    }
    let kept = kept::read(path)?;
    let changed = change(kept.source.clone(), scenario)?;
    let seed = seed.unwrap_or(kept.seed);
    if seed != kept.seed || !changed.overrides.is_empty() {
        let prepared = catalogue.prepare(&changed)?;
        let text = prepared.as_scenario(&changed.text, seed, None);
        return Run::of(catalogue, changed, seed, text);
    }
    as_kept(catalogue, &kept)
}

/// The run of a kept failure: as this build draws it or, where that is another one, as it was.
fn as_kept(catalogue: &Catalogue, kept: &Kept) -> anyhow::Result<Option<Run>> {
    let plan = kept.run.as_ref().map_or(&kept.source, |(plan, _)| plan);
    let scenario = catalogue.prepare(plan)?;
    let is_it = |run: &Run| kept.property.as_deref().is_none_or(|was| was == run.property);
    let text = scenario.as_scenario(&plan.text, kept.seed, None);
    let drawn = Run::of(catalogue, plan.clone(), kept.seed, text)?.filter(is_it);
    let Some((_, recording)) = kept.run.as_ref().filter(|_| drawn.is_none()) else {
        return Ok(drawn);
    };
    let retraced = scenario.retrace(kept.seed, recording).map_err(anyhow::Error::msg)?;
    let text = scenario.as_scenario(&plan.text, kept.seed, Some(&retraced));
    Ok(Run::of(catalogue, plan.clone(), kept.seed, text)?.filter(is_it))
}

/// Says that a run fails in nothing; gives the exit code.
pub(super) fn nothing(
    scenario: &args::Scenario,
    seed: Option<u64>,
    to_do: &str,
    color: Color,
) -> u8 {
    let path = paths::shown(scenario.path());
    let text = match seed {
        Some(seed) => format!("seed {seed} of {path} breaks nothing: there is nothing to {to_do}"),
        None => {
            format!("{path} does not fail with this build as it did: there is nothing to {to_do}")
        }
    };
    complain(color, &wrapped(&text, WIDTH).join("\n"));
    INCONCLUSIVE
}

const INCONCLUSIVE: u8 = 3;

impl Run {
    fn of(
        catalogue: &Catalogue,
        source: Source,
        seed: u64,
        text: String,
    ) -> anyhow::Result<Option<Self>> {
        let explicit = Source::new(source.path.clone(), text);
        let scenario = catalogue.prepare(&explicit)?;
        let outcome = scenario.worker().run(seed);
        let Verdict::Violated(violation) = &outcome.verdict else { return Ok(None) };
        let property = violation.property;
        let message = violation.message.clone();
        let is_lesson = scenario.expectations().violated.contains(&property);
        let flaw = flaw(catalogue, &*scenario, &explicit.text);
        let text = explicit.text;
        Ok(Some(Self { source, seed, text, outcome, property, message, is_lesson, flaw }))
    }
}

/// The mistake that the protocol is told to make, and what it is.
fn flaw(
    catalogue: &Catalogue,
    scenario: &dyn Prepared,
    text: &str,
) -> Option<(&'static str, &'static str)> {
    let entry = catalogue.entries().find(|entry| entry.name() == scenario.protocol())?;
    let named = shrink::flaw_of(text)?;
    let flaw = entry.flaws().iter().find(|flaw| flaw.name == named)?;
    Some((flaw.name, flaw.about))
}
