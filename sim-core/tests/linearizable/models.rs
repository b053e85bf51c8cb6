//! Sequential specifications: registers, with hints and without, and a list that never forgets.

use super::*;

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Ask {
    Put(char, u64),
    Get(char),
    Delete(char),
    Cas(char, u64, u64),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Told {
    Done,
    Value(Option<u64>),
    Swapped(bool),
}

/// A map of registers.
pub(crate) struct Registers;

impl Model for Registers {
    type Operation = Ask;
    type Result = Told;
    type Key = char;
    type State = Option<u64>;

    fn key(operation: &Ask) -> char {
        match *operation {
            Ask::Put(key, _) | Ask::Get(key) | Ask::Delete(key) | Ask::Cas(key, ..) => key,
        }
    }

    fn initial(_: &char) -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &Ask) -> (Option<u64>, Told) {
        match *operation {
            Ask::Put(_, value) => (Some(value), Told::Done),
            Ask::Get(_) => (*state, Told::Value(*state)),
            Ask::Delete(_) => (None, Told::Done),
            Ask::Cas(_, old, new) if *state == Some(old) => (Some(new), Told::Swapped(true)),
            Ask::Cas(..) => (*state, Told::Swapped(false)),
        }
    }

    fn is_read(operation: &Ask) -> bool {
        matches!(operation, Ask::Get(_))
    }

    fn overwrites(operation: &Ask) -> bool {
        matches!(operation, Ask::Put(..) | Ask::Delete(_))
    }
}

/// The same, and tells the checker nothing that it does not ask.
pub(crate) struct Unhinted;

impl Model for Unhinted {
    type Operation = Ask;
    type Result = Told;
    type Key = char;
    type State = Option<u64>;

    fn key(operation: &Ask) -> char {
        Registers::key(operation)
    }

    fn initial(key: &char) -> Option<u64> {
        Registers::initial(key)
    }

    fn apply(state: &Option<u64>, operation: &Ask) -> (Option<u64>, Told) {
        Registers::apply(state, operation)
    }
}

/// One list that is only ever appended to: a put appends, and tells the length; a get tells the
/// sum. It never forgets, and equal appends are told apart by what they tell.
pub(crate) struct List;

impl Model for List {
    type Operation = Ask;
    type Result = Told;
    type Key = ();
    type State = Vec<u64>;

    fn key(_: &Ask) {}

    fn initial((): &()) -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &Ask) -> (Vec<u64>, Told) {
        let mut after = state.clone();
        let told = match *operation {
            Ask::Put(_, value) | Ask::Cas(_, _, value) => {
                after.push(value);
                after.len() as u64
            }
            Ask::Get(_) | Ask::Delete(_) => state.iter().sum(),
        };
        (after, Told::Value(Some(told)))
    }
}
