//! Which members there were when: the configurations that a log holds.
//!
//! The last one in the log is in force, committed or not, and if it is taken out of the log again,
//! so is the one before it (Raft §6, dissertation §4.1).

use std::rc::Rc;

use super::log::Index;
use super::members::Members;

/// The configurations of one log, in order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Configurations {
    /// The one that was in force at a position, and from it on until the next.
    first: (Index, Rc<Members>),
    /// Where others follow.
    later: Vec<(Index, Rc<Members>)>,
}

impl Configurations {
    /// Those of an empty log.
    pub(super) fn new(members: Members) -> Self {
        Self { first: (Index(0), Rc::new(members)), later: Vec::new() }
    }

    /// The one in force, and where the log has it.
    #[must_use]
    pub fn latest(&self) -> (Index, &Rc<Members>) {
        let (index, members) = self.later.last().unwrap_or(&self.first);
        (*index, members)
    }

    /// The one that was in force at a position.
    #[must_use]
    pub fn at(&self, index: Index) -> &Rc<Members> {
        let known = self.later.iter().rev().find(|(at, _)| *at <= index);
        &known.unwrap_or(&self.first).1
    }

    /// How many there are behind a position.
    #[must_use]
    pub fn after(&self, index: Index) -> usize {
        self.later.iter().rev().take_while(|(at, _)| *at > index).count()
    }

    /// The log has another one. What it had before its beginning, it knows already.
    pub(super) fn append(&mut self, index: Index, members: Rc<Members>) {
        if index > self.first.0 {
            self.later.push((index, members));
        }
    }

    /// The one that was in force at a position, and where the log has it.
    pub(super) fn in_force(&self, index: Index) -> (Index, Rc<Members>) {
        let known = self.later.iter().rev().find(|(at, _)| *at <= index);
        known.unwrap_or(&self.first).clone()
    }

    /// What comes before a position is known from a snapshot; what follows stays.
    pub(super) fn begin_with(&mut self, first: (Index, Rc<Members>), upto: Index) {
        self.first = first;
        self.later.retain(|(index, _)| *index > upto);
    }

    /// The log was cut; says whether that changed who is in force.
    pub(super) fn truncate(&mut self, from: Index) -> bool {
        let before = self.later.len();
        self.later.retain(|(index, _)| *index < from);
        self.later.len() < before
    }
}

#[cfg(test)]
mod tests {
    use sim_core::id::NodeId;

    use super::*;

    fn members(voters: u32) -> Rc<Members> {
        Rc::new(Members::new((0..voters).map(NodeId).collect()))
    }

    #[test]
    fn the_latest_is_in_force_and_the_one_before_it_again_when_it_is_cut() {
        let mut known = Configurations::new(Members::clone(&members(1)));
        known.append(Index(3), members(2));
        known.append(Index(5), members(3));
        assert_eq!(known.latest(), (Index(5), &members(3)));
        let at = |index| known.at(Index(index)).voters().len();
        assert_eq!([0, 2, 3, 4, 5, 9].map(at), [1, 1, 2, 2, 3, 3]);
        assert_eq!([2, 3, 5].map(|index| known.after(Index(index))), [2, 1, 0]);
        assert!(!known.truncate(Index(6)));
        assert!(known.truncate(Index(4)));
        assert_eq!(known.latest(), (Index(3), &members(2)));
    }
}
