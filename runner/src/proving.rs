//! What must be so whatever the loader is given. For the fuzz target and the test that mutilates
//! scenarios; no part of what this crate offers.

use std::path::Path;

use sim_core::check::builtin;

use crate::catalogue::Catalogue;
use crate::outcome::Verdict;
use crate::scenario::{ScenarioErrors, Source};

/// What became of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fared {
    /// They are no scenario, and that was explained.
    Refused,
    /// They are one, and its first seed ran.
    Ran,
}

/// Reads bytes as a scenario, and if they are one runs a little of its first seed.
///
/// # Errors
/// What the loader, or the run, did that it must not.
pub fn survives(catalogue: &Catalogue, bytes: &[u8]) -> Result<Fared, String> {
    let source = match Source::from_bytes(Path::new("x.yaml"), bytes.to_vec()) {
        Ok(source) => source,
        Err(errors) => return refused(&errors),
    };
    if let Err(errors) = catalogue.prepare(&source) {
        return refused(&errors);
    }
    // So few events are over at once, however long the run would be.
    let few = [String::from("limits.events=500")];
    let prepared = source.with_overrides(&few).and_then(|source| catalogue.prepare(&source));
    let scenario = match prepared {
        Ok(scenario) => scenario,
        Err(errors) => return refused(&errors),
    };
    match scenario.worker().run(scenario.seeds().start).verdict {
        Verdict::Violated(broken) if broken.property == builtin::NO_PANIC => Err(broken.message),
        _ => Ok(Fared::Ran),
    }
}

/// Whether those who made these mistakes learn what to do.
fn refused(errors: &ScenarioErrors) -> Result<Fared, String> {
    if let Some(doubt) = errors.doubt() {
        return Err(doubt);
    }
    let said = errors.to_string();
    match said.lines().find(|line| line.chars().count() > 80) {
        Some(wide) => Err(format!("this is too wide: {wide}")),
        None if said.is_empty() => Err(String::from("nothing is said")),
        None => Ok(Fared::Refused),
    }
}
