//! The paper, sentence by sentence: Ongaro & Ousterhout, *In Search of an Understandable Consensus
//! Algorithm* (extended version, 2014). Every test quotes what it tests.

mod net;

use net::Net;
use sim_protocols::raft::{Batch, Config, EntryId, Index, Message, Term};

fn without_noop() -> Config {
    Config { noop: false, ..Config::default() }
}

fn id(term: u64, index: u64) -> EntryId {
    EntryId { term: Term(term), index: Index(index) }
}

/// "If a server receives a request with a stale term number, it rejects the request."
#[test]
fn s5_1_a_request_of_a_stale_term_is_rejected() {
    let mut net = Net::with_logs(&[&[1, 3], &[1, 3], &[1, 3]], Config::default());
    net.hears(0, 1, Message::RequestVote { term: Term(2), last: id(9, 9), told: false });
    let (previous, entries, commit) = (id(1, 1), Batch::EMPTY, Index(2));
    net.hears(0, 1, Message::AppendEntries { term: Term(2), previous, entries, commit });
    let answers = ["n0 -> n1 Vote(term 3, refused)", "n0 -> n1 Rejected(term 3, conflict 0/0)"];
    assert_eq!(net.on_the_wire(), answers);
    assert_eq!(net.show(0), "follower of term 3, log 3/2, commit 0");
}

/// "If a candidate or leader discovers that its term is out of date, it immediately reverts to
/// follower state."
#[test]
fn s5_1_who_is_out_of_date_reverts_to_follower() {
    let mut net = Net::new(3);
    net.elects(0);
    net.times_out(1);
    net.lose();
    assert_eq!(net.show(1), "candidate of term 2, log 1/1, commit 0");
    for message in [
        Message::Vote { term: Term(7), granted: false },
        Message::Rejected { term: Term(8), conflict: id(0, 0) },
        Message::RequestVote { term: Term(9), last: id(0, 0), told: false },
    ] {
        net.hears(0, 2, message.clone());
        net.hears(1, 2, message);
    }
    assert_eq!(net.show(0), "follower of term 9, log 1/1, commit 1");
    assert_eq!(net.show(1), "follower of term 9, log 1/1, commit 0");
}

/// "To begin an election, a follower increments its current term and transitions to candidate
/// state. It then votes for itself and issues RequestVote RPCs in parallel to each of the other
/// servers."
#[test]
fn s5_2_a_candidate_votes_for_itself_and_asks_all_others() {
    let mut net = Net::new(3);
    net.times_out(0);
    assert_eq!(net.show(0), "candidate of term 1, log 0/0, commit 0");
    assert_eq!(net.node(0).vote(), Some(sim_core::NodeId(0)));
    let requests =
        ["n0 -> n1 RequestVote(term 1, last 0/0)", "n0 -> n2 RequestVote(term 1, last 0/0)"];
    assert_eq!(net.on_the_wire(), requests);
}

/// "A candidate wins an election if it receives votes from a majority of the servers in the full
/// cluster for the same term."
#[test]
fn s5_2_a_majority_of_the_full_cluster_wins() {
    let mut net = Net::new(5);
    net.only(&[0, 1]);
    net.elects(0);
    assert!(!net.node(0).is_leader(), "two of five, and all that it reaches");
    net.only(&[0, 1, 2]);
    net.elects(0);
    assert!(net.node(0).is_leader(), "three of five");
}

/// The same, where a vote that the network copied must not count twice.
#[test]
fn s5_2_a_vote_that_arrives_twice_is_one_vote() {
    let mut net = Net::new(5);
    net.times_out(0);
    for _ in 0..2 {
        net.hears(0, 1, Message::Vote { term: Term(1), granted: true });
    }
    assert!(!net.node(0).is_leader());
}

/// "Each server will vote for at most one candidate in a given term, on a first-come-first-served
/// basis", and "votedFor" is on stable storage (Figure 2).
#[test]
fn s5_2_a_server_votes_once_a_term_even_if_it_crashes() {
    let mut net = Net::new(3);
    net.hears(0, 1, Message::RequestVote { term: Term(1), last: id(0, 0), told: false });
    net.crash(0);
    net.restart(0);
    net.hears(0, 2, Message::RequestVote { term: Term(1), last: id(0, 0), told: false });
    net.hears(0, 1, Message::RequestVote { term: Term(1), last: id(0, 0), told: false });
    let votes = [
        "n0 -> n1 Vote(term 1, granted)",
        "n0 -> n2 Vote(term 1, refused)",
        "n0 -> n1 Vote(term 1, granted)",
    ];
    assert_eq!(net.on_the_wire(), votes);
}

/// "If the leader's term is at least as large as the candidate's current term, then the candidate
/// recognizes the leader as legitimate and returns to follower state."
#[test]
fn s5_2_a_candidate_follows_who_won() {
    let mut net = Net::new(3);
    net.times_out(0);
    let late = net.lose();
    net.only(&[1, 2]);
    net.elects(1);
    assert_eq!(net.show(0), "candidate of term 1, log 0/0, commit 0");
    net.only(&[0, 1, 2]);
    net.beats(1);
    assert_eq!(net.show(0), "follower of term 1, log 1/1, commit 1");
    net.find(late);
    assert!(net.node(1).is_leader(), "a request for votes of its own term deposes nobody");
}

/// "If many followers become candidates at the same time, votes could be split so that no candidate
/// obtains a majority. When this happens, each candidate will time out and start a new election."
#[test]
fn s5_2_a_split_vote_is_followed_by_another_election() {
    let mut net = Net::new(4);
    for (candidate, voter) in [(0, 2), (1, 3)] {
        net.only(&[candidate, voter]);
        net.elects(candidate);
    }
    net.only(&[0, 1, 2, 3]);
    assert!((0..4).all(|node| !net.node(node).is_leader()));
    net.elects(0);
    assert_eq!(net.show(0), "leader of term 2, log 2/1, commit 1");
    assert!(net.reached.contains(&"split_vote"));
}

/// "The leader appends the command to its log as a new entry, then issues AppendEntries RPCs in
/// parallel to each of the other servers. When the entry has been safely replicated, the leader
/// applies the entry to its state machine and returns the result of that execution to the client."
#[test]
fn s5_3_a_command_is_replicated_then_applied_then_answered() {
    let mut net = Net::new(3);
    net.elects(0);
    net.asks(0, 1, "put x 42");
    assert_eq!(net.show(0), "leader of term 1, log 1/2, commit 1");
    assert!(net.answers.is_empty());
    net.settle();
    assert_eq!(net.show(0), "leader of term 1, log 1/2, commit 2");
    assert_eq!(net.answers, ["n0 => c1#1 done"]);
    assert_eq!(format!("{:?}", net.node(0).machine()), "{x: 42}");
}

/// "Once a follower learns that a log entry is committed, it applies the entry to its local state
/// machine (in log order)."
#[test]
fn s5_3_followers_apply_what_they_learn_to_be_committed() {
    let mut net = Net::new(3);
    net.elects(0);
    for (number, command) in (1..).zip(["put x 1", "put y 2", "put x 3"]) {
        net.asks(0, number, command);
    }
    net.settle();
    net.beats(0);
    for follower in [1, 2] {
        assert_eq!(format!("{:?}", net.node(follower).machine()), "{x: 3, y: 2}");
    }
}

/// "If followers crash or run slowly, or if network packets are lost, the leader retries
/// AppendEntries RPCs indefinitely (even after it has responded to the client) until all followers
/// eventually store all log entries."
#[test]
fn s5_3_the_leader_tries_until_all_have_all() {
    let mut net = Net::new(3);
    net.elects(0);
    net.crash(2);
    net.asks(0, 1, "put x 1");
    net.settle();
    assert_eq!(net.answers, ["n0 => c1#1 done"]);
    net.asks(0, 2, "put x 2");
    net.lose();
    net.beats(0);
    net.restart(2);
    net.beats(0);
    assert_eq!((net.terms(1), net.terms(2)), (vec![1, 1, 1], vec![1, 1, 1]));
}

/// "If the follower does not find an entry in its log with the same index and term, then it refuses
/// the new entries."
#[test]
fn s5_3_entries_that_follow_nothing_here_are_refused() {
    let mut net = Net::with_logs(&[&[1, 2], &[1, 1], &[1, 1]], Config::default());
    for previous in [id(1, 2), id(1, 3)] {
        let (entries, commit) = (Batch::EMPTY, Index(3));
        net.hears(0, 1, Message::AppendEntries { term: Term(3), previous, entries, commit });
    }
    let answers =
        ["n0 -> n1 Rejected(term 3, conflict 2/2)", "n0 -> n1 Rejected(term 3, conflict 0/3)"];
    assert_eq!(net.on_the_wire(), answers);
    assert_eq!(net.show(0), "follower of term 3, log 2/2, commit 0");
}

/// Figure 7: "When the leader at the top comes to power, it is possible that any of scenarios (a–f)
/// could occur in follower logs." It "handles inconsistencies by forcing the followers' logs to
/// duplicate its own", and "never overwrites or deletes entries in its own log".
#[test]
fn s5_3_figure_7_the_leader_makes_all_logs_equal_to_its_own() {
    let logs: [&[u64]; 7] = [
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6],
        &[1, 1, 1, 4],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
        &[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
        &[1, 1, 1, 4, 4, 4, 4],
        &[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ];
    let mut net = Net::with_logs(&logs, without_noop());
    // Its first election tells it of term 7, where it cannot yet win against (d).
    net.only(&[0, 1, 2, 5, 6]);
    net.elects(0);
    net.elects(0);
    assert_eq!(net.show(0), "leader of term 8, log 6/10, commit 0");
    net.only(&[0, 1, 2, 3, 4, 5, 6]);
    net.beats(0);
    net.asks(0, 1, "put x 1");
    net.settle();
    for follower in 1..7 {
        assert_eq!(net.terms(follower), [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8], "follower {follower}");
    }
    for point in ["fast_backup", "log_truncated", "old_term_entry_committed"] {
        assert!(net.reached.contains(&point), "{point}");
    }
}

/// "If an existing entry conflicts with a new one (same index but different terms), delete the
/// existing entry and all that follow it" (Figure 2) — and only then: a message that comes late
/// takes nothing away.
#[test]
fn s5_3_a_late_message_takes_nothing_away() {
    let mut net = Net::new(3);
    net.elects(0);
    net.asks(0, 1, "put x 1");
    let late = net.lose();
    net.asks(0, 2, "put x 2");
    net.settle();
    net.find(late);
    assert_eq!(net.terms(1), [1, 1, 1]);
}

/// "The voter denies its vote if its own log is more up-to-date than that of the candidate. If the
/// logs have last entries with different terms, then the log with the later term is more
/// up-to-date. If the logs end with the same term, then whichever log is longer is more
/// up-to-date."
#[test]
fn s5_4_1_a_voter_denies_its_vote_to_a_log_that_lacks_something() {
    for (candidate, granted) in
        [(id(3, 1), true), (id(2, 3), true), (id(2, 2), true), (id(2, 1), false), (id(1, 9), false)]
    {
        let mut net = Net::with_logs(&[&[1, 2], &[1], &[1]], Config::default());
        net.hears(0, 1, Message::RequestVote { term: Term(4), last: candidate, told: false });
        let word = if granted { "granted" } else { "refused" };
        assert_eq!(net.on_the_wire(), [format!("n0 -> n1 Vote(term 4, {word})")], "{candidate}");
    }
}

/// Figure 8 up to (c), in a cluster of five whose first entry all have.
fn figure_8() -> Net {
    let mut net = Net::with_logs(&[&[1][..]; 5], without_noop());
    // (a) S1 is leader and partially replicates the log entry at index 2.
    net.elects(0);
    net.only(&[0, 1]);
    net.asks(0, 1, "put x 2");
    net.settle();
    // (b) S1 crashes; S5 is elected by S3, S4 and itself, and accepts a different entry at index 2.
    net.crash(0);
    net.only(&[2, 3, 4]);
    net.elects(4);
    net.asks(4, 1, "put x 3");
    net.lose();
    // (c) S5 crashes; S1 restarts, is elected leader, and continues replication.
    net.crash(4);
    net.restart(0);
    net.only(&[0, 1, 2]);
    net.elects(0);
    net.elects(0);
    assert!(net.node(0).is_leader());
    net.beats(0);
    net
}

/// "Raft never commits log entries from previous terms by counting replicas."
#[test]
fn s5_4_2_never_commits_old_terms_by_counting() {
    let mut net = figure_8();
    assert_eq!((net.terms(0), net.terms(1), net.terms(2)), (vec![1, 2], vec![1, 2], vec![1, 2]));
    assert_eq!(net.node(0).commit(), Index(0), "a majority has it, and it is not committed");
    // (d) S1 crashes, S5 is elected and overwrites the entry with its own.
    net.crash(0);
    net.restart(4);
    net.only(&[1, 2, 3, 4]);
    (0..3).for_each(|_| net.elects(4));
    assert!(net.node(4).is_leader());
    net.beats(4);
    assert_eq!((net.terms(1), net.terms(2)), (vec![1, 3], vec![1, 3]));
}

/// "Once an entry from the current term has been committed in this way, then all prior entries are
/// committed indirectly because of the Log Matching Property."
#[test]
fn s5_4_2_an_entry_of_the_current_term_commits_all_before_it() {
    let mut net = figure_8();
    // (e) S1 replicates an entry from its current term on a majority before crashing.
    net.asks(0, 2, "put x 4");
    net.settle();
    assert_eq!(net.node(0).commit(), Index(3));
    net.crash(0);
    net.restart(4);
    net.only(&[1, 2, 3, 4]);
    (0..5).for_each(|_| net.elects(4));
    assert!(!net.node(4).is_leader(), "S5 cannot win an election");
}

/// "If the server crashes after completing an RPC but before responding, then it will receive the
/// same RPC again after it restarts. Raft RPCs are idempotent, so this causes no harm."
#[test]
fn s5_5_what_comes_twice_does_no_harm() {
    let mut net = Net::new(3);
    net.elects(0);
    net.asks(0, 1, "put x 1");
    let letters = net.lose();
    net.find(letters.clone());
    net.crash(1);
    net.restart(1);
    net.find(letters);
    assert_eq!(net.terms(1), [1, 1]);
    assert_eq!(net.answers, ["n0 => c1#1 done"]);
}

/// "If leaderCommit > commitIndex, set commitIndex = min(leaderCommit, index of last new entry)"
/// (Figure 2).
#[test]
fn f2_a_follower_commits_no_further_than_what_it_was_sent() {
    let mut net = Net::with_logs(&[&[1, 1, 2], &[1], &[1]], Config::default());
    let (previous, entries, commit) = (id(1, 1), Batch::EMPTY, Index(3));
    net.hears(0, 1, Message::AppendEntries { term: Term(3), previous, entries, commit });
    assert_eq!(net.node(0).commit(), Index(1), "its third entry may be another's");
}

/// A leader of three that has answered so many requests and discarded all but the last of them, while
/// the third node was away.
fn compacted(requests: u32) -> Net {
    let mut net = Net::new(3);
    net.elects(0);
    net.only(&[0, 1]);
    for number in 1..=requests {
        net.asks(0, number, &format!("put x {number}"));
        net.settle();
        if number + 1 >= requests {
            net.snapshots(0);
        }
    }
    net
}

/// "The leader uses a new RPC called InstallSnapshot to send snapshots to followers that are too far
/// behind."
#[test]
fn s7_a_follower_that_is_too_far_behind_is_sent_a_snapshot() {
    let mut net = compacted(5);
    assert_eq!(net.terms(0), [1], "the rest is in the snapshot");
    net.only(&[0, 1, 2]);
    net.beats(0);
    assert_eq!(net.show(2), "follower of term 1, log 1/6, commit 6");
    assert_eq!(net.node(2).machine(), net.node(0).machine());
    assert!(net.reached.contains(&"snapshot_installed"));
    net.asks(0, 6, "put x 6");
    net.settle();
    net.beats(0);
    assert_eq!(net.show(2), "follower of term 1, log 1/7, commit 7", "and goes on from there");
}

/// "If instead the follower receives a snapshot that describes a prefix of its log (due to
/// retransmission or by mistake), then log entries covered by the snapshot are deleted but entries
/// following the snapshot are still valid and must be retained."
#[test]
fn s7_what_follows_a_snapshot_that_comes_late_is_retained() {
    let mut net = compacted(5);
    net.only(&[0, 1, 2]);
    // The snapshot is sent, and sent again, and only the second one arrives at once.
    net.rings(0);
    let late = net.lose();
    net.beats(0);
    net.asks(0, 6, "put x 6");
    net.settle();
    let before = net.show(2);
    net.find(late);
    assert_eq!(net.show(2), before);
    assert!(net.reached.contains(&"late_snapshot_ignored"));
}

/// "Each server takes snapshots independently": what one has discarded it does not need to start
/// again, nor to be elected.
#[test]
fn s7_a_server_restarts_from_its_own_snapshot() {
    let mut net = compacted(5);
    net.crash(0);
    net.restart(0);
    assert_eq!(net.show(0), "follower of term 1, log 1/6, commit 6");
    assert_eq!(format!("{:?}", net.node(0).machine()), "{x: 5}");
    net.elects(0);
    assert!(net.node(0).is_leader());
    net.answers.clear();
    net.asks(0, 5, "put x 5");
    assert_eq!(net.answers, ["n0 => c1#5 done"], "its clients are in the snapshot too");
}

/// "Each leader commits a blank no-op entry into the log at the start of its term."
#[test]
fn s8_a_leader_commits_a_no_op_at_the_start_of_its_term() {
    let mut net = Net::with_logs(&[&[1, 1][..]; 3], Config::default());
    net.elects(0);
    assert_eq!(net.show(0), "leader of term 2, log 2/3, commit 3");
    assert!(net.reached.contains(&"old_term_entry_committed"));
}

/// "That server will reject the client's request and supply information about the most recent
/// leader it has heard from."
#[test]
fn s8_a_follower_names_its_leader() {
    let mut net = Net::new(3);
    net.asks(1, 1, "put x 1");
    net.elects(0);
    net.asks(1, 1, "put x 1");
    assert_eq!(net.answers, ["n1 => c1#1 ask another", "n1 => c1#1 ask n0"]);
}

/// "If the leader crashes after committing the log entry but before responding to the client, the
/// client will retry the command with a new leader, causing it to be executed a second time. The
/// solution is for clients to assign unique serial numbers to every command."
#[test]
fn s8_a_retry_with_a_new_leader_takes_effect_once() {
    let mut net = Net::new(3);
    net.elects(0);
    net.asks(0, 1, "put x 1");
    net.settle();
    net.asks(0, 2, "cas x 1 2");
    net.settle();
    net.crash(0);
    net.answers.clear();
    net.elects(1);
    net.asks(1, 2, "cas x 1 2");
    assert_eq!(net.answers, ["n1 => c1#2 done"], "a second execution would find it to differ");
    assert_eq!(net.terms(1), [1, 1, 1, 2]);
    assert!(net.reached.contains(&"session_answered"));
}

/// What clients may rely on at all: who is cut off from the majority answers nothing.
#[test]
fn a_lone_leader_stops_answering() {
    let mut net = Net::new(3);
    net.elects(0);
    net.only(&[0]);
    net.asks(0, 1, "put x 1");
    (0..10).for_each(|_| net.beats(0));
    net.only(&[1, 2]);
    net.elects(1);
    net.only(&[0, 1, 2]);
    net.beats(1);
    assert_eq!(net.terms(0), [1, 2], "its entry is gone");
    assert!(net.answers.is_empty(), "and nobody was told otherwise");
}
