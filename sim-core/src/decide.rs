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
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::Simulation;
/// use sim_core::schedule::Schedule;
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let schedule = Rc::new(RefCell::new(Schedule::new(&[])));
/// setup.decider = Some(schedule.clone());
/// Simulation::new(setup).run();
/// // The run has its share, and this is ours.
/// assert!(schedule.borrow().taken().is_empty());
/// ```
pub type SharedDecider = Rc<RefCell<dyn Decider>>;

/// Whoever has a say in what a run decides. Each method is told what was drawn, and says what is.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::decide::{Decider, Parcel, Sent};
/// use sim_core::world::Endpoint;
/// use sim_core::{Fate, Seat, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// /// No node's message reaches this seat.
/// struct Deaf(Seat);
///
/// impl Decider for Deaf {
///     fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
///         match sent.what {
///             Parcel::Message(_) if sent.to == Endpoint::Seat(self.0) => Fate::Lost,
///             _ => drawn,
///         }
///     }
/// }
///
/// setup.decider = Some(Rc::new(RefCell::new(Deaf(Seat(2)))));
/// let mut run = Simulation::new(setup);
/// run.run();
/// let seen = |seat| run.process(Seat(seat)).map(|node| node.seen);
/// assert_eq!((seen(1), seen(2)), (Some(7), Some(0)));
/// ```
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

    /// Whether a process crashes in the midst of a step, though no fault of the plan says so: `drawn` is
    /// what a trap wants. Asked when the handler has spoken, and nothing of what it said has happened.
    fn crash(&mut self, step: &StepBegun<'_>, drawn: Option<MidStepCrash>) -> Option<MidStepCrash> {
        let _ = step;
        drawn
    }

    /// Where the stream of draws about one of the moments begins for which a trap waits: whether it
    /// springs, and what comes of it.
    fn trap(&mut self, trap: usize, drawn: Key) -> Key {
        let _ = trap;
        drawn
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
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::decide::{Decider, Parcel, Sent};
/// use sim_core::protocol::Kind;
/// use sim_core::world::Endpoint;
/// use sim_core::{Fate, Seat, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// /// Notes what is sent.
/// #[derive(Default)]
/// struct Notes(Vec<Sent>);
///
/// impl Decider for Notes {
///     fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
///         self.0.push(*sent);
///         drawn
///     }
/// }
///
/// let notes = Rc::new(RefCell::new(Notes::default()));
/// setup.decider = Some(notes.clone());
/// Simulation::new(setup).run();
/// let (from, to) = (Endpoint::Seat(Seat(0)), Endpoint::Seat(Seat(1)));
/// assert_eq!(notes.borrow().0[0], Sent { from, to, what: Parcel::Message(Kind(0)) });
/// ```
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
///
/// ```
/// use sim_core::decide::Parcel;
/// use sim_core::protocol::Kind;
///
/// const MESSAGES: [&str; 1] = ["Number"];
/// let word = |what| match what {
///     Parcel::Message(Kind(kind)) => MESSAGES[usize::from(kind)],
///     Parcel::Request => "request",
///     Parcel::Reply => "reply",
/// };
/// assert_eq!(word(Parcel::Message(Kind(0))), "Number");
/// ```
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
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::decide::{Decider, MidStepCrash, StepBegun, StepCause};
/// use sim_core::{Duration, Seat, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// /// Whoever answers a request crashes just before the answer leaves.
/// struct Mute;
///
/// impl Decider for Mute {
///     fn crash(
///         &mut self,
///         step: &StepBegun<'_>,
///         _: Option<MidStepCrash>,
///     ) -> Option<MidStepCrash> {
///         let (after, lasting) = (step.effects - 1, Some(Duration::from_millis(5)));
///         matches!(step.cause, StepCause::Request).then_some(MidStepCrash { after, lasting })
///     }
/// }
///
/// setup.decider = Some(Rc::new(RefCell::new(Mute)));
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert!(run.history().operations()[0].ended.is_none(), "nobody is told");
/// assert_eq!(run.process(Seat(0)).map(|node| node.seen), Some(7), "but it was on disk");
/// ```
pub struct StepBegun<'a> {
    /// Whose.
    pub seat: Seat,
    /// Why the handler was called.
    pub cause: StepCause<'a>,
    /// How many effects it has.
    pub effects: usize,
}

/// Why a handler was called, without what was said.
///
/// ```
/// use sim_core::decide::StepCause;
///
/// let word = |cause: &StepCause<'_>| match cause {
///     StepCause::Start => "starts".to_owned(),
///     StepCause::Message(kind) => format!("gets a message of kind {}", kind.0),
///     StepCause::Timer(timer) => format!("wakes up for {timer:?}"),
///     StepCause::Request => "is asked".to_owned(),
///     StepCause::Disk => "hears from its disk".to_owned(),
/// };
/// assert_eq!(word(&StepCause::Timer(&"Heartbeat")), "wakes up for \"Heartbeat\"");
/// ```
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
///
/// ```
/// use sim_core::Duration;
/// use sim_core::decide::MidStepCrash;
/// use sim_core::schedule::{Chosen, StepName};
/// # use sim_core::Seat;
///
/// // What is written is written, and what would have been flushed is not.
/// let crash = MidStepCrash { after: 1, lasting: Some(Duration::from_millis(5)) };
/// let chosen = Chosen::Crash { seat: Seat(0), step: StepName::Request, nth: 1, crash };
/// # use {sim_core::{Simulation, schedule::Schedule, fault::Family}, std::{cell::RefCell, rc::Rc}};
/// # let mut setup = sim_core::example::asking(&[7]);
/// # setup.decider = Some(Rc::new(RefCell::new(Schedule::new(&[chosen]))));
/// # let mut run = Simulation::new(setup);
/// # run.run();
/// assert_eq!(run.counters().faults[Family::Crash as usize], 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MidStepCrash {
    /// After how many of the effects. If there are fewer, nothing crashes.
    pub after: usize,
    /// When the process restarts, from the crash on; `None` if nothing but a fault of the plan lets it.
    pub lasting: Option<Duration>,
}

/// What a crash leaves of what was written and not synced.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::decide::{Decider, Left};
/// use sim_core::{Seat, Simulation};
/// # use sim_core::fault::{Fault, FaultKind};
/// # use sim_core::{Duration, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
/// # setup.world.disk.fsync = Duration::from_millis(20).into();
/// # setup.world.faults.push(Fault {
/// #     at: Time::ZERO + Duration::from_millis(5),
/// #     until: Some(Time::ZERO + Duration::from_millis(6)),
/// #     kind: FaultKind::Crash { seats: vec![Seat(0)], mid_step: false },
/// # });
///
/// /// Every disk keeps what it was given, synced or not.
/// struct Lucky;
///
/// impl Decider for Lucky {
///     fn left(&mut self, _: Seat, _: Left) -> Left {
///         Left { kept: u64::MAX, torn: false }
///     }
/// }
///
/// // In a world in which `n0` crashes while it waits for its disk:
/// setup.decider = Some(Rc::new(RefCell::new(Lucky)));
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.process(Seat(0)).map(|node| node.seen), Some(7));
/// ```
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
