//! `sim replay`: one seed, and what comes back of it.

use std::path::Path;

use super::place::{Place, RING, Said, example};

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
    let mut command = place.command(&example("own_protocol"), &arguments);
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
    let replay = ["replay", "scenarios/ring.yaml", "--seed", "3"];
    let said = place.ring(&[&replay[..], &["--all"]].concat()).ends_with(0);
    assert!(said.out.starts_with("seed 3"), "{}", said.out);
    assert!(said.out.contains("Token"), "{}", said.out);
    let plot = place.ring(&replay).ends_with(0);
    assert!(plot.out.lines().count() * 2 < said.out.lines().count(), "{}", plot.out);
    assert!(plot.out.contains("passed: ") && !plot.out.contains("Token"), "{}", plot.out);
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
    // Another build hashes and draws otherwise: then it is still the same run.
    let kept = place.json(path);
    let fingerprint = kept["violation"]["fingerprint"].as_str().expect("a text");
    let old = place.read(path).replace(fingerprint, "0123456789abcdef");
    place.write("old.json", &old.replace(r#""seed": "7""#, r#""seed": "8""#));
    let said = place.ring(&["replay", "old.json"]).ends_with(1);
    assert!(said.out.contains("VIOLATED: one_holder"), "{}", said.out);
    assert!(said.words().contains("were taken from there"), "{}", said.out);
    let said = place.ring(&["replay", "results/ring/summary.json"]).ends_with(2);
    assert!(said.err.contains("the summary of a sweep"), "{}", said.err);
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
fn a_state_is_told_of_all_or_of_those_who_are_named() {
    let place = Place::new();
    let tell = |state: &str| {
        let replay = ["replay", "scenarios/small/agree.yaml", "--seed", "0", "--until", "300ms"];
        place.sim(&[&replay[..], &[state]].concat())
    };
    let all = tell("--state").ends_with(0).out;
    assert_eq!(all.matches("  knew  ").count(), 3, "once for each node: {all}");
    assert!(all.contains("  changed   role Follower -> Candidate"), "{all}");
    assert!(all.contains(" term 0 -> 1\n"), "{all}");
    let two = [&["--state=A"][..], &["--state=A", "--state=B"]].map(|states| {
        let replay = ["replay", "scenarios/small/agree.yaml", "--seed", "0", "--until", "300ms"];
        place.sim(&[&replay[..], states].concat()).ends_with(0).out.matches("  knew  ").count()
    });
    assert_eq!(two, [1, 2]);
    assert!(!tell("--all").ends_with(0).out.contains("  knew  "));
    let said = tell("--state=D").ends_with(2);
    assert!(said.err.contains("no node is called `D`: the nodes are A, B and C"), "{}", said.err);
}

#[test]
fn parts_of_a_story_that_exclude_each_other_are_refused() {
    let place = Place::new();
    let replay = ["replay", "scenarios/ring.yaml", "--seed", "0", "--plot"];
    for other in [&["--all"][..], &["--kind", "timer"], &["--around-violation", "1s"]] {
        let said = place.ring(&[&replay[..], other].concat()).ends_with(2);
        assert!(said.err.contains("--plot"), "{}", said.err);
    }
    let _ = place.ring(&[&replay[..], &["--node", "A", "--from", "1s"]].concat()).ends_with(0);
}
