//! Decisions that are not drawn, and runs that are written as scenarios.

use super::place::Place;

/// The ring, with decisions about its token.
fn scheduled(decisions: &str) -> Place {
    let place = Place::new();
    let ring = place.read("scenarios/ring.yaml");
    place.write("scenarios/scheduled.yaml", &format!("{ring}schedule:\n{decisions}"));
    place
}

#[test]
fn a_decision_that_was_never_one_is_reported_with_its_line_and_is_no_success() {
    let decisions = "  - message: A -> B Token#2\n    delay: 100ms\n  \
                     - message: B -> A Token#1\n    drop: true\n";
    let place = scheduled(decisions);
    let said = place.ring(&["run", "scenarios/scheduled.yaml"]).ends_with(3);
    assert!(said.out.contains("schedule    message: A -> B Token#2  taken in 20 runs"), "{said:?}");
    assert!(said.out.contains("            message: B -> A Token#1  NEVER TAKEN"), "{said:?}");
    let end =
        "INCONCLUSIVE: `message: B -> A Token#1` (line 10 of the scenario) decided nothing in any";
    assert!(said.words().contains(end), "{}", said.out);
    let summary = place.json("results/scheduled/summary.json");
    assert_eq!(summary["exit_code"], 3);
    assert_eq!(summary["schedule"][0]["runs"], 20);
    assert_eq!(summary["schedule"][1]["anchor"], "message: B -> A Token#1");
    assert_eq!(summary["schedule"][1]["line"], 10);
    let said = place.ring(&["replay", "scenarios/scheduled.yaml", "--seed", "3"]).ends_with(3);
    let idle = "did not take `message: B -> A Token#1` (line 10)";
    assert!(said.words().contains(idle), "{}", said.out);
}

#[test]
fn decisions_that_are_taken_are_a_success() {
    let place = scheduled("  - message: A -> B Token#2\n    delay: 100ms\n");
    let said = place.ring(&["run", "scenarios/scheduled.yaml"]).ends_with(0);
    assert!(said.out.contains("taken in 20 runs"), "{}", said.out);
    let said = place.ring(&["replay", "scenarios/scheduled.yaml", "--seed", "3"]).ends_with(0);
    assert!(!said.out.contains("did not take"), "{}", said.out);
}

#[test]
fn a_run_is_printed_as_a_scenario_that_is_the_same_run() {
    let place = Place::new();
    let replay =
        ["replay", "scenarios/small/agree.yaml", "--seed", "4", "--set", "network.loss=3%"];
    let said = place.sim(&[&replay[..], &["--as-scenario"]].concat()).ends_with(0);
    assert_eq!(said.err, "");
    assert!(said.out.contains("run: { for: 5s, seeds: 4..5 }"), "{}", said.out);
    place.write("scenarios/alone.yaml", &said.out);
    let fingerprint = |arguments: &[&str]| {
        let out = place.sim(arguments).ends_with(0).out;
        out.lines().find(|line| line.starts_with("fingerprint")).map(String::from)
    };
    let alone = fingerprint(&["run", "scenarios/alone.yaml"]);
    let set = ["--seeds", "4..5", "--set", "network.loss=3%"];
    assert_eq!(alone, fingerprint(&[&["run", "scenarios/small/agree.yaml"][..], &set].concat()));
    let story = place.sim(&[&replay[..], &["--as-scenario", "--all"]].concat()).ends_with(2);
    assert!(story.err.contains("cannot be used with"), "{}", story.err);
}

#[test]
fn the_plan_of_a_kept_failure_is_a_scenario_too() {
    let place = Place::new();
    let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
    let _ = place.ring(&[&flaw[..], &["--seeds", "7..8"]].concat()).ends_with(1);
    let path = "results/ring/failures/one_holder-7.json";
    let said = place.ring(&["replay", path, "--as-scenario"]).ends_with(0);
    place.write("scenarios/kept.yaml", &said.out);
    let said = place.ring(&["run", "scenarios/kept.yaml"]).ends_with(1);
    assert!(said.out.contains("one_holder broken by seed 7"), "{}", said.out);
}

/// Two halves of four nodes elect a leader each. Nothing but messages and timers is drawn.
const HALVES: &str = "\
protocol: raft
nodes: [A, B, C, D]
config: { flaw: half_quorum_of_even, election_timeout: 150ms..300ms }
network: { latency: 1ms..10ms, loss: 10%, reorder: 20% }
disk: { fsync: 2ms }
run: { for: 3s, seeds: 0..300 }
expect: { always: [one_leader_per_term] }
";

#[test]
fn what_a_kept_run_decided_otherwise_becomes_a_schedule() {
    let place = Place::new();
    place.write("scenarios/halves.yaml", HALVES);
    let _ = place.sim(&["run", "scenarios/halves.yaml", "--max-failures", "1"]).ends_with(1);
    let failures = place.at("results/halves/failures");
    let file = std::fs::read_dir(failures).expect("it failed").next().expect("one is kept");
    let file = file.expect("an entry").path();
    // To another seed everything that was kept is drawn otherwise.
    let mut kept: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(file).expect("a file")).expect("JSON");
    kept["violation"]["seed"] = "4711".into();
    place.write("old.json", &kept.to_string());
    let said = place.sim(&["replay", "old.json", "--as-scenario"]).ends_with(0);
    assert!(said.out.contains("schedule:") && said.out.contains("seeds: 4711..4712"), "{said:?}");
    place.write("scenarios/again.yaml", &said.out);
    let _ = place.sim(&["run", "scenarios/again.yaml"]).ends_with(1);
    let again = place.json("results/again/failures/one_leader_per_term-4711.json");
    for what in ["time_ns", "event", "node", "message"] {
        assert_eq!(again["violation"][what], kept["violation"][what], "{what}");
    }
    assert_eq!(again["recording"]["trail"], kept["recording"]["trail"]);
    assert_eq!(again["recording"]["decisions"], kept["recording"]["decisions"]);
}
