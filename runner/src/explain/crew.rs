//! Runs of one seed with something otherwise, on all cores.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use sim_core::{Duration, Time};

use crate::catalogue::{Prepared, Worker};
use crate::outcome::{Outcome, Verdict};
use crate::variation::Variation;
use crate::wall::Stopwatch;

/// Who runs a seed again and again.
pub(super) struct Crew<'a> {
    pub(super) scenario: &'a dyn Prepared,
    pub(super) seed: u64,
    /// What the seed breaks.
    property: &'static str,
    jobs: usize,
    clock: Stopwatch,
    time: Duration,
    stop: &'a AtomicBool,
}

/// What came of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Came {
    /// It kept everything.
    Passed,
    /// It broke the same property, then.
    Broke(Time),
    /// It broke another one, or nobody can say.
    Other,
}

impl<'a> Crew<'a> {
    pub(super) fn new(
        scenario: &'a dyn Prepared,
        seed: u64,
        property: &'static str,
        jobs: usize,
        time: Duration,
        stop: &'a AtomicBool,
    ) -> Self {
        Self { scenario, seed, property, jobs, clock: Stopwatch::start(), time, stop }
    }

    /// Whether nothing more may be tried.
    pub(super) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || self.clock.elapsed() >= self.time
    }

    /// One run; nothing if none may be tried any more.
    pub(super) fn attempt(&self, variation: &Variation) -> Option<Came> {
        if self.is_over() {
            return None;
        }
        Some(self.came(&self.scenario.worker().run_otherwise(self.seed, variation)))
    }

    /// Runs, in order as far as anybody can tell, up to the first that is enough. If the time runs out,
    /// those that were tried before the first that was not.
    pub(super) fn attempt_all(
        &self,
        variations: &[Variation],
        is_enough: impl Fn(Came) -> bool + Sync,
    ) -> Vec<Came> {
        let next = AtomicUsize::new(0);
        let enough = AtomicUsize::new(usize::MAX);
        let came = Mutex::new(vec![None; variations.len()]);
        let work = || {
            let mut worker = self.scenario.worker();
            while !self.is_over() {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= variations.len() || number > enough.load(Ordering::Relaxed) {
                    break;
                }
                let how = self.run(&mut *worker, &variations[number]);
                if is_enough(how) {
                    enough.fetch_min(number, Ordering::Relaxed);
                }
                came.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(how);
            }
        };
        match self.jobs.min(variations.len()) {
            0 | 1 => work(),
            jobs => thread::scope(|threads| (0..jobs).for_each(|_| drop(threads.spawn(work)))),
        }
        let came = came.into_inner().unwrap_or_else(PoisonError::into_inner);
        let last = enough.into_inner();
        came.into_iter().take(last.saturating_add(1)).map_while(|how| how).collect()
    }

    fn run(&self, worker: &mut dyn Worker, variation: &Variation) -> Came {
        self.came(&worker.run_otherwise(self.seed, variation))
    }

    fn came(&self, outcome: &Outcome) -> Came {
        match &outcome.verdict {
            Verdict::Passed => Came::Passed,
            Verdict::Violated(it) if it.property == self.property => Came::Broke(it.time),
            Verdict::Violated(_) | Verdict::Inconclusive { .. } => Came::Other,
        }
    }
}
