//! Before an election: who would lose it does not begin it (dissertation §9.6), and who hears of a
//! leader has no part in it (§4.2.3).
//!
//! A node that was cut off, or that was removed and does not know it, hears of no leader, and would
//! depose the one that all others have as soon as it reached them with a later term.

use sim_core::Context;
use sim_core::id::NodeId;

use super::config::Reads;
use super::log::{EntryId, Term};
use super::wire::{Message, Timer};
use super::{Raft, Role};
use crate::machine::Machine;

impl<M: Machine> Raft<M> {
    /// No leader was heard of for an election timeout.
    pub(super) fn on_silence(&mut self, cx: &mut Context<Self>) {
        if let Role::Candidate { .. } = self.role {
            cx.reached("split_vote");
        }
        if !self.may_stand() {
            // Nobody waits for it to lead. When it is a voter again, a leader has told it so.
            return;
        }
        if self.config.pre_vote {
            self.ask_around(cx);
        } else {
            self.start_election(cx, false);
        }
    }

    /// Asks who would vote for it. Nothing has changed yet, on this node or on any other.
    fn ask_around(&mut self, cx: &mut Context<Self>) {
        self.leader = None;
        self.role = Role::PreCandidate { votes: [self.me].into_iter().collect() };
        if self.is_preferred() {
            return self.start_election(cx, false);
        }
        cx.set_timer(Timer::Election, self.config.election_timeout);
        self.tell_members(cx, Message::PreVote { term: self.term, last: self.log.last() });
    }

    /// A node of this term asks whether it would get this one's vote in the next. To say so binds
    /// nobody: it says the same to all who ask.
    pub(super) fn on_pre_vote(
        &mut self,
        cx: &mut Context<Self>,
        candidate: NodeId,
        term: Term,
        last: EntryId,
    ) {
        let granted = term == self.term && last >= self.log.last();
        if !granted {
            cx.reached("pre_vote_refused");
        }
        self.flush(cx);
        cx.send(candidate, Message::PreVoted { term: self.term, granted });
    }

    /// A voter answered that.
    pub(super) fn on_pre_voted(
        &mut self,
        cx: &mut Context<Self>,
        voter: NodeId,
        term: Term,
        granted: bool,
    ) {
        let current = term == self.term;
        let Role::PreCandidate { votes } = &mut self.role else { return };
        if current && granted {
            votes.insert(voter);
            if self.is_preferred() {
                self.start_election(cx, false);
            }
        }
    }

    fn is_preferred(&self) -> bool {
        matches!(&self.role, Role::PreCandidate { votes } if self.is_quorum(votes))
    }

    /// Whether a message is one of a candidate whom a node with a leader does not listen to: it
    /// neither votes nor takes over the term (§4.2.3). A candidate at its leader's own word is no
    /// disturber (§3.10).
    pub(super) fn disregards(&self, cx: &mut Context<Self>, message: &Message<M>) -> bool {
        let disturbing = match message {
            Message::RequestVote { told, .. } => !told,
            Message::PreVote { .. } => true,
            _ => false,
        };
        let disregarded = disturbing && self.has_leader(cx);
        if disregarded {
            cx.reached("candidate_disregarded");
        }
        disregarded
    }

    /// Whether this node leads, or heard of a leader so recently that no election can be due.
    fn has_leader(&self, cx: &Context<Self>) -> bool {
        if !self.is_loyal() {
            return false;
        }
        let shortest = self.config.election_timeout.shortest();
        let heard = |heard| cx.now().since(heard) < shortest;
        self.is_leader() || self.heard.is_some_and(heard)
    }

    /// A leader of this term has spoken.
    pub(super) fn hear_leader(&mut self, cx: &mut Context<Self>, leader: NodeId) {
        self.role = Role::Follower;
        self.leader = Some(leader);
        if self.handover.is_some() {
            self.answer_transfer(cx);
        }
        if self.is_loyal() {
            self.heard = Some(cx.now());
        }
        cx.set_timer(Timer::Election, self.config.election_timeout);
    }

    /// Whether it matters to this node when it heard of its leader. Where leaders hold leases it
    /// must: a lease is the promise of a majority to elect nobody else meanwhile (§6.4.1).
    pub(super) fn is_loyal(&self) -> bool {
        self.config.pre_vote || self.config.reads == Reads::Lease
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::Index;
    use super::super::testing::{cx, id, in_term, leader, node};
    use super::*;
    use crate::kv::Kv;
    use crate::raft::log::Batch;

    fn careful(mut node: Raft<Kv>) -> Raft<Kv> {
        node.config.pre_vote = true;
        node
    }

    fn heartbeat(term: u64) -> Message<Kv> {
        let (previous, entries, commit) = (EntryId::default(), Batch::EMPTY, Index(0));
        Message::AppendEntries { term: Term(term), previous, entries, commit }
    }

    fn request_vote(term: u64, told: bool) -> Message<Kv> {
        Message::RequestVote { term: Term(term), last: id(9, 9), told }
    }

    #[test]
    fn a_node_asks_around_before_it_stands_and_changes_nothing() {
        let mut node = careful(node(&[1]));
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Election);
        let asks = ["timer Election in 150ms..300ms", "-> * PreVote(term 1, last 1/1)"];
        assert_eq!(cx.effects(), asks);
        assert_eq!((node.role(), node.term, node.vote), ("pre-candidate", Term(1), None));
        cx.take_effects();
        node.on_message(&mut cx, NodeId(2), Message::PreVoted { term: Term(1), granted: true });
        assert_eq!(
            cx.effects(),
            [
                "write Vote(term 2, for n0)",
                "flush",
                "timer Election in 150ms..300ms",
                "-> * RequestVote(term 2, last 1/1)",
            ]
        );
    }

    #[test]
    fn who_would_lose_does_not_stand() {
        let mut node = careful(node(&[1]));
        node.on_timer(&mut cx(), Timer::Election);
        node.on_message(&mut cx(), NodeId(1), Message::PreVoted { term: Term(1), granted: false });
        node.on_message(&mut cx(), NodeId(2), Message::PreVoted { term: Term(0), granted: true });
        assert_eq!((node.role(), node.term), ("pre-candidate", Term(1)));
    }

    #[test]
    fn to_say_whom_one_would_vote_for_binds_nobody() {
        let mut node = careful(node(&[1, 2]));
        let mut cx = cx();
        for (candidate, last) in [(1, id(2, 2)), (2, id(2, 3)), (1, id(1, 9))] {
            let message = Message::PreVote { term: Term(2), last };
            node.on_message(&mut cx, NodeId(candidate), message);
        }
        assert_eq!(
            cx.effects(),
            [
                "-> n1 PreVoted(term 2, granted)",
                "-> n2 PreVoted(term 2, granted)",
                "reached pre_vote_refused",
                "-> n1 PreVoted(term 2, refused)",
            ]
        );
        assert_eq!((node.term, node.vote), (Term(2), None));
    }

    #[test]
    fn who_has_a_leader_hears_no_candidate_but_one_sent_by_it() {
        let mut node = careful(in_term(2, node(&[1, 2])));
        node.on_message(&mut cx(), NodeId(1), heartbeat(2));
        for message in [request_vote(3, false), Message::PreVote { term: Term(7), last: id(9, 9) }]
        {
            let mut cx = cx();
            node.on_message(&mut cx, NodeId(2), message);
            assert_eq!(cx.effects(), ["reached candidate_disregarded"]);
        }
        assert_eq!(node.term, Term(2));
        node.on_message(&mut cx(), NodeId(2), request_vote(3, true));
        assert_eq!((node.term, node.vote), (Term(3), Some(NodeId(2))));
    }

    #[test]
    fn a_leader_is_deposed_by_no_candidate_alone() {
        let mut node = careful(leader(2, &[2]));
        node.on_message(&mut cx(), NodeId(2), request_vote(3, false));
        assert_eq!((node.role(), node.term), ("leader", Term(2)));
    }

    #[test]
    fn the_plain_paper_knows_no_loyalty() {
        let mut node = in_term(2, node(&[1, 2]));
        node.on_message(&mut cx(), NodeId(1), heartbeat(2));
        node.on_message(&mut cx(), NodeId(2), request_vote(3, false));
        assert_eq!(node.vote, Some(NodeId(2)));
    }
}
