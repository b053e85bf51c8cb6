//! Commitment: what is committed is final, every later leader has it, and only it is acknowledged.

use std::collections::BTreeMap;

use sim_core::check::{Invariant, Step};
use sim_core::context::Effect;
use sim_core::id::{NodeId, RequestId};

use super::Seen;
use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::{Index, Log, Term};
use crate::raft::request::Reply;

/// The one committed log, as a digest for each entry: what the first node to commit it had up to
/// it. None where that node had discarded the entry, and nobody was seen to commit it before.
#[derive(Debug, Default)]
struct Committed {
    digests: Vec<Option<u64>>,
}

impl Committed {
    fn last(&self) -> Index {
        Index(0).plus(self.digests.len())
    }

    /// Whether a log has what is committed, up to a position. What is not yet committed contradicts
    /// nothing. A log that has discarded more is judged by where it begins.
    fn agrees<C>(&self, log: &Log<C>, upto: Index) -> bool {
        let upto = upto.max(log.base().index).min(self.last()).min(log.last().index);
        let known = upto.row().and_then(|row| self.digests[row]);
        known.is_none_or(|digest| log.digest_at(upto).is_none_or(|held| held == digest))
    }

    /// Takes in what a node says is committed; says whether that agrees with what was before.
    #[inline]
    fn extend<C>(&mut self, log: &Log<C>, commit: Index) -> bool {
        let agrees = self.agrees(log, commit);
        if agrees && self.last() < commit {
            self.learn(log, commit);
        }
        agrees
    }

    fn learn<C>(&mut self, log: &Log<C>, commit: Index) {
        let last = commit.min(log.last().index);
        while self.last() < last {
            self.digests.push(log.digest_at(self.last().next()));
        }
    }
}

/// `state_machine_safety`: if a node has committed an entry, no node ever commits another one in
/// its place (Raft §5.4.3).
#[derive(Debug, Default)]
pub struct StateMachineSafety {
    committed: Committed,
    seen: Seen<(Index, u64)>,
}

impl<M: Machine> Invariant<Raft<M>> for StateMachineSafety {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        // The log counts too: what is committed may not be replaced afterwards.
        let now = (state.commit, state.log.digest());
        if self.seen.is_last(step.seat.index(), now) { Ok(()) } else { self.judge(step, state) }
    }
}

impl StateMachineSafety {
    #[inline(never)]
    fn judge<M: Machine>(
        &mut self,
        step: &Step<'_, Raft<M>>,
        state: &Raft<M>,
    ) -> Result<(), String> {
        let (node, commit) = (step.node, state.commit);
        self.seen.note(step.seat.index(), (commit, state.log.digest()));
        if self.committed.extend(&state.log, commit) {
            Ok(())
        } else {
            Err(format!("{node} has something else committed up to entry {commit} than others had"))
        }
    }
}

/// `leader_completeness`: what was committed in a term is in the log of every leader of a later
/// term (Raft §5.4.3).
///
/// Of a *later* term: the votes for a leader may be so long on their way that others have long
/// committed in a later term than its own when it begins.
#[derive(Debug, Default)]
pub struct LeaderCompleteness {
    committed: Committed,
    /// How far it was committed in each term at the latest: in that of the node that said so.
    by_term: BTreeMap<Term, Index>,
    seen: Seen<(Index, Option<Term>)>,
}

impl<M: Machine> Invariant<Raft<M>> for LeaderCompleteness {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        let now = (state.commit, led_by(state));
        if self.seen.is_last(step.seat.index(), now) { Ok(()) } else { self.judge(step, state) }
    }
}

/// The term that a node leads.
fn led_by<M: Machine>(state: &Raft<M>) -> Option<Term> {
    state.is_leader().then_some(state.term)
}

impl LeaderCompleteness {
    #[inline(never)]
    fn judge<M: Machine>(
        &mut self,
        step: &Step<'_, Raft<M>>,
        state: &Raft<M>,
    ) -> Result<(), String> {
        let led = led_by(state);
        let (commit, led_before) = self.seen.note(step.seat.index(), (state.commit, led));
        if commit != state.commit && self.committed.extend(&state.log, state.commit) {
            let upto = state.commit.min(self.committed.last());
            match self.by_term.get_mut(&state.term) {
                Some(latest) => *latest = upto.max(*latest),
                None => drop(self.by_term.insert(state.term, upto)),
            }
        }
        match led {
            Some(term) if led_before != led => self.has_all_before(step.node, term, &state.log),
            _ => Ok(()),
        }
    }

    fn has_all_before<C>(&self, node: NodeId, term: Term, log: &Log<C>) -> Result<(), String> {
        let earlier = self.by_term.range(..term).map(|(_, &upto)| upto);
        let upto = earlier.max().unwrap_or_default();
        if log.last().index >= upto && self.committed.agrees(log, upto) {
            return Ok(());
        }
        let last = log.last();
        let has = format!("{node} leads term {term} with a log that ends with {last}");
        Err(format!("{has} and lacks some of the {upto} entries committed in earlier terms"))
    }
}

/// `commit_monotone`: a node's commit index stays within its log and never goes back while it
/// lives, and its term never goes back at all.
#[derive(Debug, Default)]
pub struct CommitMonotone {
    seen: Seen<Marks>,
}

/// How far a process is.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Marks {
    incarnation: u32,
    term: Term,
    commit: Index,
}

impl<M: Machine> Invariant<Raft<M>> for CommitMonotone {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        let (incarnation, term, commit) = (step.incarnation, state.term, state.commit);
        let now = Marks { incarnation, term, commit };
        match self.seen.get_mut(step.seat.index()) {
            Some(before) if before.may_become(now) && commit <= state.log.last().index => {
                *before = now;
                Ok(())
            }
            _ => self.judge(step, state),
        }
    }
}

impl Marks {
    /// Whether one process may have had these first and then those.
    #[inline]
    fn may_become(self, now: Self) -> bool {
        self.incarnation == now.incarnation && self.term <= now.term && self.commit <= now.commit
    }
}

impl CommitMonotone {
    #[inline(never)]
    fn judge<M: Machine>(
        &mut self,
        step: &Step<'_, Raft<M>>,
        state: &Raft<M>,
    ) -> Result<(), String> {
        let (incarnation, term, commit) = (step.incarnation, state.term, state.commit);
        let before = self.seen.note(step.seat.index(), Marks { incarnation, term, commit });
        let (node, last) = (step.node, state.log.last().index);
        if commit > last {
            Err(format!("{node} has committed entry {commit}, and its log ends with {last}"))
        } else if term < before.term {
            Err(format!("{node} went back from term {} to term {term}", before.term))
        } else if before.incarnation == incarnation && commit < before.commit {
            Err(format!("{node} went back from commit index {} to {commit}", before.commit))
        } else {
            Ok(())
        }
    }
}

/// `acknowledged_is_committed`: when a client is told an answer, what it asked for is committed.
#[derive(Debug, Default)]
pub struct AcknowledgedIsCommitted {
    committed: Committed,
    requests: Requests,
    seen: Seen<(Index, Term)>,
    /// Answers that left in a step that a crash cut. The entry was perhaps committed in that very
    /// step: then every leader of a later term has it, and commits it before its own entries.
    unproven: Vec<(RequestId, Term, NodeId)>,
}

impl<M: Machine> Invariant<Raft<M>> for AcknowledgedIsCommitted {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let seat = step.seat.index();
        let same = |state: &Raft<M>| self.seen.is_last(seat, (state.commit, state.term));
        if step.state.is_none_or(same)
            && !step.effects.iter().any(|effect| applied(effect).is_some())
        {
            Ok(())
        } else {
            self.judge(step)
        }
    }
}

/// Whose command an answer says is applied. What was read around the log is for `linearizable` to
/// judge.
const fn applied<M: Machine>(effect: &Effect<Raft<M>>) -> Option<RequestId> {
    match effect {
        Effect::Reply { request, reply: Reply::Applied(_) } => Some(*request),
        _ => None,
    }
}

impl AcknowledgedIsCommitted {
    #[inline(never)]
    fn judge<M: Machine>(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let seat = step.seat.index();
        if let Some(state) = step.state {
            let (commit, _) = self.seen.note(seat, (state.commit, state.term));
            if commit != state.commit {
                self.learn(&state.log, state.commit)?;
            }
        }
        for request in step.effects.iter().filter_map(applied) {
            if self.requests.contains(request) {
                continue;
            }
            if step.state.is_some() {
                return Err(format!("{} answered {request}, which is not committed", step.node));
            }
            let (_, term) = *self.seen.row(seat);
            self.unproven.push((request, term, step.node));
        }
        Ok(())
    }

    fn learn<C>(&mut self, log: &Log<C>, commit: Index) -> Result<(), String> {
        let known = self.committed.last();
        // That it contradicts what others had is for `state_machine_safety` to say.
        if !self.committed.extend(log, commit) || self.committed.last() == known {
            return Ok(());
        }
        let new = self.committed.last().0 - known.max(log.base().index).0;
        let new = usize::try_from(new).expect("it fits in memory");
        for entry in log.entries_after(known).take(new) {
            if let Some((request, term, node)) =
                self.unproven.iter().find(|(_, term, _)| *term < entry.term)
            {
                return Err(format!(
                    "{node} answered {request} in term {term}, and term {} began without it",
                    entry.term
                ));
            }
            if let Some(id) = entry.request() {
                self.requests.insert(id);
                self.unproven.retain(|(request, ..)| *request != id);
            }
        }
        Ok(())
    }
}

/// A set of requests, a bit each.
#[derive(Debug, Default)]
struct Requests {
    clients: Vec<Vec<u64>>,
}

impl Requests {
    fn insert(&mut self, id: RequestId) {
        let (row, word, bit) = Self::place(id);
        if self.clients.len() <= row {
            self.clients.resize(row + 1, Vec::new());
        }
        let words = &mut self.clients[row];
        if words.len() <= word {
            words.resize(word + 1, 0);
        }
        words[word] |= bit;
    }

    fn contains(&self, id: RequestId) -> bool {
        let (row, word, bit) = Self::place(id);
        self.clients.get(row).and_then(|words| words.get(word)).is_some_and(|bits| bits & bit != 0)
    }

    const fn place(id: RequestId) -> (usize, usize, u64) {
        (id.client.index(), id.number as usize / 64, 1 << (id.number % 64))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{see, see_cut};
    use super::*;
    use crate::kv::{Kv, Output};
    use crate::raft::testing::{asked, committed, in_term, leader, node, request};

    /// A log of these requests, all of one term.
    fn with(term: u64, requests: &[u32]) -> Raft<Kv> {
        let mut node = node(&[]);
        for &number in requests {
            node.log.append(asked(term, number));
        }
        in_term(term, node)
    }

    fn reply(number: u32) -> Effect<Raft<Kv>> {
        Effect::Reply { request: request(number), reply: Reply::Applied(Output::Done) }
    }

    #[test]
    fn two_nodes_commit_the_same_or_one_of_them_less() {
        let mut check = StateMachineSafety::default();
        assert_eq!(see(&mut check, 0, 0, &committed(2, node(&[1, 1, 2])), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &committed(1, node(&[1, 3])), &[]), Ok(()));
        assert_eq!(see(&mut check, 2, 0, &committed(3, node(&[1, 1, 3])), &[]), Ok(()));
        let error = see(&mut check, 0, 0, &committed(3, node(&[1, 1, 2])), &[]).expect_err("two");
        assert_eq!(error, "n0 has something else committed up to entry 3 than others had");
    }

    #[test]
    fn what_is_committed_may_not_be_replaced_afterwards() {
        let mut check = StateMachineSafety::default();
        assert_eq!(see(&mut check, 0, 0, &committed(2, node(&[1, 1])), &[]), Ok(()));
        assert!(see(&mut check, 0, 0, &committed(2, node(&[1, 3])), &[]).is_err());
    }

    #[test]
    fn a_new_leader_has_what_was_committed_in_earlier_terms() {
        let mut check = LeaderCompleteness::default();
        assert_eq!(see(&mut check, 0, 0, &committed(2, leader(1, &[1, 1, 1])), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &leader(2, &[1, 1, 2]), &[]), Ok(()), "the third was not");
        let error = see(&mut check, 2, 0, &leader(3, &[1]), &[]).expect_err("too short");
        let expected = "n2 leads term 3 with a log that ends with 1/1 and lacks some of the 2 \
                        entries committed in earlier terms";
        assert_eq!(error, expected);
        assert!(see(&mut check, 0, 1, &leader(4, &[1, 2, 2]), &[]).is_err(), "another second one");
    }

    #[test]
    fn a_leader_elected_late_need_not_have_what_a_later_term_committed() {
        let mut check = LeaderCompleteness::default();
        let later = committed(2, in_term(6, leader(6, &[4, 6])));
        assert_eq!(see(&mut check, 0, 0, &committed(1, leader(4, &[4])), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &later, &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &leader(5, &[4, 5]), &[]), Ok(()));
        assert!(see(&mut check, 2, 0, &leader(5, &[]), &[]).is_err(), "it lacks that of term 4");
    }

    #[test]
    fn the_commit_index_and_the_term_go_one_way() {
        let mut check = CommitMonotone::default();
        assert_eq!(see(&mut check, 0, 0, &committed(2, node(&[1, 2])), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 1, &node(&[1, 2]), &[]), Ok(()), "forgotten in a crash");
        assert_eq!(see(&mut check, 0, 1, &committed(1, node(&[1, 2])), &[]), Ok(()));
        let back = see(&mut check, 0, 1, &node(&[1, 2]), &[]).expect_err("commit");
        assert_eq!(back, "n0 went back from commit index 1 to 0");
        let back = see(&mut check, 0, 2, &node(&[1]), &[]).expect_err("term");
        assert_eq!(back, "n0 went back from term 2 to term 1");
        let beyond = see(&mut check, 1, 0, &committed(2, node(&[1])), &[]).expect_err("beyond");
        assert_eq!(beyond, "n1 has committed entry 2, and its log ends with 1");
    }

    #[test]
    fn an_answer_comes_after_the_commitment() {
        let mut check = AcknowledgedIsCommitted::default();
        let one = committed(1, with(1, &[1, 2]));
        assert_eq!(see(&mut check, 0, 0, &with(1, &[1]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &one, &[reply(1)]), Ok(()), "in the same step");
        assert_eq!(see(&mut check, 1, 0, &with(1, &[1]), &[reply(1)]), Ok(()), "known elsewhere");
        let error = see(&mut check, 0, 0, &one, &[reply(2)]).expect_err("too early");
        assert_eq!(error, "n0 answered c1#2, which is not committed");
    }

    #[test]
    fn an_answer_out_of_a_step_that_was_cut_is_judged_by_the_next_term() {
        for (kept, verdict) in [(true, true), (false, false)] {
            let mut check = AcknowledgedIsCommitted::default();
            assert_eq!(see(&mut check, 0, 0, &with(1, &[1]), &[]), Ok(()));
            assert_eq!(see_cut(&mut check, 0, &[reply(1)]), Ok(()), "perhaps committed just now");
            let mut next = with(1, if kept { &[1] } else { &[] });
            next.log.append(asked(2, 2));
            let next = committed(next.log.last().index.0, in_term(2, next));
            let judged = see(&mut check, 1, 0, &next, &[]);
            assert_eq!(judged.is_ok(), verdict, "{judged:?}");
        }
    }
}
