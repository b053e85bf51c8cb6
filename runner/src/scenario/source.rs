//! The text of a scenario, and the file that it comes from.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use super::error::{Problem, ScenarioErrors};
use super::{overrides, suggest, yaml};
use crate::paths;

/// The text of a scenario, with all overrides in place.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// What people call it: the path below a folder `scenarios`, without the ending, as in
    /// `raft/swarm`.
    pub name: String,
    /// What it says.
    pub text: String,
    /// The overrides that were put into the text, as given.
    pub overrides: Vec<String>,
}

impl Source {
    /// A scenario that is in no file.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        let path = path.into();
        Self { name: name(&path), path, text: text.into(), overrides: Vec::new() }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Why it cannot be read, and what to do about that.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ScenarioErrors> {
        let path = path.as_ref();
        let shown = paths::shown(path);
        let bytes = bytes(path).map_err(|problem| ScenarioErrors::file(&shown, problem))?;
        Self::from_bytes(path, bytes)
    }

    /// What a file says that has these bytes.
    pub(crate) fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, ScenarioErrors> {
        match decode(bytes) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(problem) => Err(ScenarioErrors::file(&paths::shown(path), problem)),
        }
    }

    /// The same scenario with some values replaced, each `path=value`.
    ///
    /// # Errors
    /// If an override names no place where a value can stand, or is not a value itself.
    pub fn with_overrides(self, overrides: &[String]) -> Result<Self, ScenarioErrors> {
        let mut source = self;
        for given in overrides {
            match overrides::apply(&source.text, given) {
                Ok(text) => source.text = text,
                Err(overrides::Refusal::Override(problem)) => {
                    return Err(ScenarioErrors::file(&format!("--set {given}"), problem));
                }
                Err(overrides::Refusal::Scenario(problem)) => {
                    return Err(source.errors(vec![problem]));
                }
            }
            source.overrides.push(given.clone());
        }
        Ok(source)
    }

    /// Whether its runs have a time of chaos and a time of calm.
    pub(crate) fn has_swarm(&self) -> bool {
        yaml::parse(&self.text).is_ok_and(|tree| tree.get("swarm").is_some())
    }

    pub(super) fn errors(&self, problems: Vec<Problem>) -> ScenarioErrors {
        let path = paths::shown(&self.path);
        ScenarioErrors::new(&path, &self.text, problems).with_overrides(&self.overrides)
    }
}

fn name(path: &Path) -> String {
    let without_ending = paths::absolute(path).with_extension("");
    let parts: Vec<String> =
        without_ending.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let below = parts.iter().rposition(|part| part == "scenarios").map(|folder| folder + 1);
    let last = parts.len().saturating_sub(1);
    parts[below.filter(|&below| below < parts.len()).unwrap_or(last)..].join("/")
}

/// What is in a file, or in a pipe that somebody else feeds.
fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    if path.is_dir() {
        return Err(directory(path));
    }
    if is_named_pipe(path) {
        let help = "whoever reads one may wait for ever: write it to a file first";
        return Err(Problem::new("this is a named pipe, not a file").help(help));
    }
    let mut bytes = Vec::new();
    // There is no end to some files, so to this reader there is.
    let most = LARGEST + 1;
    match File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 == most => {
            let help = "a scenario has at most 4 MB; is this the right file?";
            Err(Problem::new("this file is too large").help(help))
        }
        Ok(_) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(missing(path)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let help = "the file is there; ask its owner to let you read it";
            Err(Problem::new("you may not read this file").help(help))
        }
        Err(error) => {
            let help = "a scenario is a file of YAML";
            Err(Problem::new(format!("cannot read it: {error}")).help(help))
        }
    }
}

/// Whether a path leads to a pipe in the file system. One that a shell made of a command, `<(…)`, is
/// in none: it is fed, and can be read.
#[cfg(unix)]
fn is_named_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    let is_pipe = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
    is_pipe && path.canonicalize().is_ok()
}

#[cfg(not(unix))]
const fn is_named_pipe(_: &Path) -> bool {
    false
}

fn decode(bytes: Vec<u8>) -> Result<String, Problem> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::new("this file is UTF-16").help("save it as UTF-8"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count();
        Problem::new(format!("not UTF-8: byte {at}, in line {line}")).help("save it as UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let text = with_plain_lines(text);
    if text.trim().is_empty() {
        return Err(Problem::new("this file is empty").help("a scenario begins: protocol: raft"));
    }
    Ok(text)
}

/// The text, where a carriage return alone does not end a line: to YAML it does, and to nobody else.
fn with_plain_lines(text: String) -> String {
    const ELSEWHERE: &str = "\r\n";
    if !text.contains('\r') {
        return text;
    }
    let lines = text.split(ELSEWHERE).map(|line| line.replace('\r', "\n"));
    lines.collect::<Vec<_>>().join(ELSEWHERE)
}

fn directory(path: &Path) -> Problem {
    let problem = Problem::new("this is a folder, not a scenario");
    match &entries(path, is_yaml)[..] {
        [] => problem.help("name a file in it"),
        [.., one] => {
            problem.help(format!("name a file in it, such as {}", path.join(one).display()))
        }
    }
}

fn missing(path: &Path) -> Problem {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let problem = Problem::new(format!("there is no folder {}", folder.display()));
        let above =
            folder.parent().filter(|above| above.is_dir()).unwrap_or_else(|| Path::new("."));
        let near = entries(above, Path::is_dir);
        let wanted = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        let meant = suggest::closest(&wanted.unwrap_or_default(), near.iter().map(String::as_str));
        let help = meant.map(|meant| format!("did you mean {}?", above.join(meant).display()));
        return match help {
            Some(help) => problem.help(help),
            None => problem,
        };
    }
    let problem = Problem::new("there is no such file");
    let near = entries(folder, is_yaml);
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let wanted = wanted.unwrap_or_default();
    let stem = |name: &str| name.trim_end_matches(".yaml").trim_end_matches(".yml").to_owned();
    let stems: Vec<String> = near.iter().map(|name| stem(name)).collect();
    let meant = suggest::closest(&stem(&wanted), stems.iter().map(String::as_str));
    let meant = meant.and_then(|meant| near.iter().find(|name| stem(name) == meant));
    match meant {
        Some(meant) => problem.help(format!("did you mean {}?", folder.join(meant).display())),
        None if near.is_empty() => {
            problem.help(format!("there are no scenarios in {}", folder.display()))
        }
        None => {
            let list = suggest::list(near.iter().map(String::as_str), "and");
            problem.help(format!("in {} are {list}", folder.display()))
        }
    }
}

/// What is in a folder, in order of name.
fn entries(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| wanted(path));
    let names = paths.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

const LARGEST: u64 = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_called_by_its_path_below_scenarios() {
        assert_eq!(name(Path::new("scenarios/partition.yaml")), "partition");
        assert_eq!(name(Path::new("/x/scenarios/raft/swarm.yaml")), "raft/swarm");
        assert_eq!(name(Path::new("elsewhere/mine.yml")), "mine");
        assert_eq!(name(Path::new("scenarios")), "scenarios");
        assert_eq!(name(Path::new("./scenarios/../scenarios/./raft/swarm.yaml")), "raft/swarm");
        assert_eq!(name(Path::new("scenarios/../mine.yaml")), "mine");
    }

    fn refused(path: &Path) -> String {
        Source::read(path).map_or_else(|errors| errors.to_string(), |source| source.text)
    }

    #[test]
    fn files_that_cannot_be_read_say_why() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let write = |name: &str, bytes: &[u8]| std::fs::write(at(name), bytes).expect("written");
        write("partition.yaml", b"\xef\xbb\xbfprotocol: raft\n");
        write("blank.yaml", b" \n\n");
        write("latin.yaml", b"a: 1\nb: \xe9\n");
        write("wide.yaml", b"\xff\xfea\0");
        write("mac.yaml", b"a: 1\rb: 2\r\n\rc: 3\r");
        assert_eq!(refused(&at("mac.yaml")), "a: 1\nb: 2\r\n\nc: 3\n", "each where it was");
        std::fs::remove_file(at("mac.yaml")).expect("it was there");
        assert_eq!(
            refused(&at("partition.yaml")),
            "protocol: raft\n",
            "a byte order mark is no text"
        );
        let says = |name: &str, part: &str| {
            let said = refused(&at(name)).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(part), "{name}: {said}");
        };
        says("blank.yaml", "this file is empty");
        says("latin.yaml", "not UTF-8: byte 8, in line 2");
        says("wide.yaml", "save it as UTF-8");
        says("partion.yaml", "partition.yaml?");
        says("partition", "partition.yaml?");
        says("swarm.yaml", "are blank.yaml, latin.yaml, partition.yaml and wide.yaml");
        says("nowhere/swarm.yaml", "there is no folder");
        says("", "name a file in it");
    }
}
