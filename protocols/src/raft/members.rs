//! Who takes part, and who of them may decide (Raft §6, dissertation chapter 4).

use std::fmt;

use sim_core::id::{NodeId, NodeSet};
use sim_core::protocol::Cluster;

use super::config::{Config, Standing};

/// A configuration: the members of a cluster. Every decision, an election or a commitment, takes a
/// majority of its voters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Members {
    voters: NodeSet,
    /// On the way from one set of voters to another, the old one: then both must agree (joint
    /// consensus, Raft §6). Else empty.
    outgoing: NodeSet,
    /// Who is sent entries and has no vote (dissertation §4.2.1).
    learners: NodeSet,
}

impl Members {
    /// A cluster of voters.
    #[must_use]
    pub const fn new(voters: NodeSet) -> Self {
        Self { voters, outgoing: NodeSet::new(), learners: NodeSet::new() }
    }

    /// Those that a cluster begins with.
    #[must_use]
    pub fn initial(cluster: &Cluster<Config>) -> Self {
        let with = |standing| {
            let nodes = (0..cluster.size()).map(NodeId);
            nodes.filter(|&node| cluster.config(node).standing == standing).collect()
        };
        Self { learners: with(Standing::Learner), ..Self::new(with(Standing::Voter)) }
    }

    /// These and a node that has no vote.
    #[must_use]
    pub fn with_learner(&self, node: NodeId) -> Self {
        let mut members = self.without(node);
        members.learners.insert(node);
        members
    }

    /// These and a node that has a vote.
    #[must_use]
    pub fn with_voter(&self, node: NodeId) -> Self {
        let mut members = self.without(node);
        members.voters.insert(node);
        members
    }

    /// These but for one.
    #[must_use]
    pub fn without(&self, node: NodeId) -> Self {
        let mut members = self.clone();
        members.voters.remove(node);
        members.learners.remove(node);
        members
    }

    /// Other voters, and those of these who learn and are none of them.
    #[must_use]
    pub fn with_voters(&self, voters: &NodeSet) -> Self {
        let learners = self.learners.iter().filter(|&node| !voters.contains(node)).collect();
        Self { learners, ..Self::new(voters.clone()) }
    }

    /// What lies between these and others: both must agree (Raft §6).
    #[must_use]
    pub fn joint_with(&self, new: Self) -> Self {
        Self { outgoing: self.voters.clone(), ..new }
    }

    /// What follows when both have agreed: the new voters alone.
    #[must_use]
    pub fn settled(&self) -> Self {
        Self { outgoing: NodeSet::new(), ..self.clone() }
    }

    /// How many nodes have a vote in one of them and not in the other.
    #[must_use]
    pub fn votes_changed(&self, other: &Self) -> usize {
        self.voters.len() + other.voters.len() - 2 * self.voters.overlap(&other.voters)
    }

    /// The voters; on the way from one set to another, the new ones.
    #[must_use]
    pub const fn voters(&self) -> &NodeSet {
        &self.voters
    }

    /// Those who are sent entries and have no vote.
    #[must_use]
    pub const fn learners(&self) -> &NodeSet {
        &self.learners
    }

    /// Whether two sets of voters must agree.
    #[must_use]
    pub fn is_joint(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether a node has a vote.
    #[must_use]
    pub fn has_voter(&self, node: NodeId) -> bool {
        self.voters.contains(node) || self.outgoing.contains(node)
    }

    /// Whether these nodes may decide: a majority of the voters, of both sets if there are two. How
    /// many of a number of voters are a majority is the caller's to say.
    pub fn is_quorum(&self, nodes: &NodeSet, majority: impl Fn(usize) -> usize) -> bool {
        self.sets().all(|set| set.overlap(nodes) >= majority(set.len()))
    }

    /// The last mark that a majority of the voters, of both sets if there are two, has reached, if it
    /// lies beyond a certain one.
    pub fn reached_beyond<T: Ord + Copy>(
        &self,
        known: T,
        reached_by: impl Fn(NodeId) -> T,
        majority: impl Fn(usize) -> usize,
    ) -> Option<T> {
        let reached = |set: &NodeSet| {
            let enough = majority(set.len());
            let (mut reached, mut last) = (None, known);
            loop {
                let (mut count, mut least) = (0, None);
                for mark in set.iter().map(&reached_by).filter(|mark| *mark > last) {
                    count += 1;
                    least = Some(least.map_or(mark, |least| mark.min(least)));
                }
                // A majority that is beyond a mark has reached the least of the marks beyond it.
                match least {
                    Some(mark) if count >= enough => (reached, last) = (least, mark),
                    _ => return reached,
                }
            }
        };
        let mark = reached(&self.voters)?;
        if self.is_joint() { Some(reached(&self.outgoing)?.min(mark)) } else { Some(mark) }
    }

    /// Whether a node is one of them, with a vote or without.
    #[must_use]
    pub fn has(&self, node: NodeId) -> bool {
        self.has_voter(node) || self.learners.contains(node)
    }

    /// All members, whether they have a vote or not.
    #[must_use]
    pub fn all(&self) -> NodeSet {
        let mut all = self.voters.clone();
        all.extend(&self.outgoing);
        all.extend(&self.learners);
        all
    }

    /// All members but one.
    #[must_use]
    pub fn others(&self, me: NodeId) -> NodeSet {
        let mut others = self.all();
        others.remove(me);
        others
    }

    /// How many rows a table needs that has one for each member, in its place.
    #[must_use]
    pub fn rows(&self) -> usize {
        let last = |set: &NodeSet| set.iter().last().map_or(0, |node| node.index() + 1);
        last(&self.voters).max(last(&self.outgoing)).max(last(&self.learners))
    }

    /// The sets of voters that must agree.
    fn sets(&self) -> impl Iterator<Item = &NodeSet> {
        let outgoing = self.is_joint().then_some(&self.outgoing);
        std::iter::once(&self.voters).chain(outgoing)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_joint() {
            write!(f, "{:?} and ", self.outgoing)?;
        }
        write!(f, "{:?}", self.voters)?;
        if self.learners.is_empty() { Ok(()) } else { write!(f, ", learning {:?}", self.learners) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Index;
    use super::*;

    fn set(nodes: &[u32]) -> NodeSet {
        nodes.iter().copied().map(NodeId).collect()
    }

    fn more_than_half(voters: usize) -> usize {
        voters / 2 + 1
    }

    fn joint(old: &[u32], new: &[u32]) -> Members {
        Members::new(set(old)).joint_with(Members::new(set(new)))
    }

    #[test]
    fn a_cluster_begins_with_those_who_are_to_stand_in_it() {
        let with = |standing| Config { standing, ..Config::default() };
        let standings = [Standing::Voter, Standing::Learner, Standing::Outsider, Standing::Voter];
        let members = Members::initial(&Cluster::new(standings.map(with).into()));
        assert_eq!(format!("{members:?}"), "{n0, n3}, learning {n1}");
    }

    #[test]
    fn members_come_and_go() {
        let members = Members::new(set(&[0, 1]));
        let three = members.with_learner(NodeId(2)).with_learner(NodeId(3)).with_voter(NodeId(2));
        assert_eq!(format!("{three:?}"), "{n0, n1, n2}, learning {n3}");
        assert_eq!(format!("{:?}", three.without(NodeId(3)).without(NodeId(0))), "{n1, n2}");
        assert_eq!(format!("{:?}", three.with_learner(NodeId(0))), "{n1, n2}, learning {n0, n3}");
        let others = three.joint_with(three.with_voters(&set(&[3, 4])));
        assert_eq!(format!("{others:?}"), "{n0, n1, n2} and {n3, n4}");
        assert_eq!(others.settled(), Members::new(set(&[3, 4])));
        assert_eq!(three.votes_changed(&others), 5);
        assert_eq!(three.votes_changed(&members), 1);
    }

    #[test]
    fn a_majority_of_the_voters_decides_and_nobody_else_counts() {
        let members = Members { learners: set(&[7, 8, 9]), ..Members::new(set(&[0, 1, 2, 5])) };
        let decides = |nodes: &[u32]| members.is_quorum(&set(nodes), more_than_half);
        assert!(decides(&[0, 1, 5]));
        assert!(!decides(&[0, 1]), "a half");
        assert!(!decides(&[0, 1, 3, 7, 8, 9]), "learners and strangers");
    }

    #[test]
    fn on_the_way_both_majorities_decide_together() {
        let members = joint(&[0, 1, 2], &[2, 3, 4]);
        let decides = |nodes: &[u32]| members.is_quorum(&set(nodes), more_than_half);
        assert!(decides(&[0, 2, 3]));
        assert!(!decides(&[0, 1, 2]), "the old ones alone");
        assert!(!decides(&[2, 3, 4]), "the new ones alone");
    }

    #[test]
    fn what_a_majority_has_is_reached() {
        let matched = |node: NodeId| Index([9, 4, 7, 5, 0][node.index()]);
        let beyond = |known, members: &Members| {
            members.reached_beyond(Index(known), matched, more_than_half).map(|Index(mark)| mark)
        };
        let three = Members::new(set(&[0, 1, 2]));
        assert_eq!([0, 6, 7].map(|known| beyond(known, &three)), [Some(7), Some(7), None]);
        assert_eq!(beyond(0, &Members::new(set(&[0, 1, 2, 3]))), Some(5));
        let half = joint(&[0, 1, 2], &[1, 3, 4]);
        assert_eq!(beyond(3, &half), Some(4), "the slower half counts");
        assert_eq!(beyond(4, &half), None, "the faster one alone does not");
        let learner = Members { learners: set(&[0]), ..Members::new(set(&[1, 3, 4])) };
        assert_eq!(beyond(0, &learner), Some(4), "a learner does not count");
    }

    #[test]
    fn everybody_is_told_and_has_a_row() {
        let members = Members { learners: set(&[6]), ..joint(&[0, 1], &[1, 4]) };
        assert_eq!(members.others(NodeId(1)), set(&[0, 4, 6]));
        assert_eq!(members.others(NodeId(9)), set(&[0, 1, 4, 6]));
        assert_eq!(members.rows(), 7);
        assert!(members.has_voter(NodeId(0)) && !members.has_voter(NodeId(6)));
    }
}
