//! The story of one run: what `sim replay` prints.
//!
//! A story is a list of causes, each with what came of it below. It is told after the run, for only
//! then is it known what mattered. It does not judge, and it changes nothing: a run that is followed
//! has the same fingerprint as one that is not.

mod block;
pub(crate) mod cast;
mod ending;
mod hear;
pub(crate) mod notes;
mod opening;
pub(crate) mod paint;
mod select;
pub(crate) mod state;
pub(crate) mod words;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;

use sim_core::client::Client;
use sim_core::trace::{Happening, Trace};
use sim_core::world::{Endpoint, World};
use sim_core::{Duration, Protocol, Seat, Time};

use crate::names::Names;
use crate::outcome::{Outcome, Verdict};
use crate::scenario::suggest;

use block::Block;
use cast::Cast;
use hear::Memory;
use paint::{Brush, Columns};

pub(crate) use notes::listen;
pub(crate) use select::operations_blamed;
pub(crate) use words::headline;

/// Which parts of a story are told, and how.
#[derive(Clone, Debug)]
pub struct StoryOptions {
    /// Nothing before this.
    pub from: Option<Time>,
    /// Nothing after this.
    pub until: Option<Time>,
    /// Only what one of these has to do with: names of nodes or clients. Empty for everybody.
    pub nodes: Vec<String>,
    /// Only lines of these kinds: kinds of messages, or one of [`WORDS`]. Empty for all. Faults and
    /// violations always stay.
    pub kinds: Vec<String>,
    /// Only so much before a violation. If nothing else is chosen, and a run broke something, the
    /// last events before that are told.
    pub around_violation: Option<Duration>,
    /// All of it, even if the run broke something.
    pub everything: bool,
    /// Of what is chosen only what turns the story: faults, crashes, roles, points, what scripted
    /// clients ask and are told, and violations. If nothing is chosen, a run
    /// that broke nothing is told like this.
    pub plot: bool,
    /// Of which nodes the state is told, before and after each step that is told.
    pub states: States,
    /// With colours.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
}

/// Of which nodes a story tells the state.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum States {
    /// Of none.
    #[default]
    None,
    /// Of every node.
    All,
    /// Of these, by name.
    Of(Vec<String>),
}

/// Kinds of lines besides messages, as [`StoryOptions::kinds`] has them.
pub const WORDS: [&str; 9] =
    ["start", "timer", "disk", "client", "fault", "reached", "note", "role", "violation"];

impl Default for StoryOptions {
    fn default() -> Self {
        Self {
            from: None,
            until: None,
            nodes: Vec::new(),
            kinds: Vec::new(),
            around_violation: None,
            everything: false,
            plot: false,
            states: States::None,
            color: false,
            width: 80,
        }
    }
}

impl StoryOptions {
    /// Whether everything that is chosen exists: the nodes of a scenario, so many clients, and its
    /// protocol's kinds of messages.
    ///
    /// # Errors
    /// What does not exist, and what does.
    pub fn check(&self, names: &Names, clients: u32, kinds: &[&str]) -> Result<(), String> {
        for name in &self.nodes {
            let is_client = cast::client(name).is_some_and(|client| client.0 < clients);
            if !is_client && cast::find_node(names, name).is_none() {
                let known = suggest::did_you_mean(name, names.iter(), "The nodes are");
                let clients = match clients {
                    0 => String::from("there are no clients"),
                    1 => String::from("the only client is c1"),
                    _ => format!("the clients are c1 to c{clients}"),
                };
                return Err(format!("no node or client is called `{name}`: {known}; {clients}"));
            }
        }
        if let States::Of(nodes) = &self.states {
            for name in nodes {
                if cast::find_node(names, name).is_none() {
                    let known = suggest::did_you_mean(name, names.iter(), "The nodes are");
                    return Err(format!("no node is called `{name}`: {known}"));
                }
            }
        }
        for word in &self.kinds {
            let known = kinds.iter().chain(&WORDS).copied();
            if !known.clone().any(|kind| kind.eq_ignore_ascii_case(word)) {
                let known = suggest::did_you_mean(word, known, "The kinds of lines are");
                return Err(format!("no line of a story is of the kind `{word}`: {known}"));
            }
        }
        match (self.from, self.until) {
            (Some(from), Some(until)) if from > until => {
                Err(format!("the story would begin at {from}, after its end at {until}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing but the way of telling is chosen.
    pub(crate) const fn is_default(&self) -> bool {
        self.from.is_none()
            && self.until.is_none()
            && self.nodes.is_empty()
            && self.kinds.is_empty()
            && self.around_violation.is_none()
            && !self.everything
            && !self.plot
    }

    /// Whether of this seat the state is told.
    fn tells_state_of(&self, cast: &Cast, seat: Seat) -> bool {
        let end = Endpoint::Seat(seat);
        match &self.states {
            States::None => false,
            States::All => true,
            States::Of(nodes) => nodes.iter().any(|name| cast.ends_called(name).contains(&end)),
        }
    }
}

/// The story of one run.
pub(crate) struct Story {
    options: StoryOptions,
    cast: Cast,
    messages: &'static [&'static str],
    lessons: Vec<&'static str>,
    opening: Vec<String>,
    blocks: VecDeque<Block>,
    /// How many lines are kept, and how many were let go because there were too many.
    lines: usize,
    forgotten: usize,
    memory: Memory,
}

/// Beyond so many lines a story forgets its beginning: about half a gigabyte.
const MOST_LINES: usize = 2_000_000;

impl Story {
    pub(crate) fn new(names: &Names, options: StoryOptions) -> Self {
        Self {
            options,
            cast: Cast::new(names.clone(), World::calm(0, Time::ZERO)),
            messages: &[],
            lessons: Vec::new(),
            opening: Vec::new(),
            blocks: VecDeque::new(),
            lines: 0,
            forgotten: 0,
            memory: Memory::default(),
        }
    }

    /// The names of the kinds of messages, as the protocol counts them. Without them, a message is of
    /// the kind that its printed form begins with.
    pub(crate) const fn speaking(mut self, messages: &'static [&'static str]) -> Self {
        self.messages = messages;
        self
    }

    /// The properties that are to be broken, because the scenario is a lesson.
    pub(crate) fn teaching(mut self, lessons: Vec<&'static str>) -> Self {
        self.lessons = lessons;
        self
    }

    /// The run begins: what its seed drew, if that differs from what its scenario says.
    pub(crate) fn opens(&mut self, seed: u64, world: &World, base: &World) {
        self.cast = Cast::new(self.cast.names.clone().continued(world.nodes), world.clone());
        self.opening = opening::lines(seed, &self.cast, base);
    }

    /// Writes the story: its beginning, the lines that were chosen, and its end.
    pub(crate) fn tell(&self, outcome: &Outcome, out: &mut dyn io::Write) -> io::Result<()> {
        let brush = Brush { color: self.options.color, width: self.options.width.max(40) };
        let violation = match &outcome.verdict {
            Verdict::Violated(violation) => Some(violation),
            Verdict::Passed | Verdict::Inconclusive { .. } => None,
        };
        if violation.is_none() && self.options.around_violation.is_some() {
            brush.paragraph(out, "(nothing was violated)", paint::Ink::Dim)?;
            return ending::write(self, outcome, &brush, out);
        }
        for line in &self.opening {
            brush.paragraph(out, line, paint::Ink::Plain)?;
        }
        let columns = Columns::of(&self.blocks, self.cast.world.end, brush.width);
        brush.legend(out, &columns)?;
        if self.forgotten > 0 {
            let gone = format!(
                "(the first {} lines are not kept: choose a part by its times)",
                self.forgotten
            );
            brush.paragraph(out, &gone, paint::Ink::Dim)?;
        }
        select::selection(self, violation).write(self, &brush, &columns, out)?;
        ending::write(self, outcome, &brush, out)
    }

    /// An event is over: lets go of what nobody will want.
    fn close(&mut self, number: u64, time: Time) {
        self.memory.event_over(number, time);
        notes::clear();
        let (from, until) = (self.options.from, self.options.until);
        while let Some(last) = self.blocks.back()
            && last.event == number
            && (from.is_some_and(|from| last.time < from)
                || until.is_some_and(|until| last.time > until))
        {
            self.lines -= last.size();
            self.blocks.pop_back();
        }
        while self.lines > MOST_LINES
            && let Some(first) = self.blocks.pop_front()
        {
            self.lines -= first.size();
            self.forgotten += first.lines.len();
        }
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Story {
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
        self.hear(time, what);
    }

    fn event_over(&mut self, number: u64, time: Time, _: u64) {
        self.close(number, time);
    }
}
