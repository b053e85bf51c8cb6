//! The choices of a process: where they come from, and a record of how they came out.

use crate::chance::Chance;
use crate::rng::Key;

/// One choice of a handler.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Choice {
    /// Among how many.
    pub of: u64,
    /// Which it was, from zero.
    pub picked: u64,
}

/// Where a process's choices come from: keyed by (seat, incarnation, ordinal), or a script.
#[derive(Clone, Debug)]
pub(crate) struct Choices {
    source: Source,
    made: Vec<Choice>,
}

#[derive(Clone, Debug)]
enum Source {
    Keyed { key: Key, ordinal: u64 },
    Scripted { picks: Vec<u64>, next: usize },
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
    pub(crate) fn rekey(&mut self, key: Key) {
        self.source = Source::Keyed { key, ordinal: 0 };
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
        match &mut self.source {
            Source::Keyed { key, ordinal } => {
                let happens = next(*key, ordinal).chance(chance);
                self.made.push(Choice { of: 2, picked: u64::from(happens) });
                happens
            }
            Source::Scripted { .. } => self.below(2) == 1,
        }
    }

    pub(crate) fn entropy(&mut self) -> u64 {
        match &mut self.source {
            Source::Keyed { key, ordinal } => next(*key, ordinal).word(),
            Source::Scripted { .. } => 0,
        }
    }
}

fn next(key: Key, ordinal: &mut u64) -> crate::rng::Draw {
    *ordinal += 1;
    key.about(*ordinal).draw()
}
