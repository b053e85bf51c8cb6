//! Whoever wants a sweep to end.

use std::fs;
use std::process::{Child, Command, Stdio};

use super::place::{Place, RAFT, SIM, Said, files};

const LONG: [&str; 6] =
    ["run", "scenarios/small/agree.yaml", "--seeds", "1_000_000_000", "--jobs", "2"];

/// A sweep that would last for days, once it is under way.
fn sweeping(place: &Place, arguments: &[&str]) -> Child {
    // Signals have their handler before the first thread of the sweep starts.
    started(place, arguments, 4)
}

/// A process that has so many threads at least.
fn started(place: &Place, arguments: &[&str], least: usize) -> Child {
    let mut command = place.command(SIM.as_ref(), arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let id = child.id();
    while threads(id) < least {
        let ended = child.try_wait().expect("it can be asked");
        assert!(ended.is_none(), "it ended before anybody interrupted it: {ended:?}");
        std::thread::yield_now();
    }
    child
}

/// How many threads a process has: itself, who waits for signals, and who runs seeds.
#[cfg(target_os = "linux")]
fn threads(id: u32) -> usize {
    fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count)
}

#[cfg(not(target_os = "linux"))]
fn threads(id: u32) -> usize {
    let listed = Command::new("ps").args(["-M", &id.to_string()]).output().expect("there is a ps");
    String::from_utf8_lossy(&listed.stdout).lines().count().saturating_sub(1)
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.expect("there is a kill").success());
}

fn end_of(child: Child) -> Said {
    Said::of(&child.wait_with_output().expect("it ends"))
}

#[test]
fn whoever_ends_a_sweep_gets_a_summary_of_what_ran() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let place = Place::new();
        let child = sweeping(&place, &LONG);
        send(signal, &child);
        let said = end_of(child).ends_with(code);
        assert_eq!(said.err, "");
        let last = said.out.lines().find(|line| line.starts_with("INTERRUPTED: after "));
        let last = last.unwrap_or_else(|| panic!("it says why: {said:?}"));
        assert!(last.contains(" of 1,000,000,000 seeds; until then"), "{last}");
        let folder = place.at("results/small/agree");
        if folder.exists() {
            let summary = place.json("results/small/agree/summary.json");
            assert_eq!(summary["verdict"], "interrupted");
            assert_eq!(summary["exit_code"], code);
            assert_eq!(files(&folder).len(), 1, "and nothing else is left");
        }
    }
}

#[test]
fn the_second_interrupt_ends_it_at_once() {
    let place = Place::new();
    // One seed that would last for hours: the first interrupt waits for it.
    let hours = ["--for", "100_000h", "--set", "limits.events=1_000_000_000_000"];
    let interrupted = || {
        let mut child = sweeping(&place, &[&LONG[..], &hours].concat());
        // Two signals that arrive together are one, so more may be needed than two.
        while child.try_wait().expect("it can be asked").is_none() {
            send("-INT", &child);
        }
        end_of(child).ends_with(130)
    };
    // If the first came before the seed had begun, there was nothing to wait for.
    let waited = |said: &Said| !said.out.contains("INTERRUPTED: after 0 ");
    let said = (0..50).map(|_| interrupted()).find(waited).expect("a seed had begun in time");
    assert!(said.err.starts_with("INTERRUPTED: twice, so at once"), "{}", said.err);
    assert_eq!(said.out, "");
    assert!(!place.at("results").exists(), "nothing is half written");
}

#[test]
fn a_killed_sweep_leaves_what_was_there() {
    let place = Place::new();
    let _ = place.sim(&["run", "scenarios/small/agree.yaml", "--seeds", "10"]).ends_with(0);
    let before = files(&place.at("results"));
    let child = sweeping(&place, &LONG);
    send("-KILL", &child);
    assert_eq!(end_of(child).code, None, "it had no time for an exit code");
    assert_eq!(files(&place.at("results")), before);
    let _ = place.sim(&["run", "scenarios/small/agree.yaml", "--seeds", "11"]).ends_with(0);
    let summary = place.json("results/small/agree/summary.json");
    assert_eq!(summary["seeds"]["ran"], "11", "the next one takes its place");
}

/// The file is read once, before the first seed: what becomes of it then changes nothing.
#[test]
fn a_scenario_that_vanishes_meanwhile_is_swept_to_the_end() {
    let place = Place::new();
    place.write("brief.yaml", RAFT);
    let child = sweeping(&place, &["run", "brief.yaml", "--seeds", "1_000_000_000", "--quiet"]);
    fs::remove_file(place.at("brief.yaml")).expect("it was there");
    send("-TERM", &child);
    let said = end_of(child).ends_with(143);
    assert!(said.out.starts_with("INTERRUPTED: after "), "{}", said.out);
    let said = place.sim(&["run", "brief.yaml"]).ends_with(2);
    assert!(said.err.starts_with("brief.yaml: there is no such file"), "{}", said.err);
}

#[test]
fn whoever_ends_a_search_gets_the_smallest_scenario_until_then() {
    let place = Place::new();
    let arguments = ["shrink", "scenarios/small/agree.yaml", "--seed", "0", "--out", "small.yaml"];
    let flaw = ["--set", "config.flaw=acknowledged_before_committed"];
    // Who waits for signals is the second thread, and stands up before the search begins.
    let child = started(&place, &[&arguments[..], &flaw].concat(), 2);
    send("-INT", &child);
    let said = end_of(child).ends_with(130);
    assert_eq!(said.last_line(), "INTERRUPTED: it is the smallest until then", "{said:?}");
    let text = place.read("small.yaml");
    assert!(text.contains("# Shrunk (not to the end) from seed 0 of "), "{text}");
    let _ = place.sim(&["run", "small.yaml"]).ends_with(1);
}
