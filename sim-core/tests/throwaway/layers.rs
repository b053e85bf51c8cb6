//! Two layers: a failure detector inside a protocol that greets whoever it believes to be alive.
//! Neither knows how the other looks; the outer one lends its context and lifts what comes out.

use sim_core::chance::Delay;
use sim_core::client::NoClient;
use sim_core::context::Lift;
use sim_core::id::{NodeSet, RequestId};
use sim_core::protocol::{Cluster, Never, Recovered};
use sim_core::{Context, NodeId, Protocol, Seat, Setup, Simulation};

use crate::common::*;

/// Beats, and counts as alive who beat since its last alarm.
#[derive(Default, Debug)]
struct Detector {
    heard: NodeSet,
    alive: NodeSet,
    rounds: u32,
}

#[derive(Clone, Hash, Debug)]
struct Beat;

impl Protocol for Detector {
    type Config = ();
    type Message = Beat;
    type Timer = ();
    type Request = Never;
    type Reply = Never;
    type Record = u32;

    fn new(_: NodeId, _: &Cluster<()>) -> Self {
        Self::default()
    }

    fn restore(&mut self, found: Recovered<u32>) {
        self.rounds = found.records().last().unwrap_or(0);
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        self.on_timer(cx, ());
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, (): ()) {
        self.alive = std::mem::take(&mut self.heard);
        self.rounds += 1;
        cx.persist(self.rounds);
        cx.broadcast(Beat);
        cx.set_timer((), ms(10));
    }

    fn on_message(&mut self, _: &mut Context<Self>, from: NodeId, Beat: Beat) {
        self.heard.insert(from);
    }
}

/// Greets one of those that its detector believes to be alive.
#[derive(Debug)]
struct Greeter {
    detector: Detector,
    greeted: Vec<NodeId>,
}

#[derive(Clone, Hash, Debug)]
enum Message {
    Beat(Beat),
    Hello,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Timer {
    Detector,
    Greet,
}

impl Protocol for Greeter {
    type Config = ();
    type Message = Message;
    type Timer = Timer;
    type Request = Never;
    type Reply = Never;
    type Record = u32;

    fn new(me: NodeId, cluster: &Cluster<()>) -> Self {
        Self { detector: Detector::new(me, cluster), greeted: Vec::new() }
    }

    fn restore(&mut self, found: Recovered<u32>) {
        self.detector.restore(found);
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        cx.set_timer(Timer::Greet, Delay::from(ms(25)));
        cx.within(&mut Outward, |inner| self.detector.on_start(inner));
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Detector => cx.within(&mut Outward, |inner| self.detector.on_timer(inner, ())),
            Timer::Greet => {
                let alive = self.detector.alive.clone();
                cx.multicast(alive, Message::Hello);
                cx.set_timer(Timer::Greet, ms(25));
            }
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Beat(beat) => {
                cx.within(&mut Outward, |inner| self.detector.on_message(inner, from, beat));
            }
            Message::Hello => self.greeted.push(from),
        }
    }
}

struct Outward;

impl Lift<Detector> for Outward {
    type Outer = Greeter;

    fn message(&mut self, beat: Beat) -> Message {
        Message::Beat(beat)
    }
    fn timer(&mut self, (): ()) -> Timer {
        Timer::Detector
    }
    fn record(&mut self, rounds: u32) -> u32 {
        rounds
    }
    fn reply(&mut self, _: &mut Context<Greeter>, _: RequestId, reply: Never) {
        match reply {}
    }
}

#[test]
fn a_protocol_inside_another_beats_saves_and_rings_through_it() {
    let world = with_fault(world(3, ms(1), 99), 40, 90, crash(2));
    let setup = Setup::new(1, world, Cluster::new(vec![(); 3]));
    let mut run = Simulation::<Greeter, NoClient>::new(setup);
    let story = Story::default();
    run.follow(Box::new(story.clone()));
    run.run();
    assert_eq!(run.violation(), None);
    assert_eq!(story.when("s0 <- s1 Hello"), [26_000, 51_000, 76_000]);
    assert_eq!(story.when("s0 <- s2 Hello"), [26_000], "then it is down");
    assert_eq!(story.when("s0: -> {n1} Hello"), [75_000], "and is soon missed");
    assert_eq!(run.process(Seat(2)).unwrap().detector.rounds, 5, "four rounds were on disk");
}

#[test]
fn what_an_inner_handler_records_is_lifted_in_order() {
    let mut cx = Context::bare(NodeId(0), 3);
    Greeter::new(NodeId(0), &Cluster::new(vec![(); 3])).on_start(&mut cx);
    let recorded: Vec<String> = cx.effects().iter().map(|effect| format!("{effect:?}")).collect();
    let expected =
        ["timer Greet in 25ms", "write 1", "flush", "-> * Beat(Beat)", "timer Detector in 10ms"];
    assert_eq!(recorded, expected);
}
