//! The best scenario so far, and how a better one is looked for: candidates are tried on all cores, and
//! the first of them that fails is taken, whoever is done first.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::outcome::Outcome;

use super::budget::Budget;
use super::draft::{Draft, Path};
use super::progress::Progress;
use super::trial::{Judge, Seeds, Trial};

/// The best scenario so far, and the means to find a better one.
pub(super) struct Search<'a> {
    pub(super) judge: Judge<'a>,
    pub(super) budget: Budget<'a>,
    pub(super) progress: Progress,
    /// On how many threads.
    pub(super) jobs: usize,
    /// On which seeds candidates must fail.
    pub(super) seeds: Seeds,
    /// Where the scenario had a range at first: it stays said how long these are.
    pub(super) drawn: Vec<Path>,
    pub(super) best: Draft,
    /// How it fails.
    pub(super) outcome: Outcome,
}

impl Search<'_> {
    /// Whether nothing more may be tried.
    pub(super) fn is_over(&self) -> bool {
        self.budget.is_over()
    }

    /// Takes the first of so many candidates that fails as it must; says which.
    pub(super) fn first(
        &mut self,
        count: usize,
        candidate: impl Fn(usize) -> Option<Draft> + Sync,
    ) -> Option<usize> {
        let seeds = self.seeds;
        self.first_on(seeds, count, candidate)
    }

    /// The same for a single one.
    pub(super) fn takes(&mut self, candidate: Draft) -> bool {
        self.first_of(self.seeds, &[candidate]).is_some()
    }

    /// The same for candidates that are there already, on these seeds.
    pub(super) fn first_of(&mut self, seeds: Seeds, candidates: &[Draft]) -> Option<usize> {
        self.first_on(seeds, candidates.len(), |number| Some(candidates[number].clone()))
    }

    fn first_on(
        &mut self,
        seeds: Seeds,
        count: usize,
        candidate: impl Fn(usize) -> Option<Draft> + Sync,
    ) -> Option<usize> {
        let trials = self.attempt(seeds, count, &candidate, true);
        let mut taken = None;
        for (number, trial) in trials {
            if !self.budget.take(trial.runs) {
                break;
            }
            if let Some(outcome) = trial.failed {
                taken = Some((number, outcome));
                break;
            }
        }
        let (number, outcome) = taken?;
        self.take(candidate(number)?, outcome);
        Some(number)
    }

    /// Of other seeds of the same scenario, takes the one whose run has the fewest events.
    pub(super) fn shortest_of(&mut self, others: u64) -> bool {
        let best = self.best.clone();
        let candidate = |number: usize| Some(best.with_seed(number as u64));
        let count = usize::try_from(others).unwrap_or(usize::MAX);
        let trials = self.attempt(Seeds::Own, count, &candidate, false);
        let mut shortest: Option<Outcome> = None;
        for (_, trial) in trials {
            if !self.budget.take(trial.runs) {
                break;
            }
            let events = |outcome: &Outcome| outcome.counters.events;
            let than = events(shortest.as_ref().unwrap_or(&self.outcome));
            shortest = trial.failed.filter(|outcome| events(outcome) < than).or(shortest);
        }
        let is_shorter = shortest.is_some();
        if let Some(outcome) = shortest {
            self.take(self.best.clone(), outcome);
        }
        is_shorter
    }

    fn take(&mut self, draft: Draft, outcome: Outcome) {
        self.best = draft.with_seed(outcome.seed);
        self.outcome = outcome;
        self.progress.found(&self.best, &self.outcome, &self.budget);
    }

    /// Tries candidates, in order as far as anybody can tell: none is left out before one that is tried.
    fn attempt(
        &mut self,
        seeds: Seeds,
        count: usize,
        candidate: &(impl Fn(usize) -> Option<Draft> + Sync),
        first_only: bool,
    ) -> BTreeMap<usize, Trial> {
        self.progress.tick(&self.budget);
        let next = AtomicUsize::new(0);
        let enough = AtomicUsize::new(usize::MAX);
        let trials = Mutex::new(BTreeMap::new());
        let (judge, budget) = (&self.judge, &self.budget);
        let work = || {
            while !budget.is_over() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count || number > enough.load(Ordering::Relaxed) {
                    break;
                }
                let trial = match candidate(number) {
                    Some(draft) => judge.attempt(&draft, seeds),
                    None => Trial { runs: 0, failed: None },
                };
                if trial.failed.is_some() && first_only {
                    enough.fetch_min(number, Ordering::Relaxed);
                }
                trials.lock().unwrap_or_else(PoisonError::into_inner).insert(number, trial);
            }
        };
        match self.jobs.min(count) {
            0 | 1 => work(),
            jobs => thread::scope(|threads| (0..jobs).for_each(|_| drop(threads.spawn(work)))),
        }
        trials.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
