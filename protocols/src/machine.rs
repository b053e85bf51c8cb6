//! The state machine that a consensus protocol replicates.

use std::fmt;
use std::hash::Hash;

/// A deterministic state machine: the same commands in the same order leave the same state and give
/// the same outputs, on every replica. It knows neither who asks nor who else holds a copy.
///
/// A snapshot of it is a clone.
pub trait Machine: Default + Clone + Eq + Hash + fmt::Debug + 'static {
    /// What it can be told to do.
    type Command: Clone + Eq + Hash + fmt::Debug;
    /// What it says to that.
    type Output: Clone + Eq + Hash + fmt::Debug;

    /// Does it, whatever the state: a command that makes no sense has an output that says so.
    fn apply(&mut self, command: &Self::Command) -> Self::Output;

    /// What it says to a command that only reads; `None` to one that may change something.
    fn read(&self, command: &Self::Command) -> Option<Self::Output>;
}
