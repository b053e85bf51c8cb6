//! What the tests of the engine share: a puppet, somebody who writes down what happens to it, and
//! worlds to put it in.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use sim_core::check::{Goal, Invariant, Step};
use sim_core::client::{Client, OneReply, Scripted};
use sim_core::fault::{Fault, FaultKind};
use sim_core::id::RequestId;
use sim_core::protocol::{Cluster, DiskDone, Found, Recovered};
use sim_core::trace::{Cause, Happening, Trace};
use sim_core::world::{Endpoint, LinkSettings, World};
use sim_core::{Context, Duration, NodeId, Protocol, Seat, Setup, Simulation, Time};

/// What a puppet is called with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum On {
    Start,
    Message(NodeId, u64),
    Timer(u8),
    Request(RequestId, u64),
    Disk(DiskDone),
}

/// What a puppet does.
pub(crate) type Act = fn(&mut Puppet, &mut Context<Puppet>, On);

/// A process that does what its test says, in one function.
pub(crate) struct Puppet {
    pub(crate) me: NodeId,
    act: Act,
    /// What it found on its disk when it started.
    pub(crate) found: Vec<Found<u64>>,
    /// Room for what a test wants it to remember.
    pub(crate) memory: Vec<u64>,
}

impl Protocol for Puppet {
    type Config = Act;
    type Message = u64;
    type Timer = u8;
    type Request = u64;
    type Reply = u64;
    type Record = u64;

    fn new(me: NodeId, cluster: &Cluster<Act>) -> Self {
        Self { me, act: *cluster.config(me), found: Vec::new(), memory: Vec::new() }
    }

    fn restore(&mut self, found: Recovered<u64>) {
        self.found = found.into_iter().collect();
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        (self.act)(self, cx, On::Start);
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: u64) {
        (self.act)(self, cx, On::Message(from, message));
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: u8) {
        (self.act)(self, cx, On::Timer(timer));
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, request: u64) {
        (self.act)(self, cx, On::Request(id, request));
    }

    fn on_disk(&mut self, cx: &mut Context<Self>, done: DiskDone) {
        (self.act)(self, cx, On::Disk(done));
    }
}

impl fmt::Debug for Puppet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.memory)
    }
}

pub(crate) type Puppets = Simulation<Puppet, OneReply<Puppet>>;
pub(crate) type Staging = Setup<Puppet, OneReply<Puppet>>;

/// A play: every node of the world acts alike, or looks at `me`.
pub(crate) fn staging(seed: u64, world: &World, act: Act) -> Staging {
    Setup::new(seed, world.clone(), Cluster::new(vec![act; world.nodes as usize]))
}

/// A play from beginning to end, and what happened in it.
pub(crate) fn play(seed: u64, world: &World, act: Act) -> Story {
    played(staging(seed, world, act)).1
}

/// The same, where the play is staged by hand.
pub(crate) fn played(setup: Staging) -> (Puppets, Story) {
    let mut simulation = Simulation::new(setup);
    let story = Story::default();
    simulation.follow(Box::new(story.clone()));
    simulation.run();
    (simulation, story)
}

/// What happened, a line each. Whoever holds a copy reads the same story.
#[derive(Clone, Default)]
pub(crate) struct Story {
    lines: Rc<RefCell<Vec<(Time, String)>>>,
    /// After each event: its number, its time and the fingerprint.
    pub(crate) events: Rc<RefCell<Vec<(u64, Time, u64)>>>,
}

impl Story {
    pub(crate) fn lines(&self) -> Vec<(Time, String)> {
        self.lines.borrow().clone()
    }

    /// The lines with this beginning, in order.
    pub(crate) fn starting(&self, with: &str) -> Vec<String> {
        let lines = self.lines.borrow();
        lines.iter().filter(|line| line.1.starts_with(with)).map(|line| line.1.clone()).collect()
    }

    /// When exactly this happened, in microseconds.
    pub(crate) fn when(&self, what: &str) -> Vec<u64> {
        self.when_nanos(what).into_iter().map(|nanos| nanos / 1_000).collect()
    }

    /// When exactly this happened, in nanoseconds.
    pub(crate) fn when_nanos(&self, what: &str) -> Vec<u64> {
        let lines = self.lines.borrow();
        lines.iter().filter(|line| line.1 == what).map(|line| line.0.as_nanos()).collect()
    }

    pub(crate) fn has(&self, what: &str) -> bool {
        !self.when_nanos(what).is_empty()
    }

    /// What has this beginning, each with its time.
    pub(crate) fn timed(&self, with: &str) -> Vec<(u64, String)> {
        let lines = self.lines.borrow();
        let found = lines.iter().filter(|line| line.1.starts_with(with));
        found.map(|line| (line.0.as_nanos(), line.1.clone())).collect()
    }
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.borrow().iter().try_for_each(|(time, text)| writeln!(f, "{time} {text}"))
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Story {
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
        self.lines.borrow_mut().push((time, describe(what)));
    }

    fn event_over(&mut self, number: u64, time: Time, fingerprint: u64) {
        self.events.borrow_mut().push((number, time, fingerprint));
    }
}

/// `s1 <- s0 7` is a message, `s1: …` an effect, `s1! …` the life of a process.
fn describe<P: Protocol, C: Client<P>>(what: &Happening<'_, P, C>) -> String {
    let named = |endpoint: &Endpoint| match endpoint {
        Endpoint::Seat(Seat(seat)) => format!("s{seat}"),
        Endpoint::Client(client) => client.to_string(),
    };
    match what {
        Happening::Input { seat: Seat(me), cause, .. } => match cause {
            Cause::Start { found: None } => format!("s{me}! starts"),
            Cause::Start { found: Some(_) } => format!("s{me}! restarts"),
            Cause::Message { from: Seat(from), message } => format!("s{me} <- s{from} {message:?}"),
            Cause::Timer { timer } => format!("s{me} timer {timer:?}"),
            Cause::Request { id, request } => format!("s{me} <= {id} {request:?}"),
            Cause::Disk { done } => format!("s{me} disk {done:?}"),
        },
        Happening::Effect { seat: Seat(me), effect } => format!("s{me}: {effect:?}"),
        Happening::Fate { to, fate } => format!("fate to {}: {fate:?}", named(to)),
        Happening::Durable { seat: Seat(me) } => format!("s{me}! durable"),
        Happening::Stepped { seat: Seat(me), .. } => format!("s{me}! stepped"),
        Happening::Undelivered { to, from, why } => {
            format!("undelivered {} -> {} {why:?}", named(from), named(to))
        }
        Happening::FaultBegins { fault } => format!("{} begins", fault.kind.family().name()),
        Happening::FaultEnds { fault } => format!("{} ends", fault.kind.family().name()),
        Happening::Sprung { seat: Seat(me), .. } => format!("s{me}! springs a trap"),
        Happening::Tampered => "tampered".to_owned(),
        Happening::Lied { seat: Seat(me), honest, lied } => {
            format!("s{me}! lies {lied:?} instead of {honest:?}")
        }
        Happening::Crashed { seat: Seat(me), cut: None } => format!("s{me}! crashes"),
        Happening::Crashed { seat: Seat(me), cut: Some((done, of)) } => {
            format!("s{me}! crashes after {done} of {of}")
        }
        Happening::Invoked { id, asked } => format!("{id} invokes {asked:?}"),
        Happening::Asked { id, to } => format!("{id} -> {to}"),
        Happening::Answered { from, id, answer, .. } => format!("{id} <- {from} {answer:?}"),
        Happening::Completed { id, outcome, .. } => format!("{id} ends {outcome}"),
        Happening::Violated { violation } => {
            format!("violated {}: {}", violation.property, violation.message)
        }
    }
}

/// An invariant that a test writes as a closure.
pub(crate) struct Watching<F>(pub(crate) F);

impl<P: Protocol, F: FnMut(&Step<'_, P>) -> Result<(), String>> Invariant<P> for Watching<F> {
    fn observe(&mut self, step: &Step<'_, P>) -> Result<(), String> {
        (self.0)(step)
    }
}

/// A goal: the one node of a world remembers this.
pub(crate) struct Remembered {
    pub(crate) what: u64,
    pub(crate) since: Option<Time>,
    pub(crate) lasting: bool,
}

impl Goal<Puppet> for Remembered {
    fn observe(&mut self, step: &Step<'_, Puppet>) {
        let there = step.state.is_some_and(|puppet| puppet.memory.contains(&self.what));
        self.since = there.then(|| self.since.unwrap_or(step.time));
    }

    fn crashed(&mut self, _: Time, _: NodeId) {
        self.since = None;
    }

    fn met_since(&self) -> Option<Time> {
        self.since
    }

    fn must_last(&self) -> bool {
        self.lasting
    }

    fn waiting_for(&self) -> String {
        format!("nobody remembers {}", self.what)
    }
}

pub(crate) const fn us(length: u64) -> Duration {
    Duration::from_micros(length)
}

pub(crate) const fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

pub(crate) const fn at(millis: u64) -> Time {
    Time::from_nanos(millis * 1_000_000)
}

/// A calm world with so many nodes, in which messages take this long.
pub(crate) fn world(nodes: u32, latency: Duration, until: u64) -> World {
    let mut world = World::calm(nodes, at(until));
    world.network.link.latency = latency.into();
    world
}

pub(crate) fn with_link(mut world: World, link: LinkSettings) -> World {
    world.network.link = link;
    world
}

/// The world, and this fault from one millisecond to another.
pub(crate) fn with_fault(mut world: World, from: u64, until: u64, kind: FaultKind) -> World {
    world.faults.push(Fault { at: at(from), until: Some(at(until)), kind });
    world
}

/// The world, and this fault at a millisecond, for ever.
pub(crate) fn with_lasting(mut world: World, from: u64, kind: FaultKind) -> World {
    world.faults.push(Fault { at: at(from), until: None, kind });
    world
}

pub(crate) fn crash(seat: u32) -> FaultKind {
    FaultKind::Crash { seats: vec![Seat(seat)], mid_step: false }
}

pub(crate) fn crash_mid_step(seat: u32) -> FaultKind {
    FaultKind::Crash { seats: vec![Seat(seat)], mid_step: true }
}

pub(crate) fn seats(seats: &[u32]) -> Vec<Endpoint> {
    seats.iter().map(|&seat| Endpoint::Seat(Seat(seat))).collect()
}

/// Something that a client beside a node asks, whatever becomes of it.
pub(crate) fn asks(millis: u64, through: u32, task: u64) -> Scripted<u64, u64> {
    Scripted { at: at(millis), through: NodeId(through), task, expect: None }
}
