//! The zoo: every known flaw is hunted until it is found, again and again from other seeds, and the
//! correct version runs on the same seeds. So it is a number how much a green sweep is worth.
//!
//! A search is a thread's work and does not depend on any other: what is measured is the same whatever
//! the number of threads.

mod search;
mod tables;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context as _, bail};
use sim_core::subject::Flaw;

use crate::catalogue::{Catalogue, Entry, Prepared};
use crate::progress::Tally;
use crate::scenario::{ScenarioErrors, Source, suggest};

pub(crate) use search::{Found, Search};
pub(crate) use tables::{for_people, markdown};

/// How flaws are hunted.
pub(crate) struct Order<'a> {
    /// How often each flaw is searched for.
    pub(crate) searches: u64,
    /// How often with its swarm.
    pub(crate) swarm_searches: u64,
    /// After how many seeds a hunter gives up.
    pub(crate) most: u64,
    /// After how many a swarm does.
    pub(crate) swarm_most: u64,
    /// On how many threads.
    pub(crate) jobs: usize,
    /// Raised from outside to end it early.
    pub(crate) stop: &'a AtomicBool,
    /// Whether to show no progress.
    pub(crate) is_quiet: bool,
}

/// A flaw, and the scenarios in which it is looked for.
pub(crate) struct Quarry {
    pub(crate) flaw: &'static Flaw,
    flawed: Box<dyn Prepared>,
    correct: Box<dyn Prepared>,
    swarm: Option<Box<dyn Prepared>>,
}

/// What became of the hunt for one flaw.
pub(crate) struct Hunted {
    pub(crate) flaw: &'static Flaw,
    /// The searches with its own scenario.
    pub(crate) hunts: Vec<Search>,
    /// Those with the swarm, if it has one and that was asked for.
    pub(crate) swarms: Vec<Search>,
}

/// The flaws of these names, or all; each with its scenarios.
pub(crate) fn quarries(
    catalogue: &Catalogue,
    names: &[String],
    folder: &Path,
) -> anyhow::Result<Vec<Quarry>> {
    let all: Vec<&'static Flaw> = catalogue.entries().flat_map(Entry::flaws).collect();
    let known: Vec<&str> = all.iter().map(|flaw| flaw.name).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "there is no flaw `{name}`: {}",
            suggest::did_you_mean(name, known.iter().copied(), "The flaws are")
        );
    }
    let is_wanted = |flaw: &Flaw| names.is_empty() || names.iter().any(|name| name == flaw.name);
    let wanted = all.into_iter().filter(|flaw| is_wanted(flaw));
    wanted.map(|flaw| Quarry::new(catalogue, flaw, folder)).collect()
}

impl Quarry {
    fn new(catalogue: &Catalogue, flaw: &'static Flaw, folder: &Path) -> anyhow::Result<Self> {
        let named = |name: &str| path_of(folder, name);
        let prepare = |path: &Path, overrides: &[String]| -> Result<_, ScenarioErrors> {
            let source = Source::read(path)?.with_overrides(overrides)?;
            catalogue.prepare(&source)
        };
        let hunted_in = named(flaw.scenario);
        if !hunted_in.is_file() {
            bail!(
                "{} is hunted in {}, which is not there: --scenarios DIR names the folder",
                flaw.name,
                crate::paths::shown(&hunted_in)
            );
        }
        let flawed = [format!("config.flaw={}", flaw.name)];
        let about = || format!("cannot hunt {}", flaw.name);
        let swarm = flaw.swarm.map(|swarm| prepare(&named(swarm), &flawed)).transpose();
        let quarry = Self {
            flaw,
            flawed: prepare(&hunted_in, &flawed).with_context(about)?,
            correct: prepare(&hunted_in, &[]).with_context(about)?,
            swarm: swarm.with_context(about)?,
        };
        let judged = quarry.flawed.expectations();
        let is_judged = judged.always.contains(&flaw.breaks)
            || judged.eventually.iter().any(|(goal, _)| *goal == flaw.breaks)
            || sim_core::check::builtin::NO_PANIC == flaw.breaks;
        if !is_judged {
            bail!("{} breaks {}, which {} does not judge", flaw.name, flaw.breaks, flaw.scenario);
        }
        Ok(quarry)
    }
}

/// Where a scenario lies that is named as below the folder.
fn path_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.yaml"))
}

/// Hunts every flaw. What a stop cut short is not among the results.
pub(crate) fn hunt(quarries: &[Quarry], order: &Order<'_>) -> Vec<Hunted> {
    let searches = |quarry: &Quarry| {
        let swarms = if quarry.swarm.is_some() { order.swarm_searches } else { 0 };
        (0..order.searches).map(|nth| (false, nth)).chain((0..swarms).map(|nth| (true, nth)))
    };
    let places = quarries.iter().enumerate();
    let tasks: Vec<(usize, bool, u64)> = places
        .flat_map(|(place, quarry)| searches(quarry).map(move |(swarm, nth)| (place, swarm, nth)))
        .collect();
    let done = Mutex::new(Vec::new());
    let progress = Mutex::new(Tally::new("hunt", tasks.len() as u64, order.is_quiet));
    let next = AtomicUsize::new(0);
    thread::scope(|threads| {
        for _ in 0..order.jobs {
            threads.spawn(|| {
                while let Some(&(place, is_swarm, nth)) =
                    tasks.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let quarry = &quarries[place];
                    let Some(search) = quarry.search(is_swarm, nth, order) else { return };
                    let mut progress = progress.lock().expect("nobody panics with it");
                    progress.seen(quarry.flaw.name);
                    done.lock()
                        .expect("nobody panics with it")
                        .push((place, is_swarm, nth, search));
                }
            });
        }
    });
    progress.into_inner().expect("nobody panicked").over();
    let mut done = done.into_inner().expect("nobody panicked");
    done.sort_by_key(|&(place, is_swarm, nth, _)| (place, is_swarm, nth));
    let mut hunted: Vec<Hunted> = quarries.iter().map(Hunted::nothing).collect();
    for (place, is_swarm, _, search) in done {
        let hunted = &mut hunted[place];
        if is_swarm { hunted.swarms.push(search) } else { hunted.hunts.push(search) }
    }
    hunted
}

impl Quarry {
    /// One search: from other seeds than any other search of this flaw. `None` if it was cut short.
    fn search(&self, is_swarm: bool, nth: u64, order: &Order<'_>) -> Option<Search> {
        let (flawed, correct, most) = match &self.swarm {
            Some(swarm) if is_swarm => (swarm, None, order.swarm_most),
            _ => (&self.flawed, Some(&*self.correct), order.most),
        };
        let from = nth * APART;
        search::search(&**flawed, correct, self.flaw.trigger, from..from + most, order.stop)
    }
}

/// How far the searches of a flaw begin from one another.
const APART: u64 = 1_000_000;

impl Hunted {
    fn nothing(quarry: &Quarry) -> Self {
        Self { flaw: quarry.flaw, hunts: Vec::new(), swarms: Vec::new() }
    }

    /// The finds of the hunter.
    pub(crate) fn finds(&self) -> impl Iterator<Item = &Found> {
        self.hunts.iter().filter_map(|search| search.found.as_ref())
    }

    /// In how many seeds that broke something the property was the one that names the harm.
    pub(crate) fn as_named(&self) -> usize {
        self.finds().filter(|found| found.property == self.flaw.breaks).count()
    }

    /// In how many seeds the correct version came to the line that the flaw breaks, and of how many.
    pub(crate) fn triggered(&self) -> (u64, u64) {
        let sum = |of: fn(&Search) -> u64| self.hunts.iter().map(of).sum();
        (sum(|search| search.triggered), sum(|search| search.seeds))
    }

    /// Everything that is not as it should be.
    pub(crate) fn wrong(&self) -> Vec<String> {
        let Flaw { name, breaks, or_breaks, trigger, scenario, .. } = self.flaw;
        let mut wrong = Vec::new();
        for search in &self.hunts {
            let from = search.from;
            match &search.found {
                None => wrong.push(format!(
                    "{name} was not found by {scenario} in the {} seeds from {from} on",
                    search.seeds
                )),
                Some(Found { property, seed, .. })
                    if property != breaks && !or_breaks.contains(property) =>
                {
                    wrong.push(format!(
                        "{name} broke {property} first, at seed {seed} of {scenario}, not {breaks}"
                    ));
                }
                Some(_) => {}
            }
            if let Some((seed, property)) = search.innocent_failed {
                wrong.push(format!("without {name}, seed {seed} of {scenario} breaks {property}"));
            }
        }
        let found = self.finds().count();
        if found > 0 && self.as_named() == 0 {
            wrong.push(format!("{name} broke {breaks} first in none of {found} searches"));
        }
        let (triggered, seeds) = self.triggered();
        if triggered < found as u64 {
            wrong.push(format!(
                "without {name}, {trigger} was reached in {triggered} of {seeds} seeds of {scenario}, \
                 and the flaw was found in {found}"
            ));
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAW: Flaw = Flaw {
        name: "f",
        about: "",
        breaks: "named",
        or_breaks: &["also"],
        trigger: "t",
        scenario: "s",
        swarm: None,
    };

    fn found(property: &'static str, triggered: u64) -> Search {
        let found = Some(Found { seed: 3, property });
        let (seeds, simulated_ns, events, innocent_failed) = (4, 0, 0, None);
        Search { from: 0, seeds, simulated_ns, events, found, triggered, innocent_failed }
    }

    fn wrong(hunts: Vec<Search>) -> String {
        Hunted { flaw: &FLAW, hunts, swarms: Vec::new() }.wrong().join("; ")
    }

    #[test]
    fn whatever_is_not_as_it_should_be_is_said() {
        assert_eq!(wrong(vec![found("named", 1), found("also", 1)]), "");
        let none = "f broke named first in none of 1 searches";
        assert_eq!(wrong(vec![found("also", 1)]), none);
        let other = wrong(vec![found("named", 1), found("other", 1)]);
        assert_eq!(other, "f broke other first, at seed 3 of s, not named");
        let vacuous = "without f, t was reached in 1 of 8 seeds of s, and the flaw was found in 2";
        assert_eq!(wrong(vec![found("named", 1), found("named", 0)]), vacuous);
        let innocent = Search { innocent_failed: Some((2, "named")), ..found("named", 1) };
        assert_eq!(wrong(vec![innocent]), "without f, seed 2 of s breaks named");
        let missed = Search { found: None, ..found("named", 1) };
        assert_eq!(wrong(vec![missed]), "f was not found by s in the 4 seeds from 0 on");
    }
}
