//! What a chronicle says agrees with what the run counted.

use std::path::{Path, PathBuf};

use super::*;
use crate::catalogue::{Catalogue, Prepared};
use crate::outcome::Verdict;
use crate::scenario::Source;

fn prepared(scenario: &str) -> Box<dyn Prepared> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(scenario);
    let source = Source::read(&path).expect("it is there");
    Catalogue::standard().prepare(&source).unwrap_or_else(|wrong| panic!("{wrong}"))
}

fn chronicle(scenario: &str, seed: u64) -> Chronicle {
    prepared(scenario).chronicle(seed, None)
}

/// Dangers of every kind: loss, copies, clogs, slow disks, crashes in the midst of a step, pauses.
fn dangerous() -> Vec<Chronicle> {
    let flaws = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/raft/flaws");
    let files = std::fs::read_dir(flaws).expect("they are there");
    let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    let flaws = files.iter().map(|file| (file.to_str().expect("a name"), 0));
    let others = [
        ("raft/swarm_everything.yaml", 1),
        ("raft/swarm_everything.yaml", 7),
        ("raft/snapshot_to_a_laggard.yaml", 3),
        ("raft/slow_disk.yaml", 0),
    ];
    flaws.chain(others).map(|(scenario, seed)| chronicle(scenario, seed)).collect()
}

#[test]
fn an_event_is_younger_than_what_it_depends_on() {
    for chronicle in dangerous() {
        for (id, event) in (0..).map(EventId).zip(&chronicle.events) {
            assert!(chronicle.causes(id).all(|cause| cause < id));
            assert!(chronicle.causes(id).all(|cause| chronicle.event(cause).time <= event.time));
            let before = event.before.map(|before| chronicle.event(before));
            assert!(before.is_none_or(|before| before.place == event.place));
        }
    }
}

#[test]
fn every_message_becomes_what_the_run_counted() {
    let (mut copies, mut down, mut forgotten, mut cut) = (0, 0, 0, 0);
    for chronicle in dangerous() {
        let between_nodes = || chronicle.messages.iter().filter(|it| it.request.is_none());
        let count = |is: &dyn Fn(&Message) -> bool| {
            u64::try_from(between_nodes().filter(|message| is(message)).count()).expect("few")
        };
        let counters = &chronicle.outcome.counters;
        assert_eq!(count(&|it| !it.is_copy), counters.sent);
        assert_eq!(count(&|it| it.is_copy), counters.duplicated);
        assert_eq!(count(&|it| it.end == End::Lost && it.request.is_none()), {
            let clients = chronicle.messages.iter().filter(|it| it.request.is_some());
            counters.lost - clients.filter(|it| it.end == End::Lost).count() as u64
        });
        // Delivered is also what waits for a busy process, and may go with it.
        let received = count(&|it| matches!(it.end, End::Received(_)));
        let lost_waiting = count(&|it| matches!(it.end, End::Forgotten(_)));
        let waits = |it: &Message| {
            let due = it.latency.map(|it_takes| chronicle.event(it.sent).time + it_takes);
            it.end == End::UnderWay && due.is_some_and(|due| due <= chronicle.outcome.ended)
        };
        let waiting = count(&waits);
        assert!(received + lost_waiting <= counters.delivered);
        assert!(counters.delivered <= received + lost_waiting + waiting);
        let all = |is: &dyn Fn(&End) -> bool| {
            chronicle.messages.iter().filter(|message| is(&message.end)).count() as u64
        };
        assert_eq!(all(&|end| matches!(end, End::Down(_))), counters.to_the_down);
        assert_eq!(all(&|end| matches!(end, End::Cut(_))), counters.cut);
        copies += counters.duplicated;
        down += counters.to_the_down;
        cut += counters.cut;
        forgotten += lost_waiting;
    }
    assert!(
        copies > 0 && down > 0 && cut > 0 && forgotten > 0,
        "{copies} {down} {cut} {forgotten}"
    );
}

#[test]
fn what_arrives_was_sent_by_its_sender_to_its_receiver_and_took_its_time() {
    for chronicle in dangerous() {
        for message in &chronicle.messages {
            let End::Received(received) = message.end else { continue };
            let (sent, received) = (chronicle.event(message.sent), chronicle.event(received));
            assert_eq!((sent.place, received.place), (Some(message.from), Some(message.to)));
            let latency = message.latency.expect("it set out");
            assert!(received.time >= sent.time + latency);
        }
    }
}

#[test]
fn timers_ring_because_they_were_set() {
    let mut rang = 0;
    for chronicle in dangerous() {
        for event in &chronicle.events {
            let What::Timer(name) = &event.what else { continue };
            rang += 1;
            let Some(cause) = event.cause.or(event.before) else { panic!("{name} was never set") };
            let sets =
                |effect: &Effect| matches!(effect, Effect::SetTimer { timer, .. } if timer == name);
            assert!(chronicle.event(cause).effects.iter().any(sets), "{name}");
        }
    }
    assert!(rang > 100);
}

#[test]
fn what_steps_changed_adds_up_to_the_state() {
    use std::collections::BTreeMap;
    let chronicle = chronicle("raft/flaws/no_read_index.yaml", 0);
    let mut state: BTreeMap<&str, &str> = BTreeMap::new();
    let of_a = chronicle.events.iter().filter(|it| it.place == Some(chronicle.places[0]));
    for part in of_a.flat_map(|event| &event.changed) {
        match &part.is {
            Some(is) => state.insert(&part.path, is),
            None => state.remove(&*part.path),
        };
    }
    assert_eq!((state["leader"], state["commit"]), ("A", "3"), "{state:?}");
    assert_eq!(state["role[0].nodes[1].matched"], "3", "{state:?}");
}

#[test]
fn a_stale_read_is_blamed_where_it_returned() {
    let chronicle = chronicle("raft/flaws/no_read_index.yaml", 0);
    let violation = chronicle.event(chronicle.violation.expect("it breaks what it must keep"));
    assert!(matches!(&violation.what, What::Violation { property: "linearizable", .. }));
    let blamed: Vec<String> =
        chronicle.operations.iter().filter(|it| it.is_blamed).map(|it| it.id.to_string()).collect();
    assert_eq!(blamed, ["c1#1", "c2#1"]);
    let read = chronicle.operations.iter().max_by_key(|it| it.completed).expect("two");
    assert_eq!((read.asked.as_str(), read.told.as_deref()), ("get z", Some("absent")));
    assert_eq!(violation.cause.or(violation.before), read.completed);
    assert!(matches!(&chronicle.outcome.verdict, Verdict::Violated(_)));
}

#[test]
fn what_led_to_a_stale_read_is_told_from_its_beginning() {
    let chronicle = chronicle("raft/flaws/no_read_index.yaml", 0);
    let suspects = chronicle.suspects();
    let names: Vec<&str> = suspects.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["c1#1", "c2#1"]);
    for (name, end) in &suspects {
        let links = chronicle.led_to(*end);
        assert!(links.is_sorted() && links.last() == Some(end), "{links:?}");
        let begin = &chronicle.event(links[0]).what;
        assert!(matches!(begin, What::Invoked(id) if id.to_string() == *name), "{begin:?}");
    }
}

#[test]
fn who_writes_a_chronicle_changes_nothing() {
    for seed in 0..3 {
        let prepared = prepared("raft/swarm_everything.yaml");
        let run = prepared.worker().run(seed);
        let told = prepared.chronicle(seed, None).outcome;
        assert_eq!((told.fingerprint, told.ended), (run.fingerprint, run.ended));
    }
}
