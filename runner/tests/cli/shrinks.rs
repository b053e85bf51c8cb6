//! A failing seed becomes the smallest scenario that fails in the same way.

use std::path::Path;

use super::place::{Place, Said};

/// Three nodes, of which one is cut off and another crashes; with the flaw, what was answered is lost.
const LOSES: &str = "\
about: What is answered stays.
protocol: raft
nodes: [A, B, C]
config: { flaw: acknowledged_before_committed, election_timeout: 150ms..300ms }
network: { latency: 1ms..10ms, loss: 1% }
disk: { fsync: 2ms }
clients: { count: 2, rate: 20/s, timeout: 1s, mix: { put: 50%, get: 50% } }
faults:
  - { partition: 'A | B,C', at: 1s, until: 2s }
  - { crash: B, at: 2500ms, until: 3s }
run: { for: 5s, seeds: 0..20 }
expect: { always: [one_leader_per_term, acknowledged_is_committed, linearizable] }
";

fn place() -> Place {
    let place = Place::new();
    place.write("scenarios/loses.yaml", LOSES);
    place
}

const SHRINK: [&str; 4] = ["shrink", "scenarios/loses.yaml", "--seed", "3"];

/// The file of the run that is shrunk, where nobody says otherwise.
const FILE: &str = "results/loses/failures/acknowledged_is_committed-3.yaml";

#[track_caller]
fn shrunk(place: &Place, more: &[&str]) -> Said {
    place.sim(&[&SHRINK[..], more].concat()).ends_with(0)
}

#[test]
fn a_failing_seed_becomes_a_small_scenario_that_fails() {
    let place = place();
    let said = shrunk(&place, &[]);
    assert_eq!(said.err, "", "nobody looks at a bar that is not on a terminal");
    let mut lines = said.out.lines().filter(|line| line.trim() != said.replay_line());
    assert!(lines.all(|line| line.chars().count() <= 80), "{}", said.out);
    assert_eq!(said.last_line(), "SHRUNK: nothing more can be taken away");
    assert!(said.out.contains("every seed fails"), "{}", said.out);
    let text = place.read(FILE);
    let begins = "# acknowledged_is_committed does not hold under the flaw \
                  acknowledged_before_committed: ";
    assert!(text.starts_with(begins), "{text}");
    assert!(
        text.contains("# Shrunk from seed 3 of scenarios/loses.yaml:\n#   from 2 faults, "),
        "{text}"
    );
    assert!(text.contains(&format!("\n#   sim replay {FILE} --seed 0\n")), "{text}");
    // A person can act it out.
    let no_more = ["faults:", "clients:", "disk:", "loss:", "ms.."];
    assert!(!no_more.iter().any(|part| text.contains(part)), "{text}");
    assert_eq!(text.matches("do: ").count(), 1, "{text}");
    // `BLESS=1` writes it anew, and the diff is the review.
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shrunk.yaml");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&golden, &text).expect("it can be written");
    }
    assert_eq!(text, std::fs::read_to_string(&golden).unwrap_or_default().replace("\r\n", "\n"));
    let _ = place.sim(&["run", FILE]).ends_with(1);
    let told = place.sim(&["replay", FILE, "--seed", "0"]).ends_with(1);
    assert!(told.out.contains("VIOLATED: acknowledged_is_committed"), "{}", told.out);
    // What it takes is in the file, and in no seed.
    let many = place.sim(&["run", FILE, "--seeds", "200"]).ends_with(1);
    assert!(many.out.contains("broken in 200 of 200 runs"), "{}", many.out);
    // Without the flaw nothing is wrong with it.
    let correct = place.sim(&["run", FILE, "--set", "config.flaw=none"]);
    assert!(!correct.out.contains("FAILED"), "{}", correct.out);
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let place = place();
    for (jobs, file) in [("1", "one.yaml"), ("2", "one.yaml"), ("3", "one.yaml")] {
        for runs in ["700", "100_000"] {
            let out = format!("{runs}/{jobs}/{file}");
            let _ = shrunk(&place, &["--jobs", jobs, "--runs", runs, "--out", &out]);
            let same = |jobs: &str| place.read(&format!("{runs}/{jobs}/{file}"));
            let replay =
                |text: String| text.replace(&format!("{runs}/{jobs}/"), &format!("{runs}/1/"));
            assert_eq!(replay(same(jobs)), same("1"), "{runs} runs, {jobs} threads");
        }
    }
}

#[test]
fn what_does_not_fail_is_not_shrunk() {
    let place = place();
    let correct = ["--set", "config.flaw=none"];
    let said = place.sim(&[&SHRINK[..], &correct].concat()).ends_with(3);
    let why = "seed 3 of scenarios/loses.yaml breaks nothing: there is nothing to shrink\n";
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", why));
    assert!(!place.at("results").exists());
    let said = place.sim(&["shrink", "scenarios/loses.yaml"]).ends_with(2);
    assert!(said.err.contains("which seed? say it: --seed 0"), "{}", said.err);
    let said = place.sim(&[&SHRINK[..], &["--out", "scenarios"]].concat()).ends_with(2);
    assert!(said.err.contains("scenarios is a folder: name a file in it"), "{}", said.err);
    let itself = ["--out", "./scenarios/../scenarios/loses.yaml"];
    let said = place.sim(&[&SHRINK[..], &itself].concat()).ends_with(2);
    assert!(said.err.contains("would take the place of what is shrunk"), "{}", said.err);
    assert_eq!(place.read("scenarios/loses.yaml"), LOSES);
}

#[test]
fn a_budget_ends_it_with_the_smallest_until_then() {
    let place = place();
    for budget in [["--runs", "1"], ["--runs", "60"], ["--budget", "1ms"]] {
        let said = shrunk(&place, &budget);
        let end = "SHRUNK: as far as the budget went: --budget, --runs";
        assert_eq!(said.last_line(), end, "{budget:?}: {}", said.out);
        let text = place.read(FILE);
        assert!(text.contains("# Shrunk (not to the end) from seed 3 of "), "{text}");
        let runs = said.out.lines().find_map(|line| line.strip_prefix("tried ")).expect("runs");
        if budget[0] == "--runs" {
            let number = runs.trim().split(' ').next().and_then(|word| word.parse::<u64>().ok());
            assert!(number.is_some_and(|number| number <= budget[1].parse().unwrap()), "{runs}");
        }
        let replay: Vec<&str> =
            said.replay_line().split(' ').skip_while(|word| *word != "replay").collect();
        let _ = place.sim(&replay).ends_with(1);
    }
}

#[test]
fn a_kept_failure_is_shrunk_beside_its_file() {
    let place = place();
    let _ = place.sim(&["run", "scenarios/loses.yaml", "--seeds", "3..4"]).ends_with(1);
    let kept = "results/loses/failures/acknowledged_is_committed-3.json";
    let said = place.sim(&["shrink", kept, "--runs", "3000"]).ends_with(0);
    assert!(said.out.contains(&format!("file        {FILE}\n")), "{}", said.out);
    let _ = place.sim(&["run", FILE]).ends_with(1);
    // As a build would that draws everything otherwise: what the file kept is what is shrunk.
    let mut other = place.json(kept);
    other["violation"]["seed"] = "4711".into();
    place.write("old.json", &other.to_string());
    let said = place.sim(&["shrink", "old.json", "--runs", "3000"]).ends_with(0);
    assert!(said.out.contains("breaks      acknowledged_is_committed at "), "{}", said.out);
    let _ = place.sim(&["run", "old.yaml"]).ends_with(1);
    // The next sweep leaves it where it is.
    let _ = place.sim(&["run", "scenarios/loses.yaml", "--seeds", "3..4"]).ends_with(1);
    assert!(place.at(FILE).exists());
}

#[test]
fn a_lesson_passes_when_it_fails_as_said() {
    let place = place();
    let _ = shrunk(&place, &["--lesson", "--runs", "3000", "--out", "lesson.yaml"]);
    let text = place.read("lesson.yaml");
    assert!(text.contains("expect: { violated: [acknowledged_is_committed] }"), "{text}");
    let said = place.sim(&["run", "lesson.yaml"]).ends_with(0);
    assert!(said.last_line().starts_with("PASSED"), "{}", said.out);
    let said = place.sim(&["run", "lesson.yaml", "--set", "config.flaw=none"]).ends_with(1);
    assert!(said.last_line().contains("was to be broken, and no seed broke it"), "{}", said.out);
}

#[test]
fn other_protocols_are_shrunk_too() {
    let place = Place::new();
    let flaw = ["--set", "config.flaw=keeps_a_copy", "--seed", "7", "--out", "ring.yaml"];
    let said = place.ring(&[&["shrink", "scenarios/ring.yaml"][..], &flaw].concat()).ends_with(0);
    assert!(said.out.contains("breaks      one_holder at "), "{}", said.out);
    let _ = place.ring(&["run", "ring.yaml"]).ends_with(1);
}

#[test]
fn a_goal_that_is_missed_is_shrunk_with_its_time() {
    let place = Place::new();
    let goal = ["--set", "expect={ eventually: { reply: 1s } }", "--set", "clients.timeout=300ms"];
    let lossy = ["--set", "network.loss=100%"];
    let out = ["--seed", "0", "--out", "goal.yaml"];
    let shrink = ["shrink", "scenarios/small/agree.yaml"];
    let said = place.sim(&[&shrink[..], &goal, &lossy, &out].concat()).ends_with(0);
    assert!(said.out.contains("breaks      reply at "), "{}", said.out);
    let text = place.read("goal.yaml");
    assert!(text.contains("expect: { eventually: { reply: 1s } }"), "{text}");
    let _ = place.sim(&["run", "goal.yaml"]).ends_with(1);
}

/// Without the flaw these run for far more events than with it: it ends a run early.
const EARLY: &str = "\
protocol: raft
nodes: [A, B, C, D]
config: { flaw: half_quorum_of_even, election_timeout: 150ms..300ms }
network: { latency: 1ms..10ms }
clients: { count: 3, rate: 50/s, timeout: 1s, mix: { put: 100% } }
faults:
  - { partition: 'A,B | C,D', at: 0s, until: 1s }
run: { for: 20s, seeds: 0..20 }
expect: { always: [one_leader_per_term, leader_completeness], eventually: { reply: 2s } }
";

#[test]
fn a_flaw_that_ends_a_long_run_early_is_shrunk_as_far() {
    let place = Place::new();
    place.write("scenarios/early.yaml", EARLY);
    for seed in ["0", "1", "2"] {
        let command = ["shrink", "scenarios/early.yaml", "--seed", seed, "--out", "small.yaml"];
        assert!(place.sim(&command).ends_with(0).out.contains("every seed fails"));
        let text = place.read("small.yaml");
        assert!(!text.contains("eventually:") && !text.contains("clients:"), "{text}");
    }
}

#[test]
fn what_fails_without_the_flaw_as_well_is_another_failure() {
    let place = Place::new();
    let ends = "run: { for: 5s, seeds: 0..20 }\nlimits: { events: 300 }\n";
    let long = LOSES.replace("acknowledged_before_committed, ", "vote_not_durable, ");
    place.write("scenarios/long.yaml", &long.replace("run: { for: 5s, seeds: 0..20 }\n", ends));
    let command = ["shrink", "scenarios/long.yaml", "--seed", "0", "--out", "small.yaml"];
    let said = place.sim(&command).ends_with(0);
    assert!(said.out.contains("breaks      no_runaway"), "{}", said.out);
    let text = place.read("small.yaml");
    assert!(text.contains("clients:"), "nothing was taken away: {text}");
}
