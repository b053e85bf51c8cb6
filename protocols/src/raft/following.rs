//! The follower's side of log replication: entries come in (Raft §5.3).

use sim_core::Context;
use sim_core::id::NodeId;

use super::log::{Batch, Entry, EntryId, Index, Term};
use super::wire::Message;
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

impl<M: Machine> Raft<M> {
    /// Makes the log equal to the leader's up to the last of the entries, if it holds the one that
    /// they follow.
    pub(super) fn on_append_entries(
        &mut self,
        cx: &mut Context<Self>,
        leader: NodeId,
        term: Term,
        previous: EntryId,
        entries: &Batch<M::Command>,
        commit: Index,
    ) {
        if !self.follow(cx, leader, term) {
            return;
        }
        // Flawed: what follows an entry that is not there is put in the wrong place.
        if !self.agrees_at(previous) && !self.makes(Flaw::NoPreviousCheck) {
            self.flush(cx);
            let conflict = self.conflict_at(previous.index);
            return cx.send(leader, Message::Rejected { term, conflict });
        }
        self.merge(cx, previous.index, entries);
        let matched = previous.index.plus(entries.len());
        if matched < self.commit {
            cx.reached("late_append");
        }
        let tail = self.log.last();
        if matched < tail.index && tail.term < term {
            cx.reached("foreign_tail");
        }
        // Flawed: a crash takes what it says that it has.
        if !self.makes(Flaw::UnsyncedTail) {
            self.flush_all(cx);
        }
        // Flawed: what lies behind may be another leader's, and is counted as this one's.
        let told =
            if self.makes(Flaw::ReplyWithLogLength) { self.log.last().index } else { matched };
        cx.send(leader, Message::Appended { term, matched: told });
        // Not further than the message reaches: what lies behind may be another leader's.
        let mut known = commit.min(matched);
        let own = commit.min(self.log.last().index);
        if own > known {
            cx.reached("commit_beyond_message");
            // Flawed: this log is as long, and nobody has said that it is the leader's.
            if self.makes(Flaw::CommitsOwnTail) {
                known = own;
            }
        }
        self.commit_up_to(cx, known);
    }

    /// Whoever speaks as the leader of a term is followed in it; says whether this one may be.
    pub(super) fn follow(&mut self, cx: &mut Context<Self>, leader: NodeId, term: Term) -> bool {
        if term < self.term {
            // It was deposed, and learns it from the term of the answer (§5.1).
            let conflict = EntryId::default();
            cx.send(leader, Message::Rejected { term: self.term, conflict });
            return false;
        }
        if let Role::Leader(_) = self.role {
            // Two leaders of one term: to follow the other would destroy the evidence.
            return false;
        }
        self.hear_leader(cx, leader);
        true
    }

    /// Whether this log agrees with a leader's that holds an entry, up to that entry. What this one
    /// has discarded was committed, so that every leader has it (§5.4.3).
    fn agrees_at(&self, previous: EntryId) -> bool {
        previous.index < self.log.base().index || self.log.contains(previous)
    }

    /// Takes over entries that follow a position. What contradicts them goes; what they leave out
    /// stays, for a message may be older than what came before it.
    fn merge(&mut self, cx: &mut Context<Self>, previous: Index, entries: &[Entry<M::Command>]) {
        if self.makes(Flaw::TruncateAlways) && self.log.last().index > previous {
            // Flawed: a message that comes late takes away what this node said that it has.
            self.truncate(cx, previous.next());
        }
        let mut index = previous;
        for entry in entries {
            index = index.next();
            if index <= self.log.base().index {
                continue;
            }
            match self.log.entry(index) {
                Some(own) if own.term == entry.term => continue,
                // Flawed: what a deposed leader left in the log stays in it.
                Some(_) if self.makes(Flaw::NeverTruncate) => continue,
                Some(_) => {
                    cx.reached("log_truncated");
                    self.truncate(cx, index);
                }
                None => {}
            }
            self.append(cx, entry.clone());
        }
    }

    /// Where this log parts from that of a leader that holds another entry at a position, or one
    /// where it has none: the term in that place, and the first entry of that term.
    fn conflict_at(&self, index: Index) -> EntryId {
        match self.log.entry(index) {
            Some(own) => EntryId { term: own.term, index: self.log.first_of(own.term) },
            None => EntryId { term: Term(0), index: self.log.last().index.next() },
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::Index;
    use super::super::testing::{asked, cx, flawed, id, in_term, leader, node};
    use super::*;
    use crate::kv::Kv;

    fn append(term: u64, previous: EntryId, terms: &[u64], commit: u64) -> Message<Kv> {
        let entries = terms.iter().map(|&term| asked(term, 1)).collect();
        Message::AppendEntries { term: Term(term), previous, entries, commit: Index(commit) }
    }

    #[test]
    fn entries_are_durable_before_the_follower_says_so() {
        let mut node = node(&[1]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), append(2, id(1, 1), &[1, 2], 0));
        assert_eq!(
            cx.effects(),
            [
                "timer Election in 150ms..300ms",
                "write Vote(term 2, for nobody)",
                "write Append(1/2 c1#1 put x 1)",
                "write Append(2/3 c1#1 put x 1)",
                "flush",
                "-> n1 Appended(term 2, match 3)",
            ]
        );
    }

    #[test]
    fn a_follower_gives_up_what_contradicts_its_leader_and_nothing_else() {
        let mut node = in_term(3, node(&[1, 1, 2, 2]));
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), append(3, id(1, 1), &[1], 0));
        assert_eq!(cx.effects()[1..], ["reached foreign_tail", "-> n1 Appended(term 3, match 2)"]);
        cx.take_effects();
        node.on_message(&mut cx, NodeId(1), append(3, id(1, 1), &[1, 3], 0));
        assert_eq!(
            cx.effects()[1..],
            [
                "reached log_truncated",
                "write Truncate(from 3)",
                "write Append(3/3 c1#1 put x 1)",
                "flush",
                "-> n1 Appended(term 3, match 3)",
            ]
        );
    }

    #[test]
    fn a_follower_that_rejects_says_where_the_conflict_begins() {
        let mut node = in_term(4, node(&[1, 2, 2, 2]));
        for (previous, answer) in [
            (id(4, 9), "-> n1 Rejected(term 4, conflict 0/5)"),
            (id(3, 4), "-> n1 Rejected(term 4, conflict 2/2)"),
        ] {
            let mut cx = cx();
            node.on_message(&mut cx, NodeId(1), append(4, previous, &[4], 0));
            assert_eq!(cx.effects(), ["timer Election in 150ms..300ms", answer]);
        }
    }

    #[test]
    fn a_follower_commits_no_further_than_the_message_reaches() {
        let mut node = in_term(2, node(&[1, 1, 1]));
        node.on_message(&mut cx(), NodeId(1), append(2, id(1, 1), &[1], 9));
        assert_eq!(node.commit, Index(2));
        node.on_message(&mut cx(), NodeId(1), append(2, id(1, 1), &[], 1));
        assert_eq!(node.commit, Index(2), "an old message takes nothing back");
    }

    #[test]
    fn a_deposed_leader_learns_it_from_the_answer() {
        let mut node = in_term(3, node(&[1]));
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), append(2, id(1, 1), &[2], 0));
        assert_eq!(cx.effects(), ["-> n1 Rejected(term 3, conflict 0/0)"]);
    }

    #[test]
    fn a_leader_does_not_hide_another_one_of_its_term() {
        let mut node = leader(2, &[2]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), append(2, id(0, 0), &[2], 0));
        assert!(cx.effects().is_empty());
        assert_eq!(node.role(), "leader");
    }

    /// The entries of a node that leads by mistake or follows by one, after a message.
    fn left_by(flaw: Flaw, terms: &[u64], message: Message<Kv>) -> (Vec<u64>, String) {
        let mut node = flawed(flaw, in_term(3, node(terms)));
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), message);
        let terms = node.log.entries_after(Index(0)).map(|entry| entry.term.0).collect();
        (terms, cx.effects().last().map(|effect| format!("{effect:?}")).unwrap_or_default())
    }

    #[test]
    fn flawed_a_late_message_takes_entries_away() {
        let (left, _) = left_by(Flaw::TruncateAlways, &[1, 3, 3], append(3, id(1, 1), &[3], 0));
        assert_eq!(left, [1, 3]);
    }

    #[test]
    fn flawed_what_contradicts_the_leader_stays() {
        let (left, _) = left_by(Flaw::NeverTruncate, &[1, 2], append(3, id(1, 1), &[3, 3], 0));
        assert_eq!(left, [1, 2, 3]);
    }

    #[test]
    fn flawed_entries_are_put_behind_one_that_they_do_not_follow() {
        let (left, _) = left_by(Flaw::NoPreviousCheck, &[1, 2], append(3, id(3, 2), &[3], 0));
        assert_eq!(left, [1, 2, 3]);
    }

    #[test]
    fn flawed_what_lies_behind_a_message_is_committed() {
        let mut node = flawed(Flaw::CommitsOwnTail, in_term(2, node(&[1, 1, 1])));
        node.on_message(&mut cx(), NodeId(1), append(2, id(1, 1), &[1], 9));
        assert_eq!(node.commit, Index(3));
    }

    #[test]
    fn flawed_an_answer_counts_what_another_leader_left() {
        let (_, told) = left_by(Flaw::ReplyWithLogLength, &[1, 2], append(3, id(1, 1), &[], 0));
        assert_eq!(told, "-> n1 Appended(term 3, match 2)");
    }
}
