//! A failure that a sweep kept, in one file: all that it takes to see the same run again, with this build
//! or a later one. `results/README.md` describes it.
//!
//! The first schema had a seed and a fingerprint, and was good for one build. The second has the run
//! itself besides: the world that the seed drew as a scenario, every decision, and what happened.

mod recording;
mod tape;
mod token;
mod trail;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::output::json::{Build, ScenarioOf, Violation};
use crate::report::Report;
use crate::scenario::Source;
use crate::summary::Failure;

pub use recording::{Departure, Recording};
pub use tape::Decisions;
pub(crate) use tape::{Entry, Tape, scheduled};
pub(crate) use trail::Walker;
pub use trail::{Event, Trail};

/// The version of the file of a failure.
pub(crate) const SCHEMA: u32 = 2;

/// The file of a failure, as it is written.
#[derive(Serialize, Deserialize)]
pub(crate) struct File {
    schema: u32,
    build: Build,
    property: String,
    expected: bool,
    violation: Violation,
    scenario: ScenarioOf,
    replay: String,
    /// The scenario with every override in place, line by line.
    text: Vec<String>,
    /// The same with what the seed drew, as a scenario of its own.
    plan: Vec<String>,
    recording: Recording,
}

/// The file of a failure, as the first schema had it.
#[derive(Deserialize)]
struct FirstFile {
    build: Build,
    violation: Violation,
    text: String,
}

impl File {
    pub(crate) fn new(
        report: &Report<'_>,
        property: &str,
        failure: &Failure,
        (plan, recording): (String, Recording),
    ) -> Self {
        let lines = |text: &str| text.lines().map(String::from).collect();
        Self {
            schema: SCHEMA,
            build: Build::this(),
            property: property.into(),
            expected: report.summary.is_lesson(property),
            violation: Violation::new(failure),
            scenario: ScenarioOf::new(report),
            replay: report.replay_anywhere(failure.seed),
            text: lines(report.text),
            plan: lines(&plan),
            recording,
        }
    }
}

/// A failure that was kept.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The scenario, with every override of the sweep in place.
    pub(crate) source: Source,
    /// The seed that failed.
    pub(crate) seed: u64,
    /// What was broken.
    pub(crate) property: Option<String>,
    /// How that was put.
    pub(crate) message: String,
    /// The fingerprint of its run, as it is written everywhere.
    pub(crate) fingerprint: String,
    /// What ran it: name and version.
    pub(crate) build: String,
    /// The world that the seed drew, and the run; the first schema had none.
    pub(crate) run: Option<(Source, Recording)>,
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
    let schema = value.get("schema").map(Value::as_u64);
    if value.get("violation").is_none() && value.get("properties").is_some() {
        bail!("it is the summary of a sweep; the failures are beside it, in failures/");
    }
    match schema {
        Some(Some(1)) => {
            let file: FirstFile = serde_json::from_value(value)?;
            Ok(Kept {
                source: Source::new(path, file.text),
                seed: file.violation.seed()?,
                property: None,
                message: file.violation.message,
                fingerprint: file.violation.fingerprint,
                build: file.build.to_string(),
                run: None,
            })
        }
        Some(Some(2)) => {
            let file: File = serde_json::from_value(value)?;
            let source = |lines: &[String]| Source::new(path, format!("{}\n", lines.join("\n")));
            Ok(Kept {
                source: source(&file.text),
                seed: file.violation.seed()?,
                property: Some(file.property),
                message: file.violation.message,
                fingerprint: file.violation.fingerprint,
                build: file.build.to_string(),
                run: Some((source(&file.plan), file.recording)),
            })
        }
        Some(Some(schema)) => {
            bail!(
                "it has schema {schema}, and this build reads 1 to {SCHEMA}: a newer one is needed"
            )
        }
        Some(None) => bail!("its `schema` is no number"),
        None => bail!("it has no `schema`"),
    }
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
        assert_eq!(refused(r#"{ "schema": "x" }"#), "its `schema` is no number");
        let newer = "it has schema 99, and this build reads 1 to 2: a newer one is needed";
        assert_eq!(refused(r#"{ "schema": 99 }"#), newer);
        let summary = refused(r#"{ "schema": 1, "properties": [] }"#);
        assert!(summary.contains("failures/"), "{summary}");
        for schema in [1, 2] {
            let missing = refused(&format!(r#"{{ "schema": {schema} }}"#));
            assert!(missing.contains("missing field"), "{missing}");
        }
    }
}
