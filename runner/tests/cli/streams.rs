//! Streams that take nothing, and readers who leave.

use std::process::Stdio;

use super::place::{Place, Said, example};

#[test]
fn a_reader_who_leaves_is_no_error() {
    let place = Place::new();
    let arguments = ["replay", "scenarios/ring.yaml", "--seed", "1", "--all", "--for", "60s"];
    let mut command = place.command(&example("own_protocol"), &arguments);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(child.stdout.take());
    let said = Said::of(&child.wait_with_output().expect("it ends")).ends_with(0);
    assert_eq!(said.err, "");
}

/// What each command does where standard output takes nothing.
#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_is_not_lost_in_silence() {
    let place = Place::new();
    for arguments in [
        "run scenarios/small/agree.yaml",
        "run scenarios/small/agree.yaml --format json",
        "run scenarios/small/agree.yaml --quiet",
        "replay scenarios/small/agree.yaml --seed 0 --all",
        "replay scenarios/small/agree.yaml --seed 0",
        "list",
        "list flaws",
    ] {
        let said = place.shell(&format!("exec \"$SIM\" {arguments} > /dev/full")).ends_with(2);
        let why = "error: cannot write to standard output: No space left on device";
        assert!(said.err.starts_with(why), "{arguments}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{arguments}: {}", said.err);
    }
    assert!(place.at("results/small/agree/summary.json").exists(), "the results are written");
    for arguments in ["--help", "--version", "run --help"] {
        let _ = place.shell(&format!("exec \"$SIM\" {arguments} > /dev/full")).ends_with(2);
    }
}

#[test]
#[cfg(unix)]
fn a_pipe_that_closes_early_changes_no_exit_code() {
    let place = Place::new();
    let says_nothing = "run scenarios/small/agree.yaml --set network.loss=100% --seeds 3";
    for (arguments, code) in [
        ("replay scenarios/small/agree.yaml --seed 0 --all", 0),
        ("run scenarios/small/agree.yaml", 0),
        (says_nothing, 3),
        ("list", 0),
        ("--help", 0),
        ("frobnicate", 2),
    ] {
        for reader in ["head -n 1", "true"] {
            let said = place.shell(&format!(
                "{{ \"$SIM\" {arguments}; echo \"code $?\" >&2; }} | {reader} > /dev/null"
            ));
            let last = said.err.lines().last().unwrap_or_default();
            assert_eq!(last, format!("code {code}"), "{arguments} | {reader}: {}", said.err);
            let is_quiet = code == 2 || said.err.lines().count() == 1;
            assert!(is_quiet, "{arguments} | {reader}: {}", said.err);
        }
    }
}

#[test]
#[cfg(unix)]
fn a_sweep_does_without_any_stream() {
    let place = Place::new();
    let run = "exec \"$SIM\" run scenarios/small/agree.yaml";
    for closed in ["<&- >&- 2>&-", "2>&-", ">&-", "2>/dev/null"] {
        let _ = place.shell(&format!("{run} {closed}")).ends_with(0);
        assert_eq!(place.json("results/small/agree/summary.json")["verdict"], "passed");
    }
    #[cfg(target_os = "linux")]
    let _ = place.shell(&format!("{run} --seeds 400 2>/dev/full")).ends_with(0);
    // What is wrong has its exit code even where nobody hears it.
    let _ = place.shell("exec \"$SIM\" run scenarios/none.yaml 2>&-").ends_with(2);
}
