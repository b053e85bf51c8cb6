//! What every check needs: a place to write problems down, and words with their positions.

use std::ops::Range;

use sim_core::time::{Duration, Time};

use crate::scenario::de::At;
use crate::scenario::error::Problem;
use crate::scenario::schema::Maybe;

/// The text that is checked, and what was found wrong with it.
pub(super) struct Checker<'a> {
    pub(super) text: &'a str,
    pub(super) problems: Vec<Problem>,
}

/// A part of a value, and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
    /// Whether the text stands in the file letter by letter, so that its parts have places too.
    literal: bool,
}

impl Checker<'_> {
    /// Writes a problem down, with what to do about it.
    pub(super) fn say(
        &mut self,
        span: &Range<usize>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem::at(span.clone(), what).help(help));
    }

    /// Whether something within these bytes was found wrong already.
    pub(super) fn has_blamed(&self, bytes: &Range<usize>) -> bool {
        let starts = self.problems.iter().filter_map(|problem| problem.span.as_ref());
        starts.into_iter().any(|span| bytes.contains(&span.start))
    }

    /// Writes down that something of the whole scenario is missing.
    pub(super) fn missing(&mut self, what: &str, help: &str) {
        self.problems.push(Problem::new(what).help(help));
    }

    /// A value of the file as words.
    pub(super) fn word<'v>(&self, span: &Range<usize>, value: &'v str) -> Word<'v> {
        let written = self.text.get(span.clone()).unwrap_or_default();
        let inner = written.strip_prefix(['"', '\'']).unwrap_or(written);
        let shift = written.len() - inner.len();
        let literal = inner.starts_with(value);
        let span = if literal {
            span.start + shift..span.start + shift + value.len()
        } else {
            span.clone()
        };
        Word { text: value, span, literal }
    }

    /// A length that a run can have room for. Nothing if it was not given or is wrong.
    pub(super) fn length(&mut self, given: &Maybe<Duration>) -> Option<Duration> {
        let given = given.as_ref()?;
        let length = given.value?;
        if length > LONGEST {
            let written = self.text.get(given.span.clone()).unwrap_or_default();
            let what = format!("{written} is longer than any run");
            self.say(&given.span, what, "100 years, 876_000h, are the most");
            return None;
        }
        Some(length)
    }

    /// The same as an instant.
    pub(super) fn instant(&mut self, given: &Maybe<Duration>) -> Option<Time> {
        self.length(given).map(|length| Time::ZERO + length)
    }
}

impl<'a> Word<'a> {
    /// The parts between separators, without the space around them.
    pub(super) fn split(&self, separator: &str) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut start = 0;
        for part in self.text.split(separator) {
            parts.push(self.part(start, part));
            start += part.len() + separator.len();
        }
        parts
    }

    /// The parts before and after the first separator.
    pub(super) fn split_once(&self, separator: &str) -> Option<(Self, Self)> {
        let (before, after) = self.text.split_once(separator)?;
        Some((self.part(0, before), self.part(before.len() + separator.len(), after)))
    }

    fn part(&self, start: usize, part: &'a str) -> Self {
        let text = part.trim();
        let start = self.span.start + start + (part.len() - part.trim_start().len());
        let span = if self.literal { start..start + text.len() } else { self.span.clone() };
        Self { text, span, literal: self.literal }
    }
}

/// What is given and could be read.
pub(super) fn given<T: Copy>(field: &Maybe<T>) -> Option<T> {
    field.as_ref().and_then(|at| at.value)
}

/// A part of the document that is given and could be read.
pub(super) fn section<T>(field: &Maybe<T>) -> Option<&T> {
    field.as_ref().and_then(|at| at.value.as_ref())
}

/// The position of a value, if it is given.
pub(super) fn span<T>(field: &Maybe<T>) -> Option<Range<usize>> {
    field.as_ref().map(|at: &At<T>| at.span.clone())
}

/// 100 years: what is added to it still fits into 64 bits of nanoseconds.
pub(super) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_value_know_where_they_stand() {
        let text = "partition: 'A, B|C'";
        let checker = Checker { text, problems: Vec::new() };
        let word = checker.word(&(11..19), "A, B|C");
        let (left, right) = word.split_once("|").expect("two sides");
        assert_eq!(&text[right.span], "C");
        let names = left.split(",");
        assert_eq!(
            names.iter().map(|name| &text[name.span.clone()]).collect::<Vec<_>>(),
            ["A", "B"]
        );
    }

    #[test]
    fn parts_of_an_escaped_value_stand_where_the_value_does() {
        let text = r#"x: "A\u002cB""#;
        let checker = Checker { text, problems: Vec::new() };
        let names = checker.word(&(3..13), "A,B").split(",");
        assert_eq!(names.iter().map(|name| name.text).collect::<Vec<_>>(), ["A", "B"]);
        assert!(names.iter().all(|name| name.span == (3..13)));
    }
}
