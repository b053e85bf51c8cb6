//! Leader election (Raft §5.2) and who may be elected (§5.4.1).

use sim_core::Context;
use sim_core::id::NodeId;

use super::log::{Action, Entry, EntryId, Term};
use super::progress::Leadership;
use super::reads::Pending;
use super::wire::{Message, Timer};
use super::{Flaw, Raft, Resend, Role};
use crate::machine::Machine;

impl<M: Machine> Raft<M> {
    /// Asks to be leader of the next term: because no leader was heard of for an election timeout,
    /// or because the leader told this node to.
    pub(super) fn start_election(&mut self, cx: &mut Context<Self>, told: bool) {
        self.term = self.term.next();
        self.vote = Some(self.me);
        self.vote_unwritten = true;
        self.leader = None;
        self.role = Role::Candidate { votes: [self.me].into_iter().collect() };
        if self.is_elected() {
            // Alone in its cluster.
            return self.become_leader(cx);
        }
        self.flush(cx);
        cx.set_timer(Timer::Election, self.config.election_timeout);
        self.tell_members(
            cx,
            Message::RequestVote { term: self.term, last: self.log.last(), told },
        );
    }

    /// A candidate asks for this node's vote: it gets it if nobody else did in this term, and if
    /// its log lacks nothing that may be committed.
    pub(super) fn on_request_vote(
        &mut self,
        cx: &mut Context<Self>,
        candidate: NodeId,
        term: Term,
        last: EntryId,
    ) {
        let up_to_date = match self.config.flaw {
            // Flawed: what a majority has, a leader elected without comparing may lack.
            Some(Flaw::NoUpToDateCheck) => true,
            // Flawed: a long log of an earlier term may lack what a later one committed.
            Some(Flaw::UpToDateByLengthOnly) => last.index >= self.log.last().index,
            _ => last >= self.log.last(),
        };
        let free = self.vote.is_none_or(|vote| vote == candidate);
        let granted = term == self.term && free && up_to_date;
        if granted {
            if last.index < self.log.last().index {
                cx.reached("vote_granted_shorter_log");
            }
            self.vote_unwritten |= self.vote.is_none();
            self.vote = Some(candidate);
            cx.set_timer(Timer::Election, self.config.election_timeout);
        } else if term == self.term && free {
            let longer = last.index >= self.log.last().index;
            cx.reached(if longer { "vote_refused_longer_log" } else { "vote_refused_log" });
        } else if term == self.term && self.vote_recalled == Some(term) {
            cx.reached("vote_remembered");
        }
        self.flush(cx);
        cx.send(candidate, Message::Vote { term: self.term, granted });
    }

    /// A voter answered. Only what it says about the current term counts: since it was asked, this
    /// node may have lost, and may even have voted for another.
    pub(super) fn on_vote(
        &mut self,
        cx: &mut Context<Self>,
        voter: NodeId,
        term: Term,
        granted: bool,
    ) {
        // Flawed: who voted for it in an earlier term may have voted for another in this one.
        let current = term == self.term || self.makes(Flaw::StaleVoteReply);
        let Role::Candidate { votes } = &mut self.role else { return };
        if granted && term != self.term {
            cx.reached("stale_vote");
        }
        if current && granted {
            let copy = !votes.insert(voter);
            if copy {
                cx.reached("copied_vote");
            } else if 2 * votes.len() == self.members.voters().len() {
                cx.reached("half_voted");
            }
            if copy && self.config.flaw == Some(Flaw::DuplicateVotesCounted) {
                // Flawed: two copies of one vote are two votes, as if another had given the second.
                let silent = self.members.voters().iter().find(|&voter| !votes.contains(voter));
                silent.map(|voter| votes.insert(voter));
            }
            if self.is_elected() {
                self.become_leader(cx);
            }
        }
    }

    fn is_elected(&self) -> bool {
        matches!(&self.role, Role::Candidate { votes } if self.is_quorum(votes))
    }

    fn become_leader(&mut self, cx: &mut Context<Self>) {
        tracing::info!(node = %self.me, term = %self.term, "elected");
        cx.reached("leader_elected");
        let before = match self.config.resend {
            Resend::Nothing => self.log.last().index,
            Resend::Uncommitted => self.commit,
        };
        self.role = Role::Leader(Leadership::new(&self.members, before));
        self.reads = Pending::default();
        self.change = None;
        self.leader = Some(self.me);
        if self.config.noop {
            // Entries of earlier terms cannot be committed by counting; this one can, and with it
            // all before it (§5.4.2, §8).
            self.append(cx, Entry::new(self.term, Action::Noop));
        }
        self.flush(cx);
        cx.cancel_timer(Timer::Election);
        self.count_answers(cx);
        self.beat(cx);
        self.advance_commit(cx);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::{Cluster, Protocol};

    use super::super::testing::{cx, flawed, id, in_term, leader, node};
    use super::super::{Config, Index};
    use super::*;
    use crate::kv::Kv;

    fn vote(term: u64) -> Message<Kv> {
        Message::Vote { term: Term(term), granted: true }
    }

    fn candidate(term: u64) -> Raft<Kv> {
        let mut node = in_term(term - 1, node(&[]));
        node.on_timer(&mut cx(), Timer::Election);
        node
    }

    #[test]
    fn a_candidate_votes_for_itself_and_asks_the_others() {
        let mut node = node(&[1]);
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Election);
        assert_eq!(
            cx.effects(),
            [
                "write Vote(term 2, for n0)",
                "flush",
                "timer Election in 150ms..300ms",
                "-> * RequestVote(term 2, last 1/1)",
            ]
        );
        cx.take_effects();
        node.on_timer(&mut cx, Timer::Election);
        assert_eq!(cx.effects()[..2], ["reached split_vote", "write Vote(term 3, for n0)"]);
    }

    #[test]
    fn a_vote_is_durable_before_it_leaves_and_is_given_once() {
        let mut node = node(&[1]);
        let mut cx = cx();
        let request = Message::RequestVote { term: Term(2), last: id(1, 1), told: false };
        node.on_message(&mut cx, NodeId(1), request.clone());
        assert_eq!(
            cx.effects(),
            [
                "timer Election in 150ms..300ms",
                "write Vote(term 2, for n1)",
                "flush",
                "-> n1 Vote(term 2, granted)",
            ]
        );
        cx.take_effects();
        node.on_message(&mut cx, NodeId(2), request.clone());
        assert_eq!(cx.effects(), ["-> n2 Vote(term 2, refused)"]);
        cx.take_effects();
        node.on_message(&mut cx, NodeId(1), request);
        let again = ["timer Election in 150ms..300ms", "-> n1 Vote(term 2, granted)"];
        assert_eq!(cx.effects(), again, "the answer to a copy, without the disk");
    }

    #[test]
    fn a_candidate_with_an_older_log_gets_no_vote() {
        for (flaw, granted) in [(None, "refused"), (Some(Flaw::NoUpToDateCheck), "granted")] {
            let mut node = node(&[1, 2]);
            node.config.flaw = flaw;
            let mut cx = cx();
            let message = Message::RequestVote { term: Term(3), last: id(1, 5), told: false };
            node.on_message(&mut cx, NodeId(1), message);
            let answer = format!("-> n1 Vote(term 3, {granted})");
            assert_eq!(cx.effects().last().expect("an answer"), &answer.as_str());
        }
    }

    #[test]
    fn a_leader_begins_with_an_entry_that_does_nothing() {
        let mut node = candidate(2);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(2), vote(2));
        assert_eq!(
            cx.effects(),
            [
                "reached leader_elected",
                "write Append(2/1 no-op)",
                "flush",
                "cancel Election",
                "-> * AppendEntries(term 2, prev 0/0, 1 entry, commit 0)",
                "timer Heartbeat in 50ms",
            ]
        );
    }

    #[test]
    fn a_vote_of_an_earlier_election_does_not_count() {
        let mut node = candidate(2);
        node.on_timer(&mut cx(), Timer::Election);
        node.on_message(&mut cx(), NodeId(2), vote(2));
        assert_eq!(node.role(), "candidate");
        let mut node = flawed(Flaw::StaleVoteReply, node);
        node.on_message(&mut cx(), NodeId(2), vote(2));
        assert_eq!(node.role(), "leader");
    }

    #[test]
    fn a_vote_that_comes_too_late_changes_nothing() {
        let mut node = leader(2, &[2]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(2), vote(2));
        assert!(cx.effects().is_empty());
        assert_eq!(node, leader(2, &[2]));
    }

    #[test]
    fn half_of_an_even_cluster_is_no_majority() {
        let cluster = Cluster::new(vec![Config::default(); 4]);
        let mut node = Raft::<Kv>::new(NodeId(0), &cluster);
        let half = [NodeId(1), NodeId(3)].into_iter().collect();
        assert!(!node.is_quorum(&half));
        node.config.flaw = Some(Flaw::HalfQuorumOfEven);
        assert!(node.is_quorum(&half));
    }

    #[test]
    fn a_node_alone_elects_itself_and_commits() {
        let mut node = Raft::<Kv>::new(NodeId(0), &Cluster::new(vec![Config::default()]));
        let mut cx = Context::bare(NodeId(0), 1);
        node.on_timer(&mut cx, Timer::Election);
        assert_eq!(
            cx.effects(),
            [
                "reached leader_elected",
                "write Vote(term 1, for n0)",
                "write Append(1/1 no-op)",
                "flush",
                "cancel Election",
                "timer Heartbeat in 50ms",
                "reached entry_committed",
            ]
        );
        assert_eq!(node.commit, Index(1));
    }
}
