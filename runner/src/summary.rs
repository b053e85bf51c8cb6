//! What a sweep adds up to.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;

use sim_core::check::Violation;
use sim_core::counters::Counters;
use sim_core::fault::Family;
use sim_core::hash::Fingerprint;
use sim_core::time::Duration;

use crate::coverage::{Coverage, Words};
use crate::fared::{Fared, How, Tense, fared};
use crate::histogram::Histogram;
use crate::outcome::{Outcome, Verdict};
use crate::output::words::{grouped, listed, many};
use crate::scenario::Least;
use crate::signature::Signature;

/// What a scenario demands, by name, and the words that its protocol uses.
#[derive(Clone, Default, Debug)]
pub struct Expectations {
    /// Judged in every run.
    pub always: Vec<&'static str>,
    /// Must come about so long after the last fault.
    pub eventually: Vec<(&'static str, Duration)>,
    /// Points that the sweep must reach.
    pub sometimes: Vec<&'static str>,
    /// Points that so many runs must reach.
    pub often: Vec<(&'static str, Least)>,
    /// Properties that must be broken: the scenario is a lesson.
    pub violated: Vec<&'static str>,
    /// How many seeds it takes before a `sometimes` is judged.
    pub enough_seeds: u64,
    /// Whether the scenario lets clients ask anything.
    pub has_clients: bool,
    /// How many operations a script asks for, each of which must end as it says.
    pub scripted: u64,
    /// The families of fault that the scenario plans or may draw.
    pub planned: Vec<Family>,
    /// The kinds of the protocol's messages.
    pub messages: &'static [&'static str],
    /// Everything that a run may come to.
    pub words: Words,
    /// The decisions of the schedule: where each is written, and what it is about.
    pub schedule: Vec<(usize, String)>,
    /// The faults that wait for the protocol: where each is written, and what it is.
    pub traps: Vec<(usize, String)>,
}

/// What a sweep adds up to.
#[derive(Clone, Debug)]
pub struct Summary {
    /// What was demanded.
    pub expectations: Expectations,
    /// The seeds that were to run.
    pub seeds: Range<u64>,
    /// How many of them ran, from the first on.
    pub ran: u64,
    /// Simulated time, in all, in nanoseconds: 584 years are soon over in a large sweep.
    pub simulated_ns: u128,
    /// A hash over every run's fingerprint, in the order of the seeds.
    pub fingerprint: u64,
    /// What happened, added up.
    pub totals: Counters,
    /// For each point how often it was reached, and in how many seeds.
    pub reached: BTreeMap<&'static str, Reached>,
    /// In how many runs each property was judged to the end, and held.
    pub judged: BTreeMap<&'static str, u64>,
    /// What the runs came to, if that was asked for.
    pub coverage: Option<Coverage>,
    /// In how many runs each decision of the schedule was taken.
    pub taken: Vec<u64>,
    /// Operations that were answered.
    pub latencies: Histogram,
    /// Operations that certainly had no effect.
    pub refused: u64,
    /// Operations of which nobody can say.
    pub unknown: u64,
    /// Seeds that broke something, by property, in the order of the seeds.
    pub failures: BTreeMap<&'static str, Failures>,
    /// Seeds that a judge could not decide, by property.
    pub undecided: BTreeMap<&'static str, Undecided>,
    /// How many seeds of each property are remembered one by one.
    remembered: usize,
}

/// How often a point was reached.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Reached {
    /// In all.
    pub times: u64,
    /// In how many seeds.
    pub seeds: u64,
}

/// The seeds that broke one property.
#[derive(Clone, Default, Debug)]
pub struct Failures {
    /// How many.
    pub count: u64,
    /// The lowest of them.
    pub lowest: Vec<Failure>,
    /// The ways in which they did.
    pub ways: BTreeMap<Signature, Way>,
}

/// The seeds that broke one property in one way: most likely one bug.
#[derive(Clone, Debug)]
pub struct Way {
    /// How many.
    pub count: u64,
    /// The one with the fewest events; of those with as many, the lowest.
    pub cheapest: Failure,
}

impl Failures {
    /// The ways in which the property was broken: the commonest first, of those that are as common
    /// the one with the cheapest run, of those again the one with the lowest seed.
    #[must_use]
    pub fn ways(&self) -> Vec<(&Signature, &Way)> {
        let mut ways: Vec<_> = self.ways.iter().collect();
        ways.sort_by_key(|(_, way)| (Reverse(way.count), way.cheapest.cost()));
        ways
    }

    /// At most so many failures: the cheapest of each way, the commonest way first; then the lowest
    /// seeds that are not among these.
    #[must_use]
    pub fn to_keep(&self, most: usize) -> Vec<&Failure> {
        let ways = self.ways();
        let cheapest = ways.into_iter().map(|(_, way)| &way.cheapest).take(most);
        let mut kept: Vec<&Failure> = cheapest.collect();
        for failure in &self.lowest {
            if kept.len() < most && kept.iter().all(|other| other.seed != failure.seed) {
                kept.push(failure);
            }
        }
        kept
    }

    /// The run that shows best what was broken: the cheapest of the commonest way.
    #[must_use]
    pub fn shown(&self) -> Option<&Failure> {
        self.to_keep(1).pop()
    }
}

impl Failure {
    /// What it costs to follow it: fewer events are cheaper.
    const fn cost(&self) -> (u64, u64) {
        (self.violation.event, self.seed)
    }
}

/// One run that broke something.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// The fingerprint of the run, which tells whether a replay is the same one.
    pub fingerprint: u64,
    /// Who broke it, if a step of somebody did.
    pub culprit: Option<String>,
    /// What was broken.
    pub violation: Violation,
}

/// The seeds in which one property could not be decided.
#[derive(Clone, Default, Debug)]
pub struct Undecided {
    /// How many.
    pub count: u64,
    /// The lowest of them, each with what stood in the way.
    pub lowest: Vec<(u64, String)>,
}

impl Summary {
    /// Nothing ran yet. So many failing seeds of each property will be remembered one by one.
    #[must_use]
    pub fn new(expectations: Expectations, seeds: Range<u64>, remembered: usize) -> Self {
        let taken = vec![0; expectations.schedule.len()];
        Self {
            expectations,
            taken,
            seeds,
            ran: 0,
            simulated_ns: 0,
            fingerprint: Fingerprint::default().value(),
            totals: Counters::default(),
            reached: BTreeMap::new(),
            judged: BTreeMap::new(),
            coverage: None,
            latencies: Histogram::default(),
            refused: 0,
            unknown: 0,
            failures: BTreeMap::new(),
            undecided: BTreeMap::new(),
            remembered,
        }
    }

    /// Adds one run. Runs are added in the order of their seeds.
    pub fn add(&mut self, outcome: &Outcome) {
        self.ran += 1;
        self.simulated_ns += u128::from(outcome.ended.as_nanos());
        let mut fingerprint = Fingerprint::from_value(self.fingerprint);
        fingerprint.absorb(outcome.seed);
        fingerprint.absorb(outcome.fingerprint);
        self.fingerprint = fingerprint.value();
        self.totals.add(&outcome.counters);
        for (point, times) in &outcome.counters.reached {
            let reached = self.reached.entry(point).or_default();
            reached.times += times;
            reached.seeds += 1;
        }
        if let Some(coverage) = &outcome.coverage {
            self.coverage.get_or_insert_default().add(coverage);
        }
        for property in &outcome.judged {
            *self.judged.entry(property).or_default() += 1;
        }
        for (runs, taken) in self.taken.iter_mut().zip(&outcome.taken) {
            *runs += u64::from(*taken);
        }
        outcome.operations.latencies.iter().for_each(|&latency| self.latencies.add(latency));
        self.refused += outcome.operations.refused;
        self.unknown += outcome.operations.unknown;
        match &outcome.verdict {
            Verdict::Passed => {}
            Verdict::Violated(violation) => self.add_failure(outcome, violation),
            Verdict::Inconclusive { property, why } => {
                let undecided = self.undecided.entry(property).or_default();
                undecided.count += 1;
                if undecided.lowest.len() < self.remembered {
                    undecided.lowest.push((outcome.seed, why.clone()));
                }
            }
        }
    }

    fn add_failure(&mut self, outcome: &Outcome, violation: &Violation) {
        let failures = self.failures.entry(violation.property).or_default();
        failures.count += 1;
        let failure = || Failure {
            seed: outcome.seed,
            fingerprint: outcome.fingerprint,
            culprit: outcome.culprit.clone(),
            violation: violation.clone(),
        };
        if failures.lowest.len() < self.remembered {
            failures.lowest.push(failure());
        }
        let Some(signature) = &outcome.signature else { return };
        match failures.ways.get_mut(signature) {
            Some(way) => {
                way.count += 1;
                if (violation.event, outcome.seed) < way.cheapest.cost() {
                    way.cheapest = failure();
                }
            }
            None => {
                let way = Way { count: 1, cheapest: failure() };
                failures.ways.insert(signature.clone(), way);
            }
        }
    }

    /// In how many runs something was broken, were it to hold or not.
    #[must_use]
    pub fn broken_runs(&self) -> u64 {
        self.failures.values().map(|failures| failures.count).sum()
    }

    /// Whether a property is one that the scenario wants to see broken.
    #[must_use]
    pub fn is_lesson(&self, property: &str) -> bool {
        self.expectations.violated.contains(&property)
    }

    /// Whether a seed broke something that was to hold.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failures.keys().any(|property| !self.is_lesson(property))
    }

    /// Whether every seed that was to run did.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.ran == self.seeds.end.saturating_sub(self.seeds.start)
    }

    /// What the sweep says.
    #[must_use]
    pub fn verdict(&self) -> SweepVerdict {
        if self.has_failed() {
            return SweepVerdict::Failed;
        }
        if self.ran == 0 {
            return SweepVerdict::Inconclusive(vec![String::from("no seed ran")]);
        }
        let rows = fared(self);
        let unmet = rows.iter().filter(|row| row.how == How::Unmet).map(|row| match row.tense {
            Tense::Violated => format!("{} was to be broken, and no seed broke it", row.property),
            Tense::Often => format!(
                "{} was to happen in {}, and did in {} of {}",
                row.property,
                self.least(row.property),
                grouped(row.runs),
                many(self.ran, "run")
            ),
            _ => format!("{} was to happen sometimes, and never did", row.property),
        });
        let unmet: Vec<String> = unmet.collect();
        if !unmet.is_empty() {
            return SweepVerdict::Unmet(unmet);
        }
        let mut doubts = self.nothing_exercised();
        doubts.extend(self.idle());
        doubts.extend(rows.iter().filter_map(|row| self.doubt(row)));
        if doubts.is_empty() && rows.iter().all(|row| row.how == How::NotJudged) {
            let enough = grouped(self.expectations.enough_seeds);
            let names: Vec<&str> = rows.iter().map(|row| row.property).collect();
            doubts.push(match &names[..] {
                [] => String::from("nothing was judged"),
                names => format!(
                    "nothing was judged: {} did not happen yet, which is judged from {enough} \
                     seeds on",
                    listed(names)
                ),
            });
        }
        if doubts.is_empty() { SweepVerdict::Held } else { SweepVerdict::Inconclusive(doubts) }
    }

    /// The decisions of the schedule that were never taken, each with where it is written.
    pub fn idle(&self) -> impl Iterator<Item = String> + '_ {
        let decisions = self.expectations.schedule.iter().zip(&self.taken);
        let idle = decisions.filter(|(_, runs)| **runs == 0);
        idle.map(|((line, anchor), _)| {
            format!("`{anchor}` (line {line} of the scenario) decided nothing in any run")
        })
    }

    /// The faults that wait for the protocol and never had occasion to begin.
    fn unsprung(&self) -> impl Iterator<Item = String> + '_ {
        let sprung = |trap: usize| self.totals.sprung.get(trap).is_some_and(|&times| times > 0);
        let traps = self.expectations.traps.iter().enumerate();
        traps.filter(move |(trap, _)| !sprung(*trap)).map(|(_, (line, what))| {
            format!("what `{what}` (line {line} of the scenario) waits for never happened")
        })
    }

    /// Why what is known of a property says too little.
    fn doubt(&self, row: &Fared) -> Option<String> {
        let property = row.property;
        match (row.how, row.tense) {
            (How::Undecided, _) => {
                let first = self.undecided.get(property).and_then(|found| found.lowest.first());
                let first = first.map(|(seed, why)| format!("; seed {seed}: {why}"));
                let runs = many(row.undecided, "run");
                let first = first.unwrap_or_default();
                Some(format!("{property} could not be decided in {runs}{first}"))
            }
            // Too few seeds for it, which is no doubt about those that ran.
            (How::NotJudged, Tense::Sometimes | Tense::Often) => None,
            (How::NotJudged, Tense::Eventually) => {
                let within = row.within.unwrap_or(Duration::ZERO);
                Some(format!("{property} was never judged: no run lasts {within} of calm"))
            }
            (How::NotJudged, _) if self.broken_runs() == self.ran => {
                // A script is judged unasked: it may well be what leads to the lesson.
                let asked = self.expectations.always.contains(&property);
                let why = "every run ended where it broke something else";
                asked.then(|| format!("{property} was never judged: {why}"))
            }
            (How::NotJudged, _) => Some(format!("{property} was never judged")),
            (How::Held | How::Broken | How::Unmet, _) => None,
        }
    }

    /// In how many runs a point is to be reached, as it is said: `5% of the runs`.
    pub(crate) fn least(&self, point: &str) -> String {
        let asked = self.expectations.often.iter().find(|(name, _)| *name == point);
        asked.map_or_else(String::new, |(_, least)| least.to_string())
    }

    /// Whether enough seeds ran to say that something never happens.
    #[must_use]
    pub const fn judges_sometimes(&self) -> bool {
        self.ran >= self.expectations.enough_seeds
    }

    /// What a green result would be worth nothing without.
    fn nothing_exercised(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        // A lesson that was shown was shown by something.
        if self.broken_runs() > 0 {
            return reasons;
        }
        if self.totals.steps == 0 {
            reasons.push(String::from("no process took a step"));
        }
        if self.expectations.has_clients && self.latencies.count() == 0 {
            reasons.push(String::from("no request was answered"));
        }
        let took_place = |family: &&Family| self.totals.faults[**family as usize] > 0;
        let planned = &self.expectations.planned;
        if !planned.is_empty() && !planned.iter().any(|family| took_place(&family)) {
            reasons.push(String::from("no fault took place"));
        }
        if self.judges_sometimes() {
            reasons.extend(self.unsprung());
        }
        reasons
    }
}

/// What a sweep says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SweepVerdict {
    /// Everything is as expected.
    Held,
    /// A seed broke something that was to hold.
    Failed,
    /// No seed did what some seed should have done.
    Unmet(Vec<String>),
    /// Nothing was broken, and that says too little.
    Inconclusive(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Operations;
    use sim_core::Time;

    /// One run in which somebody took a step; these properties were judged.
    fn outcome(judged: &[&'static str], verdict: Verdict) -> Outcome {
        Outcome {
            seed: 0,
            fingerprint: 0,
            verdict,
            culprit: None,
            signature: None,
            coverage: None,
            ended: Time::MAX,
            counters: Counters { steps: 1, ..Counters::default() },
            operations: Operations::default(),
            taken: Vec::new(),
            judged: judged.to_vec(),
        }
    }

    fn broken(property: &'static str) -> Verdict {
        let (time, message) = (Time::ZERO, String::new());
        Verdict::Violated(Violation { property, time, event: 1, seat: None, message })
    }

    fn says(expectations: Expectations, outcomes: &[Outcome]) -> SweepVerdict {
        let mut summary = Summary::new(expectations, 0..outcomes.len() as u64, 3);
        outcomes.iter().for_each(|outcome| summary.add(outcome));
        summary.verdict()
    }

    fn reason(verdict: SweepVerdict) -> String {
        match verdict {
            SweepVerdict::Inconclusive(why) => why.join("; "),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_was_asked_for_and_never_judged_is_never_green() {
        let always = |always: &[&'static str]| Expectations {
            always: always.to_vec(),
            ..Expectations::default()
        };
        let passed = || outcome(&["a"], Verdict::Passed);
        assert_eq!(says(always(&["a"]), &[passed()]), SweepVerdict::Held);
        assert_eq!(reason(says(always(&["a", "b"]), &[passed()])), "b was never judged");
        assert_eq!(reason(says(always(&["a"]), &[])), "no seed ran");
        assert_eq!(reason(says(Expectations::default(), &[passed()])), "nothing was judged");
        let goal =
            Expectations { eventually: vec![("g", Duration::from_secs(2))], ..always(&["a"]) };
        let why = "g was never judged: no run lasts 2s of calm";
        assert_eq!(reason(says(goal, &[passed()])), why);
    }

    #[test]
    fn a_point_alone_is_judged_when_enough_seeds_ran_or_it_was_reached() {
        let expectations =
            || Expectations { sometimes: vec!["x"], enough_seeds: 2, ..Expectations::default() };
        let passed = || outcome(&[], Verdict::Passed);
        let why = "nothing was judged: x did not happen yet, which is judged from 2 seeds on";
        assert_eq!(reason(says(expectations(), &[passed()])), why);
        let unmet = says(expectations(), &[passed(), passed()]);
        assert!(matches!(unmet, SweepVerdict::Unmet(_)), "{unmet:?}");
        let mut reached = passed();
        reached.counters.reached.push(("x", 1));
        assert_eq!(says(expectations(), &[reached]), SweepVerdict::Held);
    }

    #[test]
    fn a_lesson_needs_its_violation_and_a_goal_may_be_one() {
        let lesson = || Expectations {
            eventually: vec![("g", Duration::from_secs(2))],
            violated: vec!["g"],
            ..Expectations::default()
        };
        assert_eq!(says(lesson(), &[outcome(&[], broken("g"))]), SweepVerdict::Held);
        let kept = says(lesson(), &[outcome(&["g"], Verdict::Passed)]);
        assert!(matches!(kept, SweepVerdict::Unmet(_)), "{kept:?}");
        let scripted = Expectations { scripted: 1, ..lesson() };
        assert_eq!(says(scripted, &[outcome(&[], broken("g"))]), SweepVerdict::Held);
        let more = Expectations { always: vec!["a"], ..lesson() };
        let why = reason(says(more, &[outcome(&[], broken("g"))]));
        assert_eq!(why, "a was never judged: every run ended where it broke something else");
    }

    #[test]
    fn every_property_has_one_row_in_the_order_of_the_scenario() {
        let expectations = Expectations {
            always: vec!["z", "script", "a"],
            scripted: 2,
            ..Expectations::default()
        };
        let mut summary = Summary::new(expectations, 0..3, 3);
        for property in ["a", "no_panic", "z"] {
            summary.add(&outcome(&["script"], broken(property)));
        }
        let rows: Vec<&str> = fared(&summary).iter().map(|row| row.property).collect();
        assert_eq!(rows, ["z", "script", "a", "no_panic"]);
        let groups = crate::fared::groups(&summary);
        let groups: Vec<&str> = groups.iter().map(|(property, _)| *property).collect();
        assert_eq!(groups, ["z", "a", "no_panic"]);
    }

    #[test]
    fn doubts_are_written_as_people_read_them() {
        let why = String::from("too much");
        let open = || {
            let why = why.clone();
            outcome(&[], Verdict::Inconclusive { property: "h", why })
        };
        let expectations = || Expectations { always: vec!["h"], ..Expectations::default() };
        let one = reason(says(expectations(), &[open()]));
        assert_eq!(one, "h could not be decided in 1 run; seed 0: too much");
        let many = reason(says(expectations(), &vec![open(); 1_200]));
        assert!(many.starts_with("h could not be decided in 1,200 runs"), "{many}");
    }

    #[test]
    fn a_decision_that_no_run_took_is_never_green() {
        let expectations = || Expectations {
            always: vec!["a"],
            schedule: vec![(7, "choice: A#1".into()), (9, "choice: A#2".into())],
            ..Expectations::default()
        };
        let took = |taken: [bool; 2]| Outcome {
            taken: taken.to_vec(),
            ..outcome(&["a"], Verdict::Passed)
        };
        let both = [took([true, false]), took([false, true])];
        assert_eq!(says(expectations(), &both), SweepVerdict::Held, "each was taken once");
        let why = reason(says(expectations(), &[took([true, false])]));
        assert_eq!(why, "`choice: A#2` (line 9 of the scenario) decided nothing in any run");
    }

    #[test]
    fn simulated_time_adds_up_beyond_what_one_run_can_last() {
        let mut summary = Summary::new(Expectations::default(), 0..2, 3);
        (0..2).for_each(|_| summary.add(&outcome(&[], Verdict::Passed)));
        assert_eq!(summary.simulated_ns, 2 * u128::from(u64::MAX));
    }
}
