//! A folder to run the program in, and what it said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A token goes round a ring: the protocol of `examples/own_protocol.rs`, quick and with every kind of
/// mistake.
pub(super) const RING: &str = "\
about: A token goes round a ring of three. Nothing else happens.
protocol: token_ring
nodes: [A, B, C]
network: { latency: 1ms..5ms }
run: { for: 3s, seeds: 0..20 }
expect: { always: [one_holder], sometimes: [went_round] }
";

/// A scenario of the protocol that comes with the tool.
pub(super) const RAFT: &str = "\
about: Three nodes agree while one crashes.
protocol: raft
nodes: [A, B, C]
network: { latency: 1ms..10ms }
disk: { fsync: 2ms }
clients: { count: 2, rate: 20/s, timeout: 1s, mix: { put: 50%, get: 50% } }
faults:
  - crash: A
    at: 1s
    until: 2s
run: { for: 5s, seeds: 0..10 }
expect:
  always: [one_leader_per_term, acknowledged_is_committed, linearizable]
  eventually: { reply: 2s }
  sometimes: [leader_elected]
";

/// The program.
pub(super) const SIM: &str = env!("CARGO_BIN_EXE_sim");

/// A folder with two scenarios, and the means to run the program in it.
pub(super) struct Place {
    pub(super) folder: tempfile::TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("scenarios/small")).expect("a folder below it");
        let place = Self { folder };
        place.write("scenarios/ring.yaml", RING);
        place.write("scenarios/small/agree.yaml", RAFT);
        place
    }

    pub(super) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        fs::write(self.at(path), text).expect("a file");
    }

    pub(super) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(super) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.read(path)).expect("it is JSON")
    }

    pub(super) fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for variable in ["CARGO", "NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs `sim`.
    pub(super) fn sim(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(Path::new(SIM), arguments))
    }

    /// Runs `sim` as a shell runs it: `$SIM` is its name.
    #[cfg(unix)]
    pub(super) fn shell(&self, line: &str) -> Said {
        Said::by(self.command(Path::new("sh"), &["-c", line]).env("SIM", SIM))
    }

    /// Runs the program of the example, which knows the ring besides.
    pub(super) fn ring(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(&example("own_protocol"), arguments))
    }

    /// Runs the program of the lock service.
    pub(super) fn lock(&self, arguments: &[&str]) -> Said {
        Said::by(&mut self.command(&example("lock"), arguments))
    }
}

/// The program of an example. `cargo test` builds it; `cargo test --test cli` alone does not, and
/// must not judge one of yesterday.
pub(super) fn example(name: &str) -> PathBuf {
    let folder = Path::new(SIM).parent().expect("it lies in a folder");
    let program = folder.join(format!("examples/{name}{}", std::env::consts::EXE_SUFFIX));
    let written = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["src", "examples"].map(|name| crate_folder.join(name));
    let sources = folders.iter().flat_map(|folder| {
        let files = files(folder).into_iter().map(|(name, _)| name);
        files.filter(|name| is_part_of_it(name)).map(|name| written(&folder.join(name)))
    });
    let newest = sources.max().flatten();
    let how = "cargo build -p sim-runner --examples, or all of cargo test";
    assert!(written(&program) >= newest, "first: {how}");
    program
}

/// Whether a source is part of the example's program: neither `sim`'s own, nor only there for tests.
fn is_part_of_it(source: &Path) -> bool {
    let mut parts = source.iter();
    source != Path::new("main.rs") && !parts.any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn what_is_only_for_tests_does_not_make_the_example_old() {
    let of_it = |path: &str| is_part_of_it(Path::new(path));
    assert!(of_it("story.rs") && of_it("story/words.rs") && of_it("own_protocol.rs"));
    assert!(!of_it("story/tests.rs") && !of_it("story/tests/golden.rs") && !of_it("main.rs"));
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) out: String,
    pub(super) err: String,
}

impl Said {
    pub(super) fn by(command: &mut Command) -> Self {
        Self::of(&command.output().expect("it starts"))
    }

    pub(super) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is UTF-8");
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    pub(super) fn last_line(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }

    /// What it printed, however that is broken into lines.
    pub(super) fn words(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    pub(super) fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// The one line that replays a seed.
    #[track_caller]
    pub(super) fn replay_line(&self) -> &str {
        let mut lines = self.out.lines().map(str::trim).filter(|line| line.contains(" replay "));
        let line = lines.next().unwrap_or_else(|| panic!("no replay line: {self:#?}"));
        assert_eq!(lines.next(), None, "one line for one property");
        line
    }
}

/// Every file below a folder, with its content.
pub(super) fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    fn collect(root: &Path, folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(root, &path, found);
            } else {
                let name = path.strip_prefix(root).expect("it lies below").to_owned();
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    let mut found = Vec::new();
    collect(folder, folder, &mut found);
    found.sort();
    found
}
