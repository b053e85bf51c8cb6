//! What goes wrong, and when.

use crate::adversary::{How, Lie};
use crate::id::Seat;
use crate::time::Time;
use crate::world::{Endpoint, LinkSettings};

/// One thing that goes wrong, at a time.
///
/// ```
/// use sim_core::fault::{Fault, FaultKind};
/// use sim_core::{Duration, Seat, Simulation, Status, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let at = |millis| Time::ZERO + Duration::from_millis(millis);
/// let kind = |seat| FaultKind::Crash { seats: vec![Seat(seat)], mid_step: false };
/// setup.world.faults = vec![
///     Fault { at: at(20), until: Some(at(40)), kind: kind(0) },
///     Fault { at: at(50), until: None, kind: kind(1) },
/// ];
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!((run.status(Seat(0)), run.status(Seat(1))), (Status::Up, Status::Down));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// When it begins.
    pub at: Time,
    /// When it ends: what is cut heals, who crashed restarts, who pauses resumes. `None` for ever,
    /// and for what has no end.
    pub until: Option<Time>,
    /// What it is.
    pub kind: FaultKind,
}

/// What can go wrong, and what puts it right.
///
/// ```
/// use sim_core::fault::{Fault, FaultKind};
/// use sim_core::world::Endpoint;
/// use sim_core::{Duration, Seat, Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let group = |seats: &[u32]| seats.iter().map(|&seat| Endpoint::Seat(Seat(seat))).collect();
/// let kind = FaultKind::Partition { groups: vec![group(&[0, 1]), group(&[2])] };
/// setup.world.faults.push(Fault { at: Time::ZERO, until: None, kind });
/// let mut run = Simulation::new(setup);
/// run.run();
/// let seen = |seat| run.process(Seat(seat)).map(|node| node.seen);
/// assert_eq!((seen(1), seen(2)), (Some(7), Some(0)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// No message passes between two of these groups. Who is in none of them reaches everybody.
    Partition {
        /// Who is together with whom.
        groups: Vec<Vec<Endpoint>>,
    },
    /// No message passes from the one side to the other; the way back is free.
    Cut {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
    },
    /// Messages are held, and arrive when it ends.
    Clog {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
    },
    /// Messages travel otherwise than before.
    Link {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// How they travel now.
        link: LinkSettings,
    },
    /// Processes stop, and what is only in their memory is gone (rule 4). They restart at the end.
    Crash {
        /// Which.
        seats: Vec<Seat>,
        /// Not at once, but in the midst of the next step that has effects, after some of them.
        mid_step: bool,
    },
    /// Processes that crashed start again.
    Restart {
        /// Which.
        seats: Vec<Seat>,
    },
    /// A process stops, as in a crash, and what starts in its place at the end, or at once, runs
    /// with other constants, from then on: another version, or another setting.
    Upgrade {
        /// Whose.
        seat: Seat,
        /// With which, of the [`Setup`](crate::Setup)'s upgrades.
        to: u32,
    },
    /// Processes do nothing, and their inputs wait. They resume at the end.
    Pause {
        /// Which.
        seats: Vec<Seat>,
    },
    /// Processes that pause go on.
    Resume {
        /// Which.
        seats: Vec<Seat>,
    },
    /// Nodes that were not yet up start.
    Start {
        /// Which.
        seats: Vec<Seat>,
    },
    /// Nodes leave for ever.
    Leave {
        /// Which.
        seats: Vec<Seat>,
    },
    /// A wall clock jumps.
    Jump {
        /// Whose.
        seats: Vec<Seat>,
        /// How far, in nanoseconds; negative for back.
        by_nanos: i64,
    },
    /// Disks refuse to make anything durable. Who crashed because of it restarts at the end.
    DiskFails {
        /// Whose.
        seats: Vec<Seat>,
    },
    /// Nodes lie, until the end. Whoever did is judged no more, also not afterwards.
    Corrupt {
        /// Which, by the first of their seats.
        seats: Vec<Seat>,
        /// How, and to whom.
        lie: Lie,
    },
    /// Every partition, cut, clog and changed link is as it was at first.
    Heal,
}

impl FaultKind {
    /// The word for it in scenarios, traces and counts.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Partition { .. } => Family::Partition,
            Self::Cut { .. } => Family::Cut,
            Self::Clog { .. } => Family::Clog,
            Self::Link { .. } => Family::Link,
            Self::Crash { .. } => Family::Crash,
            Self::Restart { .. } => Family::Restart,
            Self::Upgrade { .. } => Family::Upgrade,
            Self::Pause { .. } => Family::Pause,
            Self::Resume { .. } => Family::Resume,
            Self::Start { .. } => Family::Start,
            Self::Leave { .. } => Family::Leave,
            Self::Jump { .. } => Family::Jump,
            Self::DiskFails { .. } => Family::DiskFails,
            Self::Corrupt { .. } => Family::Corrupt,
            Self::Heal => Family::Heal,
        }
    }

    /// Who has a twin while it lasts.
    pub(crate) fn doubles(&self) -> &[Seat] {
        match self {
            Self::Corrupt { seats, lie } if lie.how == How::Twins => seats,
            _ => &[],
        }
    }

    /// Whether it makes sense to say when it ends.
    ///
    /// ```
    /// # use sim_core::{Seat, fault::FaultKind};
    /// let pause = FaultKind::Pause { seats: vec![Seat(0)] };
    /// let resume = FaultKind::Resume { seats: vec![Seat(0)] };
    /// assert!(pause.has_an_end() && !resume.has_an_end());
    /// ```
    #[must_use]
    pub const fn has_an_end(&self) -> bool {
        matches!(
            self,
            Self::Partition { .. }
                | Self::Cut { .. }
                | Self::Clog { .. }
                | Self::Link { .. }
                | Self::Crash { .. }
                | Self::Upgrade { .. }
                | Self::Pause { .. }
                | Self::DiskFails { .. }
                | Self::Corrupt { .. }
        )
    }
}

/// The kinds of fault, for counting them.
///
/// ```
/// use sim_core::fault::{Family, FaultKind};
///
/// let heal = FaultKind::Heal.family();
/// assert_eq!((heal, heal.name()), (Family::Heal, "heal"));
/// // Counts are kept in this order.
/// assert!((0..).zip(Family::ALL).all(|(place, family)| family as usize == place));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// A partition.
    Partition,
    /// A one-way cut.
    Cut,
    /// A clog.
    Clog,
    /// A link that changed.
    Link,
    /// A crash.
    Crash,
    /// A restart.
    Restart,
    /// An upgrade.
    Upgrade,
    /// A pause.
    Pause,
    /// A resumption.
    Resume,
    /// A late start.
    Start,
    /// A departure.
    Leave,
    /// A clock that jumps.
    Jump,
    /// A disk that refuses.
    DiskFails,
    /// A node that lies.
    Corrupt,
    /// Healing.
    Heal,
    /// A message that a trap lets get lost.
    Drop,
    /// One that it lets come late.
    Delay,
    /// One that it lets come once more.
    Copy,
}

impl Family {
    /// Every family, in the order in which they are counted.
    pub const ALL: [Self; 18] = [
        Self::Partition,
        Self::Cut,
        Self::Clog,
        Self::Link,
        Self::Crash,
        Self::Restart,
        Self::Upgrade,
        Self::Pause,
        Self::Resume,
        Self::Start,
        Self::Leave,
        Self::Jump,
        Self::DiskFails,
        Self::Corrupt,
        Self::Heal,
        Self::Drop,
        Self::Delay,
        Self::Copy,
    ];

    /// As scenarios and traces write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Partition => "partition",
            Self::Cut => "cut",
            Self::Clog => "clog",
            Self::Link => "link",
            Self::Crash => "crash",
            Self::Restart => "restart",
            Self::Upgrade => "upgrade",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Start => "start",
            Self::Leave => "leave",
            Self::Jump => "jump",
            Self::DiskFails => "disk_fails",
            Self::Corrupt => "corrupt",
            Self::Heal => "heal",
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Copy => "copy",
        }
    }
}
