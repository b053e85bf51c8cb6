//! What each flaw of the catalogue comes down to: `scenarios/PROTOCOL/flaws/FLAW.yaml`, which `sim shrink`
//! made of a run that the flaw's scenario found.
//!
//! `BLESS=1 cargo test -p sim-runner --test flaws` makes those anew that do not fail any more as they say,
//! and those that are missing; `BLESS=NAME` makes that one.

use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::AtomicBool;

use sim_core::subject::Flaw;
use sim_runner::Catalogue;
use sim_runner::catalogue::{Entry, Notes, Prepared};
use sim_runner::outcome::Verdict;
use sim_runner::scenario::Source;
use sim_runner::sweep::{Plan, sweep};

/// What fails by itself fails on every seed.
const SEEDS: Range<u64> = 0..100;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The file of a flaw.
fn file(entry: &dyn Entry, flaw: &Flaw) -> String {
    format!("scenarios/{}/flaws/{}.yaml", entry.name(), flaw.name)
}

fn prepare(path: &str, overrides: &[String]) -> Result<Box<dyn Prepared>, String> {
    let source = Source::read(root().join(path)).map_err(|errors| errors.to_string())?;
    let source = source.with_overrides(overrides).map_err(|errors| errors.to_string())?;
    Catalogue::standard().prepare(&source).map_err(|errors| errors.to_string())
}

/// Whether the scenario of a flaw fails as it says, on each seed, and only because of the flaw.
fn check(entry: &dyn Entry, flaw: &Flaw) -> Result<(), String> {
    let path = file(entry, flaw);
    let flawed = prepare(&path, &[])?;
    let expected = flawed.expectations();
    if expected.violated != [flaw.breaks] {
        return Err(format!("{path} expects {:?}, not {}", expected.violated, flaw.breaks));
    }
    let text = fs::read_to_string(root().join(&path)).map_err(|error| error.to_string())?;
    if !text.starts_with(&format!("# {} does not hold under the flaw {}:", flaw.breaks, flaw.name))
    {
        return Err(format!("{path} does not begin with what it shows"));
    }
    let seeds = flawed.seeds();
    let mut worker = flawed.worker();
    for seed in seeds.clone().chain(SEEDS) {
        match worker.run(seed).verdict {
            Verdict::Violated(violation) if violation.property == flaw.breaks => {}
            verdict => return Err(format!("{path}, seed {seed}: {verdict:?}")),
        }
    }
    // Whatever is promised holds in the same world without the flaw.
    let promised = entry.properties().into_iter().filter(|(_, tense, _)| *tense == "always");
    let promised: Vec<&str> = promised.map(|(name, ..)| name).collect();
    let always = format!("expect={{ always: [{}] }}", promised.join(", "));
    let correct = prepare(&path, &["config.flaw=none".into(), always])?;
    let mut worker = correct.worker();
    for seed in seeds.chain(SEEDS) {
        let verdict = worker.run(seed).verdict;
        if !matches!(verdict, Verdict::Passed) {
            return Err(format!("{path} without the flaw, seed {seed}: {verdict:?}"));
        }
    }
    Ok(())
}

/// Makes the scenario of a flaw anew: from the first seed that breaks what it is said to break.
fn bless(entry: &dyn Entry, flaw: &Flaw) {
    let found_by = format!("scenarios/{}.yaml", flaw.scenario);
    let flawed = format!("config.flaw={}", flaw.name);
    let scenario = prepare(&found_by, std::slice::from_ref(&flawed)).expect("a scenario");
    let stop = AtomicBool::new(false);
    let (seeds, notes) = (0..10_000, Notes::default());
    let plan = Plan { seeds, jobs: 2, fail_fast: false, remembered: 1, notes, stop: &stop };
    let mut seed = None;
    sweep(&*scenario, &plan, |_, outcome| match &outcome.verdict {
        Verdict::Violated(violation) if violation.property == flaw.breaks => {
            seed = Some(outcome.seed);
            ControlFlow::Break(())
        }
        _ => ControlFlow::Continue(()),
    });
    let seed = seed.unwrap_or_else(|| panic!("no seed of {found_by} breaks {}", flaw.breaks));
    let path = file(entry, flaw);
    let status = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(["shrink", &found_by, "--set", &flawed, "--seed", &seed.to_string()])
        .args(["--lesson", "--budget", "600s", "--out", &path])
        .current_dir(root())
        .status();
    assert!(status.expect("the tool runs").success(), "{path}");
}

/// What is to be made anew, if anything: `1` for what does not fail as it says, or the name of a flaw.
fn blessed() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a test may be told to bless")]
    let wanted = std::env::var("BLESS").ok();
    // Every test here judges what is there when that is done.
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        for entry in Catalogue::standard().entries() {
            for flaw in entry.flaws() {
                let is_named = wanted.as_deref() == Some(flaw.name);
                let is_wrong = || wanted.as_deref() == Some("1") && check(entry, flaw).is_err();
                if is_named || is_wrong() {
                    bless(entry, flaw);
                }
            }
        }
    });
    wanted
}

#[test]
fn every_flaw_comes_down_to_a_scenario_that_fails_as_it_says() {
    let _ = blessed();
    let mut wrong = Vec::new();
    for entry in Catalogue::standard().entries() {
        wrong.extend(entry.flaws().iter().filter_map(|flaw| check(entry, flaw).err()));
    }
    let how = "BLESS=1 cargo test -p sim-runner --test flaws makes them anew";
    assert!(wrong.is_empty(), "{}\n{how}", wrong.join("\n"));
}

/// How many entries a list of a scenario has: each stands on a line that begins with a dash.
fn entries(text: &str, list: &str) -> usize {
    let lines = text.lines().skip_while(|line| *line != format!("{list}:")).skip(1);
    lines.take_while(|line| line.starts_with(' ')).filter(|line| line.starts_with("  - ")).count()
}

#[test]
fn what_flaws_come_down_to_can_be_acted_out() {
    let _ = blessed();
    let mut sizes = Vec::new();
    for entry in Catalogue::standard().entries() {
        for flaw in entry.flaws() {
            let path = file(entry, flaw);
            let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
            let (faults, requests) = (entries(&text, "faults"), entries(&text, "script"));
            // Figure 8 of the paper is about four leaders, one after another: each has to be stopped.
            let most = if flaw.name == "commits_old_terms" { 6 } else { 3 };
            let few = faults <= most && requests <= most;
            assert!(few, "{path}: {faults} faults, {requests} requests");
            assert!(!text.contains("rate:"), "{path}: what is asked is drawn");
            sizes.push((faults, requests));
        }
    }
    let median = |of: fn(&(usize, usize)) -> usize| {
        let mut sizes: Vec<usize> = sizes.iter().map(of).collect();
        sizes.sort_unstable();
        sizes[sizes.len() / 2]
    };
    assert!(sizes.len() >= 20 && median(|size| size.0) <= 1 && median(|size| size.1) <= 1);
}

/// What a run came down to, as the file of its flaw says: before, and after.
fn told(text: &str, word: &str) -> String {
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("#   {word}")));
    line.unwrap_or_default().trim().to_owned()
}

#[test]
fn the_table_of_sizes_is_what_the_files_say() {
    let blessed = blessed().is_some();
    let mut table = String::from(HEADING);
    for entry in Catalogue::standard().entries() {
        for flaw in entry.flaws() {
            let path = file(entry, flaw);
            let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
            let (before, after) = (told(&text, "from "), told(&text, "to "));
            let name = flaw.name;
            table.push_str(&format!("| [`{name}`](../{path}) | {before} | {after} |\n"));
        }
    }
    let path = root().join("results/shrunk.md");
    if blessed {
        fs::write(&path, &table).expect("the table can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert_eq!(table, written, "BLESS=1 cargo test -p sim-runner --test flaws writes it anew");
}

const HEADING: &str = "\
# What each flaw comes down to

One failing run of each flaw's scenario, and the smallest scenario that breaks the same property: what `sim shrink`
made of it. Until it fails, that is; decisions are entries of a schedule that are no crashes.

| flaw | the run | what is left |
|---|---|---|
";
