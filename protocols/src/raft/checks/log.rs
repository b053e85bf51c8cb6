//! Logs: a leader only adds to its own, and two logs with the same last entry are the same log.

use std::collections::BTreeMap;

use sim_core::check::{Invariant, Step};
use sim_core::id::{NodeId, Seat};

use super::Seen;
use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::{EntryId, Index, Log, Term};

/// `leader_append_only`: a leader never changes an entry of its own log nor takes one away (Raft
/// §5.3).
#[derive(Debug, Default)]
pub struct LeaderAppendOnly {
    led: Seen<Option<Led>>,
}

/// The log of a leader as it was seen last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Led {
    incarnation: u32,
    term: Term,
    last: Index,
    digest: u64,
}

impl<M: Machine> Invariant<Raft<M>> for LeaderAppendOnly {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        let now = Led::by(state, step.incarnation);
        if self.led.is_last(step.seat.index(), now) { Ok(()) } else { self.judge(step, state) }
    }
}

impl Led {
    #[inline]
    fn by<M: Machine>(node: &Raft<M>, incarnation: u32) -> Option<Self> {
        let (last, digest) = (node.log.last().index, node.log.digest());
        node.is_leader().then_some(Self { incarnation, term: node.term, last, digest })
    }
}

impl LeaderAppendOnly {
    #[inline(never)]
    fn judge<M: Machine>(
        &mut self,
        step: &Step<'_, Raft<M>>,
        state: &Raft<M>,
    ) -> Result<(), String> {
        let now = Led::by(state, step.incarnation);
        let before = self.led.note(step.seat.index(), now);
        let Some((before, now)) = before.zip(now) else { return Ok(()) };
        let still_leads = (before.term, before.incarnation) == (now.term, now.incarnation);
        if still_leads && state.log.digest_at(before.last) != Some(before.digest) {
            let (node, term, last) = (step.node, now.term, before.last);
            return Err(format!(
                "{node}, leader of term {term}, changed its log up to entry {last}"
            ));
        }
        Ok(())
    }
}

/// `log_matching`: if two logs hold an entry with the same index and term, they are identical up to
/// it (Raft §5.3).
///
/// Told by last entries alone: a leader's log ends with each of its entries once, when it makes it,
/// so every entry is on record, with the digest of all before it.
#[derive(Debug, Default)]
pub struct LogMatching {
    seen: Seen<u64>,
    /// For each position the term of the entry that was seen there first, and the digest up to it.
    first: Vec<Option<(Term, u64)>>,
    /// The same of entries of other terms at these positions.
    others: BTreeMap<EntryId, u64>,
}

impl<M: Machine> Invariant<Raft<M>> for LogMatching {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        let digest = state.log.digest();
        if self.seen.is_last(step.seat.index(), digest) {
            Ok(())
        } else {
            self.judge(step.seat, step.node, &state.log)
        }
    }
}

impl LogMatching {
    #[inline(never)]
    fn judge<C>(&mut self, seat: Seat, node: NodeId, log: &Log<C>) -> Result<(), String> {
        let (last, digest) = (log.last(), log.digest());
        self.seen.note(seat.index(), digest);
        if self.recorded(last, digest) == digest {
            Ok(())
        } else {
            Err(format!("{node}'s log ends with {last} as another did, and is not the same log"))
        }
    }

    /// The digest of the first log that ended with this entry. An empty one is like any other.
    fn recorded(&mut self, last: EntryId, digest: u64) -> u64 {
        let Some(row) = last.index.row() else { return digest };
        if self.first.len() <= row {
            self.first.resize(row + 1, None);
        }
        let (term, first) = *self.first[row].get_or_insert((last.term, digest));
        if term == last.term { first } else { *self.others.entry(last).or_insert(digest) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::see;
    use super::*;
    use crate::raft::testing::{asked, leader, node};

    #[test]
    fn a_leader_may_add_and_nothing_else() {
        let mut check = LeaderAppendOnly::default();
        assert_eq!(see(&mut check, 0, 0, &leader(2, &[1, 2]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &leader(2, &[1, 2, 2]), &[]), Ok(()));
        let error = see(&mut check, 0, 0, &leader(2, &[1, 1, 2, 2]), &[]).expect_err("rewritten");
        assert_eq!(error, "n0, leader of term 2, changed its log up to entry 3");
        assert!(see(&mut check, 0, 0, &leader(2, &[1]), &[]).is_err(), "cut short");
    }

    #[test]
    fn a_follower_may_lose_entries_and_lead_again() {
        let mut check = LeaderAppendOnly::default();
        assert_eq!(see(&mut check, 0, 0, &leader(2, &[1, 2]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &node(&[1, 3]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &leader(4, &[1, 3, 4]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 1, &leader(5, &[1]), &[]), Ok(()), "another life");
    }

    #[test]
    fn logs_that_end_alike_are_alike() {
        let mut check = LogMatching::default();
        assert_eq!(see(&mut check, 0, 0, &node(&[1, 1, 3]), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &node(&[1, 1]), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &node(&[1, 1, 2]), &[]), Ok(()), "not yet repaired");
        assert_eq!(see(&mut check, 1, 0, &node(&[1, 1, 3]), &[]), Ok(()));
        let error = see(&mut check, 2, 0, &node(&[1, 2, 3]), &[]).expect_err("different before");
        assert_eq!(error, "n2's log ends with 3/3 as another did, and is not the same log");
        assert!(see(&mut check, 2, 0, &node(&[2, 2, 2]), &[]).is_err(), "another 2/3");
    }

    #[test]
    fn one_entry_of_one_term_is_one_command() {
        let mut check = LogMatching::default();
        let with = |number| {
            let mut node = node(&[]);
            node.log.append(asked(1, number));
            node
        };
        assert_eq!(see(&mut check, 0, 0, &with(1), &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &with(1), &[]), Ok(()));
        assert!(see(&mut check, 2, 0, &with(2), &[]).is_err());
    }
}
