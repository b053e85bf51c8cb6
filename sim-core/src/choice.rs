//! The choices of a process: where they come from, and a record of how they came out.

use std::fmt;

use crate::chance::Chance;
use crate::decide::SharedDecider;
use crate::id::Seat;
use crate::rng::Key;

/// One choice of a handler.
///
/// ```
/// use sim_core::choice::Choice;
/// # use sim_core::{Context, NodeId, example::Highest};
/// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
///
/// cx.script(vec![2]);
/// cx.choose(3);
/// let last = cx.choices()[0];
/// assert_eq!(last, Choice { of: 3, picked: 2 });
/// assert!(last.picked + 1 == last.of, "an explorer has tried all that this one can be");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Choice {
    /// Among how many.
    pub of: u64,
    /// Which it was, from zero.
    pub picked: u64,
}

/// Where a process's choices come from: keyed by (seat, incarnation, ordinal), with or without somebody
/// who has a say in them, or a script.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    source: Source,
    made: Vec<Choice>,
}

#[derive(Clone, Debug)]
enum Source {
    Keyed { key: Key, ordinal: u64 },
    Decided(Box<Decided>),
    Scripted { picks: Vec<u64>, next: usize },
}

/// A seat's choices in which a decider has a say.
#[derive(Clone)]
struct Decided {
    key: Key,
    ordinal: u64,
    seat: Seat,
    decider: SharedDecider,
}

impl fmt::Debug for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decided").field("seat", &self.seat).finish_non_exhaustive()
    }
}

impl Choices {
    pub(crate) const fn keyed(key: Key) -> Self {
        Self { source: Source::Keyed { key, ordinal: 0 }, made: Vec::new() }
    }

    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "only tests and explorers say beforehand what is chosen")
    )]
    pub(crate) const fn scripted(picks: Vec<u64>) -> Self {
        Self { source: Source::Scripted { picks, next: 0 }, made: Vec::new() }
    }

    /// Starts the stream of another incarnation, and keeps the buffer.
    pub(crate) fn rekey(&mut self, key: Key, seat: Seat, decider: Option<&SharedDecider>) {
        self.source = match decider {
            None => Source::Keyed { key, ordinal: 0 },
            Some(decider) => {
                let decider = SharedDecider::clone(decider);
                Source::Decided(Box::new(Decided { key, ordinal: 0, seat, decider }))
            }
        };
        self.made.clear();
    }

    pub(crate) fn made(&self) -> &[Choice] {
        &self.made
    }

    pub(crate) fn forget(&mut self) {
        self.made.clear();
    }

    pub(crate) fn below(&mut self, of: u64) -> u64 {
        assert!(of > 0, "a choice among nothing");
        let picked = match &mut self.source {
            Source::Keyed { key, ordinal } => next(*key, ordinal).below(of),
            Source::Decided(decided) => decided.below(of),
            Source::Scripted { picks, next } => {
                let picked = picks.get(*next).copied().unwrap_or(0);
                *next += 1;
                assert!(picked < of, "the script picks {picked} of {of}");
                picked
            }
        };
        self.made.push(Choice { of, picked });
        picked
    }

    /// To an explorer a chance is a choice between two, whatever its weight.
    pub(crate) fn chance(&mut self, chance: Chance) -> bool {
        let happens = match &mut self.source {
            Source::Keyed { key, ordinal } => next(*key, ordinal).chance(chance),
            Source::Decided(decided) => decided.chance(chance),
            Source::Scripted { .. } => return self.below(2) == 1,
        };
        self.made.push(Choice { of: 2, picked: u64::from(happens) });
        happens
    }

    pub(crate) fn entropy(&mut self) -> u64 {
        match &mut self.source {
            Source::Keyed { key, ordinal } => next(*key, ordinal).word(),
            Source::Decided(decided) => decided.entropy(),
            Source::Scripted { .. } => 0,
        }
    }
}

impl Decided {
    fn below(&mut self, of: u64) -> u64 {
        let drawn = next(self.key, &mut self.ordinal).below(of);
        self.decide(of, drawn)
    }

    fn chance(&mut self, chance: Chance) -> bool {
        let drawn = next(self.key, &mut self.ordinal).chance(chance);
        self.decide(2, u64::from(drawn)) == 1
    }

    fn decide(&self, of: u64, drawn: u64) -> u64 {
        let decided = self.decider.borrow_mut().choice(self.seat, of, drawn);
        if decided < of { decided } else { drawn }
    }

    fn entropy(&mut self) -> u64 {
        let drawn = next(self.key, &mut self.ordinal).word();
        self.decider.borrow_mut().entropy(self.seat, drawn)
    }
}

fn next(key: Key, ordinal: &mut u64) -> crate::rng::Draw {
    *ordinal += 1;
    key.about(*ordinal).draw()
}
