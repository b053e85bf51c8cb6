//! `sim zoo`: hunting the known flaws.

use super::place::{Place, RING};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");

#[test]
fn a_flaw_of_ones_own_is_hunted_where_its_scenarios_lie_whatever_the_number_of_threads() {
    let place = Place::new();
    let hunt = |jobs: &str| {
        place.lock(&["zoo", "lease", "--scenarios", EXAMPLES, "--searches=4", "--jobs", jobs])
    };
    let said = hunt("1").ends_with(0);
    assert_eq!(said.last_line(), "PASSED: 1 flaw found in every search, and no other");
    assert!(said.out.contains("\n  one_holder in lock\n"), "{}", said.out);
    assert_eq!(said.out, hunt("3").ends_with(0).out);
    assert!(!place.at("results").exists(), "a table of one flaw takes the place of none");
}

#[test]
fn what_is_not_found_is_said_and_ends_with_1() {
    let place = Place::new();
    let hunt = || place.ring(&["zoo", "keeps_a_copy", "--fast", "--quiet"]);
    let why = "error: keeps_a_copy is hunted in scenarios/my_ring.yaml, which is not there";
    assert!(hunt().ends_with(2).err.starts_with(why));
    place.write("scenarios/my_ring.yaml", RING);
    let _ = hunt().ends_with(0);
    // The twentieth passing on, with which the harm begins, takes longer.
    place.write("scenarios/my_ring.yaml", &RING.replace("for: 3s", "for: 10ms"));
    let said = hunt().ends_with(1);
    let why = "keeps_a_copy was not found by my_ring in the 10000 seeds from 0 on";
    assert!(said.out.contains(why), "{}", said.out);
}

#[test]
fn a_flaw_that_nobody_knows_or_nobody_judges_is_refused() {
    let place = Place::new();
    place.write("scenarios/my_ring.yaml", RING);
    let said = place.ring(&["zoo", "keeps_copy"]).ends_with(2);
    assert!(said.err.contains("there is no flaw `keeps_copy`"), "{}", said.err);
    assert!(said.err.contains("keeps_a_copy"), "{}", said.err);
    let said = place.ring(&["zoo", "looks_outside"]).ends_with(2);
    let why = "looks_outside breaks determinism, which my_ring does not judge";
    assert!(said.err.contains(why), "{}", said.err);
}
