//! The end of a run as a sequence diagram of Mermaid's, for issues and chats
//! (<https://mermaid.js.org/syntax/sequenceDiagram.html>).
//!
//! It is short: of a run that broke something the last of what that depends on, else the last of all. A
//! message stands where it arrived, a lost one where it was sent.

use std::fmt::Write as _;

use sim_core::world::Endpoint;

use crate::chronicle::{Chronicle, Effect, EventId, MessageId, Suspects, What};
use crate::output::words::clipped;

/// So many arrows and notes at most.
const MOST: usize = 60;
/// So many letters of a text at most.
const WIDTH: usize = 60;

/// The diagram.
pub(super) fn text(run: &Chronicle) -> String {
    let steps: Vec<String> = told(run).into_iter().flat_map(|id| steps(run, id)).collect();
    let hidden = steps.len().saturating_sub(MOST);
    let mut text = String::from("sequenceDiagram\n");
    for (number, place) in run.places.iter().enumerate() {
        let (kind, name) = match place {
            Endpoint::Seat(_) => ("participant", run.name(*place)),
            Endpoint::Client(_) => ("actor", run.name(*place)),
        };
        writeln!(text, "    {kind} {} as {}", lane(number), plain(&name)).expect(TAKES_ALL);
    }
    if hidden > 0 {
        let note = format!("{hidden} earlier lines are left out");
        writeln!(text, "    Note over {}: {note}", everybody(run)).expect(TAKES_ALL);
    }
    for step in &steps[hidden..] {
        writeln!(text, "    {step}").expect(TAKES_ALL);
    }
    text
}

const TAKES_ALL: &str = "a string takes all";

/// What matters: of a violation that is about no operation, nothing that clients say.
fn told(run: &Chronicle) -> Vec<EventId> {
    let ids = (0..run.events.len()).map(EventId);
    let Some(violation) = run.violation else { return ids.collect() };
    let suspects = Suspects::of(run);
    let is_about_clients = run.operations.iter().any(|operation| operation.is_blamed);
    let mattered = ids.filter(|id| suspects.past.contains(id) || *id == violation);
    mattered.filter(|id| is_about_clients || !is_of_clients(run, *id)).collect()
}

fn is_of_clients(run: &Chronicle, id: EventId) -> bool {
    match &run.event(id).what {
        What::Received(message) => run.message(*message).request.is_some(),
        What::Invoked(_) | What::Waited => true,
        _ => false,
    }
}

/// What a line of the diagram says of an event, and of what it sent in vain.
fn steps(run: &Chronicle, id: EventId) -> Vec<String> {
    let event = run.event(id);
    let time = event.time;
    let over = event.place.map_or_else(|| everybody(run), |place| lane_of(run, place));
    let mut steps = Vec::new();
    match &event.what {
        What::Received(message) => steps.push(arrow(run, *message, "->>", &time.to_string())),
        // What came of it is told below, if anything did.
        What::Durable | What::Disk { .. } | What::Waited | What::Start { found: None } => {}
        _ => {
            let said = clipped(&format!("{time} {}", run.headline(id)), WIDTH);
            steps.push(format!("Note over {over}: {}", plain(&said)));
        }
    }
    for effect in &event.effects {
        match effect {
            Effect::Sent(message) => {
                if let Some(trouble) = run.message(*message).end.trouble()
                    && trouble != "under way"
                {
                    steps.push(arrow(run, *message, "--x", &format!("{time} {trouble}:")));
                }
            }
            Effect::Becomes(role) => {
                steps.push(format!("Note over {over}: {time} becomes {}", plain(role)));
            }
            _ => {}
        }
    }
    steps
}

fn arrow(run: &Chronicle, id: MessageId, arrow: &str, before: &str) -> String {
    let message = run.message(id);
    let said = clipped(&format!("{before} {}", run.said(message)), WIDTH);
    let (from, to) = (lane_of(run, message.from), lane_of(run, message.to));
    format!("{from}{arrow}{to}: {}", plain(&said))
}

/// Over all lanes.
fn everybody(run: &Chronicle) -> String {
    match run.places.len() {
        0 | 1 => lane(0),
        places => format!("{},{}", lane(0), lane(places - 1)),
    }
}

fn lane_of(run: &Chronicle, place: Endpoint) -> String {
    let number = run.places.iter().position(|known| *known == place);
    lane(number.expect("everybody has a place"))
}

/// What a lane is called in the text of the diagram, whatever its name.
fn lane(number: usize) -> String {
    format!("p{number}")
}

/// A text in which nothing means something to Mermaid.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ';' | '#' | '<' | '>' | '&' | '"' | '`' | '\\' => {
                write!(plain, "#{};", u32::from(letter)).expect(TAKES_ALL);
            }
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}
