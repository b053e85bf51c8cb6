//! A history as Jepsen writes it: a map a line for each invocation and each return
//! (<https://github.com/jepsen-io/jepsen>, `jepsen.history`). Knossos reads it, and so do tools that
//! read Jepsen's histories.
//!
//! What is about an object has the value `[object value]`, as `jepsen.independent` has it. Where nobody
//! can say whether an operation took place, Jepsen's process is never heard of again; our client goes on,
//! and so it does under another number.

use std::fmt::Write as _;

use sim_core::history::Moment;

use super::edn::{Edn, is_keyword};
use crate::history::{How, Operation};

/// The history in lines.
pub(super) fn text(history: &[Operation]) -> String {
    written(history, words)
}

/// What an operation does, and its value as it is invoked and as it returned.
pub(super) struct Words {
    pub(super) function: String,
    pub(super) invoked: Edn,
    pub(super) returned: Edn,
}

/// The history in lines, with operations in these words.
pub(super) fn written(history: &[Operation], words: impl Fn(&Operation) -> Words) -> String {
    let mut text = String::new();
    for (index, event) in events(history).into_iter().enumerate() {
        let Words { function, invoked, returned } = words(event.operation);
        let (kind, value) = match event.is_return {
            false => ("invoke", invoked),
            true => match (event.operation.how, declined(event.operation)) {
                (How::Ok, false) => ("ok", returned),
                (How::Ok, true) | (How::Refused, _) => ("fail", invoked),
                (How::Unknown, _) => ("info", invoked),
            },
        };
        let (process, time) = (event.process, event.moment.time.as_nanos());
        let function = Edn::Keyword(function);
        writeln!(
            text,
            "{{:index {index}, :time {time}, :process {process}, :type :{kind}, :f {function}, \
             :value {value}}}"
        )
        .expect("a string takes all");
    }
    text
}

/// Whether it was told that it did nothing: to Jepsen it failed.
fn declined(operation: &Operation) -> bool {
    operation.reading.as_ref().is_some_and(|reading| reading.declined)
}

fn words(operation: &Operation) -> Words {
    let Some(reading) = &operation.reading else {
        // What the protocol does not translate is named by its first word, and printed.
        let name = operation.asked.split_whitespace().next().unwrap_or_default();
        let function = if is_keyword(name) { name.to_lowercase() } else { "operation".to_owned() };
        let invoked = Edn::Text(operation.asked.clone());
        let returned = operation.told.clone().map_or(Edn::Nil, Edn::Text);
        return Words { function, invoked, returned };
    };
    let about = |value: Edn| match &reading.object {
        Some(object) => Edn::Vector(vec![Edn::from(object), value]),
        None => value,
    };
    let given = || Edn::from(&reading.given);
    let returned = match &reading.found {
        Some(found) => Edn::from(found),
        None => given(),
    };
    Words {
        function: reading.function.to_owned(),
        invoked: about(given()),
        returned: about(returned),
    }
}

/// An invocation or a return.
struct Event<'a> {
    moment: Moment,
    is_return: bool,
    process: u64,
    operation: &'a Operation,
}

/// What happened, in order.
fn events(history: &[Operation]) -> Vec<Event<'_>> {
    let clients = history.iter().map(|operation| operation.client().index() + 1).max();
    let clients = clients.unwrap_or(0);
    // The process that each client is at the moment.
    let mut processes: Vec<u64> = (0..clients as u64).collect();
    let mut events = Vec::with_capacity(2 * history.len());
    for operation in history {
        let process = &mut processes[operation.client().index()];
        let event = |moment, is_return| Event { moment, is_return, process: *process, operation };
        events.push(event(operation.invoked, false));
        events.extend(operation.ended.map(|moment| event(moment, true)));
        if operation.how == How::Unknown {
            *process += clients as u64;
        }
    }
    events.sort_by_key(|event| event.moment.order);
    events
}
