//! The decisions of a run, one at a time, and whoever has a say in them.
//!
//! Whatever a run draws about messages, timers, disks, choices and clients is shown to its [`Decider`],
//! which leaves it, notes it or decides otherwise. A run without one pays a branch. Two things are
//! drawn unseen: how far clocks are off, which a world can fix, and seeded ties (rule 7).

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use crate::id::{ClientId, Seat};
use crate::network::Fate;
use crate::protocol::Kind;
use crate::rng::Key;
use crate::time::Duration;
use crate::world::Endpoint;

/// A decider that a run asks and its owner reads afterwards.
pub type SharedDecider = Rc<RefCell<dyn Decider>>;

/// Whoever has a say in what a run decides. Each method is told what was drawn, and says what is.
pub trait Decider {
    /// What becomes of something that is sent. A link that is cut is no decision: that stays.
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        let _ = sent;
        drawn
    }

    /// How long a timer that is being set is, by its node's clock.
    fn timer(&mut self, seat: Seat, timer: &dyn fmt::Debug, drawn: Duration) -> Duration {
        let _ = (seat, timer);
        drawn
    }

    /// How long an fsync takes.
    fn fsync(&mut self, seat: Seat, drawn: Duration) -> Duration {
        let _ = seat;
        drawn
    }

    /// What a process chooses among so many. What is out of range is not taken.
    fn choice(&mut self, seat: Seat, of: u64, drawn: u64) -> u64 {
        let _ = (seat, of);
        drawn
    }

    /// What a process's raw generator begins with.
    fn entropy(&mut self, seat: Seat, drawn: u64) -> u64 {
        let _ = seat;
        drawn
    }

    /// Whether a process crashes in the midst of a step, though no fault of the plan says so. Asked
    /// when the handler has spoken, and nothing of what it said has happened.
    fn crash(&mut self, step: &StepBegun<'_>) -> Option<MidStepCrash> {
        let _ = step;
        None
    }

    /// After how many of so many effects a crash falls that a fault of the plan puts into this step.
    fn crash_point(&mut self, seat: Seat, effects: usize, drawn: usize) -> usize {
        let _ = (seat, effects);
        drawn
    }

    /// What a crash leaves of what was written and not synced.
    fn left(&mut self, seat: Seat, drawn: Left) -> Left {
        let _ = seat;
        drawn
    }

    /// How long it takes until a client gets its next task.
    fn gap(&mut self, client: ClientId, drawn: Duration) -> Duration {
        let _ = client;
        drawn
    }

    /// Where a client's stream of draws about a task, or about whom it asks, begins.
    fn stream(&mut self, client: ClientId, drawn: Key) -> Key {
        let _ = client;
        drawn
    }
}

/// Something that is sent over the network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sent {
    /// By whom.
    pub from: Endpoint,
    /// To whom.
    pub to: Endpoint,
    /// What.
    pub what: Parcel,
}

/// What is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Parcel {
    /// From node to node, a message of this kind.
    Message(Kind),
    /// What a client asks.
    Request,
    /// What it is told, be it an answer or whom to ask instead.
    Reply,
}

/// A step whose handler was called, and whose effects are still to happen.
pub struct StepBegun<'a> {
    /// Whose.
    pub seat: Seat,
    /// Why the handler was called.
    pub cause: StepCause<'a>,
    /// How many effects it has.
    pub effects: usize,
}

/// Why a handler was called, without what was said.
pub enum StepCause<'a> {
    /// The process started.
    Start,
    /// A message of this kind arrived.
    Message(Kind),
    /// A timer of this name rang.
    Timer(&'a dyn fmt::Debug),
    /// A client asked.
    Request,
    /// A sync came to its end.
    Disk,
}

/// A crash in the midst of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MidStepCrash {
    /// After how many of the effects. If there are fewer, nothing crashes.
    pub after: usize,
    /// When the process restarts, from the crash on; `None` if nothing but a fault of the plan lets it.
    pub lasting: Option<Duration>,
}

/// What a crash leaves of what was written and not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// How many of the writes, from the oldest on.
    pub kept: u64,
    /// Whether a torn record stands behind them.
    pub torn: bool,
}

/// Says what is decided, if anybody has a say; else what was drawn.
pub(crate) fn ask<T>(
    decider: Option<&SharedDecider>,
    drawn: T,
    say: impl FnOnce(&mut dyn Decider, T) -> T,
) -> T {
    match decider {
        None => drawn,
        Some(decider) => say(&mut *decider.borrow_mut(), drawn),
    }
}
