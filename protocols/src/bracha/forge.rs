//! The lies that a node of it can tell.

use sim_core::Context;
use sim_core::id::NodeId;
use sim_core::subject::Forgery;

use super::Bracha;
use super::subject::ReliableBroadcast;
use super::wire::{Id, Message, Value};

/// What a scenario can name.
pub(super) const FORGERIES: &[Forgery<ReliableBroadcast>] = &[
    Forgery {
        name: "another_value",
        about: "says of every broadcast that it has another value, always the same",
        forge: another_value,
    },
    Forgery {
        name: "in_anothers_name",
        about: "says of its own broadcasts that the next node began them",
        forge: in_anothers_name,
    },
    Forgery {
        name: "ready_at_once",
        about: "says that it is ready for what it has only just heard of",
        forge: ready_at_once,
    },
];

/// Liars that do not know of each other tell the same lie: the worst that they could agree upon.
#[expect(clippy::unnecessary_wraps, reason = "not every lie has something to say")]
fn another_value(_: &mut Context<Bracha>, message: &Message) -> Option<Message> {
    let other = |value: Value| Value(value.0 ^ 1);
    Some(match *message {
        Message::Initial { id, value } => Message::Initial { id, value: other(value) },
        Message::Echo { id, value } => Message::Echo { id, value: other(value) },
        Message::Ready { id, value } => Message::Ready { id, value: other(value) },
    })
}

fn in_anothers_name(cx: &mut Context<Bracha>, message: &Message) -> Option<Message> {
    let next = cx.peers().into_iter().find(|node| *node > cx.me());
    let other = next.or_else(|| cx.peers().into_iter().next())?;
    let name = |id: Id, origin: NodeId| Id { origin, ..id };
    match *message {
        Message::Initial { id, value } => Some(Message::Initial { id: name(id, other), value }),
        Message::Echo { id, value } if id.origin == cx.me() => {
            Some(Message::Echo { id: name(id, other), value })
        }
        _ => None,
    }
}

const fn ready_at_once(_: &mut Context<Bracha>, message: &Message) -> Option<Message> {
    match *message {
        Message::Echo { id, value } => Some(Message::Ready { id, value }),
        _ => None,
    }
}
