//! Failures that last: files that were kept once, and are replayed by every build.
//!
//! A change of what is drawn, or of how a run is hashed, must not touch them. A change of what a protocol
//! does may: then `BLESS=1 cargo test -p sim-runner --test failures` keeps them anew, and its message says
//! why. The files of schema 1 are of the build that wrote it last, and stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use serde_json::Value;

/// The failures that are kept: a flaw, the scenario that finds it, the property that it breaks, and
/// decisions that must have been made on the way.
const KEPT: [(&str, &str, &str, &[&str]); 6] = [
    ("vote_not_durable", "raft/lost_vote", "one_vote_per_term", &["crash_points", "syncs"]),
    ("acknowledged_before_committed", "raft/leader_crashes", "acknowledged_is_committed", &[]),
    ("stale_vote_reply", "raft/slow_votes", "one_leader_per_term", &["client_streams"]),
    ("half_quorum_of_even", "raft/even_cluster", "one_leader_per_term", &["timers"]),
    ("no_up_to_date_check", "raft/swarm", "leader_completeness", &["crash_points", "client_gaps"]),
    ("half_quorum_of_even", "raft/schedule", "one_leader_per_term", &[]),
];

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

fn sim(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sim"));
    command.args(arguments).current_dir(tests()).env_remove("CARGO").env("NO_COLOR", "1");
    let output = command.output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // Lines are as wide as they are: what is looked for may be broken in two.
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let words: Vec<&str> = said.split_whitespace().collect();
    (output.status.code().expect("it ends by itself"), words.join(" "))
}

fn replay(file: &Path) -> (i32, String) {
    sim(&["replay", file.to_str().expect("a name in Unicode")])
}

fn read(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
    serde_json::from_str(&text).expect("it is JSON")
}

/// Every file of a folder of failures, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    static BLESSED: Once = Once::new();
    BLESSED.call_once(|| {
        if std::env::var_os("BLESS").is_some() {
            bless();
        }
    });
    let entries = fs::read_dir(tests().join(folder)).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "json")).collect();
    files.sort();
    files
}

/// The failure in which votes of an earlier term are counted.
fn one_file() -> PathBuf {
    let name = "raft_slow_votes-stale_vote_reply.json";
    files("failures").into_iter().find(|file| file.ends_with(name)).expect("it is kept")
}

/// A changed copy of a file, in a folder of its own.
fn doctored(file: &Path, change: impl FnOnce(&mut Value)) -> (tempfile::TempDir, PathBuf) {
    let mut value = read(file);
    change(&mut value);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("doctored.json");
    fs::write(&path, value.to_string()).expect("a file");
    (folder, path)
}

/// The events of a file, each as `since:label`.
fn events(value: &Value) -> Vec<String> {
    let lines = value["recording"]["trail"]["events"].as_array().expect("a list");
    let words = lines.iter().flat_map(|line| line.as_str().expect("a text").split(' '));
    words.map(String::from).collect()
}

fn bless() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("a name in Unicode");
    for (flaw, scenario, property, needs) in KEPT {
        let inside = tests().join(format!("failures/{}.yaml", scenario.replace('/', "_")));
        let path = match inside.exists() {
            true => inside,
            false => tests().join(format!("../../scenarios/{scenario}.yaml")),
        };
        let (path, set) = (path.to_str().expect("Unicode"), format!("config.flaw={flaw}"));
        let _ = sim(&[
            "run",
            path,
            "--set",
            &set,
            "--seeds",
            "200",
            "--out",
            out,
            "--max-failures=200",
        ]);
        let name = path_name(path);
        let kept = fs::read_dir(folder.path().join(&name).join("failures")).expect("it failed");
        let kept = kept.map(|entry| entry.expect("an entry").path());
        let is_wanted = |file: &PathBuf| {
            let value = read(file);
            let has = |lane: &&str| !value["recording"]["decisions"][*lane].is_null();
            value["property"] == property && needs.iter().all(has)
        };
        let mut kept: Vec<PathBuf> = kept.filter(is_wanted).collect();
        kept.sort_by_key(|file| {
            let events = read(file)["violation"]["event"].as_u64().expect("a number");
            // Short, but long enough that something can go wrong on the way.
            (events < 100, events.abs_diff(100), file.clone())
        });
        let shortest = kept.first().unwrap_or_else(|| panic!("{scenario}: no such failure"));
        let to = format!("failures/{}-{flaw}.json", name.replace('/', "_"));
        fs::copy(shortest, tests().join(to)).expect("it is kept");
    }
}

/// As `sim` calls the folder of a scenario's results.
fn path_name(path: &str) -> String {
    let stem = path.trim_end_matches(".yaml");
    match stem.rsplit_once("scenarios/") {
        Some((_, name)) => name.into(),
        None => stem.rsplit_once('/').map_or(stem, |(_, name)| name).into(),
    }
}

#[test]
fn every_failure_that_was_kept_is_still_one() {
    let files = files("failures");
    assert_eq!(files.len(), KEPT.len());
    for file in files {
        let value = read(&file);
        let (code, said) = replay(&file);
        assert_eq!(code, 1, "{file:?}: {said}");
        let property = value["property"].as_str().expect("a text");
        let (event, message) = (&value["violation"]["event"], &value["violation"]["message"]);
        for part in [
            format!("VIOLATED: {property}"),
            format!("in event {event}."),
            message.as_str().expect("a text").lines().next().unwrap_or_default().to_owned(),
        ] {
            assert!(said.contains(&part), "{file:?}: {part}: {said}");
        }
        assert!(fs::metadata(&file).expect("it is there").len() < 100_000, "{file:?} is long");
    }
}

/// With another seed every draw is another one: of the network, the disks, the timers, the clients.
#[test]
fn whatever_a_build_draws_a_kept_failure_stays_the_same_run() {
    for file in files("failures") {
        let (_folder, path) = doctored(&file, |value| {
            value["violation"]["seed"] = "987654321".into();
            value["violation"]["fingerprint"] = "0123456789abcdef".into();
        });
        let (code, said) = replay(&path);
        assert_eq!(code, 1, "{file:?}: {said}");
        assert!(said.contains("were taken from there that this build would draw"), "{said}");
        let property = read(&file)["property"].clone();
        assert!(said.contains(property.as_str().expect("a text")), "{said}");
    }
}

#[test]
fn a_run_that_parts_from_what_was_kept_says_at_which_event() {
    for file in files("failures") {
        let events = events(&read(&file));
        let at = events.len() / 2;
        let (since, label) = events[at].split_once(':').expect("two parts");
        // Then somebody else did something else.
        let (_folder, path) = doctored(&file, |value| {
            let trail = &mut value["recording"]["trail"];
            let labels = trail["labels"].as_array_mut().expect("a list");
            let place = labels.len();
            labels.push("Z never did this".into());
            let mut changed = events.clone();
            changed[at] = format!("{since}:{place}");
            trail["events"] = vec![Value::from(changed.join(" "))].into();
        });
        let (code, said) = replay(&path);
        assert_eq!(code, 3, "{file:?}: {said}");
        let value = read(&file);
        let label = label.parse::<usize>().expect("a number");
        let now = value["recording"]["trail"]["labels"][label].as_str().expect("a text");
        for part in [
            format!("They part at event {}. Then: at ", at + 1),
            "Z never did this. Now: at ".to_owned(),
            now.to_owned(),
        ] {
            assert!(said.contains(&part), "{file:?}: {part}: {said}");
        }
    }
}

#[test]
fn a_decision_that_is_another_one_leads_to_another_event() {
    let file = one_file();
    // The first request of the first client comes a nanosecond late.
    let (_folder, path) = doctored(&file, |value| {
        let gaps = &mut value["recording"]["decisions"]["client_gaps"]["c1"];
        let text = gaps.as_str().expect("a text").to_owned();
        let (first, rest) = text.split_once(' ').expect("several");
        let first = first.parse::<u64>().expect("nanoseconds");
        *gaps = format!("{} {rest}", first + 1).into();
    });
    let value = read(&file);
    let labels = value["recording"]["trail"]["labels"].as_array().expect("a list");
    let asks =
        labels.iter().position(|label| label.as_str().is_some_and(|it| it.starts_with("c1 asks")));
    let asks = format!(":{}", asks.expect("it asks"));
    let first = events(&value).iter().position(|event| event.ends_with(&asks)).expect("it asks");
    let (code, said) = replay(&path);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains(&format!("They part at event {}.", first + 1)), "{said}");
}

#[test]
fn a_run_that_breaks_nothing_any_more_is_not_the_same() {
    let file = one_file();
    let (_folder, path) = doctored(&file, |value| {
        value["property"] = "log_matching".into();
    });
    let (code, said) = replay(&path);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("but then log_matching was broken"), "{said}");
    assert!(said.contains("and now one_leader_per_term is: "), "{said}");
    // The protocol is right now: it does something else.
    let (_folder, path) = doctored(&file, |value| {
        let plan = value["plan"].as_array_mut().expect("a list");
        for line in plan.iter_mut() {
            let right = line.as_str().expect("a text").replace("flaw: stale_vote_reply, ", "");
            *line = right.into();
        }
    });
    let (code, said) = replay(&path);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("They part at event "), "{said}");
}

#[test]
fn a_damaged_file_is_refused_and_says_why() {
    let file = one_file();
    let (_folder, path) = doctored(&file, |value| {
        value["recording"]["trail"]["events"] = vec![Value::from("5:99999")].into();
    });
    let (code, said) = replay(&path);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("its trail has something that is no event"), "{said}");
    let (_folder, path) = doctored(&file, |value| value["schema"] = 99.into());
    let (code, said) = replay(&path);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("it has schema 99, and this build reads 1 to 2"), "{said}");
}

/// Schema 1 had a seed and a fingerprint: such a file is the same run, or says that it is not.
#[test]
fn files_of_schema_1_are_read_and_never_taken_for_what_they_are_not() {
    let files = files("failures/schema_1");
    assert!(!files.is_empty());
    for file in files {
        let value = read(&file);
        assert_eq!(value["schema"], 1);
        let (code, said) = replay(&file);
        match code {
            1 => {
                let message = value["violation"]["message"].as_str().expect("a text");
                assert!(said.contains(message), "{said}");
            }
            3 => assert!(said.contains("A file of schema 1 says nothing more"), "{said}"),
            code => panic!("{file:?} ends with {code}: {said}"),
        }
        let (_folder, path) = doctored(&file, |value| {
            value["violation"]["fingerprint"] = "0123456789abcdef".into();
        });
        let (code, said) = replay(&path);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("that of the failure 0123456789abcdef"), "{said}");
    }
}

#[test]
fn what_the_schedule_brings_about_breaks_only_a_flawed_protocol() {
    let out = tempfile::tempdir().expect("a folder");
    let out = out.path().to_str().expect("a name in Unicode");
    let (code, said) = sim(&["run", "failures/raft_schedule.yaml", "--out", out]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("message: A -> D RequestVote#1 taken in 20 runs"), "{said}");
}
