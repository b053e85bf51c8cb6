//! What led to a violation, and which faults there were at the time.

use sim_core::{Duration, Time};

use super::{Chain, Link};
use crate::chronicle::{Chronicle, End, EventId, Suspects, What};

/// What led to each of the events that a violation is about.
pub(super) fn chains(run: &Chronicle, suspects: &Suspects) -> Vec<Chain> {
    let chain = |(to, id): &(String, EventId)| Chain {
        to: to.clone(),
        links: run.led_to(*id).into_iter().map(|id| Link::of(run, id)).collect(),
    };
    suspects.events.iter().map(chain).collect()
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
