//! What failures of one bug have in common: the shape of the last steps before a violation.
//!
//! These are not the last steps of the run, most of which have nothing to do with it, but those that led
//! to one another: the step that broke the property, the one that sent what it handled, and so on back.
//! Of each only what was handled counts, and of the last one the role, so that neither times nor names
//! nor what else went on makes two of one.

use std::collections::BTreeMap;
use std::fmt;

use sim_core::client::Client;
use sim_core::context::Effect;
use sim_core::hash::content;
use sim_core::id::Seat;
use sim_core::protocol::Protocol;
use sim_core::trace::{Cause, Happening, Trace};
use sim_core::{Status, Time};

use crate::names;
use crate::output::words::listed;

/// What the failures of one bug have in common, besides the property that they break.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Signature {
    /// A step broke it: what those that led to it handled, then the role of that step and what it handled.
    Steps(Vec<String>),
    /// No single step did: the roles that there are at the end, each once.
    Roles(Vec<&'static str>),
    /// Something panicked here: `runner/examples/lock.rs:80`.
    Panic(String),
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Steps(steps) if steps.is_empty() => f.write_str("by another run each time"),
            Self::Steps(steps) => write!(f, "by {}", steps.join(" > ")),
            Self::Roles(roles) => write!(f, "with {} at the end", listed(roles)),
            Self::Panic(place) => write!(f, "at {place}"),
        }
    }
}

impl Signature {
    /// The roles of those who are there at the end, in the order of their names.
    pub(crate) fn of_the_end(seats: impl Iterator<Item = (Status, Option<&'static str>)>) -> Self {
        let role = |(status, role): (Status, Option<&'static str>)| match status {
            Status::Paused => "paused",
            _ => role.unwrap_or("down"),
        };
        let mut roles: Vec<&'static str> = seats.map(role).collect();
        roles.sort_unstable();
        roles.dedup();
        Self::Roles(roles)
    }
}

/// How many steps a signature has at most. More of them tell more runs apart, and no more bugs.
const STEPS: usize = 3;

/// Notes which step led to which.
pub(crate) struct Shaper {
    messages: &'static [&'static str],
    steps: Vec<Step>,
    /// The last step of each seat.
    last: BTreeMap<Seat, usize>,
    /// In which step a seat sent what: by the hash of its content.
    sent: BTreeMap<(Seat, u64), usize>,
    /// Who broke something.
    culprit: Option<Seat>,
}

struct Step {
    role: &'static str,
    handled: String,
    led_by: Option<usize>,
}

impl Shaper {
    pub(crate) const fn new(messages: &'static [&'static str]) -> Self {
        Self {
            messages,
            steps: Vec::new(),
            last: BTreeMap::new(),
            sent: BTreeMap::new(),
            culprit: None,
        }
    }

    /// The last steps before the violation; none if there was no violation in the run that was followed.
    pub(crate) fn signature(&self) -> Signature {
        let last = self.culprit.and_then(|seat| self.last.get(&seat).copied());
        let back = std::iter::successors(last, |step| self.steps[*step].led_by);
        let mut steps: Vec<String> =
            back.take(STEPS).map(|step| self.steps[step].handled.clone()).collect();
        if let (Some(step), Some(last)) = (steps.first_mut(), last) {
            *step = format!("{} {step}", self.steps[last].role);
        }
        steps.reverse();
        Signature::Steps(steps)
    }

    fn begin<P: Protocol>(&mut self, seat: Seat, role: &'static str, cause: &Cause<'_, P>) {
        let handled = handled(self.messages, cause);
        let led_by = match cause {
            Cause::Message { from, message } => self.sent.get(&(*from, content(*message))).copied(),
            Cause::Disk { .. } => self.last.get(&seat).copied(),
            Cause::Start { .. } | Cause::Timer { .. } | Cause::Request { .. } => None,
        };
        self.last.insert(seat, self.steps.len());
        self.steps.push(Step { role, handled, led_by });
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Shaper {
    fn happened(&mut self, _: Time, what: &Happening<'_, P, C>) {
        match what {
            Happening::Input { seat, cause, state } => self.begin(*seat, state.role(), cause),
            Happening::Effect { seat, effect: Effect::Send { message, .. } } => {
                if let Some(&step) = self.last.get(seat) {
                    self.sent.insert((*seat, content(message)), step);
                }
            }
            Happening::Violated { violation } => self.culprit = violation.seat,
            _ => {}
        }
    }
}

/// What a handler was called with, in a word: a kind of message, a timer, `start`, `restart`, `request`
/// or `sync`.
pub(crate) fn handled<P: Protocol>(
    messages: &'static [&'static str],
    cause: &Cause<'_, P>,
) -> String {
    match cause {
        Cause::Start { found: None } => "start".into(),
        Cause::Start { found: Some(_) } => "restart".into(),
        Cause::Message { message, .. } => names::message(messages, P::kind(message)).into(),
        Cause::Timer { timer } => names::timer(timer),
        Cause::Request { .. } => "request".into(),
        Cause::Disk { .. } => "sync".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_who_handled_what() {
        let steps = ["Election", "follower RequestVote"].map(String::from).to_vec();
        let shown = |signature: Signature| signature.to_string();
        assert_eq!(shown(Signature::Steps(steps)), "by Election > follower RequestVote");
        assert_eq!(shown(Signature::Steps(Vec::new())), "by another run each time");
        let (up, down) = (Status::Up, Status::Down);
        let seats = [(up, Some("leader")), (up, Some("follower")), (down, None), (down, None)];
        let end = Signature::of_the_end(seats.into_iter());
        assert_eq!(shown(end), "with down, follower and leader at the end");
    }
}
