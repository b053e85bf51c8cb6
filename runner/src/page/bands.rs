//! What lasts: who is down or asleep, and which faults act, from when to when.

use std::collections::BTreeSet;

use serde::Serialize;
use sim_core::fault::{Fault, FaultKind};
use sim_core::world::Endpoint;

use crate::chronicle::{Chronicle, EventId, What};

/// Something that lasts.
#[derive(Serialize)]
pub(super) struct Band {
    /// `down`, or what a scenario calls the fault.
    kind: &'static str,
    text: String,
    /// Whom it is about; who stands together shares a list.
    groups: Vec<Vec<usize>>,
    /// The events between which it lasts; to the end of the run, if nothing ends it.
    from: usize,
    until: Option<usize>,
}

/// Everything that lasts, in the order in which it begins.
pub(super) fn bands(chronicle: &Chronicle) -> Vec<Band> {
    let events = (0..).map(EventId).zip(&chronicle.events);
    let bands = events.filter_map(|(id, event)| match &event.what {
        What::Crash { .. } => Some(Band {
            kind: "down",
            text: "down".into(),
            groups: vec![place(chronicle, event.place?).into_iter().collect()],
            from: id.0,
            until: first(chronicle, id, |_, later, what| {
                later == event.place && matches!(what, What::Start { .. })
            }),
        }),
        What::FaultBegins { fault, text } if is_drawn(&fault.kind) => Some(Band {
            kind: fault.kind.family().name(),
            text: text.clone(),
            groups: groups(chronicle, fault),
            from: id.0,
            until: first(chronicle, id, |_, _, what| ends(fault, what)),
        }),
        _ => None,
    });
    bands.collect()
}

/// Whether it lasts, and is not drawn as what comes of it.
const fn is_drawn(kind: &FaultKind) -> bool {
    kind.has_an_end() && !matches!(kind, FaultKind::Crash { .. } | FaultKind::Upgrade { .. })
}

fn ends(fault: &Fault, what: &What) -> bool {
    match what {
        What::FaultEnds { fault: over, .. } => **over == *fault,
        What::FaultBegins { fault: other, .. } => match (&fault.kind, &other.kind) {
            (FaultKind::Pause { seats }, FaultKind::Resume { seats: awake }) => {
                seats.iter().all(|seat| awake.contains(seat))
            }
            (FaultKind::Pause { .. } | FaultKind::DiskFails { .. }, _) => false,
            (_, other) => *other == FaultKind::Heal,
        },
        _ => false,
    }
}

/// The first event behind one for which something is so.
fn first(
    chronicle: &Chronicle,
    id: EventId,
    is: impl Fn(EventId, Option<Endpoint>, &What) -> bool,
) -> Option<usize> {
    let later = (id.0 + 1..).zip(&chronicle.events[id.0 + 1..]);
    later.into_iter().find(|(id, event)| is(EventId(*id), event.place, &event.what)).map(|it| it.0)
}

fn groups(chronicle: &Chronicle, fault: &Fault) -> Vec<Vec<usize>> {
    let seats = |seats: &[sim_core::Seat]| -> Vec<Endpoint> {
        seats.iter().map(|&seat| Endpoint::Seat(seat)).collect()
    };
    let groups: Vec<Vec<Endpoint>> = match &fault.kind {
        FaultKind::Partition { groups } => groups.clone(),
        FaultKind::Cut { from, to }
        | FaultKind::Clog { from, to }
        | FaultKind::Link { from, to, .. } => {
            let both: BTreeSet<Endpoint> = from.iter().chain(to).copied().collect();
            vec![both.into_iter().collect()]
        }
        FaultKind::Pause { seats: some } | FaultKind::DiskFails { seats: some } => {
            vec![seats(some)]
        }
        _ => Vec::new(),
    };
    let places =
        |group: Vec<Endpoint>| group.into_iter().filter_map(|end| place(chronicle, end)).collect();
    groups.into_iter().map(places).collect()
}

/// The number of a place; nothing if nothing ever happened there.
pub(super) fn place(chronicle: &Chronicle, end: Endpoint) -> Option<usize> {
    chronicle.places.iter().position(|place| *place == end)
}
