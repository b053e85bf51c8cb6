//! What a person is told about a violation.

use std::fmt;

use super::Model;
use super::search::Stuck;
use crate::history::{Moment, Operation, Outcome};
use crate::id::RequestId;

/// Why a history is not linearizable. Prints as a few lines of at most 80 columns.
///
/// ```
/// # use sim_core::check::linearizable::{Checker, Verdict};
/// # use sim_core::{Simulation, example::{MaxRegister, asking}};
/// // 7 was asked of n0, and then 3 of n1.
/// # let mut run = Simulation::new(asking(&[7, 3]));
/// # run.run();
/// # let verdict = Checker::<MaxRegister>::new(1_000).check(run.history());
/// let Verdict::Violated(found) = verdict else { panic!("n1 has not heard of 7") };
/// let ids: Vec<String> = found.window.iter().map(|entry| entry.id.to_string()).collect();
/// assert_eq!(ids, ["c1#1", "c2#1"]);
/// assert!(found.to_string().starts_with("key () is not linearizable: these 2 fit in no order"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Counterexample {
    /// The key whose operations cannot be ordered.
    pub key: String,
    /// The window: operations that fit in no order, by invocation, even if all others of the key
    /// are excused. Let the window begin in any state that the operations invoked before its first
    /// can make of the initial one: those that had returned by then, each any number of times and
    /// in any order, and of the others each at most once. Let those others that had no part in it,
    /// and all that were invoked later, take effect at any time from their invocation on, with any
    /// result, or never. Let the operations of the window that returned after
    /// [`stuck`](Self::stuck) not have taken effect, as long as they tell what they told if they
    /// did. Even so there is no order; but there is one as soon as any operation of the window is
    /// excused as well, unless the search for a smaller window was cut short.
    pub window: Vec<Entry>,
    /// The operation that could not be placed: whatever the order of what had been invoked when it
    /// returned, it should have been told something else. Part of the window.
    pub stuck: Entry,
    /// The last operations of one order that gets as far as [`stuck`](Self::stuck).
    pub reached: Vec<Placed>,
    /// How many operations that order has in all.
    pub length: usize,
    /// The states in which such orders end; at most a handful, the first that of `reached`.
    pub states: Vec<Misfit>,
}

/// An operation of a counterexample.
///
/// ```
/// # use sim_core::check::linearizable::{Checker, Verdict};
/// # use sim_core::{Simulation, example::{MaxRegister, asking}};
/// # let mut run = Simulation::new(asking(&[7, 3]));
/// # run.run();
/// # let verdict = Checker::<MaxRegister>::new(1_000).check(run.history());
/// # let Verdict::Violated(found) = verdict else { panic!("n1 has not heard of 7") };
/// let entry = &found.window[0];
/// assert_eq!(format!("{}: {} told {}", entry.id, entry.asked, entry.told), "c1#1: 7 told 7");
/// assert!(entry.ended.is_some_and(|ended| ended < found.stuck.invoked), "one after the other");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// Which operation.
    pub id: RequestId,
    /// When it was invoked.
    pub invoked: Moment,
    /// When its client was told; `None` if it never was, so that the operation has no end.
    pub ended: Option<Moment>,
    /// What was asked.
    pub asked: String,
    /// What its client was told.
    pub told: String,
}

/// An operation in an order.
///
/// ```
/// # use sim_core::check::linearizable::{Checker, Verdict};
/// # use sim_core::{Simulation, example::{MaxRegister, asking}};
/// # let mut run = Simulation::new(asking(&[7, 3]));
/// # run.run();
/// # let verdict = Checker::<MaxRegister>::new(1_000).check(run.history());
/// # let Verdict::Violated(found) = verdict else { panic!("n1 has not heard of 7") };
/// let last = found.reached.last().expect("the first operation fits");
/// assert_eq!((&*last.entry.asked, &*last.leaves), ("7", "7"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Which operation. One of unknown outcome stands here if it must have happened.
    pub entry: Entry,
    /// The state after it.
    pub leaves: String,
}

/// A state that does not explain an operation.
///
/// ```
/// # use sim_core::check::linearizable::{Checker, Verdict};
/// # use sim_core::{Simulation, example::{MaxRegister, asking}};
/// # let mut run = Simulation::new(asking(&[7, 3]));
/// # run.run();
/// # let verdict = Checker::<MaxRegister>::new(1_000).check(run.history());
/// # let Verdict::Violated(found) = verdict else { panic!("n1 has not heard of 7") };
/// let misfit = &found.states[0];
/// assert_eq!((&*misfit.state, &*misfit.expected), ("7", "7"));
/// assert_eq!(found.stuck.told, "3");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misfit {
    /// The state.
    pub state: String,
    /// What the client would have been told in it.
    pub expected: String,
}

/// Puts a violation in words.
pub(super) fn explain<M: Model>(
    key: &M::Key,
    operations: &[Operation<M::Operation, M::Result>],
    window: &[u32],
    due: u32,
    stuck: &Stuck<M::State>,
) -> Counterexample {
    let get = |position: u32| &operations[position as usize];
    let misfit = |state: &M::State| Misfit {
        state: format!("{state:?}"),
        expected: format!("{:?}", M::apply(state, &get(due).asked).1),
    };
    let mut state = M::initial(key);
    let mut reached = Vec::new();
    let unseen = stuck.order.len().saturating_sub(REACHED);
    for (place, &position) in stuck.order.iter().enumerate() {
        state = M::apply(&state, &get(position).asked).0;
        if place >= unseen {
            reached.push(Placed { entry: entry(get(position)), leaves: format!("{state:?}") });
        }
    }
    Counterexample {
        key: format!("{key:?}"),
        window: window.iter().map(|&position| entry(get(position))).collect(),
        stuck: entry(get(due)),
        reached,
        length: stuck.order.len(),
        states: stuck.states.iter().map(misfit).collect(),
    }
}

fn entry<O: fmt::Debug, R: fmt::Debug>(operation: &Operation<O, R>) -> Entry {
    Entry {
        id: operation.id,
        invoked: operation.invoked,
        ended: match operation.outcome {
            Outcome::Ok(_) => operation.ended,
            Outcome::Refused | Outcome::Unknown => None,
        },
        asked: format!("{:?}", operation.asked),
        told: operation.outcome.to_string(),
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = fit(&self.key, 24);
        let hidden = self.window.len().saturating_sub(SHOWN);
        match self.window.len() {
            1 => writeln!(f, "key {key} is not linearizable: this fits in no order (ms)")?,
            n => writeln!(f, "key {key} is not linearizable: these {n} fit in no order (ms)")?,
        }
        if hidden > 0 {
            writeln!(f, "  ({hidden} earlier ones are not shown)")?;
        }
        let told = |entry: &Entry| Row::new(entry, format!("told {}", entry.told));
        let left = |placed: &Placed| Row::new(&placed.entry, format!("leaves {}", placed.leaves));
        let window: Vec<_> = self.window[hidden..].iter().map(told).collect();
        let reached: Vec<_> = self.reached.iter().map(left).collect();
        let columns = Columns::of(window.iter().chain(&reached));
        for row in &window {
            columns.line(f, row)?;
        }
        match self.length {
            0 => {}
            1 => writeln!(f, "the longest order:")?,
            n if n == reached.len() => writeln!(f, "the longest order, {n} operations:")?,
            n => writeln!(f, "the longest order, {n} operations, ends:")?,
        }
        for row in &reached {
            columns.line(f, row)?;
        }
        let told = fit(&self.stuck.told, COLUMNS - 30);
        writeln!(f, "no order lets {} be told {told}:", self.stuck.id)?;
        for Misfit { state, expected } in &self.states {
            let (state, expected) = (fit(state, 32), fit(expected, 20));
            writeln!(f, "  in state {state} it would be told {expected}")?;
        }
        Ok(())
    }
}

/// A line of a table, in four columns.
struct Row {
    id: String,
    interval: String,
    asked: String,
    end: String,
}

impl Row {
    fn new(entry: &Entry, end: String) -> Self {
        let millis = |moment: Moment| {
            let micros = moment.time.as_nanos() / 1_000;
            format!("{}.{:03}", micros / 1_000, micros % 1_000)
        };
        let (invoked, ended) = (millis(entry.invoked), entry.ended.map(millis));
        let interval = format!("{invoked}..{}", ended.unwrap_or_default());
        Self { id: entry.id.to_string(), interval, asked: entry.asked.clone(), end }
    }
}

/// How wide the columns are; the last takes what is left.
struct Columns {
    id: usize,
    interval: usize,
    asked: usize,
}

impl Columns {
    fn of<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Self {
        let widest = |of: fn(&Row) -> &String| {
            rows.clone().map(|row| of(row).chars().count()).max().unwrap_or(0)
        };
        let (id, interval) = (widest(|row| &row.id), widest(|row| &row.interval));
        let left = COLUMNS.saturating_sub(id + interval + 8);
        let end = widest(|row| &row.end).min(left / 2);
        Self { id, interval, asked: widest(|row| &row.asked).min(left - end) }
    }

    fn line(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let Self { id, interval, asked } = *self;
        let end = fit(&row.end, COLUMNS.saturating_sub(id + interval + asked + 8));
        let text = fit(&row.asked, asked);
        writeln!(f, "  {:id$}  {:interval$}  {text:asked$}  {end}", row.id, row.interval)
    }
}

/// The text, or as much of it as fits.
fn fit(text: &str, width: usize) -> String {
    let mut short: String = text.chars().take(width).collect();
    if text.chars().nth(width).is_some() {
        short.pop();
        short.push('…');
    }
    short
}

/// How wide the text is at most.
const COLUMNS: usize = 80;

/// How many operations of a window are printed.
const SHOWN: usize = 16;

/// How many operations of the longest order are told of.
const REACHED: usize = 4;
