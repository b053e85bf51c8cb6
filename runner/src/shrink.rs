//! From a failing run to the smallest scenario that fails in the same way.
//!
//! A candidate is a scenario: it is written, read by the ordinary loader and run, and counts if it breaks
//! the same property, and does not without the flaw. So nothing here knows a protocol, and nothing is
//! found that cannot be written down.
//!
//! First everything is tried that takes something away, on a few seeds besides the one that failed: what
//! is left to chance may come out otherwise. Then chance itself goes, into a schedule of single
//! decisions ([`pins`]), and with a run that fails on every seed everything is tried again.

mod budget;
mod draft;
mod lists;
mod nodes;
mod opening;
mod pins;
mod progress;
mod requests;
mod scribe;
mod search;
mod settings;
mod size;
mod times;
mod trial;

use std::sync::atomic::AtomicBool;

use sim_core::Duration;

use crate::catalogue::Catalogue;
use crate::outcome::Outcome;
use crate::scenario::write::{list, map, scalar};

use self::budget::Budget;
use self::draft::Draft;
use self::progress::Progress;
use self::search::Search;
use self::trial::{Judge, Seeds};

pub(crate) use self::opening::Opening;
pub(crate) use self::scribe::Scribe;
pub(crate) use self::size::Size;

/// What is to be shrunk, and how.
pub(crate) struct Order<'a> {
    pub(crate) catalogue: &'a Catalogue,
    /// The scenario of the one run: what its seed drew of the world is written out.
    pub(crate) text: String,
    pub(crate) seed: u64,
    /// How that run failed.
    pub(crate) outcome: Outcome,
    /// What it broke.
    pub(crate) property: &'a str,
    /// On how many threads.
    pub(crate) jobs: usize,
    pub(crate) time: Duration,
    pub(crate) runs: u64,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) is_quiet: bool,
}

/// A scenario that was shrunk.
pub(crate) struct Shrunk {
    found: Found,
    /// How large it was.
    pub(crate) before: Size,
    /// How many runs it took.
    pub(crate) runs: u64,
    /// In how much real time.
    pub(crate) elapsed: Duration,
    /// Why it is not smaller.
    pub(crate) ending: Ending,
}

/// Where one way led to.
struct Found {
    draft: Draft,
    /// How it fails.
    outcome: Outcome,
    size: Size,
    /// Whether it fails on every seed that was tried.
    needs_no_chance: bool,
}

/// Why a search ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    /// Nothing more can be taken away.
    Smallest,
    /// There was no time, or no run, left.
    BudgetSpent,
    /// Somebody ended it.
    Interrupted,
}

/// One way to go about it. Which one leads to the smallest scenario nobody knows before.
struct Way {
    /// Whether ranges are fixed before anything else is taken away, and not after.
    fixes_first: bool,
    /// The first of the seeds that are tried besides the own one.
    others_from: u64,
}

const WAYS: [Way; 4] = [
    Way { fixes_first: true, others_from: 0 },
    Way { fixes_first: false, others_from: 0 },
    Way { fixes_first: true, others_from: 1_000 },
    Way { fixes_first: false, others_from: 1_000 },
];

/// So many seeds are tried besides the own one, while something is left to chance.
const OTHERS: u64 = 24;

/// Shrinks it: in several ways, until one leads to something small, and takes the smallest.
pub(crate) fn shrink(order: Order<'_>) -> Shrunk {
    let first = Draft::new(&order.text, order.seed);
    let before = Size::of(&first, &order.outcome);
    let mut search = Search {
        judge: Judge {
            catalogue: order.catalogue,
            property: order.property,
            most_events: 4 * order.outcome.counters.events + 10_000,
        },
        budget: Budget::new(order.time, order.runs, order.stop),
        progress: Progress::new(order.is_quiet),
        jobs: order.jobs,
        seeds: Seeds::Own,
        drawn: settings::ranges(&first).into_iter().map(|(path, _)| path).collect(),
        best: first.clone(),
        outcome: order.outcome.clone(),
    };
    let mut smallest: Option<Found> = None;
    for way in &WAYS {
        if search.is_over() {
            break;
        }
        search.seeds = Seeds::Own;
        (search.best, search.outcome) = (first.clone(), order.outcome.clone());
        take_away(&mut search, way);
        leave_nothing_to_chance(&mut search);
        let found = Found::of(&search);
        let is_small = found.needs_no_chance && found.size.is_small();
        if smallest.as_ref().is_none_or(|known| found.weight() < known.weight()) {
            smallest = Some(found);
        }
        if is_small {
            break;
        }
    }
    search.progress.over();
    let ending = match (search.budget.is_interrupted(), search.is_over()) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::BudgetSpent,
        (false, false) => Ending::Smallest,
    };
    let found = smallest.unwrap_or_else(|| Found::of(&search));
    let (runs, elapsed) = (search.budget.spent(), search.budget.elapsed());
    Shrunk { found, before, runs, elapsed, ending }
}

impl Found {
    fn of(search: &Search<'_>) -> Self {
        Self {
            draft: search.best.clone(),
            outcome: search.outcome.clone(),
            size: Size::of(&search.best, &search.outcome),
            needs_no_chance: matches!(search.seeds, Seeds::Every(_)),
        }
    }

    /// What fails on every seed is better than whatever does not.
    const fn weight(&self) -> (bool, u64) {
        (!self.needs_no_chance, self.size.weight())
    }
}

impl Shrunk {
    /// The seed to run.
    pub(crate) const fn seed(&self) -> u64 {
        self.found.draft.seed
    }

    /// How it fails.
    pub(crate) const fn outcome(&self) -> &Outcome {
        &self.found.outcome
    }

    /// How large it is.
    pub(crate) const fn after(&self) -> &Size {
        &self.found.size
    }

    /// Whether it fails on every seed that was tried.
    pub(crate) const fn needs_no_chance(&self) -> bool {
        self.found.needs_no_chance
    }

    /// Its text, in which the property is expected to be kept, or broken.
    pub(crate) fn text(&self, about: &str, is_lesson: bool) -> String {
        let mut draft = self.found.draft.with("about", Some(scalar(about)));
        if is_lesson && let Some(expect) = draft.get("expect").cloned() {
            draft = draft.with("expect", Some(as_lesson(&expect)));
        }
        draft.tidied().text()
    }
}

/// The mistake that a scenario tells its protocol to make.
pub(crate) fn flaw_of(text: &str) -> Option<String> {
    Draft::new(text, 0).flaw().map(str::to_owned)
}

/// Takes away what the run fails without, and what is left to chance may come out otherwise.
fn take_away(search: &mut Search<'_>, way: &Way) {
    judge_it_alone(search);
    pins::spell_traps(search);
    times::end_sooner(search);
    search.seeds = Seeds::Any { from: way.others_from, others: OTHERS };
    loop {
        let mut changed = requests::ask_nothing(search);
        changed |= way.fixes_first && settings::fix_ranges(search);
        changed |= settings::lessen_numbers(search);
        changed |= lists::drop_entries(search, "faults");
        changed |= lists::drop_entries(search, "schedule");
        changed |= times::end_sooner(search);
        changed |= settings::drop_settings(search);
        changed |= nodes::drop_nodes(search);
        changed |= requests::spell_out(search);
        changed |= requests::drop_requests(search);
        changed |= requests::sit_beside(search);
        changed |= settings::fix_ranges(search);
        changed |= times::close_gaps(search);
        changed |= search.shortest_of(SHORTEST_OF);
        if !changed || search.is_over() {
            return;
        }
    }
}

/// Of so many seeds the one whose run is the shortest goes on.
const SHORTEST_OF: u64 = 200;

/// Takes chance itself away, and then whatever still can be.
fn leave_nothing_to_chance(search: &mut Search<'_>) {
    pins::pin_crashes(search);
    pins::pin_decisions(search);
    loop {
        let mut changed = lists::drop_entries(search, "schedule");
        changed |= requests::ask_nothing(search);
        changed |= lists::drop_entries(search, "faults");
        changed |= requests::drop_requests(search);
        changed |= requests::sit_beside(search);
        changed |= nodes::drop_nodes(search);
        changed |= settings::drop_settings(search);
        changed |= settings::fix_ranges(search);
        changed |= settings::lessen_numbers(search);
        changed |= times::end_sooner(search);
        changed |= times::close_gaps(search);
        changed |= times::round(search);
        changed |= settings::round_lengths(search);
        changed |= requests::ask_the_same(search);
        changed |= requests::say_it_shortly(search);
        if !changed || search.is_over() {
            break;
        }
    }
    nodes::rename_nodes(search);
    times::round_end(search);
}

/// Judges nothing but the property: what else may be broken is no business of this scenario.
fn judge_it_alone(search: &mut Search<'_>) {
    let property = search.judge.property;
    let Some(expect) = search.best.get("expect").cloned() else { return };
    let goal = expect.get("eventually").and_then(|goals| goals.get(property)).cloned();
    let alone = match goal {
        Some(within) => map([("eventually", map([(property, within)]))]),
        None => map([("always", list(vec![scalar(property)]))]),
    };
    search.takes(search.best.with("expect", Some(alone)));
}

/// What is expected to be broken, where it was to be kept.
fn as_lesson(expect: &crate::scenario::Node) -> crate::scenario::Node {
    let mut lesson = expect.clone();
    let always = lesson.get("always").cloned();
    let goal = lesson.get("eventually").and_then(|goals| goals.entries().first()).cloned();
    let property = always.or_else(|| goal.map(|(goal, _)| list(vec![goal])));
    lesson.set("always", None);
    lesson.set("violated", property);
    lesson
}
