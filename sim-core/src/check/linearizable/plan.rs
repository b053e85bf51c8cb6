//! What one search must place, arranged by the moments at which it must have been placed.
//!
//! The plan knows intervals only; what operations do to a state is the search's business.

use super::Model;
use super::partition::Event;
use crate::history::{Operation, Outcome};

/// What a search owes an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// It must take effect before it returns, and tell its client what the client was told. If
    /// its return is not among the events, it need not take effect.
    Required,
    /// It may take effect at any time from its invocation on, with any result, or never.
    Optional,
    /// It takes no part.
    Absent,
}

impl Role {
    /// The role of an operation in the history of which it is part.
    pub(super) fn of<O, R>(_position: u32, operation: &Operation<O, R>) -> Self {
        match operation.outcome {
            Outcome::Ok(_) => Self::Required,
            Outcome::Unknown => Self::Optional,
            Outcome::Refused => Self::Absent,
        }
    }
}

/// A required operation that has been invoked and has not yet returned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    /// Its position in the history.
    pub(super) operation: u32,
    /// Its bit in a configuration. Operations that are never open together share bits, so a
    /// configuration is as wide as the history is concurrent, and not as it is long.
    pub(super) slot: u32,
}

/// The return of a required operation: by now it must have been placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Return {
    pub(super) operation: u32,
    pub(super) slot: u32,
    /// How many optional operations had been invoked.
    pub(super) optional: u32,
    /// Where the operations open at this moment begin in `Plan::open`.
    open: u32,
}

/// An optional operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spare {
    pub(super) operation: u32,
    /// The last one invoked earlier of those that nobody could tell from this one. The earlier can
    /// always stand in for the later, so they are spent in order of invocation.
    pub(super) twin: Option<u32>,
}

/// The required operations of one key by their returns, and the optional ones by invocation.
#[derive(Default)]
pub(super) struct Plan {
    returns: Vec<Return>,
    /// For each return in turn: the operation that returns, then the others open at that moment.
    open: Vec<Open>,
    optional: Vec<Spare>,
    /// Which optional operations do not overwrite, and so may see what came before them.
    seeing: Vec<u32>,
    slots: usize,
    /// The operations that are open while the plan is made, and those that never return after it.
    running: Vec<Open>,
    /// The slots that nobody holds while the plan is made.
    free: Vec<u32>,
}

impl Plan {
    /// Arranges the events of one key, in place of the previous plan.
    pub(super) fn build<M: Model>(
        &mut self,
        events: &[Event],
        operations: &[Operation<M::Operation, M::Result>],
        role: impl Fn(u32, &Operation<M::Operation, M::Result>) -> Role,
    ) {
        self.returns.clear();
        self.open.clear();
        self.optional.clear();
        self.seeing.clear();
        self.slots = 0;
        self.running.clear();
        self.free.clear();
        for &event in events {
            match event {
                Event::Invoked(position) => match role(position, &operations[position as usize]) {
                    Role::Required => self.begin(position),
                    Role::Optional => self.spare::<M>(position, operations),
                    Role::Absent => {}
                },
                Event::Returned(position) => self.finish(position),
            }
        }
    }

    /// The required operations, in order of return.
    pub(super) fn returns(&self) -> &[Return] {
        &self.returns
    }

    /// The required operations open at a return, the one that returns first.
    pub(super) fn open(&self, event: usize) -> &[Open] {
        let end = self.returns.get(event + 1).map_or(self.open.len(), |next| next.open as usize);
        &self.open[self.returns[event].open as usize..end]
    }

    /// The optional operations, in order of invocation.
    pub(super) fn optional(&self) -> &[Spare] {
        &self.optional
    }

    /// The optional operations invoked before a return.
    pub(super) fn optional_at(&self, event: usize) -> &[Spare] {
        &self.optional[..self.returns[event].optional as usize]
    }

    /// The optional operations that do not overwrite, by their positions among all.
    pub(super) fn seeing(&self) -> &[u32] {
        &self.seeing
    }

    /// Those of them that were invoked before a return.
    pub(super) fn seeing_at(&self, event: usize) -> &[u32] {
        let end = self.returns[event].optional;
        &self.seeing[..self.seeing.partition_point(|&position| position < end)]
    }

    /// Every required operation, also those whose return is not among the events.
    pub(super) fn required(&self) -> impl Iterator<Item = u32> {
        let returned = self.returns.iter().map(|due| due.operation);
        returned.chain(self.running.iter().map(|open| open.operation))
    }

    /// Says that nobody could tell some optional operations apart, given by their positions among
    /// all, in order.
    pub(super) fn make_twins(&mut self, alike: &[usize]) {
        for pair in alike.windows(2) {
            self.optional[pair[1]].twin = Some(small(pair[0]));
        }
    }

    /// How many words hold a bit for every slot.
    pub(super) fn slot_words(&self) -> usize {
        self.slots.div_ceil(64)
    }

    /// How many words hold a bit for every optional operation.
    pub(super) fn optional_words(&self) -> usize {
        self.optional.len().div_ceil(64)
    }

    fn begin(&mut self, operation: u32) {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots += 1;
            small(self.slots - 1)
        });
        self.running.push(Open { operation, slot });
    }

    fn spare<M: Model>(
        &mut self,
        operation: u32,
        operations: &[Operation<M::Operation, M::Result>],
    ) {
        let asked = |position: u32| &operations[position as usize].asked;
        let twin = self.optional.iter().rposition(|s| asked(s.operation) == asked(operation));
        if !M::overwrites(asked(operation)) {
            self.seeing.push(small(self.optional.len()));
        }
        self.optional.push(Spare { operation, twin: twin.map(small) });
    }

    fn finish(&mut self, operation: u32) {
        let Some(place) = self.running.iter().position(|open| open.operation == operation) else {
            return; // It plays no part, or an optional one.
        };
        let due = self.running.remove(place);
        let (optional, open) = (small(self.optional.len()), small(self.open.len()));
        self.returns.push(Return { operation, slot: due.slot, optional, open });
        self.open.push(due);
        self.open.extend_from_slice(&self.running);
        self.free.push(due.slot);
    }
}

/// A position as it is stored.
pub(super) fn small(position: usize) -> u32 {
    u32::try_from(position).expect("fewer than 2^32 operations and configurations")
}
