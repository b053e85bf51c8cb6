//! The world that a protocol lives in, as plain data: everything about a run but the protocol and
//! the seed.

use std::collections::BTreeMap;

use crate::chance::{Chance, Delay};
use crate::clock::Clock;
use crate::fault::Fault;
use crate::id::{ClientId, NodeId, Seat};
use crate::rng::Keys;
use crate::time::{Duration, Time};
use crate::trap::Trap;

/// Everything about a run but the protocol and the seed. A swarm draws one anew for each seed.
///
/// ```
/// use sim_core::world::World;
/// use sim_core::{Duration, NodeId, Seat, Time};
///
/// let mut world = World::calm(3, Time::ZERO + Duration::from_secs(10));
/// world.network.link.latency = (Duration::from_millis(1)..=Duration::from_millis(10)).into();
/// world.twins = vec![NodeId(1)];
/// assert_eq!(world.seats(), 4);
/// assert_eq!(world.identity(Seat(3)), NodeId(1), "the seats of twins come last");
/// ```
#[derive(Clone, Debug)]
pub struct World {
    /// How many nodes there are, up or not. Node `n` has seat `n`.
    pub nodes: u32,
    /// Nodes that have a second seat: two processes with one identity. The seats follow those of the
    /// nodes, in this order.
    pub twins: Vec<NodeId>,
    /// Nodes that are not up until a [`Start`](crate::fault::FaultKind::Start).
    pub late: Vec<NodeId>,
    /// How messages travel.
    pub network: NetworkSettings,
    /// How disks behave.
    pub disk: DiskSettings,
    /// How far clocks are off.
    pub clocks: ClockSettings,
    /// What clients do, besides a script.
    pub clients: ClientSettings,
    /// What goes wrong, and when.
    pub faults: Vec<Fault>,
    /// What goes wrong when the protocol does something.
    pub traps: Vec<Trap>,
    /// Whom goals are about; empty for everybody. The others may be broken for good.
    pub core: Vec<NodeId>,
    /// More is broken than the protocol bears: nothing but safety is asked.
    pub safety_only: bool,
    /// How long the run lasts.
    pub end: Time,
    /// Equal instants in an order drawn from the seed, instead of first come first served (rule 7).
    pub seeded_ties: bool,
    /// What ends a run that would not end by itself.
    pub limits: Limits,
}

impl World {
    /// A world in which nothing goes wrong, messages take no time and nobody asks anything.
    #[must_use]
    pub fn calm(nodes: u32, end: Time) -> Self {
        Self {
            nodes,
            twins: Vec::new(),
            late: Vec::new(),
            network: NetworkSettings::default(),
            disk: DiskSettings::default(),
            clocks: ClockSettings::default(),
            clients: ClientSettings::none(),
            faults: Vec::new(),
            traps: Vec::new(),
            core: Vec::new(),
            safety_only: false,
            end,
            seeded_ties: false,
            limits: Limits::default(),
        }
    }

    /// How many processes can run: one a node, and one more for each twin.
    ///
    /// # Panics
    /// Beyond 2³² seats.
    #[must_use]
    pub fn seats(&self) -> u32 {
        self.nodes + u32::try_from(self.twins.len()).expect("fewer than 2³² twins")
    }

    /// Whose identity a seat has.
    ///
    /// # Panics
    /// If there is no such seat.
    #[must_use]
    pub fn identity(&self, seat: Seat) -> NodeId {
        match seat.0.checked_sub(self.nodes) {
            None => NodeId(seat.0),
            Some(twin) => self.twins[twin as usize],
        }
    }

    /// The seats of a node: its own, and one for each twin.
    ///
    /// ```
    /// use sim_core::{NodeId, Seat, Time, world::World};
    ///
    /// let mut world = World::calm(3, Time::ZERO);
    /// world.twins = vec![NodeId(1)];
    /// assert_eq!(world.seats_of(NodeId(1)).collect::<Vec<_>>(), [Seat(1), Seat(3)]);
    /// ```
    pub fn seats_of(&self, node: NodeId) -> impl Iterator<Item = Seat> + '_ {
        let twins = (self.nodes..).zip(&self.twins).filter(move |(_, twin)| **twin == node);
        std::iter::once(Seat(node.0)).chain(twins.map(|(seat, _)| Seat(seat)))
    }

    /// Gives a second seat to each node that has a twin by a fault, if it has none yet.
    ///
    /// ```
    /// use sim_core::adversary::{How, Lie};
    /// use sim_core::fault::{Fault, FaultKind};
    /// use sim_core::{NodeId, Seat, Time, world::World};
    ///
    /// let mut world = World::calm(3, Time::ZERO);
    /// let lie = Lie { how: How::Twins, towards: None };
    /// let kind = FaultKind::Corrupt { seats: vec![Seat(1)], lie };
    /// world.faults.push(Fault { at: Time::ZERO, until: None, kind });
    /// world.seat_twins();
    /// assert_eq!(world.twins, [NodeId(1)]);
    /// ```
    pub fn seat_twins(&mut self) {
        let doubled = self.faults.iter().flat_map(|fault| fault.kind.doubles());
        for &seat in doubled {
            let node = NodeId(seat.0);
            if !self.twins.contains(&node) {
                self.twins.push(node);
            }
        }
    }

    /// How far the clock of a seat is off, in the run of these keys.
    ///
    /// ```
    /// use sim_core::rng::Keys;
    /// use sim_core::{Duration, Seat, Time, world::World};
    ///
    /// let mut world = World::calm(3, Time::MAX);
    /// world.clocks.skew = (Duration::ZERO, Duration::from_secs(1));
    /// let keys = Keys::new(1);
    /// let (one, other) = (world.clock(Seat(0), &keys), world.clock(Seat(1), &keys));
    /// assert_ne!(one.offset_nanos, other.offset_nanos);
    /// assert!(one.offset_nanos.abs() <= 1_000_000_000);
    /// ```
    #[must_use]
    pub fn clock(&self, seat: Seat, keys: &Keys) -> ClockError {
        let fixed = self.clocks.fixed.get(&seat).copied();
        fixed.unwrap_or_else(|| {
            Clock::drawn(&self.clocks, keys.clocks.about(u64::from(seat.0))).error()
        })
    }

    /// When the last planned fault begins or ends, or the last trap has done all that it does, within the
    /// run: from then on the world is calm.
    ///
    /// ```
    /// use sim_core::fault::{Fault, FaultKind};
    /// # use sim_core::{Duration, Time, world::World};
    ///
    /// let at = |secs| Time::ZERO + Duration::from_secs(secs);
    /// let mut world = World::calm(3, at(10));
    /// world.faults.push(Fault { at: at(2), until: Some(at(5)), kind: FaultKind::Heal });
    /// world.faults.push(Fault { at: at(20), until: None, kind: FaultKind::Heal });
    /// assert_eq!(world.last_fault(), at(5), "the other one comes after the end");
    /// ```
    #[must_use]
    pub fn last_fault(&self) -> Time {
        let turns = self.faults.iter().flat_map(|fault| [Some(fault.at), fault.until]).flatten();
        let traps = self.traps.iter().map(|trap| trap.until.min(self.end));
        turns.filter(|&at| at <= self.end).chain(traps).max().unwrap_or(Time::ZERO)
    }
}

/// One end of a link.
///
/// ```
/// use sim_core::id::ClientId;
/// use sim_core::world::Endpoint;
/// use sim_core::Seat;
///
/// let name = |end| match end {
///     Endpoint::Seat(Seat(seat)) => format!("seat {seat}"),
///     Endpoint::Client(client) => client.to_string(),
/// };
/// assert_eq!(name(Endpoint::Client(ClientId(0))), "c1");
/// assert!(Endpoint::Seat(Seat(9)) < Endpoint::Client(ClientId(0)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A process of the cluster.
    Seat(Seat),
    /// A client.
    Client(ClientId),
}

/// How messages travel.
///
/// ```
/// use sim_core::world::{Endpoint, LinkSettings};
/// use sim_core::{Duration, Seat, Simulation};
/// # use sim_core::chance::Chance;
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // Nothing that `n0` sends to `n2` arrives.
/// let (from, to) = (Endpoint::Seat(Seat(0)), Endpoint::Seat(Seat(2)));
/// let network = &mut setup.world.network;
/// let lossy = LinkSettings { loss: Chance::ALWAYS, ..network.link };
/// network.overrides.insert((from, to), lossy);
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.counters().lost, 10);
/// ```
#[derive(Clone, Default, Debug)]
pub struct NetworkSettings {
    /// Every link that nothing else is said of.
    pub link: LinkSettings,
    /// Links, by (from, to), that differ. The others cost no memory.
    pub overrides: BTreeMap<(Endpoint, Endpoint), LinkSettings>,
    /// Latencies between regions, where nodes have one.
    pub regions: Regions,
}

/// How messages travel over one link, in one direction.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::world::LinkSettings;
/// use sim_core::Duration;
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// setup.world.network.link = LinkSettings {
///     latency: (Duration::from_millis(1)..=Duration::from_millis(10)).into(),
///     loss: Chance::from_percent(20),
///     ..LinkSettings::default()
/// };
/// # let mut run = sim_core::Simulation::new(setup);
/// # run.run();
/// let (lost, sent) = (run.counters().lost, run.counters().sent);
/// assert!((sent / 10..sent / 3).contains(&lost), "{lost} of {sent} were lost");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkSettings {
    /// How long a message takes.
    pub latency: Delay,
    /// The chance that it never arrives.
    pub loss: Chance,
    /// The chance that it arrives twice. Between clients and nodes nothing does: they speak over
    /// connections.
    pub duplicate: Chance,
    /// The chance that it takes ten times the latency it drew, so that later ones overtake it.
    pub reorder: Chance,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            latency: Delay::NONE,
            loss: Chance::NEVER,
            duplicate: Chance::NEVER,
            reorder: Chance::NEVER,
        }
    }
}

/// Which region each seat is in, and how long messages take from one to another.
///
/// ```
/// use sim_core::world::Regions;
/// use sim_core::{Duration, Seat, Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // Two nodes in Europe, one in America.
/// let ms = |millis| Duration::from_millis(millis).into();
/// setup.world.network.regions = Regions {
///     of: vec![Some(0), Some(0), Some(1)],
///     latency: [((0, 0), ms(1)), ((0, 1), ms(40)), ((1, 0), ms(40))].into(),
/// };
/// let mut run = Simulation::new(setup);
/// while run.process(Seat(2)).is_none_or(|node| node.seen < 7) && run.next_event() {}
/// assert_eq!(run.now(), Time::ZERO + Duration::from_millis(10 + 40));
/// ```
#[derive(Clone, Default, Debug)]
pub struct Regions {
    /// The region of each seat, by index; seats beyond the end are in none.
    pub of: Vec<Option<u16>>,
    /// The latency from a region to another, or within one.
    pub latency: BTreeMap<(u16, u16), Delay>,
}

/// How disks behave.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::world::DiskSettings;
/// use sim_core::{Duration, Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let fsync = Duration::from_millis(2);
/// setup.world.disk = DiskSettings {
///     fsync: fsync.into(),
///     torn_write: Chance::from_percent(10),
///     ..DiskSettings::default()
/// };
/// let mut run = Simulation::new(setup);
/// run.run();
/// let ended = run.history().operations()[0].ended;
/// // The answer waited for the disk.
/// assert_eq!(ended.map(|end| end.time), Some(Time::ZERO + fsync));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskSettings {
    /// How long it takes to make durable what was written.
    pub fsync: Delay,
    /// The chance that a crash loses what was written and not synced; otherwise some of it, from the
    /// oldest on, is kept.
    pub lose_unsynced: Chance,
    /// The chance that a crash leaves a torn record where it lost one.
    pub torn_write: Chance,
}

impl Default for DiskSettings {
    fn default() -> Self {
        Self { fsync: Delay::NONE, lose_unsynced: Chance::ALWAYS, torn_write: Chance::NEVER }
    }
}

/// How far clocks are off.
///
/// ```
/// use sim_core::{Duration, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let clocks = &mut setup.world.clocks;
/// clocks.skew = (Duration::ZERO, Duration::from_millis(500));
/// clocks.drift_ppm = (150_000, 150_000);
/// let mut run = Simulation::new(setup);
/// run.run();
/// // An alarm every 10 ms rings 8 times in 100 ms by a clock so slow, 11 times by one so fast.
/// assert_eq!(run.counters().timers, 8 + 11 + 11);
/// ```
#[derive(Clone, Default, Debug)]
pub struct ClockSettings {
    /// How far a wall clock is ahead or behind, drawn for each seat between these, sign included.
    pub skew: (Duration, Duration),
    /// How much faster or slower a clock runs, in parts per million, drawn likewise.
    pub drift_ppm: (u32, u32),
    /// Seats whose clock is not drawn.
    pub fixed: BTreeMap<Seat, ClockError>,
}

/// How far one clock is off.
///
/// ```
/// use sim_core::world::ClockError;
/// use sim_core::{Seat, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // The clock of `n0` runs twice as fast.
/// let fast = ClockError { offset_nanos: 0, drift_ppm: 1_000_000 };
/// setup.world.clocks.fixed.insert(Seat(0), fast);
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.counters().timers, 20 + 10 + 10);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ClockError {
    /// How far the wall clock is ahead at the beginning, in nanoseconds; negative if it is behind.
    pub offset_nanos: i64,
    /// How much faster it runs, in parts per million; negative if slower. Above −1,000,000.
    pub drift_ppm: i32,
}

/// What clients do, besides a script.
///
/// ```
/// use sim_core::world::{ClientSettings, Pace};
/// use sim_core::{Duration, Simulation};
/// # let mut setup = sim_core::example::asking(&[]);
///
/// setup.world.clients = ClientSettings {
///     count: 3,
///     pace: Pace::Open { every: Duration::from_millis(10) },
///     keys: 5,
///     ..ClientSettings::none()
/// };
/// setup.workload = Some(std::rc::Rc::new(|_, draw| draw.below(5)));
/// let mut run = Simulation::new(setup);
/// run.run();
/// // Each of the three asks ten times on average.
/// let asked = run.history().operations().len();
/// assert!((15..45).contains(&asked), "{asked} operations");
/// ```
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// How many there are.
    pub count: u32,
    /// When they ask.
    pub pace: Pace,
    /// What they ask: the weight of each of the subject's operations, by index.
    pub mix: Vec<u32>,
    /// How many different keys they ask about.
    pub keys: u32,
    /// When an operation that was not answered is given up, and counts as unknown.
    pub timeout: Duration,
    /// When a request that was not answered is sent again, to another node.
    pub retry: Duration,
    /// When they begin.
    pub from: Time,
    /// When they ask no more.
    pub until: Time,
}

impl ClientSettings {
    /// Nobody asks anything; a script uses these timeouts.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            count: 0,
            pace: Pace::Closed { think: Delay::NONE },
            mix: Vec::new(),
            keys: 1,
            timeout: Duration::from_secs(1),
            retry: Duration::from_millis(250),
            from: Time::ZERO,
            until: Time::MAX,
        }
    }
}

/// When a client asks.
///
/// ```
/// use sim_core::units::Rate;
/// use sim_core::world::Pace;
/// use sim_core::Duration;
///
/// // Three clients that together ask fifty times a second.
/// let rate: Rate = "50/s".parse()?;
/// let every = rate.gap(3).expect("neither too often nor too seldom");
/// assert_eq!(Pace::Open { every }, Pace::Open { every: Duration::from_millis(60) });
/// # Ok::<(), sim_core::units::UnitError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// Open loop: operations arrive at random (Poisson), whether or not the last one was answered;
    /// one that arrives early waits for its client.
    Open {
        /// The mean time between two arrivals at one client.
        every: Duration,
    },
    /// Closed loop: the next operation follows the answer to the last one.
    Closed {
        /// The pause between them.
        think: Delay,
    },
}

/// What ends a run that would not end by itself.
///
/// ```
/// use sim_core::check::builtin;
/// use sim_core::world::Limits;
/// use sim_core::Simulation;
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// setup.world.limits = Limits { events_at_one_instant: 2, ..Limits::default() };
/// let mut run = Simulation::new(setup);
/// run.run();
/// // Three nodes start at once.
/// assert_eq!(run.violation().map(|violation| violation.property), Some(builtin::NO_RUNAWAY));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many events may happen in a run.
    pub events: u64,
    /// How many events may happen at one instant.
    pub events_at_one_instant: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 50_000_000, events_at_one_instant: 2_000_000 }
    }
}
