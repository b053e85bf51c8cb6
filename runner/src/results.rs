//! What a sweep leaves behind: `<out>/<scenario>/summary.json`, and `failures/<property>-<seed>.json`
//! for the failures that are kept. Described in `results/README.md`.
//!
//! Every file is complete or not there: it is written beside its place and then moved. The failures of
//! an earlier sweep of the same scenario go when the new ones are there.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use serde::Serialize;

use crate::catalogue::Prepared;
use crate::kept::File;
use crate::output::json::Sweep;
use crate::report::Report;

/// Whether results can be written, as far as can be known before there are any.
pub(crate) fn find_room(out: &Path, name: &str) -> anyhow::Result<()> {
    find_room_in(&out.join(inside(name)))
}

/// Whether a file can be written, as far as can be known before there is one.
pub(crate) fn find_room_for(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        anyhow::bail!("{} is a folder: name a file in it", path.display());
    }
    find_room_in(path.parent().unwrap_or_else(|| Path::new(".")))
}

/// The folder of a scenario's failures.
pub(crate) fn beside_failures(out: &Path, name: &str) -> PathBuf {
    out.join(inside(name)).join(FAILURES)
}

const FAILURES: &str = "failures";

fn find_room_in(folder: &Path) -> anyhow::Result<()> {
    let exists = |at: &&Path| fs::symlink_metadata(at).is_ok();
    let there = folder.ancestors().find(exists).unwrap_or_else(|| Path::new("."));
    let wrong = || format!("there is no place for results in {}", folder.display());
    if !there.is_dir() {
        let why = anyhow::anyhow!("{} is not a folder; --out DIR names another", there.display());
        return Err(why.context(wrong()));
    }
    let try_it = || temporary(there)?.write_all(b"\n");
    try_it().with_context(|| format!("{}: cannot write to {}", wrong(), there.display()))
}

/// Writes everything; says in which folder, and how many failures are in it.
pub(crate) fn write(
    out: &Path,
    report: &Report<'_>,
    scenario: &dyn Prepared,
    max_failures: usize,
) -> anyhow::Result<(PathBuf, usize)> {
    let folder = out.join(inside(report.name));
    let failures = folder.join(FAILURES);
    let mut kept = BTreeSet::new();
    for (property, failed) in &report.summary.failures {
        for failure in failed.to_keep(max_failures) {
            let name = OsString::from(format!("{property}-{}.json", failure.seed));
            // Only now is anything recorded: a sweep has no time for it.
            let run = scenario.record(report.text, failure.seed);
            place(&failures.join(&name), &File::new(report, property, failure, run))?;
            kept.insert(name);
        }
    }
    remove_all_but(&failures, &kept)
        .with_context(|| format!("cannot remove old failures from {}", failures.display()))?;
    place(&folder.join("summary.json"), &Sweep::new(report))?;
    sweep_up(&folder).with_context(|| format!("cannot tidy {}", folder.display()))?;
    Ok((folder, kept.len()))
}

/// A scenario's name as a folder that cannot lie outside the one for results.
fn inside(name: &str) -> PathBuf {
    let parts = Path::new(name).components();
    let folder: PathBuf = parts.filter(|part| matches!(part, Component::Normal(_))).collect();
    if folder.as_os_str().is_empty() { PathBuf::from("scenario") } else { folder }
}

fn place(path: &Path, content: &impl Serialize) -> anyhow::Result<()> {
    try_place(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Puts a text into its place.
pub(crate) fn place_text(path: &Path, text: &str) -> anyhow::Result<()> {
    try_place_text(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn try_place(path: &Path, content: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(content)?;
    try_place_text(path, &format!("{text}\n"))
}

fn try_place_text(path: &Path, text: &str) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut file = temporary(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A file that goes when it is dropped, unless it is moved to its place. One that stays, because
/// this process was killed, is known by its name.
fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED.0).suffix(UNFINISHED.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Readable by whom the user's own settings let read; the default is nobody else.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// How the name of a file begins and ends that is not complete.
const UNFINISHED: (&str, &str) = (".sim-", ".tmp");

/// Whether a file is one that a killed sweep did not finish.
fn is_unfinished(name: &str) -> bool {
    name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1)
}

/// Removes what a killed sweep left unfinished.
fn sweep_up(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_unfinished) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Removes the failures that are not among these, and nothing that we would not have written.
fn remove_all_but(folder: &Path, kept: &BTreeSet<OsString>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let mut is_empty = true;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if !kept.contains(&name) && name.to_str().is_some_and(is_ours) {
            fs::remove_file(entry.path())?;
        } else {
            is_empty = false;
        }
    }
    if is_empty { fs::remove_dir(folder) } else { Ok(()) }
}

fn is_ours(name: &str) -> bool {
    is_a_failure(name) || is_unfinished(name)
}

/// `linearizable-48213.json`
fn is_a_failure(name: &str) -> bool {
    let parts = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once('-'));
    parts.is_some_and(|(property, seed)| !property.is_empty() && seed.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        assert_eq!(inside("raft/swarm"), Path::new("raft/swarm"));
        assert_eq!(inside("/etc/../x"), Path::new("etc/x"));
        assert_eq!(inside("../.."), Path::new("scenario"));
    }

    #[test]
    fn only_old_failures_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let names =
            ["linearizable-1.json", "linearizable-2.json", "notes.json", ".sim-b.tmp", "x-3.txt"];
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_all_but(folder.path(), &BTreeSet::from([OsString::from(names[1])])).unwrap();
        let left = names.map(|name| folder.path().join(name).exists());
        assert_eq!(left, [false, true, true, false, true]);
    }

    #[test]
    fn files_are_placed_whole_and_folders_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/c.json");
        try_place(&path, &[1, 2]).unwrap();
        try_place(&path, &[3]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n  3\n]\n");
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, 1, "nothing is left beside it");
    }
}
