//! The nearest run that does not fail: the same one, with a single decision changed, and of those the
//! one whose decision was made last.

use sim_core::decide::{Parcel, Sent};
use sim_core::schedule::{Chosen, ChosenFate};
use sim_core::{Duration, Time};

use super::crew::{Came, Crew};
use super::{Link, Parting, Sibling};
use crate::chronicle::{Chronicle, EventId, Suspects};
use crate::variation::{Decision, Variation};

/// So many runs at most.
const MOST_RUNS: usize = 1_500;

/// One decision, otherwise.
struct Candidate<'a> {
    decision: &'a Decision,
    otherwise: Chosen,
}

/// The nearest one: one that keeps everything or, if none does, the one that breaks it last.
pub(super) fn nearest(
    crew: &Crew<'_>,
    run: &Chronicle,
    suspects: &Suspects,
    decisions: &[Decision],
    broken: Time,
) -> Option<Sibling> {
    let numbers = suspects.numbers(run);
    let before = decisions.iter().rev().filter(|it| it.time <= broken);
    let mattered = before.filter(|decision| numbers.contains(&decision.event));
    let candidates = mattered.flat_map(|decision| {
        let others = otherwise(decision, broken).into_iter();
        others.map(move |otherwise| Candidate { decision, otherwise })
    });
    let candidates: Vec<Candidate<'_>> = candidates.take(MOST_RUNS).collect();
    let variations: Vec<Variation> = candidates
        .iter()
        .map(|candidate| Variation::choosing(candidate.otherwise.clone()))
        .collect();
    let came = crew.attempt_all(&variations, |how| how == Came::Passed);
    let passed = came.iter().position(|how| *how == Came::Passed);
    let postponed = || {
        let later = came.iter().enumerate().filter_map(|(place, how)| match how {
            Came::Broke(time) if *time > broken => Some((*time, std::cmp::Reverse(place))),
            _ => None,
        });
        later.max().map(|(_, place)| place.0)
    };
    let place = passed.or_else(postponed)?;
    let how = came[place];
    let candidate = &candidates[place];
    let (chosen, is_threshold) = least_change(crew, candidate, how);
    let breaks = match how {
        Came::Broke(time) => Some(time.as_nanos()),
        Came::Passed | Came::Other => None,
    };
    let parting = parting(crew, run, &chosen);
    Some(Sibling {
        entry: crew.scenario.entry(&chosen),
        was: crew.scenario.entry(&candidate.decision.chosen),
        at_ns: candidate.decision.time.as_nanos(),
        is_threshold,
        breaks_ns: breaks,
        parting,
    })
}

/// How a decision could have come out instead: later than all that led to the violation, sooner, not at all.
fn otherwise(decision: &Decision, broken: Time) -> Vec<Chosen> {
    let too_late = broken.since(decision.time).as_nanos();
    let lengths = |is: Duration| {
        let is = is.as_nanos();
        let later = is.saturating_add(too_late).next_multiple_of(A_MILLISECOND);
        let sooner = is / 10 - is / 10 % ROUND_NS;
        [Duration::from_nanos(later), Duration::from_nanos(sooner)]
    };
    match &decision.chosen {
        // What a client is told late, or never, it would have been told.
        Chosen::Message { sent: Sent { what: Parcel::Reply, .. }, .. } => Vec::new(),
        Chosen::Message { sent, nth, fate } => {
            let message = |fate| Chosen::Message { sent: *sent, nth: *nth, fate };
            match fate {
                ChosenFate::Lost => {
                    let after = Some(Duration::from_millis(1));
                    vec![message(ChosenFate::Arrives { after, copy: None })]
                }
                ChosenFate::Arrives { after, copy } => {
                    let delays = lengths(after.unwrap_or(Duration::ZERO))
                        .map(|after| ChosenFate::Arrives { after: Some(after), copy: *copy });
                    // To lose what a client asks would hide the harm, not avert it.
                    let lost = (sent.what != Parcel::Request).then_some(ChosenFate::Lost);
                    delays.into_iter().chain(lost).map(message).collect()
                }
            }
        }
        Chosen::Timer { seat, timer, nth, is } => {
            let timer = |is| Chosen::Timer { seat: *seat, timer: timer.clone(), nth: *nth, is };
            lengths(*is).map(timer).into()
        }
        Chosen::Sync { seat, nth, is } => {
            let sync = |is| Chosen::Sync { seat: *seat, nth: *nth, is };
            lengths(*is).map(sync).into()
        }
        Chosen::Choice { seat, nth, is } => {
            let others = (0..decision.of.min(MOST_CHOICES)).filter(|other| other != is);
            others.map(|is| Chosen::Choice { seat: *seat, nth: *nth, is }).collect()
        }
        Chosen::Crash { .. } | Chosen::Gap { .. } => Vec::new(),
    }
}

const MOST_CHOICES: u64 = 4;
const A_MILLISECOND: u64 = 1_000_000;

/// The least change of a length that does the same, and whether there is one: between what it was and
/// what averts it.
fn least_change(crew: &Crew<'_>, candidate: &Candidate<'_>, how: Came) -> (Chosen, bool) {
    let as_found = || (candidate.otherwise.clone(), false);
    if how != Came::Passed {
        return as_found();
    }
    let (Some(mut fails), Some(mut passes)) =
        (length(&candidate.decision.chosen), length(&candidate.otherwise))
    else {
        return as_found();
    };
    while fails.abs_diff(passes) > PRECISION_NS {
        let middle = fails.midpoint(passes);
        let chosen = with_length(&candidate.otherwise, middle);
        match crew.attempt(&Variation::choosing(chosen)) {
            Some(Came::Passed) => passes = middle,
            Some(_) => fails = middle,
            None => return as_found(),
        }
    }
    // A rounder one is easier to read, and if it does not do the exact one does.
    let rounded = match passes > fails {
        true => passes.next_multiple_of(ROUND_NS),
        false => passes - passes % ROUND_NS,
    };
    let rounded = with_length(&candidate.otherwise, rounded);
    match crew.attempt(&Variation::choosing(rounded.clone())) {
        Some(Came::Passed) => (rounded, true),
        _ => (with_length(&candidate.otherwise, passes), true),
    }
}

const PRECISION_NS: u64 = 1_000;
const ROUND_NS: u64 = 10_000;

/// How long what is decided takes, in nanoseconds.
const fn length(chosen: &Chosen) -> Option<u64> {
    match chosen {
        Chosen::Message { fate: ChosenFate::Arrives { after: Some(after), .. }, .. } => {
            Some(after.as_nanos())
        }
        Chosen::Timer { is, .. } | Chosen::Sync { is, .. } => Some(is.as_nanos()),
        _ => None,
    }
}

fn with_length(chosen: &Chosen, nanos: u64) -> Chosen {
    let mut other = chosen.clone();
    let length = Duration::from_nanos(nanos);
    match &mut other {
        Chosen::Message { fate: ChosenFate::Arrives { after, .. }, .. } => *after = Some(length),
        Chosen::Timer { is, .. } | Chosen::Sync { is, .. } => *is = length,
        _ => {}
    }
    other
}

/// The first event in which a run differs from the one in which that is chosen.
fn parting(crew: &Crew<'_>, run: &Chronicle, chosen: &Chosen) -> Option<Parting> {
    let other = crew.scenario.chronicle_otherwise(crew.seed, &Variation::choosing(chosen.clone()));
    let told = |run: &Chronicle, id: EventId| {
        let event = run.event(id);
        (event.time, event.place, run.headline(id))
    };
    let longest = run.events.len().max(other.events.len());
    let id_in = |run: &Chronicle, id: EventId| (id.0 < run.events.len()).then_some(id);
    let parted = (0..longest).map(EventId).find(|id| {
        let both = (id_in(run, *id), id_in(&other, *id));
        !matches!(both, (Some(one), Some(two)) if told(run, one) == told(&other, two))
    })?;
    Some(Parting {
        here: id_in(run, parted).map(|id| Link::of(run, id)),
        there: id_in(&other, parted).map(|id| Link::of(&other, id)),
    })
}
