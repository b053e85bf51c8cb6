//! One broadcast after another, in the order of a happy run (Bracha 1987, Figure 2).

use std::collections::BTreeMap;

use sim_core::Context;
use sim_core::id::{NodeId, NodeSet, RequestId};

use super::wire::{Id, Message, Value};
use super::{Bracha, Flaw};

/// What a node knows of one broadcast.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct Broadcast {
    /// The value that the origin sent it first.
    initial: Option<Value>,
    /// The value that it told everybody that it knows of.
    echoed: Option<Value>,
    /// The value that it told everybody that it is ready for.
    readied: Option<Value>,
    /// The value that it delivered.
    delivered: Option<Value>,
    /// Who echoed what.
    echoes: BTreeMap<Value, NodeSet>,
    /// Who is ready for what.
    readies: BTreeMap<Value, NodeSet>,
}

impl Broadcast {
    /// The value that it told everybody that it is ready for.
    #[must_use]
    pub const fn readied(&self) -> Option<Value> {
        self.readied
    }

    /// The value that it delivered.
    #[must_use]
    pub const fn delivered(&self) -> Option<Value> {
        self.delivered
    }

    fn echoes(&self, value: Value) -> usize {
        self.echoes.get(&value).map_or(0, NodeSet::len)
    }

    fn readies(&self, value: Value) -> usize {
        self.readies.get(&value).map_or(0, NodeSet::len)
    }
}

impl Bracha {
    /// A client has something to say to all.
    pub(super) fn begin(&mut self, cx: &mut Context<Self>, request: RequestId, value: Value) {
        self.begun += 1;
        let id = Id { origin: self.me, number: self.begun };
        self.waiting.insert(id, request);
        cx.broadcast(Message::Initial { id, value });
        self.on_initial(cx, self.me, id, value);
    }

    /// The origin says what it broadcasts. Only the first that it says counts, and nobody else can
    /// say it.
    pub(super) fn on_initial(
        &mut self,
        cx: &mut Context<Self>,
        from: NodeId,
        id: Id,
        value: Value,
    ) {
        // Flawed: anybody can broadcast in any name.
        if from != id.origin && !self.makes(Flaw::SenderNotChecked) {
            return cx.reached("false_name");
        }
        let broadcast = self.broadcasts.entry(id).or_default();
        let first = *broadcast.initial.get_or_insert(value);
        if first != value {
            cx.reached("two_initials");
        }
        self.consider(cx, id, value, first == value);
    }

    /// Somebody knows of a value.
    pub(super) fn on_echo(&mut self, cx: &mut Context<Self>, from: NodeId, id: Id, value: Value) {
        let counts_copies = self.makes(Flaw::DuplicateEchoesCounted);
        let broadcast = self.broadcasts.entry(id).or_default();
        let elsewhere =
            |(other, nodes): (&Value, &NodeSet)| *other != value && nodes.contains(from);
        if broadcast.echoes.iter().any(elsewhere) {
            cx.reached("two_echoes");
        }
        let nodes = broadcast.echoes.entry(value).or_default();
        if !nodes.insert(from) {
            cx.reached("copied_echo");
            if counts_copies {
                // Flawed: as if another had said it too.
                let silent = (0..).map(NodeId).take(self.nodes).find(|node| !nodes.contains(*node));
                silent.map(|node| nodes.insert(node));
            }
        }
        self.consider(cx, id, value, false);
    }

    /// Somebody is ready for a value.
    pub(super) fn on_ready(&mut self, cx: &mut Context<Self>, from: NodeId, id: Id, value: Value) {
        let broadcast = self.broadcasts.entry(id).or_default();
        broadcast.readies.entry(value).or_default().insert(from);
        self.consider(cx, id, value, false);
    }

    /// Takes the steps that what is known of a value allows. Each says something that may allow the
    /// next, to this node as well.
    fn consider(&mut self, cx: &mut Context<Self>, id: Id, value: Value, initial: bool) {
        let (me, quorum, honest) = (self.me, self.echo_quorum(), self.one_honest());
        let (deliverable, alone) = (self.ready_quorum(), self.makes(Flaw::NoAmplification));
        let broadcast = self.broadcasts.entry(id).or_default();
        // Flawed: it waits for enough echoes, however many are ready.
        let amplified = broadcast.readies(value) >= honest && !alone;
        if broadcast.echoed.is_none() && (initial || amplified || broadcast.echoes(value) >= quorum)
        {
            broadcast.echoed = Some(value);
            broadcast.echoes.entry(value).or_default().insert(me);
            cx.broadcast(Message::Echo { id, value });
        }
        let echoed = broadcast.echoes(value) >= quorum;
        if broadcast.readied.is_none() && (echoed || amplified) {
            if !echoed {
                cx.reached("joined_the_ready");
            }
            broadcast.readied = Some(value);
            broadcast.readies.entry(value).or_default().insert(me);
            cx.broadcast(Message::Ready { id, value });
        }
        if broadcast.delivered.is_none() && broadcast.readies(value) >= deliverable {
            broadcast.delivered = Some(value);
            cx.reached("delivered");
            if let Some(request) = self.waiting.remove(&id) {
                cx.reply(request, ());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::id::ClientId;
    use sim_core::protocol::{Cluster, Protocol};

    use super::super::{Config, Request};
    use super::*;

    const ID: Id = Id { origin: NodeId(1), number: 1 };

    /// Node 0 of four.
    fn node(flaw: Option<Flaw>) -> Bracha {
        Bracha::new(NodeId(0), &Cluster::new(vec![Config { flaw }; 4]))
    }

    fn cx() -> Context<Bracha> {
        Context::bare(NodeId(0), 4)
    }

    /// What a node does when it hears this.
    fn hears(node: &mut Bracha, from: u32, message: Message) -> Vec<String> {
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(from), message);
        cx.effects().iter().map(|effect| format!("{effect:?}")).collect()
    }

    fn initial(value: u32) -> Message {
        Message::Initial { id: ID, value: Value(value) }
    }

    fn echo(value: u32) -> Message {
        Message::Echo { id: ID, value: Value(value) }
    }

    fn ready(value: u32) -> Message {
        Message::Ready { id: ID, value: Value(value) }
    }

    #[test]
    fn an_origin_tells_everybody_and_echoes_itself() {
        let mut cx = cx();
        let id = RequestId { client: ClientId(0), number: 1 };
        node(None).on_request(&mut cx, id, Request(Value(7)));
        assert_eq!(cx.effects(), ["-> * Initial(n0/1: 7)", "-> * Echo(n0/1: 7)"]);
    }

    #[test]
    fn a_happy_run_ends_with_delivery() {
        let mut node = node(None);
        assert_eq!(hears(&mut node, 1, initial(7)), ["-> * Echo(n1/1: 7)"]);
        assert!(hears(&mut node, 1, echo(7)).is_empty());
        assert_eq!(hears(&mut node, 2, echo(7)), ["-> * Ready(n1/1: 7)"]);
        assert!(hears(&mut node, 2, ready(7)).is_empty());
        assert_eq!(hears(&mut node, 3, ready(7)), ["reached delivered"]);
        assert_eq!(node.broadcasts()[&ID].delivered(), Some(Value(7)));
        assert!(hears(&mut node, 1, ready(7)).is_empty(), "once");
    }

    #[test]
    fn only_the_first_value_of_an_origin_is_echoed_and_only_its_own_word_counts() {
        let mut node = node(None);
        assert_eq!(hears(&mut node, 2, initial(7)), ["reached false_name"]);
        assert_eq!(hears(&mut node, 1, initial(7)), ["-> * Echo(n1/1: 7)"]);
        assert_eq!(hears(&mut node, 1, initial(8)), ["reached two_initials"]);
    }

    #[test]
    fn who_hears_an_honest_node_be_ready_joins_whatever_it_missed() {
        let mut node = node(None);
        assert!(hears(&mut node, 1, ready(7)).is_empty());
        let joins = ["-> * Echo(n1/1: 7)", "reached joined_the_ready", "-> * Ready(n1/1: 7)"];
        assert_eq!(hears(&mut node, 2, ready(7))[..3], joins);
    }

    #[test]
    fn flawed_a_node_believes_what_it_should_not() {
        let mut flawed = node(Some(Flaw::SenderNotChecked));
        assert_eq!(hears(&mut flawed, 2, initial(7)), ["-> * Echo(n1/1: 7)"]);
        let mut flawed = node(Some(Flaw::DuplicateEchoesCounted));
        hears(&mut flawed, 1, initial(7));
        hears(&mut flawed, 3, echo(7));
        assert_eq!(hears(&mut flawed, 3, echo(7))[1], "-> * Ready(n1/1: 7)");
        let mut flawed = node(Some(Flaw::EchoByMajority));
        hears(&mut flawed, 1, initial(7));
        assert_eq!(hears(&mut flawed, 3, echo(7)), ["-> * Ready(n1/1: 7)"]);
        let mut flawed = node(Some(Flaw::NoAmplification));
        hears(&mut flawed, 1, ready(7));
        assert!(hears(&mut flawed, 2, ready(7)).is_empty());
    }
}
