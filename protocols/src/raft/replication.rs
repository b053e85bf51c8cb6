//! The leader's side of log replication (Raft §5.3), and when an entry is committed (§5.4.2).

use sim_core::Context;
use sim_core::id::NodeId;

use super::log::{Batch, EntryId, Index, Term};
use super::progress::{Leadership, Progress};
use super::wire::{Message, Timer};
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

/// The leader's side: entries go out.
impl<M: Machine> Raft<M> {
    /// Lets everybody hear of their leader, with whatever they lack. What was lost is sent again.
    pub(super) fn beat(&mut self, cx: &mut Context<Self>) {
        self.press_change(cx);
        if !self.send_to_all(cx) {
            for follower in self.members.others(self.me).iter() {
                if !self.feed(cx, follower) {
                    self.remind(cx, follower);
                }
            }
        }
        self.renew_round(cx);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat);
    }

    /// Sends each follower what it lacks.
    pub(super) fn replicate(&mut self, cx: &mut Context<Self>) {
        if !self.send_to_all(cx) {
            for follower in self.members.others(self.me).iter() {
                self.feed(cx, follower);
            }
        }
    }

    /// If all followers are equally far, sends them one message.
    fn send_to_all(&mut self, cx: &mut Context<Self>) -> bool {
        let Role::Leader(Leadership { nodes, .. }) = &self.role else { return true };
        let others = self.members.others(self.me);
        let mut followers = others.iter().map(|other| &nodes[other.index()]);
        let Some(first) = followers.next() else { return true };
        let (next, window) = (first.next, self.config.pipeline);
        let alike = first.is_open(window)
            && followers.all(|other| other.next == next && other.is_open(window));
        let Some(previous) = self.log.id(next.previous()).filter(|_| alike) else { return false };
        let entries = self.log.batch(next, self.config.max_batch.get());
        let upto = previous.index.plus(entries.len());
        self.tell_members(cx, self.append_entries(previous, entries));
        if window.is_some() {
            others.iter().for_each(|follower| self.note_sent(cx, follower, upto));
        }
        true
    }

    /// Sends a follower entries that it lacks, if it may be sent more, and says whether it did.
    fn feed(&mut self, cx: &mut Context<Self>, follower: NodeId) -> bool {
        let mut fed = false;
        while let Some(progress) = self.progress(follower) {
            if progress.next > self.log.last().index {
                break;
            }
            if !progress.is_open(self.config.pipeline) {
                cx.reached("window_filled");
                break;
            }
            self.send_next(cx, follower, self.config.max_batch.get());
            fed = true;
            if self.config.pipeline.is_none() {
                // All that may be sent was sent, and nothing says so before it is answered.
                break;
            }
        }
        fed
    }

    /// Lets a follower hear of its leader that gets nothing new, and finds out what became of what
    /// it was sent.
    fn remind(&mut self, cx: &mut Context<Self>, follower: NodeId) {
        let Some(progress) = self.progress(follower) else { return };
        let most = if progress.is_streaming() { 0 } else { self.config.max_batch.get() };
        self.send_next(cx, follower, most);
    }

    /// Sends a follower the next entries, at most so many; if this log has discarded them, what they
    /// have left behind.
    fn send_next(&mut self, cx: &mut Context<Self>, follower: NodeId, most: usize) {
        let Some(Progress { next, .. }) = self.progress(follower) else { return };
        let next = *next;
        let Some(previous) = self.log.id(next.previous()) else {
            cx.reached("snapshot_sent");
            cx.send(follower, self.install_snapshot());
            let Some(progress) = self.progress_mut(follower) else { return };
            return progress.installs();
        };
        let entries = self.log.batch(next, most);
        let upto = previous.index.plus(entries.len());
        cx.send(follower, self.append_entries(previous, entries));
        if self.config.pipeline.is_some() {
            self.note_sent(cx, follower, upto);
        }
    }

    fn note_sent(&mut self, cx: &mut Context<Self>, follower: NodeId, upto: Index) {
        let Some(progress) = self.progress_mut(follower) else { return };
        if progress.is_streaming() && upto > progress.next {
            cx.reached("requests_batched");
        }
        progress.sent(upto);
    }

    fn append_entries(&self, previous: EntryId, entries: Batch<M::Command>) -> Message<M> {
        Message::AppendEntries { term: self.term, previous, entries, commit: self.commit }
    }

    fn progress(&self, follower: NodeId) -> Option<&Progress> {
        let Role::Leader(leadership) = &self.role else { return None };
        leadership.nodes.get(follower.index())
    }

    fn progress_mut(&mut self, follower: NodeId) -> Option<&mut Progress> {
        let Role::Leader(leadership) = &mut self.role else { return None };
        leadership.nodes.get_mut(follower.index())
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
        let pipelined = self.config.pipeline.is_some();
        let (base, last) = (self.log.base().index, self.log.last().index);
        let current = term == self.term;
        let Some(progress) = self.progress_mut(follower) else { return };
        let before = progress.matched;
        // What is of an earlier term, or older than another answer, says nothing new; the same again
        // says that a window is open.
        if !current || matched < before || (matched == before && !pipelined) {
            return;
        }
        progress.answered(matched, base, last, pipelined);
        // Who is no further than the commit index makes no majority beyond it.
        if matched > before.max(self.commit) {
            self.advance_commit(cx);
        }
        if matched > before {
            self.press_change(cx);
        }
        if !self.feed(cx, follower) && self.is_handing_over() {
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
        let Some(progress) = self.progress(follower) else { return };
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
        if progress.is_streaming() {
            cx.reached("stream_broken");
        }
        let Some(progress) = self.progress_mut(follower) else { return };
        progress.goes_back_to(next);
        self.send_next(cx, follower, self.config.max_batch.get());
    }

    /// Commits what a majority has, if it is of the current term. An entry of an earlier term that
    /// a majority has may still be replaced (§5.4.2, Figure 8); it is committed with one that may
    /// not.
    pub(super) fn advance_commit(&mut self, cx: &mut Context<Self>) {
        let durable = self.durable();
        let Role::Leader(leadership) = &mut self.role else { return };
        if let Some(own) = leadership.nodes.get_mut(self.me.index()) {
            own.matched = durable;
        }
        let Some(reached) = self.reached_beyond_commit() else { return };
        let of_this_term = self.log.id(reached).is_some_and(|id| id.term == self.term);
        if !of_this_term {
            cx.reached("old_term_counted");
            // Flawed: whoever has a later term in its log may still be elected, and replace it.
            if !self.makes(Flaw::CommitsOldTerms) {
                return;
            }
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

    /// The last entry that a majority is known to have, if it is not yet committed.
    fn reached_beyond_commit(&self) -> Option<Index> {
        let Role::Leader(leadership) = &self.role else { return None };
        let matched = |member| leadership.matched(member);
        self.members.reached_beyond(self.commit, matched, |voters| self.majority(voters))
    }

    /// Everything up to here is committed: applies what is not yet applied.
    pub(super) fn commit_up_to(&mut self, cx: &mut Context<Self>, commit: Index) {
        if commit > self.commit {
            self.commit = commit;
            self.apply_committed(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::testing::{committed, cx, flawed, id, leader};
    use super::*;
    use crate::kv::Kv;

    fn appended(term: u64, matched: u64) -> Message<Kv> {
        Message::Appended { term: Term(term), matched: Index(matched) }
    }

    fn rejected(term: u64, conflict: EntryId) -> Message<Kv> {
        Message::Rejected { term: Term(term), conflict }
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
                "reached old_term_counted",
                "-> n1 AppendEntries(term 2, prev 1/1, 1 entry, commit 0)",
            ],
            "an answer that comes twice is answered once"
        );
    }

    #[test]
    fn no_follower_is_taken_to_have_what_there_is_not() {
        let mut node = leader(3, &[1]);
        node.on_message(&mut cx(), NodeId(1), appended(3, 2));
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Heartbeat);
        assert_eq!(cx.effects()[0], "-> * AppendEntries(term 3, prev 1/1, 0 entries, commit 0)");
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
        assert_eq!(cx.take_effects()[..], ["reached old_term_counted"]);
        assert_eq!(node.commit, Index(0), "a majority has it, and yet it may be replaced");
        node.on_message(&mut cx, NodeId(1), appended(4, 3));
        assert_eq!(node.commit, Index(3));
        let reached = ["reached entry_committed", "reached old_term_entry_committed"];
        assert_eq!(cx.effects(), reached);
    }

    #[test]
    fn flawed_an_entry_of_an_earlier_term_is_committed_by_counting() {
        let mut node = flawed(Flaw::CommitsOldTerms, leader(4, &[1, 2, 4]));
        node.on_message(&mut cx(), NodeId(1), appended(4, 2));
        assert_eq!(node.commit, Index(2));
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
