//! `sim list`.

use super::place::Place;

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
        [Some("raft"), Some("bracha"), Some("token_ring")]
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
