//! How each property fared: the one place that decides it. The rows of a summary are printed from here,
//! and the verdict of a sweep is drawn from them.

use sim_core::Duration;
use sim_core::check::builtin;

use crate::scenario::Least;
use crate::summary::{Failures, Summary};

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
    Often,
    Violated,
}

impl Tense {
    /// As scenarios write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Eventually => "eventually",
            Self::Sometimes => "sometimes",
            Self::Often => "often",
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

/// How each property fared, in the order in which the scenario names them; each has one row.
pub(crate) fn fared(summary: &Summary) -> Vec<Fared> {
    let expectations = &summary.expectations;
    let goals = || expectations.eventually.iter().filter(|(goal, _)| !summary.is_lesson(goal));
    let mut rows: Vec<Fared> = Vec::new();
    rows.extend(expectations.always.iter().map(|property| always(summary, property)));
    // What is judged unasked: the script, and what a run must never do.
    let listed = |property: &str| {
        expectations.always.contains(&property)
            || summary.is_lesson(property)
            || goals().any(|(goal, _)| *goal == property)
    };
    let script = (expectations.scripted > 0).then_some(builtin::SCRIPT);
    let broken = summary.failures.keys().copied().filter(|property| Some(*property) != script);
    let unasked = script.into_iter().chain(broken).filter(|property| !listed(property));
    rows.extend(unasked.map(|property| always(summary, property)));
    rows.extend(goals().map(|&(property, within)| {
        let (tense, within) = (Tense::Eventually, Some(within));
        Fared { tense, within, ..always(summary, property) }
    }));
    rows.extend(expectations.sometimes.iter().map(|point| sometimes(summary, point)));
    rows.extend(expectations.often.iter().map(|&(point, least)| often(summary, point, least)));
    rows.extend(expectations.violated.iter().map(|property| violated(summary, property)));
    rows
}

/// The failures, in the order in which the scenario names what was broken.
pub(crate) fn groups(summary: &Summary) -> Vec<(&'static str, &Failures)> {
    let broken = |row: Fared| Some((row.property, summary.failures.get(row.property)?));
    fared(summary).into_iter().filter_map(broken).collect()
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

fn sometimes(summary: &Summary, point: &'static str) -> Fared {
    let reached = summary.reached.get(point).copied().unwrap_or_default();
    let how = match (reached.seeds, summary.judges_sometimes()) {
        (0, true) => How::Unmet,
        (0, false) => How::NotJudged,
        _ => How::Held,
    };
    let (runs, times) = (reached.seeds, reached.times);
    Fared { tense: Tense::Sometimes, how, runs, times, ..always(summary, point) }
}

/// As with `sometimes`, too few seeds say nothing, unless there are enough that reached it all the same.
fn often(summary: &Summary, point: &'static str, least: Least) -> Fared {
    let row = sometimes(summary, point);
    let how = match (least.is_met(row.runs, summary.ran), summary.judges_sometimes()) {
        (true, _) => How::Held,
        (false, true) => How::Unmet,
        (false, false) => How::NotJudged,
    };
    Fared { tense: Tense::Often, how, ..row }
}

fn violated(summary: &Summary, property: &'static str) -> Fared {
    let row = always(summary, property);
    let how = match row.how {
        How::Broken => How::Held,
        How::Held => How::Unmet,
        other => other,
    };
    let goals = &summary.expectations.eventually;
    let within = goals.iter().find(|(goal, _)| *goal == property).map(|&(_, within)| within);
    Fared { tense: Tense::Violated, how, within, ..row }
}
