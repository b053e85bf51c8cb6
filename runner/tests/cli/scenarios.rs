//! Scenarios that are no file, or none that can be read.

use super::place::{Place, RAFT};

/// What is said about a scenario that cannot be read, by every command that reads one.
#[track_caller]
fn refused(place: &Place, path: &str, part: &str) {
    for arguments in [&["run", path][..], &["replay", path, "--seed", "0"]] {
        let said = place.sim(arguments).ends_with(2);
        assert!(said.err.starts_with(&format!("{path}: ")), "{}", said.err);
        assert!(said.err.contains(part), "{path}: {}", said.err);
        assert!(said.err.contains("help: "), "{path}: {}", said.err);
        assert_eq!(said.out, "");
    }
    assert!(!place.at("results").exists(), "nothing ran");
}

#[test]
fn a_scenario_that_is_no_file_says_what_it_is() {
    let place = Place::new();
    refused(&place, "scenarios", "this is a folder, not a scenario");
    refused(&place, "scenarios/agre.yaml", "there is no such file");
    refused(&place, "scenario/ring.yaml", "there is no folder scenario");
    place.write("empty.yaml", "");
    refused(&place, "empty.yaml", "this file is empty");
}

#[test]
fn a_scenario_as_large_as_a_disk_is_refused_without_being_read() {
    let place = Place::new();
    let large = std::fs::File::create(place.at("large.yaml")).expect("a file");
    // A hole: it takes no room.
    large.set_len(1 << 30).expect("a large one");
    refused(&place, "large.yaml", "this file is too large");
    #[cfg(unix)]
    refused(&place, "/dev/zero", "this file is too large");
}

#[test]
#[cfg(unix)]
fn nobody_waits_for_a_pipe_that_nobody_feeds() {
    let place = Place::new();
    let made = std::process::Command::new("mkfifo").arg(place.at("pipe.yaml")).status();
    assert!(made.expect("there is a mkfifo").success());
    refused(&place, "pipe.yaml", "this is a named pipe, not a file");
    std::fs::rename(place.at("pipe.yaml"), place.at("scenarios/pipe.yaml")).expect("moved");
    let list = place.sim(&["list", "scenarios"]).ends_with(0).out;
    assert!(list.contains("scenarios/pipe.yaml         broken: this is a named pipe"), "{list}");
}

#[test]
#[cfg(unix)]
fn a_scenario_may_come_from_another_program() {
    let place = Place::new();
    let run = "\"$SIM\" run /dev/stdin --seeds 2 --quiet";
    let said = place.shell(&format!("cat scenarios/small/agree.yaml | {run}")).ends_with(0);
    assert!(said.out.starts_with("PASSED: "), "{}", said.out);
}

#[test]
#[cfg(unix)]
fn a_scenario_that_may_not_be_read_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.write("locked.yaml", RAFT);
    let locked = place.at("locked.yaml");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).expect("it is ours");
    // Root may read everything.
    if std::fs::read(&locked).is_err() {
        refused(&place, "locked.yaml", "you may not read this file");
    } else {
        let _ = place.sim(&["run", "locked.yaml", "--seeds", "1"]).ends_with(0);
    }
}
