//! `sim run`: what a sweep says.

use serde_json::Value;

use super::place::{Place, RAFT, example};

#[test]
fn a_sweep_in_which_all_holds_says_so_and_ends_with_0() {
    let place = Place::new();
    let said = place.sim(&["run", "scenarios/small/agree.yaml"]).ends_with(0);
    assert_eq!(said.last_line(), "PASSED: all is as expected in 10 runs");
    for part in [
        "scenarios/small/agree.yaml: raft, 10 seeds in ",
        "always      one_leader_per_term        held in 10 runs",
        "eventually  reply within 2s            held in 10 judged runs",
        "sometimes   leader_elected ",
        "faults      crash 10",
        "messages    sent ",
        "requests    ok ",
        "fingerprint ",
        "results     results",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(said.err, "", "a short sweep needs no progress where nobody watches");
    assert_eq!(place.json("results/small/agree/summary.json")["verdict"], "passed");
    assert!(!place.at("results/small/agree/failures").exists());
}

#[test]
fn a_summary_for_people_fits_80_columns_but_for_what_is_pasted() {
    let place = Place::new();
    let passed = place.sim(&["run", "scenarios/small/agree.yaml"]);
    let failed = place.ring(&["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"]);
    for line in passed.out.lines().chain(failed.out.lines()) {
        assert!(line.chars().count() <= 80 || line.contains(" replay "), "{line}");
        assert_eq!(line.trim_end(), line, "no blanks at the end");
    }
}

#[test]
fn a_broken_property_ends_with_1_and_the_line_that_shows_it() {
    let place = Place::new();
    let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
    let said = place.ring(&flaw).ends_with(1);
    assert_eq!(said.last_line(), "FAILED: one_holder was broken in 20 of 20 runs");
    assert!(said.out.contains("one_holder  BROKEN in 20 of 20 runs"), "{}", said.out);
    assert!(said.out.contains("B and A both have the token"), "{}", said.out);
    let line = said.replay_line();
    let program = example("own_protocol").display().to_string();
    assert!(line.starts_with(&program), "started without cargo, replayed without it: {line}");
    assert!(line.ends_with("replay scenarios/ring.yaml --seed 0 --set config.flaw=keeps_a_copy"));
}

#[test]
fn a_point_that_too_few_runs_reach_is_unmet() {
    let place = Place::new();
    let often = |least: &str| {
        let asked = format!("often: {{ leader_elected: {least} }}");
        place.write("often.yaml", &RAFT.replace("sometimes: [leader_elected]", &asked));
        place.sim(&["run", "often.yaml"])
    };
    let said = often("100%").ends_with(0);
    assert!(said.out.contains("often       leader_elected in 100% of the runs"), "{}", said.out);
    let _ = often("10").ends_with(0);
    let said = often("11").ends_with(1);
    let why = "UNMET: leader_elected was to happen in 11 runs, and did in 10 of 10 runs";
    assert_eq!(said.last_line(), why);
    assert!(said.out.contains("ONLY in 10"), "{}", said.out);
    assert!(often("0%").ends_with(2).err.contains("in no run is never too few"));
}

#[test]
fn coverage_says_what_was_handled_and_what_never_was_whatever_the_number_of_threads() {
    let place = Place::new();
    let run = |jobs: &str| {
        let covered = ["run", "scenarios/small/agree.yaml", "--coverage", "--jobs", jobs];
        let said = place.sim(&covered).ends_with(0);
        assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
        (said.out, place.json("results/small/agree/summary.json"))
    };
    let (out, one) = run("1");
    assert_eq!(one, run("3").1);
    for part in ["handled by", "\nAppendEntries", "candidate -> leader 1", "never       roles "] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let covered = &one["coverage"];
    assert_eq!(covered["handled"]["candidate"]["Vote"]["seeds"], 10);
    assert_eq!(covered["never"]["roles"][0], "pre-candidate");
    let uncovered = place.sim(&["run", "scenarios/small/agree.yaml"]).ends_with(0);
    assert!(!uncovered.out.contains("handled by"), "it is only for those who ask");
    assert_eq!(place.json("results/small/agree/summary.json")["fingerprint"], one["fingerprint"]);
}

#[test]
fn failures_of_one_bug_are_one_entry_with_its_cheapest_seed() {
    let place = Place::new();
    let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
    let said = place.ring(&flaw).ends_with(1);
    let failures = &place.json("results/ring/summary.json")["failures"][0];
    let ways = failures["signatures"].as_array().expect("a list");
    let counts: Vec<u64> = ways.iter().filter_map(|way| way["count"].as_u64()).collect();
    assert_eq!(counts.iter().sum::<u64>(), 20, "{ways:?}");
    assert!(counts.is_sorted_by(|one, other| one >= other), "the commonest first: {counts:?}");
    let first = &ways[0];
    assert!(said.out.contains(first["shape"].as_str().expect("a text")), "{}", said.out);
    let cheapest = first["cheapest"]["seed"].as_str().expect("a text");
    assert!(said.replay_line().contains(&format!("--seed {cheapest} ")), "{}", said.out);
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let place = Place::new();
    let flaw = "config.flaw=keeps_a_copy";
    let arguments = ["run", "scenarios/ring.yaml", "--set", flaw, "--format", "json"];
    let said = place.ring(&arguments).ends_with(1);
    assert_eq!(said.err, "");
    let mut printed: Value = serde_json::from_str(&said.out).expect("standard output is JSON");
    let session = printed["session"].take();
    let object = printed.as_object_mut().expect("it is an object");
    object.remove("session");
    assert_eq!(printed, place.json("results/ring/summary.json"), "the rest is what the file has");
    assert_eq!(printed["schema"], 1);
    assert_eq!(printed["verdict"], "failed");
    assert_eq!(printed["seeds"]["until"], "20", "seeds are texts");
    assert_eq!(printed["failures"][0]["property"], "one_holder");
    assert_eq!(printed["failures"][0]["count"], 20);
    assert!(session["replay"]["one_holder"].as_str().is_some_and(|line| line.ends_with(flaw)));
}

#[test]
fn fail_fast_ends_with_the_lowest_failing_seed() {
    let place = Place::new();
    let arguments =
        ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy", "--fail-fast"];
    for jobs in ["1", "3"] {
        let said = place.ring(&[&arguments[..], &["--jobs", jobs]].concat()).ends_with(1);
        assert_eq!(said.last_line(), "FAILED: one_holder was broken in 1 of 1 run");
    }
}

#[test]
fn a_panic_in_a_handler_is_a_violation_with_its_place_and_nothing_else_is_printed() {
    let place = Place::new();
    let arguments = ["run", "scenarios/ring.yaml", "--set", "config.flaw=counts_to_ten"];
    let said = place.ring(&arguments).ends_with(1);
    assert_eq!(said.err, "");
    assert!(said.out.contains("no_panic    BROKEN in 20 of 20 runs"), "{}", said.out);
    let message = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(message.contains("a handler panicked: ten is enough, at "), "{message}");
    assert!(message.contains("own_protocol.rs:"), "{message}");
}

#[test]
fn a_run_that_the_seed_does_not_decide_is_found_out() {
    let place = Place::new();
    let same = ["run", "scenarios/ring.yaml", "--verify-determinism=all"];
    let said = place.ring(&same).ends_with(0);
    assert!(said.out.contains("20 seeds ran twice, and the same way"), "{}", said.out);
    let flaw = ["--set", "config.flaw=looks_outside"];
    let said = place.ring(&[&same[..], &flaw].concat()).ends_with(3);
    assert_eq!(said.last_line(), "INCONCLUSIVE: seed 0 was not the same twice");
    assert!(said.out.contains("the two runs part at event 1:"), "{}", said.out);
    assert!(said.out.contains("n0 start: n0 timer WorkDone in "), "{}", said.out);
}

#[test]
fn zero_seeds_are_never_a_success() {
    let place = Place::new();
    for seeds in ["0", "5..5"] {
        let said = place.ring(&["run", "scenarios/ring.yaml", "--seeds", seeds]).ends_with(3);
        assert_eq!(said.last_line(), "INCONCLUSIVE: no seed ran");
    }
    assert!(!place.at("results").exists(), "nothing is worth a file");
}

#[test]
fn what_was_not_judged_is_never_a_success() {
    let place = Place::new();
    let expect = |expect: &str, code: i32| {
        let expect = format!("expect={{ {expect} }}");
        let arguments = ["run", "scenarios/ring.yaml", "--seeds", "5", "--set", &expect];
        place.ring(&[&arguments[..], &["--set", "run.seeds=0..1_000"]].concat()).ends_with(code)
    };
    let said = expect("always: [no_panic, no_runaway]", 0);
    assert!(said.out.contains("no_runaway  held in 5 runs"), "{}", said.out);
    let said = expect("always: [script]", 2);
    assert!(said.err.contains("there is no script to judge"), "{}", said.err);
    let never = "config.work=1s";
    let said = place.ring(&[
        "run",
        "scenarios/ring.yaml",
        "--seeds",
        "5",
        "--set",
        never,
        "--set",
        "expect={ sometimes: [went_round] }",
        "--for",
        "2s",
    ]);
    // Twenty seeds are enough, and five ran.
    let said = said.ends_with(3);
    let why = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("INCONCLUSIVE: nothing was judged: went_round did not"), "{why}");
    let said = place.ring(&[
        "run",
        "scenarios/small/agree.yaml",
        "--set",
        "script=[{ at: 3s, through: A, do: put x 1, expect: ok }]",
        "--set",
        "expect={ always: [script] }",
    ]);
    let said = said.ends_with(0);
    let rows = said.out.lines().filter(|line| line.contains("script  ")).count();
    assert_eq!(rows, 1, "{}", said.out);
}

#[test]
fn a_lesson_is_replayed_as_it_should_be() {
    let place = Place::new();
    let lesson = ["--set", "config.flaw=keeps_a_copy", "--set", "expect={ violated: one_holder }"];
    let said = place.ring(&[&["run", "scenarios/ring.yaml"][..], &lesson].concat()).ends_with(0);
    assert!(said.out.contains("broken in 20 of 20 runs, as it should be"), "{}", said.out);
    let replay = ["replay", "scenarios/ring.yaml", "--seed", "0"];
    let said = place.ring(&[&replay[..], &lesson].concat()).ends_with(0);
    assert!(said.out.contains("VIOLATED: one_holder, as it should be"), "{}", said.out);
}

#[test]
fn with_a_swarm_for_is_the_time_of_chaos() {
    let place = Place::new();
    let swarm = "  crash: { every: 1s..2s, lasting: 100ms..500ms, at_most: one }\n";
    let faults = RAFT.find("faults:").expect("it has faults")..RAFT.find("run:").expect("a run");
    let mut text = RAFT.to_owned();
    text.replace_range(faults, &format!("swarm:\n  keep_each: 100%\n  faults:\n  {swarm}"));
    let text = text.replace("for: 5s", "chaos: 5s, calm: 4s");
    place.write("scenarios/swarm.yaml", &text);
    let said = place.sim(&["run", "scenarios/swarm.yaml", "--for", "3s", "--seeds", "4"]);
    let said = said.ends_with(0);
    assert!(said.out.contains("\n  with run.chaos=3s\n"), "{}", said.out);
    let summary = place.json("results/swarm/summary.json");
    assert_eq!(summary["simulated_ns"], "28000000000", "four times three and four seconds");
}

#[test]
fn what_should_happen_sometimes_and_never_does_is_unmet() {
    let place = Place::new();
    let arguments = ["run", "scenarios/ring.yaml", "--for", "20ms"];
    let said = place.ring(&arguments).ends_with(1);
    assert!(said.last_line().starts_with("UNMET: went_round "), "{}", said.last_line());
    let said = place.ring(&[&arguments[..], &["--seeds", "19"]].concat()).ends_with(0);
    let why = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(why.contains("did not happen yet, which is judged from 20 seeds on"), "{why}");
}

#[test]
fn quiet_leaves_the_verdict_and_what_failed() {
    let place = Place::new();
    let said = place.ring(&["run", "scenarios/ring.yaml", "--quiet"]).ends_with(0);
    assert_eq!(said.out, "PASSED: all is as expected in 20 runs\n");
    let flaw = ["run", "scenarios/ring.yaml", "--quiet", "--set", "config.flaw=keeps_a_copy"];
    let said = place.ring(&flaw).ends_with(1);
    assert!(said.replay_line().ends_with("--seed 0 --set config.flaw=keeps_a_copy"));
}
