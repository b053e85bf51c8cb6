//! The program as people and scripts use it: what it prints where, what it leaves behind, and its
//! exit code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A token goes round a ring: the protocol of `examples/own_protocol.rs`, quick and with every kind of
/// mistake.
const RING: &str = "\
about: A token goes round a ring of three. Nothing else happens.
protocol: token_ring
nodes: [A, B, C]
network: { latency: 1ms..5ms }
run: { for: 3s, seeds: 0..20 }
expect: { always: [one_holder], sometimes: [went_round] }
";

/// A scenario of the protocol that comes with the tool.
const RAFT: &str = "\
about: Three nodes agree while one crashes.
protocol: raft
nodes: [A, B, C]
network: { latency: 1ms..10ms }
disk: { fsync: 2ms }
clients: { count: 2, rate: 20/s, timeout: 1s, mix: { put: 50%, get: 50% } }
faults:
  - crash: A
    at: 1s
    until: 2s
run: { for: 5s, seeds: 0..10 }
expect:
  always: [one_leader_per_term, acknowledged_is_committed, linearizable]
  eventually: { reply: 2s }
  sometimes: [leader_elected]
";

/// A folder with two scenarios, and the means to run the program in it.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("scenarios/small")).expect("a folder below it");
        let place = Self { folder };
        place.write("scenarios/ring.yaml", RING);
        place.write("scenarios/small/agree.yaml", RAFT);
        place
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).expect("a file");
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.read(path)).expect("it is JSON")
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for variable in ["CARGO", "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `sim`.
    fn sim(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(Path::new(env!("CARGO_BIN_EXE_sim")), arguments))
    }

    /// Runs the program of the example, which knows the ring besides.
    fn ring(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(&example(), arguments))
    }
}

/// The program of the example. `cargo test` builds it; `cargo test --test cli` alone does not, and
/// must not judge one of yesterday.
fn example() -> PathBuf {
    let folder = Path::new(env!("CARGO_BIN_EXE_sim")).parent().expect("it lies in a folder");
    let name = format!("examples/own_protocol{}", std::env::consts::EXE_SUFFIX);
    let program = folder.join(name);
    let written = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "examples"].map(|name| crate_folder.join(name));
    let sources = folders.iter().flat_map(|folder| {
        let files = files(folder).into_iter().map(|(name, _)| name);
        files.filter(|name| is_part_of_it(name)).map(|name| written(&folder.join(name)))
    });
    let newest = sources.max().flatten();
    let how = "cargo build -p sim-runner --example own_protocol, or all of cargo test";
    assert!(written(&program) >= newest, "first: {how}");
    program
}

/// Whether a source is part of the example's program: neither `sim`'s own, nor only there for tests.
fn is_part_of_it(source: &Path) -> bool {
    let mut parts = source.iter();
    source != Path::new("main.rs") && !parts.any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn what_is_only_for_tests_does_not_make_the_example_old() {
    let of_it = |path: &str| is_part_of_it(Path::new(path));
    assert!(of_it("story.rs") && of_it("story/words.rs") && of_it("own_protocol.rs"));
    assert!(!of_it("story/tests.rs") && !of_it("story/tests/golden.rs") && !of_it("main.rs"));
}

/// What a program said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn by(command: &mut Command) -> Self {
        Self::of(&command.output().expect("it starts"))
    }

    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is UTF-8");
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }

    #[track_caller]
    fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The one line that replays a seed.
    #[track_caller]
    fn replay_line(&self) -> &str {
        let mut lines = self.out.lines().map(str::trim).filter(|line| line.contains(" replay "));
        let line = lines.next().unwrap_or_else(|| panic!("no replay line: {self:#?}"));
        assert_eq!(lines.next(), None, "one line for one property");
        line
    }
}

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
    let program = example().display().to_string();
    assert!(line.starts_with(&program), "started without cargo, replayed without it: {line}");
    assert!(line.ends_with("replay scenarios/ring.yaml --seed 0 --set config.flaw=keeps_a_copy"));
}

#[test]
#[cfg(unix)]
fn a_replay_line_works_when_it_is_pasted() {
    let place = Place::new();
    place.write("scenarios/it's a ring.yaml", RING);
    let path = "scenarios/it's a ring.yaml";
    let flaw = "config={ flaw: keeps_a_copy }";
    let said = place.ring(&["run", path, "--set", flaw, "--for", "2s", "--seeds", "7..9"]);
    let line = said.ends_with(1).replay_line().to_owned();
    let said = Said::by(&mut place.command(Path::new("sh"), &["-c", &line])).ends_with(1);
    assert!(said.out.contains("VIOLATED: one_holder"), "{}", said.out);
    assert!(said.out.starts_with("seed 7"), "{}", said.out);
}

#[test]
fn under_cargo_the_replay_line_is_cargos() {
    let place = Place::new();
    place.write("Cargo.toml", "");
    let arguments = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy", "--quiet"];
    let mut command = place.command(&example(), &arguments);
    let folder = place.folder.path().canonicalize().expect("it exists");
    command.env("CARGO", "cargo").env("CARGO_PKG_NAME", "own").current_dir(&folder);
    let said = Said::by(command.env("CARGO_MANIFEST_DIR", &folder)).ends_with(1);
    let line = said.replay_line();
    assert!(line.starts_with("cargo run "), "{line}");
    assert!(
        line.contains(" --example own_protocol -- replay scenarios/ring.yaml --seed 0"),
        "{line}"
    );
}

#[test]
fn a_replay_ends_like_the_run_that_it_shows() {
    let place = Place::new();
    let said = place.ring(&["replay", "scenarios/ring.yaml", "--seed", "3"]).ends_with(0);
    assert!(said.out.starts_with("seed 3"), "{}", said.out);
    assert!(said.out.contains("Token"), "{}", said.out);
    let flaw =
        ["replay", "scenarios/ring.yaml", "--seed", "3", "--set", "config.flaw=keeps_a_copy"];
    let said = place.ring(&flaw).ends_with(1);
    assert!(said.out.contains("VIOLATED: one_holder"), "{}", said.out);
    let said = place.ring(&["replay", "scenarios/ring.yaml", "--seed", "3", "--node", "Z"]);
    let said = said.ends_with(2);
    assert!(said.err.contains("no node or client is called `Z`"), "{}", said.err);
    assert_eq!(said.out, "");
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

/// Every file below a folder, with its content.
fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    fn collect(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                let name = path.strip_prefix(root).expect("it lies below").to_owned();
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found.sort();
    found
}

#[test]
fn kept_failures_are_the_lowest_and_replace_those_of_an_earlier_sweep() {
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
    place.write("found.yaml", kept["text"].as_str().expect("a text"));
    let again = ["run", "found.yaml", "--seeds", "50..51"];
    let _ = place.ring(&again).ends_with(1);
    let again = place.json("results/found/failures/one_holder-50.json");
    assert_eq!(again["violation"], kept["violation"]);

    let _ = place.ring(&["run", "scenarios/ring.yaml"]).ends_with(0);
    assert!(!place.at("results/ring/failures").exists(), "nothing fails any more");
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
fn a_kept_failure_is_replayed_as_it_is() {
    let place = Place::new();
    let flaw = ["run", "scenarios/ring.yaml", "--set", "config.flaw=keeps_a_copy"];
    let _ = place.ring(&[&flaw[..], &["--seeds", "7..8"]].concat()).ends_with(1);
    let path = "results/ring/failures/one_holder-7.json";
    let said = place.ring(&["replay", path]).ends_with(1);
    assert!(said.out.starts_with("seed 7"), "{}", said.out);
    assert!(said.out.contains("VIOLATED: one_holder"), "{}", said.out);
    // What is asked for besides is another run, of which nothing was recorded.
    let _ = place.ring(&["replay", path, "--set", "config.flaw=~"]).ends_with(0);
    let _ = place.ring(&["replay", path, "--seed", "8"]).ends_with(1);
    // As another build would have it.
    let kept = place.json(path);
    let fingerprint = kept["violation"]["fingerprint"].as_str().expect("a text");
    place.write("old.json", &place.read(path).replace(fingerprint, "0123456789abcdef"));
    let said = place.ring(&["replay", "old.json"]).ends_with(3);
    assert!(said.out.contains("NOT THE SAME RUN: its fingerprint is "), "{}", said.out);
    let said = place.ring(&["replay", "results/ring/summary.json"]).ends_with(2);
    assert!(said.err.contains("the summary of a sweep"), "{}", said.err);
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
    let mut command = place.command(Path::new(env!("CARGO_BIN_EXE_sim")), &arguments);
    let _ = Said::by(command.current_dir(place.at("scenarios/small"))).ends_with(0);
    let inside = place.json("scenarios/small/results/small/agree/summary.json");
    assert_eq!(inside["scenario"]["name"], "small/agree");
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
fn a_story_around_a_violation_needs_one() {
    let place = Place::new();
    let arguments = ["replay", "scenarios/ring.yaml", "--seed", "3", "--around-violation", "1s"];
    let said = place.ring(&arguments).ends_with(0);
    assert!(said.out.starts_with("(nothing was violated)\npassed: "), "{}", said.out);
    assert!(said.out.lines().count() <= 3, "{}", said.out);
}

#[test]
fn a_client_that_is_not_there_is_refused() {
    let place = Place::new();
    let node = |name: &str| {
        place.sim(&["replay", "scenarios/small/agree.yaml", "--seed", "0", "--node", name])
    };
    let _ = node("c2").ends_with(0);
    let said = node("c3").ends_with(2);
    assert!(said.err.contains("the clients are c1 to c2"), "{}", said.err);
    let kinds = ["--kind", "start", "--kind", "violation"];
    let replay = ["replay", "scenarios/ring.yaml", "--seed", "0"];
    let _ = place.ring(&[&replay[..], &kinds].concat()).ends_with(0);
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
fn what_is_wrong_is_said_on_standard_error_and_ends_with_2() {
    let place = Place::new();
    place.write("scenarios/bad.yaml", "protocol: raft\nnodse: [A]\n");
    let ring = "scenarios/ring.yaml";
    for (arguments, part) in [
        (&["run", "scenarios/rong.yaml"][..], "scenarios/ring.yaml?"),
        (&["run", "scenarios/bad.yaml"], "scenarios/bad.yaml:2:1: "),
        (&["run", ring, "--set", "nonsense"], "no `=`"),
        (&["run", ring, "--set", "nonsense=1"], "no key `nonsense`"),
        (&["run", ring, "--for", "soon"], "soon"),
        (&["run", ring, "--seeds", "9..3"], "write 3..9"),
        (&["run", ring, "--jobs", "0"], "how many threads"),
        (&["run", ring, "--jobs", "many"], "how many threads"),
        (&["run", ring, "--frobnicate"], "--frobnicate"),
        (&["run", ring, "--format", "yaml"], "human, json"),
        (&["run"], "SCENARIO"),
        (&["replay", ring], "--seed"),
        (&["replay", ring, "--seed", "-1"], "-1"),
        (&["replay", ring, "--seed", "1", "--from", "5"], "5s"),
        (&["list", "everything"], "scenarios"),
        (&["frobnicate"], "frobnicate"),
        (&[], "Usage"),
    ] {
        let said = place.ring(arguments).ends_with(2);
        assert!(said.err.contains(part), "{arguments:?}: {}", said.err);
        assert_eq!(said.out, "", "{arguments:?}");
    }
}

#[test]
fn results_that_cannot_be_written_cost_the_exit_code_and_not_the_verdict() {
    let place = Place::new();
    place.write("taken", "this is a file, not a folder");
    let said = place.ring(&["run", "scenarios/ring.yaml", "--out", "taken"]).ends_with(2);
    assert_eq!(said.last_line(), "PASSED: all is as expected in 20 runs");
    assert!(said.err.starts_with("error: cannot write taken"), "{}", said.err);
}

#[test]
fn colours_are_for_those_who_want_them() {
    let place = Place::new();
    let plain = ["run", "scenarios/ring.yaml"];
    let colored = ["run", "scenarios/ring.yaml", "--color", "always"];
    assert!(!place.ring(&plain).out.contains('\x1b'), "a pipe gets no colours");
    assert!(place.ring(&colored).out.contains('\x1b'), "unless it is to");
    let forced = Said::by(place.command(&example(), &plain).env("CLICOLOR_FORCE", "1"));
    assert!(forced.out.contains('\x1b'), "nor if the environment says so");
    let mut command = place.command(&example(), &plain);
    let refused = Said::by(command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!refused.out.contains('\x1b'), "NO_COLOR has the last word");
}

#[test]
fn lists_have_a_line_for_each() {
    let place = Place::new();
    place.write(
        "scenarios/small/bad.yaml",
        "protocol: raft\nnodes: [A, A]\nrun: { for: 5s }\nexpect: { always: [linearizable] }\n",
    );
    let list = |topic: &str| place.ring(&["list", topic]).ends_with(0).out;
    assert_eq!(
        list("protocols").lines().map(|line| line.split(' ').next()).collect::<Vec<_>>(),
        [Some("raft"), Some("token_ring")]
    );
    let scenarios = list("scenarios");
    let lines: Vec<&str> = scenarios.lines().collect();
    assert_eq!(lines[0], "scenarios/ring.yaml         A token goes round a ring of three.");
    assert!(lines[1].starts_with("scenarios/small/agree.yaml  Three nodes agree"), "{scenarios}");
    assert!(lines[2].contains("broken: line 2:12: "), "{scenarios}");
    assert!(list("properties").contains("  one_holder  at most one node has the token\n"));
    assert!(list("properties").contains("  no_panic "));
    let flaws = list("flaws");
    assert!(flaws.contains("  keeps_a_copy\n    a node keeps the token"), "{flaws}");
    assert!(flaws.lines().all(|line| line.chars().count() <= 80), "{flaws}");
    assert!(flaws.contains("    breaks one_holder in scenarios/my_ring.yaml\n"), "{flaws}");
    assert!(list("points").contains("  went_round  the token came back"));
    let all = place.ring(&["list"]).ends_with(0).out;
    for part in ["Protocols", "Scenarios", "Properties", "Points", "Flaws"] {
        assert!(all.contains(part), "{part}");
    }
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

#[test]
#[cfg(target_os = "linux")]
fn an_interrupt_ends_with_130_and_a_summary_of_what_ran() {
    let place = Place::new();
    let arguments = ["run", "scenarios/ring.yaml", "--seeds", "1_000_000_000", "--jobs", "2"];
    let mut command = place.command(&example(), &arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let id = child.id().to_string();
    // The interrupt has its handler before the first thread starts.
    let threads = || fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    while threads() < 4 {
        let ended = child.try_wait().expect("it can be asked");
        assert!(ended.is_none(), "it ended before anybody interrupted it: {ended:?}");
        std::thread::yield_now();
    }
    let kill = Command::new("kill").args(["-INT", &id]).status().expect("there is a kill");
    assert!(kill.success());
    let said = Said::of(&child.wait_with_output().expect("it ends")).ends_with(130);
    let last = said.out.lines().find(|line| line.starts_with("INTERRUPTED: after ")).expect("why");
    assert!(last.contains(" of 1,000,000,000 seeds; until then"), "{last}");
}

#[test]
fn a_reader_who_leaves_is_no_error() {
    let place = Place::new();
    let arguments = ["replay", "scenarios/ring.yaml", "--seed", "1", "--all", "--for", "60s"];
    let mut command = place.command(&example(), &arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let said = Said::of(&child.wait_with_output().expect("it ends")).ends_with(0);
    assert_eq!(said.err, "");
}
