//! From when on the run was lost: how many of its futures fail in which chance is another from a time on.

use std::collections::{BTreeMap, BTreeSet};

use sim_core::rng::Key;
use sim_core::sim::Reseed;
use sim_core::{Duration, Time};

use super::crew::{Came, Crew};
use super::{Futures, Link, Lost, Point};
use crate::chronicle::{Chronicle, EventId, Suspects};
use crate::variation::{Decision, Variation};

/// So many futures from each time on.
const OF_EACH: u64 = 40;
/// So many times, evenly spread, and then so many between the two where most is lost.
const SPREAD: u64 = 14;
const CLOSER: usize = 12;
/// A rise by less than this share of them is chance.
const A_RISE: u64 = OF_EACH / 4;
/// So many of what happened where the run was lost are told.
const MOST_EVENTS: usize = 6;

/// Draws futures; nothing if there was no time for it.
pub(super) fn draw(
    crew: &Crew<'_>,
    run: &Chronicle,
    suspects: &Suspects,
    decisions: &[Decision],
    broken: Time,
) -> Option<Futures> {
    // Chance that comes from elsewhere between two draws comes from there at the second of them.
    let drawn: BTreeSet<Time> =
        decisions.iter().map(|it| it.time).filter(|at| *at <= broken).collect();
    let drawn: Vec<Time> = drawn.into_iter().collect();
    let last = drawn.len().checked_sub(1)?;
    // What comes about a little later came about.
    let slack = Duration::from_nanos(broken.as_nanos() / 10);
    let until = broken.saturating_add(slack).min(run.world.end);
    let mut shares: BTreeMap<usize, u64> = BTreeMap::new();
    let mut places: BTreeSet<usize> = BTreeSet::from([0, last]);
    for turn in 0..SPREAD {
        let at = broken.as_nanos() / SPREAD * turn;
        places.insert(drawn.partition_point(|time| time.as_nanos() < at).min(last));
    }
    let places: Vec<usize> = places.into_iter().collect();
    measure(crew, &drawn, &places, until, &mut shares)?;
    for _ in 0..CLOSER {
        let Some((from, to)) = steepest(&shares).filter(|(from, to)| to - from > 1) else { break };
        if measure(crew, &drawn, &[from.midpoint(to)], until, &mut shares).is_none() {
            break;
        }
    }
    let lost = steepest(&shares).map(|(from, to)| {
        let (since, until) = (drawn[from], drawn[to]);
        let point = shares.keys().position(|place| *place == to);
        let ids = (0..run.events.len()).map(EventId);
        let happened = ids.filter(|id| {
            let time = run.event(*id).time;
            since <= time && time < until && suspects.past.contains(id)
        });
        let made = decisions.iter().filter(|it| since <= it.time && it.time < until);
        let numbers = suspects.numbers(run);
        let made = made.filter(|decision| numbers.contains(&decision.event));
        Lost {
            point: point.expect("it was measured"),
            events: happened.take(MOST_EVENTS).map(|id| Link::of(run, id)).collect(),
            decisions: made.take(MOST_EVENTS).map(|it| crew.scenario.entry(&it.chosen)).collect(),
        }
    });
    let points = shares.iter();
    let points =
        points.map(|(place, failing)| Point { at_ns: drawn[*place].as_nanos(), failing: *failing });
    Some(Futures { of_each: OF_EACH, until_ns: until.as_nanos(), points: points.collect(), lost })
}

/// The neighbours between which the share rises most, if it rises.
fn steepest(shares: &BTreeMap<usize, u64>) -> Option<(usize, usize)> {
    let pairs = shares.iter().zip(shares.iter().skip(1));
    let rises = pairs.map(|(from, to)| (to.1.saturating_sub(*from.1), *to.0, *from.0));
    let (rise, to, from) = rises.max()?;
    (rise >= A_RISE).then_some((from, to))
}

/// Counts the futures that fail, from each of these draws on.
fn measure(
    crew: &Crew<'_>,
    drawn: &[Time],
    places: &[usize],
    until: Time,
    shares: &mut BTreeMap<usize, u64>,
) -> Option<()> {
    // The same seeds from each time on, so that times differ in nothing else.
    let seeds = (0..OF_EACH).map(|number| Key::new(crew.seed).about(number).word());
    let seeds: Vec<u64> = seeds.collect();
    let from = |at: Time| {
        let until = Some(until);
        seeds.iter().map(move |&seed| {
            let reseeds = vec![Reseed { at, seed }];
            Variation { reseeds, until, ..Variation::default() }
        })
    };
    let variations: Vec<Variation> = places.iter().flat_map(|place| from(drawn[*place])).collect();
    let came = crew.attempt_all(&variations, |_| false);
    if came.len() < variations.len() {
        return None;
    }
    for (place, came) in places.iter().zip(came.chunks(seeds.len())) {
        let failing = came.iter().filter(|how| matches!(how, Came::Broke(_))).count();
        shares.insert(*place, failing as u64);
    }
    Some(())
}
