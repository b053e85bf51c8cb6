//! What the parts of the engine cost, as nanoseconds of each: `cargo bench -p sim-core`, or with words of
//! the names behind `--`. The best of several rounds counts: everything that disturbs makes it slower.
//!
//! The parts are private, so each is seen through runs that differ in it alone. The workloads by which
//! this engine is compared with others are in the runner's example `peer`.

#![expect(clippy::print_stdout, clippy::float_arithmetic, reason = "a benchmark prints times")]

use std::hint::black_box;
use std::time::Instant;

use sim_core::chance::{Chance, Delay};
use sim_core::hash::{Fingerprint, content};
use sim_core::protocol::Cluster;
use sim_core::rng::Key;
use sim_core::world::{LinkSettings, World};
use sim_core::{Context, Duration, NodeId, Protocol, Setup, Simulation, Time};

const ROUNDS: usize = 7;
const EVENTS: u64 = 200_000;
const LATENCY: Delay =
    Delay::Uniform { from: Duration::from_millis(1), to: Duration::from_millis(10) };

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(&**word));
    println!("{:<44}{:>10}", "", "ns each");
    for (name, bench) in BENCHES {
        if wanted(name) {
            let best = (0..ROUNDS).map(|_| bench()).fold(f64::INFINITY, f64::min);
            println!("{name:<44}{best:>10.1}");
        }
    }
}

/// A name, and what says how many nanoseconds one of what it is about took.
type Bench = (&'static str, fn() -> f64);

const BENCHES: &[Bench] = &[
    ("step: a message that is answered", || run(2, Busy::Answers(1), latency(LATENCY))),
    ("step: a message to oneself without delay", || run(1, Busy::Answers(1), latency(Delay::NONE))),
    ("queue: 10 messages pending", || run(2, Busy::Answers(10), latency(LATENCY))),
    ("queue: 1,000 messages pending", || run(2, Busy::Answers(1_000), latency(LATENCY))),
    ("queue: 100,000 messages pending", || run(2, Busy::Answers(100_000), latency(LATENCY))),
    ("timers: rings and is set again", || run(2, Busy::Ticks, latency(Delay::NONE))),
    ("timers: set anew at each message", || run(2, Busy::PutsOff, latency(LATENCY))),
    ("choices: three for each message", || run(2, Busy::Chooses, latency(LATENCY))),
    ("network: a fixed latency", || run(2, Busy::Answers(1), latency(MS))),
    ("network: an exponential latency", || {
        run(2, Busy::Answers(1), latency(Delay::exponential(Duration::from_millis(5))))
    }),
    ("network: may lose, copy and reorder", || run(10, Busy::Spreads, rough())),
    ("draw: a key and a number below 1,000", draws),
    ("fingerprint: two words", fingerprints),
    ("content: 32 bytes", contents),
];

const MS: Delay = Delay::Fixed(Duration::from_millis(1));

/// What a node does.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// The first sends so many messages, and what comes is answered.
    Answers(u32),
    /// Answers, and sets its alarm anew.
    PutsOff,
    /// Answers, and chooses.
    Chooses,
    /// Sets its alarm again when it rings.
    Ticks,
    /// Does that, and tells everybody.
    Spreads,
}

#[derive(Debug)]
struct Node(Busy);

impl Protocol for Node {
    type Config = Busy;
    type Message = [u64; 4];
    type Timer = u8;
    type Request = u64;
    type Reply = u64;
    type Record = u64;

    fn new(me: NodeId, cluster: &Cluster<Busy>) -> Self {
        Self(*cluster.config(me))
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        let many = match self.0 {
            Busy::Answers(many) => many,
            Busy::PutsOff | Busy::Chooses => 1,
            Busy::Ticks | Busy::Spreads => return self.on_timer(cx, 0),
        };
        if cx.me() == NodeId(0) {
            let other = cx.peers().into_iter().next().unwrap_or(NodeId(0));
            (0..many).for_each(|number| cx.send(other, [u64::from(number); 4]));
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: [u64; 4]) {
        match self.0 {
            Busy::PutsOff => cx.set_timer(0, Duration::from_millis(200)),
            Busy::Chooses => (0..3).for_each(|_| {
                black_box(cx.choose(6));
            }),
            Busy::Spreads => return,
            Busy::Answers(_) | Busy::Ticks => {}
        }
        cx.send(from, message);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: u8) {
        cx.set_timer(timer, Duration::from_millis(1));
        if let Busy::Spreads = self.0 {
            cx.broadcast([0; 4]);
        }
    }
}

fn latency(latency: Delay) -> LinkSettings {
    LinkSettings { latency, ..LinkSettings::default() }
}

fn rough() -> LinkSettings {
    let chance = Chance::from_percent(1);
    LinkSettings { latency: LATENCY, loss: chance, duplicate: chance, reorder: chance }
}

/// Nanoseconds an event of a run.
fn run(nodes: u32, busy: Busy, link: LinkSettings) -> f64 {
    let mut world = World::calm(nodes, Time::MAX);
    world.network.link = link;
    world.limits.events_at_one_instant = u32::MAX;
    let cluster = Cluster::new(vec![busy; nodes as usize]);
    let mut simulation = Simulation::<Node>::new(Setup::new(1, world, cluster));
    let mut events = |count: u64| (0..count).filter(|_| simulation.next_event()).count();
    // Buffers warm up, and what is to be pending comes to be.
    events(EVENTS);
    let (nanos, happened) = timed(|| events(EVENTS));
    nanos / happened.max(1) as f64
}

fn draws() -> f64 {
    each(|number| Key::new(7).about(number).draw().below(1_000))
}

fn fingerprints() -> f64 {
    let mut fingerprint = Fingerprint::default();
    each(|number| {
        fingerprint.absorb_both(number, 5);
        fingerprint.value()
    })
}

fn contents() -> f64 {
    each(|number| content(&[number; 4]))
}

fn each(mut one: impl FnMut(u64) -> u64) -> f64 {
    let (nanos, _) = timed(|| {
        (0..EVENTS).for_each(|number| {
            black_box(one(number));
        })
    });
    nanos / EVENTS as f64
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is about real time")]
fn timed<T>(what: impl FnOnce() -> T) -> (f64, T) {
    let begin = Instant::now();
    let result = what();
    (begin.elapsed().as_nanos() as f64, result)
}
