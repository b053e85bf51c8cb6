//! A run that is written as a scenario of its own is the same run.

use std::fs;
use std::path::Path;

use sim_runner::Catalogue;
use sim_runner::catalogue::Prepared;
use sim_runner::scenario::Source;

fn prepare(source: &Source) -> Box<dyn Prepared> {
    let prepared = Catalogue::standard().prepare(source);
    prepared.unwrap_or_else(|errors| panic!("{errors}\n{}", source.text))
}

fn read(path: &str, overrides: &[&str]) -> Source {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    let overrides: Vec<String> = overrides.iter().map(ToString::to_string).collect();
    let source = Source::read(path).and_then(|source| source.with_overrides(&overrides));
    source.unwrap_or_else(|errors| panic!("{errors}"))
}

/// Runs a seed as it is, and as its own scenario; gives that scenario.
#[track_caller]
fn check(source: &Source, seed: u64) -> String {
    let scenario = prepare(source);
    let text = scenario.as_scenario(&source.text, seed, None);
    let explicit = Source::new("explicit.yaml", text.clone());
    let same = prepare(&explicit);
    assert_eq!(same.seeds(), seed..seed + 1);
    let (one, other) = (scenario.worker().run(seed), same.worker().run(seed));
    assert_eq!(one.fingerprint, other.fingerprint, "seed {seed}\n{text}");
    assert_eq!(format!("{one:?}"), format!("{other:?}"), "seed {seed}\n{text}");
    // And written once more it says the same.
    assert_eq!(same.as_scenario(&text, seed, None), text);
    text
}

#[test]
fn every_scenario_of_the_repository_can_be_written_seed_by_seed() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = Source::read(&path).unwrap_or_else(|errors| panic!("{errors}"));
            if prepare(&source).protocol() == "raft" {
                (3..6).for_each(|seed| drop(check(&source, seed)));
                count += 1;
            }
        }
    }
    assert!(count >= 7, "only {count} scenarios");
}

#[test]
fn whatever_a_swarm_draws_can_be_written() {
    // Everything at once, and often: outages overlap, sizes differ, clocks are off.
    let always = "swarm.keep_each=100%";
    let source = read("scenarios/raft/swarm.yaml", &[always, "run.chaos=6s"]);
    let texts: Vec<String> = (0..25).map(|seed| check(&source, seed)).collect();
    for part in [
        "link: all",
        "partition: ",
        "cut: ",
        "crash: ",
        "pause: ",
        "mid_step: true",
        "skew: -",
        "drift: +",
        "regardless: true",
        "name: G",
        "ppm",
    ] {
        assert!(texts.iter().any(|text| text.contains(part)), "no seed drew `{part}`");
    }
    assert!(texts.iter().all(|text| !text.contains("swarm:") && !text.contains("sometimes:")));
}

#[test]
fn what_is_planned_and_what_is_drawn_may_meet() {
    let planned = "faults=[{ crash: A, at: 1s }, { restart: A, at: 2s }, { pause: B, at: 1s, until: 4s }, \
                   { partition: 'A | B,C', at: 3s, until: 4s }, \
                   { upgrade: C, at: 3s, until: 4s, config: { heartbeat: 25ms } }]";
    let all = ["swarm.keep_each=100%", "run.chaos=6s", "swarm.node_count=[3]", planned];
    let source = read("scenarios/raft/swarm.yaml", &all);
    (0..10).for_each(|seed| drop(check(&source, seed)));
}

#[test]
fn a_schedule_and_overrides_stay_in_place() {
    let schedule = "schedule=[{ message: A -> B AppendEntries#3, delay: 120ms }, \
                    { choice: A Election#2, is: 180ms }, \
                    { crash: B, when: { step: AppendEntries#9, after_effect: 1 }, lasting: 1s }]";
    let source = read("scenarios/partition.yaml", &[schedule, "network.loss=2%"]);
    let plain = read("scenarios/partition.yaml", &["network.loss=2%"]);
    let mut differs = 0;
    for seed in 0..5 {
        let text = check(&source, seed);
        assert!(text.contains("message: A -> B AppendEntries#3") && text.contains("loss: 2%"));
        let run = |source: &Source| prepare(source).worker().run(seed);
        differs += u32::from(run(&source).fingerprint != run(&plain).fingerprint);
        assert!(run(&source).taken.iter().any(|taken| *taken));
    }
    assert_eq!(differs, 5, "a schedule changes something");
}
