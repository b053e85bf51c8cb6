//! Whether a candidate still fails in the same way: the same property, and not without the flaw.

use sim_core::check::builtin;

use crate::catalogue::{Catalogue, Prepared};
use crate::outcome::{Outcome, Verdict};
use crate::scenario::Source;
use crate::scenario::write::{map, scalar};

use super::draft::Draft;

/// On which seeds a candidate must fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seeds {
    /// On its own.
    Own,
    /// On its own, or on one of so many others from here on: what is left to chance may come out otherwise
    /// when something is taken away.
    Any {
        /// The first of the others.
        from: u64,
        /// How many.
        others: u64,
    },
    /// On each of so many: nothing that matters is left to chance.
    Every(u64),
}

/// Tries candidates.
pub(super) struct Judge<'a> {
    pub(super) catalogue: &'a Catalogue,
    /// What they must break.
    pub(super) property: &'a str,
    /// No candidate may have more events: one that is much longer than the run itself is no smaller.
    pub(super) most_events: u64,
}

/// What came of a candidate.
pub(super) struct Trial {
    /// How many runs it took.
    pub(super) runs: u64,
    /// The run that failed as it was to, if one did.
    pub(super) failed: Option<Outcome>,
}

impl Judge<'_> {
    /// Tries a candidate.
    pub(super) fn attempt(&self, draft: &Draft, seeds: Seeds) -> Trial {
        let mut trial = Trial { runs: 1, failed: None };
        let Some(scenario) = self.load(draft) else { return trial };
        let correct = draft.without_flaw();
        // Most candidates do not fail at all: only one that does is compared with the correct one.
        let mut loaded = None;
        let mut worker = scenario.worker();
        let mut fails = |seed: u64, trial: &mut Trial| {
            let outcome = worker.run(seed);
            if !self.is_it(&outcome) {
                return None;
            }
            // What fails without the flaw as well is another failure.
            let innocent = match &correct {
                None => true,
                Some(correct) => match loaded.get_or_insert_with(|| self.load(correct)) {
                    None => false,
                    Some(scenario) => {
                        trial.runs += 1;
                        self.is_innocent(correct, &scenario.worker().run(seed))
                    }
                },
            };
            innocent.then_some(outcome)
        };
        match seeds {
            Seeds::Own => trial.failed = fails(draft.seed, &mut trial),
            Seeds::Any { from, others } => {
                let others = (from..from + others).filter(|seed| *seed != draft.seed);
                for (tried, seed) in [draft.seed].into_iter().chain(others).enumerate() {
                    trial.runs += u64::from(tried > 0);
                    trial.failed = fails(seed, &mut trial);
                    if trial.failed.is_some() {
                        break;
                    }
                }
            }
            Seeds::Every(number) => {
                for seed in (0..number).rev() {
                    trial.runs += u64::from(seed > 0);
                    trial.failed = fails(seed, &mut trial);
                    if trial.failed.is_none() {
                        break;
                    }
                }
            }
        }
        trial
    }

    /// A candidate that is ready to run; `None` if the loader refuses it.
    pub(super) fn load(&self, draft: &Draft) -> Option<Box<dyn Prepared>> {
        let text = if self.bounds(draft) { self.bounded(draft).text() } else { draft.text() };
        self.catalogue.prepare(&Source::new("shrunk.yaml", text)).ok()
    }

    /// Whether a candidate is held to a number of events that its scenario does not name.
    fn bounds(&self, draft: &Draft) -> bool {
        !draft.has("limits") && self.property != builtin::NO_RUNAWAY
    }

    fn bounded(&self, draft: &Draft) -> Draft {
        let most = || scalar(self.most_events.to_string());
        let limits = map([("events", most()), ("events_at_one_instant", most())]);
        draft.with("limits", Some(limits))
    }

    /// Whether a run broke what it was to break.
    pub(super) fn is_it(&self, outcome: &Outcome) -> bool {
        matches!(&outcome.verdict, Verdict::Violated(it) if it.property == self.property)
    }

    /// Whether a run without the flaw broke nothing: to its end, or as far as it is held to. A flaw often
    /// ends a run that would be long without it.
    fn is_innocent(&self, correct: &Draft, outcome: &Outcome) -> bool {
        match &outcome.verdict {
            Verdict::Passed => true,
            Verdict::Violated(it) => it.property == builtin::NO_RUNAWAY && self.bounds(correct),
            Verdict::Inconclusive { .. } => false,
        }
    }
}
