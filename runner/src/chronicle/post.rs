//! What is under way: which of the messages that were sent it is that arrives.
//!
//! A run does not number its messages, and need not: between two ends, those that were to arrive first
//! are dealt with first, and of several that were due at one instant, those that say the same are the
//! same.

use std::collections::BTreeMap;

use sim_core::Time;
use sim_core::world::Endpoint;

use super::MessageId;

/// Everything that is under way.
#[derive(Default)]
pub(super) struct Post {
    links: BTreeMap<(Endpoint, Endpoint), Link>,
}

/// What is under way from one end to another.
#[derive(Default)]
struct Link {
    /// In the order of sending, each with when it is due.
    flying: Vec<(Time, MessageId)>,
    /// What a clog holds, in the order in which it came.
    held: Vec<MessageId>,
}

impl Post {
    pub(super) fn sends(&mut self, from: Endpoint, to: Endpoint, due: Time, id: MessageId) {
        self.links.entry((to, from)).or_default().flying.push((due, id));
    }

    /// Something arrives; it is one of those that are due for which `is_it`, or if there is none of them,
    /// any.
    pub(super) fn arrives(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        now: Time,
        is_it: impl Fn(MessageId) -> bool,
    ) -> Option<MessageId> {
        let flying = &mut self.links.get_mut(&(to, from))?.flying;
        let due = flying.iter().enumerate().filter(|(_, (due, _))| *due <= now);
        let first = due.min_by_key(|(place, (due, id))| (!is_it(*id), *due, *place));
        let place = first?.0;
        Some(flying.remove(place).1)
    }

    /// Something does not arrive that was to arrive now.
    pub(super) fn fails(&mut self, from: Endpoint, to: Endpoint, now: Time) -> Option<MessageId> {
        let flying = &mut self.links.get_mut(&(to, from))?.flying;
        let place = flying.iter().position(|(due, _)| *due == now)?;
        Some(flying.remove(place).1)
    }

    /// A clog holds it.
    pub(super) fn holds(&mut self, from: Endpoint, to: Endpoint, id: MessageId) {
        self.links.entry((to, from)).or_default().held.push(id);
    }

    /// What is held is to arrive now, or will be held again.
    pub(super) fn releases(&mut self, now: Time) {
        for link in self.links.values_mut() {
            link.flying.extend(link.held.drain(..).map(|id| (now, id)));
        }
    }

    /// A process is gone, and with it what waited for it: what was to arrive before this time.
    pub(super) fn forgets(&mut self, to: Endpoint, before: Time) -> Vec<(Time, MessageId)> {
        let to_it = (to, Endpoint::Seat(sim_core::Seat(0)))..;
        let links = self.links.range_mut(to_it).take_while(|((end, _), _)| *end == to);
        links.flat_map(|(_, link)| link.flying.extract_if(.., |(due, _)| *due < before)).collect()
    }
}
