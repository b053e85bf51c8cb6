//! The mistakes that Raft can be configured to make.
//!
//! Each is one line, at the line that it breaks; where that is, `self.makes(Flaw::…)` says. Here is
//! what each does wrong and who notices.

use serde::Deserialize;
use sim_core::subject;

/// A mistake to make: `config: { flaw: vote_not_durable }`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// A vote is not written to disk.
    VoteNotDurable,
    /// A leader answers a client before the entry is committed.
    AcknowledgedBeforeCommitted,
    /// A leader commits entries of earlier terms when it counts a majority that has them.
    CommitsOldTerms,
    /// A follower commits as far as its leader did and its own log reaches.
    CommitsOwnTail,
    /// A voter does not compare logs.
    NoUpToDateCheck,
    /// A candidate counts answers to its earlier requests.
    StaleVoteReply,
    /// In a cluster of even size, half of it counts as a majority.
    HalfQuorumOfEven,
    /// A voter compares the lengths of logs and not their last terms.
    UpToDateByLengthOnly,
    /// A candidate counts a vote again when the network copies it.
    DuplicateVotesCounted,
    /// A leader reads its own state without asking whether it still leads.
    NoReadIndex,
    /// A lease counts from when the answers came in.
    LeaseFromAnswer,
    /// A lease lasts as if all clocks ran equally fast.
    LeaseWithoutMargin,
    /// A leader changes the members before it has committed an entry of its own term.
    SingleServerWithoutOwnTermCommit,
    /// A leader goes from one set of voters to another at once, however different they are.
    NoJointConsensus,
    /// A follower cuts its log at every append, whether it contradicts the leader's or not.
    TruncateAlways,
    /// A follower keeps what contradicts its leader.
    NeverTruncate,
    /// A follower appends without looking at the entry before.
    NoPreviousCheck,
    /// A follower answers with the length of its log, not with how far it is known to match.
    ReplyWithLogLength,
    /// A follower answers before its entries are durable.
    UnsyncedTail,
    /// A leader that does not wait for its disk counts itself at once.
    LeaderCountsUnsynced,
    /// A snapshot takes in the whole log, applied or not.
    SnapshotOfUnapplied,
    /// A snapshot leaves the sessions out.
    SnapshotWithoutSessions,
    /// A snapshot that comes late is installed all the same.
    LateSnapshotInstalled,
}

/// What a scenario can name.
pub(super) const FLAWS: &[subject::Flaw] = &[
    subject::Flaw {
        name: "vote_not_durable",
        about: "a vote is not written to disk: who restarts may vote twice in a term",
        breaks: "one_vote_per_term",
        or_breaks: &[],
        trigger: "vote_remembered",
        scenario: "raft/lost_vote",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "acknowledged_before_committed",
        about: "a leader answers when it has an entry, before a majority has",
        breaks: "acknowledged_is_committed",
        or_breaks: &[],
        trigger: "entry_committed",
        scenario: "raft/leader_crashes",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "commits_old_terms",
        about: "a leader commits an entry of an earlier term by counting (Raft §5.4.2, Figure 8)",
        breaks: "leader_completeness",
        or_breaks: &[],
        trigger: "old_term_counted",
        scenario: "raft/hunted_leaders",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "commits_own_tail",
        about: "a follower commits what lies behind a message, which may be another leader's",
        breaks: "state_machine_safety",
        or_breaks: &[],
        trigger: "commit_beyond_message",
        scenario: "raft/left_behind",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "no_up_to_date_check",
        about: "a voter grants its vote whatever the candidate's log lacks (Raft §5.4.1)",
        breaks: "leader_completeness",
        or_breaks: &[],
        trigger: "vote_refused_log",
        scenario: "partition",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "stale_vote_reply",
        about: "a candidate counts votes that it was given in an earlier term",
        breaks: "one_leader_per_term",
        or_breaks: &["leader_completeness"],
        trigger: "stale_vote",
        scenario: "raft/slow_votes",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "half_quorum_of_even",
        about: "half of a cluster of even size counts as a majority of it",
        breaks: "one_leader_per_term",
        or_breaks: &["leader_completeness"],
        trigger: "half_voted",
        scenario: "raft/even_cluster",
        swarm: Some("raft/swarm_everything"),
    },
    subject::Flaw {
        name: "up_to_date_by_length_only",
        about: "a voter grants its vote to any log as long as its own, whatever its last term",
        breaks: "leader_completeness",
        or_breaks: &[],
        trigger: "vote_granted_shorter_log",
        scenario: "raft/split_twice",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "duplicate_votes_counted",
        about: "a candidate counts the copies that the network makes of a vote",
        breaks: "one_leader_per_term",
        or_breaks: &["leader_completeness"],
        trigger: "copied_vote",
        scenario: "raft/copied_votes",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "no_read_index",
        about: "a leader answers reads from its own state and asks nobody (dissertation §6.4)",
        breaks: "linearizable",
        or_breaks: &[],
        trigger: "read_confirmed",
        scenario: "raft/stale_leader_reads",
        swarm: Some("raft/swarm_everything"),
    },
    subject::Flaw {
        name: "lease_from_answer",
        about: "a lease counts from when it was confirmed, not from when it was asked for",
        breaks: "linearizable",
        or_breaks: &[],
        trigger: "read_by_lease",
        scenario: "raft/lease_reads",
        swarm: Some("raft/swarm_everything"),
    },
    subject::Flaw {
        name: "lease_without_margin",
        about: "a lease lasts as long as if no clock ran faster than another (dissertation §6.4.1)",
        breaks: "lease_is_exclusive",
        or_breaks: &[],
        trigger: "lease_margin_kept",
        scenario: "raft/fast_clocks",
        swarm: Some("raft/swarm_everything"),
    },
    subject::Flaw {
        name: "single_server_without_own_term_commit",
        about: "a leader changes the members before it committed anything in its term (2015)",
        breaks: "leader_completeness",
        or_breaks: &[],
        trigger: "change_held_back",
        scenario: "raft/two_changes",
        swarm: Some("raft/swarm_everything"),
    },
    subject::Flaw {
        name: "no_joint_consensus",
        about: "several voters are replaced at once: old and new majorities share nobody (Raft §6)",
        breaks: "one_leader_per_term",
        or_breaks: &["leader_completeness"],
        trigger: "joint_entered",
        scenario: "raft/all_replaced",
        swarm: None,
    },
    subject::Flaw {
        name: "truncate_always",
        about: "a follower cuts its log at every append, so a late one takes entries away",
        breaks: "commit_monotone",
        or_breaks: &["leader_completeness"],
        trigger: "late_append",
        scenario: "raft/lossy",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "never_truncate",
        about: "a follower keeps what contradicts its leader, and appends behind it",
        breaks: "log_matching",
        or_breaks: &["same_log"],
        trigger: "log_truncated",
        scenario: "partition",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "no_previous_check",
        about: "a follower does not look whether it has the entry before the new ones (Raft §5.3)",
        breaks: "state_machine_safety",
        or_breaks: &["log_matching", "leader_completeness"],
        trigger: "Rejected",
        scenario: "partition",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "reply_with_log_length",
        about: "a follower answers with the length of its log, beyond what is known to match",
        breaks: "leader_completeness",
        or_breaks: &["state_machine_safety", "same_log"],
        trigger: "foreign_tail",
        scenario: "raft/without_noop",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "unsynced_tail",
        about: "a follower says that it has entries before they are on its disk",
        breaks: "leader_completeness",
        or_breaks: &["same_log"],
        trigger: "entry_committed",
        scenario: "raft/slow_disk",
        swarm: Some("raft/swarm"),
    },
    subject::Flaw {
        name: "leader_counts_unsynced",
        about: "a leader counts itself among those who have an entry before its disk says so",
        breaks: "leader_completeness",
        or_breaks: &["acknowledged_is_committed", "state_machine_safety"],
        trigger: "entries_synced_together",
        scenario: "raft/slow_disk",
        swarm: None,
    },
    subject::Flaw {
        name: "snapshot_of_unapplied",
        about: "a snapshot is taken for the whole log, and what is not yet applied is in none",
        breaks: "snapshot_is_the_prefix",
        or_breaks: &[],
        trigger: "snapshot_taken",
        scenario: "raft/snapshot_to_a_laggard",
        swarm: None,
    },
    subject::Flaw {
        name: "snapshot_without_sessions",
        about: "a snapshot leaves the sessions out: a retry is applied once more",
        breaks: "snapshot_is_the_prefix",
        or_breaks: &[],
        trigger: "snapshot_taken",
        scenario: "raft/snapshot_to_a_laggard",
        swarm: None,
    },
    subject::Flaw {
        name: "late_snapshot_installed",
        about: "a snapshot that comes late undoes what was committed since",
        breaks: "commit_monotone",
        or_breaks: &[],
        trigger: "late_snapshot_ignored",
        scenario: "raft/snapshot_to_a_laggard",
        swarm: None,
    },
];

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn every_flaw_that_is_listed_can_be_configured() {
        for flaw in FLAWS {
            let name: StrDeserializer<'_, Error> = flaw.name.into_deserializer();
            assert!(Flaw::deserialize(name).is_ok(), "{}", flaw.name);
        }
    }
}
