//! An event in a few words, as exports and explanations have it.

use sim_core::world::Endpoint;

use super::{Chronicle, Effect, End, EventId, Message, What};

impl Chronicle {
    /// What happened, in a line: `<- A Vote(term 1, granted)`. Whose it is, it does not say.
    #[must_use]
    pub fn headline(&self, id: EventId) -> String {
        match &self.event(id).what {
            What::Start { found: None } => String::from("starts"),
            What::Start { found: Some(found) } => format!("restarts, {found}"),
            What::Received(id) => {
                let message = self.message(*id);
                format!("{} {} {}", arrow(message), self.name(message.from), self.said(message))
            }
            What::Timer(timer) => format!("timer {timer} rings"),
            What::Disk { text } => format!("disk: {text}"),
            What::Durable => String::from("disk: durable, the step goes on"),
            What::Crash { cut: None } => String::from("crashes"),
            What::Crash { cut: Some((done, of)) } => {
                format!("crashes after {done} of the {of} effects of a step")
            }
            What::FaultBegins { text, .. } | What::FaultEnds { text, .. } => text.clone(),
            What::Invoked(id) => format!("asks {id} {}", self.asked(*id)),
            What::Waited => String::from("has waited for long enough"),
            What::Violation { property, message } => format!("VIOLATED {property}: {message}"),
        }
    }

    /// What came of an event, in a line: `-> B Vote(term 1, granted)`.
    #[must_use]
    pub fn in_words(&self, effect: &Effect) -> String {
        match effect {
            Effect::Sent(id) => {
                let message = self.message(*id);
                let trouble = message.end.trouble();
                let trouble = trouble.map(|trouble| format!(" ({trouble})")).unwrap_or_default();
                format!("-> {} {}{trouble}", self.name(message.to), self.said(message))
            }
            Effect::SetTimer { timer, delay } => format!("timer {timer} in {delay}"),
            Effect::CancelTimer { timer } => format!("timer {timer} cancelled"),
            Effect::Write { record } => format!("disk: {record}"),
            Effect::Checkpoint { text } | Effect::Sync { text } => format!("disk: {text}"),
            Effect::Flush => String::from("disk: waits until that is durable"),
            Effect::Reached(point) => format!("reached {point}"),
            Effect::Becomes(role) => format!("becomes {role}"),
            Effect::Completed(id) => format!("{id} is over"),
            Effect::Note(note) => note.clone(),
            Effect::Lies(said) => format!("lies {said}"),
        }
    }

    /// Who does it: a node, a client, or the world.
    #[must_use]
    pub fn whose(&self, id: EventId) -> String {
        self.event(id).place.map_or_else(|| String::from(WORLD), |place| self.name(place))
    }

    /// What a message says, with which request it is about.
    #[must_use]
    pub fn said(&self, message: &Message) -> String {
        match message.request {
            Some(id) => format!("{id} {}", message.text),
            None => message.text.to_string(),
        }
    }

    fn asked(&self, id: sim_core::RequestId) -> &str {
        let operation = self.operations.iter().find(|operation| operation.id == id);
        operation.map_or("", |operation| &operation.asked)
    }
}

/// Whose a fault is. No node is called like that.
pub(crate) const WORLD: &str = "(world)";

const fn arrow(message: &Message) -> &'static str {
    match (message.from, message.to) {
        (Endpoint::Seat(_), Endpoint::Seat(_)) => "<-",
        _ => "<=",
    }
}

impl End {
    /// Why it did not arrive, in a word; nothing if it did.
    #[must_use]
    pub const fn trouble(self) -> Option<&'static str> {
        match self {
            Self::Received(_) => None,
            Self::Lost => Some("lost"),
            Self::Cut(_) => Some("cut"),
            Self::Down(_) => Some("its receiver was down"),
            Self::Forgotten(_) => Some("its receiver crashed before it dealt with it"),
            Self::Held(_) => Some("held"),
            Self::UnderWay => Some("under way"),
        }
    }
}
