//! What reliable broadcast promises, as observers of its steps. Who lies is not shown to them, and
//! nothing is promised to it.

use std::collections::BTreeMap;

use sim_core::check::{Goal, Invariant, Step};
use sim_core::id::{NodeId, NodeSet};
use sim_core::time::Time;

use super::wire::{Id, Message, Value};
use super::{Bracha, Broadcast};
use sim_core::context::Effect;

/// The broadcasts that a step may have changed: those of which it says or delivers something. A step
/// that says nothing and delivers nothing changes nothing that is judged.
fn touched<'a>(
    step: &'a Step<'_, Bracha>,
) -> impl Iterator<Item = (Id, Option<&'a Broadcast>)> + 'a {
    let said = step.effects.iter().filter_map(|effect| match effect {
        Effect::Send { message, .. } => Some(id_of(message)),
        _ => None,
    });
    let delivers =
        |effect: &Effect<Bracha>| matches!(effect, Effect::Reached { point: "delivered" });
    let delivered = step.effects.iter().any(delivers);
    // Which was delivered, no effect says: all are looked at, which happens once a broadcast.
    let all = step.state.filter(|_| delivered).into_iter().flat_map(|node| node.broadcasts());
    let all = all.map(|(&id, _)| id);
    said.chain(all).map(|id| (id, step.state.and_then(|node| node.broadcasts().get(&id))))
}

const fn id_of(message: &Message) -> Id {
    let (Message::Initial { id, .. } | Message::Echo { id, .. } | Message::Ready { id, .. }) =
        message;
    *id
}

/// `agreement`: no two honest nodes deliver different values of one broadcast.
#[derive(Debug, Default)]
pub struct Agreement {
    delivered: BTreeMap<Id, (NodeId, Value)>,
}

impl Invariant<Bracha> for Agreement {
    fn observe(&mut self, step: &Step<'_, Bracha>) -> Result<(), String> {
        for (id, broadcast) in touched(step) {
            let Some(value) = broadcast.and_then(Broadcast::delivered) else { continue };
            let (first, other) = *self.delivered.entry(id).or_insert((step.node, value));
            if other != value {
                return Err(format!(
                    "of {id} {first} delivered {other}, and {} {value}",
                    step.node
                ));
            }
        }
        Ok(())
    }

    fn corrupted(&mut self, node: NodeId) {
        self.delivered.retain(|_, (first, _)| *first != node);
    }
}

/// `one_ready_value`: no two honest nodes are ready for different values of one broadcast (Bracha
/// 1987, Lemma 2).
#[derive(Debug, Default)]
pub struct OneReadyValue {
    ready: BTreeMap<Id, (NodeId, Value)>,
}

impl Invariant<Bracha> for OneReadyValue {
    fn observe(&mut self, step: &Step<'_, Bracha>) -> Result<(), String> {
        for effect in step.effects {
            let Effect::Send { message: Message::Ready { id, value }, .. } = effect else {
                continue;
            };
            let (first, other) = *self.ready.entry(*id).or_insert((step.node, *value));
            if other != *value {
                let node = step.node;
                return Err(format!(
                    "for {id} {first} is ready for {other}, and {node} for {value}"
                ));
            }
        }
        Ok(())
    }

    fn corrupted(&mut self, node: NodeId) {
        self.ready.retain(|_, (first, _)| *first != node);
    }
}

/// `integrity`: what an honest node delivers in the name of an honest one, that one broadcast; and
/// what it delivered it never takes back.
#[derive(Debug, Default)]
pub struct Integrity {
    begun: BTreeMap<Id, Value>,
    delivered: BTreeMap<(NodeId, Id), Value>,
    liars: NodeSet,
}

impl Invariant<Bracha> for Integrity {
    fn observe(&mut self, step: &Step<'_, Bracha>) -> Result<(), String> {
        for effect in step.effects {
            if let Effect::Send { message: Message::Initial { id, value }, .. } = effect {
                self.begun.insert(*id, *value);
            }
        }
        for (id, broadcast) in touched(step) {
            let Some(value) = broadcast.and_then(Broadcast::delivered) else { continue };
            let node = step.node;
            let first = *self.delivered.entry((node, id)).or_insert(value);
            if first != value {
                return Err(format!("{node} delivered {first} of {id}, and then {value}"));
            }
            let begun = self.begun.get(&id);
            if !self.liars.contains(id.origin) && begun != Some(&value) {
                let origin = id.origin;
                let said = begun.map_or_else(|| "nothing".into(), Value::to_string);
                return Err(format!(
                    "{node} delivered {value} of {id}, and {origin} broadcast {said}"
                ));
            }
        }
        Ok(())
    }

    fn corrupted(&mut self, node: NodeId) {
        self.liars.insert(node);
        self.delivered.retain(|(who, _), _| *who != node);
    }
}

/// Who has delivered what, and who is there to deliver it.
#[derive(Debug, Default)]
struct Deliveries {
    /// The honest nodes that are up.
    present: NodeSet,
    /// Who delivered it, of each that must be delivered by all.
    due: BTreeMap<Id, NodeSet>,
    /// Since when nobody lacks anything.
    since: Option<Time>,
}

impl Deliveries {
    fn see(&mut self, step: &Step<'_, Bracha>, is_due: impl Fn(Id, &Broadcast) -> bool) {
        let arrived = self.present.insert(step.node);
        let mut changed = arrived;
        for (id, broadcast) in touched(step) {
            let Some(broadcast) = broadcast else { continue };
            if is_due(id, broadcast) && !self.due.contains_key(&id) {
                self.due.insert(id, NodeSet::new());
                changed = true;
            }
            if broadcast.delivered().is_some()
                && let Some(nodes) = self.due.get_mut(&id)
            {
                changed |= nodes.insert(step.node);
            }
        }
        if changed {
            self.look(step.time);
        }
    }

    fn lose(&mut self, time: Time, node: NodeId) {
        self.present.remove(node);
        self.look(time);
    }

    /// What was due is done with once all have it.
    fn look(&mut self, time: Time) {
        let whole = |nodes: &NodeSet| self.present.iter().all(|node| nodes.contains(node));
        let done = !self.due.is_empty() && self.due.values().all(whole);
        self.since = if done { self.since.or(Some(time)) } else { None };
    }

    fn waiting_for(&self) -> String {
        let lacking = self.due.iter().find_map(|(id, nodes)| {
            let node = self.present.iter().find(|node| !nodes.contains(*node))?;
            Some(format!("{node} has not delivered {id}"))
        });
        let (all, nobody) = ("all have delivered all only since", "nothing was delivered");
        lacking.unwrap_or_else(|| {
            self.since.map_or_else(|| nobody.into(), |since| format!("{all} {since}"))
        })
    }
}

/// `totality`: what one honest node delivers, all do.
#[derive(Debug, Default)]
pub struct Totality(Deliveries);

impl Goal<Bracha> for Totality {
    fn observe(&mut self, step: &Step<'_, Bracha>) {
        self.0.see(step, |_, broadcast| broadcast.delivered().is_some());
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.0.lose(time, node);
    }

    fn met_since(&self) -> Option<Time> {
        self.0.since
    }

    fn must_last(&self) -> bool {
        true
    }

    fn waiting_for(&self) -> String {
        self.0.waiting_for()
    }
}

/// `validity`: what an honest node broadcasts, all honest nodes deliver.
#[derive(Debug, Default)]
pub struct Validity {
    deliveries: Deliveries,
}

impl Goal<Bracha> for Validity {
    fn observe(&mut self, step: &Step<'_, Bracha>) {
        // A liar may echo what this node never broadcast.
        let begun = |id: Id| {
            let is_it = |effect: &Effect<Bracha>| matches!(effect, Effect::Send { message: Message::Initial { id: it, .. }, .. } if *it == id);
            step.effects.iter().any(is_it)
        };
        self.deliveries.see(step, |id, _| id.origin == step.node && begun(id));
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.deliveries.due.retain(|id, _| id.origin != node);
        self.deliveries.lose(time, node);
    }

    fn met_since(&self) -> Option<Time> {
        self.deliveries.since
    }

    fn must_last(&self) -> bool {
        true
    }

    fn waiting_for(&self) -> String {
        self.deliveries.waiting_for()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Seat;
    use sim_core::id::{ClientId, RequestId};
    use sim_core::protocol::{Cluster, Protocol};
    use sim_core::{Context, NodeId};

    use super::super::{Config, Request};
    use super::*;

    const ID: Id = Id { origin: NodeId(1), number: 1 };

    /// A node of four that delivered this value of n1's first broadcast, and its last step.
    fn delivered(me: u32, value: u32) -> (Bracha, Vec<Effect<Bracha>>) {
        let mut node = Bracha::new(NodeId(me), &Cluster::new(vec![Config::default(); 4]));
        let mut cx = Context::bare(NodeId(me), 4);
        for from in (0..4).filter(|from| *from != me) {
            node.on_message(&mut cx, NodeId(from), Message::Ready { id: ID, value: Value(value) });
        }
        (node, cx.take_effects())
    }

    fn step<'a>(time: u64, me: u32, it: &'a (Bracha, Vec<Effect<Bracha>>)) -> Step<'a, Bracha> {
        let (seat, node) = (Seat(me), NodeId(me));
        let (state, effects) = (Some(&it.0), it.1.as_slice());
        Step { time: Time::from_nanos(time), seat, node, incarnation: 0, state, effects }
    }

    /// What n1 does when it is asked to broadcast 7.
    fn begun() -> (Bracha, Vec<Effect<Bracha>>) {
        let mut node = Bracha::new(NodeId(1), &Cluster::new(vec![Config::default(); 4]));
        let mut cx = Context::bare(NodeId(1), 4);
        node.on_request(&mut cx, RequestId { client: ClientId(0), number: 1 }, Request(Value(7)));
        (node, cx.take_effects())
    }

    #[test]
    fn two_honest_nodes_deliver_the_same() {
        let mut check = Agreement::default();
        assert_eq!(check.observe(&step(1, 0, &delivered(0, 7))), Ok(()));
        assert_eq!(check.observe(&step(1, 2, &delivered(2, 7))), Ok(()));
        let error = check.observe(&step(1, 3, &delivered(3, 8))).expect_err("another");
        assert_eq!(error, "of n1/1 n0 delivered 7, and n3 8");
        let mut ready = OneReadyValue::default();
        assert_eq!(ready.observe(&step(1, 0, &delivered(0, 7))), Ok(()));
        assert!(ready.observe(&step(1, 3, &delivered(3, 8))).is_err());
    }

    #[test]
    fn nothing_is_delivered_that_an_honest_origin_did_not_broadcast() {
        let mut check = Integrity::default();
        let error = check.observe(&step(1, 0, &delivered(0, 7))).expect_err("not broadcast");
        assert_eq!(error, "n0 delivered 7 of n1/1, and n1 broadcast nothing");
        let mut check = Integrity::default();
        assert_eq!(check.observe(&step(1, 1, &begun())), Ok(()));
        assert_eq!(check.observe(&step(2, 0, &delivered(0, 7))), Ok(()));
        assert!(check.observe(&step(3, 2, &delivered(2, 8))).is_err());
        let mut check = Integrity::default();
        check.corrupted(NodeId(1));
        assert_eq!(check.observe(&step(1, 0, &delivered(0, 7))), Ok(()), "a liar may say anything");
    }

    #[test]
    fn what_one_delivers_all_who_are_there_deliver() {
        let mut goal = Totality::default();
        let nothing = (delivered(2, 7).0, Vec::new());
        goal.observe(&step(1, 0, &delivered(0, 7)));
        assert_eq!(goal.met_since(), Some(Time::from_nanos(1)));
        goal.observe(&step(2, 2, &nothing));
        assert_eq!(goal.met_since(), None);
        assert_eq!(goal.waiting_for(), "n2 has not delivered n1/1");
        goal.observe(&step(3, 2, &delivered(2, 7)));
        assert_eq!(goal.met_since(), Some(Time::from_nanos(3)));
        goal.observe(&step(4, 3, &nothing));
        goal.corrupted(Time::from_nanos(5), NodeId(3));
        assert_eq!(goal.met_since(), Some(Time::from_nanos(5)), "nothing is promised to a liar");
    }

    #[test]
    fn what_a_liar_says_that_a_node_broadcast_is_not_due() {
        let (mut node, _) = delivered(1, 7);
        let mut cx = Context::bare(NodeId(1), 4);
        let id = Id { number: 2, ..ID };
        node.on_message(&mut cx, NodeId(3), Message::Echo { id, value: Value(8) });
        let mut goal = Validity::default();
        goal.observe(&step(1, 1, &(node, delivered(1, 7).1)));
        assert_eq!(goal.waiting_for(), "nothing was delivered");
    }

    #[test]
    fn what_an_honest_node_broadcasts_is_due_from_then_on() {
        let mut goal = Validity::default();
        goal.observe(&step(1, 0, &delivered(0, 7)));
        assert_eq!(goal.met_since(), None, "nobody broadcast it");
        goal.observe(&step(2, 1, &begun()));
        assert_eq!(goal.waiting_for(), "n0 has not delivered n1/1");
        goal.observe(&step(3, 0, &delivered(0, 7)));
        goal.observe(&step(3, 1, &delivered(1, 7)));
        assert_eq!(goal.met_since(), Some(Time::from_nanos(3)));
    }
}
