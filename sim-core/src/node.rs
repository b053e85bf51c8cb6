//! A seat: one process, its disk, clock and timers, and what waits for it.

use std::collections::VecDeque;

use crate::adversary::Adversary;
use crate::choice::Stream;
use crate::clock::Clock;
use crate::context::Effect;
use crate::disk::Disk;
use crate::holders::Holders;
use crate::id::{NodeId, RequestId, Seat};
use crate::network::Positions;
use crate::protocol::{DiskDone, Protocol};
use crate::rng::{Draw, Key};
use crate::time::Duration;
use crate::timers::{Deadline, Timers};

pub(crate) struct Node<P: Protocol> {
    pub(crate) identity: NodeId,
    pub(crate) status: Status,
    /// How many processes this seat had before.
    pub(crate) incarnation: u32,
    pub(crate) process: Option<P>,
    pub(crate) disk: Disk<P::Record>,
    pub(crate) clock: Clock,
    pub(crate) timers: Timers<P::Timer>,
    /// Where its choices come from.
    pub(crate) choices: Stream,
    /// What this incarnation draws from.
    pub(crate) key: Key,
    /// How often this incarnation synced its disk.
    pub(crate) syncs: u64,
    /// Inputs that came while the process was busy or paused.
    pub(crate) waiting: VecDeque<Input<P>>,
    /// The step whose barrier the process waits at.
    pub(crate) suspended: Option<Suspended<P>>,
    /// What holds the process down, or will from the midst of its next step on.
    pub(crate) down_by: Holders,
    /// What makes the process pause.
    pub(crate) paused_by: Holders,
    /// A crash that will fall in the midst of the next step.
    pub(crate) doomed: Option<Draw>,
    /// When the crash of this number is over that no fault of the plan asked for, from the crash on.
    pub(crate) unplanned: Option<(u32, Option<Duration>)>,
    pub(crate) positions: Positions,
    /// Who rewrites what it does, in this order.
    pub(crate) adversaries: Vec<Corruption<P>>,
    /// What makes it lose its disk at every restart.
    pub(crate) forgets_by: Holders,
    /// Whether it ever lied: then nobody judges it any more.
    pub(crate) lied: bool,
}

/// What a process is doing.
///
/// ```
/// use sim_core::fault::{Fault, FaultKind};
/// use sim_core::{NodeId, Seat, Simulation, Status, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// setup.world.late = vec![NodeId(2)];
/// let kind = FaultKind::Pause { seats: vec![Seat(1)] };
/// setup.world.faults.push(Fault { at: Time::ZERO, until: None, kind });
/// let mut run = Simulation::new(setup);
/// run.run();
/// let status = [0, 1, 2].map(|seat| run.status(Seat(seat)));
/// assert_eq!(status, [Status::Up, Status::Paused, Status::Absent]);
/// assert_eq!(status.map(Status::is_alive), [true, true, false]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It has not started yet.
    Absent,
    /// It runs.
    Up,
    /// It does nothing, and its inputs wait.
    Paused,
    /// It crashed.
    Down,
    /// It left for ever.
    Left,
}

impl Status {
    /// Whether there is a process.
    #[must_use]
    pub const fn is_alive(self) -> bool {
        matches!(self, Self::Up | Self::Paused)
    }
}

pub(crate) enum Input<P: Protocol> {
    Start,
    Message { from: Seat, message: P::Message },
    Timer { slot: u32, due: Deadline },
    Request { id: RequestId, request: P::Request },
    Disk { done: DiskDone },
}

/// A step whose effects have taken place only in part.
pub(crate) struct Suspended<P: Protocol> {
    pub(crate) effects: Vec<Effect<P>>,
    /// How many of them took place.
    pub(crate) applied: usize,
    /// After how many the process crashes, if it does.
    pub(crate) crash_after: Option<usize>,
    /// Whether the barrier that it waits at is over.
    pub(crate) durable: bool,
}

pub(crate) struct Corruption<P: Protocol> {
    /// The fault that it came with, if it came with one.
    pub(crate) fault: Option<u32>,
    /// What of the seat's liars it is, in keys.
    pub(crate) about: u64,
    pub(crate) adversary: Box<dyn Adversary<P>>,
    pub(crate) choices: Stream,
}

impl<P: Protocol> Node<P> {
    pub(crate) fn new(identity: NodeId, clock: Clock) -> Self {
        Self {
            identity,
            status: Status::Absent,
            incarnation: 0,
            process: None,
            disk: Disk::new(),
            clock,
            timers: Timers::new(),
            choices: Stream::new(Key::new(0)),
            key: Key::new(0),
            syncs: 0,
            waiting: VecDeque::new(),
            suspended: None,
            down_by: Holders::new(),
            paused_by: Holders::new(),
            doomed: None,
            unplanned: None,
            positions: Positions::default(),
            adversaries: Vec::new(),
            forgets_by: Holders::new(),
            lied: false,
        }
    }

    /// Makes this the seat of another run, and keeps its buffers.
    pub(crate) fn reset(&mut self, identity: NodeId, clock: Clock) {
        self.identity = identity;
        self.status = Status::Absent;
        self.incarnation = 0;
        self.process = None;
        self.disk.clear();
        self.clock = clock;
        self.forget();
        self.down_by.clear();
        self.unplanned = None;
        self.positions.clear();
        self.adversaries.clear();
        self.forgets_by.clear();
        self.lied = false;
    }

    /// Everything that dies with a process but its state.
    pub(crate) fn forget(&mut self) {
        self.timers.clear();
        self.waiting.clear();
        self.suspended = None;
        self.doomed = None;
        self.paused_by.clear();
    }

    /// Whether a crash is still to fall in the midst of a step: of the next one, or of the one that
    /// waits at a barrier.
    pub(crate) fn is_doomed(&self) -> bool {
        self.doomed.is_some()
            || self.suspended.as_ref().is_some_and(|step| step.crash_after.is_some())
    }

    /// Whether an input can be handled now.
    pub(crate) const fn is_ready(&self) -> bool {
        matches!(self.status, Status::Up) && self.suspended.is_none()
    }
}
