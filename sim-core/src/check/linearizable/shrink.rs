//! From a violated history of one key to the few operations that cannot be ordered.
//!
//! Dropping a write from a history proves nothing: the reads that saw it look wrong without it. So
//! nothing is dropped here; operations are *excused*. A *window* is a set of operations, and every
//! other operation of the key is excused:
//!
//! * The window begins in any state that the operations invoked before its first can make of the
//!   initial one: those that had returned by then, each any number of times and in any order, and
//!   of the others each at most once.
//! * Those others that had no part in that, and all that were invoked later, may take effect at any
//!   time from their invocation on, with any result, or never, as if of unknown outcome.
//!
//! All this is judged as of the moment at which the search was stuck, the return of the last
//! operation that matters. What was invoked later plays no part; an operation of the window that
//! had not returned by then need not have taken effect, but if it did, it told what it told.
//!
//! A window is *contradictory* if not even then an order exists. Excusing an operation only ever
//! adds orders. So a contradictory window proves the history violated, whatever else the history
//! holds; all operations together are one; and whoever adds an operation to a contradictory window
//! has another. The search below leans on the last point.
//!
//! The result is irreducible (excusing any one more operation allows an order), unless the effort
//! ran out before: then it is contradictory all the same, and only longer than need be.

use super::Model;
use super::bits::{has, set};
use super::memo::Memo;
use super::partition::Event;
use super::plan::{Plan, Role, small};
use super::search::{End, Problem, Search, Start};
use super::twins;
use crate::history::{Operation, Outcome};

/// A search for a small contradictory window.
pub(super) struct Shrink<'a, M: Model> {
    key: &'a M::Key,
    events: &'a [Event],
    operations: &'a [Operation<M::Operation, M::Result>],
    plan: &'a mut Plan,
    search: &'a mut Search<M::State>,
    /// How many configurations and start states may yet be looked at.
    effort: u64,
}

impl<'a, M: Model> Shrink<'a, M> {
    /// Among the operations of a key. What is in the plan and in the search is overwritten.
    pub(super) fn new(
        key: &'a M::Key,
        events: &'a [Event],
        operations: &'a [Operation<M::Operation, M::Result>],
        plan: &'a mut Plan,
        search: &'a mut Search<M::State>,
    ) -> Self {
        Self { key, events, operations, plan, search, effort: EFFORT }
    }

    /// A small contradictory window, by positions in the history, in order of invocation. `stuck`
    /// is the operation at whose return every order fails. It is part of the window, as all that
    /// returned before it can be ordered.
    pub(super) fn window(mut self, stuck: u32) -> Vec<u32> {
        let end = self.events.iter().position(|event| *event == Event::Returned(stuck));
        let end = end.expect("an operation that must be placed returns");
        self.events = &self.events[..=end];
        let mut window = self.required();
        self.forget_the_past(&mut window);
        self.excuse_one_by_one(&mut window);
        window.sort_unstable();
        window
    }

    /// The required operations of the key, in order of return. Those that had not returned follow,
    /// if they matter: that one will tell what it tells can rule out that it came first.
    fn required(&mut self) -> Vec<u32> {
        let mut required = Vec::new();
        let mut open = Vec::new();
        for event in self.events {
            match *event {
                Event::Returned(operation) => {
                    open.retain(|&other| other != operation);
                    required.push(operation);
                }
                Event::Invoked(operation) => open.push(operation),
            }
        }
        if !self.contradictory(&required) {
            let told = |&operation: &u32| {
                let outcome = &self.operations[operation as usize].outcome;
                matches!(outcome, Outcome::Ok(_))
            };
            required.extend(open.into_iter().filter(told));
        }
        required
    }

    /// Excuses as many of the earliest operations as possible at once: looks for the shortest
    /// contradictory tail, doubling and then halving. Short windows are the rule, and cheap to try.
    fn forget_the_past(&mut self, window: &mut Vec<u32>) {
        let tail = |length: usize| window.len() - length;
        let (mut fine, mut length) = (0, 1);
        while length < window.len() && !self.contradictory(&window[tail(length)..]) {
            (fine, length) = (length, length * 2);
        }
        let mut wrong = length.min(window.len());
        while fine + 1 < wrong {
            let middle = usize::midpoint(fine, wrong);
            if self.contradictory(&window[tail(middle)..]) {
                wrong = middle;
            } else {
                fine = middle;
            }
        }
        window.drain(..tail(wrong));
    }

    fn excuse_one_by_one(&mut self, window: &mut Vec<u32>) {
        for place in (0..window.len()).rev() {
            let operation = window.remove(place);
            if !self.contradictory(window) {
                window.insert(place, operation);
            }
        }
    }

    /// Whether a window is known to be contradictory; `false` as well once the effort is spent.
    fn contradictory(&mut self, window: &[u32]) -> bool {
        let Some(begins) = window.iter().map(|&operation| self.begun(operation)).min() else {
            return false;
        };
        let mut required = window.to_vec();
        required.sort_unstable();
        self.plan.build::<M>(self.events, self.operations, |position, operation| {
            if required.binary_search(&position).is_ok() {
                return Role::Required;
            }
            match Role::of(position, operation) {
                Role::Required if M::is_read(&operation.asked) => Role::Absent,
                Role::Required if returned(operation) < begins => Role::Absent,
                Role::Required | Role::Optional => Role::Optional,
                Role::Absent => Role::Absent,
            }
        });
        twins::find::<M>(self.plan, self.operations, &M::initial(self.key));
        let Some(starts) = self.starts(begins) else { return false };
        let starts = (0..small(starts.len())).map(|start| Start {
            state: starts.get(start).1.clone(),
            spent: starts.bits(start).to_vec(),
        });
        let problem = Problem::<M> { plan: self.plan, operations: self.operations };
        let end = self.search.run(problem, starts, self.effort);
        self.effort = self.effort.saturating_sub(self.search.explored());
        matches!(end, End::Stuck)
    }

    /// Everything in which a window may begin, or `None` if that is too much to look at. Of two
    /// starts in one state, the one that spent less will do.
    fn starts(&mut self, begins: u64) -> Option<Memo<M::State>> {
        let past: Vec<u32> = self.past(begins).collect();
        let spares = self.plan.optional();
        let early = spares.partition_point(|spare| self.begun(spare.operation) < begins);
        let mut spent = vec![0; self.plan.optional_words()];
        let mut starts = Memo::default();
        starts.clear(0, spent.len());
        starts.insert(0, &spent, M::initial(self.key));
        let mut next = 0;
        while next < starts.len() {
            spent.copy_from_slice(starts.bits(small(next)));
            let state = starts.get(small(next)).1.clone();
            let waits = |spare: usize| {
                let twin = spares[spare].twin;
                has(&spent, spare) || twin.is_some_and(|twin| !has(&spent, twin as usize))
            };
            let once = (0..early).filter(|&spare| !waits(spare));
            let once = once.map(|spare| (spares[spare].operation, Some(spare)));
            let often = past.iter().map(|&operation| (operation, None));
            for (operation, spends) in often.chain(once) {
                let asked = &self.operations[operation as usize].asked;
                // One that overwrites makes of every state what it made of the first.
                if next > 0 && M::overwrites(asked) {
                    continue;
                }
                let (after, _) = M::apply(&state, asked);
                if after == state {
                    continue;
                }
                let mut spent = spent.clone();
                if let Some(spare) = spends {
                    set(&mut spent, spare);
                }
                starts.insert(0, &spent, after);
                self.effort = self.effort.checked_sub(1)?;
            }
            next += 1;
            if starts.len() > STARTS {
                return None;
            }
        }
        Some(starts)
    }

    /// The writes that had returned at a moment.
    fn past(&self, moment: u64) -> impl Iterator<Item = u32> {
        let of = |event: &Event| match *event {
            Event::Returned(operation) => Some(operation),
            Event::Invoked(_) => None,
        };
        self.events.iter().filter_map(of).filter(move |&operation| {
            let operation = &self.operations[operation as usize];
            returned(operation) < moment && !M::is_read(&operation.asked)
        })
    }

    fn begun(&self, operation: u32) -> u64 {
        self.operations[operation as usize].invoked.order
    }
}

/// When an operation returned; after everything if it never did.
fn returned<O, R>(operation: &Operation<O, R>) -> u64 {
    operation.ended.map_or(u64::MAX, |moment| moment.order)
}

/// How many configurations and start states shrinking may look at: some milliseconds.
const EFFORT: u64 = 20_000;

/// How many start states a window may have. Models that never forget (a counter, a list) make a
/// new one of every subset of their past; their windows begin with the history.
const STARTS: usize = 512;
