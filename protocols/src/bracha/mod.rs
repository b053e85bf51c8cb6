//! Reliable broadcast among liars (Bracha 1987).
//!
//! # What it promises
//!
//! Each node can broadcast values, one after another. As long as fewer than a third of the nodes lie,
//! in whatever way, those that do not deliver the same value of each broadcast, or none of them
//! delivers any (*agreement*, *totality*); what an honest node broadcasts is delivered by all
//! (*validity*), once, and nothing is delivered in its name that it did not broadcast (*integrity*).
//! There is no order between broadcasts.
//!
//! # How it works
//!
//! The origin sends its value to all (`Initial`). Who gets it first-hand repeats it to all (`Echo`).
//! Who hears the same echo from more than half of the honest and all liars together knows that no
//! other value can be echoed by so many, and says that it is `Ready` for this one. Who hears f + 1
//! say so has heard an honest one, and joins; who hears 2f + 1 delivers: f + 1 of them are honest,
//! and bring everybody else along.
//!
//! # What it assumes
//!
//! n > 3f nodes, of which f may lie. Who crashes, or forgets, counts as one of the f: nothing here is
//! on disk. What an honest node sends to another arrives in the end, however late, and whom it comes
//! from is known: a liar cannot speak in another's name.
//!
//! # Where it differs from the paper
//!
//! * Any number of broadcasts run side by side, each known by its origin and a number.
//! * f is the most that so many nodes tolerate.
//! * A node does not send to itself what it says, but counts it at once.
//!
//! # Read first
//!
//! Gabriel Bracha, *Asynchronous Byzantine Agreement Protocols*, Information and Computation 75
//! (1987), §3: Figure 2 and its four lemmas. Christian Cachin, Rachid Guerraoui and Luís Rodrigues,
//! *Introduction to Reliable and Secure Distributed Programming* (2011), §3.10 and §3.11.

mod broadcast;
mod checks;
mod flaw;
mod forge;
mod subject;
mod wire;

use std::collections::BTreeMap;

use serde::Deserialize;
use sim_core::Context;
use sim_core::id::{NodeId, RequestId};
use sim_core::protocol::{Cluster, Kind, Never, Protocol};

pub use self::broadcast::Broadcast;
pub use self::checks::{Agreement, Integrity, OneReadyValue, Totality, Validity};
pub use self::flaw::Flaw;
pub use self::subject::ReliableBroadcast;
pub use self::wire::{Id, Message, Request, Value};

/// A node's constants.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// A mistake to make.
    pub flaw: Option<Flaw>,
}

/// One node (Bracha 1987, Figure 2).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Bracha {
    me: NodeId,
    nodes: usize,
    config: Config,
    /// How many broadcasts it began.
    begun: u32,
    /// What it knows of each broadcast that it heard of.
    broadcasts: BTreeMap<Id, Broadcast>,
    /// Who waits until it has delivered its own.
    waiting: BTreeMap<Id, RequestId>,
}

impl Protocol for Bracha {
    type Config = Config;
    type Message = Message;
    type Timer = Never;
    type Request = Request;
    type Reply = ();
    type Record = Never;

    fn new(me: NodeId, cluster: &Cluster<Config>) -> Self {
        Self {
            me,
            nodes: cluster.len(),
            config: *cluster.config(me),
            begun: 0,
            broadcasts: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Message) {
        match message {
            Message::Initial { id, value } => self.on_initial(cx, from, id, value),
            Message::Echo { id, value } => self.on_echo(cx, from, id, value),
            Message::Ready { id, value } => self.on_ready(cx, from, id, value),
        }
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, Request(value): Request) {
        self.begin(cx, id, value);
    }

    fn kind(message: &Message) -> Kind {
        message.kind()
    }
}

/// Quorums: what every handler needs.
impl Bracha {
    /// How many may lie: fewer than a third.
    const fn liars(&self) -> usize {
        tolerated(self.nodes)
    }

    /// So many echoes of one value that no other can have as many: more than (n + f) / 2, for two
    /// such sets share more than f nodes, and so an honest one, which echoes once.
    const fn echo_quorum(&self) -> usize {
        match self.config.flaw {
            // Flawed: two majorities may have nobody but a liar in common.
            Some(Flaw::EchoByMajority) => self.nodes / 2,
            _ => (self.nodes + self.liars()) / 2 + 1,
        }
    }

    /// So many that one of them is honest.
    const fn one_honest(&self) -> usize {
        self.liars() + 1
    }

    /// So many that the honest among them are enough to convince everybody else.
    const fn ready_quorum(&self) -> usize {
        2 * self.liars() + 1
    }

    fn makes(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// To look at from outside.
impl Bracha {
    /// What it knows of each broadcast that it heard of.
    #[must_use]
    pub const fn broadcasts(&self) -> &BTreeMap<Id, Broadcast> {
        &self.broadcasts
    }
}

/// How many of so many nodes may lie: n > 3f.
const fn tolerated(nodes: usize) -> usize {
    nodes.saturating_sub(1) / 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorums(nodes: usize) -> [usize; 4] {
        let node = Bracha::new(NodeId(0), &Cluster::new(vec![Config::default(); nodes]));
        [node.liars(), node.echo_quorum(), node.one_honest(), node.ready_quorum()]
    }

    #[test]
    fn quorums_are_those_of_the_paper() {
        assert_eq!(quorums(1), [0, 1, 1, 1]);
        assert_eq!(quorums(4), [1, 3, 2, 3]);
        assert_eq!(quorums(6), [1, 4, 2, 3]);
        assert_eq!(quorums(7), [2, 5, 3, 5]);
    }

    #[test]
    fn two_echo_quorums_share_an_honest_node_and_the_honest_alone_make_one() {
        for nodes in 1..200 {
            let [liars, echoes, _, readies] = quorums(nodes);
            assert!(2 * echoes > nodes + liars, "{nodes} nodes");
            assert!(echoes <= nodes - liars, "{nodes} nodes");
            assert!(readies <= nodes - liars, "{nodes} nodes");
        }
    }
}
