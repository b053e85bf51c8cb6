use sim_core::protocol::{Cluster, Recovered};
use sim_core::{Context, Duration, NodeId, Protocol, RequestId};

/// A number that only grows: each node keeps the highest that it has heard of, on its disk too,
/// and tells the others now and then.
#[derive(Debug)]
pub struct Highest {
    /// The highest so far.
    pub seen: u64,
    every: Duration,
}

/// The name of its one alarm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tell;

impl Protocol for Highest {
    type Config = Duration;
    type Message = u64;
    type Timer = Tell;
    type Request = u64;
    type Reply = u64;
    type Record = u64;

    fn new(me: NodeId, cluster: &Cluster<Duration>) -> Self {
        Self { seen: 0, every: *cluster.config(me) }
    }

    fn restore(&mut self, found: Recovered<u64>) {
        self.seen = found.records().last().unwrap_or(0);
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        cx.set_timer(Tell, self.every);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, Tell: Tell) {
        cx.broadcast(self.seen);
        cx.set_timer(Tell, self.every);
    }

    fn on_message(&mut self, cx: &mut Context<Self>, _: NodeId, number: u64) {
        self.hear(cx, number);
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, number: u64) {
        self.hear(cx, number);
        cx.reply(id, self.seen);
    }
}

impl Highest {
    fn hear(&mut self, cx: &mut Context<Self>, number: u64) {
        if number > self.seen {
            self.seen = number;
            cx.persist(number);
        }
    }
}
