//! What a process knows before and after a step, as a person compares them.
//!
//! A state is what `{:#?}` prints of it. That is a tree, whoever wrote the type: a line that opens a
//! bracket has what is indented below it. Two trees are compared field by field.

use std::rc::Rc;

use crate::output::words::clipped;

/// What a process knew before a step, and what it knows after.
#[derive(Clone)]
pub(super) struct Change {
    pub(super) before: Rc<str>,
    pub(super) after: Rc<str>,
}

impl Change {
    /// Everything that was known before the step: a field a line.
    pub(super) fn all_before(&self) -> Vec<String> {
        let line = |(path, is): (String, String)| format!("{path} {is}").trim_start().into();
        parts(&self.before).into_iter().map(line).collect()
    }

    /// What the step changed: `commit 3 -> 4`, `votes + n2`.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.before != self.after {
            differ("", &Item::parse(&self.before), &Item::parse(&self.after), &mut lines);
        }
        lines
    }
}

/// What is printed of a state, in parts: of each its path and what it is. What is long is told in its own
/// parts, so that a log of a thousand entries with one more differs in one.
pub(crate) fn parts(printed: &str) -> Vec<(String, String)> {
    let mut parts = Vec::new();
    Item::parse(printed).part("", &mut parts);
    parts
}

/// A value, with its name if it has one, and what is in it.
struct Item<'a> {
    name: &'a str,
    /// All of it, or up to the bracket.
    text: &'a str,
    inside: Vec<Self>,
    /// The bracket's other half.
    close: &'a str,
}

impl<'a> Item<'a> {
    fn parse(printed: &'a str) -> Self {
        let lines: Vec<&str> = printed.lines().collect();
        let (item, _) = Self::at(&lines);
        item
    }

    /// The value that begins in the first of these lines, and how many are its own.
    fn at(lines: &[&'a str]) -> (Self, usize) {
        let Some(&first) = lines.first() else { return (Self::of(""), 1) };
        let mut item = Self::of(first);
        let mut taken = 1;
        while let Some(line) = lines.get(taken)
            && indentation(line) > indentation(first)
        {
            let (inside, its) = Self::at(&lines[taken..]);
            item.inside.push(inside);
            taken += its;
        }
        if let Some(line) = lines.get(taken).filter(|_| item.text.ends_with(['{', '(', '[']))
            && indentation(line) == indentation(first)
            && line.trim_start().starts_with(['}', ')', ']'])
        {
            item.close = line.trim().trim_end_matches(',');
            taken += 1;
        }
        (item, taken)
    }

    fn of(line: &'a str) -> Self {
        let line = line.trim();
        let line = line.strip_suffix(',').unwrap_or(line);
        let named = line.split_once(": ").filter(|(name, _)| is_name(name));
        let (name, text) = named.unwrap_or(("", line));
        Self { name, text, inside: Vec::new(), close: "" }
    }

    /// All of it on one line, as a person writes it: `{n0, n2}`, `Progress { next: 4 }`, `none`.
    fn short(&self) -> String {
        if self.close.is_empty() && self.inside.is_empty() {
            return if self.text == "None" { "none".into() } else { self.text.into() };
        }
        let inside = self.inside.iter().map(|item| match item.name {
            "" => item.short(),
            name => format!("{name}: {}", item.short()),
        });
        let inside = inside.collect::<Vec<_>>().join(", ");
        match self.text {
            "Some(" => inside,
            text if text.ends_with(" {") => format!("{text} {inside} {}", self.close),
            text => format!("{text}{inside}{}", self.close),
        }
    }

    /// Whether everything in it has a name.
    fn is_named(&self) -> bool {
        self.inside.iter().all(|item| !item.name.is_empty())
    }

    /// A part for each field: those that are too long for one are told field by field themselves.
    fn part(&self, path: &str, parts: &mut Vec<(String, String)>) {
        let short = self.short();
        let is_whole = !path.is_empty() && short.chars().count() <= LONGEST;
        if is_whole || self.inside.is_empty() {
            return parts.push((path.into(), clipped(&short, MOST)));
        }
        for (number, item) in self.inside.iter().enumerate() {
            item.part(&below(path, item, number), parts);
        }
    }
}

/// What is different, a line each.
fn differ(path: &str, before: &Item<'_>, after: &Item<'_>, lines: &mut Vec<String>) {
    let (was, is) = (before.short(), after.short());
    if was == is {
        return;
    }
    let is_short = was.chars().count().max(is.chars().count()) <= LONGEST / 2;
    let alike = before.text == after.text && !before.inside.is_empty() && !after.inside.is_empty();
    if !alike || is_short && !path.is_empty() {
        let (was, is) = (clipped(&was, MOST), clipped(&is, MOST));
        return lines.push(format!("{path} {was} -> {is}").trim_start().into());
    }
    if before.is_named() && after.is_named() {
        by_name(path, before, after, lines);
    } else {
        by_place(path, before, after, lines);
    }
}

fn by_name(path: &str, before: &Item<'_>, after: &Item<'_>, lines: &mut Vec<String>) {
    for (number, item) in after.inside.iter().enumerate() {
        match before.inside.iter().find(|known| known.name == item.name) {
            Some(known) => differ(&below(path, item, number), known, item, lines),
            None => lines.push(more(path, '+', item)),
        }
    }
    let gone = |item: &&Item<'_>| !after.inside.iter().any(|left| left.name == item.name);
    lines.extend(before.inside.iter().filter(gone).map(|item| more(path, '-', item)));
}

/// Lists of one length are compared place by place; of others, what they begin and end with alike
/// is passed over.
fn by_place(path: &str, before: &Item<'_>, after: &Item<'_>, lines: &mut Vec<String>) {
    let (was, is) = (&before.inside[..], &after.inside[..]);
    if was.len() == is.len() {
        for (number, (was, is)) in was.iter().zip(is).enumerate() {
            differ(&below(path, is, number), was, is, lines);
        }
        return;
    }
    let same = |(was, is): &(&Item<'_>, &Item<'_>)| was.short() == is.short();
    let first = was.iter().zip(is).take_while(same).count();
    let (was, is) = (&was[first..], &is[first..]);
    let last = was.iter().rev().zip(is.iter().rev()).take_while(same).count();
    let (was, is) = (&was[..was.len() - last], &is[..is.len() - last]);
    lines.extend(was.iter().map(|item| more(path, '-', item)));
    lines.extend(is.iter().map(|item| more(path, '+', item)));
}

/// Something that was not there, or is no longer.
fn more(path: &str, sign: char, item: &Item<'_>) -> String {
    let name = if item.name.is_empty() { String::new() } else { format!("{}: ", item.name) };
    let text = clipped(&item.short(), MOST);
    format!("{path} {sign} {name}{text}").trim_start().into()
}

fn below(path: &str, item: &Item<'_>, number: usize) -> String {
    match (path, item.name) {
        (_, "") => format!("{path}[{number}]"),
        ("", name) => name.into(),
        (path, name) => format!("{path}.{name}"),
    }
}

/// Whether what stands before a colon is the name of what stands behind it, and no part of a text.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains(['"', '\'', ' ', '(', '{', '['])
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// What is longer is told in parts.
const LONGEST: usize = 60;
/// Of what has no parts, as much is told.
const MOST: usize = 240;

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is printed")]
    struct Node {
        term: u64,
        vote: Option<Id>,
        role: Role,
        log: Vec<Entry>,
        values: BTreeMap<Id, u64>,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is printed")]
    enum Role {
        Follower,
        Candidate { votes: BTreeSet<Id> },
        Leader { others: Vec<Progress> },
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is printed")]
    struct Progress {
        next: u64,
        matched: u64,
        in_flight: &'static str,
    }

    #[derive(Debug)]
    #[expect(dead_code, reason = "it is printed")]
    struct Entry {
        term: u64,
        what: &'static str,
    }

    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Id(u32);

    impl fmt::Debug for Id {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "n{}", self.0)
        }
    }

    fn node() -> Node {
        let (log, values) = (Vec::new(), BTreeMap::new());
        Node { term: 3, vote: None, role: Role::Follower, log, values }
    }

    fn change(before: &impl fmt::Debug, after: &impl fmt::Debug) -> Change {
        let printed = |state: &dyn fmt::Debug| format!("{state:#?}").into();
        Change { before: printed(before), after: printed(after) }
    }

    fn entries(count: u64) -> Vec<Entry> {
        (1..=count).map(|term| Entry { term, what: "a: text, with [brackets" }).collect()
    }

    #[test]
    fn a_step_that_changes_nothing_says_nothing() {
        assert_eq!(change(&node(), &node()).lines(), [""; 0]);
    }

    #[test]
    fn fields_that_changed_are_named() {
        let votes = BTreeSet::from([Id(0), Id(2)]);
        let after = Node { term: 4, vote: Some(Id(0)), role: Role::Candidate { votes }, ..node() };
        let expected =
            ["term 3 -> 4", "vote none -> n0", "role Follower -> Candidate { votes: {n0, n2} }"];
        assert_eq!(change(&node(), &after).lines(), expected);
        let votes = BTreeSet::from([Id(0), Id(2), Id(3)]);
        let more = Node { term: 4, vote: Some(Id(0)), role: Role::Candidate { votes }, ..node() };
        let expected = ["role Candidate { votes: {n0, n2} } -> Candidate { votes: {n0, n2, n3} }"];
        let told = change(&after, &more).lines().join(" ");
        assert!(told == expected[0] || told == "role.votes {n0, n2} -> {n0, n2, n3}", "{told}");
    }

    #[test]
    fn what_is_deep_inside_is_found_and_named_by_its_path() {
        let others = |matched| {
            let one =
                |matched| Progress { next: 9, matched, in_flight: "nothing, as far as is known" };
            Role::Leader { others: vec![one(1), one(matched), one(3)] }
        };
        let before = Node { role: others(2), ..node() };
        let after = Node { role: others(7), ..node() };
        assert_eq!(change(&before, &after).lines(), ["role.others[1].matched 2 -> 7"]);
    }

    #[test]
    fn what_comes_and_what_goes_has_a_sign() {
        let before = Node { log: entries(3), ..node() };
        let after = Node { log: entries(4), values: BTreeMap::from([(Id(7), 1)]), ..node() };
        let entry = "log + Entry { term: 4, what: \"a: text, with [brackets\" }";
        assert_eq!(change(&before, &after).lines(), [entry, "values {} -> {n7: 1}"]);
        let back = change(&after, &before).lines();
        assert_eq!(back[0], entry.replace('+', "-"));
        let many =
            |last| Node { values: (0..40).chain([last]).map(|n| (Id(n), 1)).collect(), ..node() };
        assert_eq!(change(&many(41), &many(42)).lines(), ["values + n42: 1", "values - n41: 1"]);
    }

    #[test]
    fn everything_is_a_field_a_line() {
        let state = Node { vote: Some(Id(1)), log: entries(2), ..node() };
        let told = change(&state, &state).all_before();
        let entry =
            |n| format!("log[{}] Entry {{ term: {n}, what: \"a: text, with [brackets\" }}", n - 1);
        let expected = ["term 3", "vote n1", "role Follower", &entry(1), &entry(2), "values {}"];
        assert_eq!(told, expected);
    }

    #[test]
    fn who_prints_one_line_is_compared_as_that() {
        struct Terse(u32);
        impl fmt::Debug for Terse {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "leader of term {}, commit: 3", self.0)
            }
        }
        let told = change(&Terse(1), &Terse(2));
        let expected = ["leader of term 1, commit: 3 -> leader of term 2, commit: 3"];
        assert_eq!(told.lines(), expected);
        assert_eq!(told.all_before(), ["leader of term 1, commit: 3"]);
    }

    #[test]
    fn no_text_is_too_strange() {
        for strange in ["", "\n", "}", "a {\n", "(\n[\n{\n", "    x\ny: 1\n}", "a: b: c,\n  ]\n,"] {
            let told = Change { before: strange.into(), after: "A {\n    b: 1,\n}".into() };
            let _ = (told.lines(), told.all_before());
            let back = Change { before: told.after, after: told.before };
            let _ = (back.lines(), back.all_before());
        }
    }
}
