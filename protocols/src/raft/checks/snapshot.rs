//! Snapshots: they are what the entries leave behind for which they stand.

use sim_core::check::{Invariant, Step};

use super::Seen;
use crate::machine::Machine;
use crate::raft::log::{Action, Entry, Index, Log};
use crate::raft::session::Sessions;
use crate::raft::{Raft, Snapshot};

/// `snapshot_is_the_prefix`: a snapshot holds what applying the committed entries up to its last one
/// leaves behind, machine, sessions and members, and no more (Raft §7).
///
/// Applies the committed entries itself, up to each snapshot, for each node from its last one on.
#[derive(Debug)]
pub struct SnapshotIsThePrefix<M: Machine> {
    /// What is committed. Learnt from those who take snapshots: who does not costs nothing.
    entries: Vec<Entry<M::Command>>,
    seen: Seen<Option<Applied<M>>>,
}

/// What some of the committed entries leave behind.
#[derive(Clone, Debug)]
struct Applied<M: Machine> {
    commit: Index,
    upto: Index,
    /// The last entry that is a configuration.
    members: Index,
    machine: M,
    sessions: Sessions<M::Output>,
}

impl<M: Machine> Default for SnapshotIsThePrefix<M> {
    fn default() -> Self {
        Self { entries: Vec::new(), seen: Seen::default() }
    }
}

impl<M: Machine> Invariant<Raft<M>> for SnapshotIsThePrefix<M> {
    fn observe(&mut self, step: &Step<'_, Raft<M>>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        if state.config.snapshot_after.is_none() && state.snapshot.is_none() {
            return Ok(());
        }
        let applied = self.seen.row(step.seat.index()).get_or_insert_with(Applied::nothing);
        if std::mem::replace(&mut applied.commit, state.commit) != state.commit {
            learn(&mut self.entries, &state.log, state.commit);
        }
        match state.snapshot() {
            Some(snapshot) if snapshot.last().index != applied.upto => {
                applied.reach(snapshot, &self.entries).map_err(|error| {
                    format!("{}'s snapshot up to {} {error}", step.node, snapshot.last())
                })
            }
            _ => Ok(()),
        }
    }
}

/// Takes in what a node says is committed. Whether others said the same is for
/// `state_machine_safety` to say.
fn learn<C: Clone>(entries: &mut Vec<Entry<C>>, log: &Log<C>, commit: Index) {
    let known = Index(0).plus(entries.len());
    if log.base().index <= known {
        let new = usize::try_from(commit.0.saturating_sub(known.0)).expect("it fits in memory");
        entries.extend(log.entries_after(known).take(new).cloned());
    }
}

impl<M: Machine> Applied<M> {
    fn nothing() -> Self {
        let (machine, sessions) = (M::default(), Sessions::default());
        let zero = Index(0);
        Self { commit: zero, upto: zero, members: zero, machine, sessions }
    }

    /// Applies the entries up to the last one of a snapshot, and compares.
    fn reach(
        &mut self,
        snapshot: &Snapshot<M>,
        entries: &[Entry<M::Command>],
    ) -> Result<(), String> {
        let last = snapshot.last().index;
        if last < self.upto {
            *self = Self { commit: self.commit, ..Self::nothing() };
        }
        let rows = self.upto.next().row().zip(last.row());
        let Some(new) = rows.and_then(|(first, last)| entries.get(first..=last)) else {
            return Err(format!("takes in more than the {} committed entries", entries.len()));
        };
        for entry in new {
            self.upto = self.upto.next();
            match &entry.action {
                Action::Noop => {}
                Action::Members(_) => self.members = self.upto,
                Action::Command { id, command } => {
                    self.sessions.apply(&mut self.machine, *id, command);
                }
            }
        }
        if *snapshot.machine() != self.machine {
            Err("does not hold what the entries up to it leave behind".into())
        } else if *snapshot.sessions() != self.sessions {
            Err("does not remember the clients that the entries up to it are for".into())
        } else if snapshot.members().0 != self.members {
            Err(format!("does not have the members that entry {} names", self.members))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;
    use std::rc::Rc;

    use sim_core::protocol::Protocol;

    use super::super::testing::see;
    use super::*;
    use crate::kv::Kv;
    use crate::raft::testing::{asked, cx, flawed, node};
    use crate::raft::{Flaw, Timer};

    /// A node that has so many requests in its log and applied some of them, and then took a
    /// snapshot.
    fn taken(requests: u32, applied: u64, flaw: Option<Flaw>) -> (Raft<Kv>, Raft<Kv>) {
        let mut node = node(&[]);
        node.config.snapshot_after = NonZeroU64::new(2);
        node.config.flaw = flaw;
        for number in 1..=requests {
            node.log.append(asked(1, number));
        }
        node.commit = Index(applied);
        node.apply_committed(&mut cx());
        let before = node.clone();
        node.on_timer(&mut cx(), Timer::Snapshot);
        (before, node)
    }

    fn judged(flaw: Option<Flaw>) -> Result<(), String> {
        let (before, after) = taken(3, 2, flaw);
        let mut check = SnapshotIsThePrefix::default();
        see(&mut check, 0, 0, &before, &[])?;
        see(&mut check, 0, 0, &after, &[])
    }

    #[test]
    fn a_snapshot_is_what_the_committed_entries_leave() {
        assert_eq!(judged(None), Ok(()));
        let error = judged(Some(Flaw::SnapshotOfUnapplied)).expect_err("more than is committed");
        assert_eq!(error, "n0's snapshot up to 1/3 takes in more than the 2 committed entries");
        let error = judged(Some(Flaw::SnapshotWithoutSessions)).expect_err("strangers");
        assert_eq!(
            error,
            "n0's snapshot up to 1/2 does not remember the clients that the entries up to it are for"
        );
    }

    #[test]
    fn a_snapshot_that_was_taken_over_is_judged_like_ones_own() {
        let (before, after) = taken(3, 2, None);
        let mut check = SnapshotIsThePrefix::default();
        assert_eq!(see(&mut check, 0, 0, &before, &[]), Ok(()));
        assert_eq!(see(&mut check, 1, 0, &after, &[]), Ok(()));
        let mut wrong = after.clone();
        let snapshot = Rc::make_mut(wrong.snapshot.as_mut().expect("it has one"));
        *snapshot = taken(3, 1, None).1.snapshot().expect("it has one").clone();
        assert_eq!(see(&mut check, 1, 0, &wrong, &[]), Ok(()), "an older one");
        let other = flawed(Flaw::SnapshotWithoutSessions, before);
        let mut other = Raft { log: after.log.clone(), ..other };
        other.machine = Kv::default();
        other.snapshot = None;
        other.on_timer(&mut cx(), Timer::Snapshot);
        let error = see(&mut check, 2, 0, &other, &[]).expect_err("an empty machine");
        assert_eq!(
            error,
            "n0's snapshot up to 1/2 does not hold what the entries up to it leave behind"
                .replace("n0", "n2")
        );
    }
}
