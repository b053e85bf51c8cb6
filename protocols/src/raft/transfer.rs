//! Leadership transfer: a leader hands over to a node of somebody's choice (dissertation §3.10).
//!
//! It takes no more requests, brings the other's log up to its own, and tells it to stand for
//! election at once: nobody else is a candidate then, so it wins. If that takes longer than an
//! election timeout, the leader takes requests again.

use sim_core::Context;
use sim_core::id::{NodeId, RequestId};

use super::log::Term;
use super::request::Reply;
use super::wire::{Message, Timer};
use super::{Raft, Role};
use crate::machine::Machine;

/// An order to hand over.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Handover {
    to: NodeId,
    /// Who wants to know when it is done.
    id: RequestId,
}

impl<M: Machine> Raft<M> {
    /// An administrator wants another leader.
    pub(super) fn transfer(&mut self, cx: &mut Context<Self>, id: RequestId, to: NodeId) {
        if to == self.me {
            return cx.reply(id, Reply::Done);
        }
        match self.handover {
            Some(other) if other.to == to => {}
            None if self.members.has_voter(to) => {
                self.handover = Some(Handover { to, id });
                cx.reached("transfer_began");
                cx.set_timer(Timer::Transfer, self.config.election_timeout);
                self.hand_over(cx);
            }
            _ => cx.redirect(id, None),
        }
    }

    /// Tells its successor to stand, if there is one and it lacks nothing.
    pub(super) fn hand_over(&mut self, cx: &mut Context<Self>) {
        let last = self.log.last().index;
        let Role::Leader(leadership) = &self.role else { return };
        let Some(Handover { to, .. }) = self.handover else { return };
        if leadership.matched(to) == last {
            // From now on it may be elected at any time, whatever a majority promised.
            self.reads.renounce_lease();
            cx.send(to, Message::TimeoutNow { term: self.term });
        }
    }

    /// Whether this leader is about to hand over, and takes no requests.
    pub(super) const fn is_handing_over(&self) -> bool {
        self.is_leader() && self.handover.is_some()
    }

    /// It did not come about: goes on as leader.
    pub(super) fn abort_transfer(&mut self, cx: &mut Context<Self>) {
        if self.handover.take().is_some() {
            cx.reached("transfer_aborted");
        }
    }

    /// Another leads now. If it is the one that was to, so it is said; else the administrator will
    /// ask again.
    pub(super) fn answer_transfer(&mut self, cx: &mut Context<Self>) {
        if let Some(done) = self.handover.take().filter(|done| Some(done.to) == self.leader) {
            cx.reply(done.id, Reply::Done);
        }
    }

    /// The leader of this term wants this node to succeed it. Of an earlier term, the word is void.
    pub(super) fn on_timeout_now(&mut self, cx: &mut Context<Self>, term: Term) {
        let stands = term == self.term && !self.is_leader() && self.may_stand();
        if stands {
            cx.reached("told_to_stand");
            self.start_election(cx, true);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::testing::{ASK, cx, in_term, leader, node, request};
    use super::super::{Batch, EntryId, Index, Order, Request};
    use super::*;
    use crate::kv::{Command, Kv};

    const TO_B: Request<Command> = Request::Order(Order::Transfer(NodeId(1)));

    fn appended(matched: u64) -> Message<Kv> {
        Message::Appended { term: Term(2), matched: Index(matched) }
    }

    #[test]
    fn the_successor_is_told_once_it_lacks_nothing() {
        let mut node = leader(2, &[1, 2]);
        let mut cx = cx();
        node.on_request(&mut cx, request(1), TO_B);
        node.on_request(&mut cx, request(2), ASK);
        node.on_message(&mut cx, NodeId(2), appended(1));
        node.on_message(&mut cx, NodeId(1), appended(2));
        assert_eq!(
            cx.effects(),
            [
                "reached transfer_began",
                "timer Transfer in 150ms..300ms",
                "=> c1#2 ask another",
                "reached old_term_counted",
                "reached entry_committed",
                "reached old_term_entry_committed",
                "-> n1 TimeoutNow(term 2)",
            ]
        );
    }

    #[test]
    fn a_transfer_that_does_not_come_about_is_given_up() {
        let mut node = leader(2, &[1, 2]);
        node.on_request(&mut cx(), request(1), TO_B);
        assert!(node.is_handing_over());
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Transfer);
        assert_eq!(cx.effects(), ["reached transfer_aborted"]);
        assert!(!node.is_handing_over());
    }

    #[test]
    fn a_transfer_is_done_when_the_successor_leads() {
        for (next, said) in [(1, 1), (2, 0)] {
            let mut node = leader(2, &[1, 2]);
            node.on_request(&mut cx(), request(1), TO_B);
            let mut cx = cx();
            let (previous, entries, commit) = (EntryId::default(), Batch::EMPTY, Index(0));
            let message = Message::AppendEntries { term: Term(3), previous, entries, commit };
            node.on_message(&mut cx, NodeId(next), message.clone());
            node.on_message(&mut cx, NodeId(next), message);
            let done = cx.effects().iter().filter(|effect| **effect == "=> c1#1 done").count();
            assert_eq!(done, said, "n{next} leads");
        }
    }

    #[test]
    fn who_is_told_stands_at_once_and_says_by_whose_word() {
        let mut node = in_term(2, node(&[1, 2]));
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(2), Message::TimeoutNow { term: Term(1) });
        assert!(cx.effects().is_empty(), "the word of an earlier leader");
        node.on_message(&mut cx, NodeId(2), Message::TimeoutNow { term: Term(2) });
        let asks = "-> * RequestVote(term 3, last 2/2, told to)";
        assert_eq!(cx.effects().last().expect("it asks"), &asks);
    }

    #[test]
    fn who_leads_already_has_nothing_to_do() {
        let mut node: Raft<Kv> = leader(2, &[1, 2]);
        let mut cx = cx();
        node.on_request(&mut cx, request(1), Request::Order(Order::Transfer(NodeId(0))));
        assert_eq!(cx.effects(), ["=> c1#1 done"]);
    }
}
