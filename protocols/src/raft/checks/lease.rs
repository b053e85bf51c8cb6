//! Leases: who answers from one is the only leader.

use sim_core::check::{Invariant, Step};
use sim_core::context::Effect;
use sim_core::id::NodeId;

use crate::machine::Machine;
use crate::raft::Raft;
use crate::raft::log::Term;

/// `lease_is_exclusive`: when a leader reads by its lease, no leader of a later term has been
/// elected (dissertation §6.4.1). By true time: no node's clock is asked.
#[derive(Debug, Default)]
pub struct LeaseIsExclusive {
    latest: Option<(Term, NodeId)>,
}

impl<M: Machine> Invariant<Raft<M>> for LeaseIsExclusive {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state.filter(|state| state.is_leader()) else { return Ok(()) };
        match self.latest {
            Some((term, leader)) if term > state.term => {
                if step.effects.iter().any(is_read) {
                    let (node, own) = (step.node, state.term);
                    return Err(format!(
                        "{node} reads by the lease of term {own}, and {leader} leads term {term}"
                    ));
                }
            }
            _ => self.latest = Some((state.term, step.node)),
        }
        Ok(())
    }
}

fn is_read<M: Machine>(effect: &Effect<Raft<M>>) -> bool {
    matches!(effect, Effect::Reached { point: "read_by_lease" })
}

#[cfg(test)]
mod tests {
    use super::super::testing::see;
    use super::*;
    use crate::kv::Kv;
    use crate::raft::testing::leader;

    #[test]
    fn who_reads_by_a_lease_is_the_only_leader() {
        let mut check = LeaseIsExclusive::default();
        let read: &[Effect<Raft<Kv>>] = &[Effect::Reached { point: "read_by_lease" }];
        assert_eq!(see(&mut check, 0, 0, &leader(1, &[1]), read), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &leader(2, &[1]), &[]), Ok(()));
        assert_eq!(see(&mut check, 0, 0, &leader(1, &[1]), &[]), Ok(()), "it does not know");
        let error = see(&mut check, 0, 0, &leader(1, &[1]), read).expect_err("an old lease");
        assert_eq!(error, "n0 reads by the lease of term 1, and n1 leads term 2");
        assert_eq!(see(&mut check, 1, 0, &leader(2, &[1]), read), Ok(()));
    }
}
