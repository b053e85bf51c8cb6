//! Snapshots: what was applied takes the place of the entries that were (Raft §7, dissertation
//! chapter 5).

use std::fmt;
use std::rc::Rc;

use sim_core::Context;
use sim_core::id::NodeId;
use sim_core::time::Duration;

use super::log::{EntryId, Index, Log, Term};
use super::members::Members;
use super::session::Sessions;
use super::wire::{Message, Record, Timer};
use super::{Flaw, Raft};
use crate::machine::Machine;

/// What the entries up to one have left behind, and what stands for them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Snapshot<M: Machine> {
    /// The last entry that it takes in.
    last: EntryId,
    /// The digest of the log up to that entry. For those who compare logs from outside; no node
    /// decides by it.
    digest: u64,
    /// Who takes part from there on, and since which entry.
    members: (Index, Rc<Members>),
    machine: M,
    /// Else a request that was applied before would be applied once more when it is repeated
    /// (dissertation §6.3).
    sessions: Sessions<M::Output>,
}

impl<M: Machine> Snapshot<M> {
    /// The last entry that it takes in.
    #[must_use]
    pub const fn last(&self) -> EntryId {
        self.last
    }

    /// The machine, with everything applied up to that entry.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Who takes part from there on, and since which entry.
    #[must_use]
    pub const fn members(&self) -> &(Index, Rc<Members>) {
        &self.members
    }

    /// What the machine remembers of its clients.
    pub(super) const fn sessions(&self) -> &Sessions<M::Output> {
        &self.sessions
    }
}

impl<M: Machine> fmt::Debug for Snapshot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "snapshot up to {}", self.last)
    }
}

/// Everybody: a log that has become long is cut at its beginning.
impl<M: Machine> Raft<M> {
    /// Lets a snapshot be taken if enough was applied since the last one: in a step of its own, so
    /// that no answer waits for it.
    pub(super) fn plan_snapshot(&self, cx: &mut Context<Self>) {
        let Some(after) = self.config.snapshot_after else { return };
        let taken = self.snapshot.as_ref().map_or(Index(0), |snapshot| snapshot.last.index);
        if self.applied.0 - taken.0 >= after.get() {
            cx.set_timer(Timer::Snapshot, Duration::ZERO);
        }
    }

    /// Takes a snapshot. The log goes on behind the one *before* it, so that a follower that is only
    /// a little late gets entries.
    pub(super) fn take_snapshot(&mut self, cx: &mut Context<Self>) {
        // Flawed: what is in the log and not applied is in no snapshot.
        let upto = if self.makes(Flaw::SnapshotOfUnapplied) {
            self.log.last().index
        } else {
            self.applied
        };
        let (Some(last), Some(digest)) = (self.log.id(upto), self.log.digest_at(upto)) else {
            return;
        };
        // Flawed: who was answered before is a stranger again.
        let forgets = self.makes(Flaw::SnapshotWithoutSessions);
        let sessions = if forgets { Sessions::default() } else { self.sessions.clone() };
        let (members, machine) = (self.configurations.in_force(upto), self.machine.clone());
        let snapshot = Snapshot { last, digest, members, machine, sessions };
        cx.reached("snapshot_taken");
        if let Some(before) = self.snapshot.replace(Rc::new(snapshot)) {
            self.log.discard(before.last.index);
        }
        self.write_all(cx);
        self.flush(cx);
    }

    /// All that this node must not forget, in place of everything that is on its disk: the snapshot,
    /// term and vote, the entries.
    pub(super) fn write_all(&mut self, cx: &mut Context<Self>) {
        let mut records = Vec::new();
        if let Some(snapshot) = &self.snapshot {
            let base = self.log.base();
            let digest = self.log.digest_at(base.index).expect("a log knows where it begins");
            records.push(Record::Snapshot { snapshot: Rc::clone(snapshot), base, digest });
        }
        records.push(self.vote_record());
        let mut previous = self.log.base();
        for entry in self.log.entries_after(previous.index) {
            records.push(Record::Append { previous, entry: entry.clone() });
            previous = EntryId { term: entry.term, index: previous.index.next() };
        }
        cx.checkpoint(records);
        self.wrote_all();
    }

    /// Takes in the snapshot that an earlier process left, before anything else of it.
    pub(super) fn recall_snapshot(
        &mut self,
        snapshot: Rc<Snapshot<M>>,
        base: EntryId,
        digest: u64,
    ) {
        self.log = Log::behind(base, digest);
        self.adopt(snapshot);
    }

    /// Goes on from a snapshot.
    fn adopt(&mut self, snapshot: Rc<Snapshot<M>>) {
        let last = snapshot.last.index;
        self.configurations.begin_with(snapshot.members.clone(), last);
        self.obey_latest();
        self.commit = last;
        self.applied = last;
        self.machine = snapshot.machine.clone();
        self.sessions = snapshot.sessions.clone();
        self.snapshot = Some(snapshot);
    }
}

/// Leader and follower: one that is too far behind gets the snapshot.
impl<M: Machine> Raft<M> {
    /// What a follower gets that lacks entries which this log no longer has.
    pub(super) fn install_snapshot(&self) -> Message<M> {
        let snapshot = self.snapshot.as_ref().expect("what a log has discarded, a snapshot has");
        Message::InstallSnapshot { term: self.term, snapshot: Rc::clone(snapshot) }
    }

    /// Takes over a leader's snapshot, if it says anything new. Entries behind it stay, if the log
    /// has the last one that it takes in (§7).
    pub(super) fn on_install_snapshot(
        &mut self,
        cx: &mut Context<Self>,
        leader: NodeId,
        term: Term,
        snapshot: Rc<Snapshot<M>>,
    ) {
        if !self.follow(cx, leader, term) {
            return;
        }
        let last = snapshot.last;
        // Flawed: what was committed since, and perhaps acknowledged, is undone.
        if last.index <= self.commit && !self.makes(Flaw::LateSnapshotInstalled) {
            cx.reached("late_snapshot_ignored");
        } else {
            cx.reached("snapshot_installed");
            if self.log.contains(last) {
                self.log.discard(last.index);
            } else {
                self.note_truncated(Index(0));
                self.log = Log::behind(last, snapshot.digest);
            }
            self.adopt(snapshot);
            self.write_all(cx);
        }
        self.flush_all(cx);
        cx.send(leader, Message::Appended { term, matched: last.index });
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use sim_core::context::Effect;
    use sim_core::protocol::{Found, Protocol, Recovered};

    use super::super::Batch;
    use super::super::testing::{asked, cx, flawed, id, in_term, leader, node};
    use super::*;
    use crate::kv::Kv;

    /// A node of term 1 with so many requests in its log, of which some are applied.
    fn with(requests: u32, applied: u64) -> Raft<Kv> {
        let mut node = in_term(1, node(&[]));
        node.config.snapshot_after = NonZeroU64::new(2);
        for number in 1..=requests {
            node.log.append(asked(1, number));
        }
        node.commit = Index(applied);
        node.apply_committed(&mut cx());
        node
    }

    fn snapped(node: &mut Raft<Kv>) -> Vec<Effect<Raft<Kv>>> {
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Snapshot);
        cx.take_effects()
    }

    fn more(node: &mut Raft<Kv>, number: u32) {
        node.log.append(asked(1, number));
        node.commit = node.log.last().index;
        node.apply_committed(&mut cx());
    }

    /// What a node does with a snapshot that another one took.
    fn hears(node: &mut Raft<Kv>, from: &Raft<Kv>) -> Vec<String> {
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), from.install_snapshot());
        cx.effects()[1..].iter().map(|effect| format!("{effect:?}")).collect()
    }

    #[test]
    fn a_snapshot_is_taken_in_a_step_of_its_own_when_enough_was_applied() {
        let mut node = with(3, 1);
        let plans = |node: &mut Raft<Kv>, commit| {
            let mut cx = cx();
            node.commit = Index(commit);
            node.apply_committed(&mut cx);
            cx.effects().iter().any(|effect| format!("{effect:?}").starts_with("timer Snapshot"))
        };
        assert!(!plans(&mut node, 1));
        assert!(plans(&mut node, 2));
        assert_eq!(
            snapped(&mut node),
            [
                "reached snapshot_taken",
                "checkpoint [Snapshot(up to 1/2, log behind 0/0), Vote(term 1, for nobody), \
                 Append(1/1 c1#1 put x 1), Append(1/2 c1#2 put x 1), Append(1/3 c1#3 put x 1)]",
                "flush",
            ]
        );
        assert!(!plans(&mut node, 3), "not so soon");
    }

    #[test]
    fn entries_are_discarded_one_snapshot_later() {
        let mut node = with(2, 2);
        snapped(&mut node);
        assert_eq!(node.log.base(), id(0, 0));
        more(&mut node, 3);
        snapped(&mut node);
        assert_eq!((node.log.base(), node.log.last()), (id(1, 2), id(1, 3)));
    }

    #[test]
    fn a_node_goes_on_from_the_snapshot_that_it_finds() {
        let mut node = with(2, 2);
        snapped(&mut node);
        more(&mut node, 3);
        let effects = snapped(&mut node);
        let Effect::Checkpoint { records } = &effects[1] else { panic!("{effects:?}") };
        let mut again = in_term(0, super::super::testing::node(&[]));
        again.config = node.config.clone();
        again.restore(Recovered::new(records.iter().cloned().map(Found::Record).collect()));
        assert_eq!(again, node);
        let mut cx = cx();
        again.on_start(&mut cx);
        assert_eq!(cx.effects()[0], "reached restarted_from_snapshot");
    }

    /// A leader of term 1 that has discarded its first two entries.
    fn compacted() -> Raft<Kv> {
        let mut node = with(2, 2);
        snapped(&mut node);
        more(&mut node, 3);
        snapped(&mut node);
        Raft { role: leader(1, &[1, 1, 1]).role, ..node }
    }

    #[test]
    fn a_follower_that_lacks_what_was_discarded_gets_the_snapshot() {
        let mut node = compacted();
        let mut cx = cx();
        let rejects = |conflict| Message::Rejected { term: Term(1), conflict };
        node.on_message(&mut cx, NodeId(1), rejects(id(0, 3)));
        node.on_message(&mut cx, NodeId(1), rejects(id(0, 1)));
        let entries = "-> n1 AppendEntries(term 1, prev 1/2, 1 entry, commit 3)";
        let snapshot = "-> n1 InstallSnapshot(term 1, up to 1/3)";
        let sent = [entries, "reached fast_backup", "reached snapshot_sent", snapshot];
        assert_eq!(cx.effects(), sent);
        cx.take_effects();
        node.on_timer(&mut cx, Timer::Heartbeat);
        assert!(cx.effects().iter().any(|effect| *effect == snapshot), "until it is answered");
        let matched = Index(3);
        node.on_message(&mut cx, NodeId(1), Message::Appended { term: Term(1), matched });
        cx.take_effects();
        node.on_timer(&mut cx, Timer::Heartbeat);
        let beat = "-> * AppendEntries(term 1, prev 1/3, 0 entries, commit 3)";
        assert_eq!(cx.effects()[0], beat);
    }

    #[test]
    fn a_follower_keeps_what_follows_the_snapshot_and_nothing_that_contradicts_it() {
        let from = compacted();
        let mut same = with(4, 1);
        assert_eq!(
            hears(&mut same, &from),
            [
                "reached snapshot_installed",
                "checkpoint [Snapshot(up to 1/3, log behind 1/3), Vote(term 1, for nobody), \
                 Append(1/4 c1#4 put x 1)]",
                "flush",
                "-> n1 Appended(term 1, match 3)",
            ]
        );
        assert_eq!(
            (same.commit, same.applied, same.machine()),
            (Index(3), Index(3), from.machine())
        );
        assert_eq!(same.log.last(), id(1, 4));

        let mut other = in_term(1, node(&[0, 0, 0, 0]));
        hears(&mut other, &from);
        assert_eq!((other.log.base(), other.log.last()), (id(1, 3), id(1, 3)));
        assert_eq!(other.log.digest(), from.log.digest());
    }

    #[test]
    fn a_snapshot_that_comes_late_changes_nothing() {
        let from = compacted();
        let mut ahead = with(4, 4);
        let answer = ["reached late_snapshot_ignored", "-> n1 Appended(term 1, match 3)"];
        assert_eq!(hears(&mut ahead, &from), answer);
        assert_eq!(ahead.commit, Index(4));
        let mut ahead = flawed(Flaw::LateSnapshotInstalled, with(4, 4));
        hears(&mut ahead, &from);
        assert_eq!(ahead.commit, Index(3));
    }

    #[test]
    fn entries_that_the_snapshot_has_are_not_taken_again() {
        let mut node = with(0, 0);
        hears(&mut node, &compacted());
        let entries: Batch<_> = (2..=4).map(|number| asked(1, number)).collect();
        let (previous, commit) = (id(1, 1), Index(3));
        let message = Message::AppendEntries { term: Term(1), previous, entries, commit };
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), message);
        let one = ["write Append(1/4 c1#4 put x 1)", "flush", "-> n1 Appended(term 1, match 4)"];
        assert_eq!(cx.effects()[1..], one);
    }

    #[test]
    fn flawed_a_snapshot_claims_what_it_does_not_hold() {
        let mut node = flawed(Flaw::SnapshotOfUnapplied, with(3, 2));
        snapped(&mut node);
        assert_eq!(node.snapshot().expect("it took one").last(), id(1, 3));
        let mut node = flawed(Flaw::SnapshotWithoutSessions, with(3, 2));
        snapped(&mut node);
        assert_eq!(*node.snapshot().expect("it took one").sessions(), Sessions::default());
    }
}
