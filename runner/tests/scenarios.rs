//! Every scenario in the repository: it meets its own `expect`, its runs are the same twice and the same
//! as ever, and every flaw of the catalogue is found by the scenario that is meant for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use sim_runner::Catalogue;
use sim_runner::catalogue::{Notes, Prepared};
use sim_runner::determinism;
use sim_runner::scenario::Source;
use sim_runner::summary::{Summary, SweepVerdict};
use sim_runner::sweep::{Plan, sweep};

/// Enough that each `sometimes` of each scenario happens.
const FEW: Range<u64> = 0..60;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every scenario, by its name.
fn scenarios() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root().join("scenarios")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of scenarios") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(Source::read(&path).expect("a scenario").name, path);
            }
        }
    }
    assert!(found.len() >= 7, "only {} scenarios were found", found.len());
    found
}

fn prepare(path: &Path, overrides: &[&str]) -> Box<dyn Prepared> {
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    let source = Source::read(path).and_then(|source| source.with_overrides(&overrides));
    let prepared = source.and_then(|source| Catalogue::standard().prepare(&source));
    prepared.unwrap_or_else(|errors| panic!("{errors}"))
}

fn run(scenario: &dyn Prepared, seeds: Range<u64>, jobs: usize, fail_fast: bool) -> Summary {
    let stop = AtomicBool::new(false);
    let notes = Notes { signatures: true, coverage: false };
    let plan = Plan { seeds, jobs, fail_fast, remembered: 3, notes, stop: &stop };
    sweep(scenario, &plan, |_, _| ControlFlow::Continue(()))
}

#[test]
fn every_scenario_meets_its_own_expectations() {
    for (name, path) in scenarios() {
        let scenario = prepare(&path, &[]);
        let mut summary = run(&*scenario, FEW, 2, false);
        // So few seeds are not held to a `sometimes` by themselves; here they are.
        summary.expectations.enough_seeds = FEW.end;
        assert_eq!(summary.verdict(), SweepVerdict::Held, "{name}: {:?}", summary.failures);
    }
}

#[test]
fn every_scenario_gives_the_same_run_twice() {
    for (name, path) in scenarios() {
        let scenario = prepare(&path, &[]);
        for seed in 0..3 {
            assert_eq!(determinism::parting(&*scenario, seed), None, "{name}, seed {seed}");
        }
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let scenarios = scenarios();
    for entry in Catalogue::standard().entries() {
        for flaw in entry.flaws() {
            let name = flaw.name;
            let scenario = prepare(&scenarios[flaw.scenario], &[&format!("config.flaw={name}")]);
            let found = run(&*scenario, 0..2_000, 1, true);
            // Around the first seed that fails: some flaws need a hundred.
            let failures = found.failures.values().flat_map(|failures| &failures.lowest);
            let first = failures.map(|failure| failure.seed).min().expect("or all proves nothing");
            let seeds = first.saturating_sub(20)..first + 40;
            let sweep = |jobs, fail_fast| run(&*scenario, seeds.clone(), jobs, fail_fast);
            let (one, three) = (sweep(1, false), sweep(3, false));
            assert!(one.has_failed(), "{name}");
            assert_eq!(format!("{one:?}"), format!("{three:?}"), "{name}");
            let (one, three) = (sweep(1, true), sweep(3, true));
            assert_eq!(format!("{one:?}"), format!("{three:?}"), "{name}, ended by a failure");
        }
    }
}

/// The fingerprints that every build on every platform must give. A change that is meant to change what
/// happens in a run writes them anew with `BLESS=1`, and its message says why.
#[test]
fn fingerprints_are_those_that_were_committed() {
    let mut now = String::new();
    for (name, path) in scenarios() {
        let summary = run(&*prepare(&path, &[]), 0..8, 2, false);
        writeln!(now, "{name:24} {:016x}", summary.fingerprint).expect("a string takes all");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fingerprints.txt");
    #[expect(clippy::disallowed_methods, reason = "a test may be told to bless")]
    let bless = std::env::var("BLESS").is_ok();
    if bless {
        fs::write(&path, &now).expect("the golden file can be written");
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(now, golden, "BLESS=1 cargo test -p sim-runner --test scenarios writes them anew");
}

#[test]
fn every_flaw_is_found_by_its_scenario_and_named_by_its_property() {
    let scenarios = scenarios();
    for entry in Catalogue::standard().entries() {
        assert!(!entry.flaws().is_empty(), "{} has no flaw to be found", entry.name());
        for flaw in entry.flaws() {
            let path = scenarios.get(flaw.scenario).unwrap_or_else(|| panic!("{}", flaw.scenario));
            let flawed = prepare(path, &[&format!("config.flaw={}", flaw.name)]);
            let seeds = 0..200;
            let found = run(&*flawed, seeds.clone(), 2, false);
            let by = found.failures.get(flaw.breaks);
            let Some(failures) = by else {
                panic!("{} broke {:?}, not {}", flaw.name, found.failures.keys(), flaw.breaks);
            };
            // The correct one passes where the flawed one failed.
            let seed = failures.lowest[0].seed;
            let correct = run(&*prepare(path, &[]), seed..seed + 1, 1, false);
            assert!(!correct.has_failed(), "{} fails {} without a flaw", flaw.scenario, seed);
        }
    }
}
