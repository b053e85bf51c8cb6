//! What of a protocol's words runs came to: who handled what in which role, and which roles turned into
//! which. Whoever asks for it follows the run; nobody else pays.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::Time;
use sim_core::client::Client;
use sim_core::id::Seat;
use sim_core::protocol::Protocol;
use sim_core::trace::{Happening, Trace};

use crate::signature::handled;
use crate::summary::Reached;

/// The words of a protocol that a run may come to.
#[derive(Clone, Default, Debug)]
pub struct Words {
    /// The words for roles.
    pub roles: &'static [&'static str],
    /// The kinds of messages.
    pub messages: &'static [&'static str],
    /// The names of timers; none if the protocol does not say.
    pub timers: &'static [&'static str],
    /// The points.
    pub points: Vec<&'static str>,
}

/// What runs came to.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Coverage {
    /// Who handled what: by role, and by what was handled.
    pub handled: BTreeMap<(&'static str, String), Reached>,
    /// Which role turned into which, by what was handled then.
    pub turns: BTreeMap<(&'static str, &'static str, String), Reached>,
}

impl Coverage {
    /// Adds what other runs came to.
    pub fn add(&mut self, other: &Self) {
        add(&mut self.handled, &other.handled);
        add(&mut self.turns, &other.turns);
    }

    /// The words that no run came to, by sort. Points are counted elsewhere: these were reached.
    #[must_use]
    pub fn never(
        &self,
        words: &Words,
        reached: &BTreeMap<&'static str, Reached>,
    ) -> Vec<(&'static str, Vec<&'static str>)> {
        let roles: BTreeSet<&str> = self.handled.keys().map(|(role, _)| *role).collect();
        let turned: BTreeSet<&str> = self.turns.keys().map(|(_, into, _)| *into).collect();
        let what: BTreeSet<&str> = self.handled.keys().map(|(_, what)| what.as_str()).collect();
        let is_role = |word: &&str| roles.contains(word) || turned.contains(word);
        let is_handled = |word: &&str| what.contains(word);
        let is_reached = |word: &&str| reached.contains_key(word);
        [
            ("roles", unseen(words.roles, is_role)),
            ("messages", unseen(words.messages, is_handled)),
            ("timers", unseen(words.timers, is_handled)),
            ("points", unseen(&words.points, is_reached)),
        ]
        .into_iter()
        .filter(|(_, words)| !words.is_empty())
        .collect()
    }
}

fn add<K: Ord + Clone>(sums: &mut BTreeMap<K, Reached>, others: &BTreeMap<K, Reached>) {
    for (key, other) in others {
        let sum = sums.entry(key.clone()).or_default();
        sum.times += other.times;
        sum.seeds += other.seeds;
    }
}

fn unseen(words: &[&'static str], is_seen: impl Fn(&&str) -> bool) -> Vec<&'static str> {
    words.iter().copied().filter(|word| !is_seen(word)).collect()
}

/// Notes what one run comes to.
pub(crate) struct Survey {
    messages: &'static [&'static str],
    coverage: Coverage,
    /// What each seat handles, and the role in which it began.
    under_way: BTreeMap<Seat, (&'static str, String)>,
}

impl Survey {
    pub(crate) fn new(messages: &'static [&'static str]) -> Self {
        Self { messages, coverage: Coverage::default(), under_way: BTreeMap::new() }
    }

    /// What the run came to.
    pub(crate) fn coverage(&mut self) -> Coverage {
        let mut coverage = std::mem::take(&mut self.coverage);
        coverage
            .handled
            .values_mut()
            .chain(coverage.turns.values_mut())
            .for_each(|it| it.seeds = 1);
        coverage
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Survey {
    fn happened(&mut self, _: Time, what: &Happening<'_, P, C>) {
        match what {
            Happening::Input { seat, cause, state } => {
                let began = (state.role(), handled(self.messages, cause));
                self.coverage.handled.entry(began.clone()).or_default().times += 1;
                self.under_way.insert(*seat, began);
            }
            // A step that a crash cut comes to no other role: its process is gone.
            Happening::Stepped { seat, state } => {
                let Some((role, what)) = self.under_way.remove(seat) else { return };
                if role != state.role() {
                    let turn = (role, state.role(), what);
                    self.coverage.turns.entry(turn).or_default().times += 1;
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_run_came_to_is_known_by_its_word() {
        let mut coverage = Coverage::default();
        let once = Reached { times: 3, seeds: 1 };
        coverage.handled.insert(("follower", String::from("Election")), once);
        let turn = ("follower", "candidate", String::from("Election"));
        coverage.turns.insert(turn.clone(), once);
        let words = Words {
            roles: &["follower", "candidate", "leader"],
            messages: &["Vote"],
            timers: &["Election"],
            points: vec!["elected"],
        };
        let never = |reached: &[&'static str]| {
            let reached = reached.iter().map(|point| (*point, once)).collect();
            coverage.never(&words, &reached)
        };
        let unseen = [("roles", vec!["leader"]), ("messages", vec!["Vote"])];
        assert_eq!(never(&["elected"]), unseen);
        assert_eq!(never(&[]).last(), Some(&("points", vec!["elected"])));
        let mut twice = coverage.clone();
        twice.add(&coverage);
        assert_eq!(twice.turns[&turn], Reached { times: 6, seeds: 2 });
    }
}
