//! The queue of what is still to happen, ordered by (time, arrival) (rule 7).
//!
//! A four-ary heap of integer keys over a slab of events: only sixteen bytes move, and four children
//! share a cache line. It does not cancel; who no longer wants an event ignores it when it surfaces.

use crate::rng::Key;
use crate::time::Time;

/// The number by which ties of one instant are broken: first come, first served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Arrival(u64);

const SLOT_BITS: u32 = 24;
const ARRIVAL_BITS: u32 = 40;
/// Numbers below this are not drawn.
const FIRST_ARRIVALS: u64 = 1 << (ARRIVAL_BITS - 1);
const CHILDREN: usize = 4;
/// The end of the list of free slots.
const NONE: u32 = u32::MAX;

pub(crate) struct Queue<E> {
    /// Time, arrival and slot, from the high bits to the low ones.
    heap: Vec<u128>,
    slab: Vec<Slot<E>>,
    free: u32,
    arrivals: u64,
    /// Draws the order of equal instants, where a scenario asks for it.
    ties: Option<Key>,
}

enum Slot<E> {
    Full(E),
    Free { next: u32 },
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self { heap: Vec::new(), slab: Vec::new(), free: NONE, arrivals: 0, ties: None }
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self, ties: Option<Key>) {
        self.heap.clear();
        self.slab.clear();
        self.free = NONE;
        self.arrivals = 0;
        self.ties = ties;
    }

    /// The next arrival number.
    pub(crate) fn arrive(&mut self) -> Arrival {
        let first = self.arrive_first();
        match self.ties {
            None => first,
            Some(key) => {
                let drawn = key.about(first.0).draw().word() >> (u64::BITS - ARRIVAL_BITS);
                Arrival(drawn | FIRST_ARRIVALS)
            }
        }
    }

    /// The next arrival number, before all that are drawn: for what a plan says, whose order is
    /// never one of chance.
    pub(crate) fn arrive_first(&mut self) -> Arrival {
        self.arrivals += 1;
        assert!(self.arrivals < FIRST_ARRIVALS, "a run of more than 2³⁹ arrivals");
        Arrival(self.arrivals)
    }

    /// Plans an event, behind those already planned for that instant.
    pub(crate) fn push(&mut self, time: Time, event: E) {
        let arrival = self.arrive();
        self.push_as(time, arrival, event);
    }

    /// Plans an event at a place among those of its instant that was taken before.
    pub(crate) fn push_as(&mut self, time: Time, arrival: Arrival, event: E) {
        let slot = self.occupy(event);
        let key = u128::from(time.as_nanos()) << 64
            | u128::from(arrival.0) << SLOT_BITS
            | u128::from(slot);
        self.heap.push(key);
        self.rise(self.heap.len() - 1);
    }

    /// The next event, if it happens no later than `end`.
    pub(crate) fn pop_until(&mut self, end: Time) -> Option<(Time, Arrival, E)> {
        let first = *self.heap.first()?;
        let time = time_of(first);
        if time > end {
            return None;
        }
        let last = self.heap.pop().expect("it has a first");
        if !self.heap.is_empty() {
            self.heap[0] = last;
            self.sink();
        }
        Some((time, arrival_of(first), self.vacate(slot_of(first))))
    }

    fn occupy(&mut self, event: E) -> u32 {
        if self.free == NONE {
            let slot = u32::try_from(self.slab.len()).expect("fewer than 2³² events");
            assert!(slot < 1 << SLOT_BITS, "more than 2²⁴ events are pending");
            self.slab.push(Slot::Full(event));
            return slot;
        }
        let slot = self.free;
        match std::mem::replace(&mut self.slab[slot as usize], Slot::Full(event)) {
            Slot::Free { next } => self.free = next,
            Slot::Full(_) => unreachable!("slot {slot} is on the list of free slots"),
        }
        slot
    }

    fn vacate(&mut self, slot: u32) -> E {
        let emptied = Slot::Free { next: self.free };
        self.free = slot;
        match std::mem::replace(&mut self.slab[slot as usize], emptied) {
            Slot::Full(event) => event,
            Slot::Free { .. } => unreachable!("the key of slot {slot} is in the heap"),
        }
    }

    fn rise(&mut self, mut place: usize) {
        let key = self.heap[place];
        while place > 0 {
            let parent = (place - 1) / CHILDREN;
            if self.heap[parent] < key {
                break;
            }
            self.heap[place] = self.heap[parent];
            place = parent;
        }
        self.heap[place] = key;
    }

    fn sink(&mut self) {
        let key = self.heap[0];
        let mut place = 0;
        while let Some((child, least)) = least_child(&self.heap, place) {
            if key < least {
                break;
            }
            self.heap[place] = least;
            place = child;
        }
        self.heap[place] = key;
    }
}

/// The least child of a place, and where it is.
#[inline]
fn least_child(heap: &[u128], place: usize) -> Option<(usize, u128)> {
    let first = place * CHILDREN + 1;
    let lesser =
        |one: (usize, u128), other: (usize, u128)| if other.1 < one.1 { other } else { one };
    if let Some(&[a, b, c, d]) = heap.get(first..first + CHILDREN) {
        // Two and two: three comparisons of which the first two do not wait for each other.
        let left = lesser((first, a), (first + 1, b));
        let right = lesser((first + 2, c), (first + 3, d));
        return Some(lesser(left, right));
    }
    let some = heap.get(first..)?.iter().copied();
    (first..).zip(some).reduce(lesser)
}

const fn time_of(key: u128) -> Time {
    Time::from_nanos((key >> 64) as u64)
}

const fn arrival_of(key: u128) -> Arrival {
    Arrival(key as u64 >> SLOT_BITS)
}

const fn slot_of(key: u128) -> u32 {
    key as u32 & ((1 << SLOT_BITS) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_leave_by_time_and_then_by_arrival() {
        let mut queue = Queue::new();
        let mut draw = Key::new(1).draw();
        let mut expected = Vec::new();
        for number in 0..2_000u64 {
            let time = Time::from_nanos(draw.below(50));
            queue.push(time, number);
            expected.push((time, number));
        }
        expected.sort();
        let mut left = Vec::new();
        while let Some((time, _, number)) = queue.pop_until(Time::MAX) {
            left.push((time, number));
        }
        assert_eq!(left, expected);
    }

    #[test]
    fn a_place_taken_earlier_comes_first() {
        let mut queue = Queue::new();
        let early = queue.arrive();
        queue.push(Time::ZERO, "late");
        queue.push_as(Time::ZERO, early, "early");
        assert_eq!(queue.pop_until(Time::ZERO).map(|(_, _, event)| event), Some("early"));
    }

    #[test]
    fn nothing_leaves_after_the_end() {
        let mut queue = Queue::new();
        queue.push(Time::from_nanos(2), ());
        assert!(queue.pop_until(Time::from_nanos(1)).is_none());
        assert!(queue.pop_until(Time::from_nanos(2)).is_some());
    }

    #[test]
    fn a_plan_keeps_its_order_before_all_that_is_drawn() {
        let mut queue = Queue::new();
        queue.clear(Some(Key::new(9)));
        (0..20).for_each(|_| queue.push(Time::ZERO, "drawn"));
        for planned in ["begins", "ends"] {
            let arrival = queue.arrive_first();
            queue.push_as(Time::ZERO, arrival, planned);
        }
        let mut next = || queue.pop_until(Time::ZERO).map(|(_, _, event)| event);
        assert_eq!([next(), next(), next()], [Some("begins"), Some("ends"), Some("drawn")]);
    }

    #[test]
    fn a_seeded_order_is_another_one_and_repeats() {
        let order = |ties| {
            let mut queue = Queue::new();
            queue.clear(ties);
            (0..20).for_each(|number| queue.push(Time::ZERO, number));
            std::iter::from_fn(|| queue.pop_until(Time::ZERO))
                .map(|(_, _, n)| n)
                .collect::<Vec<_>>()
        };
        let seeded = order(Some(Key::new(9)));
        assert_eq!(order(None), (0..20).collect::<Vec<_>>());
        assert_ne!(seeded, order(None));
        assert_eq!(seeded, order(Some(Key::new(9))));
    }
}
