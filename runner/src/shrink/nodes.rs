//! Takes nodes away, with everything that is said of them.

use crate::names::Names;
use crate::scenario::write::scalar;
use crate::scenario::{Node, Value};

use super::draft::Draft;
use super::search::Search;

/// Takes nodes away, two at a time where one is not enough: a majority of four is as large as one of five.
pub(super) fn drop_nodes(search: &mut Search<'_>) -> bool {
    let mut changed = false;
    loop {
        let names = search.best.nodes();
        if names.len() < 2 || names.len() > MOST || search.is_over() {
            return changed;
        }
        let ones = names.iter().map(|one| vec![one.clone()]);
        let pairs = names.iter().enumerate().flat_map(|(place, one)| {
            names[..place].iter().map(move |other| vec![other.clone(), one.clone()])
        });
        // The last one first: taking that away leaves the others their numbers.
        let groups: Vec<Vec<String>> = pairs.rev().chain(ones.rev()).collect();
        let best = search.best.clone();
        let without = |group: usize| {
            groups[group].iter().try_fold(best.clone(), |it, name| drop_node(&it, name))
        };
        if search.first(groups.len(), without).is_none() {
            return changed;
        }
        changed = true;
    }
}

/// Calls the nodes A, B, C, whatever the names of those that went.
pub(super) fn rename_nodes(search: &mut Search<'_>) -> bool {
    let names = search.best.nodes();
    let letters = Names::letters(u32::try_from(names.len()).unwrap_or(u32::MAX));
    let letters: Vec<String> = letters.iter().map(str::to_owned).collect();
    let is_letter = |name: &String| name.len() == 1 && name.starts_with(char::is_uppercase);
    if names == letters || !names.iter().all(is_letter) {
        return false;
    }
    search.takes(search.best.renamed(&names.into_iter().zip(letters).collect()))
}

/// Of more there are too many pairs.
const MOST: usize = 20;

/// The same without a node, and what is left of what was said of it.
fn drop_node(draft: &Draft, name: &str) -> Option<Draft> {
    let place = draft.nodes().iter().position(|known| known == name)?;
    let mut nodes = draft.list("nodes").to_vec();
    nodes.remove(place);
    let kept = |key: &str, keep: &dyn Fn(&Node) -> Option<Node>| {
        draft.list(key).iter().filter_map(keep).collect::<Vec<_>>()
    };
    let faults = kept("faults", &|fault| without(fault, name, true));
    let script = kept("script", &|line| {
        let words = line.get("do").and_then(Node::text).unwrap_or_default();
        let names_it = words.split([' ', ',']).any(|word| word == name);
        let through = line.get("through").and_then(Node::text);
        (through != Some(name) && !names_it).then(|| line.clone())
    });
    let schedule = kept("schedule", &|entry| without(entry, name, false));
    let links = draft.get("network").and_then(|network| network.get("links")).map(|links| {
        let mut left = links.clone();
        for (key, _) in links.entries() {
            let key = key.text().unwrap_or_default();
            let value = left.get(key).cloned();
            left.set(key, None);
            if let Some(key) = arrow(key, name) {
                left.set(&key, value);
            }
        }
        left
    });
    let mut draft = draft.with_list("nodes", nodes);
    draft = draft.with_list("faults", faults).with_list("script", script);
    draft = draft.with_list("schedule", schedule);
    if let Some(links) = links {
        let is_empty = links.entries().is_empty();
        let path = super::draft::path(&["network", "links"]);
        draft = draft.with_at(&path, (!is_empty).then_some(links));
    }
    Some(draft)
}

/// What a fault or a decision says without a node; nothing if it is about that one alone.
fn without(entry: &Node, name: &str, is_fault: bool) -> Option<Node> {
    let mut left = entry.clone();
    let Value::Map(entries) = &mut left.value else { return Some(left) };
    for (key, value) in entries {
        let Some(text) = value.text() else { continue };
        let changed = match key.text().unwrap_or_default() {
            "partition" => sides(text, name),
            "cut" | "clog" | "link" if text != "all" => arrow(text, name),
            "crash" | "restart" | "upgrade" | "pause" | "resume" | "start" | "leave" | "jump"
            | "disk_fails" | "corrupt" | "towards"
                if is_fault =>
            {
                names(text, name)
            }
            "message" | "choice" | "sync" | "crash" if mentions(text, name) => None,
            _ => continue,
        };
        *value = scalar(changed?);
    }
    Some(left)
}

fn mentions(text: &str, name: &str) -> bool {
    text.split([' ', '#']).any(|word| word == name)
}

fn names(text: &str, name: &str) -> Option<String> {
    let left: Vec<&str> = text.split(',').map(str::trim).filter(|known| *known != name).collect();
    (!left.is_empty()).then(|| left.join(","))
}

fn sides(text: &str, name: &str) -> Option<String> {
    let left: Vec<String> = text.split('|').filter_map(|side| names(side, name)).collect();
    (left.len() > 1).then(|| left.join(" | "))
}

fn arrow(text: &str, name: &str) -> Option<String> {
    let (from, to) = text.split_once("->")?;
    Some(format!("{} -> {}", names(from, name)?, names(to, name)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
nodes: [A, { name: B, config: { standing: learner } }, C, D]
network: { latency: 1ms, links: { 'B,C -> A': { loss: 1% }, B -> D: { loss: 2% } } }
script:
  - { at: 1s, through: B, do: put x 1 }
  - { at: 1s, through: A, do: remove B }
  - { at: 1s, through: A, do: put x 1 }
faults:
  - partition: A,B | C,D
  - partition: B | A,C
  - cut: A -> B
  - crash: B,C
  - { link: all, loss: 1% }
  - crash: B
schedule:
  - { message: A -> B Vote#1, drop: true }
  - { choice: A Election#1, is: 1ms }
  - { crash: B, when: { step: start#1, after_effect: 0 } }
";

    const LEFT: &str = "\
nodes: [A, C, D]
network: { latency: 1ms, links: { C -> A: { loss: 1% } } }
script:
  - { at: 1s, through: A, do: put x 1 }
faults:
  - partition: A | C,D
  - crash: C
  - link: all
    loss: 1%
schedule:
  - choice: A Election#1
    is: 1ms
";

    #[test]
    fn what_is_said_of_a_node_goes_with_it() {
        let draft = Draft::new(TEXT, 0);
        assert_eq!(drop_node(&draft, "B").expect("it is there").text(), LEFT);
        assert!(drop_node(&draft, "E").is_none());
    }
}
