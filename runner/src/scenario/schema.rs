//! The language of scenarios: which keys there are, and what kind of value each one has.
//!
//! Nothing here says what is required, allowed together or known by name: that is `compile`'s,
//! where it can be said well. Every value that may be wrong is an [`At`].

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sim_core::chance::{Chance, Delay};
use sim_core::time::Duration;
use sim_core::units::{Between, Drift, Ppm, Rate, Shift};

use super::de::{At, Entries, OneOrMore};
use super::seeds::Seeds;

/// A value that need not be given.
pub(super) type Maybe<T> = Option<At<T>>;

/// A scenario.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub(super) about: Maybe<String>,
    pub(super) protocol: Maybe<String>,
    pub(super) nodes: Maybe<Nodes>,
    pub(super) groups: Maybe<Entries<NodeList>>,
    /// Read by itself, as the protocol's own type.
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
    pub(super) network: Maybe<NetworkSpec>,
    pub(super) disk: Maybe<DiskSpec>,
    pub(super) clock: Maybe<ClockSpec>,
    pub(super) clients: Maybe<ClientsSpec>,
    pub(super) script: Maybe<Vec<At<ScriptLine>>>,
    pub(super) faults: Maybe<Vec<At<FaultSpec>>>,
    pub(super) schedule: Maybe<Vec<At<DecisionSpec>>>,
    pub(super) swarm: Maybe<SwarmSpec>,
    pub(super) run: Maybe<RunSpec>,
    pub(super) ties: Maybe<String>,
    pub(super) limits: Maybe<LimitsSpec>,
    pub(super) expect: Maybe<ExpectSpec>,
}

/// The cluster: a number of nodes, or their names.
pub(super) enum Nodes {
    Count(u32),
    List(Vec<At<NodeSpec>>),
}

/// A node: its name, or more about it.
pub(super) enum NodeSpec {
    Name(String),
    Full(Box<FullNode>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FullNode {
    pub(super) name: Maybe<String>,
    pub(super) region: Maybe<String>,
    pub(super) start: Maybe<String>,
    #[serde(rename = "config")]
    _config: Option<IgnoredAny>,
    pub(super) clock: Maybe<NodeClock>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeClock {
    pub(super) skew: Maybe<Shift>,
    pub(super) drift: Maybe<Drift>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkSpec {
    pub(super) latency: Maybe<Delay>,
    pub(super) loss: Maybe<Chance>,
    pub(super) duplicate: Maybe<Chance>,
    pub(super) reorder: Maybe<Chance>,
    pub(super) links: Maybe<Entries<LinkSpec>>,
    pub(super) regions: Maybe<Entries<Delay>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkSpec {
    pub(super) latency: Maybe<Delay>,
    pub(super) loss: Maybe<Chance>,
    pub(super) duplicate: Maybe<Chance>,
    pub(super) reorder: Maybe<Chance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DiskSpec {
    pub(super) fsync: Maybe<Delay>,
    pub(super) lose_unsynced: Maybe<Chance>,
    pub(super) torn_write: Maybe<Chance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClockSpec {
    pub(super) skew: Maybe<Between<Duration>>,
    pub(super) drift: Maybe<Between<Ppm>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientsSpec {
    pub(super) count: Maybe<u32>,
    pub(super) rate: Maybe<Rate>,
    pub(super) think: Maybe<Delay>,
    pub(super) timeout: Maybe<Duration>,
    pub(super) retry: Maybe<Duration>,
    pub(super) mix: Maybe<Entries<Share>>,
    pub(super) keys: Maybe<u32>,
    pub(super) from: Maybe<Duration>,
    pub(super) until: Maybe<Duration>,
}

/// How much of the workload an operation is.
#[derive(Clone, Copy)]
pub(super) enum Share {
    Percent(Chance),
    Weight(u32),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScriptLine {
    pub(super) at: Maybe<Duration>,
    pub(super) through: Maybe<String>,
    pub(super) by: Maybe<String>,
    #[serde(rename = "do")]
    pub(super) task: Maybe<String>,
    pub(super) expect: Maybe<String>,
}

/// A fault: exactly one of the kinds, and what belongs to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FaultSpec {
    pub(super) partition: Maybe<Sides>,
    pub(super) cut: Maybe<Arrow>,
    pub(super) clog: Maybe<Arrow>,
    pub(super) link: Maybe<Arrow>,
    pub(super) crash: Maybe<NodeList>,
    pub(super) restart: Maybe<NodeList>,
    pub(super) upgrade: Maybe<NodeList>,
    pub(super) pause: Maybe<NodeList>,
    pub(super) resume: Maybe<NodeList>,
    pub(super) start: Maybe<NodeList>,
    pub(super) leave: Maybe<NodeList>,
    pub(super) jump: Maybe<NodeList>,
    pub(super) disk_fails: Maybe<NodeList>,
    pub(super) corrupt: Maybe<NodeList>,
    pub(super) heal: Maybe<All>,
    pub(super) drop: Maybe<bool>,
    pub(super) delay: Maybe<Delay>,
    pub(super) copy: Maybe<Delay>,
    pub(super) when: Maybe<TriggerSpec>,
    pub(super) lasting: Maybe<Delay>,
    pub(super) at: Maybe<Duration>,
    pub(super) until: Maybe<Duration>,
    pub(super) mid_step: Maybe<bool>,
    pub(super) regardless: Maybe<bool>,
    pub(super) by: Maybe<Shift>,
    pub(super) how: Maybe<String>,
    pub(super) towards: Maybe<NodeList>,
    pub(super) late: Maybe<Duration>,
    /// Read by itself, as the protocol's own type.
    pub(super) config: Maybe<IgnoredAny>,
    pub(super) latency: Maybe<Delay>,
    pub(super) loss: Maybe<Chance>,
    pub(super) duplicate: Maybe<Chance>,
    pub(super) reorder: Maybe<Chance>,
}

/// What a fault waits for: exactly one of four things, and when and how often it does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TriggerSpec {
    pub(super) role: Maybe<String>,
    pub(super) reached: Maybe<String>,
    pub(super) message: Maybe<String>,
    pub(super) step: Maybe<String>,
    pub(super) nth: Maybe<u64>,
    pub(super) after: Maybe<Delay>,
    pub(super) chance: Maybe<Chance>,
    pub(super) times: Maybe<u32>,
    pub(super) every: Maybe<Duration>,
    pub(super) from: Maybe<Duration>,
    pub(super) until: Maybe<Duration>,
}

/// A decision that is not drawn: about exactly one thing, and what belongs to it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionSpec {
    pub(super) message: Maybe<String>,
    pub(super) choice: Maybe<String>,
    pub(super) sync: Maybe<String>,
    pub(super) crash: Maybe<String>,
    pub(super) delay: Maybe<Duration>,
    pub(super) drop: Maybe<bool>,
    pub(super) copy: Maybe<Duration>,
    pub(super) is: Maybe<Is>,
    pub(super) when: Maybe<WhenSpec>,
    pub(super) lasting: Maybe<Duration>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WhenSpec {
    pub(super) step: Maybe<String>,
    pub(super) after_effect: Maybe<u32>,
}

/// How a choice comes out: the length of a timer, or which of several.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Length(Duration),
    Pick(u64),
}

/// Names of nodes or groups, each possibly several with commas.
pub(super) type NodeList = OneOrMore<At<Listed>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmSpec {
    pub(super) keep_each: Maybe<Chance>,
    pub(super) node_count: Maybe<OneOrMore<At<u32>>>,
    pub(super) network: Maybe<SwarmNetwork>,
    pub(super) disk: Maybe<SwarmDisk>,
    pub(super) clock: Maybe<ClockSpec>,
    pub(super) clients: Maybe<SwarmClients>,
    pub(super) faults: Maybe<SwarmFaults>,
    pub(super) majority_remains: Maybe<Chance>,
    pub(super) beyond_budget: Maybe<Chance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmNetwork {
    pub(super) latency: Maybe<Between<Duration>>,
    pub(super) loss: Maybe<Between<Chance>>,
    pub(super) duplicate: Maybe<Between<Chance>>,
    pub(super) reorder: Maybe<Between<Chance>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmDisk {
    pub(super) fsync: Maybe<Between<Duration>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmClients {
    pub(super) think: Maybe<Between<Duration>>,
    pub(super) keys: Maybe<OneOrMore<At<u32>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmFaults {
    pub(super) partition: Maybe<SwarmPartition>,
    pub(super) crash: Maybe<SwarmCrash>,
    pub(super) pause: Maybe<SwarmPause>,
    pub(super) clog: Maybe<SwarmClog>,
    pub(super) corrupt: Maybe<SwarmCorrupt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmCorrupt {
    pub(super) at_most: Maybe<String>,
    pub(super) how: Maybe<OneOrMore<At<String>>>,
    pub(super) late: Maybe<Between<Duration>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmPartition {
    pub(super) every: Maybe<Between<Duration>>,
    pub(super) lasting: Maybe<Between<Duration>>,
    pub(super) shape: Maybe<OneOrMore<At<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmCrash {
    pub(super) every: Maybe<Between<Duration>>,
    pub(super) lasting: Maybe<Between<Duration>>,
    pub(super) at_most: Maybe<String>,
    pub(super) mid_step: Maybe<Chance>,
    pub(super) aim: Maybe<OneOrMore<At<String>>>,
    pub(super) for_ever: Maybe<Chance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmClog {
    pub(super) every: Maybe<Between<Duration>>,
    pub(super) lasting: Maybe<Between<Duration>>,
    pub(super) swizzle: Maybe<Chance>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SwarmPause {
    pub(super) every: Maybe<Between<Duration>>,
    pub(super) lasting: Maybe<Between<Duration>>,
    pub(super) at_most: Maybe<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RunSpec {
    #[serde(rename = "for")]
    pub(super) length: Maybe<Duration>,
    pub(super) chaos: Maybe<Duration>,
    pub(super) calm: Maybe<Duration>,
    pub(super) seeds: Maybe<Seeds>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LimitsSpec {
    pub(super) events: Maybe<u64>,
    pub(super) events_at_one_instant: Maybe<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectSpec {
    pub(super) always: Maybe<OneOrMore<At<String>>>,
    pub(super) eventually: Maybe<Entries<Duration>>,
    pub(super) sometimes: Maybe<OneOrMore<At<String>>>,
    pub(super) often: Maybe<Entries<Share>>,
    pub(super) violated: Maybe<OneOrMore<At<String>>>,
    pub(super) core: Maybe<NodeList>,
}

/// Names of nodes or groups, with commas: `A,B`.
pub(super) struct Listed(pub(super) String);

/// The two sides of a link: `A,B -> C`.
pub(super) struct Arrow(pub(super) String);

/// The sides of a partition: `A,B | C`.
pub(super) struct Sides(pub(super) String);

/// The word `all`, or nothing.
pub(super) struct All;

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("the names of nodes: B, or B,C")).map(Self)
    }
}

impl<'de> Deserialize<'de> for Arrow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("written as text: A -> C, or A,B -> C")).map(Self)
    }
}

impl<'de> Deserialize<'de> for Sides {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text("written as text, without brackets: A,B | C")).map(Self)
    }
}

impl<'de> Deserialize<'de> for All {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AllVisitor)
    }
}

struct AllVisitor;

impl Visitor<'_> for AllVisitor {
    type Value = All;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`heal: all`: it undoes every partition, cut, clog and link")
    }

    fn visit_unit<E>(self) -> Result<All, E> {
        Ok(All)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<All, E> {
        if text == "all" {
            return Ok(All);
        }
        Err(E::invalid_value(serde::de::Unexpected::Str(text), &self))
    }
}

struct Text(&'static str);

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.into())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer
            .deserialize_str(Text("a share of the whole: 50%, or a plain weight: 3"))?;
        match text.replace('_', "").parse::<u32>() {
            Ok(weight) => Ok(Self::Weight(weight)),
            Err(_) => text.parse().map(Self::Percent).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Is {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_str(Text("a length, 180ms, or a number, 2"))?;
        match text.replace('_', "").parse::<u64>() {
            Ok(pick) => Ok(Self::Pick(pick)),
            Err(_) => text.parse().map(Self::Length).map_err(D::Error::custom),
        }
    }
}

impl<'de> Deserialize<'de> for Nodes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodesVisitor)
    }
}

struct NodesVisitor;

impl<'de> Visitor<'de> for NodesVisitor {
    type Value = Nodes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of names, [A, B, C], or how many nodes there are: 5")
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Nodes, E> {
        Ok(Nodes::Count(u32::try_from(count).unwrap_or(u32::MAX)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Nodes, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = names.next_element()? {
            nodes.push(node);
        }
        Ok(Nodes::List(nodes))
    }
}

impl<'de> Deserialize<'de> for NodeSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or { name: A, region: …, start: later, config: …, clock: … }")
    }

    fn visit_str<E>(self, name: &str) -> Result<NodeSpec, E> {
        Ok(NodeSpec::Name(name.into()))
    }

    fn visit_u64<E>(self, name: u64) -> Result<NodeSpec, E> {
        Ok(NodeSpec::Name(name.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NodeSpec, A::Error> {
        let node = FullNode::deserialize(MapAccessDeserializer::new(map))?;
        Ok(NodeSpec::Full(Box::new(node)))
    }
}
