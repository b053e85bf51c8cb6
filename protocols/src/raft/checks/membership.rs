//! Changes of the members: one after the other.

use sim_core::check::{Invariant, Step};
use sim_core::id::NodeId;

use super::Seen;
use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::{Index, Term};

/// `one_change_at_a_time`: a leader adds no configuration to its log while the one before it is not
/// known to be committed (dissertation §4.1). Two steps at once may lead to majorities that share
/// nobody.
///
/// What a leader finds in its log when it is elected, it has not added: it may hold several, and know
/// of none that it is committed.
#[derive(Debug, Default)]
pub struct OneChangeAtATime {
    led: Seen<Option<Led>>,
}

/// A leader's last configuration, as it was seen last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Led {
    incarnation: u32,
    term: Term,
    latest: Index,
}

impl<M: Machine> Invariant<Raft<M>> for OneChangeAtATime {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        let (incarnation, term) = (step.incarnation, state.term);
        let (latest, _) = state.configurations.latest();
        let now = state.is_leader().then_some(Led { incarnation, term, latest });
        let seat = step.seat.index();
        if self.led.is_last(seat, now) {
            return Ok(());
        }
        match (self.led.note(seat, now), now) {
            (Some(before), Some(now)) if before.was_followed_by(now) => {
                added(step.node, state, before.latest)
            }
            _ => Ok(()),
        }
    }
}

impl Led {
    /// Whether this leader has added a configuration.
    fn was_followed_by(self, now: Self) -> bool {
        (self.term, self.incarnation) == (now.term, now.incarnation) && self.latest < now.latest
    }
}

/// A leader has added a configuration to one that begins with this entry.
fn added<M: Machine>(node: NodeId, state: &Raft<M>, before: Index) -> Result<(), String> {
    let (latest, _) = state.configurations.latest();
    if before > state.commit || state.configurations.after(state.commit) > 1 {
        return Err(format!(
            "{node} changes the members in entry {latest}, and the change before it, from entry \
             {before} on, is not committed"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::testing::see;
    use super::*;
    use crate::kv::Kv;
    use crate::raft::testing::{committed, leader};

    /// A leader with changes at these positions.
    fn with(commit: u64, changes: &[u64]) -> Raft<Kv> {
        let mut node = committed(commit, leader(1, &[1, 1, 1, 1]));
        for &index in changes {
            let members = Rc::new(node.members.with_learner(NodeId(7)));
            node.configurations.append(Index(index), members);
        }
        node
    }

    #[test]
    fn the_next_change_begins_when_the_last_is_committed() {
        let mut check = OneChangeAtATime::default();
        assert_eq!(see(&mut check, 0, 0, &with(0, &[1, 2]), &[]), Ok(()), "found in its log");
        assert_eq!(see(&mut check, 0, 0, &with(2, &[1, 2, 3]), &[]), Ok(()));
        let error = see(&mut check, 0, 0, &with(2, &[1, 2, 3, 4]), &[]).expect_err("too soon");
        let expected = "n0 changes the members in entry 4, and the change before it, from entry 3 on, \
                        is not committed";
        assert_eq!(error, expected);
    }

    #[test]
    fn two_changes_in_one_step_are_two() {
        let mut check = OneChangeAtATime::default();
        assert_eq!(see(&mut check, 0, 0, &with(1, &[1]), &[]), Ok(()));
        assert_eq!(
            see(&mut check, 0, 0, &with(2, &[1, 2, 3]), &[]),
            Ok(()),
            "the first is committed"
        );
        assert!(see(&mut check, 1, 0, &with(1, &[1]), &[]).is_ok());
        assert!(see(&mut check, 1, 0, &with(1, &[1, 2, 3]), &[]).is_err());
    }
}
