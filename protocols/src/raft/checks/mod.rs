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

use sim_core::id::Seat;

/// A row for each seat, to remember what was seen of it last.
#[derive(Debug)]
struct PerSeat<T>(Vec<T>);

impl<T> Default for PerSeat<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + Default> PerSeat<T> {
    fn row(&mut self, seat: Seat) -> &mut T {
        if self.0.len() <= seat.index() {
            self.0.resize(seat.index() + 1, T::default());
        }
        &mut self.0[seat.index()]
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
