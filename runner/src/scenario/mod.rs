//! Scenarios: from a file of YAML to a world that can be run, or to all that is wrong with it.
//!
//! The way is `source` (bytes to text, and `--set`), `yaml` (text to a tree with positions),
//! `schema` through `de` (tree to the language's keys and quantities), `compile` (names to numbers,
//! and every check). The name of the protocol decides the type of `config`, so it is asked for
//! first.

mod compile;
mod de;
mod error;
mod explicit;
mod overrides;
mod schema;
pub(crate) mod seeds;
mod source;
pub(crate) mod suggest;
mod tree;
pub(crate) mod write;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::de::DeserializeOwned;
use sim_core::chance::Chance;
use sim_core::client::Scripted;
use sim_core::id::NodeId;
use sim_core::protocol::Cluster;
use sim_core::schedule::Chosen;
use sim_core::subject::{ConfigOf, Subject, TaskOf, ToldOf};
use sim_core::swarm::Swarm;
use sim_core::time::{Duration, Time};
use sim_core::world::World;

use self::error::Problem;
pub use self::error::ScenarioErrors;
pub(crate) use self::explicit::{explicit, place, spelt_faults};
pub use self::seeds::Seeds;
pub use self::source::Source;
pub(crate) use self::tree::{Node, Value};
use crate::names::Names;
use crate::output::words::many;

/// A scenario that can be run.
pub struct Scenario<S: Subject> {
    /// What it shows, in the author's words; may be empty.
    pub about: String,
    /// What the nodes are called, with as many as a swarm may draw.
    pub names: Names,
    /// The world, without what a swarm draws.
    pub world: World,
    /// What each seed draws, if anything.
    pub swarm: Option<Swarm>,
    /// The nodes' constants.
    pub configs: Configs<ConfigOf<S>>,
    /// What is asked at which time, in order of time.
    pub script: Vec<Scripted<TaskOf<S>, ToldOf<S>>>,
    /// What each client of the workload asks, in order of time, where the script says it.
    pub asks: Vec<Vec<Ask<TaskOf<S>>>>,
    /// Single decisions that are not drawn.
    pub schedule: Vec<Decision>,
    /// Where each fault is written that waits for the protocol, and what it is.
    pub traps: Vec<(usize, String)>,
    /// The seeds to run; never empty.
    pub seeds: Range<u64>,
    /// What must hold.
    pub expect: Expect,
}

/// Something that a client of the workload is to do.
#[derive(Clone, Debug)]
pub struct Ask<T> {
    /// When.
    pub at: Time,
    /// What.
    pub task: T,
}

/// A single decision, and where it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// The line of the scenario, with overrides in place, from one.
    pub line: usize,
    /// What it is about, as it is written.
    pub anchor: String,
    /// The decision.
    pub chosen: Chosen,
}

/// The constants of the nodes: the usual ones, those of nodes that differ, and those that a fault
/// brings.
#[derive(Clone, Debug)]
pub struct Configs<C> {
    usual: C,
    own: BTreeMap<NodeId, C>,
    upgrades: Vec<C>,
}

/// What must hold, by the names of properties and points.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Expect {
    /// Properties that every run keeps.
    pub always: Vec<&'static str>,
    /// Goals that every run reaches, within so long after the last fault.
    pub eventually: Vec<(&'static str, Duration)>,
    /// Points that at least one run of a sweep reaches.
    pub sometimes: Vec<&'static str>,
    /// Points that so many runs of a sweep reach.
    pub often: Vec<(&'static str, Least)>,
    /// Properties that at least one run breaks: the scenario is a lesson.
    pub violated: Vec<&'static str>,
}

/// In how many runs of a sweep a point is to be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Least {
    /// In so many.
    Runs(u32),
    /// In this share of them.
    Share(Chance),
}

impl Least {
    /// Whether so many of so many runs are enough.
    #[must_use]
    pub fn is_met(self, runs: u64, of: u64) -> bool {
        match self {
            Self::Runs(least) => runs >= u64::from(least),
            Self::Share(share) => {
                let needed = u128::from(of) * u128::from(share.ppm());
                u128::from(runs) * u128::from(Chance::ALWAYS.ppm()) >= needed
            }
        }
    }
}

impl fmt::Display for Least {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Runs(least) => f.write_str(&many(u64::from(*least), "run")),
            Self::Share(share) => write!(f, "{share} of the runs"),
        }
    }
}

impl Expect {
    /// Whether a property is to be judged in every run: to hold, or to be broken.
    #[must_use]
    pub fn judges(&self, property: &str) -> bool {
        self.always.contains(&property) || self.violated.contains(&property)
    }
}

impl<C: Clone> Configs<C> {
    /// The cluster of a run that has so many nodes.
    #[must_use]
    pub fn cluster(&self, nodes: u32) -> Cluster<C> {
        Cluster::new((0..nodes).map(|node| self.of(NodeId(node)).clone()).collect())
    }

    /// One node's constants.
    #[must_use]
    pub fn of(&self, node: NodeId) -> &C {
        self.own.get(&node).unwrap_or(&self.usual)
    }

    /// What nodes are upgraded to, as the faults number them.
    #[must_use]
    pub fn upgrades(&self) -> &[C] {
        &self.upgrades
    }
}

impl<S: Subject> fmt::Debug for Scenario<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("about", &self.about)
            .field("names", &self.names)
            .field("world", &self.world)
            .field("swarm", &self.swarm)
            .field("configs", &self.configs)
            .field("script", &self.script)
            .field("asks", &self.asks)
            .field("schedule", &self.schedule)
            .field("traps", &self.traps)
            .field("seeds", &self.seeds)
            .field("expect", &self.expect)
            .finish()
    }
}

/// The protocol that a scenario is about, if it is a known one.
///
/// # Errors
/// If the text is no YAML or names no known protocol.
pub fn protocol_of(source: &Source, known: &[&str]) -> Result<String, ScenarioErrors> {
    let tree = tree(source)?;
    let list = suggest::list(known.iter().copied(), "or");
    let problem = match tree.get("protocol") {
        None => {
            let what = "the scenario names no `protocol`";
            match misspelt(&tree, "protocol") {
                Some(key) => Problem::at(key.span.clone(), what).help("the key is `protocol`"),
                None => Problem::new(what).help(format!("write `protocol: NAME`: {list}")),
            }
        }
        Some(node) => match node.text() {
            Some(name) if known.contains(&name) => return Ok(name.to_owned()),
            Some(name) => Problem::at(node.span.clone(), format!("there is no protocol `{name}`"))
                .help(suggest::did_you_mean(name, known.iter().copied(), "The protocols are")),
            None => Problem::at(node.span.clone(), "the name of a protocol belongs here")
                .help(format!("the protocols are {list}")),
        },
    };
    Err(source.errors(vec![problem]))
}

/// The key that was probably meant to be another.
fn misspelt<'t>(tree: &'t Node, key: &str) -> Option<&'t Node> {
    let Value::Map(entries) = &tree.value else { return None };
    let similar = |text: &str| suggest::closest(text, [key]).is_some();
    entries.iter().map(|(key, _)| key).find(|key| key.text().is_some_and(similar))
}

/// Reads a scenario as one of this subject's.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load<S>(source: &Source) -> Result<Scenario<S>, ScenarioErrors>
where
    S: Subject,
    ConfigOf<S>: DeserializeOwned + Default,
{
    let tree = tree(source)?;
    compile::scenario(&source.text, &tree).map_err(|problems| source.errors(problems))
}

/// The tree of a text that was read as a scenario before.
///
/// # Panics
/// If it was not.
pub(crate) fn tree_of(text: &str) -> Node {
    yaml::parse(text).expect("it was read before")
}

fn tree(source: &Source) -> Result<Node, ScenarioErrors> {
    let tree = yaml::parse(&source.text).map_err(|problem| source.errors(vec![problem]))?;
    let example = "it begins: protocol: raft";
    match tree.value {
        Value::Map(_) => Ok(tree),
        Value::Null => {
            Err(source.errors(vec![Problem::new("the scenario is empty").help(example)]))
        }
        Value::Scalar { .. } | Value::List(_) => {
            let what = "a scenario is a map of keys and values";
            Err(source.errors(vec![Problem::at(tree.span, what).help(example)]))
        }
    }
}
