//! What the README says is so: its scenario, its story, its tables and its commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sim_runner::Catalogue;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("a README")
}

/// The block of a language that begins with these words.
fn block(language: &str, begins: &str) -> String {
    let readme = readme();
    let fence = format!("```{language}\n");
    let blocks = readme.split(&fence).skip(1);
    let mut bodies = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    let found = bodies.find(|body| body.trim_start().starts_with(begins));
    found.unwrap_or_else(|| panic!("no ```{language} begins with {begins:?}")).to_owned()
}

#[test]
fn the_scenario_is_the_file() {
    let file = fs::read_to_string(root().join("scenarios/partition.yaml")).expect("it is there");
    assert_eq!(block("yaml", "about:"), file);
}

#[test]
fn the_smallest_scenario_is_the_file() {
    let file = root().join("scenarios/raft/flaws/vote_not_durable.yaml");
    let file = fs::read_to_string(file).expect("it is there");
    assert_eq!(block("yaml", "# one_vote_per_term"), file);
}

#[test]
fn the_story_is_what_the_replay_tells() {
    let arguments = "replay scenarios/raft/even_cluster.yaml --seed 0 --color never \
        --set config.flaw=half_quorum_of_even --kind RequestVote --kind Vote --kind role";
    let told = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(arguments.split_whitespace())
        .current_dir(root())
        .output()
        .expect("the tool runs");
    assert_eq!(told.status.code(), Some(1), "a violation");
    let told = String::from_utf8(told.stdout).expect("text");
    let story = block("text", "time");
    assert!(story.lines().count() > 30, "the story is there");
    assert!(told.ends_with(&story), "the replay tells:\n{told}");
}

#[test]
fn the_tables_name_the_whole_catalogue() {
    let readme = readme();
    let rows: Vec<&str> = readme.lines().filter(|line| line.starts_with("| ")).collect();
    let row = |words: &[&str]| {
        let found = rows.iter().any(|row| words.iter().all(|word| row.contains(word)));
        assert!(found, "no row of a table has {words:?}");
    };
    for entry in Catalogue::standard().entries() {
        row(&[&format!("| `{}` |", entry.name())]);
        for flaw in entry.flaws() {
            let breaks = format!("| `{}` |", flaw.breaks);
            row(&[&format!("`{}`", flaw.name), &breaks, &format!("| `{}` |", flaw.scenario)]);
        }
    }
}

#[test]
fn the_protocol_of_ones_own_is_the_example() {
    let file = root().join("runner/examples/lock.rs");
    let file = fs::read_to_string(file).expect("it is there");
    let shown = block("rust", "fn on_start");
    assert!(shown.lines().count() > 25, "it is all there");
    let indented: Vec<String> =
        shown.lines().map(|line| format!("    {line}").trim_end().to_owned()).collect();
    assert!(file.contains(&indented.join("\n")), "{shown}");
}

#[test]
fn the_two_commands_are_those_that_are_checked() {
    let commands = block("console", "$ cargo run --release -- run scenarios/partition.yaml");
    assert!(commands.contains("--seeds 10000\n$ cargo test --workspace\n"), "{commands}");
    let checks = fs::read_to_string(root().join(".ci/run")).expect("the checks");
    assert!(checks.contains("cargo test --workspace"), "CI calls what the README says");
}
