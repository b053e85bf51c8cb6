//! Progress: what comes about once the faults are over.

use sim_core::check::{Goal, Step};
use sim_core::id::NodeId;
use sim_core::time::Time;

use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::{EntryId, Index, Term};

/// `stable_leader`: there is one leader, no node is in a later term, and so it stays.
#[derive(Debug, Default)]
pub struct StableLeader {
    /// The term of each node that is up, and whether it leads.
    nodes: Vec<Option<(Term, bool)>>,
    leader: Option<(NodeId, Term)>,
    since: Time,
    now: Time,
}

impl<M: Machine> Goal<Raft<M>> for StableLeader {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) {
        let Some(state) = step.state else { return };
        self.now = step.time;
        if replaced(&mut self.nodes, step.node, Some((state.term, state.is_leader()))) {
            self.look();
        }
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.now = time;
        if replaced(&mut self.nodes, node, None) {
            self.look();
        }
    }

    fn met_since(&self) -> Option<Time> {
        self.leader.map(|_| self.since)
    }

    fn must_last(&self) -> bool {
        true
    }

    fn waiting_for(&self) -> String {
        let leaders: Vec<NodeId> = self.leaders().map(|(node, _)| node).collect();
        match (self.leader, leaders.as_slice()) {
            (Some((node, term)), _) => {
                format!("{node} has been the leader only since {}, of term {term}", self.since)
            }
            (None, []) => "there is no leader".into(),
            (None, [node]) => format!("{node} leads, but another node is in a later term"),
            (None, _) => format!("{leaders:?} all believe that they lead"),
        }
    }
}

impl StableLeader {
    /// Only when a node was elected, deposed or crashed, or a term began.
    fn look(&mut self) {
        let leader = self.undisputed();
        if self.leader != leader {
            self.leader = leader;
            self.since = self.now;
        }
    }

    /// The one leader, if there is one and no node is in a later term.
    fn undisputed(&self) -> Option<(NodeId, Term)> {
        let highest = self.nodes.iter().flatten().map(|&(term, _)| term).max();
        let mut leaders = self.leaders();
        let first = leaders.next().filter(|&(_, term)| Some(term) == highest);
        if leaders.next().is_none() { first } else { None }
    }

    fn leaders(&self) -> impl Iterator<Item = (NodeId, Term)> {
        (0..).map(NodeId).zip(&self.nodes).filter_map(|(node, row)| match *row {
            Some((term, true)) => Some((node, term)),
            _ => None,
        })
    }
}

/// `same_log`: all nodes that are up have the same log, committed up to the same entry.
#[derive(Debug, Default)]
pub struct SameLog {
    nodes: Vec<Option<Held>>,
    since: Option<Time>,
    now: Time,
}

/// What a node holds: its log's last entry and digest, and its commit index.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Held {
    last: EntryId,
    digest: u64,
    commit: Index,
}

impl<M: Machine> Goal<Raft<M>> for SameLog {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) {
        let Some(state) = step.state else { return };
        self.now = step.time;
        let (last, digest) = (state.log.last(), state.log.digest());
        if replaced(&mut self.nodes, step.node, Some(Held { last, digest, commit: state.commit })) {
            self.look();
        }
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.now = time;
        if replaced(&mut self.nodes, node, None) {
            self.look();
        }
    }

    fn met_since(&self) -> Option<Time> {
        self.since
    }

    fn waiting_for(&self) -> String {
        let held = (0..).map(NodeId).zip(&self.nodes);
        let held = held.filter_map(|(node, held)| held.map(|held| (node, held)));
        let told = held.map(|(node, held)| {
            format!("{node} has a log that ends with {}, commit {}", held.last, held.commit)
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl SameLog {
    /// Only when a log or a commit index moved, and no further than to the first that differs.
    fn look(&mut self) {
        let mut up = self.nodes.iter().flatten();
        // That nobody has anything yet is not what was promised.
        let first = up.next().filter(|first| first.commit > Index(0));
        let same = first.is_some_and(|first| up.all(|other| other == first));
        self.since = if same { self.since.or(Some(self.now)) } else { None };
    }
}

/// Notes what is now known of a node; says whether that is new.
fn replaced<T: PartialEq>(nodes: &mut Vec<Option<T>>, node: NodeId, now: Option<T>) -> bool {
    if nodes.len() <= node.index() {
        nodes.resize_with(node.index() + 1, || None);
    }
    let row = &mut nodes[node.index()];
    let new = *row != now;
    if new {
        *row = now;
    }
    new
}

#[cfg(test)]
mod tests {
    use sim_core::id::Seat;

    use super::*;
    use crate::kv::Kv;
    use crate::raft::testing::{committed, in_term, leader, node};

    fn see<G: Goal<Raft<Kv>>>(goal: &mut G, nanos: u64, seat: u32, state: &Raft<Kv>) {
        let (time, seat, node) = (Time::from_nanos(nanos), Seat(seat), NodeId(seat));
        let (incarnation, effects) = (0, &[]);
        goal.observe(&Step { time, seat, node, incarnation, state: Some(state), effects });
    }

    fn met<G: Goal<Raft<Kv>>>(goal: &G) -> Option<u64> {
        goal.met_since().map(Time::as_nanos)
    }

    fn crash<G: Goal<Raft<Kv>>>(goal: &mut G, nanos: u64, node: u32) {
        goal.crashed(Time::from_nanos(nanos), NodeId(node));
    }

    #[test]
    fn a_leader_is_stable_while_nobody_is_in_a_later_term() {
        let mut goal = StableLeader::default();
        see(&mut goal, 1, 0, &node(&[]));
        assert_eq!(met(&goal), None);
        see(&mut goal, 2, 1, &leader(1, &[]));
        see(&mut goal, 3, 0, &in_term(1, node(&[])));
        assert_eq!(met(&goal), Some(2), "a follower that hears of the term changes nothing");
        see(&mut goal, 4, 2, &in_term(2, node(&[])));
        assert_eq!(met(&goal), None);
        see(&mut goal, 5, 2, &leader(2, &[]));
        assert_eq!(met(&goal), None, "two of them");
        see(&mut goal, 6, 1, &in_term(2, node(&[])));
        assert_eq!(met(&goal), Some(6));
        crash(&mut goal, 7, 2);
        assert_eq!(met(&goal), None);
    }

    #[test]
    fn logs_are_the_same_when_all_that_are_up_have_the_same() {
        let mut goal = SameLog::default();
        see(&mut goal, 1, 0, &node(&[]));
        see(&mut goal, 1, 1, &node(&[]));
        assert_eq!(met(&goal), None, "nobody has anything yet");
        see(&mut goal, 2, 0, &committed(1, node(&[1])));
        assert_eq!(met(&goal), None);
        see(&mut goal, 3, 1, &committed(1, node(&[1])));
        assert_eq!(met(&goal), Some(3));
        see(&mut goal, 4, 0, &committed(2, node(&[1, 1])));
        assert_eq!(met(&goal), None, "the other does not know yet");
        crash(&mut goal, 5, 1);
        assert_eq!(met(&goal), Some(5), "since the one that did not know is gone");
    }
}
