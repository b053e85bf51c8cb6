//! How much may still be tried.

use std::sync::atomic::{AtomicBool, Ordering};

use sim_core::Duration;

use crate::wall::Stopwatch;

/// How much may be tried, and how much was.
pub(super) struct Budget<'a> {
    clock: Stopwatch,
    /// For so long.
    time: Duration,
    /// So many runs.
    runs: u64,
    spent: u64,
    /// Raised from outside to end it early.
    stop: &'a AtomicBool,
}

impl<'a> Budget<'a> {
    pub(super) fn new(time: Duration, runs: u64, stop: &'a AtomicBool) -> Self {
        Self { clock: Stopwatch::start(), time, runs, spent: 0, stop }
    }

    /// Whether nothing more may begin. Asked by every thread.
    pub(super) fn is_over(&self) -> bool {
        self.spent >= self.runs || self.is_interrupted() || self.elapsed() >= self.time
    }

    /// Whether somebody wants it to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Takes so many runs; false if there are not so many left. What threads tried beyond that was not
    /// asked for, and is not counted: so what `--runs` allows does not depend on how many there are.
    pub(super) const fn take(&mut self, runs: u64) -> bool {
        self.spent = self.spent.saturating_add(runs);
        self.spent <= self.runs
    }

    /// How many runs there were.
    pub(super) fn spent(&self) -> u64 {
        self.spent.min(self.runs)
    }

    /// How long it took until now.
    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}
