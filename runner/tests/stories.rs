//! The story of each hand-written scenario at its seed 0: what a change does to a run, readable.
//!
//! `BLESS=1 cargo test -p sim-runner --test stories` writes them anew, and the diff is the review. A
//! file's first line is the command that prints the rest.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// More than this nobody reads.
const LONGEST: usize = 300;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below a folder, by its path from there without the ending.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        let Ok(entries) = fs::read_dir(&at) else { continue };
        for entry in entries {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let below = path.strip_prefix(folder).expect("it lies below").with_extension("");
                found.insert(below.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    found
}

/// The scenarios whose faults somebody chose: the story of a swarm or of a hunt says little about the next
/// seed's, and what was shrunk is its own story.
fn hand_written() -> BTreeSet<String> {
    let scenarios = root().join("scenarios");
    let mut names = files(&scenarios);
    names.retain(|name| {
        let text = fs::read_to_string(scenarios.join(format!("{name}.yaml"))).expect("a scenario");
        let draws = |line: &str| line.starts_with("swarm:") || line.starts_with("    when:");
        let is_drawn = text.lines().any(draws);
        !is_drawn && !name.contains("/flaws/")
    });
    assert!(names.contains("partition"), "they are found: {names:?}");
    names
}

fn tell(name: &str) -> String {
    let arguments = format!("replay scenarios/{name}.yaml --seed 0 --plot");
    let told = Command::new(env!("CARGO_BIN_EXE_sim"))
        .args(arguments.split(' '))
        .env("NO_COLOR", "1")
        .current_dir(root())
        .output()
        .expect("the tool runs");
    let errors = String::from_utf8_lossy(&told.stderr);
    assert_eq!(told.status.code(), Some(0), "{name}: {errors}");
    assert_eq!(errors, "", "{name}");
    format!("$ sim {arguments}\n\n{}", String::from_utf8(told.stdout).expect("text"))
}

#[test]
fn stories_are_those_that_were_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let bless = std::env::var_os("BLESS").is_some();
    let scenarios = hand_written();
    let mut different = Vec::new();
    for name in &scenarios {
        let path = folder.join(format!("{name}.txt"));
        let told = tell(name);
        let lines = told.lines().count();
        assert!(lines <= LONGEST, "{name}: {lines} lines are no plot");
        if bless {
            fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
            fs::write(&path, &told).expect("it can be written");
        }
        let golden = fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        if golden != told {
            let at = golden.lines().zip(told.lines()).take_while(|(was, is)| was == is).count();
            let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
            let (was, is) = (line(&golden), line(&told));
            different.push(format!("{name}, line {}:\n  was {was}\n  is  {is}", at + 1));
        }
    }
    for gone in files(&folder).difference(&scenarios) {
        if bless {
            fs::remove_file(folder.join(format!("{gone}.txt"))).expect("it can be removed");
        } else {
            different.push(format!("{gone}: there is no such scenario any more"));
        }
    }
    let how = "BLESS=1 cargo test -p sim-runner --test stories writes them anew";
    assert!(different.is_empty(), "{}\n{how}", different.join("\n"));
}
