//! Reliable broadcast under its name.

use sim_core::client::OneReply;
use sim_core::id::{NodeId, RequestId};
use sim_core::protocol::Cluster;
use sim_core::rng::Draw;
use sim_core::subject::{self, Forgery, Point, Property, Scope, Subject, TaskOf, ToldOf};

use super::flaw::FLAWS;
use super::forge::FORGERIES;
use super::wire::{MESSAGES, Request, Value};
use super::{Agreement, Bracha, Config, Integrity, OneReadyValue, Totality, Validity, tolerated};

/// Bracha's reliable broadcast.
#[derive(Clone, Copy, Debug)]
pub struct ReliableBroadcast;

impl Subject for ReliableBroadcast {
    type Protocol = Bracha;
    type Client = OneReply<Bracha>;

    const NAME: &'static str = "bracha";
    const PROMISE: &'static str =
        "what one honest node delivers of a broadcast all do, though a third of the nodes lie";
    const MESSAGES: &'static [&'static str] = MESSAGES;
    const OPERATIONS: &'static [&'static str] = &["broadcast"];
    const POINTS: &'static [Point] = POINTS;
    const PROPERTIES: &'static [Property<Self>] = PROPERTIES;
    const FORGERIES: &'static [Forgery<Self>] = FORGERIES;
    const FLAWS: &'static [subject::Flaw] = FLAWS;

    fn quorum(cluster: &Cluster<Config>) -> usize {
        (cluster.len() + tolerated(cluster.len())) / 2 + 1
    }

    fn liars(cluster: &Cluster<Config>) -> usize {
        tolerated(cluster.len())
    }

    fn task(_: usize, _: Scope, id: RequestId, _: &mut Draw) -> TaskOf<Self> {
        // No two broadcasts have the same value, nor the one that a liar makes of it.
        Request(Value(id.client.0 * 1_000_000 + id.number * 10))
    }

    fn parse_task(text: &str, _: &dyn Fn(&str) -> Option<NodeId>) -> Result<TaskOf<Self>, String> {
        let value = text.strip_prefix("broadcast ").and_then(|value| value.trim().parse().ok());
        value.map(Value).map(Request).ok_or_else(|| "write `broadcast 7`".into())
    }

    fn parse_told(_: &str) -> Result<ToldOf<Self>, String> {
        Err("a broadcast is only delivered: write `ok`".into())
    }
}

const POINTS: &[Point] = &[
    point("delivered", "a node delivered a broadcast"),
    point("joined_the_ready", "a node was ready because f + 1 others were, not by echoes"),
    point("false_name", "a node was sent a value in another's name, and did not believe it"),
    point("two_initials", "an origin sent a node two values"),
    point("two_echoes", "a node echoed two values"),
    point("copied_echo", "a node was sent the same echo twice"),
];

const fn point(name: &'static str, about: &'static str) -> Point {
    Point { name, about }
}

const PROPERTIES: &[Property<ReliableBroadcast>] = &[
    Property::always::<OneReadyValue>(
        "one_ready_value",
        "no two honest nodes are ready for different values of a broadcast",
    ),
    Property::always::<Agreement>(
        "agreement",
        "no two honest nodes deliver different values of a broadcast",
    ),
    Property::always::<Integrity>(
        "integrity",
        "what is delivered in the name of an honest node, once, it broadcast",
    ),
    Property::eventually::<Totality>(
        "totality",
        "what one honest node delivers all honest nodes deliver",
    ),
    Property::eventually::<Validity>(
        "validity",
        "what an honest node broadcasts all honest nodes deliver",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flaw_breaks_a_property_that_is_judged() {
        for flaw in ReliableBroadcast::FLAWS {
            let named = PROPERTIES.iter().any(|property| property.name == flaw.breaks);
            assert!(named, "{} breaks {}", flaw.name, flaw.breaks);
        }
    }
}
