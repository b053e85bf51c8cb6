//! Election safety: at most one leader a term, because a node has one vote a term.

use std::collections::BTreeMap;

use sim_core::check::{Invariant, Step};
use sim_core::context::{Destination, Effect};
use sim_core::id::NodeId;

use super::Seen;
use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::Term;
use crate::raft::wire::Message;

/// `one_leader_per_term`: at most one node is ever the leader of a term (Raft §5.2).
#[derive(Debug, Default)]
pub struct OneLeaderPerTerm {
    leaders: BTreeMap<Term, NodeId>,
    /// The leader seen last: most of the time there is no other.
    latest: Option<(Term, NodeId)>,
}

impl<M: Machine> Invariant<Raft<M>> for OneLeaderPerTerm {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let led = match step.state {
            Some(state) => state.is_leader().then_some(state.term),
            None => step.effects.iter().find_map(led_by),
        };
        match led {
            Some(term) if self.latest != Some((term, step.node)) => self.judge(step.node, term),
            _ => Ok(()),
        }
    }
}

impl OneLeaderPerTerm {
    #[inline(never)]
    fn judge(&mut self, node: NodeId, term: Term) -> Result<(), String> {
        self.latest = Some((term, node));
        let first = *self.leaders.entry(term).or_insert(node);
        if first == node {
            Ok(())
        } else {
            Err(format!("{first} and {node} are both leader of term {term}"))
        }
    }
}

/// The term whose leader alone can have said this.
fn led_by<M: Machine>(effect: &Effect<Raft<M>>) -> Option<Term> {
    match effect {
        Effect::Send { message: Message::AppendEntries { term, .. }, .. } => Some(*term),
        _ => None,
    }
}

/// `one_vote_per_term`: no node votes for two candidates in one term, even if it crashed in between
/// (Raft §5.2).
#[derive(Debug, Default)]
pub struct OneVotePerTerm {
    votes: BTreeMap<(NodeId, Term), NodeId>,
    latest: Seen<(Term, Option<NodeId>)>,
}

impl<M: Machine> Invariant<Raft<M>> for OneVotePerTerm {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        match step.state {
            Some(state) if self.latest.is_last(step.seat.index(), (state.term, state.vote)) => {
                Ok(())
            }
            state => self.judge(step, state),
        }
    }
}

impl OneVotePerTerm {
    #[inline(never)]
    fn judge<M: Machine>(
        &mut self,
        step: &Step<'_, Raft<M>>,
        state: Option<&Raft<M>>,
    ) -> Result<(), String> {
        let Some(state) = state else {
            let votes = step.effects.iter().filter_map(|effect| voted_for(step.node, effect));
            return votes.into_iter().try_for_each(|(term, vote)| self.cast(step.node, term, vote));
        };
        self.latest.note(step.seat.index(), (state.term, state.vote));
        state.vote.map_or(Ok(()), |vote| self.cast(step.node, state.term, vote))
    }

    fn cast(&mut self, voter: NodeId, term: Term, vote: NodeId) -> Result<(), String> {
        let first = *self.votes.entry((voter, term)).or_insert(vote);
        if first == vote {
            Ok(())
        } else {
            Err(format!("{voter} voted for {first} and for {vote} in term {term}"))
        }
    }
}

/// The vote that a message is proof of.
const fn voted_for<M: Machine>(voter: NodeId, effect: &Effect<Raft<M>>) -> Option<(Term, NodeId)> {
    match effect {
        Effect::Send {
            to: Destination::One(candidate),
            message: Message::Vote { term, granted: true },
        } => Some((*term, *candidate)),
        Effect::Send { message: Message::RequestVote { term, .. }, .. } => Some((*term, voter)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{see, see_cut};
    use super::*;
    use crate::kv::Kv;
    use crate::raft::log::{Batch, EntryId, Index};
    use crate::raft::testing::{in_term, leader, node};

    fn voted(term: u64, vote: Option<u32>) -> Raft<Kv> {
        let mut node = in_term(term, node(&[]));
        node.vote = vote.map(NodeId);
        node
    }

    fn vote(term: u64, candidate: u32) -> Effect<Raft<Kv>> {
        let message = Message::Vote { term: Term(term), granted: true };
        Effect::Send { to: Destination::One(NodeId(candidate)), message }
    }

    fn heartbeat(term: u64) -> Effect<Raft<Kv>> {
        let (previous, entries, commit) = (EntryId::default(), Batch::EMPTY, Index(0));
        let message = Message::AppendEntries { term: Term(term), previous, entries, commit };
        Effect::Send { to: Destination::Others, message }
    }

    #[test]
    fn two_leaders_are_one_too_many_only_in_the_same_term() {
        let mut check = OneLeaderPerTerm::default();
        assert_eq!(see(&mut check, 0, 0, &leader(1, &[]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &leader(1, &[1]), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &leader(2, &[]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &leader(1, &[1, 1]), &[]), Ok(()), "it cannot know yet");
        let error = see(&mut check, 1, 0, &leader(1, &[]), &[]).expect_err("two leaders");
        assert_eq!(error, "n0 and n1 are both leader of term 1");
    }

    #[test]
    fn a_leader_that_crashed_in_the_step_of_its_election_led_only_if_it_was_heard() {
        let mut check = OneLeaderPerTerm::default();
        assert_eq!(see_cut(&mut check, 0, &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &leader(1, &[]), &[]), Ok(()));
        assert!(see_cut(&mut check, 0, &[heartbeat(1)]).is_err());
    }

    #[test]
    fn a_second_vote_is_noticed_across_a_crash() {
        let mut check = OneVotePerTerm::default();
        assert_eq!(see(&mut check, 0, 0, &voted(1, Some(1)), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &voted(2, None), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &voted(2, Some(2)), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 1, &voted(2, None), &[]), Ok(()), "forgotten, no more");
        let error = see(&mut check, 0, 1, &voted(2, Some(1)), &[]).expect_err("two votes");
        assert_eq!(error, "n0 voted for n2 and for n1 in term 2");
    }

    #[test]
    fn a_vote_that_a_crash_kept_in_was_not_cast_and_one_that_got_out_was() {
        let mut check = OneVotePerTerm::default();
        assert_eq!(see_cut(&mut check, 0, &[Effect::Flush]), Ok(()));
        assert_eq!(see(&mut check, 0, 1, &voted(1, Some(2)), &[]), Ok(()));
        assert_eq!(see_cut(&mut check, 1, &[vote(1, 1)]), Ok(()));
        assert!(see(&mut check, 1, 1, &voted(1, Some(2)), &[]).is_err());
    }
}
