//! `sim replay --export`: the run in the notations of other tools, into files or to standard output.

use std::path::Path;

use anyhow::bail;

use super::Run;
use crate::args::Export;
use crate::export;
use crate::paths;
use crate::results;

/// Writes the files that are asked for; gives what goes to standard output in place of the story.
pub(super) fn all(run: &Run, exports: &[Export]) -> anyhow::Result<Option<String>> {
    if exports.is_empty() {
        return Ok(None);
    }
    let files: Vec<&Path> = exports.iter().filter_map(|export| export.file.as_deref()).collect();
    if exports.len() - files.len() > 1 {
        bail!("only one format can go to standard output: write FORMAT=FILE for the others");
    }
    for (place, file) in files.iter().enumerate() {
        let is_same = |other: &&Path| paths::absolute(other) == paths::absolute(file);
        if files[..place].iter().any(is_same) {
            bail!("two formats would go to {}", paths::shown(file));
        }
        results::find_room_for(file)?;
    }
    let mut printed = None;
    // Nothing is written unless all of it can be said.
    let notations = exports.iter().map(|export| export.notation);
    let texts = export::texts(notations, &*run.scenario, run.seed, run.recording());
    let texts = texts.map_err(anyhow::Error::msg)?;
    for (export, text) in exports.iter().zip(texts) {
        match &export.file {
            Some(file) => results::place_text(file, &text)?,
            None => printed = Some(text),
        }
    }
    Ok(printed)
}
