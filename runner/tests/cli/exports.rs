//! `sim replay --export`: each notation is read by a parser of its own, and what was exported is judged
//! by a checker that we did not write.

use std::collections::BTreeMap;

use clojure_reader::edn::{self, Edn};
use serde_json::Value;
use todc_utils::linearizability::WGLChecker;
use todc_utils::linearizability::history::{Action, History};
use todc_utils::specifications::Specification;

use super::place::Place;

/// Clients read from leaders that were cut off. With the flaw `no_read_index` seed 3 is not linearizable.
const STALE: &str = include_str!("../../../scenarios/raft/stale_leader_reads.yaml");
const FLAW: [&str; 2] = ["--set", "config.flaw=no_read_index"];
const REPLAY: [&str; 4] = ["replay", "stale.yaml", "--seed", "3"];

fn place() -> Place {
    let place = Place::new();
    place.write("stale.yaml", STALE);
    place
}

/// What a run is in a notation.
fn exported(place: &Place, notation: &str, more: &[&str], code: i32) -> String {
    place.sim(&[&REPLAY[..], &["--export", notation], more].concat()).ends_with(code).out
}

/// A register that clients of a history in EDN read and write.
struct Register;

/// An operation as it returned, or as it was invoked if nobody knows whether it took place.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Operation {
    Read(Edn<'static>),
    Write(Edn<'static>),
    Cas { expected: Edn<'static>, value: Edn<'static>, may_fail: bool },
}

impl Specification for Register {
    type State = Edn<'static>;
    type Operation = Operation;

    fn init() -> Self::State {
        Edn::Nil
    }

    fn apply(operation: &Operation, state: &Self::State) -> (bool, Self::State) {
        match operation {
            Operation::Read(value) => (value == state, state.clone()),
            Operation::Write(value) => (true, value.clone()),
            Operation::Cas { expected, value, .. } if expected == state => (true, value.clone()),
            Operation::Cas { may_fail, .. } => (*may_fail, state.clone()),
        }
    }
}

/// The lines of a history, each checked against the grammar.
fn maps(text: &str) -> Vec<BTreeMap<Edn<'static>, Edn<'static>>> {
    let read = |line: &str| match edn::read(line).map(|(form, rest)| (form.into_owned(), rest)) {
        Ok((Edn::Map(ref map), "")) => map.clone(),
        other => panic!("{line} is no map: {other:?}"),
    };
    text.lines().map(read).collect()
}

fn field(map: &BTreeMap<Edn<'static>, Edn<'static>>, key: &str) -> Edn<'static> {
    map.get(&Edn::key(key.to_owned())).cloned().unwrap_or_else(|| panic!("{map:?} has no {key}"))
}

fn word(map: &BTreeMap<Edn<'static>, Edn<'static>>, key: &str) -> String {
    match &field(map, key) {
        Edn::Key(word) => word.clone().into_owned(),
        other => panic!("{other:?} is no keyword"),
    }
}

fn items(value: &Edn<'static>) -> Vec<Edn<'static>> {
    match value {
        Edn::Vector(items) => items.clone(),
        other => panic!("{other:?} is no vector"),
    }
}

/// The objects of a history whose operations an independent checker finds in no order.
fn not_linearizable(text: &str) -> Vec<String> {
    let mut objects: BTreeMap<String, Vec<(usize, Action<Operation>)>> = BTreeMap::new();
    let mut open: BTreeMap<usize, (String, Operation)> = BTreeMap::new();
    let mut last = (-1, 0);
    for map in maps(text) {
        let (Edn::Int(index), Edn::Int(time)) = (field(&map, "index"), field(&map, "time")) else {
            panic!("{map:?}");
        };
        assert!(index == last.0 + 1 && time >= last.1, "in order: {map:?}");
        last = (index, time);
        let Edn::Int(process) = field(&map, "process") else { panic!("{map:?}") };
        let process = usize::try_from(process).expect("processes are numbered");
        let [object, value] = &items(&field(&map, "value"))[..] else { panic!("{map:?}") };
        let operation = |may_fail| match word(&map, "f").as_str() {
            "read" => Operation::Read(value.clone()),
            "write" => Operation::Write(value.clone()),
            "cas" => match &items(value)[..] {
                [expected, value] => {
                    Operation::Cas { expected: expected.clone(), value: value.clone(), may_fail }
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other} is no function of a register"),
        };
        let object = format!("{object:?}");
        let actions = objects.entry(object.clone()).or_default();
        match word(&map, "type").as_str() {
            "invoke" => {
                let before = open.insert(process, (object, operation(true)));
                assert_eq!(before, None, "a process does one thing at a time: {map:?}");
                actions.push((process, Action::Call(operation(true))));
            }
            "ok" => {
                open.remove(&process).expect("it was invoked");
                actions.push((process, Action::Response(operation(false))));
            }
            // It had no effect: it was never there.
            "fail" => {
                open.remove(&process).expect("it was invoked");
                let call = actions.iter().rposition(|(of, _)| *of == process);
                actions.remove(call.expect("it was invoked"));
            }
            // It may take place until the end.
            "info" => {}
            other => panic!("{other} is no type"),
        }
    }
    for (process, (object, operation)) in open {
        let actions = objects.entry(object).or_default();
        match operation {
            Operation::Read(_) => {
                let call = actions.iter().rposition(|(of, _)| *of == process);
                actions.remove(call.expect("it was invoked"));
            }
            _ => actions.push((process, Action::Response(operation))),
        }
    }
    let broken = objects.into_iter().filter(|(_, actions)| {
        !WGLChecker::<Register>::is_linearizable(History::from_actions(actions.clone()))
    });
    broken.map(|(object, _)| object).collect()
}

#[test]
fn another_checker_finds_in_a_jepsen_history_what_ours_finds() {
    let place = place();
    let correct = exported(&place, "jepsen", &[], 0);
    assert!(correct.lines().count() > 1_000, "{correct}");
    assert_eq!(not_linearizable(&correct), [""; 0]);
    let flawed = exported(&place, "jepsen", &FLAW, 1);
    assert_eq!(not_linearizable(&flawed), [r#"Key("y")"#], "as our own checker says");
}

#[test]
fn what_did_not_take_place_failed_and_who_knows_nothing_is_another_process() {
    let place = place();
    // Clients that do not wait for a partition to end.
    let hasty = STALE.replace("timeout: 1s, keys: 2", "timeout: 100ms, keys: 20");
    place.write("stale.yaml", &hasty.replace("reply: 2s, ", ""));
    let mix = ["--set", "clients.mix={ put: 1, get: 1, cas: 2 }"];
    let text = exported(&place, "jepsen", &mix, 0);
    assert!(text.contains(":type :fail, :f :cas"), "{text}");
    assert!(text.contains(":type :ok, :f :cas, :value [:x ["), "{text}");
    assert!(text.contains(":type :info"), "somebody gave up");
    assert!(text.contains(":process 5, "), "and was another process than the five from then on");
    assert_eq!(not_linearizable(&text), [""; 0]);
}

#[test]
fn transactions_are_accesses_of_elles() {
    let place = place();
    let text = exported(&place, "elle", &[], 0);
    let mut reads = 0;
    for map in maps(&text) {
        assert_eq!(word(&map, "f"), "txn", "{map:?}");
        for access in items(&field(&map, "value")) {
            match &items(&access)[..] {
                [Edn::Key(function), Edn::Key(_), value] if function == "r" => {
                    reads += usize::from(*value != Edn::Nil);
                }
                [Edn::Key(function), Edn::Key(_), Edn::Int(_)] if function == "w" => {}
                other => panic!("{other:?} is no access"),
            }
        }
    }
    assert!(reads > 100, "{reads}");
    let deletes = ["--export", "elle", "--set", "clients.mix={ delete: 1, get: 1 }"];
    let said = place.sim(&[&REPLAY[..], &deletes].concat()).ends_with(2);
    assert!(said.err.contains("has no words for `delete "), "{}", said.err);
    assert_eq!(said.out, "");
}

#[test]
fn a_history_in_lines_says_what_the_story_says() {
    let place = place();
    let text = exported(&place, "history", &[], 0);
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<Value> = lines.collect();
    let first = &lines[0];
    assert_eq!((&first["id"], &first["asked"]), (&"c1#1".into(), &"get x".into()));
    let reading = &first["reading"];
    assert_eq!((&reading["function"], &reading["object"]), (&"read".into(), &"x".into()));
    assert!(lines.iter().any(|line| line["reading"]["given"] == 4_000_001));
    let found = |line: &Value| line["reading"].get("found").map(|found| found.to_string());
    let told = |line: &Value| line["told"].as_str().map(|told| told.replace("absent", "null"));
    let mut reads = lines.iter().filter(|line| line["reading"]["function"] == "read");
    assert!(reads.all(|line| found(line) == told(line)));
}

#[test]
fn exports_go_into_files_beside_the_story_or_alone_to_standard_output() {
    let place = place();
    let files = ["--export", "jepsen=a/h.edn", "--export", "history=h.jsonl"];
    let said = place.sim(&[&REPLAY[..], &files, &FLAW].concat()).ends_with(1);
    assert!(said.out.contains("VIOLATED: linearizable"), "{}", said.out);
    assert_eq!(place.read("a/h.edn"), exported(&place, "jepsen", &FLAW, 1));
    let mixed = ["--export", "history=h.jsonl", "--export", "elle"];
    let said = place.sim(&[&REPLAY[..], &mixed, &FLAW].concat()).ends_with(1);
    assert!(said.out.starts_with("{:index 0"), "{}", said.out);
    for (wrong, why) in [
        (&["--export", "jepsen", "--export", "elle"][..], "only one format can go to standard"),
        (&["--export", "jepsen=x", "--export", "elle=./x"], "two formats would go to"),
        (&["--export", "edn"], "the formats are jepsen, elle"),
        (&["--export", "elle="], "which file? write elle=FILE"),
        (&["--export", "elle=scenarios"], "scenarios is a folder"),
        (&["--export", "elle", "--as-scenario"], "cannot be used with"),
    ] {
        let said = place.sim(&[&REPLAY[..], wrong].concat()).ends_with(2);
        assert!(said.err.contains(why), "{}", said.err);
    }
}

#[test]
fn a_kept_run_is_exported_as_it_was() {
    let place = place();
    let run = ["run", "stale.yaml", "--seeds", "3..4", "--quiet"];
    let _ = place.sim(&[&run[..], &FLAW].concat()).ends_with(1);
    let kept = "results/stale/failures/linearizable-3.json";
    let said = place.sim(&["replay", kept, "--export", "jepsen"]).ends_with(1);
    assert_eq!(said.out, exported(&place, "jepsen", &FLAW, 1));
}
