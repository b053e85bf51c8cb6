//! What a story is made of, before anybody decides how it looks.

use std::collections::BTreeSet;

use sim_core::protocol::Kind;
use sim_core::world::Endpoint;
use sim_core::{RequestId, Time};

use super::paint::Ink;
use super::state::Change;

/// A cause, and what came of it.
pub(super) struct Block {
    pub(super) time: Time,
    /// The number of the event that it is part of.
    pub(super) event: u64,
    /// Who acts; nobody does where something befalls the world.
    pub(super) actor: Option<Endpoint>,
    /// What that one is called.
    pub(super) who: String,
    /// What it is at the moment; empty if there is no word for it.
    pub(super) role: &'static str,
    /// Who acts, sends or receives in it.
    pub(super) involved: BTreeSet<Endpoint>,
    /// The cause first; there is always one.
    pub(super) lines: Vec<Line>,
    /// What the step that ends here made of who acts, if that is to be told.
    pub(super) state: Option<Change>,
}

impl Block {
    /// A state and what it differs in are about as much text as so many lines.
    pub(super) const STATE_LINES: usize = 8;

    /// How many lines' worth of memory it takes.
    pub(super) const fn size(&self) -> usize {
        let state = if self.state.is_some() { Self::STATE_LINES } else { 0 };
        self.lines.len() + state
    }

    /// Whether it is a line across the page.
    pub(super) const fn is_banner(&self) -> bool {
        self.actor.is_none()
    }
}

/// One line.
#[derive(Clone)]
pub(crate) struct Line {
    /// What it is, in a word or an arrow.
    pub(crate) op: String,
    pub(crate) text: String,
    pub(super) sort: Sort,
    pub(super) ink: Ink,
    pub(super) request: Option<RequestId>,
    /// To how many it goes, and to which of them not plainly.
    pub(super) receivers: usize,
    pub(super) fates: Vec<(Endpoint, Odd)>,
    /// It is of interest only to who looks closely.
    pub(super) is_detail: bool,
}

/// What a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sort {
    Message(Kind),
    Client,
    /// An operation of a client begins or is over.
    Operation,
    Timer,
    Disk,
    Start,
    Fault,
    Reached,
    Role,
    Note,
    State,
    Violation,
}

/// What became of a message, other than that it arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Odd {
    Lost,
    Cut,
    Twice,
}

impl Odd {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Cut => "cut",
            Self::Twice => "twice",
        }
    }
}

impl Line {
    pub(super) fn new(
        op: impl Into<String>,
        text: impl Into<String>,
        sort: Sort,
        ink: Ink,
    ) -> Self {
        let (op, text) = (printable(op.into()), printable(text.into()));
        Self {
            op,
            text,
            sort,
            ink,
            request: None,
            receivers: 0,
            fates: Vec::new(),
            is_detail: false,
        }
    }

    /// The same line, about a request.
    pub(super) const fn about(mut self, request: RequestId) -> Self {
        self.request = Some(request);
        self
    }

    /// Whether it is of a kind that somebody asked for by name.
    pub(super) fn is_of_kind(&self, word: &str, messages: &[&str]) -> bool {
        let name = match self.sort {
            Sort::Message(Kind(kind)) => match messages.get(usize::from(kind)) {
                Some(name) => name,
                None => first_word(&self.text),
            },
            Sort::Client | Sort::Operation => "client",
            Sort::Timer => "timer",
            Sort::Disk => "disk",
            Sort::Start => "start",
            Sort::Fault => "fault",
            Sort::Reached => "reached",
            Sort::Role => "role",
            Sort::Note => "note",
            Sort::State => "state",
            Sort::Violation => "violation",
        };
        name.eq_ignore_ascii_case(word)
    }

    /// Whether it stays whatever kinds are asked for.
    pub(super) const fn always_stays(&self) -> bool {
        matches!(self.sort, Sort::Fault | Sort::Violation)
    }
}

/// The text without what would break a line, or worse, play with the terminal.
fn printable(text: String) -> String {
    if text.contains(char::is_control) { text.replace(char::is_control, " ") } else { text }
}

/// The name that a printed value begins with.
fn first_word(text: &str) -> &str {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
    &text[..end.unwrap_or(text.len())]
}
