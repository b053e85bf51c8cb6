//! How far each follower is, and what it may be sent next.
//!
//! With pipelining (dissertation §10.2.2) a follower is in one of three states, as in etcd's
//! `tracker.Progress`: the leader *probes* it with one message at a time until it knows where their
//! logs part, *streams* to it as long as it takes what it is sent, and waits while it *installs* a
//! snapshot.

use std::collections::VecDeque;
use std::num::NonZeroUsize;

use sim_core::id::NodeId;

use super::log::Index;
use super::members::Members;

/// What a leader knows, from its election on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Leadership {
    /// How far each member is, this node among them: a row for each identity up to the last member's.
    pub(super) nodes: Vec<Progress>,
    /// The latest request that each client put to this leader: whom it will answer.
    pub(super) asked: Vec<u32>,
}

/// How far a follower is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Progress {
    /// The next entry to send.
    pub(super) next: Index,
    /// The last entry that it is known to have on disk.
    pub(super) matched: Index,
    pace: Pace,
    /// The last entries of the messages under way, oldest first, while it is streamed to.
    in_flight: VecDeque<Index>,
}

/// How a follower is sent entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Pace {
    /// One message at a time, until one is answered.
    Probing {
        /// Whether it is under way.
        asked: bool,
    },
    /// Each entry once, in several messages at a time.
    Streaming,
    /// None, until a snapshot has arrived.
    Installing,
}

impl Leadership {
    /// A new leader takes every log to hold what its own does up to here, and knows of no match.
    pub(super) fn new(members: &Members, last: Index) -> Self {
        Self { nodes: vec![Progress::new(last); members.rows()], asked: Vec::new() }
    }

    /// There are other members. Of those who were none before, nothing is known.
    pub(super) fn admit(&mut self, members: &Members, last: Index) {
        if self.nodes.len() < members.rows() {
            self.nodes.resize(members.rows(), Progress::new(last));
        }
    }

    /// The last entry that a member is known to have.
    pub(super) fn matched(&self, member: NodeId) -> Index {
        self.nodes.get(member.index()).map_or(Index(0), |progress| progress.matched)
    }
}

impl Progress {
    const fn new(last: Index) -> Self {
        Self {
            next: last.next(),
            matched: Index(0),
            pace: Pace::Probing { asked: false },
            in_flight: VecDeque::new(),
        }
    }

    /// Whether it may be sent more before it answers.
    pub(super) fn is_open(&self, pipeline: Option<NonZeroUsize>) -> bool {
        match (self.pace, pipeline) {
            (Pace::Installing, _) => false,
            (_, None) => true,
            (Pace::Probing { asked }, _) => !asked,
            (Pace::Streaming, Some(window)) => self.in_flight.len() < window.get(),
        }
    }

    /// Whether what it was sent last counts on what is still under way.
    pub(super) const fn is_streaming(&self) -> bool {
        matches!(self.pace, Pace::Streaming)
    }

    /// It was sent the entries from `next` up to this one; none, if this is the one before.
    pub(super) fn sent(&mut self, upto: Index) {
        match &mut self.pace {
            Pace::Probing { asked } => *asked = true,
            Pace::Streaming if upto >= self.next => {
                self.in_flight.push_back(upto);
                self.next = upto.next();
            }
            Pace::Streaming | Pace::Installing => {}
        }
    }

    /// It was sent a snapshot.
    pub(super) fn installs(&mut self) {
        self.pace = Pace::Installing;
        self.in_flight.clear();
    }

    /// It says that it has everything up to here, of a log that begins behind a base and ends with
    /// `last`.
    pub(super) fn answered(&mut self, matched: Index, base: Index, last: Index, pipelined: bool) {
        self.matched = matched;
        // No follower can match more than there is.
        self.next = self.next.max(matched.next()).min(last.next());
        while self.in_flight.front().is_some_and(|&upto| upto <= matched) {
            self.in_flight.pop_front();
        }
        match self.pace {
            // An answer to something older says nothing of the snapshot.
            Pace::Installing if matched < base => {}
            Pace::Probing { .. } if matched.next() < self.next => {}
            Pace::Installing | Pace::Probing { .. } if pipelined => self.pace = Pace::Streaming,
            Pace::Installing => self.pace = Pace::Probing { asked: false },
            Pace::Probing { .. } | Pace::Streaming => {}
        }
    }

    /// It lacks what came before: goes back, and finds out where their logs part.
    pub(super) fn goes_back_to(&mut self, next: Index) {
        self.next = next;
        self.pace = Pace::Probing { asked: false };
        self.in_flight.clear();
    }
}

#[cfg(test)]
mod tests {
    use sim_core::Context;
    use sim_core::protocol::Protocol;

    use super::super::testing::{ASK, cx, id, leader, request};
    use super::super::{Message, Raft, Term, Timer};
    use super::*;
    use crate::kv::Kv;

    /// A leader that may have two messages of two entries under way.
    fn pipelined(terms: &[u64]) -> Raft<Kv> {
        let mut node = leader(1, terms);
        node.config.pipeline = NonZeroUsize::new(2);
        node.config.max_batch = NonZeroUsize::new(2).expect("two");
        node
    }

    /// What it sends to the first of its followers, for short: where, and how many entries.
    fn sent(cx: &mut Context<Raft<Kv>>) -> Vec<String> {
        let effects = cx.take_effects().into_iter().map(|effect| format!("{effect:?}"));
        let sent =
            effects.filter(|effect| effect.starts_with("-> n1 ") || effect.starts_with("-> *"));
        sent.map(|effect| effect[5..].trim_start().replace("AppendEntries(term 1, ", "(")).collect()
    }

    fn answers(node: &mut Raft<Kv>, matched: u64) -> Vec<String> {
        let mut cx = cx();
        let matched = Index(matched);
        node.on_message(&mut cx, NodeId(1), Message::Appended { term: Term(1), matched });
        sent(&mut cx)
    }

    fn asks(node: &mut Raft<Kv>, numbers: std::ops::RangeInclusive<u32>) -> Vec<String> {
        let mut cx = cx();
        numbers.for_each(|number| node.on_request(&mut cx, request(number), ASK));
        sent(&mut cx)
    }

    fn beats(node: &mut Raft<Kv>) -> Vec<String> {
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Heartbeat);
        sent(&mut cx)
    }

    #[test]
    fn a_follower_is_sent_one_message_until_it_answers() {
        let mut node = pipelined(&[1]);
        assert_eq!(asks(&mut node, 1..=2), ["(prev 1/1, 1 entry, commit 0)"]);
        assert_eq!(beats(&mut node), ["(prev 1/1, 2 entries, commit 0)"], "again, with more");
    }

    #[test]
    fn then_several_are_under_way_and_what_comes_in_goes_out_together() {
        let mut node = pipelined(&[1]);
        asks(&mut node, 1..=1);
        assert_eq!(answers(&mut node, 2), Vec::<String>::new());
        let two = ["(prev 1/2, 1 entry, commit 2)", "(prev 1/3, 1 entry, commit 2)"];
        assert_eq!(asks(&mut node, 2..=5), two, "the third waits");
        assert_eq!(
            beats(&mut node),
            ["(prev 1/4, 0 entries, commit 2)"],
            "behind all that was sent"
        );
        assert_eq!(answers(&mut node, 3), ["(prev 1/4, 2 entries, commit 3)"]);
        assert_eq!(answers(&mut node, 3), Vec::<String>::new(), "the window is full");
    }

    #[test]
    fn who_lacks_something_is_probed_again() {
        let mut node = pipelined(&[1]);
        asks(&mut node, 1..=1);
        answers(&mut node, 2);
        asks(&mut node, 2..=5);
        let mut cx = cx();
        let rejected = Message::Rejected { term: Term(1), conflict: id(0, 3) };
        node.on_message(&mut cx, NodeId(1), rejected.clone());
        assert!(cx.effects().iter().any(|effect| *effect == "reached stream_broken"));
        assert_eq!(sent(&mut cx), ["(prev 1/2, 2 entries, commit 2)"]);
        node.on_message(&mut cx, NodeId(1), rejected);
        assert_eq!(sent(&mut cx), Vec::<String>::new(), "the same of the next message");
        assert_eq!(asks(&mut node, 6..=6), Vec::<String>::new());
        assert_eq!(
            answers(&mut node, 4),
            ["(prev 1/4, 2 entries, commit 4)", "(prev 1/6, 1 entry, commit 4)"]
        );
    }

    #[test]
    fn a_lost_message_is_noticed_by_the_heartbeat() {
        let mut node = pipelined(&[1]);
        asks(&mut node, 1..=1);
        answers(&mut node, 2);
        asks(&mut node, 2..=2);
        assert_eq!(beats(&mut node), ["(prev 1/3, 0 entries, commit 2)"]);
        let mut follower = Raft { role: super::super::Role::Follower, ..leader(1, &[]) };
        follower.log = node.log.clone();
        follower.log.truncate(Index(3));
        let entries = std::iter::empty::<super::super::Entry<_>>().collect();
        let (term, previous, commit) = (Term(1), id(1, 3), Index(2));
        let mut cx = cx();
        let beat = Message::AppendEntries { term, previous, entries, commit };
        follower.on_message(&mut cx, NodeId(1), beat);
        assert_eq!(cx.effects()[1], "-> n1 Rejected(term 1, conflict 0/3)");
    }
}
