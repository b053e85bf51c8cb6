//! What a sweep comes to, before anybody prints it: the same facts for people and for programs.

use std::path::PathBuf;

use sim_core::Duration;
use sim_core::check::builtin;

use crate::determinism::Parting;
use crate::invocation::Invocation;
use crate::output::words::{grouped, listed, many};
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
    pub(crate) const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed | Self::Unmet => 1,
            Self::Inconclusive => 3,
            Self::Interrupted => 130,
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
    let sometimes = expectations.sometimes.iter().copied();
    let missing: Vec<&str> = sometimes.filter(|name| !summary.reached.contains_key(name)).collect();
    if !missing.is_empty() {
        let (missing, enough) = (listed(&missing), grouped(expectations.enough_seeds));
        why.push(format!("{missing} did not happen yet, which is judged from {enough} seeds on"));
    }
    why
}

fn broken(summary: &Summary) -> String {
    let failed = summary.failures.iter().filter(|(property, _)| !summary.is_lesson(property));
    let (names, counts): (Vec<&str>, Vec<u64>) =
        failed.map(|(property, failures)| (*property, failures.count)).unzip();
    let were = if names.len() == 1 { "was" } else { "were" };
    let of = many(summary.ran, "run");
    format!("{} {were} broken in {} of {of}", listed(&names), grouped(counts.iter().sum()))
}

/// How one property fared.
#[derive(Clone, Debug)]
pub(crate) struct Fared {
    pub(crate) property: &'static str,
    pub(crate) tense: Tense,
    pub(crate) how: How,
    /// Within which time it must come about: `eventually` only.
    pub(crate) within: Option<Duration>,
    /// In how many runs it was judged and held; the seeds in which it happened for `sometimes`.
    pub(crate) runs: u64,
    /// In how many runs it was broken.
    pub(crate) broken: u64,
    /// In how many runs its judge had to give up.
    pub(crate) undecided: u64,
    /// How often it happened: `sometimes` only.
    pub(crate) times: u64,
}

/// When a property must hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Tense {
    Always,
    Eventually,
    Sometimes,
    Violated,
}

impl Tense {
    /// As scenarios write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Eventually => "eventually",
            Self::Sometimes => "sometimes",
            Self::Violated => "violated",
        }
    }
}

/// How a property fared, in a word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum How {
    /// It is as expected.
    Held,
    /// A run broke it.
    Broken,
    /// It never happened, and should have.
    Unmet,
    /// Too little ran to tell.
    NotJudged,
    /// A judge gave up in some runs, and found nothing in the others.
    Undecided,
}

impl How {
    /// As programs read it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Broken => "broken",
            Self::Unmet => "unmet",
            Self::NotJudged => "not_judged",
            Self::Undecided => "undecided",
        }
    }
}

/// How each property fared, in the order in which the scenario names them.
pub(crate) fn fared(summary: &Summary) -> Vec<Fared> {
    let expectations = &summary.expectations;
    let mut rows: Vec<Fared> = Vec::new();
    for &property in &expectations.always {
        rows.push(always(summary, property));
    }
    let script = (expectations.scripted > 0).then_some(builtin::SCRIPT);
    let listed = |property: &&str| {
        expectations.always.contains(property)
            || summary.is_lesson(property)
            || script == Some(*property)
            || expectations.eventually.iter().any(|(name, _)| name == property)
    };
    let unlisted = summary.failures.keys().copied().filter(|property| !listed(property));
    for property in script.into_iter().chain(unlisted) {
        rows.push(always(summary, property));
    }
    for &(property, within) in &expectations.eventually {
        let (tense, within) = (Tense::Eventually, Some(within));
        rows.push(Fared { tense, within, ..always(summary, property) });
    }
    for &property in &expectations.sometimes {
        let reached = summary.reached.get(property).copied().unwrap_or_default();
        let how = match (reached.seeds, summary.judges_sometimes()) {
            (0, true) => How::Unmet,
            (0, false) => How::NotJudged,
            _ => How::Held,
        };
        let (runs, times) = (reached.seeds, reached.times);
        rows.push(Fared {
            tense: Tense::Sometimes,
            how,
            runs,
            times,
            broken: 0,
            ..always(summary, property)
        });
    }
    for &property in &expectations.violated {
        let row = always(summary, property);
        let how = if row.broken > 0 { How::Held } else { How::Unmet };
        rows.push(Fared { tense: Tense::Violated, how, ..row });
    }
    rows
}

fn always(summary: &Summary, property: &'static str) -> Fared {
    let broken = summary.failures.get(property).map_or(0, |failures| failures.count);
    let undecided = summary.undecided.get(property).map_or(0, |undecided| undecided.count);
    let runs = summary.judged.get(property).copied().unwrap_or(0);
    let how = match (broken, undecided, runs) {
        (1.., ..) => How::Broken,
        (_, 1.., _) => How::Undecided,
        (_, _, 0) => How::NotJudged,
        _ => How::Held,
    };
    Fared { property, tense: Tense::Always, how, within: None, runs, broken, undecided, times: 0 }
}
