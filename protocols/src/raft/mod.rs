//! Raft: a replicated log by an elected leader.
//!
//! # What it promises
//!
//! Every node applies the same commands in the same order, and what a client was told is never
//! taken back, as long as disks keep what they said they keep. It answers while a majority of the
//! nodes are up and reach each other in time.
//!
//! # How it works
//!
//! Time is divided into *terms*. A follower that hears of no leader for an *election timeout*
//! becomes a candidate of the next term and asks for votes (`election`). A node has one vote a
//! term, and gives it only to a candidate whose log is at least as up to date as its own; so a term
//! has at most one leader, and that leader has every committed entry. The leader alone adds entries
//! to the log and makes everybody's log equal to its own (`replication`, `following`). An entry is
//! *committed* once a majority has it on disk, if it is of the leader's own term, and so is every
//! entry before it. What is committed is applied, in order, and the leader answers (`session`).
//!
//! The rest comes on request, each part in a file of its own. A *snapshot* of the machine stands for
//! entries that were applied long ago, and a follower that lacks them is sent the snapshot
//! (`snapshot`). A leader has several messages under way to a follower (`progress`), and sends entries
//! while it still writes them itself (`disk`). A node asks around before it stands for
//! election, and who has a leader hears no candidate (`prevote`); a leader that nobody answers steps
//! down (`quorum`). A leader hands over to another
//! (`transfer`). Reads go around the log once a majority has confirmed the leader, or while it holds a
//! lease (`reads`). The members change, one by one or several at once, while the cluster works
//! (`membership`).
//!
//! # What it assumes
//!
//! Nodes crash and come back, and do not lie. Messages get lost, delayed, copied and reordered.
//! Clocks matter for progress only: a heartbeat and its answer should take much less than an
//! election timeout. Leases are the exception: no clock may run faster or slower than the
//! `clock_bound` says. What a client sends once arrives at most once, as over a connection: else a
//! redirection ("I did not do it") could be followed by a second copy that is done after all.
//!
//! # Where it differs from the paper
//!
//! * `commitIndex` and `lastApplied` move in the same step.
//! * A follower that rejects says where its conflict begins, so the leader need not step back one
//!   entry at a time: the optimisation at the end of §5.3.
//! * A heartbeat carries what its follower lacks, so it is the repetition of what was lost as well.
//! * A snapshot is one message, not many chunks, and one record. Until it is answered, each heartbeat
//!   repeats it. Logs keep the entries behind the snapshot before the last one, so that who is only a
//!   little behind gets entries.
//! * Clients have sessions: a retry is recognised, and takes effect once (dissertation §6.3). A
//!   leader answers only those that asked it, and one that was deposed stays silent: what it has in
//!   its log may yet be committed by another.
//! * A leader that hears of another leader of its own term says nothing and does not step down.
//!   There is none, and if there is, that must not be hidden.
//! * All nodes, members or not, know whom the cluster began with. Who is to be a voter is first a
//!   learner by an entry in the log, so that a new leader knows of it.
//! * No leader changes the members before it has committed an entry of its own term: the correction
//!   of 2015 to the dissertation's §4.1.
//! * What confirms a leader is a message of its own and not a heartbeat: the paper's messages stay as
//!   they are.
//!
//! # Read first
//!
//! Diego Ongaro and John Ousterhout, *In Search of an Understandable Consensus Algorithm* (extended
//! version, 2014): Figure 2, then §5; §7 on snapshots. Ongaro's dissertation (2014): chapter 4 on
//! members, §6.3 and §6.4 on clients, §9.6 on elections, §10.2 on pipelines and disks; and his *bug in
//! single-server membership changes* (raft-dev, 10 July 2015).

mod checks;
mod config;
mod configurations;
mod disk;
mod election;
mod flaw;
mod following;
mod log;
mod members;
mod membership;
mod prevote;
mod progress;
mod quorum;
mod reads;
mod replication;
mod request;
mod session;
mod snapshot;
mod subject;
#[cfg(test)]
mod testing;
mod transfer;
mod wire;

use std::fmt;
use std::rc::Rc;

use sim_core::Context;
use sim_core::id::{NodeId, NodeSet, RequestId};
use sim_core::protocol::{Cluster, DiskDone, Kind, Protocol, Recovered};
use sim_core::time::Time;

pub use self::checks::{
    AcknowledgedIsCommitted, CommitMonotone, LeaderAppendOnly, LeaderCompleteness,
    LeaseIsExclusive, LogMatching, OneChangeAtATime, OneLeaderPerTerm, OneVotePerTerm, SameLog,
    SnapshotIsThePrefix, StableLeader, StateMachineSafety,
};
pub use self::config::{Config, Reads, Resend, Standing};
pub use self::configurations::Configurations;
pub use self::disk::Disk;
pub use self::flaw::Flaw;
pub use self::log::{Action, Batch, Content, Entry, EntryId, Index, Log, Term};
pub use self::members::Members;
pub use self::request::{Order, Reply, Request};
pub use self::snapshot::Snapshot;
pub use self::subject::RaftKv;
pub use self::wire::{Message, Record, Timer};

use self::disk::Tail;
use self::membership::Change;
use self::progress::Leadership;
use self::reads::Pending;
use self::session::Sessions;
use self::transfer::Handover;
use crate::machine::Machine;

/// One node of a cluster that replicates a state machine (Raft, Figure 2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raft<M: Machine> {
    me: NodeId,
    config: Config,
    /// Who takes part: the last configuration in the log.
    members: Rc<Members>,

    /// The latest term that this node has heard of. On disk before anybody hears of it.
    term: Term,
    /// Whom it voted for in this term. On disk before the vote leaves.
    vote: Option<NodeId>,
    /// Its log. On disk before it says that it has it.
    log: Log<M::Command>,

    role: Role,
    /// Who leads this term, as far as it knows.
    leader: Option<NodeId>,
    /// The last entry known to be committed. Forgotten in a crash: the next leader knows.
    commit: Index,
    /// The last entry applied to the machine.
    applied: Index,
    machine: M,
    sessions: Sessions<M::Output>,
    /// Every configuration in the log.
    configurations: Configurations,
    /// As leader, the change of members that it was ordered to make.
    change: Option<Change>,
    /// As leader, the reads that go around the log.
    reads: Pending<M::Command>,
    /// As leader, whom it hands over to; then, until another leads, whom it handed over to.
    handover: Option<Handover>,
    /// As leader, who has answered lately, if that matters to it.
    answered: NodeSet,
    /// When it heard of a leader last, by its own clock, if that matters to it.
    heard: Option<Time>,
    /// What stands for the entries that are gone from the log.
    snapshot: Option<Rc<Snapshot<M>>>,

    /// In which term it found on its disk that it had voted.
    vote_recalled: Option<Term>,
    /// Whether term and vote have changed and were not yet handed to the disk.
    vote_unwritten: bool,
    /// Whether something was handed to the disk that this node must wait for.
    unflushed: bool,
    /// What it does not wait for.
    tail: Tail,
}

/// What a node is at the moment (Raft, Figure 4).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Role {
    /// Waits for a leader to say something.
    Follower,
    /// Asks who would vote for it.
    PreCandidate {
        /// Who would.
        votes: NodeSet,
    },
    /// Wants to become leader of its term.
    Candidate {
        /// Who voted for it in this term. A set: a vote that the network copied is still one vote.
        votes: NodeSet,
    },
    /// Was elected in its term.
    Leader(Leadership),
}

impl<M: Machine> Protocol for Raft<M> {
    type Config = Config;
    type Message = Message<M>;
    type Timer = Timer;
    type Request = Request<M::Command>;
    type Reply = Reply<M::Output>;
    type Record = Record<M>;

    fn new(me: NodeId, cluster: &Cluster<Config>) -> Self {
        let configurations = Configurations::new(Members::initial(cluster));
        Self {
            me,
            config: cluster.config(me).clone(),
            members: Rc::clone(configurations.latest().1),
            configurations,
            change: None,
            term: Term(0),
            vote: None,
            log: Log::new(),
            role: Role::Follower,
            leader: None,
            commit: Index(0),
            applied: Index(0),
            machine: M::default(),
            sessions: Sessions::default(),
            reads: Pending::default(),
            handover: None,
            answered: NodeSet::new(),
            heard: None,
            snapshot: None,
            vote_recalled: None,
            vote_unwritten: false,
            unflushed: false,
            tail: Tail::default(),
        }
    }

    fn restore(&mut self, found: Recovered<Self::Record>) {
        found.records().for_each(|record| self.recall(record));
        self.vote_recalled = self.vote.map(|_| self.term);
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if self.config.reads == Reads::Lease {
            // An earlier process may have heard of a leader, and promised it a lease, just now.
            self.heard = Some(cx.now());
        }
        if self.snapshot.is_some() {
            cx.reached("restarted_from_snapshot");
        }
        if self.vote.is_some() {
            cx.reached("restarted_with_vote");
        }
        cx.set_timer(Timer::Election, self.config.election_timeout);
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Self::Message) {
        if self.disregards(cx, &message) {
            return;
        }
        self.catch_up_with_term(cx, message.term());
        if self.is_loyal() {
            self.note_answer(from, message.term());
        }
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(cx, from, term, last),
            Message::PreVoted { term, granted } => self.on_pre_voted(cx, from, term, granted),
            Message::RequestVote { term, last, .. } => self.on_request_vote(cx, from, term, last),
            Message::Vote { term, granted } => self.on_vote(cx, from, term, granted),
            Message::AppendEntries { term, previous, entries, commit } => {
                self.on_append_entries(cx, from, term, previous, &entries, commit);
            }
            Message::Appended { term, matched } => self.on_appended(cx, from, term, matched),
            Message::Rejected { term, conflict } => self.on_rejected(cx, from, term, conflict),
            Message::Confirm { term, round } => self.on_confirm(cx, from, term, round),
            Message::Confirmed { term, round } => self.on_confirmed(cx, from, term, round),
            Message::TimeoutNow { term } => self.on_timeout_now(cx, term),
            Message::InstallSnapshot { term, snapshot } => {
                self.on_install_snapshot(cx, from, term, snapshot);
            }
        }
        // A term that nothing was sent in is durable all the same, before anything else is heard.
        self.flush(cx);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: Timer) {
        match timer {
            Timer::Election => self.on_silence(cx),
            Timer::Heartbeat => self.beat(cx),
            Timer::Transfer => self.abort_transfer(cx),
            Timer::Snapshot => self.take_snapshot(cx),
            Timer::Quorum => self.check_quorum(cx),
        }
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, request: Self::Request) {
        if !self.is_leader() {
            // Nothing was done, so the client may take this for an answer.
            return cx.redirect(id, self.leader);
        }
        match request {
            Request::Command(command) => self.propose(cx, id, command),
            Request::Order(Order::Transfer(to)) => self.transfer(cx, id, to),
            Request::Order(order) => self.change_members(cx, id, order),
        }
    }

    fn on_disk(&mut self, cx: &mut Context<Self>, done: DiskDone) {
        self.on_synced(cx, done);
    }

    fn kind(message: &Self::Message) -> Kind {
        message.kind()
    }

    fn role(&self) -> &'static str {
        match self.role {
            Role::Follower => "follower",
            Role::PreCandidate { .. } => "pre-candidate",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        }
    }
}

/// Terms and quorums: what every handler needs.
impl<M: Machine> Raft<M> {
    /// Whoever hears of a later term belongs to it from then on, as a follower without a vote cast
    /// (Raft §5.1).
    fn catch_up_with_term(&mut self, cx: &mut Context<Self>, term: Term) {
        if term <= self.term {
            return;
        }
        self.term = term;
        self.vote = None;
        self.vote_unwritten = true;
        self.leader = None;
        let before = std::mem::replace(&mut self.role, Role::Follower);
        if let Role::Leader(_) = before {
            tracing::info!(node = %self.me, %term, "deposed");
            cx.reached("leader_deposed");
            self.stop_leading(cx);
        }
    }

    /// How many of so many voters are a majority: any two majorities share a node.
    fn majority(&self, voters: usize) -> usize {
        // Flawed: two halves share nobody.
        if self.makes(Flaw::HalfQuorumOfEven) { voters.div_ceil(2) } else { voters / 2 + 1 }
    }

    /// Whether these nodes may decide.
    fn is_quorum(&self, nodes: &NodeSet) -> bool {
        self.members.is_quorum(nodes, |voters| self.majority(voters))
    }

    /// Sends a message to every other member.
    fn tell_members(&self, cx: &mut Context<Self>, message: Message<M>) {
        let others = self.members.others(self.me);
        if others.len() == cx.peers().len() {
            cx.broadcast(message);
        } else {
            cx.multicast(others, message);
        }
    }

    fn makes(&self, flaw: Flaw) -> bool {
        self.config.flaw == Some(flaw)
    }
}

/// To look at from outside.
impl<M: Machine> Raft<M> {
    /// The latest term that it has heard of.
    #[must_use]
    pub const fn term(&self) -> Term {
        self.term
    }

    /// Whom it voted for in this term.
    #[must_use]
    pub const fn vote(&self) -> Option<NodeId> {
        self.vote
    }

    /// Its log.
    #[must_use]
    pub const fn log(&self) -> &Log<M::Command> {
        &self.log
    }

    /// The last entry that it knows to be committed.
    #[must_use]
    pub const fn commit(&self) -> Index {
        self.commit
    }

    /// The machine, with everything applied that is known to be committed.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Who takes part, as far as it knows: the last configuration in its log.
    #[must_use]
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Every configuration in its log.
    #[must_use]
    pub const fn configurations(&self) -> &Configurations {
        &self.configurations
    }

    /// What stands for the entries that are gone from its log.
    #[must_use]
    pub fn snapshot(&self) -> Option<&Snapshot<M>> {
        self.snapshot.as_deref()
    }

    /// Whether it leads its term.
    #[must_use]
    pub const fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }
}

/// `{:?}` is a line for a sentence; `{:#?}` is all that it goes by, field by field.
impl<M: Machine> fmt::Debug for Raft<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            let mut fields = f.debug_struct("Raft");
            fields.field("role", &self.role).field("term", &self.term).field("vote", &self.vote);
            fields.field("leader", &self.leader).field("log", &self.log);
            fields.field("commit", &self.commit).field("applied", &self.applied);
            return fields.field("machine", &self.machine).finish();
        }
        write!(f, "{} of term {}, ", self.role(), self.term)?;
        write!(f, "{:?}, commit {}", self.log, self.commit)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Found;

    use super::testing::{asked, cx, flawed, id, in_term, leader, node, request};
    use super::*;
    use crate::kv::Kv;

    fn append(previous: EntryId, term: u64, number: u32) -> Found<Record<Kv>> {
        Found::Record(Record::Append { previous, entry: asked(term, number) })
    }

    fn restored(found: Vec<Found<Record<Kv>>>) -> Raft<Kv> {
        let mut node = node(&[]);
        node.restore(Recovered::new(found));
        node
    }

    fn term(term: u64) -> Found<Record<Kv>> {
        Found::Record(Record::Vote { term: Term(term), vote: Some(NodeId(2)) })
    }

    #[test]
    fn a_node_finds_its_term_its_vote_and_its_log_again_and_nothing_else() {
        let node = restored(vec![term(1), append(id(0, 0), 1, 1), append(id(1, 1), 1, 2)]);
        assert_eq!((node.term, node.vote), (Term(1), Some(NodeId(2))));
        assert_eq!(format!("{node:?}"), "follower of term 1, log 1/2, commit 0");
    }

    #[test]
    fn of_a_tail_that_was_never_flushed_a_node_keeps_what_fits_together() {
        let log = [term(1), append(id(0, 0), 1, 1), append(id(1, 1), 1, 2)];
        let with = |found: Vec<_>| restored(log.iter().cloned().chain(found).collect()).log.last();
        let truncate = || Found::Record(Record::Truncate { from: Index(2) });
        assert_eq!(with(vec![Found::Torn]), id(1, 2));
        assert_eq!(with(vec![term(2), truncate(), append(id(1, 1), 2, 3)]), id(2, 2));
        assert_eq!(with(vec![term(2), append(id(1, 1), 2, 3)]), id(2, 2), "no truncation");
        assert_eq!(with(vec![term(2), truncate(), append(id(2, 2), 2, 4)]), id(1, 1), "a gap");
        assert_eq!(with(vec![term(2), append(id(2, 2), 2, 4)]), id(1, 2), "not after that entry");
        assert_eq!(with(vec![truncate(), append(id(1, 1), 2, 3)]), id(1, 1), "of no known term");
    }

    #[test]
    fn a_term_that_was_heard_of_is_durable_before_anything_else_is_heard() {
        let mut node = leader(2, &[1, 2]);
        let mut cx = cx();
        node.on_message(&mut cx, NodeId(1), Message::Appended { term: Term(3), matched: Index(2) });
        assert_eq!(
            cx.effects(),
            [
                "reached leader_deposed",
                "cancel Heartbeat",
                "timer Election in 150ms..300ms",
                "write Vote(term 3, for nobody)",
                "flush",
            ]
        );
        assert_eq!((node.role(), node.vote), ("follower", None));
    }

    #[test]
    fn what_needs_no_disk_waits_for_none() {
        let mut node = node(&[1]);
        let mut cx = cx();
        let (previous, entries, commit) = (id(1, 1), Batch::EMPTY, Index(1));
        let message = Message::AppendEntries { term: Term(1), previous, entries, commit };
        node.on_message(&mut cx, NodeId(1), message);
        let effects = ["timer Election in 150ms..300ms", "-> n1 Appended(term 1, match 1)"];
        assert_eq!(cx.effects(), effects);
        assert_eq!(node.commit, Index(1));
    }

    #[test]
    fn who_does_not_lead_says_who_does() {
        let mut node = in_term(2, node(&[1]));
        let mut cx = cx();
        node.on_request(&mut cx, request(1), testing::ASK);
        node.leader = Some(NodeId(2));
        node.on_request(&mut cx, request(1), testing::ASK);
        assert_eq!(cx.effects(), ["=> c1#1 ask another", "=> c1#1 ask n2"]);
        assert_eq!(node.log.last(), id(1, 1));
    }

    #[test]
    fn flawed_a_vote_is_in_memory_alone() {
        let mut node = flawed(Flaw::VoteNotDurable, node(&[]));
        let mut cx = cx();
        let message = Message::RequestVote { term: Term(1), last: id(0, 0), told: false };
        node.on_message(&mut cx, NodeId(1), message);
        assert_eq!(cx.effects()[1], "write Vote(term 1, for nobody)");
        assert_eq!(node.vote, Some(NodeId(1)));
    }
}
