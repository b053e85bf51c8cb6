//! What led to an event, as short as it can be told: each link is what brought the next one about.

use super::{Chronicle, EventId, What};

/// More links than this nobody follows.
const MOST_LINKS: usize = 16;

impl Chronicle {
    /// The events that a violation is about, each with its name: the ends of the operations that it
    /// blames, or else where it was seen.
    #[must_use]
    pub fn suspects(&self) -> Vec<(String, EventId)> {
        let Some(violation) = self.violation else { return Vec::new() };
        let blamed = self.operations.iter().filter(|operation| operation.is_blamed);
        let mut ends: Vec<(String, EventId)> = blamed
            .map(|operation| {
                (operation.id.to_string(), operation.completed.unwrap_or(operation.invoked))
            })
            .collect();
        ends.sort_by_key(|(_, id)| *id);
        if ends.is_empty() {
            let place = self.event(violation).place;
            let name = place.map_or_else(|| String::from("the end"), |place| self.name(place));
            ends.push((name, violation));
        }
        ends
    }

    /// From an event back to where nothing but time brought it about: a timer, a client, a start, a
    /// fault. The oldest first.
    #[must_use]
    pub fn led_to(&self, last: EventId) -> Vec<EventId> {
        let mut links = Vec::new();
        let mut at = Some(last);
        while let Some(id) = at.filter(|_| links.len() < MOST_LINKS) {
            let event = self.event(id);
            // That a step went on is no link of its own, unless something turned with it.
            let goes_on = matches!(event.what, What::Durable);
            if !goes_on || id == last || self.becomes(id).is_some() {
                links.push(id);
            }
            let is_origin = match event.what {
                What::Timer(_) | What::Invoked(_) | What::Start { .. } | What::Waited => id != last,
                What::FaultBegins { .. } | What::FaultEnds { .. } => true,
                _ => false,
            };
            at = if is_origin { None } else { event.cause.or(event.before) };
        }
        links.reverse();
        links
    }
}
