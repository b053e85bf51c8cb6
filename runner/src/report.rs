//! What a sweep comes to, before anybody prints it: the same facts for people and for programs.

use std::path::{Path, PathBuf};

use sim_core::Duration;

use crate::determinism::Parting;
use crate::fared::{Fared, How, Tense, fared, groups};
use crate::invocation::Invocation;
use crate::output::words::{grouped, listed, many};
use crate::paths;
use crate::signals;
use crate::summary::{Summary, SweepVerdict};

/// A sweep that is over.
pub(crate) struct Report<'a> {
    /// The scenario's file, as it was typed.
    pub(crate) path: &'a str,
    /// The scenario's name.
    pub(crate) name: &'a str,
    /// The scenario's text, with the overrides in place.
    pub(crate) text: &'a str,
    /// What is different from the file, as `key=value`.
    pub(crate) overrides: &'a [String],
    /// The protocol's name.
    pub(crate) protocol: &'static str,
    /// What the scenario is about.
    pub(crate) about: &'a str,
    /// What the runs add up to.
    pub(crate) summary: &'a Summary,
    /// What running seeds a second time showed, if that was asked for.
    pub(crate) determinism: Option<Determinism>,
    /// What all this comes to.
    pub(crate) ending: Ending,
}

impl Report<'_> {
    /// The line that replays a seed wherever the tool is installed and the scenario lies at its path.
    pub(crate) fn replay_anywhere(&self, seed: u64) -> String {
        let path = paths::anywhere(Path::new(self.path));
        Invocation::installed().replay(&path, seed, self.overrides)
    }
}

/// How a sweep went here and now: nothing of this reaches a file.
pub(crate) struct Session<'a> {
    /// In how much real time.
    pub(crate) elapsed: Duration,
    /// On how many threads.
    pub(crate) jobs: usize,
    /// How the tool was started.
    pub(crate) invocation: &'a Invocation,
    /// The folder that holds the results, and how many failures it keeps; `None` if they could not be
    /// written.
    pub(crate) results: Option<(PathBuf, usize)>,
}

impl Session<'_> {
    /// The line that replays a seed here and now.
    pub(crate) fn replay(&self, report: &Report<'_>, seed: u64) -> String {
        self.invocation.replay(report.path, seed, report.overrides)
    }
}

/// What running seeds a second time showed.
#[derive(Clone, Debug)]
pub(crate) struct Determinism {
    /// How many seeds ran twice.
    pub(crate) seeds: u64,
    /// The first of them that was not the same twice.
    pub(crate) difference: Option<Difference>,
}

/// A seed that was not the same twice.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// Which.
    pub(crate) seed: u64,
    /// Where the two runs part; `None` if two more runs of it, one event at a time, were the same.
    pub(crate) parting: Option<Parting>,
}

/// What a sweep comes to.
#[derive(Clone, Debug)]
pub(crate) struct Ending {
    /// In a word.
    pub(crate) word: Word,
    /// Why, each in a sentence without a stop.
    pub(crate) why: Vec<String>,
}

/// What a sweep comes to, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Word {
    /// Everything is as expected.
    Passed,
    /// A seed broke something that was to hold.
    Failed,
    /// No seed did what some seed should have done.
    Unmet,
    /// It says too little.
    Inconclusive,
    /// Somebody ended it early.
    Interrupted,
}

impl Word {
    /// As programs read it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unmet => "unmet",
            Self::Inconclusive => "inconclusive",
            Self::Interrupted => "interrupted",
        }
    }

    /// What the process says when it ends.
    pub(crate) fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed | Self::Unmet => 1,
            Self::Inconclusive => 3,
            Self::Interrupted => signals::exit_code(),
        }
    }
}

impl Ending {
    /// What a sweep comes to.
    pub(crate) fn of(
        summary: &Summary,
        determinism: Option<&Determinism>,
        interrupted: bool,
    ) -> Self {
        if interrupted {
            let broken = match summary.has_failed() {
                true => broken(summary),
                false => String::from("until then nothing was broken"),
            };
            let all = summary.seeds.end - summary.seeds.start;
            let after = format!("after {} of {}", grouped(summary.ran), many(all, "seed"));
            return Self { word: Word::Interrupted, why: vec![after, broken] };
        }
        if let Some(difference) = determinism.and_then(|found| found.difference.as_ref()) {
            let mut why = vec![format!("seed {} was not the same twice", difference.seed)];
            why.extend(summary.has_failed().then(|| broken(summary)));
            return Self { word: Word::Inconclusive, why };
        }
        match summary.verdict() {
            SweepVerdict::Held => Self { word: Word::Passed, why: passed(summary) },
            SweepVerdict::Failed => Self { word: Word::Failed, why: vec![broken(summary)] },
            SweepVerdict::Unmet(why) => Self { word: Word::Unmet, why },
            SweepVerdict::Inconclusive(why) => Self { word: Word::Inconclusive, why },
        }
    }
}

fn passed(summary: &Summary) -> Vec<String> {
    let mut why = vec![format!("all is as expected in {}", many(summary.ran, "run"))];
    let expectations = &summary.expectations;
    let missing = |row: &Fared| row.tense == Tense::Sometimes && row.how == How::NotJudged;
    let missing = fared(summary).into_iter().filter(missing);
    let missing: Vec<&str> = missing.map(|row| row.property).collect();
    if !missing.is_empty() {
        let (missing, enough) = (listed(&missing), grouped(expectations.enough_seeds));
        why.push(format!("{missing} did not happen yet, which is judged from {enough} seeds on"));
    }
    why
}

fn broken(summary: &Summary) -> String {
    let failed = groups(summary).into_iter().filter(|(property, _)| !summary.is_lesson(property));
    let (names, counts): (Vec<&str>, Vec<u64>) =
        failed.map(|(property, failures)| (property, failures.count)).unzip();
    let were = if names.len() == 1 { "was" } else { "were" };
    let of = many(summary.ran, "run");
    format!("{} {were} broken in {} of {of}", listed(&names), grouped(counts.iter().sum()))
}
