//! How far a sweep is, on standard error: a bar on a terminal, a sober line now and then elsewhere.
//! Drawn by the thread that adds up, at most ten times a second: it slows no run.

use std::io::{self, IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sim_core::Duration;

use crate::output::words::{grouped, many, spent};
use crate::summary::Summary;
use crate::wall::{Stopwatch, per_second, speed_up};

/// Shows how far a sweep is.
pub(crate) struct Progress {
    display: Display,
    what: &'static str,
    clock: Stopwatch,
    shown_at: Duration,
}

enum Display {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

const BETWEEN_DRAWS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

impl Progress {
    /// Progress of something that is done to so many seeds, in a word or two: `run`, `run again`.
    pub(crate) fn new(what: &'static str, seeds: u64, is_quiet: bool) -> Self {
        let display = if is_quiet {
            Display::Nothing
        } else if is_drawable() {
            Display::Bar(bar(seeds))
        } else {
            Display::Lines
        };
        Self { display, what, clock: Stopwatch::start(), shown_at: Duration::ZERO }
    }

    /// One more seed is done.
    pub(crate) fn seen(&mut self, summary: &Summary) {
        let gap = match self.display {
            Display::Bar(_) => BETWEEN_DRAWS,
            Display::Lines => BETWEEN_LINES,
            Display::Nothing => return,
        };
        let now = self.clock.elapsed();
        if now < self.shown_at.saturating_add(gap) {
            return;
        }
        self.shown_at = now;
        let all = summary.seeds.end - summary.seeds.start;
        let left = left(now, summary.ran, all);
        let failed = failed(summary);
        let rate = per_second(summary.ran, now);
        match &self.display {
            Display::Bar(bar) => {
                let speed = speed_up(summary.simulated_ns, now);
                let width = grouped(all).len();
                let (ran, all) = (grouped(summary.ran), many(all, "seed"));
                bar.set_prefix(format!("{ran:>width$} of {all} {}", self.what));
                bar.set_message(format!(
                    "{failed}  {}/s  {}x  {left} left",
                    grouped(rate),
                    grouped(speed)
                ));
                bar.set_position(summary.ran);
            }
            Display::Lines => {
                let (ran, all, rate) = (grouped(summary.ran), many(all, "seed"), grouped(rate));
                let what = self.what;
                let speed = grouped(speed_up(summary.simulated_ns, now));
                // Whoever closed standard error does not want to know.
                let _ = writeln!(
                    io::stderr(),
                    "{ran} of {all} {what}, {failed}, {rate} seeds/s, {speed} simulated s/s, \
                     {left} left"
                );
            }
            Display::Nothing => {}
        }
    }

    /// Takes the bar off the screen; says how long it all took.
    pub(crate) fn over(self) -> Duration {
        if let Display::Bar(bar) = self.display {
            bar.finish_and_clear();
        }
        self.clock.elapsed()
    }
}

/// Shows how many of a number of things are done.
pub(crate) struct Tally {
    display: Display,
    what: &'static str,
    all: u64,
    done: u64,
    clock: Stopwatch,
    shown_at: Duration,
}

impl Tally {
    /// Nothing is done yet, of so many of these: `search`.
    pub(crate) fn new(what: &'static str, all: u64, is_quiet: bool) -> Self {
        let display = if is_quiet {
            Display::Nothing
        } else if is_drawable() {
            Display::Bar(bar(all))
        } else {
            Display::Lines
        };
        Self { display, what, all, done: 0, clock: Stopwatch::start(), shown_at: Duration::ZERO }
    }

    /// One more is done, about this.
    pub(crate) fn seen(&mut self, about: &str) {
        self.done += 1;
        let now = self.clock.elapsed();
        let left = left(now, self.done, self.all);
        match &self.display {
            Display::Bar(bar) => {
                let of = format!("{} of {}", grouped(self.done), many(self.all, self.what));
                bar.set_prefix(of);
                bar.set_message(format!("{left} left  {about}"));
                bar.set_position(self.done);
            }
            Display::Lines if now >= self.shown_at.saturating_add(BETWEEN_LINES) => {
                self.shown_at = now;
                let (done, all) = (grouped(self.done), many(self.all, self.what));
                let _ = writeln!(io::stderr(), "{done} of {all}, {left} left, {about}");
            }
            Display::Lines | Display::Nothing => {}
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn over(self) {
        if let Display::Bar(bar) = self.display {
            bar.finish_and_clear();
        }
    }
}

/// Whether standard error can be drawn upon.
pub(crate) fn is_drawable() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A line for something of which nobody knows how long it takes.
pub(crate) fn spinner() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg}").expect("the template is well formed");
    let target = ProgressDrawTarget::stderr_with_hz(10);
    ProgressBar::with_draw_target(None, target).with_style(style)
}

fn bar(seeds: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} {bar:12} {msg}");
    let style = style.expect("the template is well formed").progress_chars("━╸ ");
    let target = ProgressDrawTarget::stderr_with_hz(10);
    ProgressBar::with_draw_target(Some(seeds), target).with_style(style)
}

fn failed(summary: &Summary) -> String {
    let failed = summary.failures.iter().filter(|(property, _)| !summary.is_lesson(property));
    format!("{} failed", grouped(failed.map(|(_, failures)| failures.count).sum()))
}

/// How long the rest takes if it goes on like this.
fn left(elapsed: Duration, done: u64, all: u64) -> String {
    let nanos = u128::from(elapsed.as_nanos()) * u128::from(all - done) / u128::from(done.max(1));
    // Whole seconds: a digit that changes with every drawing says nothing.
    let seconds = u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX);
    match seconds {
        0..60 => format!("{seconds}s"),
        _ => spent(Duration::from_nanos(seconds.saturating_mul(1_000_000_000))),
    }
}
