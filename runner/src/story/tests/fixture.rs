//! A register with one primary, which copies what it is told to the others; and its world.

pub(super) use std::cell::RefCell;
pub(super) use std::rc::Rc;

pub(super) use sim_core::chance::{Chance, Delay};
pub(super) use sim_core::check::{Invariant, Step};
pub(super) use sim_core::client::{OneReply, Scripted};
pub(super) use sim_core::fault::{Fault, FaultKind};
pub(super) use sim_core::id::NodeId;
pub(super) use sim_core::protocol::{Cluster, Kind, Protocol, Recovered};
pub(super) use sim_core::trace::{Happening, Trace};
pub(super) use sim_core::world::{Endpoint, LinkSettings, World};
pub(super) use sim_core::{Context, Duration, RequestId, Seat, Setup, Simulation, Time};

pub(super) use super::super::{States, Story, StoryOptions, headline, listen};
pub(super) use crate::names::Names;
pub(super) use crate::outcome::{Operations, Outcome, Verdict};

#[derive(Debug)]
pub(super) struct Register {
    me: NodeId,
    value: u64,
    copies: usize,
    asked: Option<RequestId>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Message {
    Copy { value: u64 },
    Copied { value: u64 },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Timer {
    Again,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Request {
    Put(u64),
    Get,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Value(u64);

const PRIMARY: NodeId = NodeId(0);

impl Protocol for Register {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Request = Request;
    type Reply = u64;
    type Record = Value;

    fn new(me: NodeId, _: &Cluster<()>) -> Self {
        Self { me, value: 0, copies: 0, asked: None }
    }

    fn restore(&mut self, found: Recovered<Value>) {
        tracing::warn!("was down");
        self.value = found.records().last().map_or(0, |Value(value)| value);
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Copy { value } => {
                self.value = value;
                cx.persist(Value(value));
                cx.send(from, Message::Copied { value });
            }
            Message::Copied { value } => {
                self.copies += 1;
                if self.copies == 1
                    && let Some(id) = self.asked.take()
                {
                    tracing::info!(node = %self.me, value, "a majority has it");
                    cx.reached("copied");
                    cx.cancel_timer(Timer::Again);
                    cx.reply(id, value);
                }
            }
        }
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, _: Timer) {
        cx.broadcast(Message::Copy { value: self.value });
        cx.set_timer(Timer::Again, Duration::from_millis(30));
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, request: Request) {
        match request {
            _ if self.me != PRIMARY => cx.redirect(id, Some(PRIMARY)),
            Request::Get => cx.reply(id, self.value),
            Request::Put(value) => {
                (self.value, self.copies, self.asked) = (value, 0, Some(id));
                cx.persist(Value(value));
                cx.broadcast(Message::Copy { value });
                cx.set_timer(Timer::Again, Duration::from_millis(30));
            }
        }
    }

    fn kind(message: &Message) -> Kind {
        Kind(u8::from(matches!(message, Message::Copied { .. })))
    }

    fn role(&self) -> &'static str {
        match (self.me, self.asked) {
            (PRIMARY, Some(_)) => "busy",
            (PRIMARY, None) => "primary",
            _ => "backup",
        }
    }
}

/// Nobody may store 13.
pub(super) struct NoThirteen;

impl Invariant<Register> for NoThirteen {
    fn observe(&mut self, step: &Step<'_, Register>) -> Result<(), String> {
        match step.state {
            Some(Register { value: 13, .. }) => Err(format!(
                "{} stores 13, which nobody may store, and which nobody who had read the rules of \
                 this register would ever have asked it to store.",
                step.node
            )),
            _ => Ok(()),
        }
    }
}

pub(super) type Asks = OneReply<Register>;

pub(super) fn ms(millis: u64) -> Time {
    Time::ZERO + Duration::from_millis(millis)
}

/// Three nodes for a tenth of a second, with round latencies.
pub(super) fn world() -> World {
    let mut world = World::calm(3, ms(100));
    world.network.link.latency = Delay::Fixed(Duration::from_millis(2));
    world.disk.fsync = Delay::Fixed(Duration::from_millis(1));
    world
}

pub(super) fn fault(at: u64, until: Option<u64>, kind: FaultKind) -> Fault {
    Fault { at: ms(at), until: until.map(ms), kind }
}

pub(super) fn seats(numbers: &[u32]) -> Vec<Endpoint> {
    numbers.iter().map(|&number| Endpoint::Seat(Seat(number))).collect()
}

pub(super) fn ask(at: u64, through: u32, task: Request) -> Scripted<Request, u64> {
    Scripted { at: ms(at), through: NodeId(through), task, expect: None }
}

/// Runs, and tells the story.
pub(super) fn run(
    world: World,
    script: Vec<Scripted<Request, u64>>,
    options: StoryOptions,
) -> String {
    run_as(&Names::letters(3), world, script, options)
}

pub(super) fn run_as(
    names: &Names,
    world: World,
    script: Vec<Scripted<Request, u64>>,
    options: StoryOptions,
) -> String {
    tell(names, world.clone(), &world, script, options, None)
}

/// Runs, and tells the story, with what a judge says in the end.
pub(super) fn tell(
    names: &Names,
    world: World,
    base: &World,
    script: Vec<Scripted<Request, u64>>,
    options: StoryOptions,
    judge: Option<&str>,
) -> String {
    let _listening = listen();
    let story = Rc::new(RefCell::new(Story::new(names, options)));
    story.borrow_mut().opens(7, &world, base);
    let cluster = Cluster::new(vec![(); world.nodes as usize]);
    let mut setup = Setup::<Register, Asks>::new(7, world, cluster);
    setup.script = script;
    setup.invariants = vec![("no_thirteen", Box::new(NoThirteen))];
    let mut simulation = Simulation::new(setup);
    simulation.follow(Box::new(Rc::clone(&story)));
    simulation.run();
    let judged = judge.map(|says| simulation.violation_at_end("linearizable", says.into()));
    let violation = simulation.violation().cloned().or(judged);
    let outcome = Outcome {
        seed: 7,
        fingerprint: simulation.fingerprint(),
        verdict: violation.map_or(Verdict::Passed, Verdict::Violated),
        ended: simulation.now(),
        counters: simulation.counters().clone(),
        operations: Operations::default(),
        taken: Vec::new(),
        judged: Vec::new(),
        signature: None,
        coverage: None,
        culprit: None,
    };
    let mut told = Vec::new();
    story.borrow().tell(&outcome, &mut told).expect("in memory");
    String::from_utf8(told).expect("text")
}

/// What happened, a line each.
pub(super) fn headlines(world: World, script: Vec<Scripted<Request, u64>>) -> Vec<String> {
    #[derive(Default)]
    struct Lines(Rc<RefCell<Vec<String>>>);

    impl Trace<Register, Asks> for Lines {
        fn happened(&mut self, _: Time, what: &Happening<'_, Register, Asks>) {
            self.0.borrow_mut().push(headline(what));
        }
    }

    let lines = Lines::default();
    let kept = Rc::clone(&lines.0);
    let cluster = Cluster::new(vec![(); world.nodes as usize]);
    let mut setup = Setup::<Register, Asks>::new(7, world, cluster);
    setup.script = script;
    let mut simulation = Simulation::new(setup);
    simulation.follow(Box::new(lines));
    simulation.run();
    kept.take()
}

/// The text without what a terminal takes for a colour.
pub(super) fn without_colors(text: &str) -> String {
    let mut plain = String::new();
    for (place, piece) in text.split("\x1b[").enumerate() {
        let piece = match piece.split_once('m') {
            Some((_, rest)) if place > 0 => rest,
            _ => piece,
        };
        plain.push_str(piece);
    }
    plain
}
