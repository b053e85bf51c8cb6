//! The named timers of one process (rule 5), and the alarm that each of them is.
//!
//! Setting an alarm later only writes its deadline: the entry that is already in the queue re-arms
//! itself when it surfaces. The arrival number is taken when the alarm is set, so re-arming does not
//! change the order of a tie. Numbers are never used twice, so one that surfaces and is not the one
//! that its alarm waits for belongs to one that was set anew, or to a process that is gone.

use crate::hash::content;
use crate::queue::Arrival;
use crate::rng::Key;
use crate::time::Time;

use std::hash::Hash;

pub(crate) type Deadline = (Time, Arrival);

pub(crate) struct Timers<T> {
    slots: Vec<Slot<T>>,
}

pub(crate) struct Slot<T> {
    timer: T,
    /// What it is called in the fingerprint.
    pub(crate) name: u64,
    /// Where its draws start from.
    key: Key,
    /// How often it was set.
    count: u64,
    pub(crate) alarm: Alarm,
}

/// Something that rings at a deadline, unless that is moved or taken away before.
#[derive(Clone, Copy, Default)]
pub(crate) struct Alarm {
    /// When it rings, if it is set.
    deadline: Option<Deadline>,
    /// The entry of the queue that will look after it.
    queued: Option<Deadline>,
}

/// What to do with an entry that surfaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Surfaced {
    /// It rings.
    Rings,
    /// It was set later meanwhile: to be queued again.
    Later(Deadline),
    /// Nobody waits for it.
    Stale,
}

impl<T: Copy + Eq + Hash> Timers<T> {
    pub(crate) const fn new() -> Self {
        Self { slots: Vec::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    /// The slot of a timer and its number, under the key of the process.
    #[inline]
    pub(crate) fn slot(&mut self, timer: T, process: Key) -> (u32, &mut Slot<T>) {
        let known = self.slots.iter().position(|slot| slot.timer == timer);
        let slot = known.unwrap_or_else(|| self.add(timer, process));
        (slot as u32, &mut self.slots[slot])
    }

    #[cold]
    fn add(&mut self, timer: T, process: Key) -> usize {
        let name = content(&timer);
        let key = process.about(name);
        self.slots.push(Slot { timer, name, key, count: 0, alarm: Alarm::default() });
        assert!(u32::try_from(self.slots.len()).is_ok(), "more than 2³² timers");
        self.slots.len() - 1
    }

    /// From here on the draws about them start from the process's new key.
    pub(crate) fn draw_from(&mut self, process: Key) {
        for slot in &mut self.slots {
            slot.key = process.about(slot.name);
        }
    }

    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.timer == timer) {
            slot.alarm.cancel();
        }
    }

    /// An entry of the queue is due.
    #[inline]
    pub(crate) fn surface(&mut self, slot: u32, due: Deadline) -> Surfaced {
        let slot = self.slots.get_mut(slot as usize);
        slot.map_or(Surfaced::Stale, |slot| slot.alarm.surface(due))
    }

    /// The timer that rings, unless it was cancelled or set anew while the node was busy.
    pub(crate) fn ring(&mut self, slot: u32, due: Deadline) -> Option<T> {
        let slot = self.slots.get_mut(slot as usize)?;
        slot.alarm.ring(due).then_some(slot.timer)
    }
}

impl<T> Slot<T> {
    /// What draws about its next setting start from.
    #[inline]
    pub(crate) const fn about_to_set(&mut self) -> Key {
        self.count += 1;
        self.key.about(self.count)
    }
}

impl Alarm {
    /// Sets it; says whether an entry for it has to be queued.
    #[inline]
    pub(crate) fn set(&mut self, deadline: Deadline) -> bool {
        self.deadline = Some(deadline);
        let served = self.queued.is_some_and(|queued| queued <= deadline);
        if !served {
            self.queued = Some(deadline);
        }
        !served
    }

    pub(crate) const fn cancel(&mut self) {
        self.deadline = None;
    }

    /// An entry of the queue is due.
    #[inline]
    pub(crate) fn surface(&mut self, due: Deadline) -> Surfaced {
        if self.queued != Some(due) {
            return Surfaced::Stale;
        }
        self.queued = None;
        match self.deadline {
            None => Surfaced::Stale,
            Some(deadline) if deadline == due => Surfaced::Rings,
            Some(deadline) => {
                self.queued = Some(deadline);
                Surfaced::Later(deadline)
            }
        }
    }

    /// Says whether it rings: it may have been cancelled or set anew since it surfaced.
    pub(crate) fn ring(&mut self, due: Deadline) -> bool {
        let rings = self.deadline == Some(due);
        if rings {
            self.deadline = None;
        }
        rings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Queue;

    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Timer {
        Election,
        Heartbeat,
    }

    const KEY: Key = Key::new(1);

    fn at(nanos: u64, queue: &mut Queue<()>) -> Deadline {
        (Time::from_nanos(nanos), queue.arrive())
    }

    /// Sets a timer: its slot, and whether an entry for it has to be queued.
    fn set(timers: &mut Timers<Timer>, timer: Timer, deadline: Deadline) -> (u32, bool) {
        let (slot, named) = timers.slot(timer, KEY);
        (slot, named.alarm.set(deadline))
    }

    #[test]
    fn a_timer_set_later_keeps_one_entry_and_rings_once_at_the_last_deadline() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (first, second) = (at(10, &mut queue), at(30, &mut queue));
        let (slot, queued) = set(&mut timers, Timer::Election, first);
        assert!(queued);
        assert_eq!(set(&mut timers, Timer::Election, second), (slot, false));
        assert_eq!(timers.surface(slot, first), Surfaced::Later(second));
        assert_eq!(timers.surface(slot, second), Surfaced::Rings);
        assert_eq!(timers.ring(slot, second), Some(Timer::Election));
        assert_eq!(timers.ring(slot, second), None);
    }

    #[test]
    fn a_timer_set_earlier_needs_another_entry_and_the_old_one_is_stale() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (late, early) = (at(30, &mut queue), at(10, &mut queue));
        let (slot, _) = set(&mut timers, Timer::Heartbeat, late);
        assert_eq!(set(&mut timers, Timer::Heartbeat, early), (slot, true));
        assert_eq!(timers.surface(slot, early), Surfaced::Rings);
        assert!(timers.ring(slot, early).is_some());
        assert_eq!(timers.surface(slot, late), Surfaced::Stale);
    }

    #[test]
    fn a_cancelled_timer_never_rings_even_if_it_already_surfaced() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let deadline = at(10, &mut queue);
        let (slot, _) = set(&mut timers, Timer::Election, deadline);
        assert_eq!(timers.surface(slot, deadline), Surfaced::Rings);
        timers.cancel(Timer::Election);
        assert_eq!(timers.ring(slot, deadline), None);
    }

    #[test]
    fn entries_of_a_process_that_is_gone_are_stale() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let old = at(10, &mut queue);
        let (slot, _) = set(&mut timers, Timer::Election, old);
        timers.clear();
        assert_eq!(timers.surface(slot, old), Surfaced::Stale);
        let (slot, _) = set(&mut timers, Timer::Election, at(20, &mut queue));
        assert_eq!(timers.surface(slot, old), Surfaced::Stale);
    }

    #[test]
    fn each_timer_and_each_setting_of_it_draws_its_own() {
        let mut timers = Timers::new();
        let mut keys = Vec::new();
        for timer in [Timer::Election, Timer::Heartbeat, Timer::Election, Timer::Heartbeat] {
            keys.push(timers.slot(timer, KEY).1.about_to_set());
        }
        keys.dedup();
        assert_eq!(keys.len(), 4);
        assert_ne!(keys[0], keys[2]);
    }
}
