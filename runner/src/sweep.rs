//! A sweep: one scenario on many seeds, on all cores.
//!
//! Threads take blocks of seeds; one of them puts the outcomes back in order. So the result, and
//! everything written about it, is the same whatever the number of threads and whichever seed is done
//! first. Outcomes that were counted are dropped, and no thread runs far ahead of the slowest: memory
//! does not grow with the number of seeds.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use crate::catalogue::{Notes, Prepared};
use crate::outcome::{Outcome, Verdict};
use crate::summary::Summary;

/// How a sweep is run.
pub struct Plan<'a> {
    /// Which seeds.
    pub seeds: Range<u64>,
    /// On how many threads.
    pub jobs: usize,
    /// Whether the first failing seed ends it.
    pub fail_fast: bool,
    /// How many failing seeds of each property are remembered one by one.
    pub remembered: usize,
    /// What is noted of each run besides.
    pub notes: Notes,
    /// Raised from outside to end it early.
    pub stop: &'a AtomicBool,
}

/// How many seeds a thread takes at a time: few enough that threads end together, enough that handing
/// them over costs nothing.
const BLOCK: u64 = 8;

/// How many blocks for each thread may be under way or wait for an earlier one.
const AHEAD: usize = 32;

/// Runs every seed, in order as far as `seen` can tell, and adds them up.
///
/// Ends early when `plan.stop` is raised or `seen` has enough; the summary then covers the seeds up to
/// the first that was not run.
pub fn sweep(
    scenario: &dyn Prepared,
    plan: &Plan<'_>,
    mut seen: impl FnMut(&Summary, &Outcome) -> ControlFlow<()>,
) -> Summary {
    let mut summary = Summary::new(scenario.expectations(), plan.seeds.clone(), plan.remembered);
    let work = Work::new(plan);
    thread::scope(|threads| {
        let (send, receive) = mpsc::channel();
        for _ in 0..plan.jobs {
            let (send, work) = (send.clone(), &work);
            threads.spawn(move || work.take_part(scenario, &send));
        }
        drop(send);
        let _over = RaisedOnDrop(&work.over);
        let mut early = BTreeMap::new();
        for done in receive {
            early.insert(done.block, done);
            while let Some(done) = early.remove(&work.counted()) {
                for outcome in &done.outcomes {
                    let failed = matches!(outcome.verdict, Verdict::Violated(_));
                    summary.add(outcome);
                    let enough = seen(&summary, outcome).is_break();
                    if enough || plan.fail_fast && failed && summary.has_failed() {
                        return;
                    }
                }
                if !done.complete {
                    return;
                }
                work.count();
            }
        }
    });
    summary
}

/// What the threads of a sweep share.
struct Work<'a> {
    plan: &'a Plan<'a>,
    /// The next block that nobody has taken.
    next: AtomicU64,
    /// How many blocks there are.
    blocks: u64,
    /// Nobody wants any more outcomes.
    over: AtomicBool,
    /// How many blocks were counted.
    counted: Mutex<u64>,
    moved: Condvar,
}

/// What a thread made of one block.
struct Done {
    block: u64,
    outcomes: Vec<Outcome>,
    /// Whether every seed of it ran.
    complete: bool,
}

impl<'a> Work<'a> {
    fn new(plan: &'a Plan<'a>) -> Self {
        Self {
            plan,
            next: AtomicU64::new(0),
            blocks: plan.seeds.end.saturating_sub(plan.seeds.start).div_ceil(BLOCK),
            over: AtomicBool::new(false),
            counted: Mutex::new(0),
            moved: Condvar::new(),
        }
    }

    /// What each thread does: run blocks until there are none left.
    fn take_part(&self, scenario: &dyn Prepared, send: &mpsc::Sender<Done>) {
        // Without this thread's blocks the sweep cannot end: should it die, the others must not wait.
        let fallen = RaisedOnDrop(&self.over);
        let mut worker = scenario.worker_noting(self.plan.notes);
        loop {
            let block = self.next.fetch_add(1, Ordering::Relaxed);
            if block >= self.blocks {
                break;
            }
            self.wait_for_the_slowest(block);
            let seeds = self.seeds(block);
            let wanted = seeds.end - seeds.start;
            let outcomes: Vec<Outcome> =
                seeds.take_while(|_| self.goes_on()).map(|seed| worker.run(seed)).collect();
            let complete = outcomes.len() as u64 == wanted;
            if send.send(Done { block, outcomes, complete }).is_err() || !complete {
                break;
            }
        }
        std::mem::forget(fallen);
    }

    fn goes_on(&self) -> bool {
        !self.plan.stop.load(Ordering::Relaxed) && !self.over.load(Ordering::Relaxed)
    }

    fn seeds(&self, block: u64) -> Range<u64> {
        let from = self.plan.seeds.start + block * BLOCK;
        from..from.saturating_add(BLOCK).min(self.plan.seeds.end)
    }

    /// Lets a thread that is far ahead sleep: outcomes that wait for an earlier one take memory.
    fn wait_for_the_slowest(&self, block: u64) {
        let ahead = (self.plan.jobs * AHEAD) as u64;
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        while block >= *counted + ahead && self.goes_on() {
            // Whoever raises a flag wakes nobody, so look now and then.
            let woken = self.moved.wait_timeout(counted, Duration::from_millis(50));
            counted = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn counted(&self) -> u64 {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self) {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.moved.notify_all();
    }
}

/// Raises a flag when it is dropped, by a panic too.
struct RaisedOnDrop<'a>(&'a AtomicBool);

impl Drop for RaisedOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
