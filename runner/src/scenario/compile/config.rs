//! The protocol's own constants: for the cluster, for single nodes, and after an upgrade.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use sim_core::id::NodeId;

use super::checker::Checker;
use super::faults::Upgrade;
use crate::scenario::Configs;
use crate::scenario::de;
use crate::scenario::suggest;
use crate::scenario::tree::{Node, Value};

pub(super) fn configs<C: DeserializeOwned + Default + Clone>(
    check: &mut Checker<'_>,
    tree: &Node,
    flaws: &[&'static str],
    upgrades: &[Upgrade],
) -> Option<Configs<C>> {
    let cluster = tree.get("config");
    let usual = match cluster {
        Some(node) => read(check, node, flaws)?,
        None => C::default(),
    };
    let mut special: BTreeMap<NodeId, Node> = BTreeMap::new();
    let mut own = BTreeMap::new();
    for (node, index) in list(tree, "nodes").iter().zip(0..) {
        let Some(config) = node.get("config") else { continue };
        let merged = merged(cluster, config);
        own.insert(NodeId(index), read(check, &merged, flaws)?);
        special.insert(NodeId(index), merged);
    }
    let mut in_time: Vec<usize> = (0..upgrades.len()).collect();
    in_time.sort_by_key(|&number| upgrades[number].at);
    let mut upgraded = vec![usual.clone(); upgrades.len()];
    for number in in_time {
        let Upgrade { node, entry, .. } = upgrades[number];
        let Some(config) = list(tree, "faults")[entry].get("config") else { continue };
        let merged = merged(special.get(&node).or(cluster), config);
        upgraded[number] = read(check, &merged, flaws)?;
        special.insert(node, merged);
    }
    Some(Configs { usual, own, upgrades: upgraded })
}

fn list<'t>(tree: &'t Node, key: &str) -> &'t [Node] {
    match tree.get(key).map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes,
        _ => &[],
    }
}

fn read<C: DeserializeOwned>(
    check: &mut Checker<'_>,
    node: &Node,
    flaws: &[&'static str],
) -> Option<C> {
    let correct = without_none(node);
    let node = correct.as_ref().unwrap_or(node);
    if let Some(flaw) = node.get("flaw")
        && let Some(text) = flaw.text()
        && !flaws.contains(&text)
    {
        let help = match flaws {
            [] => "this protocol has no planted flaws".into(),
            _ => suggest::did_you_mean(text, flaws.iter().copied(), "The flaws are"),
        };
        check.say(&flaw.span, format!("there is no flaw `{text}`"), help);
        return None;
    }
    let config = de::read_part(node, "config", &mut check.problems);
    if config.is_none() {
        blame_each::<C>(check, node);
    }
    config
}

/// Who says that there is no flaw, `flaw: none`, need not know how a protocol puts that.
fn without_none(node: &Node) -> Option<Node> {
    let mut correct = node.clone();
    let none = node.get("flaw").is_some_and(|flaw| flaw.text() == Some(NO_FLAW));
    none.then(|| {
        correct.set("flaw", None);
        correct
    })
}

/// A protocol's own type stops at its first error. Read one by one, all of its keys have their say.
fn blame_each<C: DeserializeOwned>(check: &mut Checker<'_>, node: &Node) {
    let Value::Map(entries) = &node.value else { return };
    for entry in entries {
        let alone = Node { value: Value::Map(vec![entry.clone()]), ..node.clone() };
        let mut problems = Vec::new();
        let _: Option<C> = de::read_part(&alone, "config", &mut problems);
        // That the other keys are missing is no fault of the file's.
        problems.retain(|problem| problem.span.as_ref() != Some(&node.span));
        check.problems.extend(problems);
    }
}

/// What a node's own config does not say is as before it, or as in the cluster's.
fn merged(before: Option<&Node>, own: &Node) -> Node {
    before.map_or_else(|| own.clone(), |before| merge(before, own))
}

fn merge(cluster: &Node, own: &Node) -> Node {
    let (Value::Map(usual), Value::Map(special)) = (&cluster.value, &own.value) else {
        return own.clone();
    };
    let mut entries = special.clone();
    for (key, value) in usual {
        match entries.iter_mut().find(|(known, _)| known.text() == key.text()) {
            Some((_, special)) => *special = merge(value, special),
            None => entries.push((key.clone(), value.clone())),
        }
    }
    Node { value: Value::Map(entries), ..own.clone() }
}

const NO_FLAW: &str = "none";
