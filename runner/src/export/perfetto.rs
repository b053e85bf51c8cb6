//! A run as a trace that Perfetto and Chrome open (<https://ui.perfetto.dev>; the format is described in
//! <https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>).
//!
//! A node or client is a process with up to three lanes: its steps, its roles, its operations. A step
//! takes no time, unless it waits for its disk; so that it can be seen and arrows can end at it, it is
//! drawn a microsecond long, or less where the next one follows sooner.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use sim_core::Time;
use sim_core::world::Endpoint;

use crate::chronicle::{Chronicle, Effect, End, EventId, What};

/// The lanes of a process.
const STEPS: u32 = 1;
const ROLES: u32 = 2;
const OPERATIONS: u32 = 3;

/// How long a step is drawn.
const A_STEP_NS: u64 = 1_000;

/// The trace.
pub(super) fn text(run: &Chronicle) -> String {
    let mut events = names(run);
    steps(run, &mut events);
    roles(run, &mut events);
    operations(run, &mut events);
    messages(run, &mut events);
    faults(run, &mut events);
    let lines: Vec<String> = events.iter().map(Json::to_string).collect();
    let events = lines.join(",\n");
    format!("{{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n{events}\n]}}\n")
}

/// Microseconds.
fn us(time: Time) -> Json {
    length_us(time.as_nanos())
}

#[expect(clippy::float_arithmetic, reason = "the format counts in microseconds, with fractions")]
fn length_us(nanos: u64) -> Json {
    json!(nanos as f64 / 1_000.0)
}

/// The process of a place; zero is the world.
fn process(run: &Chronicle, place: Option<Endpoint>) -> usize {
    let place = place.and_then(|place| run.places.iter().position(|known| *known == place));
    place.map_or(0, |place| place + 1)
}

fn names(run: &Chronicle) -> Vec<Json> {
    let places = run.places.iter().map(|place| run.name(*place));
    let processes = [String::from("world")].into_iter().chain(places).enumerate();
    let mut events = Vec::new();
    for (pid, name) in processes {
        let about = |what: &str, tid: u32, args: Json| json!({ "ph": "M", "name": what, "pid": pid, "tid": tid, "args": args });
        events.push(about("process_name", 0, json!({ "name": name })));
        events.push(about("process_sort_index", 0, json!({ "sort_index": pid })));
        let lanes: &[(u32, &str)] = match pid.checked_sub(1).map(|place| run.places[place]) {
            None => &[],
            Some(Endpoint::Seat(_)) => &[(STEPS, "steps"), (ROLES, "role")],
            Some(Endpoint::Client(_)) => &[(STEPS, "steps"), (OPERATIONS, "operations")],
        };
        for (tid, name) in lanes {
            events.push(about("thread_name", *tid, json!({ "name": name })));
        }
    }
    events
}

fn steps(run: &Chronicle, events: &mut Vec<Json>) {
    let lengths = lengths(run);
    for (id, event) in (0..).map(EventId).zip(&run.events) {
        let Some(place) = event.place else { continue };
        let effects: Vec<String> =
            event.effects.iter().map(|effect| run.in_words(effect)).collect();
        let what = run.headline(id);
        let args = json!({ "event": id.0, "what": what, "effects": effects });
        let pid = process(run, Some(place));
        events.push(json!({
            "ph": "X", "cat": "step", "name": what, "pid": pid, "tid": STEPS,
            "ts": us(event.time), "dur": length_us(lengths[id.0]), "args": args,
        }));
        if let What::Violation { property, .. } = &event.what {
            events.push(json!({
                "ph": "i", "s": "g", "cat": "violation", "name": format!("VIOLATED {property}"),
                "pid": pid, "tid": STEPS, "ts": us(event.time),
            }));
        }
    }
}

/// How long each step is drawn, in nanoseconds.
fn lengths(run: &Chronicle) -> Vec<u64> {
    let mut lengths = vec![A_STEP_NS; run.events.len()];
    // The time of the first later event of each place, and whether that is what a step waited for.
    let mut next: BTreeMap<Endpoint, (Time, Time, bool)> = BTreeMap::new();
    for (id, event) in run.events.iter().enumerate().rev() {
        let Some(place) = event.place else { continue };
        let later = match next.get(&place) {
            Some((time, _, ends)) if *time > event.time => Some((*time, *ends)),
            Some((_, later, _)) if *later > event.time => Some((*later, false)),
            _ => None,
        };
        if let Some((time, ends_a_wait)) = later {
            let gap = time.since(event.time).as_nanos();
            let waits = ends_a_wait && event.effects.iter().any(|it| matches!(it, Effect::Flush));
            lengths[id] = if waits { gap } else { gap.min(A_STEP_NS) };
        }
        let ends_a_wait = matches!(event.what, What::Durable | What::Crash { cut: Some(_) });
        let beyond = later.map_or(Time::MAX, |(time, _)| time);
        next.insert(place, (event.time, beyond, ends_a_wait));
    }
    lengths
}

fn roles(run: &Chronicle, events: &mut Vec<Json>) {
    let mut now: BTreeMap<Endpoint, (&str, Time)> = BTreeMap::new();
    let mut over = |place: Endpoint, role: &str, since: Time, until: Time| {
        if !role.is_empty() && until > since {
            events.push(json!({
                "ph": "X", "cat": "role", "name": role, "pid": process(run, Some(place)),
                "tid": ROLES, "ts": us(since), "dur": length_us(until.since(since).as_nanos()),
            }));
        }
    };
    for event in &run.events {
        let Some(place @ Endpoint::Seat(_)) = event.place else { continue };
        let (role, since) = *now.entry(place).or_insert((event.role, event.time));
        if role != event.role {
            over(place, role, since, event.time);
            now.insert(place, (event.role, event.time));
        }
    }
    for (place, (role, since)) in now {
        over(place, role, since, run.outcome.ended);
    }
}

fn operations(run: &Chronicle, events: &mut Vec<Json>) {
    for operation in &run.operations {
        let (begun, ended) = (run.event(operation.invoked).time, operation.completed);
        let ended = ended.map_or(run.outcome.ended, |id| run.event(id).time);
        let told = operation.told.as_deref().unwrap_or("no answer yet");
        events.push(json!({
            "ph": "X", "cat": "operation", "name": format!("{} {}", operation.id, operation.asked),
            "pid": process(run, Some(Endpoint::Client(operation.id.client))), "tid": OPERATIONS,
            "ts": us(begun), "dur": length_us(ended.since(begun).as_nanos()),
            "args": { "told": told, "blamed": operation.is_blamed },
        }));
    }
}

/// An arrow for each message that arrived, a mark for each other one.
fn messages(run: &Chronicle, events: &mut Vec<Json>) {
    for (id, message) in run.messages.iter().enumerate() {
        let sent = run.event(message.sent).time;
        let from = process(run, Some(message.from));
        match message.end {
            End::Received(received) => {
                let to = process(run, Some(message.to));
                let mut end = |ph: &str, pid: usize, ts: Time| {
                    events.push(json!({
                        "ph": ph, "bp": "e", "cat": "message", "id": id, "name": message.kind,
                        "pid": pid, "tid": STEPS, "ts": us(ts),
                    }));
                };
                end("s", from, sent);
                end("f", to, run.event(received).time);
            }
            end => {
                let (kind, to) = (message.kind, run.name(message.to));
                let name = format!("{kind} -> {to}: {}", end.trouble().unwrap_or_default());
                events.push(json!({
                    "ph": "i", "s": "t", "cat": "message", "name": name, "pid": from,
                    "tid": STEPS, "ts": us(sent),
                }));
            }
        }
    }
}

/// Faults overlap as they like, so each is a span of its own.
fn faults(run: &Chronicle, events: &mut Vec<Json>) {
    for (id, event) in run.events.iter().enumerate() {
        let What::FaultBegins { fault, text } = &event.what else { continue };
        let ends = fault.until.map_or(run.outcome.ended, |until| until.min(run.outcome.ended));
        for (ph, time) in [("b", event.time), ("e", ends.max(event.time))] {
            events.push(json!({
                "ph": ph, "cat": "fault", "id": id, "name": text, "pid": 0, "tid": 0,
                "ts": us(time),
            }));
        }
    }
}
