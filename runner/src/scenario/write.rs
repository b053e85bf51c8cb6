//! Writing YAML: a tree as a person would write it, in blocks where there is much to say and in brackets
//! where it fits into a line.

use super::tree::{Node, Value};

/// A plain value.
pub(crate) fn scalar(text: impl Into<String>) -> Node {
    node(Value::Scalar { text: text.into(), quoted: false })
}

pub(crate) fn list(items: Vec<Node>) -> Node {
    node(Value::List(items))
}

pub(crate) fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Node)>) -> Node {
    node(Value::Map(entries.into_iter().map(|(key, value)| (scalar(key), value)).collect()))
}

fn node(value: Value) -> Node {
    Node { value, span: 0..0, borrowed: false }
}

/// A document of these keys.
pub(crate) fn document(entries: &[(Node, Node)]) -> String {
    let mut out = String::new();
    for (key, value) in entries {
        entry(&mut out, key, value, 0);
    }
    out
}

const WIDTH: usize = 100;

/// `key: value`, on a line of its own or several, from this column on.
fn entry(out: &mut String, key: &Node, value: &Node, column: usize) {
    let key = word(key, false);
    out.push_str(&key);
    out.push(':');
    if let Value::Scalar { text, .. } = &value.value
        && column == 0
        && column + key.len() + text.len() > WIDTH
        && text.trim() == text
        && !text.contains(['\n', '\r', '\t'])
        && !text.contains("  ")
    {
        return folded(out, text);
    }
    match in_brackets(value) {
        Some(flow) if column + key.len() + flow.len() + 2 <= WIDTH && !is_plan(value) => {
            out.push(' ');
            out.push_str(&if is_scalar(value) { word(value, false) } else { flow });
            out.push('\n');
        }
        _ if is_scalar(value) => {
            out.push(' ');
            out.push_str(&word(value, false));
            out.push('\n');
        }
        _ => {
            out.push('\n');
            if key == SCRIPT && column == 0 {
                lines(out, value)
            } else {
                block(out, value, column + 2)
            }
        }
    }
}

/// Whose entries are lines.
const SCRIPT: &str = "script";

/// A script: each of its lines is one.
fn lines(out: &mut String, value: &Node) {
    let Value::List(items) = &value.value else { return block(out, value, 2) };
    for item in items {
        let line = in_brackets(item).unwrap_or_default();
        out.push_str(&format!("  - {line}\n"));
    }
}

/// A list of maps is read best with an entry a block: faults, and decisions.
fn is_plan(node: &Node) -> bool {
    let Value::List(items) = &node.value else { return false };
    items.iter().any(|item| matches!(item.value, Value::Map(_)))
}

fn block(out: &mut String, value: &Node, column: usize) {
    let indent = " ".repeat(column);
    match &value.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                out.push_str(&indent);
                entry(out, key, value, column);
            }
        }
        Value::List(items) => {
            for item in items {
                out.push_str(&indent);
                out.push_str("- ");
                match &item.value {
                    Value::Map(entries) if !entries.is_empty() => {
                        for (place, (key, value)) in entries.iter().enumerate() {
                            if place > 0 {
                                out.push_str(&" ".repeat(column + 2));
                            }
                            entry(out, key, value, column + 2);
                        }
                    }
                    _ => {
                        out.push_str(&if is_scalar(item) {
                            word(item, false)
                        } else {
                            in_brackets(item).unwrap_or_default()
                        });
                        out.push('\n');
                    }
                }
            }
        }
        Value::Null | Value::Scalar { .. } => {
            out.push_str(&indent);
            out.push_str(&word(value, false));
            out.push('\n');
        }
    }
}

/// A long text, broken at its blanks.
fn folded(out: &mut String, text: &str) {
    out.push_str(" >-\n");
    let mut line = String::from(" ");
    for part in text.split(' ') {
        if line.len() > 1 && line.len() + 1 + part.len() > WIDTH {
            out.push_str(&line);
            out.push('\n');
            line = String::from(" ");
        }
        line.push(' ');
        line.push_str(part);
    }
    out.push_str(&line);
    out.push('\n');
}

/// The value on one line.
fn in_brackets(node: &Node) -> Option<String> {
    Some(match &node.value {
        Value::Null | Value::Scalar { .. } => word(node, true),
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(in_brackets).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Map(entries) if entries.is_empty() => "{}".into(),
        Value::Map(entries) => {
            let entries: Option<Vec<String>> = entries
                .iter()
                .map(|(key, value)| Some(format!("{}: {}", word(key, true), in_brackets(value)?)))
                .collect();
            format!("{{ {} }}", entries?.join(", "))
        }
    })
}

const fn is_scalar(node: &Node) -> bool {
    matches!(node.value, Value::Null | Value::Scalar { .. })
}

/// A scalar as it can stand there, in quotes if it would mean something else without.
fn word(node: &Node, in_brackets: bool) -> String {
    match &node.value {
        Value::Scalar { text, quoted } => {
            let plain = !quoted && is_plain(text, in_brackets);
            if plain { text.clone() } else { in_quotes(text) }
        }
        _ => "~".into(),
    }
}

fn is_plain(text: &str, in_brackets: bool) -> bool {
    let begins = |c: char| c.is_alphanumeric() || "_.+-/(".contains(c);
    let ends_badly = text.ends_with(':') || text.ends_with(' ');
    let is_dash = text == "-" || text.starts_with("- ") || text.starts_with("---");
    text.starts_with(begins)
        && !is_dash
        && !ends_badly
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(|c: char| c.is_control())
        && !(in_brackets && text.contains(|c: char| ",[]{}".contains(c)))
}

fn in_quotes(text: &str) -> String {
    if !text.contains(|c: char| c.is_control()) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let escaped = text.chars().map(|c| match c {
        '"' => "\\\"".into(),
        '\\' => "\\\\".into(),
        '\n' => "\\n".into(),
        '\t' => "\\t".into(),
        '\r' => "\\r".into(),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c) & 0xff),
        c => String::from(c),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::yaml;

    fn again(text: &str) -> String {
        let tree = yaml::parse(text).expect("it is YAML");
        let Value::Map(entries) = &tree.value else { panic!("{tree:?}") };
        let written = document(entries);
        let read = yaml::parse(&written).unwrap_or_else(|error| panic!("{error:?}\n{written}"));
        assert!(tree.says_the_same_as(&read), "{written}");
        written
    }

    #[test]
    fn what_is_written_says_the_same() {
        assert_eq!(again("a: 1\nb: [x, y]\nc: { d: 5ms }\n"), "a: 1\nb: [x, y]\nc: { d: 5ms }\n");
        assert_eq!(again("a: 'yes: no'\n"), "a: 'yes: no'\n");
        assert_eq!(again("a: \"it's\\ntwo\"\n"), "a: \"it's\\ntwo\"\n");
        let faults = "f:\n  - p: A,B | C\n    at: 2s\n  - heal: all\n    at: 3s\n";
        assert_eq!(again(faults), faults);
        assert_eq!(again("a: ~\nb: ''\nc: []\nd: {}\n"), "a: ~\nb: ''\nc: []\nd: {}\n");
        let aliased = "a: &x { c: 1 }\nb: *x\n";
        assert_eq!(again(aliased), "a: { c: 1 }\nb: { c: 1 }\n");
        again("a: {b: 'A,B | C', c: -500ms, d: '- x', e: '#', f: '7'}\n");
        again("a: |\n  one\n  two\nb: >\n  folded\n  text\n");
    }

    #[test]
    fn what_is_long_is_broken_into_lines() {
        let about = format!("about: {}\n", ["word"; 40].join(" "));
        let written = again(&about);
        assert!(written.lines().all(|line| line.len() <= WIDTH), "{written}");
        let names: Vec<String> = (0..60).map(|number| format!("n{number}")).collect();
        let written = again(&format!("nodes: [{}]\n", names.join(", ")));
        assert_eq!(written.lines().count(), 61);
    }
}
