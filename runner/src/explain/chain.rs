//! What led to an event, as short as it can be told: each link is what brought the next one about.

use sim_core::{Duration, Time};

use super::{Chain, Link};
use crate::chronicle::{Chronicle, End, EventId, Suspects, What};

/// What led to each of the events that a violation is about.
pub(super) fn chains(run: &Chronicle, suspects: &Suspects) -> Vec<Chain> {
    let chain = |(to, id): &(String, EventId)| Chain {
        to: to.clone(),
        links: back_from(run, *id).into_iter().map(|id| Link::of(run, id)).collect(),
    };
    suspects.events.iter().map(chain).collect()
}

/// More links than this nobody follows.
const MOST_LINKS: usize = 16;

/// From an event back to where nothing but time brought it about: a timer, a client, a start, a fault.
fn back_from(run: &Chronicle, last: EventId) -> Vec<EventId> {
    let mut links = Vec::new();
    let mut at = Some(last);
    while let Some(id) = at.filter(|_| links.len() < MOST_LINKS) {
        let event = run.event(id);
        let goes_on = matches!(event.what, What::Durable);
        // That a step went on is no link of its own, unless something turned with it.
        if !goes_on || id == last || run.becomes(id).is_some() {
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

/// The faults that had begun and were not over at a time.
pub(super) fn faults(run: &Chronicle, at: Time) -> Vec<Link> {
    let ids = (0..run.events.len()).map(EventId);
    let there = ids.filter(|id| match &run.event(*id).what {
        What::FaultBegins { fault, .. } => {
            run.event(*id).time <= at && fault.until.is_none_or(|until| until > at)
        }
        _ => false,
    });
    there.map(|id| Link::of(run, id)).collect()
}

impl Chronicle {
    /// How long the message that arrives in an event had travelled.
    pub(super) fn travelled(&self, id: EventId) -> Option<Duration> {
        match &self.event(id).what {
            What::Received(message) => {
                let message = self.message(*message);
                let is_it = message.end == End::Received(id);
                is_it.then(|| self.event(id).time.since(self.event(message.sent).time))
            }
            _ => None,
        }
    }
}
