//! The nodes of the workloads, and what makes each something that a scenario can name.

use std::cell::Cell;
use std::marker::PhantomData;

use serde::Deserialize;
use sim_core::chance::Delay;
use sim_core::client::NoClient;
use sim_core::protocol::{Cluster, Kind, Never};
use sim_core::subject::{Flaw, Point, Property, Subject};
use sim_core::{Context, Duration, NodeId, Protocol, Time};

/// The 32 bytes that every workload sends.
#[derive(Clone, Copy, Hash, Debug)]
pub(crate) struct Message {
    kind: u64,
    term: u64,
    seq: u64,
    body: u64,
}

const PING: u64 = 0;
const APPEND: u64 = 1;
const REPLY: u64 = 2;

impl Message {
    const fn new(kind: u64, seq: u64) -> Self {
        Self { kind, term: 7, seq, body: seq ^ 0x5555 }
    }
}

/// What a scenario says.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// How many messages there are, if the workload ends by itself.
    messages: u64,
}

/// What only the nodes see. They keep it to themselves until they are dropped.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Seen {
    /// Timers set anew while they were pending.
    pub(crate) resets: u64,
    /// When the last message came.
    pub(crate) last: Time,
}

thread_local! {
    static SEEN: Cell<Seen> = const { Cell::new(Seen { resets: 0, last: Time::ZERO }) };
}

impl Seen {
    /// What all nodes saw that are gone by now.
    pub(crate) fn take() -> Self {
        SEEN.take()
    }

    fn add(self) {
        let sum = SEEN.get();
        SEEN.set(Self { resets: sum.resets + self.resets, last: sum.last.max(self.last) });
    }
}

/// A node of W1: sends back what comes.
#[derive(Debug)]
pub(crate) struct PingPong {
    last: u64,
    seen: Seen,
}

impl Protocol for PingPong {
    type Config = Config;
    type Message = Message;
    type Timer = Never;
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(me: NodeId, cluster: &Cluster<Config>) -> Self {
        Self { last: cluster.config(me).messages - 1, seen: Seen::default() }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if cx.me() == NodeId(0) {
            cx.send(NodeId(1), Message::new(PING, 0));
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        self.seen.last = cx.now();
        if message.seq < self.last {
            cx.send(from, Message::new(PING, message.seq + 1));
        }
    }

    fn kind(message: &Message) -> Kind {
        Kind(message.kind as u8)
    }
}

/// A node of W2: sends to ten random others every 10 ms.
#[derive(Debug)]
pub(crate) struct Storm {
    seq: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Tick;

impl Protocol for Storm {
    type Config = Config;
    type Message = Message;
    type Timer = Tick;
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<Config>) -> Self {
        Self { seq: 0 }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        cx.set_timer(Tick, Duration::from_micros(u64::from(cx.me().0) * 100));
    }

    fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, message: Message) {
        self.seq = self.seq.wrapping_add(message.seq);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, Tick: Tick) {
        self.seq += 1;
        let peers = cx.peers();
        for _ in 0..10 {
            let peer = cx.choose(peers.len() as u64) as usize;
            cx.send(peers.get(peer), Message::new(PING, self.seq));
        }
        cx.set_timer(Tick, Duration::from_millis(10));
    }

    fn kind(message: &Message) -> Kind {
        Kind(message.kind as u8)
    }
}

/// A node of W3 and W4: the first tells the others every 50 ms that it leads; they answer, and put off
/// their elections.
#[derive(Debug)]
pub(crate) struct Heartbeat {
    seq: u64,
    replies: u64,
    waits: bool,
    seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Alarm {
    Beat,
    Election,
}

impl Protocol for Heartbeat {
    type Config = Config;
    type Message = Message;
    type Timer = Alarm;
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<Config>) -> Self {
        Self { seq: 0, replies: 0, waits: false, seen: Seen::default() }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if cx.me() == NodeId(0) {
            cx.set_timer(Alarm::Beat, Duration::ZERO);
        } else {
            self.put_off_election(cx);
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        if message.kind == APPEND {
            self.put_off_election(cx);
            cx.send(from, Message::new(REPLY, message.seq));
        } else {
            self.replies += 1;
        }
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, alarm: Alarm) {
        match alarm {
            Alarm::Beat => {
                self.seq += 1;
                for peer in cx.peers() {
                    cx.send(peer, Message::new(APPEND, self.seq));
                }
                cx.set_timer(Alarm::Beat, Duration::from_millis(50));
            }
            Alarm::Election => self.waits = false,
        }
    }

    fn kind(message: &Message) -> Kind {
        Kind(message.kind as u8)
    }
}

impl Heartbeat {
    fn put_off_election(&mut self, cx: &mut Context<Self>) {
        self.seen.resets += u64::from(self.waits);
        self.waits = true;
        let (from, to) = (Duration::from_millis(150), Duration::from_millis(300));
        cx.set_timer(Alarm::Election, Delay::Uniform { from, to });
    }
}

impl Drop for PingPong {
    fn drop(&mut self) {
        self.seen.add();
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.seen.add();
    }
}

/// A protocol by the name that it has in a scenario.
pub(crate) trait Named: Protocol<Config = Config> {
    const NAME: &'static str;
}

impl Named for PingPong {
    const NAME: &'static str = "ping_pong";
}

impl Named for Storm {
    const NAME: &'static str = "storm";
}

impl Named for Heartbeat {
    const NAME: &'static str = "heartbeat";
}

/// A workload as a subject: nobody asks it anything.
pub(crate) struct Of<P>(PhantomData<P>);

impl<P: Named> Subject for Of<P> {
    type Protocol = P;
    type Client = NoClient;

    const NAME: &'static str = P::NAME;
    const PROMISE: &'static str = "nothing";
    const MESSAGES: &'static [&'static str] = &["Ping", "Append", "Reply"];
    const ROLES: &'static [&'static str] = &["node"];
    const OPERATIONS: &'static [&'static str] = &[];
    const POINTS: &'static [Point] = &[];
    const PROPERTIES: &'static [Property<Self>] = &[];
    const FLAWS: &'static [Flaw] = &[];
}
