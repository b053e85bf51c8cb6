//! A protocol of one's own, with its scenario and its flaw: what the README promises of
//! `examples/lock.rs`.

use super::place::Place;

const SCENARIO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/lock.yaml");
const FLAWED: &str = "--set=config.flaw=lease";

#[test]
fn the_lock_is_held_by_one_at_a_time_and_with_the_flaw_by_two() {
    let place = Place::new();
    let run = |more: &[&str]| place.lock(&[&["run", SCENARIO, "--seeds=200"], more].concat());
    let correct = run(&[]).ends_with(0).out;
    assert!(correct.contains("one_holder  held in 200 runs"), "{correct}");
    let flawed = run(&[FLAWED]).ends_with(1).out;
    assert!(flawed.contains("one_holder  BROKEN in "), "{flawed}");
    let told = place.lock(&["replay", SCENARIO, FLAWED, "--seed=0"]).ends_with(1).out;
    assert!(told.contains(" both hold the lock"), "{told}");
}
