//! How a story looks: columns that never move, lines that never run over, and colours that mean
//! something.

use std::collections::VecDeque;
use std::io;

use anstyle::{AnsiColor, Style};
use sim_core::Time;
use sim_core::world::Endpoint;

use super::block::{Block, Line, Odd, Sort};
use super::cast::Cast;

/// What a colour means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ink {
    /// Nothing in particular.
    Plain,
    /// It can be passed over.
    Dim,
    /// It is somebody who acts.
    Strong,
    /// It is a turn of the story: a role, a point, what an author notes.
    Turn,
    /// It is a fault, or comes of one.
    Fault,
    /// Somebody was answered, and in the end: all holds.
    Good,
    /// Somebody was not, and may worry.
    Doubt,
    /// Something that was promised does not hold.
    Violation,
}

impl Ink {
    const fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Dim => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
            Self::Turn => AnsiColor::Cyan.on_default(),
            Self::Fault => AnsiColor::Yellow.on_default(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Doubt => AnsiColor::Magenta.on_default(),
            Self::Violation => AnsiColor::Red.on_default().bold(),
        }
    }
}

/// Where the columns are: time, who, what, and the text.
pub(super) struct Columns {
    time: usize,
    who: usize,
    op: usize,
}

impl Columns {
    /// Wide enough for a whole story, whatever part of it is told.
    pub(super) fn of(blocks: &VecDeque<Block>, end: Time, width: usize) -> Self {
        let who = |block: &Block| {
            chars(&block.who) + usize::from(!block.role.is_empty()) + chars(block.role)
        };
        let ops = blocks.iter().filter(|block| !block.is_banner()).flat_map(|block| &block.lines);
        Self {
            time: chars(&end.to_string()).max("time".len()),
            who: blocks.iter().map(who).max().unwrap_or(0).max(NARROWEST).min(width / 5),
            op: ops.map(|line| chars(&line.op)).max().unwrap_or(0).max(NARROWEST).min(width / 8),
        }
    }

    const fn text(&self) -> usize {
        self.time + self.who + self.op + 3 * GAP
    }
}

/// Between two columns.
const GAP: usize = 2;
/// A column that nothing fills is as wide as this, so that short stories look alike.
const NARROWEST: usize = 8;
/// What a line across the page begins with.
const RULE: &str = "─────";

/// What the signs before it mean.
const SIGNS: &str = "what (<- -> nodes, <= => clients, * others)";

/// What the colours mean.
const MEANINGS: [(Ink, &str); 6] = [
    (Ink::Turn, "turn"),
    (Ink::Fault, "fault"),
    (Ink::Good, "answered"),
    (Ink::Doubt, "not answered"),
    (Ink::Violation, "violated"),
    (Ink::Dim, "detail"),
];

/// Writes lines.
pub(super) struct Brush {
    pub(super) color: bool,
    pub(super) width: usize,
}

/// Pieces of a line, each in its ink.
type Pieces = Vec<(String, Ink)>;

impl Brush {
    /// What the columns are, and what the signs in them mean.
    pub(super) fn legend(&self, out: &mut dyn io::Write, columns: &Columns) -> io::Result<()> {
        let Columns { time, who, op } = *columns;
        let title = format!("{:>time$}  {:who$}  {:op$}  {SIGNS}", "time", "who", "from/to");
        self.pieces(out, vec![(fit(&title, self.width), Ink::Dim)])?;
        if self.color {
            let mut inks = vec![(" ".repeat(time + GAP), Ink::Plain)];
            for (ink, meaning) in MEANINGS {
                inks.push((meaning.into(), ink));
                inks.push((" ".repeat(GAP), Ink::Plain));
            }
            self.pieces(out, inks)?;
        }
        writeln!(out)
    }

    /// A cause and those of its effects that are wanted.
    pub(super) fn block(
        &self,
        out: &mut dyn io::Write,
        cast: &Cast,
        columns: &Columns,
        block: &Block,
        wanted: impl Fn(usize) -> bool,
    ) -> io::Result<()> {
        let mut lines = block.lines.iter().enumerate();
        if block.is_banner()
            && let Some((_, line)) = lines.next()
        {
            self.banner(out, block.time, line)?;
        }
        let lines = lines.filter(|(place, _)| wanted(*place)).map(|(_, line)| line);
        for (told, line) in lines.enumerate() {
            let is_first = told == 0 && !block.is_banner();
            let head = if is_first { self.head(columns, block, line) } else { Vec::new() };
            self.line(out, cast, columns, head, line)?;
        }
        Ok(())
    }

    /// What somebody knew, and what changed of it.
    pub(super) fn state(
        &self,
        out: &mut dyn io::Write,
        cast: &Cast,
        columns: &Columns,
        before: &[String],
        changes: &[String],
    ) -> io::Result<()> {
        for (op, lines) in [("knew", before), ("changed", changes)] {
            for (place, text) in lines.iter().enumerate() {
                let op = if place == 0 { op } else { "" };
                let line = Line::new(op, text.as_str(), Sort::State, Ink::Plain);
                self.line(out, cast, columns, Vec::new(), &line)?;
            }
        }
        Ok(())
    }

    /// Something that stands for what is not told.
    pub(super) fn gap(
        &self,
        out: &mut dyn io::Write,
        columns: &Columns,
        left_out: &str,
    ) -> io::Result<()> {
        let text = format!("{:>time$}  {left_out}", "⋮", time = columns.time);
        self.pieces(out, vec![(text, Ink::Dim)])
    }

    /// Text that fills the page.
    pub(super) fn paragraph(
        &self,
        out: &mut dyn io::Write,
        text: &str,
        ink: Ink,
    ) -> io::Result<()> {
        if chars(text) <= self.width {
            return self.pieces(out, vec![(text.into(), ink)]);
        }
        let indent = text.chars().take_while(|letter| *letter == ' ').count().min(self.width / 2);
        let hang = if indent == 0 { 0 } else { GAP };
        for row in wrap(&[(text.into(), ink)], self.width - indent, hang) {
            self.indented(out, indent, row)?;
        }
        Ok(())
    }

    /// A heavy line across the page, with a title if there is one.
    pub(super) fn heavy(&self, out: &mut dyn io::Write, title: &str) -> io::Result<()> {
        let text = if title.is_empty() { String::new() } else { format!("━━ {title} ") };
        let fill = "━".repeat(self.width.saturating_sub(chars(&text)));
        self.pieces(out, vec![(text + &fill, Ink::Violation)])
    }

    fn banner(&self, out: &mut dyn io::Write, time: Time, line: &Line) -> io::Result<()> {
        let mut text = vec![(format!("{time} "), line.ink)];
        if !line.op.is_empty() {
            text.push((line.op.clone(), line.ink));
        }
        text.push((line.text.clone(), line.ink));
        let room = self.width - 2 * (chars(RULE) + 1);
        for (place, mut row) in wrap(&text, room, 0).into_iter().enumerate() {
            let rule = if place == 0 { format!("{RULE} ") } else { " ".repeat(chars(RULE) + 1) };
            row.insert(0, (rule, line.ink));
            if place == 0 {
                let used: usize = row.iter().map(|(piece, _)| chars(piece)).sum();
                let fill = "─".repeat(self.width.saturating_sub(used + 1));
                row.push((format!(" {fill}"), line.ink));
            }
            self.pieces(out, row)?;
        }
        Ok(())
    }

    /// When, and who.
    fn head(&self, columns: &Columns, block: &Block, line: &Line) -> Pieces {
        let time = format!("{:>width$}  ", block.time.to_string(), width = columns.time);
        let role = match block.role {
            "" => String::new(),
            role => format!(" {role}"),
        };
        let name = fit(&block.who, columns.who.saturating_sub(chars(&role)).max(3));
        let who = fit(&format!("{name}{role}"), columns.who);
        let pad = " ".repeat(columns.who - chars(&who) + GAP);
        let ink = if line.ink == Ink::Dim { Ink::Dim } else { Ink::Strong };
        vec![(time, Ink::Dim), (who, ink), (pad, Ink::Plain)]
    }

    fn line(
        &self,
        out: &mut dyn io::Write,
        cast: &Cast,
        columns: &Columns,
        head: Pieces,
        line: &Line,
    ) -> io::Result<()> {
        let mut first = head;
        if first.is_empty() {
            first.push((" ".repeat(columns.time + columns.who + 2 * GAP), Ink::Plain));
        }
        let op = fit(&line.op, columns.op);
        let pad = " ".repeat(columns.op - chars(&op) + GAP);
        first.extend([(op, line.ink), (pad, Ink::Plain)]);
        let mut text = vec![(cast.names.rename(&line.text), line.ink)];
        text.extend(fates(cast, line).map(|fates| (fates, Ink::Fault)));
        let room = self.width.saturating_sub(columns.text()).max(16);
        for (place, row) in wrap(&text, room, GAP).into_iter().enumerate() {
            if place == 0 {
                first.extend(row);
                self.pieces(out, std::mem::take(&mut first))?;
            } else {
                self.indented(out, columns.text(), row)?;
            }
        }
        Ok(())
    }

    fn indented(&self, out: &mut dyn io::Write, by: usize, mut row: Pieces) -> io::Result<()> {
        row.insert(0, (" ".repeat(by), Ink::Plain));
        self.pieces(out, row)
    }

    /// One line, without blanks at its end.
    fn pieces(&self, out: &mut dyn io::Write, mut row: Pieces) -> io::Result<()> {
        while let Some((last, _)) = row.last_mut() {
            last.truncate(last.trim_end().len());
            if !last.is_empty() {
                break;
            }
            row.pop();
        }
        for (text, ink) in row {
            let style = ink.style();
            if self.color && ink != Ink::Plain {
                write!(out, "{}{text}{}", style.render(), style.render_reset())?;
            } else {
                write!(out, "{text}")?;
            }
        }
        writeln!(out)
    }
}

/// What became of a message, where it does not just arrive: `(lost)`, `(B,C cut, D lost)`.
fn fates(cast: &Cast, line: &Line) -> Option<String> {
    let (_, first) = line.fates.first()?;
    let alike = line.fates.iter().all(|(_, odd)| odd == first);
    let word = first.word();
    Some(match (line.receivers, line.fates.len()) {
        (1, _) => format!("({word})"),
        (all, odd) if all == odd && alike => format!("(all {word})"),
        _ => {
            let with = |odd: Odd| {
                let ends = line.fates.iter().filter(|fate| fate.1 == odd).map(|fate| fate.0);
                let ends: Vec<Endpoint> = ends.collect();
                (!ends.is_empty()).then(|| format!("{} {}", cast.group(&ends), odd.word()))
            };
            let each = [Odd::Lost, Odd::Cut, Odd::Twice].into_iter().filter_map(with);
            format!("({})", each.collect::<Vec<_>>().join(", "))
        }
    })
}

/// Breaks text between words into rows of a width; rows after the first are indented.
fn wrap(text: &[(String, Ink)], width: usize, indent: usize) -> Vec<Pieces> {
    let mut rows = Rows { rows: vec![Vec::new()], used: 0, fresh: true };
    for (piece, ink) in text {
        if rows.used + usize::from(!rows.fresh) + chars(piece) <= width {
            // What fits stays as it is, blanks and all.
            rows.push(piece, *ink);
            continue;
        }
        for mut word in piece.split(' ') {
            if word.is_empty() {
                rows.blank();
                continue;
            }
            if !rows.fresh && rows.used + 1 + chars(word) > width {
                rows.next(indent);
            }
            // A word that is longer than a row is broken where the row ends.
            while chars(word) > width.saturating_sub(rows.used) {
                let left = width.saturating_sub(rows.used).max(1);
                let end = word.char_indices().nth(left).map_or(word.len(), |(end, _)| end);
                rows.push(&word[..end], *ink);
                word = &word[end..];
                rows.next(indent);
            }
            rows.push(word, *ink);
        }
    }
    rows.rows
}

struct Rows {
    rows: Vec<Pieces>,
    /// How much of the last row is used, and whether nothing but its indentation is in it.
    used: usize,
    fresh: bool,
}

impl Rows {
    fn next(&mut self, indent: usize) {
        self.rows.push(vec![(" ".repeat(indent), Ink::Plain)]);
        self.used = indent;
        self.fresh = true;
    }

    /// One more blank between two words, if both are in the same row.
    fn blank(&mut self) {
        if !self.fresh
            && let Some((piece, _)) = self.rows.last_mut().and_then(|row| row.last_mut())
        {
            piece.push(' ');
            self.used += 1;
        }
    }

    fn push(&mut self, text: &str, ink: Ink) {
        if text.is_empty() {
            return;
        }
        let text = if self.fresh { text.into() } else { format!(" {text}") };
        self.used += chars(&text);
        self.fresh = false;
        match self.rows.last_mut() {
            Some(row) => match row.last_mut() {
                Some((piece, same)) if *same == ink => piece.push_str(&text),
                _ => row.push((text, ink)),
            },
            None => self.rows.push(vec![(text, ink)]),
        }
    }
}

/// The text, or as much of it as fits.
fn fit(text: &str, width: usize) -> String {
    if chars(text) <= width {
        return text.into();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn chars(text: &str) -> usize {
    text.chars().count()
}
