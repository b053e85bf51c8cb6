//! What a sweep leaves behind, and what it does where it cannot.

use std::fs;
use std::path::Path;

use super::place::{Place, SIM, Said, files};

#[test]
fn what_is_written_does_not_depend_on_the_number_of_threads() {
    let place = Place::new();
    for (jobs, out) in [("1", "one"), ("2", "two"), ("7", "seven")] {
        for scenario in ["scenarios/ring.yaml", "scenarios/small/agree.yaml"] {
            let arguments = ["run", scenario, "--jobs", jobs, "--out", out, "--seeds", "3..40"];
            let _ = place.ring(&arguments).ends_with(0);
        }
        let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
        let _ =
            place.ring(&[&flaw[..], &["--jobs", jobs, "--out", &format!("{out}/bad")]].concat());
    }
    let one = files(&place.at("one"));
    assert_eq!(one.len(), 8, "three summaries and five failures");
    for other in ["two", "seven"] {
        let other = files(&place.at(other));
        assert!(one == other, "the same names, and the same bytes");
    }
}

#[test]
fn kept_failures_replace_those_of_an_earlier_sweep() {
    let place = Place::new();
    let names = || -> Vec<String> {
        let folder = place.at("results/ring/failures");
        files(&folder).iter().map(|(name, _)| name.display().to_string()).collect()
    };
    let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
    let _ = place.ring(&[&flaw[..], &["--max-failures", "2"]].concat()).ends_with(1);
    assert_eq!(names(), ["one_holder-0.json", "one_holder-1.json"]);
    let _ = place.ring(&[&flaw[..], &["--seeds", "50..60", "--max-failures", "1"]].concat());
    assert_eq!(names(), ["one_holder-50.json"]);

    let kept = place.json("results/ring/failures/one_holder-50.json");
    assert_eq!(kept["violation"]["seed"], "50");
    assert_eq!(kept["violation"]["node"], "B");
    let line = "sim replay scenarios/ring.yaml --seed 50 --set config.flaw=keeps_a_copy";
    assert_eq!(kept["replay"], line);
    // The file needs nothing but itself: its text is the scenario, and the run is the same.
    let lines = kept["text"].as_array().expect("a list").iter();
    let lines: Vec<&str> = lines.map(|line| line.as_str().expect("a text")).collect();
    place.write("found.yaml", &lines.join("\n"));
    let again = ["run", "found.yaml", "--seeds", "50..51"];
    let _ = place.ring(&again).ends_with(1);
    let again = place.json("results/found/failures/one_holder-50.json");
    assert_eq!(again["violation"], kept["violation"]);

    let _ = place.ring(&["run", "scenarios/ring.yaml"]).ends_with(0);
    assert!(!place.at("results/ring/failures").exists(), "nothing fails any more");
}

#[test]
fn a_scenario_has_one_path_and_name_however_it_is_typed() {
    let place = Place::new();
    let folder = place.folder.path().file_name().expect("a name").to_string_lossy().into_owned();
    let around = format!("../{folder}/scenarios/small/agree.yaml");
    let mut found = Vec::new();
    for typed in ["scenarios/small/agree.yaml", "./scenarios/small/agree.yaml", &around] {
        let _ = place.sim(&["run", typed, "--seeds", "1", "--quiet"]).ends_with(0);
        found.push(place.read("results/small/agree/summary.json"));
    }
    assert!(found[0].contains(r#""path": "scenarios/small/agree.yaml""#), "{}", found[0]);
    assert!(found.iter().all(|one| *one == found[0]), "{found:#?}");
    let arguments = ["run", "agree.yaml", "--seeds", "1", "--quiet"];
    let mut command = place.command(Path::new(SIM), &arguments);
    let _ = Said::by(command.current_dir(place.at("scenarios/small"))).ends_with(0);
    let inside = place.json("scenarios/small/results/small/agree/summary.json");
    assert_eq!(inside["scenario"]["name"], "small/agree");
}

/// A sweep that cannot begin: nothing ran, so nothing is lost.
#[track_caller]
fn refused(place: &Place, out: &str, why: &str) {
    let said = place.sim(&["run", AGREE, "--out", out]).ends_with(2);
    assert!(said.err.starts_with("error: there is no place for results in "), "{}", said.err);
    assert!(said.err.contains(why), "{}", said.err);
    assert_eq!(said.out, "", "nothing ran");
}

const AGREE: &str = "scenarios/small/agree.yaml";

#[test]
fn where_results_have_no_place_nothing_runs() {
    let place = Place::new();
    place.write("taken", "this is a file, not a folder");
    refused(&place, "taken", "taken is not a folder; --out DIR names another");
    refused(&place, "taken/below", "taken is not a folder");
    assert_eq!(place.read("taken"), "this is a file, not a folder");
    fs::create_dir(place.at("half")).expect("a folder");
    place.write("half/small", "a file where the scenario's folder would be");
    refused(&place, "half", "half/small is not a folder");
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_is_found_out_before_the_sweep() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let place = Place::new();
    symlink("nowhere", place.at("broken")).expect("a link");
    refused(&place, "broken", "broken is not a folder");
    // Nobody can make a folder here, whoever runs this.
    #[cfg(target_os = "linux")]
    refused(&place, "/proc/results", "cannot write to /proc");
    let locked = place.at("locked");
    fs::create_dir(&locked).expect("a folder");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("it is ours");
    // Root may write everywhere.
    if fs::write(locked.join("x"), "").is_err() {
        refused(&place, "locked", "cannot write to locked: Permission denied");
    } else {
        let _ = place.sim(&["run", AGREE, "--out", "locked"]).ends_with(0);
    }
}

/// A limit on the size of files is the disk that is full when the results are there.
#[test]
#[cfg(unix)]
fn a_disk_that_fills_up_costs_the_exit_code_and_not_the_verdict() {
    let place = Place::new();
    let said = place.shell(&format!("ulimit -f 1; exec \"$SIM\" run {AGREE}")).ends_with(2);
    assert_eq!(said.last_line(), "PASSED: all is as expected in 10 runs");
    let why = "error: cannot write results/small/agree/summary.json: ";
    assert!(said.err.starts_with(why), "{}", said.err);
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    assert!(files(&place.at("results")).is_empty(), "no half of a file");

    let _ = place.sim(&["run", AGREE]).ends_with(0);
    let whole = files(&place.at("results"));
    let again = format!("ulimit -f 1; exec \"$SIM\" run {AGREE} --seeds 3..9");
    let _ = place.shell(&again).ends_with(2);
    assert_eq!(files(&place.at("results")), whole, "what was there is there");
}

#[test]
fn what_a_killed_sweep_did_not_finish_goes_with_the_next() {
    let place = Place::new();
    let folder = place.at("results/ring/failures");
    fs::create_dir_all(&folder).expect("folders");
    for unfinished in ["results/ring/.sim-Abc123.tmp", "results/ring/failures/.sim-xyz.tmp"] {
        place.write(unfinished, "{ \"schema\": 1, \"bui");
    }
    place.write("results/ring/notes.txt", "mine");
    let _ = place.ring(&["run", "scenarios/ring.yaml"]).ends_with(0);
    let left = files(&place.at("results"));
    let left: Vec<&Path> = left.iter().map(|(path, _)| path.as_path()).collect();
    assert_eq!(left, [Path::new("ring/notes.txt"), Path::new("ring/summary.json")]);
}
