//! A protocol of your own: one file, and it has every command of `sim`.
//!
//! ```text
//! cargo run --release --example own_protocol -- run scenarios/my_ring.yaml
//! ```
//!
//! A token goes round a ring of nodes, and who has it may work. The smallest scenario is
//! `{ protocol: token_ring, nodes: [A, B, C], run: { for: 10s, seeds: 0..100 }, expect: { always:
//! [one_holder] } }`.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use sim_core::check::{Invariant, Step};
use sim_core::client::NoClient;
use sim_core::protocol::{Cluster, Never};
use sim_core::rng::Draw;
use sim_core::subject::{Check, Flaw, Point, Property, Scope, Subject};
use sim_core::{Context, Duration, NodeId, Protocol, RequestId};
use sim_runner::Catalogue;

fn main() -> ExitCode {
    sim_runner::main(Catalogue::standard().with::<TokenRing>())
}

/// What a node remembers.
#[derive(Debug)]
struct Node {
    next: NodeId,
    has_token: bool,
    passed: u64,
    config: Config,
}

/// What a scenario can set under `config:`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Config {
    /// For how long a node keeps the token.
    work: Duration,
    /// A mistake to make.
    flaw: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mistake {
    KeepsACopy,
    CountsToTen,
    LooksOutside,
}

impl Default for Config {
    fn default() -> Self {
        Self { work: Duration::from_millis(10), flaw: None }
    }
}

#[derive(Clone, Hash, Debug)]
struct Token;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct WorkDone;

impl Protocol for Node {
    type Config = Config;
    type Message = Token;
    type Timer = WorkDone;
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(me: NodeId, cluster: &Cluster<Config>) -> Self {
        let next = NodeId((me.0 + 1) % cluster.size());
        Self { next, has_token: false, passed: 0, config: cluster.config(me).clone() }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        if cx.me() == NodeId(0) {
            self.take(cx);
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, _: NodeId, Token: Token) {
        if cx.me() == NodeId(0) {
            cx.reached("went_round");
        }
        self.take(cx);
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, WorkDone: WorkDone) {
        self.has_token = self.config.flaw == Some(Mistake::KeepsACopy) && self.passed == 20;
        self.passed += 1;
        assert!(
            self.config.flaw != Some(Mistake::CountsToTen) || self.passed <= 10,
            "ten is enough"
        );
        cx.send(self.next, Token);
    }

    fn role(&self) -> &'static str {
        if self.has_token { "holder" } else { "node" }
    }
}

impl Node {
    fn take(&mut self, cx: &mut Context<Self>) {
        self.has_token = true;
        let mut work = self.config.work;
        if self.config.flaw == Some(Mistake::LooksOutside) {
            // What a protocol must never do: this differs from run to run of one seed.
            work = work + Duration::from_micros(CALLS.fetch_add(1, Ordering::Relaxed));
        }
        cx.set_timer(WorkDone, work);
    }
}

static CALLS: AtomicU64 = AtomicU64::new(0);

/// Whoever had the token last, unless it was passed on.
#[derive(Default)]
struct OneHolder {
    holder: Option<NodeId>,
}

impl Invariant<Node> for OneHolder {
    fn observe(&mut self, step: &Step<'_, Node>) -> Result<(), String> {
        let Some(state) = step.state else { return Ok(()) };
        match (state.has_token, self.holder) {
            (true, Some(other)) if other != step.node => {
                Err(format!("{} and {other} both have the token", step.node))
            }
            (true, _) => {
                self.holder = Some(step.node);
                Ok(())
            }
            (false, Some(holder)) if holder == step.node => {
                self.holder = None;
                Ok(())
            }
            (false, _) => Ok(()),
        }
    }
}

/// The protocol with everything that a scenario can name.
struct TokenRing;

impl Subject for TokenRing {
    type Protocol = Node;
    type Client = NoClient;

    const NAME: &'static str = "token_ring";
    const PROMISE: &'static str = "one holder at a time, and everybody's turn comes";
    const MESSAGES: &'static [&'static str] = &["Token"];
    const ROLES: &'static [&'static str] = &["node", "holder"];
    const OPERATIONS: &'static [&'static str] = &[];
    const POINTS: &'static [Point] =
        &[Point { name: "went_round", about: "the token came back to where it began" }];
    const PROPERTIES: &'static [Property<Self>] = &[Property {
        name: "one_holder",
        about: "at most one node has the token",
        check: Check::Invariant(|_| Box::<OneHolder>::default()),
    }];
    const FLAWS: &'static [Flaw] = &[
        Flaw {
            name: "keeps_a_copy",
            about: "a node keeps the token that it passes on for the twentieth time",
            breaks: "one_holder",
            or_breaks: &[],
            trigger: "went_round",
            scenario: "my_ring",
            swarm: None,
        },
        Flaw {
            name: "counts_to_ten",
            about: "a node panics when it has passed the token on ten times",
            breaks: "no_panic",
            or_breaks: &[],
            trigger: "went_round",
            scenario: "my_ring",
            swarm: None,
        },
        Flaw {
            name: "looks_outside",
            about: "how long a node works is not up to the seed: sim run --verify-determinism",
            breaks: "determinism",
            or_breaks: &[],
            trigger: "went_round",
            scenario: "my_ring",
            swarm: None,
        },
    ];

    fn task(_: usize, _: Scope, _: RequestId, _: &mut Draw) -> Never {
        unreachable!("there are no operations to draw from")
    }

    fn parse_task(_: &str, _: &dyn Fn(&str) -> Option<NodeId>) -> Result<Never, String> {
        Err(String::from("nobody can ask a token ring anything"))
    }

    fn parse_told(_: &str) -> Result<Never, String> {
        Err(String::from("a token ring answers nothing"))
    }
}
