//! The run as the page reads it: a column for each thing that is known of events and of messages, and
//! every text once. A hundred thousand events are some megabytes like that.

use std::collections::BTreeMap;

use serde::Serialize;
use sim_core::RequestId;
use sim_core::world::Endpoint;

use super::About;
use super::bands::{Band, bands, place};
use crate::chronicle::{Chronicle, Effect, End, Event, EventId, Message, What};
use crate::outcome::Verdict;
use crate::output::json::hex;

/// Everything that the page knows. `run.js` reads it; the two change together.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    about: &'a About<'a>,
    seed: String,
    verdict: &'static str,
    property: &'a str,
    says: &'a str,
    fingerprint: String,
    ended: u64,
    /// What the protocol calls its kinds of messages: each has a colour, whether it occurs or not.
    kinds: &'static [&'static str],
    places: Vec<Place>,
    events: Events,
    messages: Messages,
    operations: Vec<Operation>,
    bands: Vec<Band>,
    violation: Option<usize>,
    /// What led to the violation.
    chains: Vec<Chain>,
    texts: Vec<String>,
}

#[derive(Serialize)]
struct Place {
    name: String,
    client: bool,
}

/// By event.
#[derive(Default, Serialize)]
struct Events {
    /// Nanoseconds since the event before.
    time: Vec<u64>,
    /// A place, or -1 for the world.
    place: Vec<i64>,
    what: Vec<u8>,
    /// A text, a message or an operation, as `what` has it; -1 if there is none.
    about: Vec<i64>,
    /// How many events ago its cause was; 0 if it has none but what was before at its place.
    cause: Vec<usize>,
    /// A text.
    role: Vec<usize>,
    /// What it is and its text, message or operation, in turn.
    effects: Vec<Vec<usize>>,
    /// A path and what is there now, in turn; -1 if nothing is.
    changed: Vec<Vec<i64>>,
}

/// By message.
#[derive(Default, Serialize)]
struct Messages {
    /// A text, like `text`.
    kind: Vec<usize>,
    text: Vec<usize>,
    from: Vec<i64>,
    to: Vec<i64>,
    /// The event that sent it, as how many later than that of the message before.
    sent: Vec<usize>,
    /// Nanoseconds; -1 if it never set out.
    latency: Vec<i64>,
    end: Vec<u8>,
    /// The event that received it, or the time at which it ended; -1 if neither.
    at: Vec<i64>,
    /// The numbers of those that are copies.
    copies: Vec<usize>,
}

#[derive(Serialize)]
struct Operation {
    id: String,
    place: i64,
    asked: String,
    told: Option<String>,
    from: usize,
    until: Option<usize>,
    ok: bool,
    blamed: bool,
}

/// What led to an event, the oldest first.
#[derive(Serialize)]
struct Chain {
    to: String,
    events: Vec<usize>,
}

impl<'a> Data<'a> {
    pub(super) fn new(chronicle: &'a Chronicle, about: &'a About<'a>) -> Self {
        let mut texts = Texts::default();
        let events = Events::of(chronicle, &mut texts);
        let messages = Messages::of(chronicle, &mut texts);
        let (verdict, property, says) = match &chronicle.outcome.verdict {
            Verdict::Passed => ("passed", "", ""),
            Verdict::Violated(violation) => {
                ("violated", violation.property, violation.message.as_str())
            }
            Verdict::Inconclusive { property, why } => ("inconclusive", *property, why.as_str()),
        };
        Self {
            about,
            seed: chronicle.outcome.seed.to_string(),
            verdict,
            property,
            says,
            fingerprint: hex(chronicle.outcome.fingerprint),
            ended: chronicle.outcome.ended.as_nanos(),
            kinds: chronicle.kinds,
            places: chronicle.places.iter().map(|&end| Place::new(chronicle, end)).collect(),
            events,
            messages,
            operations: operations(chronicle),
            bands: bands(chronicle),
            violation: chronicle.violation.map(|id| id.0),
            chains: chains(chronicle),
            texts: texts.texts,
        }
    }
}

impl Place {
    fn new(chronicle: &Chronicle, end: Endpoint) -> Self {
        Self { name: chronicle.name(end), client: matches!(end, Endpoint::Client(_)) }
    }
}

/// Every text once.
#[derive(Default)]
struct Texts {
    numbers: BTreeMap<String, usize>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> usize {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len();
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }
}

impl Events {
    fn of(chronicle: &Chronicle, texts: &mut Texts) -> Self {
        let known = chronicle.operations.iter().map(|operation| operation.id).zip(0..).collect();
        let mut events = Self::default();
        let mut last = 0;
        for (id, event) in chronicle.events.iter().enumerate() {
            let time = event.time.as_nanos();
            events.time.push(time - last);
            last = time;
            events.place.push(number(event.place.and_then(|end| place(chronicle, end))));
            let (what, about) = what(&known, event, texts);
            events.what.push(what);
            events.about.push(number(about));
            events.cause.push(event.cause.map_or(0, |cause| id - cause.0));
            events.role.push(texts.number(event.role));
            let effects = event.effects.iter().flat_map(|effect| done(&known, effect, texts));
            events.effects.push(effects.collect());
            let changed = event.changed.iter().flat_map(|part| {
                let path = texts.number(&part.path);
                [number(Some(path)), number(part.is.as_deref().map(|is| texts.number(is)))]
            });
            events.changed.push(changed.collect());
        }
        events
    }
}

/// Where each operation is.
type Known = BTreeMap<RequestId, usize>;

/// What an event is, and the number of what it is about.
fn what(known: &Known, event: &Event, texts: &mut Texts) -> (u8, Option<usize>) {
    let mut text = |text: &str| Some(texts.number(text));
    match &event.what {
        What::Start { found: None } => (0, None),
        What::Start { found: Some(found) } => (0, text(found)),
        What::Received(id) => (1, Some(id.0)),
        What::Timer(name) => (2, text(name)),
        What::Disk { text: said } => (3, text(said)),
        What::Durable => (4, None),
        What::Crash { cut: None } => (5, None),
        What::Crash { cut: Some((done, of)) } => {
            (5, text(&format!("after {done} of {of} effects of its step")))
        }
        What::FaultBegins { text: said, .. } => (6, text(said)),
        What::FaultEnds { text: said, .. } => (7, text(said)),
        What::Invoked(id) => (8, known.get(id).copied()),
        What::Waited => (9, None),
        What::Violation { property, .. } => (10, text(property)),
    }
}

fn done(known: &Known, effect: &Effect, texts: &mut Texts) -> [usize; 2] {
    let mut text = |text: &str| texts.number(text);
    match effect {
        Effect::Sent(id) => [0, id.0],
        Effect::SetTimer { timer, delay } => [1, text(&format!("{timer} in {delay}"))],
        Effect::CancelTimer { timer } => [2, text(timer)],
        Effect::Write { record } => [3, text(record)],
        Effect::Checkpoint { text: said } => [4, text(said)],
        Effect::Sync { text: said } => [5, text(said)],
        Effect::Flush => [6, 0],
        Effect::Reached(point) => [7, text(point)],
        Effect::Becomes(role) => [8, text(role)],
        Effect::Completed(id) => [9, known.get(id).copied().unwrap_or_default()],
        Effect::Note(note) => [10, text(note)],
        Effect::Lies(said) => [10, text(&format!("lies {said}"))],
    }
}

impl Messages {
    fn of(chronicle: &Chronicle, texts: &mut Texts) -> Self {
        let mut messages = Self::default();
        let mut last = 0;
        for (id, message) in chronicle.messages.iter().enumerate() {
            let Message { sent: EventId(sent), .. } = *message;
            messages.kind.push(texts.number(message.kind));
            messages.text.push(texts.number(&message.text));
            messages.from.push(number(place(chronicle, message.from)));
            messages.to.push(number(place(chronicle, message.to)));
            messages.sent.push(sent - last);
            last = sent;
            let latency = message.latency.map(|latency| latency.as_nanos());
            messages
                .latency
                .push(latency.map_or(-1, |nanos| i64::try_from(nanos).unwrap_or(i64::MAX)));
            let at = |time: sim_core::Time| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            let (end, at) = match message.end {
                End::Received(received) => (0, number(Some(received.0))),
                End::Lost => (1, -1),
                End::Cut(when) => (2, when.map_or(-1, at)),
                End::Down(when) => (3, at(when)),
                End::Forgotten(when) => (4, at(when)),
                End::Held(since) => (5, at(since)),
                End::UnderWay => (6, -1),
            };
            messages.end.push(end);
            messages.at.push(at);
            if message.is_copy {
                messages.copies.push(id);
            }
        }
        messages
    }
}

fn chains(chronicle: &Chronicle) -> Vec<Chain> {
    // On the page a step that goes on stands at the event that it belongs to.
    let is_shown = |link: EventId| !matches!(chronicle.event(link).what, What::Durable);
    let links = |id: EventId| {
        let links = chronicle.led_to(id).into_iter();
        links.filter(|link| *link == id || is_shown(*link)).map(|link| link.0).collect()
    };
    let suspects = chronicle.suspects().into_iter();
    suspects.map(|(to, id)| Chain { to, events: links(id) }).collect()
}

fn operations(chronicle: &Chronicle) -> Vec<Operation> {
    let operation = |operation: &crate::chronicle::Operation| Operation {
        id: operation.id.to_string(),
        place: number(place(chronicle, Endpoint::Client(operation.id.client))),
        asked: operation.asked.clone(),
        told: operation.told.clone(),
        from: operation.invoked.0,
        until: operation.completed.map(|id| id.0),
        ok: operation.is_ok,
        blamed: operation.is_blamed,
    };
    chronicle.operations.iter().map(operation).collect()
}

fn number(number: Option<usize>) -> i64 {
    number.and_then(|number| i64::try_from(number).ok()).unwrap_or(-1)
}
