//! A protocol that does nothing, and has something of everything that a scenario can name.

use serde::Deserialize;
use sim_core::Context;
use sim_core::chance::Delay;
use sim_core::check::{Goal, Invariant, Judge, Judgement, Step};
use sim_core::client::OneReply;
use sim_core::history::History;
use sim_core::id::{NodeId, RequestId};
use sim_core::protocol::{Cluster, Never, Protocol};
use sim_core::rng::Draw;
use sim_core::subject::{Check, Flaw, Point, Property, Scope, Subject};
use sim_core::time::{Duration, Time};

#[derive(Debug)]
pub(crate) struct Register;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Constants {
    pub(crate) heartbeat: Duration,
    pub(crate) timeout: Delay,
    pub(crate) replicas: u32,
    pub(crate) flaw: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mistake {
    Forgets,
    AnswersEarly,
}

impl Default for Constants {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { heartbeat: ms(50), timeout: ms(200).into(), replicas: 3, flaw: None }
    }
}

impl Protocol for Register {
    type Config = Constants;
    type Message = ();
    type Timer = Never;
    type Request = String;
    type Reply = u32;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<Constants>) -> Self {
        Self
    }

    fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, (): ()) {}
}

struct Nothing;

impl Invariant<Register> for Nothing {
    fn observe(&mut self, _: &Step<'_, Register>) -> Result<(), String> {
        Ok(())
    }
}

impl Goal<Register> for Nothing {
    fn observe(&mut self, _: &Step<'_, Register>) {}

    fn met_since(&self) -> Option<Time> {
        None
    }

    fn waiting_for(&self) -> String {
        "everything".into()
    }
}

impl<O, R> Judge<O, R> for Nothing {
    fn judge(&mut self, _: &History<O, R>) -> Judgement {
        Judgement::Holds
    }
}

impl Subject for Register {
    type Protocol = Self;
    type Client = OneReply<Self>;

    const NAME: &'static str = "register";
    const PROMISE: &'static str = "One value, as if in one place.";
    const MESSAGES: &'static [&'static str] = &["Nothing"];
    const TIMERS: &'static [&'static str] = &["Election", "Retry"];
    const ROLES: &'static [&'static str] = &["node"];
    const OPERATIONS: &'static [&'static str] = &["put", "get"];
    const POINTS: &'static [Point] = &[
        Point { name: "leader_deposed", about: "A leader lost its office." },
        Point { name: "log_truncated", about: "Entries were thrown away." },
    ];
    const PROPERTIES: &'static [Property<Self>] = &[
        Property {
            name: "one_leader_per_term",
            about: "At most one.",
            check: Check::Invariant(|_| Box::new(Nothing)),
        },
        Property {
            name: "linearizable",
            about: "As if in one place.",
            check: Check::History(|| Box::new(Nothing)),
        },
        Property {
            name: "same_log",
            about: "All agree.",
            check: Check::Goal(|_| Box::new(Nothing)),
        },
    ];
    const FLAWS: &'static [Flaw] =
        &[flaw("forgets", "It forgets."), flaw("answers_early", "It hurries.")];

    fn quorum(cluster: &Cluster<Constants>) -> usize {
        cluster.len() / 2 + 1
    }

    fn task(_: usize, _: Scope, _: RequestId, _: &mut Draw) -> String {
        String::new()
    }

    fn parse_task(text: &str, _: &dyn Fn(&str) -> Option<NodeId>) -> Result<String, String> {
        match text.split(' ').next() {
            Some("put" | "get") => Ok(text.into()),
            _ => Err("an operation is `put KEY VALUE` or `get KEY`".into()),
        }
    }

    fn parse_told(text: &str) -> Result<u32, String> {
        text.parse().map_err(|_| "an answer is a number".into())
    }
}

const fn flaw(name: &'static str, about: &'static str) -> Flaw {
    let (breaks, or_breaks) = ("linearizable", &[] as &[&str]);
    Flaw { name, about, breaks, or_breaks, trigger: "x", scenario: "x", swarm: None }
}
