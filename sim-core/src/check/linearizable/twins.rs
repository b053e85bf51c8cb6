//! Writes of which nobody learned that they happened, and that nobody could tell apart.
//!
//! A put whose value no get returned and no compare-and-set names can matter all the same: it makes
//! a compare-and-set fail. Any other such put explains the failure as well, and with dozens of them
//! about, a handful of failures have thousands of explanations that differ in nothing. So the puts
//! are made *twins*: the earlier is spent before the later.
//!
//! Here is when two optional operations are twins, without a word on values. Both overwrite; they
//! leave states `s` and `t`; and every operation that does not overwrite either fits in neither
//! state, or fits in both and changes neither. Then exchange the two in an order, and all others
//! find the state they found, or `s` where they found `t`, where they do and tell the same.
//!
//! Looking for twins takes a step for every pair of an optional operation and another one. That is
//! more than the whole search takes on most histories, so it is done when a search proves hard.

use super::Model;
use super::plan::Plan;
use super::search::Problem;
use crate::history::Operation;

/// Finds the writes of a plan that nobody could tell apart, and notes in the plan that they are.
pub(super) fn find<M: Model>(
    plan: &mut Plan,
    operations: &[Operation<M::Operation, M::Result>],
    initial: &M::State,
) {
    let problem = Problem::<M> { plan, operations };
    let mut first: Option<M::State> = None;
    let mut alike = Vec::new();
    for (position, spare) in problem.plan.optional().iter().enumerate() {
        let asked = &operations[spare.operation as usize].asked;
        if !M::overwrites(asked) {
            continue;
        }
        let (left, _) = M::apply(initial, asked);
        if problem.inert_and_alike(&left, first.as_ref().unwrap_or(&left)) {
            alike.push(position);
            first.get_or_insert(left);
        }
    }
    plan.make_twins(&alike);
}

impl<M: Model> Problem<'_, M> {
    /// Whether every operation that does not overwrite fits in neither of two states, or fits in
    /// both and changes neither.
    fn inert_and_alike(&self, one: &M::State, other: &M::State) -> bool {
        let blind = |operation: u32| M::overwrites(&self.operations[operation as usize].asked);
        let keeps = |state: &M::State, operation| {
            let after = self.place(state, operation);
            after.map(|after| after == *state)
        };
        let mut required = self.plan.required().filter(|&operation| !blind(operation));
        let required = required.all(|operation| {
            let kept = keeps(one, operation);
            kept != Some(false) && kept == keeps(other, operation)
        });
        let spares = self.plan.optional();
        required
            && self.plan.seeing().iter().all(|&position| {
                let asked = &self.operations[spares[position as usize].operation as usize].asked;
                M::apply(one, asked).0 == *one && M::apply(other, asked).0 == *other
            })
    }
}
