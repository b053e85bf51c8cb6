//! Everything that happened in a run, in lines of JSON: first every event, then every message, then every
//! operation. Described in `results/README.md`.

use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::chronicle::{Chronicle, Effect, End, EventId, What};

/// An event.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: usize,
    number: u64,
    time_ns: u64,
    place: Option<String>,
    what: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<usize>,
    cause: Option<usize>,
    before: Option<usize>,
    role: &'a str,
    effects: Vec<Json>,
    changed: Vec<Json>,
}

/// The lines.
pub(super) fn text(run: &Chronicle) -> String {
    let events = (0..run.events.len()).map(|id| written(&event(run, EventId(id))));
    let messages = (0..run.messages.len()).map(|id| written(&message(run, id)));
    let operations = (0..run.operations.len()).map(|id| written(&operation(run, id)));
    events.chain(messages).chain(operations).collect()
}

fn written(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("texts and numbers can be written") + "\n"
}

fn event(run: &Chronicle, id: EventId) -> Line<'_> {
    let event = run.event(id);
    let changed =
        |part: &crate::chronicle::Part| json!({ "path": &*part.path, "is": part.is.as_deref() });
    Line {
        kind: "event",
        id: id.0,
        number: event.number,
        time_ns: event.time.as_nanos(),
        place: event.place.map(|place| run.name(place)),
        what: word(&event.what),
        text: run.headline(id),
        message: match event.what {
            What::Received(message) => Some(message.0),
            _ => None,
        },
        cause: event.cause.map(|cause| cause.0),
        before: event.before.map(|before| before.0),
        role: event.role,
        effects: event.effects.iter().map(effect).collect(),
        changed: event.changed.iter().map(changed).collect(),
    }
}

/// What an event is, in a word.
const fn word(what: &What) -> &'static str {
    match what {
        What::Start { .. } => "start",
        What::Received(_) => "received",
        What::Timer(_) => "timer",
        What::Disk { .. } => "synced",
        What::Durable => "durable",
        What::Crash { .. } => "crash",
        What::FaultBegins { .. } => "fault_begins",
        What::FaultEnds { .. } => "fault_ends",
        What::Invoked(_) => "invoked",
        What::Waited => "waited",
        What::Violation { .. } => "violation",
    }
}

fn effect(effect: &Effect) -> Json {
    match effect {
        Effect::Sent(message) => json!({ "what": "sent", "message": message.0 }),
        Effect::SetTimer { timer, delay } => {
            json!({ "what": "set_timer", "timer": &**timer, "delay": delay })
        }
        Effect::CancelTimer { timer } => json!({ "what": "cancel_timer", "timer": &**timer }),
        Effect::Write { record } => json!({ "what": "write", "record": record }),
        Effect::Checkpoint { text } => json!({ "what": "checkpoint", "text": text }),
        Effect::Sync { text } => json!({ "what": "sync", "text": text }),
        Effect::Flush => json!({ "what": "flush" }),
        Effect::Reached(point) => json!({ "what": "reached", "point": point }),
        Effect::Becomes(role) => json!({ "what": "becomes", "role": role }),
        Effect::Completed(id) => json!({ "what": "completed", "operation": id.to_string() }),
        Effect::Note(note) => json!({ "what": "note", "text": note }),
        Effect::Lies(said) => json!({ "what": "lies", "text": said }),
    }
}

fn message(run: &Chronicle, id: usize) -> Json {
    let message = &run.messages[id];
    let (end, at) = match message.end {
        End::Received(event) => ("received", Some(run.event(event).time)),
        End::Lost => ("lost", None),
        End::Cut(at) => ("cut", at),
        End::Down(at) => ("down", Some(at)),
        End::Forgotten(at) => ("forgotten", Some(at)),
        End::Held(at) => ("held", Some(at)),
        End::UnderWay => ("under_way", None),
    };
    json!({
        "type": "message",
        "id": id,
        "kind": message.kind,
        "text": &*message.text,
        "request": message.request.map(|request| request.to_string()),
        "from": run.name(message.from),
        "to": run.name(message.to),
        "sent": message.sent.0,
        "latency_ns": message.latency.map(sim_core::Duration::as_nanos),
        "is_copy": message.is_copy,
        "end": end,
        "end_ns": at.map(sim_core::Time::as_nanos),
    })
}

fn operation(run: &Chronicle, id: usize) -> Json {
    let operation = &run.operations[id];
    json!({
        "type": "operation",
        "id": operation.id.to_string(),
        "asked": operation.asked,
        "told": operation.told,
        "is_ok": operation.is_ok,
        "is_blamed": operation.is_blamed,
        "invoked": operation.invoked.0,
        "completed": operation.completed.map(|event| event.0),
    })
}
