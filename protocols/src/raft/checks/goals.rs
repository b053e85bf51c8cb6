//! Progress: what comes about once the faults are over.

use std::rc::Rc;

use sim_core::check::{Goal, Step};
use sim_core::id::NodeId;
use sim_core::time::Time;

use crate::machine::Machine;
use crate::raft::log::{EntryId, Index, Term};
use crate::raft::{Members, Raft};

/// `stable_leader`: there is one leader, no member is in a later term, and so it stays.
#[derive(Debug, Default)]
pub struct StableLeader {
    /// The term of each node that is up, and whether it leads.
    nodes: Vec<Option<(Term, bool)>>,
    taking_part: TakingPart,
    leader: Option<(NodeId, Term)>,
    since: Time,
    now: Time,
}

impl<M: Machine> Goal<Raft<M>> for StableLeader {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) {
        let Some(state) = step.state else { return };
        self.now = step.time;
        let others_take_part = self.taking_part.see(state);
        let now = Some((state.term, state.is_leader()));
        if replaced(&mut self.nodes, step.node, now) || others_take_part {
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
        let nodes = self.taking_part.of(&self.nodes);
        let highest = nodes.map(|(_, &(term, _))| term).max();
        let mut leaders = self.leaders();
        let first = leaders.next().filter(|&(_, term)| Some(term) == highest);
        if leaders.next().is_none() { first } else { None }
    }

    fn leaders(&self) -> impl Iterator<Item = (NodeId, Term)> {
        let leaders = self.taking_part.of(&self.nodes).filter(|(_, (_, leads))| *leads);
        leaders.map(|(node, &(term, _))| (node, term))
    }
}

/// `same_log`: all members that are up have the same log, committed up to the same entry.
#[derive(Debug, Default)]
pub struct SameLog {
    nodes: Vec<Option<Held>>,
    taking_part: TakingPart,
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
        let others_take_part = self.taking_part.see(state);
        let now = Some(Held { last, digest, commit: state.commit });
        if replaced(&mut self.nodes, step.node, now) || others_take_part {
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
        let told = self.taking_part.of(&self.nodes).map(|(node, held)| {
            format!("{node} has a log that ends with {}, commit {}", held.last, held.commit)
        });
        told.collect::<Vec<_>>().join("; ")
    }
}

impl SameLog {
    /// Only when a log or a commit index moved, and no further than to the first that differs.
    fn look(&mut self) {
        let mut up = self.taking_part.of(&self.nodes).map(|(_, held)| held);
        // That nobody has anything yet is not what was promised.
        let first = up.next().filter(|first| first.commit > Index(0));
        let same = first.is_some_and(|first| up.all(|other| other == first));
        self.since = if same { self.since.or(Some(self.now)) } else { None };
    }
}

/// The members, as the leader of the latest term sees it: a goal is theirs, and nobody else's. All
/// nodes, until there was a leader.
#[derive(Debug, Default)]
struct TakingPart {
    members: Option<Rc<Members>>,
    /// The term of that leader, and where its log has them.
    since: (Term, Index),
}

impl TakingPart {
    /// Looks at a node; says whether there are other members.
    fn see<M: Machine>(&mut self, state: &Raft<M>) -> bool {
        let (index, members) = state.configurations.latest();
        let new = state.is_leader() && (state.term, index) > self.since;
        if new {
            self.since = (state.term, index);
            self.members = Some(Rc::clone(members));
        }
        new
    }

    /// What is known of the members that are up.
    fn of<'a, T>(&self, nodes: &'a [Option<T>]) -> impl Iterator<Item = (NodeId, &'a T)> {
        let up = (0..).map(NodeId).zip(nodes).filter_map(|(node, row)| Some((node, row.as_ref()?)));
        up.filter(|(node, _)| self.members.as_ref().is_none_or(|members| members.has(*node)))
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

    fn see<G: Goal<Raft<Kv>> + ?Sized>(goal: &mut G, nanos: u64, seat: u32, state: &Raft<Kv>) {
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
    fn who_is_no_member_is_not_waited_for() {
        let (mut stable, mut same) = (StableLeader::default(), SameLog::default());
        let mut alone = committed(1, leader(1, &[1]));
        let members = alone.members.without(NodeId(1)).without(NodeId(2));
        alone.configurations.append(Index(1), Rc::new(members));
        for goal in [&mut stable as &mut dyn Goal<Raft<Kv>>, &mut same] {
            see(goal, 1, 1, &in_term(3, node(&[])));
            see(goal, 2, 0, &alone);
            assert_eq!(goal.met_since().map(Time::as_nanos), Some(2), "{}", goal.waiting_for());
        }
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
