//! What nodes say to each other and what they write to their disks.

use std::fmt;
use std::rc::Rc;

use sim_core::id::NodeId;
use sim_core::protocol::Kind;

use super::log::{Batch, Entry, EntryId, Index, Term};
use super::snapshot::Snapshot;
use crate::machine::Machine;

/// A message between nodes. Who sends it is candidate, voter, leader or follower: the network does
/// not lie about senders (rule 9), so no message repeats it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message<M: Machine> {
    /// A candidate asks for a vote.
    RequestVote {
        /// The candidate's term.
        term: Term,
        /// The last entry of its log.
        last: EntryId,
        /// Whether it stands because its leader told it to (dissertation §3.10).
        told: bool,
    },
    /// The answer to that.
    Vote {
        /// The voter's term.
        term: Term,
        /// Whether the candidate has this voter's vote in that term.
        granted: bool,
    },
    /// A leader hands over entries, or only says that it is there.
    AppendEntries {
        /// The leader's term.
        term: Term,
        /// The entry that the new ones follow.
        previous: EntryId,
        /// The new ones.
        entries: Batch<M::Command>,
        /// How far the leader's log is committed.
        commit: Index,
    },
    /// The entries are on the follower's disk.
    Appended {
        /// The follower's term.
        term: Term,
        /// Up to where its log is now known to equal the leader's.
        matched: Index,
    },
    /// The follower lacks the entry that the new ones follow, or the sender is no longer the
    /// leader.
    Rejected {
        /// The follower's term.
        term: Term,
        /// The term that it has in that entry's place, and the first entry of that term; term 0 and
        /// the place behind its last entry, if its log is too short.
        conflict: EntryId,
    },
    /// A node asks whether it would get a vote in the next term (dissertation §9.6).
    PreVote {
        /// The term that it is in.
        term: Term,
        /// The last entry of its log.
        last: EntryId,
    },
    /// The answer to that.
    PreVoted {
        /// The voter's term.
        term: Term,
        /// Whether the node would have its vote in the next one.
        granted: bool,
    },
    /// A leader asks whether it still is one (dissertation §6.4).
    Confirm {
        /// The leader's term.
        term: Term,
        /// Which of its rounds this is.
        round: u64,
    },
    /// The answer to that: it is, if the term is still its own.
    Confirmed {
        /// The follower's term.
        term: Term,
        /// Which round it answers; none, 0, if it is one of an earlier term.
        round: u64,
    },
    /// A leader tells its successor to stand for election at once (dissertation §3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A leader hands over what the entries have left behind that it no longer has. The answer is
    /// `Appended`.
    InstallSnapshot {
        /// The leader's term.
        term: Term,
        /// What they have left behind.
        snapshot: Rc<Snapshot<M>>,
    },
}

/// The names of the messages, as [`Message::kind`] counts them.
pub(super) const MESSAGES: &[&str] = &[
    "RequestVote",
    "Vote",
    "AppendEntries",
    "Appended",
    "Rejected",
    "PreVote",
    "PreVoted",
    "Confirm",
    "Confirmed",
    "TimeoutNow",
    "InstallSnapshot",
];

/// A record on a node's disk.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Record<M: Machine> {
    /// The current term, and whom this node voted for in it.
    Vote {
        /// The term.
        term: Term,
        /// The candidate, if any.
        vote: Option<NodeId>,
    },
    /// From this position on the log is void.
    Truncate {
        /// The position.
        from: Index,
    },
    /// An entry of the log. It names the one that it follows, so that a tail of which a crash left
    /// pieces is not mistaken for a log.
    Append {
        /// The entry before it.
        previous: EntryId,
        /// The entry.
        entry: Entry<M::Command>,
    },
    /// What stands for the entries of which there is no record.
    Snapshot {
        /// What they have left behind.
        snapshot: Rc<Snapshot<M>>,
        /// The entry behind which the log begins. The snapshot may take in entries that are in the
        /// log as well.
        base: EntryId,
        /// The digest of the log up to there.
        digest: u64,
    },
}

/// The alarms of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// No leader was heard for too long, or an election led to nothing.
    Election,
    /// The followers must hear of their leader again.
    Heartbeat,
    /// A majority ought to have answered its leader.
    Quorum,
    /// The successor of a leader ought to have taken over.
    Transfer,
    /// Enough was applied to take a snapshot.
    Snapshot,
}

/// The names of the alarms, as they are printed.
pub(super) const TIMERS: &[&str] = &["Election", "Heartbeat", "Quorum", "Transfer", "Snapshot"];

impl<M: Machine> Message<M> {
    /// The sender's term: every message carries it (Raft §5.1).
    #[must_use]
    pub const fn term(&self) -> Term {
        match *self {
            Self::RequestVote { term, .. }
            | Self::Vote { term, .. }
            | Self::AppendEntries { term, .. }
            | Self::Appended { term, .. }
            | Self::Rejected { term, .. }
            | Self::PreVote { term, .. }
            | Self::PreVoted { term, .. }
            | Self::Confirm { term, .. }
            | Self::Confirmed { term, .. }
            | Self::TimeoutNow { term }
            | Self::InstallSnapshot { term, .. } => term,
        }
    }

    /// Which kind of message it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        Kind(match self {
            Self::RequestVote { .. } => 0,
            Self::Vote { .. } => 1,
            Self::AppendEntries { .. } => 2,
            Self::Appended { .. } => 3,
            Self::Rejected { .. } => 4,
            Self::PreVote { .. } => 5,
            Self::PreVoted { .. } => 6,
            Self::Confirm { .. } => 7,
            Self::Confirmed { .. } => 8,
            Self::TimeoutNow { .. } => 9,
            Self::InstallSnapshot { .. } => 10,
        })
    }
}

impl<M: Machine> fmt::Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestVote { term, last, told } => {
                let told = if *told { ", told to" } else { "" };
                write!(f, "RequestVote(term {term}, last {last}{told})")
            }
            Self::Vote { term, granted: true } => write!(f, "Vote(term {term}, granted)"),
            Self::Vote { term, granted: false } => write!(f, "Vote(term {term}, refused)"),
            Self::AppendEntries { term, previous, entries, commit } => {
                let count = entries.len();
                let noun = if count == 1 { "entry" } else { "entries" };
                write!(f, "AppendEntries(term {term}, prev {previous}, ")?;
                write!(f, "{count} {noun}, commit {commit})")
            }
            Self::Appended { term, matched } => write!(f, "Appended(term {term}, match {matched})"),
            Self::Rejected { term, conflict } => {
                write!(f, "Rejected(term {term}, conflict {conflict})")
            }
            Self::PreVote { term, last } => write!(f, "PreVote(term {term}, last {last})"),
            Self::PreVoted { term, granted: true } => write!(f, "PreVoted(term {term}, granted)"),
            Self::PreVoted { term, granted: false } => write!(f, "PreVoted(term {term}, refused)"),
            Self::Confirm { term, round } => write!(f, "Confirm(term {term}, round {round})"),
            Self::Confirmed { term, round } => write!(f, "Confirmed(term {term}, round {round})"),
            Self::TimeoutNow { term } => write!(f, "TimeoutNow(term {term})"),
            Self::InstallSnapshot { term, snapshot } => {
                write!(f, "InstallSnapshot(term {term}, up to {})", snapshot.last())
            }
        }
    }
}

impl<M: Machine> fmt::Debug for Record<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vote { term, vote: Some(candidate) } => {
                write!(f, "Vote(term {term}, for {candidate})")
            }
            Self::Vote { term, vote: None } => write!(f, "Vote(term {term}, for nobody)"),
            Self::Truncate { from } => write!(f, "Truncate(from {from})"),
            Self::Append { previous, entry } => {
                let id = EntryId { term: entry.term, index: previous.index.next() };
                write!(f, "Append({id} {:?})", entry.action)
            }
            Self::Snapshot { snapshot, base, .. } => {
                write!(f, "Snapshot(up to {}, log behind {base})", snapshot.last())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::id::{ClientId, RequestId};

    use super::*;
    use crate::kv::{Command, Key, Kv};
    use crate::raft::log::Action;

    #[test]
    fn a_message_is_no_larger_than_a_cache_line() {
        assert!(size_of::<Message<Kv>>() <= 64, "{}", size_of::<Message<Kv>>());
    }

    #[test]
    fn messages_and_records_print_as_on_a_whiteboard() {
        let id = |term, index| EntryId { term: Term(term), index: Index(index) };
        let request = RequestId { client: ClientId(0), number: 7 };
        let action = Action::Command { id: request, command: Command::Get { key: Key(0) } };
        let entry = Entry::new(Term(2), action);
        let messages: [Message<Kv>; 5] = [
            Message::RequestVote { term: Term(2), last: id(1, 5), told: false },
            Message::Vote { term: Term(2), granted: true },
            Message::AppendEntries {
                term: Term(2),
                previous: id(1, 5),
                entries: [entry.clone()].into_iter().collect(),
                commit: Index(4),
            },
            Message::Appended { term: Term(2), matched: Index(6) },
            Message::Rejected { term: Term(2), conflict: id(1, 3) },
        ];
        assert_eq!(
            messages.map(|message| format!("{message:?}")),
            [
                "RequestVote(term 2, last 1/5)",
                "Vote(term 2, granted)",
                "AppendEntries(term 2, prev 1/5, 1 entry, commit 4)",
                "Appended(term 2, match 6)",
                "Rejected(term 2, conflict 1/3)",
            ]
        );
        let record = Record::<Kv>::Append { previous: id(1, 5), entry };
        assert_eq!(format!("{record:?}"), "Append(2/6 c1#7 get x)");
        let snapshot = crate::raft::testing::snapshot_of(2);
        assert_eq!(format!("{snapshot:?}"), "InstallSnapshot(term 1, up to 1/2)");
    }

    #[test]
    fn every_timer_has_its_name() {
        let after = |timer| match timer {
            None => Some(Timer::Election),
            Some(Timer::Election) => Some(Timer::Heartbeat),
            Some(Timer::Heartbeat) => Some(Timer::Quorum),
            Some(Timer::Quorum) => Some(Timer::Transfer),
            Some(Timer::Transfer) => Some(Timer::Snapshot),
            Some(Timer::Snapshot) => None,
        };
        let timers = std::iter::successors(after(None), |&timer| after(Some(timer)));
        assert!(timers.map(|timer| format!("{timer:?}")).eq(TIMERS.iter().copied()));
    }

    #[test]
    fn every_kind_of_message_has_its_name() {
        let name = |message: Message<Kv>| {
            let Kind(kind) = message.kind();
            assert!(format!("{message:?}").starts_with(&format!("{}(", MESSAGES[kind as usize])));
        };
        let (term, last) = (Term(1), EntryId::default());
        name(Message::RequestVote { term, last, told: true });
        name(Message::Vote { term: Term(1), granted: false });
        let (previous, entries, commit) = (EntryId::default(), Batch::EMPTY, Index(0));
        name(Message::AppendEntries { term: Term(1), previous, entries, commit });
        name(Message::Appended { term: Term(1), matched: Index(0) });
        name(Message::Rejected { term: Term(1), conflict: EntryId::default() });
        name(Message::PreVote { term, last });
        name(Message::PreVoted { term, granted: true });
        name(Message::Confirm { term, round: 1 });
        name(Message::Confirmed { term, round: 1 });
        name(Message::TimeoutNow { term });
        name(crate::raft::testing::snapshot_of(2));
    }
}
