//! Notations of a whole run, against their grammar and against the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::{events, mermaid, perfetto, shiviz};
use crate::catalogue::Catalogue;
use crate::chronicle::{Chronicle, End, EventId, What};
use crate::scenario::Source;

fn run(scenario: &str, seed: u64) -> Chronicle {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(scenario);
    let source = Source::read(path).expect("it is there");
    let prepared = Catalogue::standard().prepare(&source).unwrap_or_else(|wrong| panic!("{wrong}"));
    prepared.chronicle(seed, None)
}

/// Runs with crashes, copies, losses, clogs and clients; two of them break something.
fn runs() -> Vec<Chronicle> {
    vec![
        run("raft/flaws/no_read_index.yaml", 0),
        run("raft/flaws/duplicate_votes_counted.yaml", 0),
        run("raft/swarm_everything.yaml", 7),
        run("raft/slow_disk.yaml", 0),
    ]
}

#[test]
fn every_line_of_a_diagram_is_a_statement_of_mermaids() {
    for run in runs() {
        let text = mermaid::text(&run);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some("sequenceDiagram"));
        let lanes = run.places.len();
        let is_lane = |name: &str| {
            let number = name.strip_prefix('p').and_then(|number| number.parse::<usize>().ok());
            number.is_some_and(|number| number < lanes)
        };
        let mut arrows = 0;
        for line in lines.map(str::trim) {
            let (statement, text) = line.split_once(": ").unwrap_or((line, ""));
            let codes = ["#34;", "#35;", "#38;", "#59;", "#60;", "#62;", "#92;", "#96;"];
            let rest = codes.iter().fold(text.to_owned(), |text, code| text.replace(code, ""));
            assert!(!rest.contains([';', '#', '<', '>', '&', '"', '`', '\\']), "{line}");
            match statement.split_whitespace().collect::<Vec<_>>()[..] {
                ["participant" | "actor", lane, "as", _] => assert!(is_lane(lane), "{line}"),
                ["Note", "over", over] => assert!(over.split(',').all(is_lane), "{line}"),
                [arrow] => {
                    let ends = arrow.split_once("->>").or_else(|| arrow.split_once("--x"));
                    assert!(ends.is_some_and(|(from, to)| is_lane(from) && is_lane(to)), "{line}");
                    arrows += 1;
                }
                _ => panic!("{line}"),
            }
        }
        assert!(arrows > 0 && text.lines().count() <= 62 + lanes, "{text}");
        assert_eq!(run.violation.is_some(), text.contains("VIOLATED"), "{text}");
    }
}

#[test]
fn a_clock_counts_its_own_events_and_has_heard_of_what_it_depends_on() {
    for run in runs() {
        let text = shiviz::text(&run);
        let mut lines = text.lines();
        assert_eq!(lines.next(), Some(r"(?<host>\S*) (?<clock>{.*})\n(?<event>.*)"));
        assert_eq!(lines.next(), Some(""), "one execution");
        let lines: Vec<&str> = lines.collect();
        let mut heard: BTreeMap<&str, u64> = BTreeMap::new();
        let mut clocks = Vec::new();
        for pair in lines.chunks(2) {
            let (host, clock) = pair[0].split_once(' ').expect("a host and its clock");
            assert!(!host.is_empty() && !pair[1].is_empty());
            let clock: BTreeMap<String, u64> = serde_json::from_str(clock).expect("JSON");
            let own = heard.entry(host).or_default();
            *own += 1;
            assert_eq!(clock[host], *own, "one more for each event of its own: {}", pair[0]);
            let known = clock
                .iter()
                .all(|(of, count)| heard.get(of.as_str()).is_some_and(|it| count <= it));
            assert!(known, "nobody heard of what did not happen: {}", pair[0]);
            clocks.push(clock);
        }
        assert_eq!(clocks.len(), run.events.len());
        let is_after = |one: &BTreeMap<String, u64>, other: &BTreeMap<String, u64>| {
            other.iter().all(|(of, count)| one.get(of).is_some_and(|known| known >= count))
        };
        for id in (0..run.events.len()).map(EventId).step_by(97) {
            let past = run.past(id);
            // Faults do not depend on one another, but to ShiViz the world is a place like any other.
            let others = (0..id.0).map(EventId).step_by(31);
            for other in others.filter(|other| run.event(*other).place.is_some()) {
                let after = is_after(&clocks[id.0], &clocks[other.0]);
                assert_eq!(after, past.contains(&other), "{id:?} {other:?}");
            }
        }
    }
}

#[test]
fn slices_of_a_lane_nest_and_arrows_end_in_slices() {
    for run in runs() {
        let trace: Json = serde_json::from_str(&perfetto::text(&run)).expect("JSON");
        let events = trace["traceEvents"].as_array().expect("a list");
        let nanos = |event: &Json, key: &str| {
            (event[key].as_f64().expect("a number") * 1_000.0).round() as u64
        };
        let mut lanes: BTreeMap<(u64, u64), Vec<(u64, u64)>> = BTreeMap::new();
        let lane = |event: &Json| (event["pid"].as_u64().unwrap(), event["tid"].as_u64().unwrap());
        for event in events.iter().filter(|event| event["ph"] == "X") {
            let (from, length) = (nanos(event, "ts"), nanos(event, "dur"));
            assert!(event["name"].is_string());
            lanes.entry(lane(event)).or_default().push((from, from + length));
        }
        for slices in lanes.values_mut() {
            slices.sort_by_key(|(from, to)| (*from, std::cmp::Reverse(*to)));
            let mut open: Vec<u64> = Vec::new();
            for (from, to) in slices {
                open.retain(|end| end > from);
                assert!(open.iter().all(|end| *end >= *to), "{from}..{to} crosses {open:?}");
                open.push(*to);
            }
        }
        let mut flows: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        for event in events.iter().filter(|event| event["cat"] == "message" && event["ph"] != "i") {
            let at = nanos(event, "ts");
            let slices = &lanes[&lane(event)];
            assert!(slices.iter().any(|(from, to)| *from <= at && at <= *to), "{event}");
            let ends = flows.entry(event["id"].as_u64().unwrap()).or_default();
            ends.push(event["ph"].as_str().unwrap());
        }
        let received = run.messages.iter().filter(|it| matches!(it.end, End::Received(_)));
        assert_eq!(flows.len(), received.count());
        assert!(flows.values().all(|ends| ends == &["s", "f"]));
        let spans = |ph: &str| events.iter().filter(|event| event["ph"] == ph).count();
        let begun =
            |event: &&crate::chronicle::Event| matches!(event.what, What::FaultBegins { .. });
        assert_eq!((spans("b"), spans("e")), (spans("e"), run.events.iter().filter(begun).count()));
    }
}

#[test]
fn lines_of_everything_refer_to_each_other() {
    for run in runs() {
        let text = events::text(&run);
        let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let lines: Vec<Json> = lines.collect();
        let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).collect::<Vec<_>>();
        let (events, messages, operations) = (of("event"), of("message"), of("operation"));
        let counts = [events.len(), messages.len(), operations.len()];
        assert_eq!(counts, [run.events.len(), run.messages.len(), run.operations.len()]);
        assert_eq!(counts.iter().sum::<usize>(), lines.len());
        let names: BTreeSet<String> = run.places.iter().map(|place| run.name(*place)).collect();
        for event in &events {
            let id = event["id"].as_u64().unwrap();
            for cause in ["cause", "before"].iter().filter_map(|key| event[key].as_u64()) {
                assert!(cause < id);
            }
            assert!(event["place"].as_str().is_none_or(|place| names.contains(place)));
            if let Some(message) = event["message"].as_u64() {
                let message = messages[usize::try_from(message).unwrap()];
                assert_eq!(
                    (&message["end"], &message["to"]),
                    (&"received".into(), &event["place"])
                );
                assert_eq!(message["end_ns"], event["time_ns"]);
            }
        }
    }
}
