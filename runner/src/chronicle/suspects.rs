//! Who had a part in a violation.

use std::collections::BTreeSet;

use sim_core::Time;
use sim_core::world::Endpoint;

use super::{Chronicle, Effect, EventId, What};

/// The events that a violation is about: where it was seen, and where each node and operation that it
/// names was at last.
#[derive(Clone, Debug)]
pub(crate) struct Suspects {
    /// Each with its name; where the violation was seen comes last.
    pub(crate) events: Vec<(String, EventId)>,
    /// Everything that they depend on.
    pub(crate) past: BTreeSet<EventId>,
}

impl Suspects {
    /// Those of a run; none if it broke nothing.
    pub(crate) fn of(run: &Chronicle) -> Self {
        let mut events = Vec::new();
        if let Some(violation) = run.violation {
            let message = match &run.event(violation).what {
                What::Violation { message, .. } => message.as_str(),
                _ => "",
            };
            if !run.operations.iter().any(|operation| operation.is_blamed) {
                events = run.nodes_named(message, violation);
            }
            events.extend(run.suspects());
        }
        let past = events.iter().flat_map(|(_, id)| run.past(*id)).collect();
        Self { events, past }
    }

    /// The events of the queue that they depend on.
    pub(crate) fn numbers(&self, run: &Chronicle) -> BTreeSet<u64> {
        self.past.iter().map(|id| run.event(*id).number).collect()
    }
}

impl Chronicle {
    /// What a node becomes by an event, if it becomes something else.
    pub(crate) fn becomes(&self, id: EventId) -> Option<&'static str> {
        self.event(id).effects.iter().find_map(|effect| match effect {
            Effect::Becomes(role) => Some(*role),
            _ => None,
        })
    }

    /// The nodes that a message names, but for the one where the violation was seen: each where it turned
    /// into what it was then.
    fn nodes_named(&self, message: &str, violation: EventId) -> Vec<(String, EventId)> {
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let words: BTreeSet<&str> = message.split(|letter| !is_word(letter)).collect();
        let seen = self.event(violation);
        let others = self
            .places
            .iter()
            .filter(|place| matches!(place, Endpoint::Seat(_)) && seen.place != Some(**place));
        let named = others.filter_map(|place| {
            let name = self.name(*place);
            let last = self.last_turn(*place, seen.time).filter(|_| words.contains(name.as_str()));
            last.map(|last| (name, last))
        });
        named.collect()
    }

    /// When the role of a node changed last until a time; else what happened there last.
    fn last_turn(&self, place: Endpoint, until: Time) -> Option<EventId> {
        let ids = (0..self.events.len()).map(EventId);
        let here =
            ids.filter(|id| self.event(*id).place == Some(place) && self.event(*id).time <= until);
        let here: Vec<EventId> = here.collect();
        let turn = here.iter().rev().find(|id| self.becomes(**id).is_some());
        turn.or_else(|| here.last()).copied()
    }
}
