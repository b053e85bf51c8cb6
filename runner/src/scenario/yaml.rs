//! Reading YAML. The only place that names the crate that does it, so that it can be replaced.
//!
//! It gives a tree with positions and nothing else: what the keys mean is for `schema`, and `de` is
//! what serde sees. So the library's own messages are only those about syntax.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::{AliasLimits, NonFiniteFloatPolicy};
use serde_yaml::{Location, Spanned};

use super::error::Problem;
use super::tree::{Node, Value};

/// Reads one document.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        with_snippet: false,
        reject_unsupported_tags: true,
        // What is no number to YAML may be a text to us.
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        budget: serde_yaml::budget! { max_nodes: MOST_NODES, max_depth: DEEPEST },
        alias_limits: alias_limits(),
    };
    let raw = serde_yaml::from_str_with_options::<Spanned<Raw>>(text, options)
        .map_err(|error| explain(text, &error))?;
    place(text, raw)
}

fn alias_limits() -> AliasLimits {
    serde_yaml::alias_limits! { max_total_replayed_events: MOST_NODES }
}

/// What the library visits, before it is put together with the text.
enum Raw {
    Null,
    Plain,
    Text(String),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<Self>, Spanned<Self>)>),
}

fn place(text: &str, raw: Spanned<Raw>) -> Result<Node, Problem> {
    let span = bytes(text, &raw.referenced);
    let written = text.get(bytes(text, &raw.defined)).unwrap_or_default();
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Plain => Value::Scalar { text: written.into(), quoted: false },
        Raw::Text(text) => {
            let quoted = written != text;
            Value::Scalar { text, quoted }
        }
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| place(text, item)).collect::<Result<_, _>>()?)
        }
        Raw::Map(entries) => {
            let mut placed = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let key = place(text, key)?;
                if key.text().is_none() {
                    return Err(Problem::at(key.span, "this cannot be a key")
                        .help("a key is a word: `key: value`"));
                }
                placed.push((key, place(text, value)?));
            }
            Value::Map(placed)
        }
    };
    Ok(Node { value, span, borrowed: raw.referenced != raw.defined })
}

fn bytes(text: &str, location: &Location) -> Range<usize> {
    let span = location.span();
    let known = span.byte_offset().zip(span.byte_len()).and_then(|(offset, length)| {
        let start = usize::try_from(offset).ok()?;
        let end = start.checked_add(usize::try_from(length).ok()?)?;
        text.get(start..end).map(|_| start..end)
    });
    known.unwrap_or_else(|| {
        // Syntax errors know their line and column only, both counted from one, in characters.
        let line = usize::try_from(location.line()).unwrap_or_default().saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or_default().saturating_sub(1);
        let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = &text[start..];
        let offset = rest.char_indices().nth(column).map_or(rest.len(), |(offset, _)| offset);
        let at = start + offset;
        at..text[at..].chars().next().map_or(at, |c| at + c.len_utf8())
    })
}

/// The library's message in our words: what is wrong with this line, and what to write instead.
fn explain(text: &str, error: &serde_yaml::Error) -> Problem {
    let error = error.without_snippet();
    let span = error.location().map_or(0..0, |location| bytes(text, &location));
    let message = error.to_string();
    let message = message.rfind(" at line ").map_or(message.as_str(), |end| &message[..end]);
    if let serde_yaml::Error::DuplicateMappingKey { key, .. } = error {
        let key = key.as_deref().unwrap_or("this key");
        return Problem::at(span, format!("`{key}` is said twice"))
            .help("a map says each key once; the first is further up");
    }
    if message.contains("illegal placement of ':'") {
        let help = match unclosed(&text[..span.start]) {
            Some((bracket, line)) => format!("close the `{bracket}` of line {line}"),
            None => "close the bracket further up".into(),
        };
        return Problem::at(span, "a key cannot stand inside of a list or map in brackets")
            .help(help);
    }
    if message.contains("mapping values are not allowed") {
        let line = text[..span.start].rsplit('\n').next().unwrap_or_default();
        return if line.contains(": ") {
            Problem::at(span, "a second `:` on one line")
                .help("put a value that contains `: ` in quotes")
        } else {
            Problem::at(span, "a key cannot stand here").help(
                "keys of one block begin in the same column; is this line, or the one above, \
                 indented too far?",
            )
        };
    }
    let known = KNOWN.iter().find(|(part, _, _)| message.contains(part));
    match known {
        Some((_, what, help)) => Problem::at(span, *what).help(*help),
        None => Problem::at(span, format!("this is not YAML: {message}"))
            .help("a scenario is YAML: keys and values, as in `protocol: raft`"),
    }
}

/// The last bracket that is open at the end of a text, and its line. Brackets in quotes are rare
/// enough for a hint.
fn unclosed(text: &str) -> Option<(char, usize)> {
    let mut open = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let code = line.split(" #").next().unwrap_or_default();
        for c in code.chars() {
            match c {
                '[' | '{' => open.push((c, number)),
                ']' | '}' => drop(open.pop()),
                _ => {}
            }
        }
    }
    open.pop()
}

/// A part of the library's message; what is wrong; what to do.
const KNOWN: [(&str, &str, &str); 16] = [
    (
        "multiline quoted scalar",
        "a quoted text further up is never closed",
        "close it on its own line",
    ),
    ("tabs disallowed", "a tab cannot indent", "indent with spaces"),
    ("unclosed bracket", "this bracket is never closed", "close it with ] or }"),
    ("unclosed quote", "this quote is never closed", "close it on the same line"),
    (
        "did not find expected '-'",
        "this is neither part of the list above nor behind it",
        "the keys of a list's entry stand below its first key, right of the `-`; what follows the \
         list stands left of it",
    ),
    (
        "block sequence entries are not allowed",
        "a list entry cannot stand here",
        "each entry of a list begins with `- ` on a line of its own",
    ),
    (
        "multiple YAML documents",
        "a second document begins here",
        "a file is one scenario; take `---` away",
    ),
    ("unknown anchor", "no anchor has this name", "define it further up: `&name`"),
    ("recursive references", "this refers to itself", "write the value out"),
    ("unexpected character", "a value cannot begin with this character", "put the value in quotes"),
    (
        "unknown escape",
        "an unknown escape is in this text",
        "in double quotes write \\\\ for a backslash, or use single quotes",
    ),
    ("budget breached", "the scenario is too large", "20_000 values, 64 levels deep, are the most"),
    ("recursion limit", "the scenario is nested too deeply", "64 levels are the most"),
    (
        "alias replay limit",
        "what the aliases stand for is too large",
        "20_000 values, 64 levels deep, are the most",
    ),
    ("unsupported YAML", "this is not the YAML of today", "take the line with % away"),
    (
        "unsupported tag",
        "tags have no meaning here",
        "take the word that begins with ! away, or quote it",
    ),
];

const MOST_NODES: usize = 20_000;
const DEEPEST: usize = 64;

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_scalar_is_as_written_and_knows_its_place() {
        let text = "\nä: [1_000, 'q'' r', 0x10, \"\\u00e4\"]\nb: >\n  two\n  lines\nc: ~\n";
        let tree = parse(text).expect("YAML");
        let list = tree.get("ä").expect("a list");
        let Value::List(items) = &list.value else { panic!("a list: {list:?}") };
        let written: Vec<&str> = items.iter().map(|item| &text[item.span.clone()]).collect();
        assert_eq!(written, ["1_000", "'q'' r'", "0x10", "\"\\u00e4\""]);
        let texts: Vec<Option<&str>> = items.iter().map(Node::text).collect();
        assert_eq!(texts, [Some("1_000"), Some("q' r"), Some("0x10"), Some("ä")]);
        assert_eq!(tree.get("b").and_then(Node::text), Some("two lines\n"));
        assert_eq!(tree.get("c").map(|node| &node.value), Some(&Value::Null));
    }

    #[test]
    fn bombs_are_refused() {
        let laughs: String = (1..9)
            .map(|level| {
                let below = level - 1;
                format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 9].join(", "))
            })
            .collect();
        assert!(parse(&format!("a0: &a0 ha\n{laughs}")).is_err());
        assert!(parse(&"[".repeat(200_000)).is_err());
        assert!(parse(&"- 1\n".repeat(30_000)).is_err());
    }

    /// The official successor of `serde_yaml` reads every scenario as the same values.
    #[test]
    fn every_scenario_means_the_same_to_another_reader() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![here.join("../scenarios"), here.join("tests/good")];
        let mut compared = 0;
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(folder) else { continue };
            for path in entries.map(|entry| entry.expect("an entry").path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "yaml") {
                    let text = std::fs::read_to_string(&path).expect("a text");
                    let ours = parse(&text).expect("YAML");
                    // They know neither a byte order mark nor the line ends of old Macs.
                    let plain = text.trim_start_matches('\u{feff}');
                    let plain = plain.replace("\r\n", "\n").replace('\r', "\n");
                    let theirs: yaml_serde::Value = yaml_serde::from_str(&plain).expect("YAML");
                    // They know merge keys only when asked.
                    let mut theirs = theirs;
                    theirs.apply_merge().expect("merged");
                    assert!(same(&ours, &theirs), "{}: {ours:?} {theirs:?}", path.display());
                    compared += 1;
                }
            }
        }
        assert!(compared >= 3, "{compared} scenarios");
    }

    fn same(ours: &Node, theirs: &yaml_serde::Value) -> bool {
        match (&ours.value, theirs) {
            (Value::Null, yaml_serde::Value::Null) => true,
            (Value::Scalar { text, .. }, yaml_serde::Value::String(other)) => text == other,
            (Value::Scalar { text, .. }, yaml_serde::Value::Bool(other)) => {
                *text == other.to_string()
            }
            (Value::Scalar { text, .. }, yaml_serde::Value::Number(other)) => {
                text.parse::<f64>().is_ok_and(|number| Some(number) == other.as_f64())
            }
            (Value::List(ours), yaml_serde::Value::Sequence(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| same(a, b))
            }
            (Value::Map(ours), yaml_serde::Value::Mapping(theirs)) => {
                ours.len() == theirs.len()
                    && ours.iter().all(|(key, value)| {
                        let key = key.text().unwrap_or_default();
                        theirs.iter().any(|(other, theirs)| {
                            let other = match other {
                                yaml_serde::Value::String(other) => other.clone(),
                                yaml_serde::Value::Number(other) => other.to_string(),
                                _ => String::new(),
                            };
                            other == key && same(value, theirs)
                        })
                    })
            }
            _ => false,
        }
    }
}
