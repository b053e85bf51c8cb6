//! How far a search is, on standard error: on a terminal what is left of the scenario, elsewhere nothing.

use indicatif::ProgressBar;

use crate::outcome::Outcome;
use crate::output::words::{grouped, spent};
use crate::progress::{is_drawable, spinner};

use super::budget::Budget;
use super::draft::Draft;
use super::size::Size;

/// Shows how far a search is.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    size: String,
}

impl Progress {
    pub(super) fn new(is_quiet: bool) -> Self {
        let bar = (!is_quiet && is_drawable()).then(spinner);
        Self { bar, size: String::from("a first run") }
    }

    /// There is a smaller scenario.
    pub(super) fn found(&mut self, best: &Draft, outcome: &Outcome, budget: &Budget<'_>) {
        if self.bar.is_some() {
            self.size = Size::of(best, outcome).in_a_line();
        }
        self.tick(budget);
    }

    /// The search goes on.
    pub(super) fn tick(&self, budget: &Budget<'_>) {
        if let Some(bar) = &self.bar {
            let (runs, time) = (grouped(budget.spent()), spent(budget.elapsed()));
            bar.set_message(format!("{}  {runs} runs, {time}", self.size));
            bar.tick();
        }
    }

    /// Takes it off the screen.
    pub(super) fn over(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
