//! Raft under its name, replicating a key-value store.

use sim_core::client::OneReply;
use sim_core::history::Reading;
use sim_core::id::{NodeId, RequestId};
use sim_core::protocol::Cluster;
use sim_core::rng::Draw;
use sim_core::subject::{self, AskedOf, Point, Property, Scope, Subject, TaskOf, ToldOf};

use super::flaw::FLAWS;
use super::request::{self, Reply, Store};
use super::wire::{MESSAGES, TIMERS};
use super::{
    AcknowledgedIsCommitted, CommitMonotone, Config, LeaderAppendOnly, LeaderCompleteness,
    LeaseIsExclusive, LogMatching, OneChangeAtATime, OneLeaderPerTerm, OneVotePerTerm, Raft,
    SameLog, SnapshotIsThePrefix, StableLeader, StateMachineSafety,
};
use crate::kv::{self, Kv};

/// A key-value store replicated by Raft.
#[derive(Clone, Copy, Debug)]
pub struct RaftKv;

impl Subject for RaftKv {
    type Protocol = Raft<Kv>;
    type Client = OneReply<Raft<Kv>>;

    const NAME: &'static str = "raft";
    const PROMISE: &'static str =
        "one log by an elected leader: what was answered stays, while a majority is up to go on";
    const MESSAGES: &'static [&'static str] = MESSAGES;
    const TIMERS: &'static [&'static str] = TIMERS;
    const ROLES: &'static [&'static str] = &["follower", "pre-candidate", "candidate", "leader"];
    const OPERATIONS: &'static [&'static str] = request::OPERATIONS;
    const USUAL_OPERATIONS: usize = kv::OPERATIONS.len();
    const POINTS: &'static [Point] = POINTS;
    const PROPERTIES: &'static [Property<Self>] = PROPERTIES;
    const FLAWS: &'static [subject::Flaw] = FLAWS;

    fn quorum(cluster: &Cluster<Config>) -> usize {
        cluster.len() / 2 + 1
    }

    fn task(operation: usize, scope: Scope, id: RequestId, draw: &mut Draw) -> TaskOf<Self> {
        request::task(operation, scope, id, draw)
    }

    fn parse_task(
        text: &str,
        node: &dyn Fn(&str) -> Option<NodeId>,
    ) -> Result<TaskOf<Self>, String> {
        request::parse(text, node)
    }

    fn parse_told(text: &str) -> Result<ToldOf<Self>, String> {
        kv::parse_output(text).map(Reply::Applied)
    }

    fn reading(asked: &AskedOf<Self>, told: Option<&ToldOf<Self>>) -> Option<Reading> {
        request::reading(asked, told)
    }
}

const POINTS: &[Point] = &[
    point("leader_elected", "a candidate got the votes of a majority"),
    point("split_vote", "an election timed out without a winner"),
    point("vote_refused_log", "a vote was refused because the candidate's log may lack something"),
    point(
        "vote_refused_longer_log",
        "the same, although the candidate's log was as long or longer",
    ),
    point(
        "vote_granted_shorter_log",
        "a vote was given to a candidate whose log is shorter, and ends in a later term",
    ),
    point("vote_remembered", "a vote was refused because of one that was given before a restart"),
    point("stale_vote", "a candidate got a vote that was given in an earlier term"),
    point("half_voted", "a candidate had just half of the votes of an even number"),
    point("copied_vote", "a candidate got a vote that it had already"),
    point("leader_deposed", "a leader heard of a later term"),
    point("log_truncated", "a follower gave up entries that its leader does not have"),
    point("late_append", "an append arrived whose end had been committed, and more, before"),
    point(
        "foreign_tail",
        "a follower's log went on behind an append with an earlier leader's entries",
    ),
    point("fast_backup", "a leader went back by more than one entry at once"),
    point("entry_committed", "a leader found a majority to have an entry of its term"),
    point("old_term_entry_committed", "an entry of an earlier term was committed with a later one"),
    point(
        "old_term_counted",
        "a majority had an entry of an earlier term, and it was not committed",
    ),
    point("commit_beyond_message", "a leader had committed more than its message was about"),
    point("restarted_with_vote", "a node came back that had voted in its term"),
    point("pre_vote_refused", "a node that asked around was told that it would lose"),
    point("lonely_leader_resigned", "a leader stepped down because no majority answered it"),
    point("candidate_disregarded", "a node that has a leader did not listen to a candidate"),
    point("transfer_began", "a leader was told to hand over to another node"),
    point("told_to_stand", "a node stood for election because its leader told it to"),
    point("transfer_aborted", "a leader that was to hand over went on after an election timeout"),
    point("members_changed", "the members are those that an administrator ordered"),
    point("learner_caught_up", "a learner had all that the log held less than a timeout before"),
    point("catch_up_abandoned", "a learner did not catch up in ten rounds"),
    point("change_held_back", "a leader waited with a change for an entry of its own term"),
    point("change_undone", "a configuration that was not committed was taken out of a log"),
    point("joint_entered", "a leader began to ask for two majorities"),
    point("joint_left", "a leader went on with the new majority alone"),
    point("removed_leader_resigned", "a leader stepped down because it is no voter any more"),
    point("read_confirmed", "a leader read its own state after a majority confirmed that it leads"),
    point("read_by_lease", "a leader read its own state while nobody else could be elected"),
    point("lease_margin_kept", "a lease was over only because a clock may be fast"),
    point("snapshot_taken", "a node took a snapshot"),
    point("snapshot_sent", "a leader had discarded what a follower lacked, and sent its snapshot"),
    point("snapshot_installed", "a follower took over its leader's snapshot"),
    point("late_snapshot_ignored", "a snapshot arrived that took in nothing new"),
    point("restarted_from_snapshot", "a node came back with a snapshot"),
    point("entries_synced_together", "several entries went to a leader's disk while it was busy"),
    point("disk_lost_entries", "a sync failed, and the node wrote everything anew"),
    point("requests_batched", "a pipelined message took several entries along"),
    point("window_filled", "entries had to wait until a follower answered"),
    point("stream_broken", "a follower lacked what a pipelined message followed"),
    point("session_answered", "a request that was applied before was answered from its session"),
];

const fn point(name: &'static str, about: &'static str) -> Point {
    Point { name, about }
}

const PROPERTIES: &[Property<RaftKv>] = &[
    Property::always::<OneLeaderPerTerm>("one_leader_per_term", "a term has at most one leader"),
    Property::always::<OneVotePerTerm>(
        "one_vote_per_term",
        "a node votes for at most one candidate a term",
    ),
    Property::always::<LeaderAppendOnly>(
        "leader_append_only",
        "a leader never rewrites its own log",
    ),
    Property::always::<LogMatching>("log_matching", "logs that share an entry share all before it"),
    Property::always::<LeaderCompleteness>(
        "leader_completeness",
        "a leader has every entry that was committed in an earlier term",
    ),
    Property::always::<StateMachineSafety>(
        "state_machine_safety",
        "no two nodes commit different entries at one position",
    ),
    Property::always::<CommitMonotone>("commit_monotone", "commit indexes and terms never go back"),
    Property::always::<AcknowledgedIsCommitted>(
        "acknowledged_is_committed",
        "a client is answered only when its command is committed",
    ),
    Property::always::<OneChangeAtATime>(
        "one_change_at_a_time",
        "a leader has at most one configuration in its log that is not committed",
    ),
    Property::always::<LeaseIsExclusive>(
        "lease_is_exclusive",
        "when a leader reads by its lease, no other has been elected after it",
    ),
    Property::always::<SnapshotIsThePrefix<Kv>>(
        "snapshot_is_the_prefix",
        "a snapshot is what the committed entries up to it leave behind",
    ),
    Property::of_the_history(
        "linearizable",
        "every operation takes effect at one instant between its request and its answer",
        kv::linearizable::<Store>,
    ),
    Property::eventually::<StableLeader>("stable_leader", "one leader, which stays"),
    Property::eventually::<SameLog>(
        "same_log",
        "all members that are up have the same log, equally committed",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_breaks_a_property_that_is_judged() {
        for flaw in RaftKv::FLAWS {
            let named = RaftKv::PROPERTIES.iter().any(|property| property.name == flaw.breaks);
            assert!(named, "{} breaks {}", flaw.name, flaw.breaks);
            let known =
                |name: &&str| RaftKv::PROPERTIES.iter().any(|property| property.name == *name);
            assert!(flaw.or_breaks.iter().all(known), "{}", flaw.name);
            let is_point = RaftKv::POINTS.iter().any(|point| point.name == flaw.trigger);
            assert!(is_point || MESSAGES.contains(&flaw.trigger), "{}", flaw.name);
        }
    }
}
