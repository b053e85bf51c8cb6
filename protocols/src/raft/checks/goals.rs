//! Progress: what comes about once the faults are over.

use sim_core::check::{Goal, Step};
use sim_core::id::{NodeId, NodeSet};
use sim_core::time::Time;

use super::Seen;
use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::{EntryId, Index, Term};

/// `stable_leader`: there is one leader, no member is in a later term, and so it stays.
#[derive(Debug, Default)]
pub struct StableLeader {
    /// The term of each node that is up, and whether it leads.
    nodes: Seen<Option<(Term, bool)>>,
    taking_part: TakingPart,
    leader: Option<(NodeId, Term)>,
    since: Time,
}

impl<M: Machine> Goal<Raft<M>> for StableLeader {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) {
        let Some(state) = step.state else { return };
        let known = self.nodes.is_last(step.node.index(), Some((state.term, state.is_leader())));
        if !known || self.taking_part.changes_with(state) {
            self.take_in(step.time, step.node, state);
        }
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.look(time, node, None);
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
    #[inline(never)]
    fn take_in<M: Machine>(&mut self, time: Time, node: NodeId, state: &Raft<M>) {
        self.taking_part.see(state);
        self.look(time, node, Some((state.term, state.is_leader())));
    }

    /// Only when a node was elected, deposed or crashed, or a term began.
    fn look(&mut self, time: Time, node: NodeId, now: Option<(Term, bool)>) {
        self.nodes.note(node.index(), now);
        let leader = self.undisputed();
        if self.leader != leader {
            self.leader = leader;
            self.since = time;
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
    nodes: Seen<Option<Held>>,
    taking_part: TakingPart,
    since: Option<Time>,
}

/// What a node holds: the digest of its log, its commit index, and its log's last entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Held {
    digest: u64,
    commit: Index,
    last: EntryId,
}

impl Held {
    #[inline]
    fn by<M: Machine>(node: &Raft<M>) -> Self {
        Self { digest: node.log.digest(), commit: node.commit, last: node.log.last() }
    }
}

impl<M: Machine> Goal<Raft<M>> for SameLog {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) {
        let Some(state) = step.state else { return };
        let known = self.nodes.is_last(step.node.index(), Some(Held::by(state)));
        if !known || self.taking_part.changes_with(state) {
            self.take_in(step.time, step.node, state);
        }
    }

    fn crashed(&mut self, time: Time, node: NodeId) {
        self.look(time, node, None);
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
    #[inline(never)]
    fn take_in<M: Machine>(&mut self, time: Time, node: NodeId, state: &Raft<M>) {
        self.taking_part.see(state);
        self.look(time, node, Some(Held::by(state)));
    }

    /// Only when a log or a commit index moved, and no further than to the first that differs.
    fn look(&mut self, time: Time, node: NodeId, now: Option<Held>) {
        self.nodes.note(node.index(), now);
        let mut up = self.taking_part.of(&self.nodes).map(|(_, held)| held);
        // That nobody has anything yet is not what was promised.
        let first = up.next().filter(|first| first.commit > Index(0));
        let same = first.is_some_and(|first| up.all(|other| other == first));
        self.since = if same { self.since.or(Some(time)) } else { None };
    }
}

/// The members, as the leader of the latest term sees it: a goal is theirs, and nobody else's. All
/// nodes, until there was a leader.
#[derive(Debug, Default)]
struct TakingPart {
    members: Option<NodeSet>,
    /// The term of that leader, and where its log has them.
    since: (Term, Index),
}

impl TakingPart {
    /// Whether a node says that there are other members.
    #[inline]
    fn changes_with<M: Machine>(&self, state: &Raft<M>) -> bool {
        state.is_leader() && (state.term, state.configurations.latest().0) > self.since
    }

    /// Looks at a node.
    fn see<M: Machine>(&mut self, state: &Raft<M>) {
        if self.changes_with(state) {
            let (index, members) = state.configurations.latest();
            self.since = (state.term, index);
            self.members = Some(members.all());
        }
    }

    /// What is known of the members that are up.
    fn of<'a, T>(&self, nodes: &'a Seen<Option<T>>) -> impl Iterator<Item = (NodeId, &'a T)> {
        let rows = nodes.0.iter().zip((0..).map(NodeId));
        rows.filter_map(|(row, node)| Some((node, row.as_ref()?)))
            .filter(|(node, _)| self.members.as_ref().is_none_or(|all| all.contains(*node)))
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

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
