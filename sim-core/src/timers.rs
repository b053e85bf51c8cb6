//! The named timers of one process (rule 5).
//!
//! Setting a timer later only writes its deadline: the entry that is already in the queue re-arms
//! itself when it surfaces. The arrival number is taken when the timer is set, so re-arming does not
//! change the order of a tie. Numbers are never used twice, so one that surfaces and is not the one
//! that its slot waits for belongs to a timer that was set anew, or to a process that is gone.

use crate::hash::content;
use crate::queue::Arrival;
use crate::time::Time;

use std::hash::Hash;

pub(crate) type Deadline = (Time, Arrival);

pub(crate) struct Timers<T> {
    slots: Vec<Slot<T>>,
}

struct Slot<T> {
    timer: T,
    /// What its draws are about.
    name: u64,
    /// How often it was set.
    count: u64,
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

    /// The slot of a timer, a word that names it, and how often it was set before.
    pub(crate) fn about_to_set(&mut self, timer: T) -> (u32, u64, u64) {
        let slot = self.slots.iter().position(|slot| slot.timer == timer).unwrap_or_else(|| {
            let name = content(&timer);
            self.slots.push(Slot { timer, name, count: 0, deadline: None, queued: None });
            self.slots.len() - 1
        });
        let entry = &mut self.slots[slot];
        entry.count += 1;
        (u32::try_from(slot).expect("fewer than 2³² timers"), entry.name, entry.count)
    }

    /// Sets a timer; says whether an entry for it has to be queued.
    pub(crate) fn set(&mut self, slot: u32, deadline: Deadline) -> bool {
        let slot = &mut self.slots[slot as usize];
        slot.deadline = Some(deadline);
        let served = slot.queued.is_some_and(|queued| queued <= deadline);
        if !served {
            slot.queued = Some(deadline);
        }
        !served
    }

    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.timer == timer) {
            slot.deadline = None;
        }
    }

    /// An entry of the queue is due.
    pub(crate) fn surface(&mut self, slot: u32, due: Deadline) -> Surfaced {
        let Some(slot) = self.slots.get_mut(slot as usize) else { return Surfaced::Stale };
        if slot.queued != Some(due) {
            return Surfaced::Stale;
        }
        slot.queued = None;
        match slot.deadline {
            None => Surfaced::Stale,
            Some(deadline) if deadline == due => Surfaced::Rings,
            Some(deadline) => {
                slot.queued = Some(deadline);
                Surfaced::Later(deadline)
            }
        }
    }

    /// The timer that rings, unless it was cancelled or set anew while the node was busy.
    pub(crate) fn ring(&mut self, slot: u32, due: Deadline) -> Option<T> {
        let slot = self.slots.get_mut(slot as usize)?;
        (slot.deadline == Some(due)).then(|| {
            slot.deadline = None;
            slot.timer
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::Queue;

    #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
    enum Alarm {
        Election,
        Heartbeat,
    }

    fn at(nanos: u64, queue: &mut Queue<()>) -> Deadline {
        (Time::from_nanos(nanos), queue.arrive())
    }

    #[test]
    fn a_timer_set_later_keeps_one_entry_and_rings_once_at_the_last_deadline() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (slot, ..) = timers.about_to_set(Alarm::Election);
        let (first, second) = (at(10, &mut queue), at(30, &mut queue));
        assert!(timers.set(slot, first));
        assert!(!timers.set(slot, second));
        assert_eq!(timers.surface(slot, first), Surfaced::Later(second));
        assert_eq!(timers.surface(slot, second), Surfaced::Rings);
        assert_eq!(timers.ring(slot, second), Some(Alarm::Election));
        assert_eq!(timers.ring(slot, second), None);
    }

    #[test]
    fn a_timer_set_earlier_needs_another_entry_and_the_old_one_is_stale() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (slot, ..) = timers.about_to_set(Alarm::Heartbeat);
        let (late, early) = (at(30, &mut queue), at(10, &mut queue));
        assert!(timers.set(slot, late));
        assert!(timers.set(slot, early));
        assert_eq!(timers.surface(slot, early), Surfaced::Rings);
        assert!(timers.ring(slot, early).is_some());
        assert_eq!(timers.surface(slot, late), Surfaced::Stale);
    }

    #[test]
    fn a_cancelled_timer_never_rings_even_if_it_already_surfaced() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (slot, ..) = timers.about_to_set(Alarm::Election);
        let deadline = at(10, &mut queue);
        timers.set(slot, deadline);
        assert_eq!(timers.surface(slot, deadline), Surfaced::Rings);
        timers.cancel(Alarm::Election);
        assert_eq!(timers.ring(slot, deadline), None);
    }

    #[test]
    fn entries_of_a_process_that_is_gone_are_stale() {
        let mut queue = Queue::new();
        let mut timers = Timers::new();
        let (slot, ..) = timers.about_to_set(Alarm::Election);
        let old = at(10, &mut queue);
        timers.set(slot, old);
        timers.clear();
        assert_eq!(timers.surface(slot, old), Surfaced::Stale);
        let (slot, ..) = timers.about_to_set(Alarm::Election);
        timers.set(slot, at(20, &mut queue));
        assert_eq!(timers.surface(slot, old), Surfaced::Stale);
    }
}
