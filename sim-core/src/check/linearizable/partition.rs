//! Splits a history into one sequence of events a key, in the order in which they happened.
//!
//! Linear in the length of the history: moments are numbered densely, so a table indexed by
//! [`Moment::order`](crate::history::Moment::order) sorts them.

use super::Model;
use crate::history::{Operation, Outcome};

/// An operation, by its position in the history, began or was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    Invoked(u32),
    /// Its client was told a result. Nothing is said here of operations that timed out.
    Returned(u32),
}

/// The events of each key.
pub(super) struct Partition<K> {
    /// Sorted by key; each with its row in `events`.
    keys: Vec<(K, usize)>,
    /// As many rows as there were keys in the richest history so far.
    events: Vec<Vec<Event>>,
    /// What happened at each moment, and the row of its key.
    moments: Vec<Option<(Event, usize)>>,
}

impl<K> Default for Partition<K> {
    fn default() -> Self {
        Self { keys: Vec::new(), events: Vec::new(), moments: Vec::new() }
    }
}

impl<K: Ord> Partition<K> {
    /// Splits a history, in place of the previous one. What cannot matter is left out: operations
    /// that were refused, and reads of which nobody learned the result.
    pub(super) fn split<M: Model<Key = K>>(
        &mut self,
        operations: &[Operation<M::Operation, M::Result>],
    ) {
        self.keys.clear();
        self.moments.clear();
        // Every operation has at most two moments, and the first is numbered one.
        self.moments.resize(2 * operations.len() + 1, None);
        for (position, operation) in (0..).zip(operations) {
            let returned = match operation.outcome {
                Outcome::Refused => continue,
                Outcome::Unknown if M::is_read(&operation.asked) => continue,
                Outcome::Unknown => None,
                Outcome::Ok(_) => operation.ended,
            };
            let row = self.row(M::key(&operation.asked));
            self.put(operation.invoked.order, Event::Invoked(position), row);
            if let Some(returned) = returned {
                self.put(returned.order, Event::Returned(position), row);
            }
        }
        for &(event, row) in self.moments.iter().flatten() {
            self.events[row].push(event);
        }
    }

    /// Every key with its events, in order of keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &[Event])> {
        self.keys.iter().map(|(key, row)| (key, &self.events[*row][..]))
    }

    fn put(&mut self, order: u64, event: Event, row: usize) {
        let order = usize::try_from(order).expect("an order below twice the operations");
        self.moments[order] = Some((event, row));
    }

    fn row(&mut self, key: K) -> usize {
        match self.keys.binary_search_by(|(other, _)| other.cmp(&key)) {
            Ok(found) => self.keys[found].1,
            Err(place) => {
                let row = self.keys.len();
                self.keys.insert(place, (key, row));
                match self.events.get_mut(row) {
                    Some(events) => events.clear(),
                    None => self.events.push(Vec::new()),
                }
                row
            }
        }
    }
}
