//! A node's constants.

use std::num::{NonZeroU64, NonZeroUsize};

use serde::Deserialize;
use sim_core::chance::Delay;
use sim_core::time::Duration;
use sim_core::units::Ppm;

use super::disk::Disk;
use super::flaw::Flaw;

/// A node's constants. The defaults are the paper's (Raft §9.3).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How often a leader lets its followers hear of it.
    pub heartbeat: Duration,
    /// How long a node waits for a leader, or for the end of an election: drawn anew each time, so
    /// that two candidates do not get in each other's way for ever (Raft §5.2).
    pub election_timeout: Delay,
    /// How many entries a message may carry.
    pub max_batch: NonZeroUsize,
    /// How many messages with entries may be under way to a follower that takes what it is sent
    /// (dissertation §10.2.2). Without it, each message carries everything that the follower has not
    /// yet answered for, however many are under way.
    pub pipeline: Option<NonZeroUsize>,
    /// What a leader does while its disk works (dissertation §10.2.1).
    pub disk: Disk,
    /// After how many applied entries a node takes a snapshot and discards the entries that the one
    /// before took in (Raft §7). Without it, logs grow for ever.
    pub snapshot_after: Option<NonZeroU64>,
    /// From which entry of its log on a new leader sends.
    pub resend: Resend,
    /// Whether a new leader begins with an entry that does nothing, and so commits those before it
    /// without waiting for a client (Raft §8).
    pub noop: bool,
    /// Whether a node asks around before it stands for election, and who has a leader hears no
    /// candidate (dissertation §9.6 and §4.2.3). Not in the paper.
    pub pre_vote: bool,
    /// How reads are answered.
    pub reads: Reads,
    /// How much faster or slower than true time any clock runs at most. Leases rely on it.
    pub clock_bound: Ppm,
    /// What the node is when the cluster begins. All nodes know it of all.
    pub standing: Standing,
    /// A mistake to make.
    pub flaw: Option<Flaw>,
}

/// How reads are answered (dissertation §6.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// By an entry in the log, like writes.
    Log,
    /// By the leader, once a majority has confirmed that it still is one.
    ReadIndex,
    /// By the leader, while a majority is bound to elect nobody else.
    Lease,
}

/// What a new leader sends of what its log holds already (Raft, Figure 2: `nextIndex`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resend {
    /// Nothing, until a follower says that it lacks something.
    Nothing,
    /// What it does not know to be committed.
    Uncommitted,
}

/// What a node is when the cluster begins (dissertation §4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A member with a vote.
    Voter,
    /// A member that is sent entries and has no vote.
    Learner,
    /// No member, until it is added.
    Outsider,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_millis(50),
            election_timeout: Delay::Uniform {
                from: Duration::from_millis(150),
                to: Duration::from_millis(300),
            },
            max_batch: const { NonZeroUsize::new(64).expect("64 is not zero") },
            pipeline: None,
            disk: Disk::Wait,
            snapshot_after: None,
            resend: Resend::Nothing,
            noop: true,
            pre_vote: false,
            reads: Reads::Log,
            clock_bound: Ppm(0),
            standing: Standing::Voter,
            flaw: None,
        }
    }
}
