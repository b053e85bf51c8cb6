//! Which part of a story is told.

use std::collections::{BTreeSet, VecDeque};
use std::io;

use sim_core::check::Violation;
use sim_core::world::Endpoint;
use sim_core::{RequestId, Time};

use super::Story;
use super::block::{Block, Line, Sort};
use super::paint::{Brush, Columns};

/// How much of a story is told before a violation, if nothing is chosen.
const LAST_BLOCKS: usize = 60;
/// How many faults are told of that came before that.
const LAST_FAULTS: usize = 12;

/// What is told.
pub(super) struct Selection {
    /// By block.
    parts: Vec<Part>,
    /// Whether it is said how much is left out.
    gaps: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Hidden,
    /// The cause, and those lines that are of a kind asked for.
    Some,
    All,
}

/// Chooses what is told, as the options have it.
pub(super) fn selection(story: &Story, violation: Option<&Violation>) -> Selection {
    let options = &story.options;
    let nodes = options.nodes.iter();
    let nodes: Vec<Endpoint> = nodes.flat_map(|name| story.cast.ends_called(name)).collect();
    let asked_for = |block: &Block| {
        let involves = |end| block.involved.contains(end);
        let by_node = options.nodes.is_empty() || block.is_banner() || nodes.iter().any(involves);
        if !by_node {
            return Part::Hidden;
        }
        if options.kinds.is_empty() || is_wanted(story, &block.lines[0]) {
            return Part::All;
        }
        let any = block.lines.iter().any(|line| is_wanted(story, line) || line.always_stays());
        if any { Part::Some } else { Part::Hidden }
    };
    let mut parts: Vec<Part> = story.blocks.iter().map(asked_for).collect();
    let Some(violation) = violation.filter(|_| !options.everything) else {
        return Selection { parts, gaps: false };
    };
    let turn = turn(&story.blocks, violation);
    if let Some(window) = options.around_violation {
        let last = story.blocks.get(turn.saturating_sub(1)).map_or(violation.time, |b| b.time);
        let begins = Time::from_nanos(last.as_nanos().saturating_sub(window.as_nanos()));
        let early = |block: &Block| block.time < begins;
        let parts = parts.iter_mut().zip(&story.blocks);
        parts.filter(|(_, block)| early(block)).for_each(|(part, _)| *part = Part::Hidden);
    } else if options.is_default() {
        parts = most_telling(&story.blocks, turn, &operations_in(&violation.message));
    } else {
        return Selection { parts, gaps: false };
    }
    Selection { parts, gaps: true }
}

impl Selection {
    /// Writes what is told, and how much is not.
    pub(super) fn write(
        &self,
        story: &Story,
        brush: &Brush,
        columns: &Columns,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut hidden = BTreeSet::new();
        let mut told = false;
        for (block, part) in story.blocks.iter().zip(&self.parts) {
            if *part == Part::Hidden {
                hidden.insert(block.event);
                continue;
            }
            if self.gaps && !hidden.is_empty() {
                brush.gap(out, columns, hidden.len() as u64)?;
            }
            hidden.clear();
            told = true;
            brush.block(out, &story.cast, columns, block, |place, line| {
                place == 0 || *part == Part::All || line.always_stays() || is_wanted(story, line)
            })?;
        }
        if self.gaps && !hidden.is_empty() {
            brush.gap(out, columns, hidden.len() as u64)?;
        }
        if !told {
            brush.paragraph(out, "(nothing in this run is as chosen)", super::paint::Ink::Dim)?;
        }
        writeln!(out)
    }
}

fn is_wanted(story: &Story, line: &Line) -> bool {
    let kinds = story.options.kinds.iter();
    kinds.into_iter().any(|kind| line.is_of_kind(kind, story.messages))
}

/// Up to where a story leads to a violation, as a number of blocks: to where it was seen. What was
/// judged after the run went wrong when the last of the operations that it names was over.
fn turn(blocks: &VecDeque<Block>, violation: &Violation) -> usize {
    let seen = |line: &Line| line.sort == Sort::Violation;
    if blocks.back().is_some_and(|block| block.lines.iter().any(seen)) {
        return blocks.len();
    }
    let named = operations_in(&violation.message);
    blocks.iter().rposition(|block| is_of(block, &named)).map_or(blocks.len(), |last| last + 1)
}

/// Whether one of these operations begins or ends.
fn is_of(block: &Block, operations: &BTreeSet<RequestId>) -> bool {
    block.lines.iter().any(|line| {
        let named = line.request.is_some_and(|request| operations.contains(&request));
        line.sort == Sort::Operation && named
    })
}

/// The last blocks up to a turn, the operations that are named, and the last faults before.
fn most_telling(blocks: &VecDeque<Block>, turn: usize, named: &BTreeSet<RequestId>) -> Vec<Part> {
    let first = turn.saturating_sub(LAST_BLOCKS);
    let mut faults_left = LAST_FAULTS;
    let mut parts = vec![Part::Hidden; blocks.len()];
    for (place, (part, block)) in parts.iter_mut().zip(blocks).enumerate().rev() {
        let fault = block.is_banner() && place < first && faults_left > 0;
        faults_left -= usize::from(fault);
        if (first..turn).contains(&place) || fault || is_of(block, named) {
            *part = Part::All;
        }
    }
    parts
}

/// The operations that a text names, as in `c3#17`.
fn operations_in(text: &str) -> BTreeSet<RequestId> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '#');
    words.filter_map(operation).collect()
}

fn operation(word: &str) -> Option<RequestId> {
    let (client, number) = word.strip_prefix('c')?.split_once('#')?;
    let client: u32 = client.parse().ok()?;
    let client = sim_core::id::ClientId(client.checked_sub(1)?);
    Some(RequestId { client, number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_found_in_a_sentence() {
        let named =
            operations_in("c1#7 put x 1 came before (c12#3), and c0#1, c#2, abc1#1 are none.");
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        assert_eq!(named, ["c1#7", "c12#3"]);
    }
}
