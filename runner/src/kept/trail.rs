//! What happened in a run, event by event: noted once, and followed later.
//!
//! An event is its time, who took part, and what came of it by kind. Nothing of it depends on how a build
//! draws or hashes; what messages say in detail is not in it, but what follows from that is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use sim_core::client::{Answer, Client};
use sim_core::context::{Destination, Effect};
use sim_core::history::Outcome as Ending;
use sim_core::id::{NodeId, Seat};
use sim_core::protocol::{DiskDone, Protocol};
use sim_core::trace::{Cause, Happening, Trace, Undelivered};
use sim_core::world::Endpoint;
use sim_core::{Duration, Time};

use super::tape::Tape;
use crate::names::{self, Names};

/// What happened in a run.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Trail {
    /// Everything that an event can be, each once.
    labels: Vec<String>,
    /// The events in order, each as the nanoseconds since the one before and the number of its label:
    /// `1500000:3`. A line has a hundred.
    events: Vec<String>,
}

/// One event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When it happened.
    pub time: Time,
    /// Who did what.
    pub label: String,
}

impl Trail {
    /// A trail of these events.
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut trail = Self::default();
        let mut numbers = BTreeMap::new();
        let mut last = Time::ZERO;
        for (place, event) in events.iter().enumerate() {
            let number = *numbers.entry(event.label.as_str()).or_insert_with(|| {
                trail.labels.push(event.label.clone());
                trail.labels.len() - 1
            });
            if place % A_LINE == 0 {
                trail.events.push(String::new());
            }
            let line = trail.events.last_mut().expect("it was just begun");
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&format!("{}:{number}", event.time.since(last).as_nanos()));
            last = event.time;
        }
        trail
    }

    /// The events.
    ///
    /// # Errors
    /// What is no event.
    pub(crate) fn read(&self) -> Result<Vec<Event>, String> {
        let mut time = Time::ZERO;
        let words = self.events.iter().flat_map(|line| line.split_ascii_whitespace());
        let event = |word: &str| {
            let (since, label) = word.split_once(':')?;
            let since = since.parse().ok().map(Duration::from_nanos)?;
            time = time.saturating_add(since);
            let label = self.labels.get(label.parse::<usize>().ok()?)?.clone();
            Some(Event { time, label })
        };
        let read: Option<Vec<Event>> = words.clone().map(event).collect();
        read.ok_or_else(|| String::from("its trail has something that is no event"))
    }
}

/// Notes what happens, event by event.
pub(crate) struct Walker {
    names: Names,
    messages: &'static [&'static str],
    events: Vec<Event>,
    /// How many events there were, noted or not.
    seen: usize,
    label: String,
    /// What notes the decisions, and has noted enough when this has.
    tape: Option<Rc<RefCell<Tape>>>,
}

/// More events of a run than this are not noted: a file of some two megabytes.
const MOST_EVENTS: usize = 100_000;

impl Walker {
    pub(crate) fn new(names: &Names, messages: &'static [&'static str]) -> Self {
        let (events, label) = (Vec::new(), String::new());
        Self { names: names.clone(), messages, events, seen: 0, label, tape: None }
    }

    /// The same, with what notes the decisions.
    pub(crate) fn with(self, tape: Rc<RefCell<Tape>>) -> Self {
        Self { tape: Some(tape), ..self }
    }

    /// What happened.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Whether nothing happened that is not noted.
    pub(crate) const fn is_complete(&self) -> bool {
        self.seen == self.events.len()
    }

    /// A cause, whoever had one before in the same event.
    fn cause(&mut self, text: &str) {
        if !self.label.is_empty() {
            self.label.push_str("; ");
        }
        self.label.push_str(text);
    }

    /// What came of the last cause.
    fn effect(&mut self, text: &str) {
        self.label.push_str(", ");
        self.label.push_str(text);
    }

    fn node(&self, seat: Seat) -> String {
        self.names.node(NodeId(seat.0))
    }

    fn end(&self, end: Endpoint) -> String {
        match end {
            Endpoint::Seat(seat) => self.node(seat),
            Endpoint::Client(client) => client.to_string(),
        }
    }

    fn kind<P: Protocol>(&self, message: &P::Message) -> &'static str {
        names::message(self.messages, P::kind(message))
    }

    fn input<P: Protocol>(&self, cause: &Cause<'_, P>) -> String {
        match cause {
            Cause::Start { found: None } => "start".into(),
            Cause::Start { found: Some(_) } => "restart".into(),
            Cause::Message { from, message } => {
                format!("<- {} {}", self.node(*from), self.kind::<P>(message))
            }
            Cause::Timer { timer } => format!("timer {timer:?}"),
            Cause::Request { id, .. } => format!("<= {} request", id.client),
            Cause::Disk { done: DiskDone::Synced(_) } => "synced".into(),
            Cause::Disk { done: DiskDone::Failed(_) } => "sync failed".into(),
        }
    }

    /// Nothing of a point that was reached: a newer build may have more of them.
    fn done<P: Protocol>(&self, effect: &Effect<P>) -> Option<String> {
        Some(match effect {
            Effect::Send { to, message } => {
                let to = match to {
                    Destination::One(node) => self.names.node(*node),
                    Destination::Many(nodes) => {
                        nodes.iter().map(|node| self.names.node(node)).collect::<Vec<_>>().join(",")
                    }
                    Destination::Others => "*".into(),
                };
                format!("-> {to} {}", self.kind::<P>(message))
            }
            Effect::SetTimer { timer, .. } => format!("set {timer:?}"),
            Effect::CancelTimer { timer } => format!("cancel {timer:?}"),
            Effect::Write { .. } => "write".into(),
            Effect::Checkpoint { .. } => "checkpoint".into(),
            Effect::Sync { .. } => "sync".into(),
            Effect::Flush => "flush".into(),
            Effect::Reply { request, .. } => format!("=> {} reply", request.client),
            Effect::Redirect { request, .. } => format!("=> {} redirect", request.client),
            Effect::Reached { .. } => return None,
        })
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Walker {
    fn happened(&mut self, _: Time, what: &Happening<'_, P, C>) {
        match what {
            Happening::Input { seat, cause, .. } => {
                let text = format!("{} {}", self.node(*seat), self.input(cause));
                self.cause(&text);
            }
            Happening::Effect { effect, .. } => {
                if let Some(text) = self.done(effect) {
                    self.effect(&text);
                }
            }
            Happening::Durable { seat } => self.cause(&format!("{} durable", self.node(*seat))),
            Happening::Undelivered { to, from, why } => {
                let why = match why {
                    Undelivered::Cut => "cut",
                    Undelivered::Down => "down",
                    Undelivered::Held => "held",
                };
                self.cause(&format!("{} -> {} {why}", self.end(*from), self.end(*to)));
            }
            Happening::FaultBegins { fault } => {
                self.cause(&format!("{} begins", fault.kind.family().name()));
            }
            Happening::FaultEnds { fault } => {
                self.cause(&format!("{} ends", fault.kind.family().name()));
            }
            Happening::Crashed { seat, cut } => {
                let cut = cut.map(|(done, of)| format!(" after {done} of {of}"));
                let text = format!("{} crashes{}", self.node(*seat), cut.unwrap_or_default());
                self.cause(&text);
            }
            Happening::Invoked { id, .. } => self.cause(&format!("{} asks", id.client)),
            Happening::Asked { id, to } => {
                let to = self.names.node(*to);
                if self.label.is_empty() {
                    self.cause(&format!("{} asks again", id.client));
                }
                self.effect(&format!("=> {to}"));
            }
            Happening::Answered { client, from, answer, .. } => {
                let answer = match answer {
                    Answer::Reply(_) => "reply",
                    Answer::Redirect(_) => "redirect",
                };
                self.cause(&format!("{client} <= {} {answer}", self.names.node(*from)));
            }
            Happening::Completed { id, outcome, .. } => {
                let outcome = match outcome {
                    Ending::Ok(_) => "ok",
                    Ending::Refused => "refused",
                    Ending::Unknown => "unknown",
                };
                if self.label.is_empty() {
                    self.cause(&format!("{} gives up", id.client));
                }
                self.effect(outcome);
            }
            Happening::Fate { .. }
            | Happening::Lied { .. }
            | Happening::Stepped { .. }
            | Happening::Sprung { .. }
            | Happening::Tampered
            | Happening::Violated { .. } => {}
        }
    }

    fn event_over(&mut self, _: u64, time: Time, _: u64) {
        let label = match std::mem::take(&mut self.label) {
            label if label.is_empty() => String::from("something waits, or changes nothing"),
            label => label,
        };
        self.seen += 1;
        if self.seen > MOST_EVENTS {
            return;
        }
        self.events.push(Event { time, label });
        if let Some(tape) = self.tape.as_ref().filter(|_| self.seen == MOST_EVENTS) {
            tape.borrow_mut().fill();
        }
    }
}

/// How many events stand in a line of a trail.
const A_LINE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_is_read_as_it_is_written() {
        let event =
            |nanos, label: &str| Event { time: Time::from_nanos(nanos), label: label.into() };
        let events = [event(0, "A start"), event(5, "B start"), event(5, "A start")];
        let trail = Trail::of(&events);
        assert_eq!(trail.labels, ["A start", "B start"]);
        assert_eq!(trail.events, ["0:0 5:1 0:0"]);
        assert_eq!(trail.read().as_deref(), Ok(&events[..]));
        let longer = vec![event(7, "A start"); 201];
        assert_eq!(Trail::of(&longer).events.len(), 3);
        assert_eq!(Trail::of(&longer).read(), Ok(longer));
        for wrong in ["5", "5:2", "x:0"] {
            let trail = Trail { events: vec![wrong.into()], ..trail.clone() };
            assert!(trail.read().is_err(), "{wrong}");
        }
    }
}
