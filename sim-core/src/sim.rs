//! The simulation: one run, from its first event to its last.
//!
//! It owns time, the queue, the network, the seats and the clients, and drives the protocol's pure
//! handlers. One value serves many runs and keeps its buffers (rule 12). It starts no thread, reads no
//! clock and knows no protocol (rule 10).

mod clients;
mod corrupt;
mod faults;
mod reseed;
mod step;
mod traps;
mod unplanned;
mod watch;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::adversary::Forge;
use crate::check::{Goal, Invariant, Violation, builtin};
use crate::client::{Answer, Client, NoClient, Scripted};
use crate::clock::Clock;
use crate::context::{Context, Effect};
use crate::counters::Counters;
use crate::decide::SharedDecider;
use crate::fault::{Fault, FaultKind};
use crate::hash::Fingerprint;
use crate::history::History;
use crate::id::{ClientId, NodeId, RequestId, Seat};
use crate::network::{Link, Network, Passage, Port};
use crate::node::{Input, Node, Status};
use crate::protocol::{Cluster, DiskDone, Protocol, Tag};
use crate::queue::{Arrival, Queue};
use crate::rng::{Draw, Keys};
use crate::time::{Duration, Time};
use crate::timers::{Deadline, Surfaced};
use crate::trace::{Happening, Trace, Undelivered};
use crate::world::{Endpoint, World};

use clients::ClientSeat;
use traps::Traps;
use watch::Watch;

pub use reseed::Reseed;

/// Draws what a client does next.
///
/// ```
/// use std::rc::Rc;
///
/// use sim_core::sim::Workload;
/// use sim_core::{Duration, Simulation};
/// use sim_core::world::Pace;
/// # let mut setup = sim_core::example::asking(&[]);
///
/// // Two clients ask with numbers below 100, and after each answer think for 20 ms.
/// let workload: Rc<Workload<u64>> = Rc::new(|_, draw| draw.below(100));
/// setup.workload = Some(workload);
/// setup.world.clients.count = 2;
/// setup.world.clients.pace = Pace::Closed { think: Duration::from_millis(20).into() };
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert!(run.history().operations().iter().all(|operation| operation.asked < 100));
/// assert_eq!(run.history().operations().len(), 2 * 4, "after 20, 40, 60 and 80 ms");
/// ```
pub type Workload<T> = dyn Fn(RequestId, &mut Draw) -> T;

/// Everything that a run is made of.
///
/// ```
/// use sim_core::client::{Expected, OneReply, Scripted};
/// use sim_core::{Cluster, Duration, NodeId, Setup, Simulation, Time, world::World};
/// # use sim_core::example::Highest;
///
/// let ms = Duration::from_millis;
/// let world = World::calm(3, Time::ZERO + ms(100));
/// let cluster = Cluster::new(vec![ms(10); 3]);
/// let mut setup = Setup::<Highest, OneReply<Highest>>::new(1, world, cluster);
/// setup.world.disk.fsync = ms(2).into();
/// setup.script.push(Scripted {
///     at: Time::ZERO + ms(5),
///     through: NodeId(1),
///     task: 7,
///     expect: Some(Expected::Ok),
/// });
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.violation(), None);
/// assert_eq!(run.history().operations()[0].ended.map(|end| end.time), Some(Time::ZERO + ms(7)));
/// ```
pub struct Setup<P: Protocol, C: Client<P>> {
    /// Where all chance comes from.
    pub seed: u64,
    /// The world.
    pub world: World,
    /// The nodes' constants, one for each.
    pub cluster: Cluster<P::Config>,
    /// The constants that nodes are upgraded to, as the faults number them.
    pub upgrades: Vec<P::Config>,
    /// What clients draw from. `None` if only a script asks.
    pub workload: Option<std::rc::Rc<Workload<C::Task>>>,
    /// What is asked at given times.
    pub script: Vec<Scripted<C::Task, C::Told>>,
    /// What must always hold, by name.
    pub invariants: Vec<(&'static str, Box<dyn Invariant<P>>)>,
    /// What must come about within a time after the last fault, by name.
    pub goals: Vec<(&'static str, Duration, Box<dyn Goal<P>>)>,
    /// Within which time requests must be answered, from that long after the last fault on.
    pub reply_within: Option<Duration>,
    /// Who has a say in what is drawn, if anybody.
    pub decider: Option<SharedDecider>,
    /// From when on all chance comes from other seeds, if it does.
    pub reseeds: Vec<Reseed>,
    /// The lies of this protocol, by name.
    pub forgeries: Vec<(&'static str, Forge<P>)>,
}

impl<P: Protocol, C: Client<P>> Setup<P, C> {
    /// A run in which nothing is judged and nobody asks anything.
    pub fn new(seed: u64, world: World, cluster: Cluster<P::Config>) -> Self {
        Self {
            seed,
            world,
            cluster,
            upgrades: Vec::new(),
            workload: None,
            script: Vec::new(),
            invariants: Vec::new(),
            goals: Vec::new(),
            reply_within: None,
            decider: None,
            reseeds: Vec::new(),
            forgeries: Vec::new(),
        }
    }
}

/// One run of a protocol and its clients.
///
/// ```
/// use sim_core::world::World;
/// use sim_core::{Cluster, Duration, Seat, Setup, Simulation, Time};
/// # use sim_core::example::Highest;
///
/// let world = World::calm(3, Time::ZERO + Duration::from_secs(1));
/// let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// let mut run: Simulation<Highest> = Simulation::new(Setup::new(1, world, cluster));
/// run.run();
/// assert_eq!(run.violation(), None);
/// assert_eq!(run.now(), Time::ZERO + Duration::from_secs(1));
/// assert_eq!(run.counters().timers, 300);
/// assert_eq!(run.process(Seat(2)).map(|node| node.seen), Some(0), "nobody asked anything");
/// ```
pub struct Simulation<P: Protocol, C: Client<P> = NoClient> {
    keys: Keys,
    world: World,
    cluster: Cluster<P::Config>,
    upgrades: Vec<P::Config>,
    now: Time,
    /// How many events happened at this instant.
    at_this_instant: u32,
    queue: Queue<Event<P>>,
    network: Network,
    nodes: Vec<Node<P>>,
    clients: Vec<ClientSeat<P, C>>,
    workload: Option<std::rc::Rc<Workload<C::Task>>>,
    script: Vec<Scripted<C::Task, C::Told>>,
    history: History<C::Asked, C::Told>,
    /// What handlers are lent. A step takes it out, so that what was recorded in it can take place where
    /// it lies; after a panic in a step there is none (rule 12).
    cx: Option<Box<Context<P>>>,
    /// Effect buffers that no step needs at the moment.
    spare: Vec<Vec<Effect<P>>>,
    /// Messages that a clog holds, oldest first.
    held: Vec<(Link, Event<P>)>,
    watch: Watch<P>,
    counters: Counters,
    fingerprint: Fingerprint,
    violation: Option<Violation>,
    trace: Option<Box<dyn Trace<P, C>>>,
    decider: Option<SharedDecider>,
    forgeries: Vec<(&'static str, Forge<P>)>,
    /// Whether somebody has a say in what a step does: a decider, a trap, a liar.
    meddled: bool,
    /// Whether anybody wants to see steps.
    watched: bool,
    /// What waits for the protocol to do something, if anything does.
    traps: Option<Box<Traps>>,
    /// Why the step that runs does, if somebody has a say in it or a trap is set.
    cause: Option<unplanned::Why<P::Timer>>,
    /// How many crashes the decider asked for.
    unplanned_crashes: u32,
    /// Whose handler runs: who is to blame for a panic.
    running: Option<Seat>,
    /// A handler panicked, so nothing in here can be relied on (rule 12).
    poisoned: bool,
}

enum Event<P: Protocol> {
    Message { from: Seat, to: Seat, hash: u64, message: P::Message },
    Timer { seat: Seat, slot: u32 },
    Durable { seat: Seat, incarnation: u32, upto: u64 },
    Synced { seat: Seat, incarnation: u32, upto: u64, tag: Tag },
    Request { from: ClientId, to: Seat, id: RequestId, hash: u64, request: P::Request },
    Answer { from: Seat, id: RequestId, hash: u64, answer: Answer<P::Reply> },
    ClientTimer { client: ClientId },
    Arrival { client: ClientId },
    Scripted { line: u32 },
    FaultBegins { fault: u32 },
    FaultEnds { fault: u32 },
    Start { seat: Seat },
    CrashOver { seat: Seat, crash: u32 },
    Reseed { seed: u64 },
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// A run that is ready for its first event.
    ///
    /// # Panics
    /// If the cluster has not one config for each node of the world.
    #[must_use]
    pub fn new(mut setup: Setup<P, C>) -> Self {
        setup.world.seat_twins();
        let keys = Keys::new(setup.seed);
        let seats = setup.world.seats();
        let mut simulation = Self {
            keys,
            now: Time::ZERO,
            at_this_instant: 0,
            queue: Queue::new(),
            network: Network::new(keys.network, seats, &setup.world.network),
            nodes: Vec::new(),
            clients: Vec::new(),
            workload: None,
            script: Vec::new(),
            history: History::default(),
            cx: None,
            spare: Vec::new(),
            held: Vec::new(),
            watch: Watch::new(),
            counters: Counters::default(),
            fingerprint: Fingerprint::default(),
            violation: None,
            trace: None,
            decider: None,
            traps: None,
            forgeries: Vec::new(),
            meddled: false,
            watched: false,
            cause: None,
            unplanned_crashes: 0,
            running: None,
            poisoned: false,
            world: setup.world.clone(),
            cluster: setup.cluster.clone(),
            upgrades: Vec::new(),
        };
        simulation.restart(setup);
        simulation
    }

    /// Begins another run, in the memory of the last one. The trace is taken off.
    ///
    /// ```
    /// use sim_core::Simulation;
    /// # use sim_core::example::asking;
    ///
    /// # let setup = asking(&[7]);
    /// let mut run = Simulation::new(setup);
    /// run.run();
    /// let first = run.fingerprint();
    /// # let setup = asking(&[7]);
    /// run.restart(setup);
    /// run.run();
    /// assert_eq!(run.fingerprint(), first, "the same build, world and seed (rule 11)");
    /// ```
    ///
    /// # Panics
    /// If the cluster has not one config for each node of the world.
    pub fn restart(&mut self, mut setup: Setup<P, C>) {
        if self.poisoned {
            *self = Self::new(setup);
            return;
        }
        assert_eq!(setup.cluster.size(), setup.world.nodes, "a config for each node of the world");
        setup.world.seat_twins();
        self.keys = Keys::new(setup.seed);
        self.now = Time::ZERO;
        self.at_this_instant = 0;
        self.queue.clear(setup.world.seeded_ties.then_some(self.keys.ties));
        let seats = setup.world.seats();
        self.network = Network::new(self.keys.network, seats, &setup.world.network);
        let cx = self.cx.get_or_insert_with(|| Box::new(Context::lent(NodeId(0), 0)));
        cx.resize(setup.world.nodes);
        cx.choices_mut().decided_by(None, Seat(0));
        self.held.clear();
        self.watch.restart(&setup.world, setup.invariants, setup.goals, setup.reply_within);
        self.history.clear();
        self.counters.clear();
        self.fingerprint = Fingerprint::default();
        self.violation = None;
        self.trace = None;
        self.running = None;
        self.cluster = setup.cluster;
        self.upgrades = setup.upgrades;
        self.world = setup.world;
        self.workload = setup.workload;
        self.script = setup.script;
        self.decider = setup.decider;
        self.traps = Traps::of(&self.world);
        if self.traps.is_some() {
            self.network.shows_everything();
        }
        self.forgeries = setup.forgeries;
        self.meddled = self.traps.is_some() || self.decider.is_some();
        self.look_who_watches();
        self.cause = None;
        self.unplanned_crashes = 0;
        self.seat_everybody();
        self.plan_reseeds(&setup.reseeds);
        self.plan_beginning();
    }

    /// Follows the run from here on, in place of whoever followed it before: see [`Trace`].
    pub fn follow(&mut self, trace: Box<dyn Trace<P, C>>) {
        self.trace = Some(trace);
        self.look_who_watches();
    }

    /// Runs to the end, or to the first violation. A panic in a handler is a violation too.
    ///
    /// ```
    /// use sim_core::check::builtin;
    /// use sim_core::Simulation;
    /// # let mut setup = sim_core::example::asking(&[]);
    ///
    /// setup.workload = Some(std::rc::Rc::new(|_, _| panic!("what shall I ask?")));
    /// setup.world.clients.count = 1;
    /// let mut run = Simulation::new(setup);
    /// run.run();
    /// assert_eq!(run.violation().map(|violation| violation.property), Some(builtin::NO_PANIC));
    /// ```
    pub fn run(&mut self) {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            while self.next_event() {}
            self.finish();
        }));
        if let Err(panic) = outcome {
            self.poisoned = true;
            let what = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| panic.downcast_ref::<&str>().copied())
                .unwrap_or("a panic without a message");
            // An invariant, a workload or the engine itself can break too.
            let who = if self.running.is_some() { "a handler" } else { "no handler, but the run," };
            let message = format!("{who} panicked: {what}");
            self.violate(builtin::NO_PANIC, self.running, message);
        }
    }

    /// The time of the last event; the end of the world, when the run came to it.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// What does not hold, if anything. The first ends the run.
    #[must_use]
    pub const fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// What a judge of the whole run found broken, as a violation at its end.
    ///
    /// ```
    /// use sim_core::check::linearizable::{Checker, Verdict};
    /// # use sim_core::{Duration, Simulation, Time, example::{MaxRegister, asking}};
    /// # let mut run = Simulation::new(asking(&[7, 3]));
    /// # run.run();
    ///
    /// let verdict = Checker::<MaxRegister>::new(1_000).check(run.history());
    /// let Verdict::Violated(found) = verdict else { panic!("n1 has not heard of 7") };
    /// let violation = run.violation_at_end("linearizable", found.to_string());
    /// assert_eq!(violation.time, Time::ZERO + Duration::from_millis(100));
    /// ```
    #[must_use]
    pub const fn violation_at_end(&self, property: &'static str, message: String) -> Violation {
        Violation { property, time: self.now, event: self.counters.events, seat: None, message }
    }

    /// What clients asked, and what they were told.
    #[must_use]
    pub const fn history(&self) -> &History<C::Asked, C::Told> {
        &self.history
    }

    /// What happened, counted.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The hash over everything that happened so far (rule 11).
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint.value()
    }

    /// A seat's process, if it has one.
    ///
    /// ```
    /// # use sim_core::{Seat, Simulation, example::asking};
    /// # let mut run = Simulation::new(asking(&[7]));
    /// assert!(run.process(Seat(2)).is_none(), "nothing has happened yet");
    /// run.run();
    /// assert_eq!(run.process(Seat(2)).map(|node| node.seen), Some(7));
    /// ```
    ///
    /// # Panics
    /// If the world has no such seat.
    #[must_use]
    pub fn process(&self, seat: Seat) -> Option<&P> {
        self.nodes[seat.index()].process.as_ref()
    }

    /// What a seat is doing.
    ///
    /// # Panics
    /// If the world has no such seat.
    #[must_use]
    pub fn status(&self, seat: Seat) -> Status {
        self.nodes[seat.index()].status
    }

    /// The world of this run.
    #[must_use]
    pub const fn world(&self) -> &World {
        &self.world
    }

    fn seat_everybody(&mut self) {
        let seats = self.world.seats();
        self.nodes.truncate(seats as usize);
        for seat in (0..seats).map(Seat) {
            let identity = self.world.identity(seat);
            let clock = Clock::off_by(self.world.clock(seat, &self.keys));
            match self.nodes.get_mut(seat.index()) {
                Some(node) => node.reset(identity, clock),
                None => self.nodes.push(Node::new(identity, clock)),
            }
        }
        self.seat_clients();
    }

    /// Faults come first at their instant, then processes, then clients. What strikes a process at
    /// the beginning strikes it when it has started: before, there is none to strike.
    fn plan_beginning(&mut self) {
        let strikes_at_once = |fault: &Fault| {
            let strikes_process = matches!(
                fault.kind,
                FaultKind::Crash { .. } | FaultKind::Upgrade { .. } | FaultKind::Pause { .. }
            );
            strikes_process && fault.at == Time::ZERO
        };
        let queue = &mut self.queue;
        let mut plan = |time, event| {
            let arrival = queue.arrive_first();
            queue.push_as(time, arrival, event);
        };
        for (number, fault) in (0..).zip(&self.world.faults) {
            if !strikes_at_once(fault) {
                plan(fault.at, Event::FaultBegins { fault: number });
            }
            if let Some(until) = fault.until {
                plan(until, Event::FaultEnds { fault: number });
            }
        }
        for seat in (0..self.world.seats()).map(Seat) {
            let late = self.world.late.contains(&self.world.identity(seat));
            // A twin that comes with a fault starts when that begins.
            let planned = |fault: &Fault| {
                let own = Seat(self.world.identity(seat).0);
                seat != own && fault.kind.doubles().contains(&own)
            };
            if !late && !self.world.faults.iter().any(planned) {
                plan(Time::ZERO, Event::Start { seat });
            }
        }
        for (number, fault) in (0..).zip(&self.world.faults) {
            if strikes_at_once(fault) {
                plan(fault.at, Event::FaultBegins { fault: number });
            }
        }
        self.plan_clients();
    }

    /// Lets one event happen; says whether there was one and the run goes on.
    ///
    /// ```
    /// # use sim_core::{Duration, Seat, Simulation, Time, example::asking};
    /// # let mut run = Simulation::new(asking(&[7]));
    /// // Until `n2` has heard of it:
    /// while run.process(Seat(2)).is_none_or(|node| node.seen < 7) {
    ///     assert!(run.next_event(), "the run is over");
    /// }
    /// assert_eq!(run.now(), Time::ZERO + Duration::from_millis(11));
    /// ```
    #[inline(always)]
    pub fn next_event(&mut self) -> bool {
        if self.violation.is_some() {
            return false;
        }
        let Some((time, arrival, event)) = self.queue.pop_until(self.world.end) else {
            return false;
        };
        if time != self.now {
            (self.now, self.at_this_instant) = (time, 0);
        }
        if self.goes_unseen(&event, (time, arrival)) {
            return true;
        }
        if self.count_event() {
            self.dispatch(arrival, event);
            self.look_at_goals();
        }
        if let Some(trace) = &mut self.trace {
            trace.event_over(self.counters.events, self.now, self.fingerprint.value());
        }
        true
    }

    /// Whether it is no event of the run, neither counted nor told of: an alarm that does not ring now,
    /// or another seed. An alarm that was set later is queued again.
    #[inline(always)]
    fn goes_unseen(&mut self, event: &Event<P>, due: Deadline) -> bool {
        let (surfaced, alarm) = match *event {
            // Most events are messages: the only question that they are asked.
            Event::Message { .. } => return false,
            Event::Timer { seat, slot } => {
                let surfaced = self.nodes[seat.index()].timers.surface(slot, due);
                (surfaced, Event::Timer { seat, slot })
            }
            Event::ClientTimer { client } => {
                (self.surface_client_timer(client, due), Event::ClientTimer { client })
            }
            Event::Reseed { seed } => {
                self.reseed(seed);
                return true;
            }
            _ => return false,
        };
        if let Surfaced::Later((deadline, place)) = surfaced {
            self.queue.push_as(deadline, place, alarm);
        }
        !matches!(surfaced, Surfaced::Rings)
    }

    #[inline(always)]
    fn dispatch(&mut self, arrival: Arrival, event: Event<P>) {
        match event {
            Event::Message { from, to, hash, message } => {
                self.absorb(1, to.0, hash.wrapping_add(u64::from(from.0)));
                self.deliver(from, to, hash, message);
            }
            Event::Timer { seat, slot } => {
                self.absorb(2, seat.0, u64::from(slot));
                count(&mut self.counters.timers);
                let due = (self.now, arrival);
                self.input(seat, || Input::Timer { slot, due });
            }
            Event::Durable { seat, incarnation, upto } => {
                self.absorb(3, seat.0, upto);
                self.durable(seat, incarnation, upto);
            }
            Event::Synced { seat, incarnation, upto, tag } => {
                self.absorb(4, seat.0, tag.0);
                self.synced(seat, incarnation, upto, tag);
            }
            Event::Request { from, to, id, hash, request } => {
                self.absorb(5, to.0, hash);
                self.deliver_request(from, to, id, hash, request);
            }
            Event::Answer { from, id, hash, answer } => {
                self.absorb(6, id.client.0, hash);
                self.deliver_answer(from, id, hash, answer);
            }
            Event::ClientTimer { client } => {
                self.absorb(7, client.0, 0);
                self.client_timer(client, (self.now, arrival));
            }
            Event::Arrival { client } => {
                self.absorb(8, client.0, 0);
                self.task_arrives(client);
            }
            Event::Scripted { line } => {
                self.absorb(9, line, 0);
                self.scripted(line);
            }
            Event::FaultBegins { fault } => {
                self.absorb(10, fault, 0);
                self.begin_fault(fault);
            }
            Event::FaultEnds { fault } => {
                self.absorb(11, fault, 0);
                self.end_fault(fault);
            }
            Event::Start { seat } => {
                self.absorb(12, seat.0, 0);
                self.start(seat);
            }
            Event::CrashOver { seat, crash } => {
                self.absorb(14, seat.0, u64::from(crash));
                self.end_unplanned_crash(seat, crash);
            }
            Event::Reseed { .. } => unreachable!("it is no event of the run"),
        }
    }

    #[inline(always)]
    fn deliver(&mut self, from: Seat, to: Seat, hash: u64, message: P::Message) {
        let link = Link { from: Port(from.0), to: Port(to.0) };
        let ends = (Endpoint::Seat(from), Endpoint::Seat(to));
        match self.network.passage(link) {
            Passage::Open => {
                if self.input(to, || Input::Message { from, message }) {
                    count(&mut self.counters.delivered);
                } else {
                    self.reach_nobody(ends);
                }
            }
            Passage::Cut => self.cut_in_flight(ends),
            Passage::Held => self.hold(link, ends, Event::Message { from, to, hash, message }),
        }
    }

    fn reach_nobody(&mut self, (from, to): (Endpoint, Endpoint)) {
        self.counters.to_the_down += 1;
        self.tell(|| Happening::Undelivered { to, from, why: Undelivered::Down });
    }

    fn cut_in_flight(&mut self, (from, to): (Endpoint, Endpoint)) {
        self.counters.cut += 1;
        self.tell(|| Happening::Undelivered { to, from, why: Undelivered::Cut });
    }

    fn hold(&mut self, link: Link, (from, to): (Endpoint, Endpoint), event: Event<P>) {
        self.counters.held += 1;
        self.tell(|| Happening::Undelivered { to, from, why: Undelivered::Held });
        self.held.push((link, event));
    }

    /// Says whether the run keeps within its limits.
    #[inline(always)]
    fn count_event(&mut self) -> bool {
        count(&mut self.counters.events);
        // It is within the limit until it is the first beyond.
        self.at_this_instant = self.at_this_instant.wrapping_add(1);
        let limits = &self.world.limits;
        let within = self.at_this_instant <= limits.events_at_one_instant
            && self.counters.events <= limits.events;
        if !within {
            self.run_away();
        }
        within
    }

    #[cold]
    fn run_away(&mut self) {
        let limits = self.world.limits;
        if self.at_this_instant > limits.events_at_one_instant {
            let many = limits.events_at_one_instant;
            self.violate(
                builtin::NO_RUNAWAY,
                None,
                format!("more than {many} events at one instant"),
            );
        } else {
            let many = limits.events;
            self.violate(builtin::NO_RUNAWAY, None, format!("more than {many} events in one run"));
        }
    }

    /// Takes an event into the fingerprint (rule 11).
    #[inline]
    fn absorb(&mut self, what: u8, who: u32, content: u64) {
        // An odd factor spreads who it is over all bits, so that it meets no content of few.
        let place = (u64::from(what) << 32 | u64::from(who)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.fingerprint.absorb_both(self.now.as_nanos(), place ^ content);
    }

    fn violate(&mut self, property: &'static str, seat: Option<Seat>, message: String) {
        if self.violation.is_some() {
            return;
        }
        let event = self.counters.events;
        let violation = Violation { property, time: self.now, event, seat, message };
        if let Some(trace) = &mut self.trace {
            trace.happened(self.now, &Happening::Violated { violation: &violation });
        }
        self.violation = Some(violation);
    }

    /// Tells whoever follows the run, if anybody does.
    #[inline]
    fn tell<'a>(&mut self, what: impl FnOnce() -> Happening<'a, P, C>)
    where
        P: 'a,
        C: 'a,
    {
        if self.trace.is_some() {
            self.tell_follower(what);
        }
    }

    #[cold]
    fn tell_follower<'a>(&mut self, what: impl FnOnce() -> Happening<'a, P, C>)
    where
        P: 'a,
        C: 'a,
    {
        if let Some(trace) = &mut self.trace {
            trace.happened(self.now, &what());
        }
    }
}

/// What a sync that is over tells the process.
const fn done(tag: Tag, refused: bool) -> DiskDone {
    if refused { DiskDone::Failed(tag) } else { DiskDone::Synced(tag) }
}

/// Counts one more. A run of 2⁶⁴ events would take centuries, so nobody looks for the overflow here,
/// where most of the instructions would be spent on it.
const fn count(counter: &mut u64) {
    *counter = counter.wrapping_add(1);
}
