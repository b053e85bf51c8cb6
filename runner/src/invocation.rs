//! How this program was started, so that the lines it prints work when they are pasted.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// The words that start this program again, up to its own arguments.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    words: Vec<String>,
}

impl Invocation {
    /// As this process was started.
    pub(crate) fn of_this_process() -> Self {
        let typed = std::env::args_os().next().unwrap_or_else(|| "sim".into());
        let words = cargo_run().unwrap_or_else(|| vec![typed.to_string_lossy().into_owned()]);
        Self { words }
    }

    /// As somebody would who has installed it: for files, which others read elsewhere.
    pub(crate) fn installed() -> Self {
        Self { words: vec![String::from("sim")] }
    }

    /// The line that replays a seed.
    pub(crate) fn replay(&self, scenario: &str, seed: u64, overrides: &[String]) -> String {
        let mut line: Vec<String> = self.words.iter().map(|word| quoted(word)).collect();
        line.extend([String::from("replay"), path_word(scenario), format!("--seed {seed}")]);
        line.extend(overrides.iter().map(|one| format!("--set {}", quoted(one))));
        line.join(" ")
    }
}

/// The `cargo run …` that started this process, if one did and would again in this directory.
fn cargo_run() -> Option<Vec<String>> {
    std::env::var_os("CARGO")?;
    let package = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let name = std::env::var_os("CARGO_PKG_NAME")?.to_string_lossy().into_owned();
    let program = std::env::current_exe().ok()?;
    let here = std::env::current_dir().ok()?;
    cargo_words(&program, &here, &package, &name)
}

/// The same, from what the environment says.
fn cargo_words(program: &Path, here: &Path, package: &Path, name: &str) -> Option<Vec<String>> {
    let stem = program.file_stem()?.to_string_lossy().into_owned();
    let folder = program.parent()?;
    let is_example = folder.file_name() == Some(OsStr::new("examples"));
    let profile = if is_example { folder.parent()? } else { folder };
    let target = profile.parent()?;
    let built_here = [target, target.parent()?].iter().any(|at| at.join("CACHEDIR.TAG").exists());
    if !built_here {
        return None;
    }
    let mut words: Vec<String> = ["cargo", "run"].map(String::from).into();
    match profile.file_name()?.to_str()? {
        "debug" => {}
        "release" => words.push(String::from("--release")),
        other => words.extend([String::from("--profile"), other.into()]),
    }
    let manifest = here.ancestors().map(|at| at.join("Cargo.toml")).find(|at| at.exists())?;
    if manifest.parent() != Some(package) {
        if !package.starts_with(manifest.parent()?) {
            return None;
        }
        if !fs::read_to_string(&manifest).ok()?.contains("default-members") {
            words.extend([String::from("-p"), name.into()]);
        }
    }
    if is_example {
        words.extend([String::from("--example"), stem]);
    } else if package.join("src/bin").is_dir() {
        words.extend([String::from("--bin"), stem]);
    }
    words.push(String::from("--"));
    Some(words)
}

/// A path as a word: one that begins like an option must not be taken for one.
fn path_word(path: &str) -> String {
    if path.starts_with('-') { quoted(&format!("./{path}")) } else { quoted(path) }
}

/// A word as the shell takes it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,%+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into();
    }
    if cfg!(windows) {
        format!("\"{}\"", word.replace('"', "\\\""))
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(String::from).collect()
    }

    #[test]
    #[cfg(not(windows))]
    fn a_replay_line_can_be_pasted() {
        let sim = Invocation { words: words("cargo run --release --") };
        let overrides = ["config.flaw=half_quorum".into(), "faults=[{ crash: 'B' }]".into()];
        assert_eq!(
            sim.replay("my scenarios/a.yaml", 48_213, &overrides),
            r"cargo run --release -- replay 'my scenarios/a.yaml' --seed 48213 --set config.flaw=half_quorum --set 'faults=[{ crash: '\''B'\'' }]'"
        );
        assert_eq!(
            Invocation::installed().replay("-a.yaml", 7, &[]),
            "sim replay ./-a.yaml --seed 7"
        );
    }

    #[test]
    fn cargo_is_named_as_it_was_called() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in ["app", "target/release/examples", "target/debug", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        fs::write(at("target/CACHEDIR.TAG"), "").unwrap();
        fs::write(at("app/Cargo.toml"), "").unwrap();
        let line = |program: &str, here: &str| {
            cargo_words(&at(program), &at(here), &at("app"), "app").map(|words| words.join(" "))
        };
        let run = |line: &str| Some(String::from(line));
        assert_eq!(line("target/release/sim", "app"), run("cargo run --release --"));
        assert_eq!(line("target/debug/sim", "app"), run("cargo run --"));
        let example = run("cargo run --release --example mine --");
        assert_eq!(line("target/release/examples/mine", "app"), example);
        assert_eq!(line("bin/sim", "app"), None, "it was installed");
        assert_eq!(line("target/debug/sim", "elsewhere"), None, "cargo would find nothing to run");
        fs::write(at("Cargo.toml"), "[workspace]").unwrap();
        assert_eq!(line("target/debug/sim", "elsewhere"), run("cargo run -p app --"));
        fs::write(at("Cargo.toml"), "[workspace]\ndefault-members = ['app']").unwrap();
        assert_eq!(line("target/debug/sim", "elsewhere"), run("cargo run --"));
    }
}
