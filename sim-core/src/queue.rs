//! The queue of what is still to happen, ordered by (time, arrival) (rule 7).
//!
//! Integer keys in a [`Ladder`] over a slab of events: only sixteen bytes move. It does not cancel; who
//! no longer wants an event ignores it when it surfaces.

mod ladder;

use ladder::Ladder;

use crate::rng::Key;
use crate::time::Time;

/// The number by which ties of one instant are broken: first come, first served.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Arrival(u64);

const SLOT_BITS: u32 = 24;
const ARRIVAL_BITS: u32 = 40;
/// Numbers below this are not drawn.
const FIRST_ARRIVALS: u64 = 1 << (ARRIVAL_BITS - 1);

pub(crate) struct Queue<E> {
    /// Time, arrival and slot, from the high bits to the low ones.
    keys: Ladder,
    slab: Vec<Option<E>>,
    /// The slots that hold nothing.
    free: Vec<u32>,
    arrivals: u64,
    /// Draws the order of equal instants, where a scenario asks for it.
    ties: Option<Key>,
}

impl<E> Queue<E> {
    pub(crate) const fn new() -> Self {
        Self { keys: Ladder::new(), slab: Vec::new(), free: Vec::new(), arrivals: 0, ties: None }
    }

    /// Forgets everything and keeps the memory.
    pub(crate) fn clear(&mut self, ties: Option<Key>) {
        self.keys.clear();
        self.slab.clear();
        self.free.clear();
        self.arrivals = 0;
        self.ties = ties;
    }

    /// The next arrival number.
    #[inline(always)]
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
        // Far below an overflow, as the next line says.
        self.arrivals = self.arrivals.wrapping_add(1);
        assert!(self.arrivals < FIRST_ARRIVALS, "a run of more than 2³⁹ arrivals");
        Arrival(self.arrivals)
    }

    /// Plans an event before all others of its instant; it takes no arrival number.
    pub(crate) fn push_before_all(&mut self, time: Time, event: E) {
        self.push_as(time, Arrival(0), event);
    }

    /// From here on the order of equal instants is drawn from this key, if it is drawn.
    pub(crate) fn draw_ties_from(&mut self, key: Key) {
        self.ties = self.ties.map(|_| key);
    }

    /// Plans an event, behind those already planned for that instant.
    #[inline(always)]
    pub(crate) fn push(&mut self, time: Time, event: E) {
        let arrival = self.arrive();
        self.push_as(time, arrival, event);
    }

    /// Plans an event at a place among those of its instant that was taken before.
    #[inline(always)]
    pub(crate) fn push_as(&mut self, time: Time, arrival: Arrival, event: E) {
        let slot = self.occupy(event);
        let key = u128::from(time.as_nanos()) << 64
            | u128::from(arrival.0) << SLOT_BITS
            | u128::from(slot);
        self.keys.push(key);
    }

    /// The next event, if it happens no later than `end`.
    #[inline(always)]
    pub(crate) fn pop_until(&mut self, end: Time) -> Option<(Time, Arrival, E)> {
        let first = self.keys.first()?;
        let time = time_of(first);
        if time > end {
            return None;
        }
        self.keys.remove_first();
        let slot = slot_of(first);
        self.free.push(slot);
        let event = self.slab[slot as usize].take().expect("a key is pending, and so is its event");
        Some((time, arrival_of(first), event))
    }

    #[inline(always)]
    fn occupy(&mut self, event: E) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = Some(event);
            return slot;
        }
        let slot = u32::try_from(self.slab.len()).expect("fewer than 2³² events");
        assert!(slot < 1 << SLOT_BITS, "more than 2²⁴ events are pending");
        self.slab.push(Some(event));
        slot
    }
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
