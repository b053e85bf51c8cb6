//! A chronicle: everything that happened in one run, each event with what caused it.
//!
//! It is the run as data, for whoever draws, exports or explains it. Two events hang together in two
//! ways: one is the [cause](Event::cause) of the other (a message arrives because it was sent, a timer
//! rings because it was set), or both happened at one place, one [after](Event::before) the other.
//! Together these are Lamport's happens-before.
//!
//! Like a story it does not judge, and it changes nothing.

mod chain;
mod headline;
mod listen;
mod past;
mod post;
mod states;
mod suspects;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use sim_core::fault::Fault;
use sim_core::world::{Endpoint, World};
use sim_core::{Duration, RequestId, Time};

use crate::names::Names;
use crate::outcome::Outcome;

pub(crate) use listen::Listener;
pub use states::Part;
pub(crate) use suspects::Suspects;

/// Everything that happened in one run.
#[derive(Clone, Debug)]
pub struct Chronicle {
    /// What everybody is called.
    pub names: Names,
    /// The world that it was in: what its seed drew.
    pub world: World,
    /// What the protocol calls its kinds of messages.
    pub kinds: &'static [&'static str],
    /// Every seat, then every client.
    pub places: Vec<Endpoint>,
    /// In the order in which they happened.
    pub events: Vec<Event>,
    /// In the order of sending; a copy is one more.
    pub messages: Vec<Message>,
    /// In the order in which they began.
    pub operations: Vec<Operation>,
    /// Where the run broke what it must keep: the last event, if there is such.
    pub violation: Option<EventId>,
    /// What the run gave.
    pub outcome: Outcome,
}

/// The number of an event in its chronicle, from zero: an event is older than all that it may cause.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct EventId(pub usize);

/// The number of a message in its chronicle, from zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MessageId(pub usize);

/// Something that happened: a handler was called, a client acted, a fault befell the world.
#[derive(Clone, Debug)]
pub struct Event {
    /// The number of the event of the queue that it is part of, from one.
    pub number: u64,
    /// When.
    pub time: Time,
    /// Whose it is; of nobody if it befalls the world.
    pub place: Option<Endpoint>,
    /// What it was.
    pub what: What,
    /// What brought it about, wherever that was: a message's sending, a timer's setting, a fault.
    pub cause: Option<EventId>,
    /// What happened at the same place before; nothing for what befalls the world.
    pub before: Option<EventId>,
    /// What the node is when it is over; empty if there is no word for it, `down` after a crash.
    pub role: &'static str,
    /// What came of it, in order.
    pub effects: Vec<Effect>,
    /// What it made of the node's state; after a start that is all of it.
    pub changed: Vec<Part>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum What {
    /// A process starts, and finds this on its disk if it was there before.
    Start {
        /// In words.
        found: Option<String>,
    },
    /// A message, a request or an answer arrives, and is dealt with.
    Received(MessageId),
    /// A timer rings.
    Timer(Rc<str>),
    /// A sync is over, well or not.
    Disk {
        /// In words.
        text: String,
    },
    /// A barrier is over: the step that caused this goes on.
    Durable,
    /// A process is gone; if in the midst of a step, after so many of its effects, of so many.
    Crash {
        /// How many took place, and of how many.
        cut: Option<(usize, usize)>,
    },
    /// A fault begins.
    FaultBegins {
        /// Which.
        fault: Rc<Fault>,
        /// In words.
        text: String,
    },
    /// A fault ends.
    FaultEnds {
        /// Which.
        fault: Rc<Fault>,
        /// In words.
        text: String,
    },
    /// A client begins an operation.
    Invoked(RequestId),
    /// A client asks again, or gives up.
    Waited,
    /// Something does not hold.
    Violation {
        /// What.
        property: &'static str,
        /// Why not.
        message: String,
    },
}

/// What came of an event.
#[derive(Clone, Debug)]
pub enum Effect {
    /// A message goes to one receiver.
    Sent(MessageId),
    /// A timer is set.
    SetTimer {
        /// Which.
        timer: Rc<str>,
        /// To ring after how long: a length, or what it is drawn from.
        delay: String,
    },
    /// A timer is cancelled.
    CancelTimer {
        /// Which.
        timer: Rc<str>,
    },
    /// A record is written, and durable after the next barrier or sync.
    Write {
        /// What it says.
        record: String,
    },
    /// Records take the place of all that were written before.
    Checkpoint {
        /// The last of them, in words.
        text: String,
    },
    /// A sync begins.
    Sync {
        /// Which, in words.
        text: String,
    },
    /// What follows waits until all that was written is durable.
    Flush,
    /// A point of the protocol's.
    Reached(&'static str),
    /// The role changed.
    Becomes(&'static str),
    /// An operation of the client is over.
    Completed(RequestId),
    /// A liar does not what its process would have done: what that is, in words.
    Lies(String),
    /// What a handler said with `tracing`.
    Note(String),
}

/// Something that was sent to one receiver.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its kind: as the protocol calls it, or `request`, `reply`, `redirect`.
    pub kind: &'static str,
    /// What it says; of a request that never arrived, only which.
    pub text: Rc<str>,
    /// Which request it is or answers; none between nodes.
    pub request: Option<RequestId>,
    /// Who sent it.
    pub from: Endpoint,
    /// Whose it is.
    pub to: Endpoint,
    /// The event that sent it, at the time of which it left.
    pub sent: EventId,
    /// How long it was to travel; nothing if it never set out.
    pub latency: Option<Duration>,
    /// The network made it of another one.
    pub is_copy: bool,
    /// What became of it.
    pub end: End,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// It was dealt with.
    Received(EventId),
    /// The network lost it.
    Lost,
    /// Its link was cut when it was sent, or at this time when it was to arrive.
    Cut(Option<Time>),
    /// Its receiver was down when it was to arrive.
    Down(Time),
    /// It waited for its busy receiver, and went with that.
    Forgotten(Time),
    /// A clog holds it, since this time.
    Held(Time),
    /// It was under way when the run ended.
    UnderWay,
}

/// What a client asked, and what it was told.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Which.
    pub id: RequestId,
    /// What was asked.
    pub asked: String,
    /// The event in which it began.
    pub invoked: EventId,
    /// The event in which it was over; nothing if it was open at the end of the run.
    pub completed: Option<EventId>,
    /// How it ended: `done`, `refused`, `unknown`.
    pub told: Option<String>,
    /// Whether the client was answered.
    pub is_ok: bool,
    /// Whether the violation is about it.
    pub is_blamed: bool,
}

impl Chronicle {
    /// The event of this number.
    #[must_use]
    pub fn event(&self, id: EventId) -> &Event {
        &self.events[id.0]
    }

    /// The message of this number.
    #[must_use]
    pub fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }

    /// What a place is called.
    #[must_use]
    pub fn name(&self, place: Endpoint) -> String {
        self.names.endpoint(place, &self.world)
    }

    /// The events that an event depends on directly.
    pub fn causes(&self, id: EventId) -> impl Iterator<Item = EventId> {
        let event = self.event(id);
        event.cause.into_iter().chain(event.before)
    }
}
