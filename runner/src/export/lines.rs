//! A history in lines of JSON, an object for each operation, in order of invocation. Described in
//! `results/README.md`.

use serde::Serialize;
use serde_json::Value as Json;
use sim_core::history::Value;

use crate::history::Operation;

#[derive(Serialize)]
struct Line<'a> {
    id: String,
    client: String,
    asked: &'a str,
    outcome: &'static str,
    told: Option<&'a str>,
    invoked_ns: u64,
    invoked_order: u64,
    ended_ns: Option<u64>,
    ended_order: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<Reading>,
}

#[derive(Serialize)]
struct Reading {
    function: &'static str,
    object: Option<Json>,
    given: Json,
    /// Of a read that was told: what it found, which may be nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<Json>,
    declined: bool,
}

/// The history in lines.
pub(super) fn history(history: &[Operation]) -> String {
    let lines = history.iter().map(|operation| {
        let reading = operation.reading.as_ref().map(|reading| Reading {
            function: reading.function,
            object: reading.object.as_ref().map(json),
            given: json(&reading.given),
            found: reading.found.as_ref().map(json),
            declined: reading.declined,
        });
        let line = Line {
            id: operation.id.to_string(),
            client: operation.client().to_string(),
            asked: &operation.asked,
            outcome: operation.how.word(),
            told: operation.told.as_deref(),
            invoked_ns: operation.invoked.time.as_nanos(),
            invoked_order: operation.invoked.order,
            ended_ns: operation.ended.map(|moment| moment.time.as_nanos()),
            ended_order: operation.ended.map(|moment| moment.order),
            reading,
        };
        serde_json::to_string(&line).expect("texts and numbers can be written") + "\n"
    });
    lines.collect()
}

fn json(value: &Value) -> Json {
    match value {
        Value::Nil => Json::Null,
        Value::Number(number) => Json::from(*number),
        Value::Name(name) => Json::from(name.as_str()),
        Value::List(values) => values.iter().map(json).collect(),
    }
}
