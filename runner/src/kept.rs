//! Reads the file of a failure that a sweep kept: all that it takes to see the same run again.
//! `output::json` writes it, and `results/README.md` describes it.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::output::json::SCHEMA;
use crate::scenario::Source;

/// A failure that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The scenario, with every override of the sweep in place.
    pub(crate) source: Source,
    /// The seed that failed.
    pub(crate) seed: u64,
    /// The fingerprint of its run, as it is written everywhere.
    pub(crate) fingerprint: String,
    /// What ran it: name and version.
    pub(crate) build: String,
}

#[derive(Deserialize)]
struct File {
    build: Build,
    violation: Violation,
    text: String,
}

#[derive(Deserialize)]
struct Build {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Violation {
    seed: String,
    fingerprint: String,
}

/// Whether a file is a kept failure, going by its name.
pub(crate) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}

/// Reads one.
pub(crate) fn read(path: &Path) -> anyhow::Result<Kept> {
    let shown = crate::paths::shown(path);
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    parse(path, &text).with_context(|| format!("{shown} is no kept failure"))
}

fn parse(path: &Path, text: &str) -> anyhow::Result<Kept> {
    let value: Value = serde_json::from_str(text).context("it is not JSON")?;
    match value.get("schema").and_then(Value::as_u64) {
        Some(schema) if schema == u64::from(SCHEMA) => {}
        Some(schema) => bail!("it has schema {schema}, and this build reads {SCHEMA}"),
        None => bail!("it has no `schema`"),
    }
    if value.get("violation").is_none() && value.get("properties").is_some() {
        bail!("it is the summary of a sweep; the failures are beside it, in failures/");
    }
    let file: File = serde_json::from_value(value)?;
    Ok(Kept {
        source: Source::new(path, file.text),
        seed: file.violation.seed.parse().context("its seed is not a number")?,
        fingerprint: file.violation.fingerprint,
        build: format!("{} {}", file.build.name, file.build.version),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let refused = parse(Path::new("x.json"), text).expect_err("it is none");
        format!("{refused:#}")
    }

    #[test]
    fn what_is_no_kept_failure_says_why() {
        assert!(refused("protocol: raft").starts_with("it is not JSON"));
        assert_eq!(refused("{}"), "it has no `schema`");
        assert_eq!(refused(r#"{ "schema": 99 }"#), "it has schema 99, and this build reads 1");
        let summary = refused(r#"{ "schema": 1, "properties": [] }"#);
        assert!(summary.contains("failures/"), "{summary}");
        assert!(refused(r#"{ "schema": 1 }"#).contains("missing field"));
    }
}
