//! Which part of a story is told.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;

use sim_core::check::Violation;
use sim_core::world::Endpoint;
use sim_core::{RequestId, Time};

use super::Story;
use super::block::{Block, Line, Sort};
use super::paint::{Brush, Columns, Ink};
use crate::output::words::{grouped, many};

/// How much of a story is told before a violation, if nothing is chosen.
const LAST_BLOCKS: usize = 60;
/// How many faults are told of that came before that.
const LAST_FAULTS: usize = 12;
/// A plot tells each time that a point was reached which the run reached so often; of others the first.
const RARELY: u32 = 3;
/// How many events have to be left out of a plot that it says so.
const MANY: usize = 100;

/// What is told.
pub(super) struct Selection {
    /// By block.
    parts: Vec<Part>,
    gaps: Gaps,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Hidden,
    /// These of its lines.
    Lines(Vec<usize>),
    All,
}

/// Whether it is said how much is left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Gaps {
    /// It is not: who asked for a part knows that it is one.
    Untold,
    /// Each time.
    Told,
    /// Where it is much.
    OfManyEvents,
}

/// Chooses what is told, as the options have it.
pub(super) fn selection(story: &Story, violation: Option<&Violation>) -> Selection {
    let options = &story.options;
    let mut parts = asked_for(story);
    if options.plot || options.is_default() && violation.is_none() {
        plot(story, &mut parts);
        return Selection { parts, gaps: Gaps::OfManyEvents };
    }
    let Some(violation) = violation.filter(|_| !options.everything) else {
        return Selection { parts, gaps: Gaps::Untold };
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
        return Selection { parts, gaps: Gaps::Untold };
    }
    Selection { parts, gaps: Gaps::Told }
}

/// What has to do with the nodes, and is of the kinds, that somebody asked for.
fn asked_for(story: &Story) -> Vec<Part> {
    let options = &story.options;
    let nodes = options.nodes.iter();
    let nodes: Vec<Endpoint> = nodes.flat_map(|name| story.cast.ends_called(name)).collect();
    let part = |block: &Block| {
        let involves = |end| block.involved.contains(end);
        let by_node = options.nodes.is_empty() || block.is_banner() || nodes.iter().any(involves);
        if !by_node {
            return Part::Hidden;
        }
        if options.kinds.is_empty() || is_wanted(story, &block.lines[0]) {
            return Part::All;
        }
        let mut lines = lines_of(block, |line| is_wanted(story, line) || line.always_stays());
        if lines.is_empty() {
            return Part::Hidden;
        }
        if lines[0] != 0 {
            lines.insert(0, 0);
        }
        Part::Lines(lines)
    };
    story.blocks.iter().map(part).collect()
}

/// Of what is told already, only what turns the story.
fn plot(story: &Story, parts: &mut [Part]) {
    let mut times: BTreeMap<&str, u32> = BTreeMap::new();
    let lines = story.blocks.iter().flat_map(|block| &block.lines);
    for line in lines.filter(|line| line.sort == Sort::Reached) {
        *times.entry(&line.text).or_default() += 1;
    }
    let mut known = BTreeSet::new();
    let first_scripted = story.cast.world.clients.count;
    let mut turns = |line: &Line| match line.sort {
        Sort::Fault => line.ink != Ink::Dim,
        Sort::Role | Sort::Violation => true,
        Sort::Note => !line.is_detail,
        Sort::Reached => known.insert(line.text.clone()) || times[line.text.as_str()] <= RARELY,
        Sort::Operation => line.request.is_some_and(|id| id.client.0 >= first_scripted),
        Sort::Message(_) | Sort::Client | Sort::Timer | Sort::Disk | Sort::Start | Sort::State => {
            false
        }
    };
    for (part, block) in parts.iter_mut().zip(&story.blocks) {
        let lines = lines_of(block, &mut turns);
        *part = match part {
            Part::All if !lines.is_empty() => Part::Lines(lines),
            _ => Part::Hidden,
        };
    }
}

fn lines_of(block: &Block, mut wanted: impl FnMut(&Line) -> bool) -> Vec<usize> {
    let lines = block.lines.iter().enumerate();
    lines.filter(|(_, line)| wanted(line)).map(|(place, _)| place).collect()
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
        let mut hidden = Hidden::default();
        let mut known = BTreeSet::new();
        let mut told = false;
        for (block, part) in story.blocks.iter().zip(&self.parts) {
            let wanted = |place: usize| match part {
                Part::Hidden => false,
                Part::Lines(lines) => lines.contains(&place),
                Part::All => true,
            };
            if *part == Part::Hidden {
                hidden.add(block);
                continue;
            }
            if hidden.is_worth_telling(self.gaps) {
                brush.gap(out, columns, &hidden.words(self.gaps))?;
            }
            if self.gaps != Gaps::OfManyEvents || hidden.is_worth_telling(self.gaps) {
                hidden = Hidden::default();
            }
            told = true;
            brush.block(out, &story.cast, columns, block, wanted)?;
            if let Some(change) = &block.state {
                // The first time all of it, and then what changes.
                let is_new = block.actor.is_some_and(|actor| known.insert(actor));
                let before = if is_new { change.all_before() } else { Vec::new() };
                brush.state(out, &story.cast, columns, &before, &change.lines())?;
            }
        }
        if hidden.is_worth_telling(self.gaps) {
            brush.gap(out, columns, &hidden.words(self.gaps))?;
        }
        if !told {
            brush.paragraph(out, "(nothing in this run is as chosen)", Ink::Dim)?;
        }
        writeln!(out)
    }
}

/// What is not told between two things that are.
#[derive(Default)]
struct Hidden {
    events: BTreeSet<u64>,
    /// Operations that were over in it.
    answered: u64,
    unanswered: u64,
}

impl Hidden {
    fn add(&mut self, block: &Block) {
        self.events.insert(block.event);
        for line in block.lines.iter().filter(|line| line.sort == Sort::Operation) {
            self.answered += u64::from(line.ink == Ink::Good);
            self.unanswered += u64::from(line.ink == Ink::Doubt);
        }
    }

    fn is_worth_telling(&self, gaps: Gaps) -> bool {
        match gaps {
            Gaps::Untold => false,
            Gaps::Told => !self.events.is_empty(),
            Gaps::OfManyEvents => self.events.len() >= MANY,
        }
    }

    fn words(&self, gaps: Gaps) -> String {
        let events = many(self.events.len() as u64, "event");
        let (answered, unanswered) = (self.answered, self.unanswered);
        match (gaps, answered, unanswered) {
            (Gaps::Untold | Gaps::Told, ..) | (_, 0, 0) => events,
            (_, answered, 0) => format!("{events}, {} answered", many(answered, "operation")),
            (_, 0, not) => format!("{events}, {} not answered", many(not, "operation")),
            (_, answered, not) => {
                format!("{events}, {} answered, {} not", many(answered, "operation"), grouped(not))
            }
        }
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

/// The operations that a verdict is about: those that its first sentence names, with the lines that are
/// indented below it. What follows names others, for comparison.
pub(crate) fn operations_blamed(verdict: &str) -> BTreeSet<RequestId> {
    let mut lines = verdict.lines();
    let sentence: Vec<&str> = lines.next().into_iter().collect();
    let below: Vec<&str> = lines.take_while(|line| line.starts_with(' ')).collect();
    operations_in(&[sentence, below].concat().join("\n"))
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
    fn what_is_left_out_is_counted() {
        let hidden = |events, answered, unanswered| {
            let hidden = Hidden { events: (0..events).collect(), answered, unanswered };
            hidden.is_worth_telling(Gaps::OfManyEvents).then(|| hidden.words(Gaps::OfManyEvents))
        };
        let told = [hidden(99, 9, 9), hidden(100, 0, 0), hidden(1_200, 1, 0), hidden(100, 0, 3)];
        let expected = [
            None,
            Some("100 events"),
            Some("1,200 events, 1 operation answered"),
            Some("100 events, 3 operations not answered"),
        ];
        assert_eq!(told.each_ref().map(Option::as_deref), expected);
        let both = hidden(100, 2_000, 3);
        assert_eq!(both.as_deref(), Some("100 events, 2,000 operations answered, 3 not"));
    }

    #[test]
    fn operations_are_found_in_a_sentence() {
        let named =
            operations_in("c1#7 put x 1 came before (c12#3), and c0#1, c#2, abc1#1 are none.");
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        assert_eq!(named, ["c1#7", "c12#3"]);
    }
}
