//! A protocol of your own: a state machine, what it promises, a mistake, and `main`.
//!
//! ```text
//! cargo run --release --example lock -- run runner/examples/lock.yaml
//! cargo run --release --example lock -- run runner/examples/lock.yaml --set config.flaw=lease
//! ```
//!
//! Node 0 lends a lock to the others, to one after another. With the flaw it lends it for a time only,
//! as if who has not given it back by then were gone, and not merely slow.

use std::collections::VecDeque;
use std::process::ExitCode;

use serde::Deserialize;
use sim_core::check::{Invariant, Step};
use sim_core::client::NoClient;
use sim_core::protocol::{Cluster, Kind, Never};
use sim_core::subject::{Flaw, Point, Property, Subject};
use sim_core::{Context, Duration, NodeId, Protocol};
use sim_runner::Catalogue;

const SERVER: NodeId = NodeId(0);

/// What a node remembers.
#[derive(Debug)]
struct Lock {
    config: Config,
    /// The server's: who waits, and who has the lock.
    queue: VecDeque<NodeId>,
    lent_to: Option<NodeId>,
    /// Everybody else's: whether it works with the lock at the moment.
    holds: bool,
}

#[derive(Clone, Hash, Debug)]
enum Message {
    Ask,
    Lent,
    Back,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Timer {
    Wish,
    Work,
    Lease,
}

impl Protocol for Lock {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(me: NodeId, cluster: &Cluster<Config>) -> Self {
        let config = cluster.config(me).clone();
        Self { config, queue: VecDeque::new(), lent_to: None, holds: false }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if cx.me() != SERVER {
            cx.set_timer(Timer::Wish, ms(10)..=ms(100));
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Ask => self.queue.push_back(from),
            Message::Lent => {
                self.holds = true;
                cx.set_timer(Timer::Work, self.config.work);
            }
            Message::Back if self.lent_to == Some(from) => self.lent_to = None,
            Message::Back => {}
        }
        self.lend(cx);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Wish => cx.send(SERVER, Message::Ask),
            Timer::Work => {
                self.holds = false;
                cx.send(SERVER, Message::Back);
                cx.set_timer(Timer::Wish, ms(10)..=ms(100));
            }
            Timer::Lease => {
                self.lent_to = None;
                self.lend(cx);
            }
        }
    }

    fn kind(message: &Message) -> Kind {
        Kind(message.clone() as u8)
    }

    fn role(&self) -> &'static str {
        if self.holds { "holder" } else { "node" }
    }
}

impl Lock {
    fn lend(&mut self, cx: &mut Context<Self>) {
        if self.lent_to.is_none()
            && let Some(next) = self.queue.pop_front()
        {
            self.lent_to = Some(next);
            cx.reached("lent");
            cx.send(next, Message::Lent);
            if self.config.flaw == Some(Mistake::Lease) {
                cx.set_timer(Timer::Lease, ms(100));
            }
        }
    }
}

/// What a scenario can set under `config:`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// For how long a node works with the lock.
    work: Duration,
    flaw: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mistake {
    Lease,
}

impl Default for Config {
    fn default() -> Self {
        Self { work: ms(20), flaw: None }
    }
}

const fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

/// At most one node works with the lock. Told of every step, and of who took it.
#[derive(Default)]
struct OneHolder(Option<NodeId>);

impl Invariant<Lock> for OneHolder {
    fn observe(&mut self, step: &Step<'_, Lock>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        match self.0 {
            Some(other) if state.holds && other != step.node => {
                return Err(format!("{} and {other} both hold the lock", step.node));
            }
            Some(other) if other != step.node => {}
            _ => self.0 = state.holds.then_some(step.node),
        }
        Ok(())
    }
}

/// The protocol with everything that a scenario can name.
struct LockService;

impl Subject for LockService {
    type Protocol = Lock;
    type Client = NoClient;

    const NAME: &'static str = "lock";
    const PROMISE: &'static str = "one holder at a time";
    const MESSAGES: &'static [&'static str] = &["Ask", "Lent", "Back"];
    const ROLES: &'static [&'static str] = &["node", "holder"];
    const POINTS: &'static [Point] = &[Point { name: "lent", about: "somebody got the lock" }];
    const PROPERTIES: &'static [Property<Self>] =
        &[Property::always::<OneHolder>("one_holder", "at most one node has the lock")];
    const FLAWS: &'static [Flaw] = &[Flaw {
        name: "lease",
        about: "the lock is lent anew when a time is over, without a fencing token",
        breaks: "one_holder",
        or_breaks: &[],
        trigger: "lent",
        scenario: "lock",
        swarm: None,
    }];
}

fn main() -> ExitCode {
    sim_runner::main(Catalogue::standard().with::<LockService>())
}
