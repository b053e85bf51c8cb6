//! Log replication (Raft §5.3) and when an entry is committed (§5.4.2).

use sim_core::Context;
use sim_core::id::NodeId;

use super::log::{Batch, Entry, EntryId, Index, Term};
use super::members::Members;
use super::wire::{Message, Timer};
use super::{Raft, Role};
use crate::machine::Machine;

/// What a leader knows, from its election on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Leadership {
    /// How far each member is, this node among them: a row for each identity up to the last member's.
    nodes: Vec<Progress>,
    /// The latest request that each client put to this leader: whom it will answer.
    pub(super) asked: Vec<u32>,
}

/// How far a follower is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Progress {
    /// The next entry to send.
    next: Index,
    /// The last entry that it is known to have on disk.
    matched: Index,
}

impl Leadership {
    /// A new leader takes every log to be as long as its own, and knows of no match.
    pub(super) fn new(members: &Members, last: Index) -> Self {
        let progress = Progress { next: last.next(), matched: Index(0) };
        Self { nodes: vec![progress; members.rows()], asked: Vec::new() }
    }

    /// There are other members. Of those who were none before, nothing is known.
    pub(super) fn admit(&mut self, members: &Members, last: Index) {
        if self.nodes.len() < members.rows() {
            let progress = Progress { next: last.next(), matched: Index(0) };
            self.nodes.resize(members.rows(), progress);
        }
    }

    /// The last entry that a member is known to have.
    pub(super) fn matched(&self, member: NodeId) -> Index {
        self.nodes.get(member.index()).map_or(Index(0), |progress| progress.matched)
    }
}

/// The leader's side: entries go out.
impl<M: Machine> Raft<M> {
    /// Lets everybody hear of their leader, with whatever they lack.
    pub(super) fn beat(&mut self, cx: &mut Context<Self>) {
        self.press_change(cx);
        self.replicate(cx);
        self.renew_round(cx);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat);
    }

    /// Sends each follower what it lacks. Those that are equally far get one message.
    pub(super) fn replicate(&mut self, cx: &mut Context<Self>) {
        let Role::Leader(Leadership { nodes, .. }) = &self.role else { return };
        let others = self.members.others(self.me);
        let mut followers = others.iter().map(|other| nodes[other.index()].next);
        let Some(next) = followers.next() else { return };
        if followers.all(|other| other == next) {
            self.tell_members(cx, self.append_entries(next));
        } else {
            for other in others.iter() {
                cx.send(other, self.append_entries(nodes[other.index()].next));
            }
        }
    }

    fn append_entries(&self, next: Index) -> Message<M::Command> {
        let previous =
            self.log.id(next.previous()).expect("no follower is ahead of its leader's log");
        let entries = self.log.batch(next, self.config.max_batch.get());
        Message::AppendEntries { term: self.term, previous, entries, commit: self.commit }
    }
}

/// The follower's side: entries come in.
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
        if term < self.term {
            // Its sender was deposed, and learns it from the term of the answer (§5.1).
            let conflict = EntryId::default();
            return cx.send(leader, Message::Rejected { term: self.term, conflict });
        }
        if let Role::Leader(_) = self.role {
            // Two leaders of one term: to follow the other would destroy the evidence.
            return;
        }
        self.hear_leader(cx, leader);
        if !self.log.contains(previous) {
            self.flush(cx);
            let conflict = self.conflict_at(previous.index);
            return cx.send(leader, Message::Rejected { term, conflict });
        }
        self.merge(cx, previous.index, entries);
        self.flush(cx);
        let matched = previous.index.plus(entries.len());
        cx.send(leader, Message::Appended { term, matched });
        // Not further than the message reaches: what lies behind may be another leader's.
        self.commit_up_to(cx, commit.min(matched));
    }

    /// Takes over entries that follow a position. What contradicts them goes; what they leave out
    /// stays, for a message may be older than what came before it.
    fn merge(&mut self, cx: &mut Context<Self>, previous: Index, entries: &[Entry<M::Command>]) {
        let mut index = previous;
        for entry in entries {
            index = index.next();
            match self.log.entry(index) {
                Some(own) if own.term == entry.term => continue,
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

/// The leader's side: answers come in.
impl<M: Machine> Raft<M> {
    /// A follower has entries on its disk.
    pub(super) fn on_appended(
        &mut self,
        cx: &mut Context<Self>,
        follower: NodeId,
        term: Term,
        matched: Index,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.nodes.get_mut(follower.index()) else { return };
        // What is of an earlier term, or older than another answer, says nothing new.
        if term < self.term || matched <= progress.matched {
            return;
        }
        progress.matched = matched;
        progress.next = progress.next.max(matched.next());
        let next = progress.next;
        self.advance_commit(cx);
        self.press_change(cx);
        if next <= self.log.last().index {
            cx.send(follower, self.append_entries(next));
        } else if self.is_handing_over() {
            self.hand_over(cx);
        }
    }

    /// A follower lacks the entry before those that it was sent: goes back to where the two logs
    /// may still agree (end of §5.3).
    pub(super) fn on_rejected(
        &mut self,
        cx: &mut Context<Self>,
        follower: NodeId,
        term: Term,
        conflict: EntryId,
    ) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.nodes.get_mut(follower.index()) else { return };
        // Behind the last entry of the follower's term, if this log has that term; else before all
        // of them. Never before what is known to match: such an answer is an old one.
        let behind = self.log.first_of(conflict.term.next());
        let before = self.log.entry(behind.previous());
        let shared = before.is_some_and(|entry| entry.term == conflict.term);
        let next = if shared { behind } else { conflict.index }.max(progress.matched.next());
        if term < self.term || next >= progress.next {
            return;
        }
        if next.next() < progress.next {
            cx.reached("fast_backup");
        }
        progress.next = next;
        cx.send(follower, self.append_entries(next));
    }

    /// Commits what a majority has, if it is of the current term. An entry of an earlier term that
    /// a majority has may still be replaced (§5.4.2, Figure 8); it is committed with one that may
    /// not.
    pub(super) fn advance_commit(&mut self, cx: &mut Context<Self>) {
        let last = self.log.last().index;
        let Role::Leader(leadership) = &mut self.role else { return };
        if let Some(own) = leadership.nodes.get_mut(self.me.index()) {
            own.matched = last;
        }
        let reached = self.reached();
        let of_this_term = self.log.id(reached).is_some_and(|id| id.term == self.term);
        if reached <= self.commit || !of_this_term {
            return;
        }
        cx.reached("entry_committed");
        if self.log.entry(self.commit.next()).is_some_and(|first| first.term < self.term) {
            cx.reached("old_term_entry_committed");
        }
        self.commit_up_to(cx, reached);
        if self.change.is_some() || self.members.is_joint() {
            self.pursue_change(cx);
        }
        self.resign_if_removed(cx);
    }

    /// The last entry that a majority is known to have.
    fn reached(&self) -> Index {
        let Role::Leader(leadership) = &self.role else { return Index(0) };
        self.members.reached(|member| leadership.matched(member), |voters| self.majority(voters))
    }

    /// Everything up to here is committed: applies what is not yet applied.
    fn commit_up_to(&mut self, cx: &mut Context<Self>, commit: Index) {
        if commit > self.commit {
            self.commit = commit;
            self.apply_committed(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::testing::{asked, committed, cx, id, in_term, leader, node};
    use super::*;
    use crate::kv::{Command, Kv};

    fn append(term: u64, previous: EntryId, terms: &[u64], commit: u64) -> Message<Command> {
        let entries = terms.iter().map(|&term| asked(term, 1)).collect();
        Message::AppendEntries { term: Term(term), previous, entries, commit: Index(commit) }
    }

    fn appended(term: u64, matched: u64) -> Message<Command> {
        Message::Appended { term: Term(term), matched: Index(matched) }
    }

    fn rejected(term: u64, conflict: EntryId) -> Message<Command> {
        Message::Rejected { term: Term(term), conflict }
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
        assert_eq!(cx.effects()[1..], ["-> n1 Appended(term 3, match 2)"]);
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

    #[test]
    fn a_follower_that_lags_is_sent_more_at_once() {
        let mut node = leader(2, &[1, 2, 2]);
        node.config.max_batch = std::num::NonZeroUsize::MIN;
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), rejected(2, id(0, 1)));
        node.on_message(&mut cx, NodeId(1), appended(2, 1));
        node.on_message(&mut cx, NodeId(1), appended(2, 1));
        assert_eq!(
            cx.effects(),
            [
                "reached fast_backup",
                "-> n1 AppendEntries(term 2, prev 0/0, 1 entry, commit 0)",
                "-> n1 AppendEntries(term 2, prev 1/1, 1 entry, commit 0)",
            ],
            "an answer that comes twice is answered once"
        );
    }

    #[test]
    fn a_leader_goes_back_by_whole_terms_and_never_before_a_match() {
        let backed = |conflict| {
            let mut node = leader(5, &[1, 1, 3, 3, 5]);
            let mut cx = cx();
            node.on_message(&mut cx, NodeId(1), rejected(5, conflict));
            cx.take_effects().pop().map(|effect| format!("{effect:?}"))
        };
        let sent = |prev| Some(format!("-> n1 AppendEntries(term 5, prev {prev}, commit 0)"));
        assert_eq!(backed(id(0, 4)), sent("3/3, 2 entries"), "its log is that short");
        assert_eq!(backed(id(3, 3)), sent("3/4, 1 entry"), "behind the last of that term");
        assert_eq!(backed(id(2, 2)), sent("1/1, 4 entries"), "before all of a term unknown here");

        let mut node = leader(5, &[1, 1, 3, 3, 5]);
        node.on_message(&mut cx(), NodeId(1), appended(5, 5));
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), rejected(5, id(0, 2)));
        assert!(cx.effects().is_empty(), "an answer from before the match");
    }

    #[test]
    fn an_entry_of_an_earlier_term_is_committed_with_one_of_this_term_only() {
        let mut node = leader(4, &[1, 2, 4]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), appended(4, 2));
        assert_eq!(node.commit, Index(0), "a majority has it, and yet it may be replaced");
        node.on_message(&mut cx, NodeId(1), appended(4, 3));
        assert_eq!(node.commit, Index(3));
        let reached = ["reached entry_committed", "reached old_term_entry_committed"];
        assert_eq!(cx.effects(), reached);
    }

    #[test]
    fn answers_of_an_earlier_term_are_not_for_this_leader() {
        let mut node = leader(4, &[1, 4]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), appended(3, 2));
        node.on_message(&mut cx, NodeId(1), rejected(3, id(0, 1)));
        assert!(cx.effects().is_empty());
        assert_eq!(node, leader(4, &[1, 4]));
    }

    #[test]
    fn followers_that_are_equally_far_get_one_message() {
        let mut node = committed(1, leader(2, &[1, 2]));
        let beat = |node: &mut Raft<Kv>| {
            let mut cx = cx();
            node.on_timer(&mut cx, Timer::Heartbeat);
            cx.take_effects()
        };
        let same = ["-> * AppendEntries(term 2, prev 2/2, 0 entries, commit 1)", BEAT];
        assert_eq!(beat(&mut node), same);
        node.on_message(&mut cx(), NodeId(2), rejected(2, id(0, 2)));
        let different = [
            "-> n1 AppendEntries(term 2, prev 2/2, 0 entries, commit 1)",
            "-> n2 AppendEntries(term 2, prev 1/1, 1 entry, commit 1)",
            BEAT,
        ];
        assert_eq!(beat(&mut node), different);
    }

    const BEAT: &str = "timer Heartbeat in 50ms";
}
