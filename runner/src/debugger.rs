//! A run in the terminal, event by event: forward, backward, and with another decision.
//!
//! A run is a pure function of its seed, so stepping back is looking at an earlier event of its chronicle,
//! and branching off is running it once more.

mod branch;
mod keys;
mod model;
mod screen;
mod view;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration as RealTime;

use anyhow::bail;
use ratatui::crossterm::event::{self, Event};

use crate::catalogue::Prepared;
use crate::scenario::Source;

use self::keys::Asked;
use self::model::Session;
use self::screen::Screen;

/// What is to be looked at.
pub(crate) struct Order<'a> {
    pub(crate) scenario: &'a dyn Prepared,
    pub(crate) source: &'a Source,
    pub(crate) seed: u64,
    /// Whether there may be colours.
    pub(crate) is_colored: bool,
    /// Raised when somebody wants the process to end.
    pub(crate) stop: &'a AtomicBool,
}

/// Why it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// Whoever looked has seen enough.
    Quit,
    /// Ctrl-C, or a request to end.
    Interrupted,
}

/// Shows the run until somebody has seen enough.
pub(crate) fn show(order: &Order<'_>) -> anyhow::Result<Ended> {
    if !Screen::is_there() {
        bail!("--interactive needs a terminal, for what is typed and for what is shown");
    }
    let mut session = Session::new(order.scenario, order.source, order.seed);
    let mut screen = Screen::enter()?;
    loop {
        screen.draw(|frame| view::draw(frame, &session, order.is_colored))?;
        // Whoever wants the process to end is heard within this time.
        if !event::poll(RealTime::from_millis(200))? {
            if order.stop.load(Ordering::Relaxed) {
                return Ok(Ended::Interrupted);
            }
            continue;
        }
        // A new size is drawn in the next turn.
        let Event::Key(key) = event::read()? else { continue };
        match keys::press(&mut session, key) {
            Asked::GoOn => {}
            Asked::Quit => return Ok(Ended::Quit),
            Asked::Interrupt => return Ok(Ended::Interrupted),
        }
    }
}
