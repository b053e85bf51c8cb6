//! The search for an order: Wing & Gong's, just in time, over Lowe's configurations.
//!
//! It walks from return to return. The operation that returns next (it is *due*) must be placed;
//! before it may come any required operation that is open at that moment, and any optional one
//! invoked by then. Three rules keep it narrow, and none of them loses an order. Let a *solution*
//! of a configuration be a sequence of operations that leads from it to the end.
//!
//! 1. *A read that fits is placed at once* (`settle`). It is open, so it may be; take a solution,
//!    move the read to its front, and every other operation still finds the state it found. (A
//!    delete of nothing does not qualify: later in the solution it may delete something.)
//! 2. *An optional operation is placed only right before one that sees it* (`sees`). Suppose that
//!    `w` leads from state `s` to `t`, and that the next operation `x` of a solution does and tells
//!    the same at `s` as at `t`. Then the solution without `w` is one too, of the configuration
//!    before `w`, and that one was visited. If `t = s`, nothing sees `w`.
//! 3. *A dominated configuration is not visited* ([`Memo`]).
//!
//! Together: of all configurations visited that have a solution, look at one whose solution is
//! shortest. Each rule shows a configuration, visited as well, that has a shorter one, down to the
//! empty one, which is the end. So a search that visits everything and does not reach the end
//! proves that there is no order.

use std::hash::Hash;
use std::ops::ControlFlow;

use super::Model;
use super::bits::{has, set, unset};
use super::memo::Memo;
use super::plan::{Open, Plan, Spare};
use super::twins;
use crate::history::{Operation, Outcome};

/// A plan, and the history whose operations it arranges.
pub(super) struct Problem<'a, M: Model> {
    pub(super) plan: &'a Plan,
    pub(super) operations: &'a [Operation<M::Operation, M::Result>],
}

/// Where an order may begin.
pub(super) struct Start<S> {
    pub(super) state: S,
    /// The optional operations that are no longer to be had; none if it is empty.
    pub(super) spent: Vec<u64>,
}

/// How a search ended.
pub(super) enum End {
    /// An order exists.
    Ordered,
    /// None does; [`Search::stuck`] says how far one can get.
    Stuck,
    /// The budget of configurations ran out.
    Exhausted,
}

/// The furthest that any order gets: every operation that returned earlier is placed, and the one
/// that is due does not fit.
#[derive(Clone)]
pub(super) struct Stuck<S> {
    /// The return at which all orders end.
    pub(super) event: usize,
    /// The states in which they end, in none of which the due operation tells what it told. Not
    /// more than [`STATES`] of them.
    pub(super) states: Vec<S>,
    /// An order that gets so far, by positions in the history, ending in the first state.
    pub(super) order: Vec<u32>,
}

/// The buffers of a search.
pub(super) struct Search<S> {
    visited: Memo<S>,
    path: Vec<Frame>,
    /// The operations placed on the path, by position in the history.
    order: Vec<u32>,
    /// The bits of the configuration that is being made: slots, then optional operations.
    bits: Vec<u64>,
    stuck: Stuck<S>,
}

/// A configuration on the current path.
struct Frame {
    configuration: u32,
    /// The next of its choices: open operations first, then optional ones.
    choice: usize,
    /// How many operations were placed on the way to it.
    placed: usize,
    /// The configuration before, if an optional operation led from there to here: only what sees
    /// the difference may come next.
    spent_at: Option<u32>,
}

impl<S> Default for Search<S>
where
    S: Clone + Eq + Hash,
{
    fn default() -> Self {
        Self {
            visited: Memo::default(),
            path: Vec::new(),
            order: Vec::new(),
            bits: Vec::new(),
            stuck: Stuck { event: 0, states: Vec::new(), order: Vec::new() },
        }
    }
}

impl<S: Clone + Eq + Hash> Search<S> {
    /// Looks for an order of a whole plan. If that proves hard, looks for twins and begins again.
    pub(super) fn order<M: Model<State = S>>(
        &mut self,
        plan: &mut Plan,
        operations: &[Operation<M::Operation, M::Result>],
        key: &M::Key,
        budget: u64,
    ) -> End {
        let start = || [Start { state: M::initial(key), spent: Vec::new() }];
        let end = self.run(Problem::<M> { plan, operations }, start(), budget.min(EASY));
        if !matches!(end, End::Exhausted) || budget <= EASY {
            return end;
        }
        twins::find::<M>(plan, operations, &M::initial(key));
        self.run(Problem::<M> { plan, operations }, start(), budget)
    }

    /// Looks for an order from any of the starts.
    pub(super) fn run<M: Model<State = S>>(
        &mut self,
        problem: Problem<'_, M>,
        starts: impl IntoIterator<Item = Start<S>>,
        budget: u64,
    ) -> End {
        let (slots, optional) = (problem.plan.slot_words(), problem.plan.optional_words());
        self.visited.clear(slots, optional);
        self.bits.resize(slots + optional, 0);
        self.stuck.event = 0;
        self.stuck.states.clear();
        for Start { state, spent } in starts {
            self.path.clear();
            self.order.clear();
            self.bits.fill(0);
            self.bits[slots..slots + spent.len()].copy_from_slice(&spent);
            if let ControlFlow::Break(end) = self.explore(&problem, state, budget) {
                return end;
            }
        }
        End::Stuck
    }

    /// How many configurations the last run visited. Steps without an alternative are free.
    pub(super) fn explored(&self) -> u64 {
        self.visited.len() as u64
    }

    /// How far the last run got, if it got stuck.
    pub(super) fn stuck(&self) -> &Stuck<S> {
        &self.stuck
    }

    fn explore<M: Model<State = S>>(
        &mut self,
        problem: &Problem<'_, M>,
        start: S,
        budget: u64,
    ) -> ControlFlow<End> {
        self.arrive(problem, 0, start, None, budget)?;
        while let Some(frame) = self.path.last_mut() {
            self.order.truncate(frame.placed);
            let Frame { configuration, choice, spent_at, .. } = *frame;
            frame.choice += 1;
            let (event, state) = self.visited.get(configuration);
            let Some(choice) = problem.choice(event, choice) else {
                self.stuck.note(event, state, &self.order);
                self.path.pop();
                continue;
            };
            let Some(after) = self.step(problem, configuration, spent_at, choice) else { continue };
            self.bits.copy_from_slice(self.visited.bits(configuration));
            set(&mut self.bits, choice.bit);
            self.order.push(choice.operation);
            let spent_at = (!choice.required).then_some(configuration);
            self.arrive(problem, event, after, spent_at, budget)?;
        }
        ControlFlow::Continue(())
    }

    /// Takes all steps that leave no choice, and then stands at a new configuration, or has seen
    /// it already, or is at the end.
    fn arrive<M: Model<State = S>>(
        &mut self,
        problem: &Problem<'_, M>,
        event: usize,
        state: S,
        spent_at: Option<u32>,
        budget: u64,
    ) -> ControlFlow<End> {
        let placed = self.order.len();
        let Some((event, state)) = self.settle(problem, event, state)? else {
            return ControlFlow::Continue(());
        };
        if self.explored() >= budget {
            return ControlFlow::Break(End::Exhausted);
        }
        if let Some(configuration) = self.visited.insert(event, &self.bits, state) {
            let spent_at = spent_at.filter(|_| placed == self.order.len());
            let placed = self.order.len();
            self.path.push(Frame { configuration, choice: 0, placed, spent_at });
        }
        ControlFlow::Continue(())
    }

    /// Walks to the next return at which there is a choice; `None` if it does not get there.
    fn settle<M: Model<State = S>>(
        &mut self,
        problem: &Problem<'_, M>,
        mut event: usize,
        mut state: S,
    ) -> ControlFlow<End, Option<(usize, S)>> {
        while let Some(due) = problem.plan.returns().get(event) {
            let mut waiting = 0;
            for open in problem.plan.open(event) {
                if has(&self.bits, open.slot as usize) {
                    continue;
                }
                let read = M::is_read(&problem.get(open.operation).asked);
                if read && problem.place(&state, open.operation).is_some() {
                    set(&mut self.bits, open.slot as usize);
                    self.order.push(open.operation);
                } else {
                    waiting += 1;
                }
            }
            if !has(&self.bits, due.slot as usize) {
                if waiting > 1 || due.optional > 0 {
                    return ControlFlow::Continue(Some((event, state)));
                }
                let Some(after) = problem.place(&state, due.operation) else {
                    self.stuck.note(event, &state, &self.order);
                    return ControlFlow::Continue(None);
                };
                state = after;
                self.order.push(due.operation);
            }
            // The slot is free for its next holder.
            unset(&mut self.bits, due.slot as usize);
            event += 1;
        }
        ControlFlow::Break(End::Ordered)
    }

    /// The state to which a choice leads, if it is to be had and worth it.
    fn step<M: Model<State = S>>(
        &self,
        problem: &Problem<'_, M>,
        configuration: u32,
        spent_at: Option<u32>,
        choice: Choice,
    ) -> Option<S> {
        let (event, state) = self.visited.get(configuration);
        let bits = self.visited.bits(configuration);
        let unseen = |before| !problem.sees(choice, self.visited.get(before).1, state);
        if !choice.is_left(bits, None) || spent_at.is_some_and(unseen) {
            return None;
        }
        let after = problem.after(state, choice)?;
        let worth = choice.required
            || problem
                .seeing(event)
                .any(|next| next.is_left(bits, Some(choice)) && problem.sees(next, state, &after));
        worth.then_some(after)
    }
}

/// An operation that may come next.
#[derive(Clone, Copy)]
struct Choice {
    operation: u32,
    /// Its bit in configurations.
    bit: usize,
    required: bool,
    /// The bit of an operation that must come earlier.
    twin: Option<usize>,
}

impl Choice {
    /// Whether it is yet to be placed, and may be, after what is placed already and one more.
    fn is_left(self, placed: &[u64], more: Option<Self>) -> bool {
        let placed = |bit| has(placed, bit) || more.is_some_and(|more| more.bit == bit);
        !placed(self.bit) && self.twin.is_none_or(placed)
    }
}

impl<M: Model> Problem<'_, M> {
    /// What may come before the next return: open operations, first the one that returns, and then
    /// optional ones.
    fn choice(&self, event: usize, number: usize) -> Option<Choice> {
        let open = self.plan.open(event);
        if let Some(&Open { operation, slot }) = open.get(number) {
            return Some(Choice { operation, bit: slot as usize, required: true, twin: None });
        }
        let (first, number) = (self.plan.slot_words() * 64, number - open.len());
        self.plan.optional_at(event).get(number).map(|&Spare { operation, twin }| {
            let twin = twin.map(|twin| first + twin as usize);
            Choice { operation, bit: first + number, required: false, twin }
        })
    }

    /// Those of the choices that may see what came before them.
    fn seeing(&self, event: usize) -> impl Iterator<Item = Choice> {
        let open = self.plan.open(event).len();
        let spare = self.plan.seeing_at(event).iter().map(move |&spare| open + spare as usize);
        (0..open).chain(spare).map_while(move |number| self.choice(event, number))
    }

    /// The state after an operation. `None` if it must tell something else than it would, or is
    /// optional and would do nothing.
    fn after(&self, state: &M::State, choice: Choice) -> Option<M::State> {
        if choice.required {
            return self.place(state, choice.operation);
        }
        let (after, _) = M::apply(state, &self.get(choice.operation).asked);
        (after != *state).then_some(after)
    }

    /// The state after a required operation, if it would tell what it told.
    pub(super) fn place(&self, state: &M::State, operation: u32) -> Option<M::State> {
        let Operation { asked, outcome, .. } = self.get(operation);
        let (after, result) = M::apply(state, asked);
        match outcome {
            Outcome::Ok(told) => (*told == result).then_some(after),
            Outcome::Refused | Outcome::Unknown => None,
        }
    }

    /// Whether an operation may come next in state `after`, and would do or tell something else in
    /// state `before`.
    fn sees(&self, choice: Choice, before: &M::State, after: &M::State) -> bool {
        if M::overwrites(&self.get(choice.operation).asked) {
            return false;
        }
        let seen = self.after(after, choice);
        seen.is_some() && seen != self.after(before, choice)
    }

    fn get(&self, operation: u32) -> &Operation<M::Operation, M::Result> {
        &self.operations[operation as usize]
    }
}

impl<S: Clone + Eq> Stuck<S> {
    /// Notes that an order ended here.
    fn note(&mut self, event: usize, state: &S, order: &[u32]) {
        if event > self.event || self.states.is_empty() {
            self.event = event;
            self.states.clear();
            self.order.clear();
            self.order.extend_from_slice(order);
        }
        let new = event == self.event && !self.states.contains(state);
        if new && self.states.len() < STATES {
            self.states.push(state.clone());
        }
    }
}

/// How many states a person wants to see.
pub(super) const STATES: usize = 4;

/// How many configurations a search may visit before it is worth while to look for twins.
const EASY: u64 = 1_000;
