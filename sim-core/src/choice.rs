//! The choices of a process: where they come from, and a record of how they came out.

use std::fmt;

use crate::chance::Chance;
use crate::decide::SharedDecider;
use crate::id::Seat;
use crate::rng::{Draw, Key};

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

/// Where the choices of a process come from: keyed by (seat, incarnation, ordinal). What a seat keeps
/// between two steps.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    key: Key,
    ordinal: u64,
}

/// The choices of the process that a context is lent to.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    stream: Stream,
    say: Say,
    made: Vec<Choice>,
}

/// Who says how choices come out.
#[derive(Clone)]
enum Say {
    /// They are drawn.
    Drawn,
    /// They are drawn, and somebody has a say in them.
    Decided { seat: Seat, decider: SharedDecider },
    /// They are given; zero when these are used up.
    #[cfg_attr(
        not(any(test, feature = "testing")),
        expect(dead_code, reason = "only tests and explorers say beforehand what is chosen")
    )]
    Scripted { picks: Vec<u64>, next: usize },
}

impl Stream {
    pub(crate) const fn new(key: Key) -> Self {
        Self { key, ordinal: 0 }
    }

    /// From here on it flows from another key; what was chosen stays counted.
    pub(crate) const fn draw_from(&mut self, key: Key) {
        self.key = key;
    }

    #[inline]
    fn next(&mut self) -> Draw {
        self.ordinal += 1;
        self.key.about(self.ordinal).draw()
    }
}

impl Choices {
    pub(crate) const fn drawn() -> Self {
        Self { stream: Stream::new(Key::new(0)), say: Say::Drawn, made: Vec::new() }
    }

    /// Lets the next choices come out as given.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn script(&mut self, picks: Vec<u64>) {
        self.say = Say::Scripted { picks, next: 0 };
    }

    /// From here on choices come from this stream.
    #[inline]
    pub(crate) const fn draw_from(&mut self, stream: Stream) {
        self.stream = stream;
    }

    /// Where the next choice comes from.
    #[inline]
    pub(crate) const fn stream(&self) -> Stream {
        self.stream
    }

    /// From here on this decider has a say in them, as choices of this seat; or nobody has.
    #[inline]
    pub(crate) fn decided_by(&mut self, decider: Option<&SharedDecider>, seat: Seat) {
        match decider {
            None => self.say = Say::Drawn,
            Some(decider) => {
                self.say = Say::Decided { seat, decider: SharedDecider::clone(decider) };
            }
        }
    }

    pub(crate) fn made(&self) -> &[Choice] {
        &self.made
    }

    pub(crate) fn forget(&mut self) {
        self.made.clear();
    }

    #[inline]
    pub(crate) fn below(&mut self, of: u64) -> u64 {
        let picked = match self.say {
            Say::Drawn => self.stream.next().below(of),
            _ => self.said_below(of),
        };
        self.made.push(Choice { of, picked });
        picked
    }

    #[cold]
    fn said_below(&mut self, of: u64) -> u64 {
        match &mut self.say {
            Say::Drawn => unreachable!("drawn at once"),
            Say::Decided { seat, decider } => {
                let drawn = self.stream.next().below(of);
                decide(decider, *seat, of, drawn)
            }
            Say::Scripted { picks, next } => {
                let picked = picks.get(*next).copied().unwrap_or(0);
                *next += 1;
                assert!(picked < of, "the script picks {picked} of {of}");
                picked
            }
        }
    }

    /// To an explorer a chance is a choice between two, whatever its weight.
    pub(crate) fn chance(&mut self, chance: Chance) -> bool {
        let happens = match &mut self.say {
            Say::Drawn => self.stream.next().chance(chance),
            Say::Decided { seat, decider } => {
                let drawn = self.stream.next().chance(chance);
                decide(decider, *seat, 2, u64::from(drawn)) == 1
            }
            Say::Scripted { .. } => return self.below(2) == 1,
        };
        self.made.push(Choice { of: 2, picked: u64::from(happens) });
        happens
    }

    pub(crate) fn entropy(&mut self) -> u64 {
        match &mut self.say {
            Say::Drawn => self.stream.next().word(),
            Say::Decided { seat, decider } => {
                let drawn = self.stream.next().word();
                decider.borrow_mut().entropy(*seat, drawn)
            }
            Say::Scripted { .. } => 0,
        }
    }
}

/// What is out of range is not taken.
fn decide(decider: &SharedDecider, seat: Seat, of: u64, drawn: u64) -> u64 {
    let decided = decider.borrow_mut().choice(seat, of, drawn);
    if decided < of { decided } else { drawn }
}

impl fmt::Debug for Say {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drawn => "drawn",
            Self::Decided { .. } => "decided",
            Self::Scripted { .. } => "scripted",
        })
    }
}
