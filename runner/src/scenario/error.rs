//! What is wrong with a scenario, shown so that one knows what to do: where, the line, and what
//! would have been accepted. Plain text of at most 80 columns; colour is the caller's.

use std::fmt;
use std::ops::Range;

/// Everything that is wrong with a scenario, in the order of the file.
#[derive(Clone, Debug)]
pub struct ScenarioErrors {
    path: String,
    text: String,
    problems: Vec<Problem>,
    /// The `--set` that the text is not the file's own because of.
    overrides: Vec<String>,
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Problem {
    /// Which bytes of the text; `None` if it concerns the file as a whole.
    pub(crate) span: Option<Range<usize>>,
    what: String,
    help: Option<String>,
}

impl Problem {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self { span: None, what: what.into(), help: None }
    }

    pub(crate) fn at(span: Range<usize>, what: impl Into<String>) -> Self {
        Self { span: Some(span), what: what.into(), help: None }
    }

    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// From a text that says what is wrong, and after a semicolon what would have been right.
    pub(crate) fn from_text(text: &str) -> Self {
        match text.split_once("; ") {
            Some((what, help)) => Self::new(what).help(help),
            None => Self::new(text),
        }
    }
}

impl ScenarioErrors {
    pub(crate) fn new(path: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| problem.span.as_ref().map(|span| (span.start, span.end)));
        // What several nodes have in common is read once for each of them.
        problems.dedup();
        Self { path: path.into(), text: text.into(), problems, overrides: Vec::new() }
    }

    pub(crate) fn file(path: &str, problem: Problem) -> Self {
        Self::new(path, "", vec![problem])
    }

    pub(crate) fn with_overrides(self, overrides: &[String]) -> Self {
        Self { overrides: overrides.to_vec(), ..self }
    }

    /// What is wrong with these errors themselves: one that points beyond the text, says nothing, or
    /// says nothing about what would have been right.
    pub(crate) fn doubt(&self) -> Option<String> {
        let is_inside = |span: &Range<usize>| self.text.get(span.clone()).is_some();
        let is_empty = |text: &str| text.trim().is_empty();
        self.problems.iter().find_map(|problem| {
            let why = match problem {
                Problem { span: Some(span), .. } if !is_inside(span) => "points beyond the text",
                Problem { what, .. } if is_empty(what) => "says nothing",
                Problem { help: None, .. } => "says nothing about what would be right",
                Problem { help: Some(help), .. } if is_empty(help) => "has an empty remedy",
                Problem { .. } => return None,
            };
            Some(format!("this {why}: {problem:?}"))
        })
    }

    /// How many things are wrong.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.problems.len()
    }
}

impl std::error::Error for ScenarioErrors {}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            if position > 0 {
                f.write_str("\n\n")?;
            }
            self.show(f, problem)?;
        }
        if !self.overrides.is_empty() {
            let list = self.overrides.iter().map(|one| format!("--set {one}")).collect::<Vec<_>>();
            let note = format!("note: lines are counted with {} in place", list.join(" "));
            write!(f, "\n\n{}", wrap(&note, 0, 6))?;
        }
        Ok(())
    }
}

impl ScenarioErrors {
    fn show(&self, f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
        let Some(span) = &problem.span else {
            f.write_str(&wrap(&format!("{}: {}", self.path, problem.what), 0, 4))?;
            return show_help(f, problem);
        };
        let place = Place::of(&self.text, span);
        let head = format!("{}:{}:{}: {}", self.path, place.number, place.column, problem.what);
        f.write_str(&wrap(&head, 0, 4))?;
        let number = place.number.to_string();
        let gutter = number.len().max(4);
        let (line, caret) = excerpt(&place, WIDTH - gutter - 3);
        write!(f, "\n{number:>gutter$} | {line}")?;
        write!(f, "\n{:gutter$} | {caret}", "")?;
        show_help(f, problem)
    }
}

fn show_help(f: &mut fmt::Formatter<'_>, problem: &Problem) -> fmt::Result {
    match &problem.help {
        Some(help) => write!(f, "\n  {}", wrap(&format!("help: {help}"), 2, 8)),
        None => Ok(()),
    }
}

/// A line of the text, and which part of it is meant.
struct Place<'a> {
    /// Counted from one.
    number: usize,
    /// In characters, counted from one.
    column: usize,
    line: &'a str,
    /// In bytes of the line.
    marked: Range<usize>,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, span: &Range<usize>) -> Self {
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].split('\n').next().unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        let from = (start - line_start).min(line.len());
        let mut to = span.end.saturating_sub(line_start).clamp(from, line.len());
        while !line.is_char_boundary(to) {
            to += 1;
        }
        Self {
            number: before.matches('\n').count() + 1,
            column: line[..from].chars().count() + 1,
            line,
            marked: from..to,
        }
    }
}

/// The line and the carets below it, in at most so many columns.
fn excerpt(place: &Place<'_>, room: usize) -> (String, String) {
    let cells = cells(place.line);
    let column_of = |byte: usize| -> usize {
        cells.iter().take_while(|cell| cell.byte < byte).map(|cell| cell.width).sum()
    };
    let (from, to) = (column_of(place.marked.start), column_of(place.marked.end));
    // What is missing at the end of a line is marked behind it.
    let total = cells.iter().map(|cell| cell.width).sum::<usize>().max(from + 1);
    let (mut left, mut right) = (0, total);
    if total > room {
        // A third of the room goes to what precedes the mark, the rest to what follows it.
        left = if from < room * 2 / 3 { 0 } else { from - room / 3 };
        right = total.min(left + room);
    }
    let mut line = String::new();
    let mut column = 0;
    for cell in &cells {
        let kept = column >= left + usize::from(left > 0)
            && column + cell.width <= right - usize::from(right < total);
        if kept {
            line.push_str(&cell.shown);
        } else if column == left && left > 0 || column + 1 == right && right < total {
            line.push('…');
        } else if column >= left && column < right {
            line.extend(std::iter::repeat_n(' ', cell.width));
        }
        column += cell.width;
    }
    let carets = to.min(right).saturating_sub(from).max(1);
    let line = line.trim_end().to_owned();
    (line, format!("{}{}", " ".repeat(from.saturating_sub(left)), "^".repeat(carets)))
}

struct Cell {
    byte: usize,
    shown: String,
    width: usize,
}

fn cells(line: &str) -> Vec<Cell> {
    let mut column = 0;
    let mut cells = Vec::new();
    for (byte, c) in line.char_indices() {
        let (shown, width) = match c {
            '\t' => {
                let width = TAB - column % TAB;
                (" ".repeat(width), width)
            }
            // What could move the cursor or change colours is shown as what it is: a stranger.
            c if c.is_control() => ("\u{fffd}".into(), 1),
            c => (c.into(), width(c)),
        };
        column += width;
        cells.push(Cell { byte, shown, width });
    }
    cells
}

/// How many columns a terminal gives a character. The common cases of Unicode's tables: a caret a
/// column off in rarer scripts is no harm.
const fn width(c: char) -> usize {
    match c as u32 {
        0x300..=0x36f | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Breaks a text between words, where its first line begins in one column and the others in
/// another.
fn wrap(text: &str, first: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = first;
    for (position, word) in words(text).into_iter().enumerate() {
        let length: usize = word.chars().map(width).sum();
        if position > 0 && column + 1 + length > WIDTH {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent;
        } else if position > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(&word);
        column += length;
    }
    wrapped
}

/// The words of a text. What stands in braces or between backticks is one word, if it is not too
/// long, so that nobody copies half of an example.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut depth, mut quoted, mut glued) = (0_usize, false, false);
    for part in text.split_whitespace() {
        let printable = part.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
        let mut part: String = printable.collect();
        let ticks = part.matches('`').count();
        if (quoted || ticks > 0) && part.chars().count() > LONGEST_WORD {
            part = part.chars().take(LONGEST_WORD).chain(['…']).collect();
            // It ends a quotation, or begins one, as the whole would have.
            if (part.matches('`').count() + ticks) % 2 == 1 {
                part.push('`');
            }
        }
        match words.last_mut() {
            Some(last) if glued && last.chars().count() + part.chars().count() < LONGEST_WORD => {
                last.push(' ');
                last.push_str(&part);
            }
            _ => words.push(part.clone()),
        }
        depth = (depth + part.matches('{').count()).saturating_sub(part.matches('}').count());
        quoted ^= part.matches('`').count() % 2 == 1;
        glued = depth > 0 || quoted;
    }
    words
}

/// Longer ones are the reader's own, quoted.
const LONGEST_WORD: usize = 60;
const WIDTH: usize = 80;
const TAB: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, span: Range<usize>) -> String {
        ScenarioErrors::new("x.yaml", text, vec![Problem::at(span, "wrong")]).to_string()
    }

    #[test]
    fn the_caret_stands_below_what_is_meant() {
        let text = "a: 1\n\tbé: 日本 x\r\n";
        let at = text.find('x').expect("an x");
        assert_eq!(
            shown(text, at..at + 1),
            "x.yaml:2:9: wrong\n   2 |     bé: 日本 x\n     |              ^"
        );
        let at = text.find('日').expect("a sun");
        assert!(shown(text, at..at + 6).ends_with("        ^^^^"), "two columns a character");
    }

    #[test]
    fn long_lines_are_clipped_around_the_caret() {
        let text = format!("{}HERE{}", "x".repeat(500), "y".repeat(500));
        for span in [0..1, 40..44, 500..504, 1003..1004, 0..1004, 1004..1004] {
            let shown = shown(&text, span.clone());
            assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
            assert!(shown.contains('^'), "{shown}");
        }
        let shown = shown(&text, 500..504);
        let [_, line, caret] = shown.lines().collect::<Vec<_>>()[..] else {
            panic!("three lines: {shown}")
        };
        let column = caret.find("^^^^").expect("four carets");
        assert_eq!(line.chars().skip(column).take(4).collect::<String>(), "HERE");
    }

    #[test]
    fn no_span_is_too_strange_to_show() {
        for text in ["", "\n", "é", "a\u{1b}[31m\n\r\n\tb"] {
            for start in 0..text.len() + 3 {
                for end in start..text.len() + 3 {
                    assert!(shown(text, start..end).contains('^'));
                }
            }
        }
    }

    #[test]
    fn what_is_quoted_is_clipped_wherever_it_is_long() {
        let long = "x".repeat(90);
        for quoted in [format!("`{long}`"), format!("`a {long} b`"), format!("`{long} {long}`")] {
            let problem = Problem::at(0..1, format!("{quoted} is no name")).help("one `word`");
            let errors = ScenarioErrors::new("x.yaml", "a", vec![problem]).to_string();
            assert!(errors.lines().all(|line| line.chars().count() <= 80), "{errors}");
            let words = errors.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains("is no name"), "{errors}");
        }
        let path = format!("/{long}/x.yaml");
        let problem = Problem::new("this is a folder").help("name a file in it");
        assert!(ScenarioErrors::file(&path, problem).to_string().contains(&path), "paths stay");
    }

    #[test]
    fn long_sentences_are_broken_between_words() {
        let problem = Problem::at(0..1, "word ".repeat(40)).help("help ".repeat(40));
        let errors = ScenarioErrors::new("x.yaml", "a", vec![problem]).to_string();
        assert!(errors.lines().all(|line| line.len() <= 80), "{errors}");
    }
}
