//! A scenario on its way to a smaller one: the tree of its text, and a seed.

use std::collections::BTreeMap;

use sim_core::Duration;

use crate::scenario::write::{document, list, map, scalar};
use crate::scenario::{Node, Value, place, tree_of};

/// A scenario on its way to a smaller one.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    tree: Node,
    /// The seed to run.
    pub(super) seed: u64,
}

/// The way to a value: keys, and the numbers of entries of lists.
pub(super) type Path = Vec<Step>;

/// A step of the way to a value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Key(String),
    Entry(usize),
}

impl Draft {
    /// The scenario of a text that was read before.
    pub(super) fn new(text: &str, seed: u64) -> Self {
        let mut draft = Self { tree: tree_of(text), seed };
        draft.own_everything();
        draft
    }

    /// The same with another seed.
    pub(super) fn with_seed(&self, seed: u64) -> Self {
        Self { seed, ..self.clone() }
    }

    /// The text, for the loader.
    pub(super) fn text(&self) -> String {
        let mut tree = self.tree.clone();
        let seeds = match self.seed.checked_add(1) {
            Some(next) => format!("{}..{next}", self.seed),
            None => format!("{}..{}", self.seed - 1, self.seed),
        };
        if let Some(run) = tree.get_mut("run") {
            run.set("seeds", Some(scalar(seeds)));
        }
        document(tree.entries())
    }

    /// What stands under a key of the scenario.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.tree.get(key)
    }

    /// Whether there is such a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The same with another value under a key, or with none.
    pub(super) fn with(&self, key: &str, value: Option<Node>) -> Self {
        let mut draft = self.clone();
        draft.tree.set(key, value);
        draft
    }

    /// The entries of a list.
    pub(super) fn list(&self, key: &str) -> &[Node] {
        self.get(key).map_or(&[], Node::items)
    }

    /// The same with another list; an empty one is taken away.
    pub(super) fn with_list(&self, key: &str, items: Vec<Node>) -> Self {
        self.with(key, (!items.is_empty()).then(|| list(items)))
    }

    /// The value at the end of a way.
    pub(super) fn at(&self, path: &[Step]) -> Option<&Node> {
        path.iter().try_fold(&self.tree, |node, step| match step {
            Step::Key(key) => node.get(key),
            Step::Entry(entry) => node.items().get(*entry),
        })
    }

    /// The text at the end of a way.
    pub(super) fn text_at(&self, path: &[Step]) -> Option<&str> {
        self.at(path).and_then(Node::text)
    }

    /// The same with another value at the end of a way, or with none. A map that this leaves empty goes
    /// with it.
    pub(super) fn with_at(&self, path: &[Step], value: Option<Node>) -> Self {
        let mut draft = self.clone();
        put(&mut draft.tree, path, value);
        draft
    }

    /// The same with another scalar at the end of a way.
    pub(super) fn with_text(&self, path: &[Step], text: impl Into<String>) -> Self {
        self.with_at(path, Some(scalar(text)))
    }

    /// Every value below a key that is no map and no list, with the way to it.
    pub(super) fn scalars(&self, key: &str) -> Vec<(Path, String)> {
        let mut found = Vec::new();
        self.walk(key, &mut |path, node| {
            found.extend(node.text().map(|text| (path.clone(), text.to_owned())));
            true
        });
        found
    }

    /// Shows what stands under a key, and everything below it, with the way to it. Who is shown a value
    /// says whether to be shown what is below that.
    pub(super) fn walk(&self, key: &str, visit: &mut impl FnMut(&Path, &Node) -> bool) {
        if let Some(node) = self.get(key) {
            walk(node, &mut vec![Step::Key(key.into())], visit);
        }
    }

    /// How long a run lasts.
    pub(super) fn lasting(&self) -> Duration {
        let text = self.text_at(&path(&["run", "for"]));
        text.and_then(|text| text.parse().ok()).unwrap_or(Duration::ZERO)
    }

    /// The same with runs of this length.
    pub(super) fn lasting_for(&self, length: Duration) -> Self {
        self.with_text(&path(&["run", "for"]), length.to_string())
    }

    /// The same scenario of the correct protocol, if this one has a flaw.
    pub(super) fn without_flaw(&self) -> Option<Self> {
        self.flaw().map(|_| self.with_at(&path(&["config", "flaw"]), None))
    }

    /// The mistake that the protocol is told to make.
    pub(super) fn flaw(&self) -> Option<&str> {
        self.text_at(&path(&["config", "flaw"])).filter(|flaw| *flaw != "none")
    }

    /// The same as people write it: its keys in their order, and lists in the order of time.
    pub(super) fn tidied(self) -> Self {
        let mut tidy = self;
        for list in ["script", "faults"] {
            let mut items = tidy.list(list).to_vec();
            items.sort_by_key(|item| {
                let at = item.get("at").and_then(Node::text);
                at.and_then(|at| at.parse::<Duration>().ok())
            });
            tidy = tidy.with_list(list, items);
        }
        let nodes = tidy.list("nodes").iter();
        let nodes = nodes.map(|node| match node.entries() {
            [(_, name)] => name.clone(),
            _ => node.clone(),
        });
        tidy = tidy.with_list("nodes", nodes.collect());
        if let Value::Map(entries) = &mut tidy.tree.value {
            entries.sort_by_key(|(key, _)| place(key));
        }
        tidy
    }

    /// The names of the nodes, in order.
    pub(super) fn nodes(&self) -> Vec<String> {
        let name = |node: &Node| {
            let name = node.text().or_else(|| node.get("name").and_then(Node::text));
            name.unwrap_or_default().to_owned()
        };
        self.list("nodes").iter().map(name).collect()
    }

    /// The same with nodes and clients called otherwise, wherever they are named.
    pub(super) fn renamed(&self, names: &BTreeMap<String, String>) -> Self {
        fn rename(node: &mut Node, names: &BTreeMap<String, String>) {
            match &mut node.value {
                Value::Null => {}
                Value::Scalar { text, .. } => *text = words(text, names),
                Value::List(items) => items.iter_mut().for_each(|item| rename(item, names)),
                Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
                    rename(key, names);
                    rename(value, names);
                }),
            }
        }
        fn words(text: &str, names: &BTreeMap<String, String>) -> String {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            // `->` is no part of a name, though `-` may be.
            let text = text.replace("->", "\u{1}");
            let mut renamed = String::new();
            let mut rest = text.as_str();
            while let Some(first) = rest.chars().next() {
                let end = rest.find(|c| is_part(c) != is_part(first)).unwrap_or(rest.len());
                let (word, behind) = rest.split_at(end);
                renamed.push_str(names.get(word).map_or(word, String::as_str));
                rest = behind;
            }
            renamed.replace('\u{1}', "->")
        }
        let mut draft = self.clone();
        for section in ["nodes", "groups", "faults", "script", "schedule"] {
            if let Some(node) = draft.tree.get_mut(section) {
                rename(node, names);
            }
        }
        if let Some(core) = draft.tree.get_mut("expect").and_then(|it| it.get_mut("core")) {
            rename(core, names);
        }
        if let Some(links) = draft.tree.get_mut("network").and_then(|it| it.get_mut("links")) {
            rename(links, names);
        }
        draft
    }

    /// Nothing is written elsewhere, by an alias: what is changed here changes nothing there.
    fn own_everything(&mut self) {
        fn own(node: &mut Node) {
            node.borrowed = false;
            node.span = 0..0;
            match &mut node.value {
                Value::List(items) => items.iter_mut().for_each(own),
                Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
                    own(key);
                    own(value);
                }),
                // Who wrote quotes need not have: they come back where they must.
                Value::Scalar { text, quoted } => *quoted &= !is_a_word(text),
                Value::Null => {}
            }
        }
        own(&mut self.tree);
    }
}

/// A way through keys alone.
pub(super) fn path(keys: &[&str]) -> Path {
    keys.iter().map(|key| Step::Key((*key).into())).collect()
}

/// A way to a key of an entry of a list.
pub(super) fn entry(list: &str, number: usize, key: &str) -> Path {
    vec![Step::Key(list.into()), Step::Entry(number), Step::Key(key.into())]
}

/// An entry of a list, as keys and texts.
pub(super) fn entry_of(pairs: &[(&str, String)]) -> Node {
    map(pairs.iter().map(|(key, text)| (*key, scalar(text.as_str()))))
}

/// Whether a text is nothing but a text to any reader of YAML.
fn is_a_word(text: &str) -> bool {
    let others = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|c: char| c.is_alphabetic())
        && !others.contains(&text.to_ascii_lowercase().as_str())
}

fn walk(node: &Node, path: &mut Path, visit: &mut impl FnMut(&Path, &Node) -> bool) {
    if !visit(path, node) {
        return;
    }
    let mut below = |step: Step, node: &Node| {
        path.push(step);
        walk(node, path, visit);
        path.pop();
    };
    for (number, item) in node.items().iter().enumerate() {
        below(Step::Entry(number), item);
    }
    for (key, value) in node.entries() {
        below(Step::Key(key.text().unwrap_or_default().into()), value);
    }
}

fn put(node: &mut Node, path: &[Step], value: Option<Node>) {
    let [step, rest @ ..] = path else {
        if let Some(value) = value {
            *node = value;
        }
        return;
    };
    match (step, &mut node.value) {
        (Step::Key(key), Value::Map(_)) if rest.is_empty() => node.set(key, value),
        (Step::Key(key), Value::Map(_)) => {
            let Some(below) = node.get_mut(key) else { return };
            put(below, rest, value);
            if below.entries().is_empty() && matches!(below.value, Value::Map(_)) {
                node.set(key, None);
            }
        }
        (Step::Entry(entry), Value::List(items)) if rest.is_empty() => match value {
            Some(value) if *entry < items.len() => items[*entry] = value,
            None if *entry < items.len() => drop(items.remove(*entry)),
            _ => {}
        },
        (Step::Entry(entry), Value::List(items)) => {
            if let Some(below) = items.get_mut(*entry) {
                put(below, rest, value);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_map_goes_with_what_was_in_it() {
        let draft = Draft::new("a: { b: { c: 1 } }\nd: [{ e: 1, f: 2 }]\n", 0);
        assert!(!draft.with_at(&path(&["a", "b", "c"]), None).has("a"));
        let without = draft.with_at(&entry("d", 0, "e"), None);
        assert_eq!(without.text(), "a: { b: { c: 1 } }\nd:\n  - f: 2\n");
        assert_eq!(draft.with_at(&path(&["x", "y"]), None).text(), draft.text(), "there is none");
    }

    #[test]
    fn names_are_words_and_an_arrow_is_no_part_of_them() {
        let text = "nodes: [A, C]\nschedule:\n  - { message: A->C CAB#1, drop: true }\n";
        let names = [("A", "B"), ("C", "A"), ("c1", "c2")];
        let names = names.map(|(was, is)| (was.to_owned(), is.to_owned())).into();
        let renamed = Draft::new(text, 0).renamed(&names).text();
        assert!(renamed.starts_with("nodes: [B, A]\n"), "{renamed}");
        assert!(renamed.contains("message: B->A CAB#1"), "{renamed}");
    }

    #[test]
    fn quotes_stay_where_they_must() {
        let draft = Draft::new("a: 'B | C'\nb: 'true'\nc: '7'\nd: 'x: y'\n", 0);
        assert_eq!(draft.text(), "a: B | C\nb: 'true'\nc: '7'\nd: 'x: y'\n");
    }
}
