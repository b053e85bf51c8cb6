//! `--set path=value`: put into the text itself, at the place that the tree knows, so that an
//! overridden scenario is an ordinary one, and errors show what was overridden.

use std::ops::Range;

use super::error::Problem;
use super::tree::{Node, Value};
use super::yaml;

/// Why an override cannot be made.
pub(super) enum Refusal {
    /// It is the override's fault.
    Override(Problem),
    /// The scenario itself cannot be read.
    Scenario(Problem),
}

/// The text with one value replaced or put in.
pub(super) fn apply(text: &str, given: &str) -> Result<String, Refusal> {
    let refuse = |what: &str, help: &str| Err(Refusal::Override(Problem::new(what).help(help)));
    let example = "--set network.loss=2%";
    let Some((path, value)) = given.split_once('=') else {
        return refuse("this override has no `=`", &format!("write path=value: {example}"));
    };
    let (path, value) = (path.trim(), value.trim());
    let keys: Vec<&str> = path.split('.').map(str::trim).collect();
    if keys.iter().any(|key| key.is_empty()) {
        return refuse("a key is empty", &format!("write path=value: {example}"));
    }
    if value.is_empty() {
        return refuse("there is no value", &format!("write path=value: {example}"));
    }
    if value.contains(['\n', '\r']) {
        return refuse("the value has several lines", "write lists and maps in brackets");
    }
    let wanted = match yaml::parse(value) {
        Ok(node) => node,
        Err(_) if !value.starts_with(['[', '{', '\'', '"']) => match yaml::parse(&quoted(value)) {
            Ok(node) => node,
            Err(_) => return refuse("the value is not YAML", "put it in quotes"),
        },
        Err(_) => {
            return refuse("the value is not YAML", "close what is open: [1, 2], { a: 1 }, 'x'");
        }
    };
    let Some(written) = in_brackets(value, &wanted) else {
        return refuse(
            "the value is a block",
            "write lists and maps in brackets: [1, 2], { a: 1 }",
        );
    };
    let tree = yaml::parse(text).map_err(Refusal::Scenario)?;
    let splice = find(text, &tree, &keys, &written).map_err(Refusal::Override)?;
    let mut changed = text.to_owned();
    changed.replace_range(splice.at, &splice.with);
    // Comments, anchors and block texts have corners that only a reader of YAML knows.
    let there = yaml::parse(&changed).ok();
    let there = there.as_ref().and_then(|tree| follow(tree, &keys));
    match there {
        Some(node) if node.says_the_same_as(&wanted) => Ok(changed),
        _ => refuse("the value cannot be put there", "change the file instead"),
    }
}

/// The value on one line, as it can stand anywhere.
fn in_brackets(value: &str, node: &Node) -> Option<String> {
    match &node.value {
        Value::Null => Some("~".into()),
        Value::Scalar { text, quoted: false } if plain(text) => Some(text.clone()),
        Value::Scalar { quoted: false, .. } => Some(quoted(value)),
        Value::Scalar { text, .. } if plain(text) && text == value => Some(value.into()),
        Value::Scalar { text, .. } => Some(quoted(text)),
        Value::List(_) if value.starts_with('[') => Some(value.into()),
        Value::Map(_) if value.starts_with('{') => Some(value.into()),
        Value::List(_) | Value::Map(_) => None,
    }
}

/// Whether a text means itself wherever it stands.
fn plain(text: &str) -> bool {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "._%+-/".contains(c);
    !text.starts_with('-') && text.chars().all(harmless)
        || text.strip_prefix('-').is_some_and(|rest| {
            rest.starts_with(|c: char| c.is_ascii_digit()) && rest.chars().all(harmless)
        })
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

struct Splice {
    at: Range<usize>,
    with: String,
}

fn find(text: &str, tree: &Node, keys: &[&str], value: &str) -> Result<Splice, Problem> {
    let mut node = tree;
    let mut edge = start_of(tree)..end(text, tree);
    for (depth, key) in keys.iter().enumerate() {
        let rest = &keys[depth..];
        if node.borrowed {
            return Err(Problem::new(format!(
                "`{}` is written elsewhere, by an alias",
                keys[..depth].join(".")
            ))
            .help("change the file instead"));
        }
        match &node.value {
            Value::Map(entries) => match node.entry(key) {
                Some((key, _)) if key.borrowed => {
                    return Err(Problem::new(format!("`{}` is merged in from elsewhere", rest[0]))
                        .help("change the file instead"));
                }
                Some((key, found)) => {
                    edge = value_of(text, key, found);
                    node = found;
                }
                None => return Ok(insert(text, node, entries, rest, value)),
            },
            Value::List(items) => match key.parse::<usize>().ok().and_then(|at| items.get(at)) {
                Some(item) => {
                    edge = start_of(item)..end(text, item);
                    node = item;
                }
                None => {
                    let what = format!("`{key}` is no entry of `{}`", keys[..depth].join("."));
                    let last = items.len().saturating_sub(1);
                    let help = format!("its entries are counted from 0 to {last}");
                    return Err(Problem::new(what).help(help));
                }
            },
            Value::Null => {
                return Ok(Splice { at: edge, with: format!(" {}", nested(rest, value)) });
            }
            Value::Scalar { text, .. } => {
                let above = keys[..depth].join(".");
                let what = format!("`{above}` is `{text}`, and has no keys");
                return Err(Problem::new(what).help(format!("override it as a whole: {above}=…")));
            }
        }
    }
    let space = if text[..edge.start].ends_with(':') { " " } else { "" };
    Ok(Splice { at: edge, with: format!("{space}{value}") })
}

/// The text of an entry's value: from behind the colon.
fn value_of(text: &str, key: &Node, value: &Node) -> Range<usize> {
    let from = key.span.end + text[key.span.end..].find(':').map_or(0, |colon| colon + 1);
    from..end(text, value).max(from)
}

const fn start_of(node: &Node) -> usize {
    node.span.start
}

/// Behind the last byte of a value.
fn end(text: &str, node: &Node) -> usize {
    if node.borrowed {
        return node.span.end;
    }
    let (last, close) = match &node.value {
        Value::Null | Value::Scalar { .. } => {
            let written = &text[node.span.clone()];
            return node.span.start + written.trim_end().len();
        }
        Value::List(items) => (items.last().map(|item| end(text, item)), ']'),
        // What is merged in stands elsewhere; the others stand here in any order.
        Value::Map(entries) => {
            let ends = entries.iter().filter(|(key, _)| !key.borrowed);
            (ends.map(|(key, value)| end(text, value).max(key.span.end)).max(), '}')
        }
    };
    let inside = last.unwrap_or(node.span.end);
    if !is_flow(node) {
        return inside;
    }
    let mut rest = text[inside..].char_indices();
    while let Some((offset, c)) = rest.next() {
        if c == '#' {
            rest.by_ref().find(|(_, c)| *c == '\n');
        } else if c == close {
            return inside + offset + c.len_utf8();
        }
    }
    inside
}

/// A list or map in brackets is where its bracket is; one in lines begins with its first entry.
fn is_flow(node: &Node) -> bool {
    !node.span.is_empty()
}

fn insert(text: &str, map: &Node, entries: &[(Node, Node)], keys: &[&str], value: &str) -> Splice {
    let entry = format!("{}: {}", key(keys[0]), nested(&keys[1..], value));
    if is_flow(map) {
        let at = map.span.start + 1;
        let comma = if entries.is_empty() { "" } else { "," };
        return Splice { at: at..at, with: format!(" {entry}{comma}") };
    }
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |end| from + end);
    let at = line_end(end(text, map));
    let line_start = text[..map.span.start].rfind('\n').map_or(0, |newline| newline + 1);
    // In `- crash: A` the keys begin behind the dash.
    let column = text[line_start..map.span.start].chars().count();
    Splice { at: at..at, with: format!("\n{}{entry}", " ".repeat(column)) }
}

fn nested(keys: &[&str], value: &str) -> String {
    match keys {
        [] => value.into(),
        [first, rest @ ..] => format!("{{ {}: {} }}", key(first), nested(rest, value)),
    }
}

fn key(key: &str) -> String {
    if plain(key) { key.into() } else { quoted(key) }
}

fn follow<'t>(tree: &'t Node, keys: &[&str]) -> Option<&'t Node> {
    keys.iter().try_fold(tree, |node, key| match &node.value {
        Value::List(items) => items.get(key.parse::<usize>().ok()?),
        _ => node.get(key),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str, given: &str) -> String {
        match apply(text, given) {
            Ok(text) => text,
            Err(Refusal::Override(problem)) => format!("override: {problem:?}"),
            Err(Refusal::Scenario(problem)) => format!("scenario: {problem:?}"),
        }
    }

    #[test]
    fn values_are_replaced_where_they_stand() {
        assert_eq!(set("a: 1 # one\nb: 2\n", "a=3"), "a: 3 # one\nb: 2\n");
        assert_eq!(set("a: { b: 1, c: [x, y] }\n", "a.c=[z]"), "a: { b: 1, c: [z] }\n");
        assert_eq!(set("a: { b: 1 } # x\n", "a=5"), "a: 5 # x\n");
        assert_eq!(set("a:\n  b: 1\n  c: 2\nd: 3\n", "a={ c: 4 }"), "a: { c: 4 }\nd: 3\n");
        assert_eq!(set("a:\n- b\n- c\n", "a.1=d"), "a:\n- b\n- d\n");
        assert_eq!(set("a: >\n  folded\n  text\nb: 1\n", "a=new"), "a: new\nb: 1\n");
        assert_eq!(set("a: 'x' # y\n", "a=z"), "a: z # y\n");
        assert_eq!(set("a:\nb: 1\n", "a=z"), "a: z\nb: 1\n");
        assert_eq!(set("nodes: [A, B, # two\n  C]\n", "nodes=5"), "nodes: 5\n");
    }

    #[test]
    fn keys_that_are_missing_are_put_in() {
        assert_eq!(set("a: { b: 1 }\n", "a.c=2"), "a: { c: 2, b: 1 }\n");
        assert_eq!(set("a: {}\n", "a.c=2"), "a: { c: 2}\n");
        assert_eq!(set("a:\n  b: 1 # x\nd: 2\n", "a.c=2"), "a:\n  b: 1 # x\n  c: 2\nd: 2\n");
        assert_eq!(set("a: 1", "b.c.d=2%"), "a: 1\nb: { c: { d: 2% } }");
        assert_eq!(set("a:\nb: 1\n", "a.c=2"), "a: { c: 2 }\nb: 1\n");
        assert_eq!(
            set("f:\n  - crash: A\n    at: 1s\n  - heal: all\n", "f.0.until=2s"),
            "f:\n  - crash: A\n    at: 1s\n    until: 2s\n  - heal: all\n"
        );
    }

    #[test]
    fn what_would_mean_something_else_in_brackets_is_quoted() {
        assert_eq!(set("a: { b: x }\n", "a.b=A,B | C"), "a: { b: 'A,B | C' }\n");
        assert_eq!(set("a: { b: x }\n", "a.b=-500ms"), "a: { b: -500ms }\n");
        assert_eq!(set("a: 1\n", "b=it's so"), "a: 1\nb: 'it''s so'\n");
    }

    #[test]
    fn overrides_that_lead_nowhere_say_so() {
        for (text, given) in [
            ("a: 1\n", "a"),
            ("a: 1\n", "=1"),
            ("a: 1\n", "a="),
            ("a: 1\n", "a..b=1"),
            ("a: 1\n", "a.b=1"),
            ("a: [1]\n", "a.1=2"),
            ("a: [1]\n", "a.x=2"),
            ("a: [1]\n", "a=[1"),
            ("a: [1]\n", "a=- 1"),
            ("a: &x { c: 1 }\nb: *x\n", "b.c=2"),
            ("a: &x { c: 1 }\nb: *x\n", "a=2"),
            ("a: &x { c: 1 }\nb: { <<: *x }\n", "b.c=2"),
            ("a: 1\n", "a=x\ny"),
        ] {
            assert!(set(text, given).starts_with("override: "), "{text} {given}");
        }
        assert!(set("a: [", "a=1").starts_with("scenario: "));
    }
}
