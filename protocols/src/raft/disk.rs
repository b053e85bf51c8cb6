//! Durability: what is on the disk when (Raft, Figure 2: "updated on stable storage before
//! responding to RPCs"), and the leader that does not wait for it (dissertation §10.2.1).

use serde::Deserialize;
use sim_core::Context;
use sim_core::protocol::{DiskDone, Tag};

use super::log::{Entry, Index};
use super::wire::Record;
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

/// What a leader does while its disk works: `config: { disk: parallel }`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disk {
    /// It waits, and sends entries once it has them on disk itself.
    #[default]
    Wait,
    /// It sends them at once, and counts itself among those who have them when its disk says so
    /// (dissertation §10.2.1). What comes in meanwhile goes to the disk together.
    Parallel,
}

/// The end of a leader's log that is still on its way to the disk.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub(super) struct Tail {
    /// Its first entry, if there is any.
    first: Option<Index>,
    /// The sync under way, and the last entry that it makes durable.
    syncing: Option<(Tag, Index)>,
    /// How many syncs there were.
    syncs: u64,
}

impl<M: Machine> Raft<M> {
    /// Adds an entry to the log, in memory and on its way to the disk.
    pub(super) fn append(&mut self, cx: &mut Context<Self>, entry: Entry<M::Command>) {
        self.write_vote(cx);
        let previous = self.log.last();
        cx.write(Record::Append { previous, entry: entry.clone() });
        self.unflushed = true;
        self.note_appended(previous.index.next(), &entry.action);
        self.log.append(entry);
    }

    /// Takes entries out of the log, in memory and on the disk.
    pub(super) fn truncate(&mut self, cx: &mut Context<Self>, from: Index) {
        self.write_vote(cx);
        cx.write(Record::Truncate { from });
        self.unflushed = true;
        self.log.truncate(from);
        if self.note_truncated(from) {
            cx.reached("change_undone");
        }
    }

    /// Hands term and vote to the disk if they changed. Before any entry of that term, so that what
    /// a crash leaves never has an entry of a term that it does not know.
    fn write_vote(&mut self, cx: &mut Context<Self>) {
        if std::mem::take(&mut self.vote_unwritten) {
            cx.write(self.vote_record());
            self.unflushed = true;
        }
    }

    pub(super) fn vote_record(&self) -> Record<M> {
        // Flawed: who forgets in a crash that it voted will vote again.
        let vote = if self.makes(Flaw::VoteNotDurable) { None } else { self.vote };
        Record::Vote { term: self.term, vote }
    }

    /// Everything was handed to the disk anew.
    pub(super) fn wrote_all(&mut self) {
        self.vote_unwritten = false;
        self.unflushed = true;
    }

    /// Waits until all is durable that this step changed. Comes before any message: what others
    /// were told must survive a crash.
    #[inline]
    pub(super) fn flush(&mut self, cx: &mut Context<Self>) {
        if self.vote_unwritten || self.unflushed {
            self.wait(cx);
        }
    }

    fn wait(&mut self, cx: &mut Context<Self>) {
        self.write_vote(cx);
        self.unflushed = false;
        cx.flush();
        // The barrier is one for everything that was written before it.
        self.tail.first = None;
        self.tail.syncing = None;
    }

    /// Waits until all is durable that this node has, also what it did not wait for as a leader: who
    /// says that it has an entry must not lose it.
    pub(super) fn flush_all(&mut self, cx: &mut Context<Self>) {
        self.unflushed |= self.tail.first.is_some();
        self.flush(cx);
    }

    /// A leader has one new entry: makes it durable, or sees to it that it will be.
    pub(super) fn save(&mut self, cx: &mut Context<Self>) {
        if self.config.disk == Disk::Wait {
            return self.flush(cx);
        }
        // Nothing but entries: term and vote are durable since the election.
        self.unflushed = false;
        let last = self.log.last().index;
        self.tail.first.get_or_insert(last);
        if self.tail.syncing.is_none() {
            self.sync(cx);
        }
    }

    /// What came in while the disk was busy goes to it together.
    fn sync_behind(&mut self, cx: &mut Context<Self>, upto: Index) {
        let last = self.log.last().index;
        if upto < last {
            if upto.next() < last {
                cx.reached("entries_synced_together");
            }
            self.tail.first = Some(upto.next());
            self.sync(cx);
        }
    }

    fn sync(&mut self, cx: &mut Context<Self>) {
        self.tail.syncs += 1;
        let tag = Tag(self.tail.syncs);
        self.tail.syncing = Some((tag, self.log.last().index));
        cx.sync(tag);
    }

    /// Up to where the log is known to be durable.
    pub(super) fn durable(&self) -> Index {
        // Flawed: counts itself among those who have what is only on its way to the disk.
        let counted = if self.makes(Flaw::LeaderCountsUnsynced) { None } else { self.tail.first };
        counted.map_or_else(|| self.log.last().index, Index::previous)
    }

    /// A sync came to its end.
    pub(super) fn on_synced(&mut self, cx: &mut Context<Self>, done: DiskDone) {
        match (done, self.tail.syncing) {
            (DiskDone::Failed(_), _) => self.write_again(cx),
            (DiskDone::Synced(tag), Some((awaited, upto))) if tag == awaited => {
                self.tail.syncing = None;
                self.tail.first = None;
                self.sync_behind(cx, upto);
            }
            // A barrier came before it.
            (DiskDone::Synced(_), _) => {}
        }
        if let Role::Leader(_) = self.role {
            self.advance_commit(cx);
        }
    }

    /// The disk has lost what it was given, and asking again does not bring it back (Rebello et al.
    /// 2020, *Can Applications Recover from fsync Failures?*): hands it everything anew, and crashes
    /// if it refuses that too (rule 3).
    fn write_again(&mut self, cx: &mut Context<Self>) {
        cx.reached("disk_lost_entries");
        self.write_all(cx);
        self.flush(cx);
    }

    /// Takes in one record of an earlier process.
    pub(super) fn recall(&mut self, record: Record<M>) {
        match record {
            Record::Snapshot { snapshot, base, digest } => {
                self.recall_snapshot(snapshot, base, digest);
            }
            Record::Vote { term, vote } => (self.term, self.vote) = (term, vote),
            Record::Truncate { from } => self.forget(from),
            Record::Append { previous, entry } => {
                // Else a crash lost a record before it: it was never flushed, so nobody counts on
                // it.
                if self.log.contains(previous) && entry.term <= self.term {
                    self.forget(previous.index.next());
                    self.note_appended(previous.index.next(), &entry.action);
                    self.log.append(entry);
                }
            }
        }
    }

    fn forget(&mut self, from: Index) {
        self.log.truncate(from);
        self.note_truncated(from);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::id::NodeId;
    use sim_core::protocol::{Found, Protocol, Recovered};

    use super::super::testing::{ASK, asked, cx, flawed, id, in_term, leader, node, request};
    use super::super::{Message, Term};
    use super::*;
    use crate::kv::Kv;

    fn parallel() -> Raft<Kv> {
        let mut node = leader(1, &[]);
        node.config.disk = Disk::Parallel;
        node
    }

    /// What a leader does when a client asks, for the how-manieth time.
    fn asks(node: &mut Raft<Kv>, number: u32) -> Vec<String> {
        let mut cx = cx();
        node.on_request(&mut cx, request(number), ASK);
        cx.effects().iter().map(|effect| format!("{effect:?}")).collect()
    }

    fn reports(node: &mut Raft<Kv>, done: DiskDone) -> Vec<String> {
        let mut cx = cx();
        node.on_disk(&mut cx, done);
        cx.effects().iter().map(|effect| format!("{effect:?}")).collect()
    }

    fn appended(node: &mut Raft<Kv>, from: u32, matched: u64) {
        let message = Message::Appended { term: Term(1), matched: Index(matched) };
        node.on_message(&mut cx(), NodeId(from), message);
    }

    #[test]
    fn a_leader_sends_while_its_disk_works() {
        let mut node = parallel();
        assert_eq!(
            asks(&mut node, 1),
            [
                "write Append(1/1 c1#1 put x 1)",
                "sync 1",
                "-> * AppendEntries(term 1, prev 0/0, 1 entry, commit 0)",
            ]
        );
    }

    #[test]
    fn it_counts_itself_when_its_disk_says_so() {
        let mut node = parallel();
        asks(&mut node, 1);
        appended(&mut node, 1, 1);
        assert_eq!(node.commit, Index(0), "one of three");
        let told = reports(&mut node, DiskDone::Synced(Tag(1)));
        assert_eq!(told, ["reached entry_committed", "=> c1#1 done"]);

        let mut node = parallel();
        asks(&mut node, 1);
        appended(&mut node, 1, 1);
        appended(&mut node, 2, 1);
        assert_eq!(node.commit, Index(1), "the others are a majority too");

        let mut node = flawed(Flaw::LeaderCountsUnsynced, parallel());
        asks(&mut node, 1);
        appended(&mut node, 1, 1);
        assert_eq!(node.commit, Index(1));
    }

    #[test]
    fn what_comes_in_while_the_disk_is_busy_goes_to_it_together() {
        let mut node = parallel();
        for number in 1..=3 {
            node.log.append(asked(1, 0));
            node.save(&mut cx());
            assert_eq!((node.tail.syncs, node.durable()), (1, Index(0)), "entry {number}");
        }
        let told = reports(&mut node, DiskDone::Synced(Tag(1)));
        assert_eq!(told, ["reached entries_synced_together", "sync 2"]);
        assert_eq!(node.durable(), Index(1));
        assert!(reports(&mut node, DiskDone::Synced(Tag(2))).is_empty());
        assert_eq!(node.durable(), Index(3));
    }

    #[test]
    fn a_deposed_leader_waits_for_its_disk_before_it_says_what_it_has() {
        let mut node = parallel();
        asks(&mut node, 1);
        let entries = [asked(1, 1)].into_iter().collect();
        let (previous, commit) = (id(0, 0), Index(0));
        let message = Message::AppendEntries { term: Term(2), previous, entries, commit };
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), message);
        let last = cx.effects().len() - 3;
        assert_eq!(
            cx.effects()[last..],
            ["write Vote(term 2, for nobody)", "flush", "-> n1 Appended(term 2, match 1)"]
        );
        // In a term that it knew already there is nothing to write, and still something to wait for.
        let mut node = in_term(2, Raft { role: Role::Follower, ..parallel() });
        node.log.append(asked(1, 1));
        node.save(&mut cx);
        cx.take_effects();
        let (entries, commit) = ([asked(1, 1)].into_iter().collect(), Index(0));
        let message = Message::AppendEntries { term: Term(2), previous, entries, commit };
        node.on_message(&mut cx, NodeId(1), message);
        assert_eq!(cx.effects()[1..], ["flush", "-> n1 Appended(term 2, match 1)"]);
        assert!(reports(&mut node, DiskDone::Synced(Tag(1))).is_empty(), "an old report");
    }

    #[test]
    fn what_the_disk_lost_is_written_again() {
        let mut node = parallel();
        node.vote = Some(NodeId(0));
        asks(&mut node, 1);
        assert_eq!(
            reports(&mut node, DiskDone::Failed(Tag(1))),
            [
                "reached disk_lost_entries",
                "checkpoint [Vote(term 1, for n0), Append(1/1 c1#1 put x 1)]",
                "flush",
            ]
        );
        assert_eq!(node.durable(), Index(1), "behind the barrier");
    }

    #[test]
    fn flawed_an_answer_leaves_before_the_entries_are_durable() {
        let mut node = flawed(Flaw::UnsyncedTail, in_term(1, node(&[])));
        let (previous, commit) = (id(0, 0), Index(0));
        let entries = [asked(1, 1)].into_iter().collect();
        let message = Message::AppendEntries { term: Term(1), previous, entries, commit };
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), message);
        let answered = ["-> n1 Appended(term 1, match 1)", "flush"];
        assert_eq!(cx.effects()[2..], answered);
    }

    #[test]
    fn what_was_written_anew_is_found_again() {
        let mut node = parallel();
        asks(&mut node, 1);
        let mut cx = cx();
        node.write_all(&mut cx);
        let effects = cx.take_effects();
        let [sim_core::context::Effect::Checkpoint { records }] = &effects[..] else {
            panic!("{effects:?}")
        };
        let found = records.iter().cloned().map(Found::Record).collect();
        let mut again = super::super::testing::node(&[]);
        again.restore(Recovered::new(found));
        assert_eq!((again.term, again.vote, again.log), (node.term, node.vote, node.log));
    }
}
