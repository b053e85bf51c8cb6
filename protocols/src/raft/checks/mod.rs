//! What Raft promises, as observers of its steps (Raft, Figure 3, and what holds besides).
//!
//! A step that a crash cut is judged by what left the node alone (rule 13): a vote that was granted
//! in memory and never got out was never granted. None of these checks reads what a node believes
//! of others, and none compares logs entry by entry: the digests that logs carry stand for all
//! before them.

mod commit;
mod election;
mod goals;
mod lease;
mod log;
mod membership;
mod snapshot;

pub use self::commit::{
    AcknowledgedIsCommitted, CommitMonotone, LeaderCompleteness, StateMachineSafety,
};
pub use self::election::{OneLeaderPerTerm, OneVotePerTerm};
pub use self::goals::{SameLog, StableLeader};
pub use self::lease::LeaseIsExclusive;
pub use self::log::{LeaderAppendOnly, LogMatching};
pub use self::membership::OneChangeAtATime;
pub use self::snapshot::SnapshotIsThePrefix;

/// What was seen last of each seat, or of each node: a row for each.
///
/// Every check is asked after every step, and most steps change nothing that it goes by. So
/// `observe` looks first whether that is [so](Self::is_last), and the judging stands apart.
#[derive(Debug)]
struct Seen<T>(Vec<T>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Copy + Default + PartialEq> Seen<T> {
    /// Whether this is what was seen last. What was judged then need not be judged again.
    #[inline]
    fn is_last(&self, row: usize, now: T) -> bool {
        self.0.get(row).is_some_and(|last| *last == now)
    }

    /// What was seen last, to be replaced by what is seen now.
    #[inline]
    fn get_mut(&mut self, row: usize) -> Option<&mut T> {
        self.0.get_mut(row)
    }

    /// Notes what is seen now; returns what was seen before.
    fn note(&mut self, row: usize, now: T) -> T {
        std::mem::replace(self.row(row), now)
    }
}

impl<T: Clone + Default> Seen<T> {
    fn row(&mut self, row: usize) -> &mut T {
        if self.0.len() <= row {
            self.0.resize(row + 1, T::default());
        }
        &mut self.0[row]
    }
}

#[cfg(test)]
mod testing {
    //! Steps made by hand.

    use sim_core::check::{Invariant, Step};
    use sim_core::context::Effect;
    use sim_core::id::{NodeId, Seat};
    use sim_core::time::Time;

    use crate::kv::Kv;
    use crate::raft::Raft;

    /// A whole step of a node.
    pub(super) fn see<I: Invariant<Raft<Kv>>>(
        invariant: &mut I,
        seat: u32,
        incarnation: u32,
        state: &Raft<Kv>,
        effects: &[Effect<Raft<Kv>>],
    ) -> Result<(), String> {
        let (node, seat) = (NodeId(seat), Seat(seat));
        let state = Some(state);
        invariant.observe(&Step { time: Time::ZERO, seat, node, incarnation, state, effects })
    }

    /// A step that a crash cut, after these effects.
    pub(super) fn see_cut<I: Invariant<Raft<Kv>>>(
        invariant: &mut I,
        seat: u32,
        effects: &[Effect<Raft<Kv>>],
    ) -> Result<(), String> {
        let (node, seat) = (NodeId(seat), Seat(seat));
        let (state, incarnation) = (None, 0);
        invariant.observe(&Step { time: Time::ZERO, seat, node, incarnation, state, effects })
    }
}
