//! What is typed wrong, and in which colours it is said.

use super::place::{Place, Said, example};

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
fn colours_are_for_those_who_want_them() {
    let place = Place::new();
    let plain = ["run", "scenarios/ring.yaml"];
    let colored = ["run", "scenarios/ring.yaml", "--color", "always"];
    assert!(!place.ring(&plain).out.contains('\x1b'), "a pipe gets no colours");
    assert!(place.ring(&colored).out.contains('\x1b'), "unless it is to");
    let forced =
        Said::by(place.command(&example("own_protocol"), &plain).env("CLICOLOR_FORCE", "1"));
    assert!(forced.out.contains('\x1b'), "nor if the environment says so");
    let mut command = place.command(&example("own_protocol"), &plain);
    let refused = Said::by(command.env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1"));
    assert!(!refused.out.contains('\x1b'), "NO_COLOR has the last word");
}
