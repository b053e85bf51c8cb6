//! A key-value store: what the consensus protocols of the catalogue replicate, and what histories
//! of it are judged by.
//!
//! Reads are commands too. Whether they may bypass the log is the protocol's business.

use std::collections::BTreeMap;
use std::fmt;

use sim_core::check::linearizable::{Checker, Model, Verdict};
use sim_core::check::{Judge, Judgement};
use sim_core::history::{Access, History, Reading, Value};
use sim_core::id::RequestId;
use sim_core::rng::Draw;

use crate::machine::Machine;

/// A key. Printed `x`, `y`, `z`, then `k3`, `k4` and so on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u32);

/// What the store can be told to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// Stores a value.
    Put {
        /// Where.
        key: Key,
        /// What.
        value: u64,
    },
    /// Reads a value.
    Get {
        /// Where.
        key: Key,
    },
    /// Forgets a value, if there is one.
    Delete {
        /// Where.
        key: Key,
    },
    /// Stores a value if a certain other one stands there.
    CompareAndSet {
        /// Where.
        key: Key,
        /// What must stand there.
        expected: u64,
        /// What takes its place.
        value: u64,
    },
}

/// What the store says to a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// It is done.
    Done,
    /// This value was read.
    Value(u64),
    /// Nothing is stored there.
    Absent,
    /// Something other than expected is stored there, or nothing; it was left alone.
    Differs,
}

/// The store: one value a key.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Kv {
    values: BTreeMap<Key, u64>,
}

/// The names of the commands, as a scenario's `mix` has them, in the order that [`task`] counts.
pub const OPERATIONS: &[&str] = &["put", "get", "delete", "cas"];

impl Machine for Kv {
    type Command = Command;
    type Output = Output;

    fn apply(&mut self, command: &Command) -> Output {
        let key = command.key();
        let stored = self.values.get_mut(&key);
        let (after, output) = step(stored.as_deref().copied(), command);
        match (stored, after) {
            (Some(stored), Some(value)) => *stored = value,
            (Some(_), None) => drop(self.values.remove(&key)),
            (None, Some(value)) => drop(self.values.insert(key, value)),
            (None, None) => {}
        }
        output
    }

    fn read(&self, command: &Command) -> Option<Output> {
        let value = self.values.get(&command.key()).copied();
        matches!(command, Command::Get { .. }).then(|| step(value, command).1)
    }
}

/// Each key is an object by itself, so histories are judged key by key.
impl Model for Kv {
    type Operation = Command;
    type Result = Output;
    type Key = Key;
    type State = Option<u64>;

    fn key(operation: &Command) -> Key {
        operation.key()
    }

    fn initial(_: &Key) -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &Command) -> (Option<u64>, Output) {
        step(*state, operation)
    }

    fn is_read(operation: &Command) -> bool {
        matches!(operation, Command::Get { .. })
    }

    fn overwrites(operation: &Command) -> bool {
        matches!(operation, Command::Put { .. } | Command::Delete { .. })
    }
}

/// What a command makes of the value that it is about.
const fn step(value: Option<u64>, command: &Command) -> (Option<u64>, Output) {
    match (*command, value) {
        (Command::Put { value, .. }, _) => (Some(value), Output::Done),
        (Command::Get { .. }, Some(value)) => (Some(value), Output::Value(value)),
        (Command::Get { .. }, None) => (None, Output::Absent),
        (Command::Delete { .. }, _) => (None, Output::Done),
        (Command::CompareAndSet { expected, value, .. }, Some(found)) if found == expected => {
            (Some(value), Output::Done)
        }
        (Command::CompareAndSet { .. }, found) => (found, Output::Differs),
    }
}

impl Command {
    /// Which key it is about.
    #[must_use]
    pub const fn key(&self) -> Key {
        match *self {
            Self::Put { key, .. }
            | Self::Get { key }
            | Self::Delete { key }
            | Self::CompareAndSet { key, .. } => key,
        }
    }
}

/// A random command of a kind, as an index into [`OPERATIONS`], about one of so many keys. What it
/// writes, no other request writes.
///
/// # Panics
/// If there is no such operation.
#[must_use]
pub fn task(operation: usize, keys: u32, id: RequestId, draw: &mut Draw) -> Command {
    let key = u32::try_from(draw.below(u64::from(keys.max(1)))).expect("below a u32");
    let key = Key(key);
    match OPERATIONS[operation] {
        "put" => Command::Put { key, value: value_of(id) },
        "get" => Command::Get { key },
        "delete" => Command::Delete { key },
        // What its client wrote last, if that was a write of this key and nobody overwrote it.
        _ => {
            let last = RequestId { number: id.number.saturating_sub(1), ..id };
            Command::CompareAndSet { key, expected: value_of(last), value: value_of(id) }
        }
    }
}

/// The value that a request writes: its own, and readable, `3000017` for `c3#17`.
fn value_of(id: RequestId) -> u64 {
    (u64::from(id.client.0) + 1) * 1_000_000 + u64::from(id.number)
}

/// A command as a script writes it: `put x 1`, `get x`, `delete x`, `cas x 1 2`.
///
/// # Errors
/// What would have been right.
pub fn parse_command(text: &str) -> Result<Command, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match *words.as_slice() {
        ["put", key, value] => {
            Ok(Command::Put { key: parse_key(key)?, value: parse_value(value)? })
        }
        ["get", key] => Ok(Command::Get { key: parse_key(key)? }),
        ["delete", key] => Ok(Command::Delete { key: parse_key(key)? }),
        ["cas", key, expected, value] => Ok(Command::CompareAndSet {
            key: parse_key(key)?,
            expected: parse_value(expected)?,
            value: parse_value(value)?,
        }),
        _ => Err("write `put x 1`, `get x`, `delete x` or `cas x 1 2`".into()),
    }
}

/// An answer as a script expects it: `done`, `absent`, `differs` or the value.
///
/// # Errors
/// What would have been right.
pub fn parse_output(text: &str) -> Result<Output, String> {
    match text.trim() {
        "done" => Ok(Output::Done),
        "absent" => Ok(Output::Absent),
        "differs" => Ok(Output::Differs),
        value => value
            .parse()
            .map(Output::Value)
            .map_err(|_| "write `done`, `absent`, `differs` or the value, such as `1`".into()),
    }
}

fn parse_key(text: &str) -> Result<Key, String> {
    let number = match text {
        "x" => Some(0),
        "y" => Some(1),
        "z" => Some(2),
        _ => text.strip_prefix('k').and_then(|number| number.parse().ok()).filter(|&k| k > 2),
    };
    number.map(Key).ok_or_else(|| format!("`{text}` is no key: write x, y, z, k3, k4, …"))
}

fn parse_value(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no value: write a whole number"))
}

/// How a command reads, with what the store said to it if it is known. What a deletion does to a
/// register no access can say.
#[must_use]
pub fn reading(command: &Command, output: Option<&Output>) -> Reading {
    let object = Value::Name(format!("{:?}", command.key()));
    let at = || object.clone();
    let found = match (command, output) {
        (Command::Get { .. }, Some(Output::Value(value))) => Some(Value::Number(*value)),
        (Command::Get { .. }, Some(Output::Absent)) => Some(Value::Nil),
        _ => None,
    };
    let (function, given, accesses) = match *command {
        Command::Put { value, .. } => {
            let value = Value::Number(value);
            ("write", value.clone(), Some(vec![Access::Write { object: at(), value }]))
        }
        Command::Get { .. } => {
            let read = Access::Read { object: at(), found: found.clone() };
            ("read", Value::Nil, Some(vec![read]))
        }
        Command::Delete { .. } => ("delete", Value::Nil, None),
        Command::CompareAndSet { expected, value, .. } => {
            let [expected, value] = [expected, value].map(Value::Number);
            let was_there = matches!(output, Some(Output::Done));
            let read = Access::Read { object: at(), found: was_there.then(|| expected.clone()) };
            let write = Access::Write { object: at(), value: value.clone() };
            ("cas", Value::List(vec![expected, value]), Some(vec![read, write]))
        }
    };
    let declined = matches!(output, Some(Output::Differs));
    Reading { function, object: Some(object), given, found, declined, accesses }
}

/// Judges histories of the store by linearizability, as a protocol's clients see it: by a model
/// that is the [`Kv`] in essence.
#[must_use]
pub fn linearizable<M: Model + 'static>() -> Box<dyn Judge<M::Operation, M::Result>> {
    Box::new(Linearizable::<M> { checker: Checker::new(BUDGET) })
}

/// How many configurations of one key are explored before the answer is "unknown": some twenty
/// megabytes, and some tens of milliseconds.
const BUDGET: u64 = 200_000;

struct Linearizable<M: Model> {
    checker: Checker<M>,
}

impl<M: Model> Judge<M::Operation, M::Result> for Linearizable<M> {
    fn judge(&mut self, history: &History<M::Operation, M::Result>) -> Judgement {
        match self.checker.check(history) {
            Verdict::Linearizable => Judgement::Holds,
            Verdict::Violated(counterexample) => Judgement::Violated(counterexample.to_string()),
            Verdict::Unknown { explored } => {
                Judgement::Unknown(format!("no answer after {explored} configurations"))
            }
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("x"),
            1 => f.write_str("y"),
            2 => f.write_str("z"),
            number => write!(f, "k{number}"),
        }
    }
}

/// As a script writes it.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, value } => write!(f, "put {key:?} {value}"),
            Self::Get { key } => write!(f, "get {key:?}"),
            Self::Delete { key } => write!(f, "delete {key:?}"),
            Self::CompareAndSet { key, expected, value } => {
                write!(f, "cas {key:?} {expected} {value}")
            }
        }
    }
}

/// As a script writes it.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Value(value) => write!(f, "{value}"),
            Self::Absent => f.write_str("absent"),
            Self::Differs => f.write_str("differs"),
        }
    }
}

impl fmt::Debug for Kv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.values).finish()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::history::Outcome;
    use sim_core::id::ClientId;
    use sim_core::time::Time;

    use super::*;

    fn run(script: &[(&str, &str)]) {
        let mut kv = Kv::default();
        for (command, output) in script {
            let command = parse_command(command).expect("a command");
            assert_eq!(format!("{:?}", Machine::apply(&mut kv, &command)), *output, "{command:?}");
        }
    }

    #[test]
    fn a_store_does_what_it_is_told() {
        run(&[
            ("get x", "absent"),
            ("put x 1", "done"),
            ("get x", "1"),
            ("get y", "absent"),
            ("cas x 2 3", "differs"),
            ("cas x 1 3", "done"),
            ("get x", "3"),
            ("delete x", "done"),
            ("cas x 3 4", "differs"),
            ("get x", "absent"),
        ]);
    }

    #[test]
    fn only_what_changes_nothing_is_read() {
        let mut kv = Kv::default();
        let command = |text| parse_command(text).expect("a command");
        Machine::apply(&mut kv, &command("put x 1"));
        assert_eq!(kv.read(&command("get x")), Some(Output::Value(1)));
        assert_eq!(kv.read(&command("get y")), Some(Output::Absent));
        for text in ["put x 2", "delete x", "cas x 1 2"] {
            assert_eq!(kv.read(&command(text)), None, "{text}");
        }
    }

    #[test]
    fn commands_and_outputs_print_as_they_are_parsed() {
        for text in ["put x 1", "get k3", "delete z", "cas y 1 2"] {
            assert_eq!(format!("{:?}", parse_command(text).expect(text)), text);
        }
        for text in ["done", "absent", "differs", "42"] {
            assert_eq!(format!("{:?}", parse_output(text).expect(text)), text);
        }
    }

    #[test]
    fn what_cannot_be_parsed_says_what_would_have_been_right() {
        for (text, hint) in [
            ("put x", "write `put x 1`"),
            ("put k1 1", "`k1` is no key"),
            ("put x one", "`one` is no value"),
        ] {
            let error = parse_command(text).expect_err(text);
            assert!(error.starts_with(hint), "{text}: {error}");
        }
        assert!(parse_output("maybe").is_err());
    }

    #[test]
    fn a_command_reads_as_what_it_does_to_a_register() {
        let reads = |command: &str, output: Option<&str>| {
            let command = parse_command(command).expect("a command");
            let output = output.map(|output| parse_output(output).expect("an output"));
            reading(&command, output.as_ref())
        };
        let x = || Value::Name("x".into());
        let number = Value::Number;
        let read = |found| vec![Access::Read { object: x(), found }];
        let write = |value| Access::Write { object: x(), value: number(value) };
        assert_eq!(reads("get x", None).accesses, Some(read(None)));
        assert_eq!(reads("get x", Some("7")).accesses, Some(read(Some(number(7)))));
        assert_eq!(reads("get x", Some("absent")).found, Some(Value::Nil));
        assert_eq!(reads("put x 1", None).accesses, Some(vec![write(1)]));
        let cas = reads("cas x 1 2", Some("done"));
        assert_eq!(cas.accesses, Some([read(Some(number(1))), vec![write(2)]].concat()));
        assert!(!cas.declined && reads("cas x 1 2", Some("differs")).declined);
        assert_eq!(reads("delete x", Some("done")).accesses, None);
    }

    #[test]
    fn what_a_request_writes_no_other_request_writes() {
        let id = |client, number| RequestId { client: ClientId(client), number };
        let mut draw = sim_core::rng::Key::new(1).draw();
        let puts = [id(0, 1), id(0, 2), id(1, 1)].map(|id| task(0, 1, id, &mut draw));
        assert_eq!(format!("{puts:?}"), "[put x 1000001, put x 1000002, put x 2000001]");
        assert_eq!(format!("{:?}", task(3, 1, id(0, 2), &mut draw)), "cas x 1000001 1000002");
    }

    #[test]
    fn a_read_of_a_value_that_was_overwritten_before_it_began_is_not_linearizable() {
        let history = |read: Output| {
            let mut history = History::default();
            let script = [("put x 1", Output::Done), ("put x 2", Output::Done), ("get x", read)];
            for (number, (command, output)) in (1..).zip(script) {
                let id = RequestId { client: ClientId(0), number };
                let command = parse_command(command).expect("a command");
                history.invoke(id, command, Time::ZERO);
                history.complete(id.client, Outcome::Ok(output), Time::ZERO);
            }
            history
        };
        let mut judge = linearizable::<Kv>();
        assert_eq!(judge.judge(&history(Output::Value(2))), Judgement::Holds);
        assert!(matches!(judge.judge(&history(Output::Value(1))), Judgement::Violated(_)));
    }
}
