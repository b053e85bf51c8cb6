//! A sweep for programs: the object that `summary.json` and `--format json` share. Described in
//! `results/README.md`; the two change together, and so does [`SCHEMA`].
//!
//! No wall clock, no thread count, no absolute path: but for [`Session`], which only standard output
//! has, all of it is a function of build, scenario and seeds. Numbers that may exceed 2^53 are texts.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sim_core::Duration;
use sim_core::fault::Family;

use crate::coverage::Coverage;
use crate::fared::{Fared, Tense, fared, groups};
use crate::paths;
use crate::report::{Report, Session};
use crate::signature;
use crate::summary::{Failure, Failures, Reached, Summary, Undecided, Way};
use crate::wall::{per_second, speed_up};

/// The version of the summary.
pub(crate) const SCHEMA: u32 = 1;

/// One sweep.
#[derive(Serialize)]
pub(crate) struct Sweep<'a> {
    schema: u32,
    build: Build,
    scenario: ScenarioOf,
    seeds: Seeds,
    verdict: &'static str,
    why: &'a [String],
    exit_code: u8,
    fingerprint: String,
    simulated_ns: String,
    properties: Vec<Property>,
    exercised: Exercised,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    schedule: Vec<Decision<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coverage: Option<Covered>,
    failures: Vec<Group>,
    undecided: Vec<Open<'a>>,
    determinism: Option<Twice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Here>,
}

/// What wrote this.
#[derive(Serialize, Deserialize)]
pub(crate) struct Build {
    name: String,
    version: String,
}

/// Which scenario it was.
#[derive(Serialize, Deserialize)]
pub(crate) struct ScenarioOf {
    name: String,
    path: String,
    protocol: String,
    about: String,
    overrides: Vec<String>,
}

#[derive(Serialize)]
struct Seeds {
    from: String,
    until: String,
    ran: String,
}

#[derive(Serialize)]
struct Property {
    name: &'static str,
    tense: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    within_ns: Option<u64>,
    runs: u64,
    broken: u64,
    undecided: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<u64>,
}

#[derive(Serialize)]
struct Exercised {
    events: u64,
    steps: u64,
    cut_steps: u64,
    timers: u64,
    syncs: u64,
    faults: BTreeMap<&'static str, u64>,
    messages: Messages,
    requests: Requests,
    points: BTreeMap<&'static str, Point>,
}

#[derive(Serialize)]
struct Messages {
    sent: u64,
    delivered: u64,
    lost: u64,
    cut: u64,
    duplicated: u64,
    held: u64,
    to_the_down: u64,
    by_kind: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Requests {
    ok: u64,
    refused: u64,
    unknown: u64,
    latency_ns: Option<Latency>,
}

#[derive(Serialize)]
struct Latency {
    p50: u64,
    p99: u64,
    max: u64,
}

#[derive(Serialize)]
struct Point {
    times: u64,
    seeds: u64,
}

/// What the runs came to.
#[derive(Serialize)]
struct Covered {
    handled: BTreeMap<&'static str, BTreeMap<String, Point>>,
    turns: Vec<Turn>,
    never: BTreeMap<&'static str, Vec<&'static str>>,
}

/// One role turned into another.
#[derive(Serialize)]
struct Turn {
    from: &'static str,
    into: &'static str,
    by: String,
    times: u64,
    seeds: u64,
}

/// A decision of the scenario's schedule.
#[derive(Serialize)]
struct Decision<'a> {
    line: usize,
    anchor: &'a str,
    runs: u64,
}

/// The runs that broke one property.
#[derive(Serialize)]
struct Group {
    property: &'static str,
    expected: bool,
    count: u64,
    seeds: Vec<String>,
    signatures: Vec<Signature>,
    first: Option<Violation>,
    replay: Option<String>,
}

/// The runs that broke one property in one way.
#[derive(Serialize)]
struct Signature {
    shape: String,
    count: u64,
    cheapest: Violation,
    replay: String,
}

/// What one run broke.
#[derive(Serialize, Deserialize)]
pub(crate) struct Violation {
    seed: String,
    pub(crate) fingerprint: String,
    time_ns: u64,
    event: u64,
    node: Option<String>,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct Open<'a> {
    property: &'static str,
    count: u64,
    seeds: Vec<String>,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct Twice {
    seeds: u64,
    differing_seed: Option<String>,
    first_differing_event: Option<Parting>,
}

#[derive(Serialize)]
struct Parting {
    event: usize,
    first: Option<String>,
    second: Option<String>,
}

/// How it went here and now.
#[derive(Serialize)]
struct Here {
    elapsed_ms: u64,
    seeds_per_second: u64,
    simulated_seconds_per_second: u64,
    jobs: usize,
    results: Option<String>,
    replay: BTreeMap<&'static str, String>,
}

impl<'a> Sweep<'a> {
    /// The part that every sweep of these seeds has in common.
    pub(crate) fn new(report: &'a Report<'_>) -> Self {
        let summary = report.summary;
        let group = |(property, failures)| Group::new(report, property, failures);
        Self {
            schema: SCHEMA,
            build: Build::this(),
            scenario: ScenarioOf::new(report),
            seeds: Seeds {
                from: summary.seeds.start.to_string(),
                until: summary.seeds.end.to_string(),
                ran: summary.ran.to_string(),
            },
            verdict: report.ending.word.name(),
            why: &report.ending.why,
            exit_code: report.ending.word.exit_code(),
            fingerprint: hex(summary.fingerprint),
            simulated_ns: summary.simulated_ns.to_string(),
            properties: fared(summary).into_iter().map(Property::from).collect(),
            exercised: Exercised::new(summary),
            schedule: decisions(summary),
            coverage: summary.coverage.as_ref().map(|coverage| Covered::new(summary, coverage)),
            failures: groups(summary).into_iter().map(group).collect(),
            undecided: summary.undecided.iter().map(Open::new).collect(),
            determinism: report.determinism.as_ref().map(|determinism| {
                let difference = determinism.difference.as_ref();
                let parting = difference.and_then(|difference| difference.parting.clone());
                Twice {
                    seeds: determinism.seeds,
                    differing_seed: difference.map(|difference| difference.seed.to_string()),
                    first_differing_event: parting.map(|parting| Parting {
                        event: parting.event,
                        first: parting.first,
                        second: parting.second,
                    }),
                }
            }),
            session: None,
        }
    }

    /// With what is true only of this time and place.
    pub(crate) fn here(self, report: &Report<'_>, session: &Session<'_>) -> Self {
        let summary = report.summary;
        let replay = summary.failures.iter().filter_map(|(property, failures)| {
            let shown = failures.shown()?;
            Some((*property, session.replay(report, shown.seed)))
        });
        Self {
            session: Some(Here {
                elapsed_ms: session.elapsed.as_nanos() / 1_000_000,
                seeds_per_second: per_second(summary.ran, session.elapsed),
                simulated_seconds_per_second: speed_up(summary.simulated_ns, session.elapsed),
                jobs: session.jobs,
                results: session.results.as_ref().map(|(folder, _)| folder.display().to_string()),
                replay: replay.collect(),
            }),
            ..self
        }
    }
}

impl Build {
    /// This one.
    pub(crate) fn this() -> Self {
        Self { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

impl ScenarioOf {
    pub(crate) fn new(report: &Report<'_>) -> Self {
        Self {
            name: report.name.into(),
            path: paths::anywhere(Path::new(report.path)),
            protocol: report.protocol.into(),
            about: report.about.into(),
            overrides: report.overrides.to_vec(),
        }
    }
}

impl From<Fared> for Property {
    fn from(fared: Fared) -> Self {
        let is_counted = matches!(fared.tense, Tense::Sometimes | Tense::Often);
        Self {
            name: fared.property,
            tense: fared.tense.name(),
            verdict: fared.how.name(),
            within_ns: fared.within.map(Duration::as_nanos),
            runs: fared.runs,
            broken: fared.broken,
            undecided: fared.undecided,
            times: is_counted.then_some(fared.times),
        }
    }
}

impl Exercised {
    fn new(summary: &Summary) -> Self {
        let totals = &summary.totals;
        let faults =
            Family::ALL.into_iter().map(|family| (family.name(), totals.faults[family as usize]));
        let kinds = summary.expectations.messages.iter().copied().zip(totals.kinds.iter().copied());
        let points = summary
            .reached
            .iter()
            .map(|(point, reached)| (*point, Point { times: reached.times, seeds: reached.seeds }));
        let latency = |permille| summary.latencies.permille(permille).map(Duration::as_nanos);
        Self {
            events: totals.events,
            steps: totals.steps,
            cut_steps: totals.cut_steps,
            timers: totals.timers,
            syncs: totals.syncs,
            faults: faults.filter(|(_, count)| *count > 0).collect(),
            messages: Messages {
                sent: totals.sent,
                delivered: totals.delivered,
                lost: totals.lost,
                cut: totals.cut,
                duplicated: totals.duplicated,
                held: totals.held,
                to_the_down: totals.to_the_down,
                by_kind: kinds.collect(),
            },
            requests: Requests {
                ok: summary.latencies.count(),
                refused: summary.refused,
                unknown: summary.unknown,
                latency_ns: latency(500).zip(latency(990)).map(|(p50, p99)| Latency {
                    p50,
                    p99,
                    max: summary.latencies.longest().as_nanos(),
                }),
            },
            points: points.collect(),
        }
    }
}

impl Covered {
    fn new(summary: &Summary, coverage: &Coverage) -> Self {
        let mut handled: BTreeMap<&'static str, BTreeMap<String, Point>> = BTreeMap::new();
        for ((role, what), &Reached { times, seeds }) in &coverage.handled {
            handled.entry(role).or_default().insert(what.clone(), Point { times, seeds });
        }
        let turns = coverage.turns.iter();
        let turns = turns.map(|((from, into, by), &Reached { times, seeds })| Turn {
            from,
            into,
            by: by.clone(),
            times,
            seeds,
        });
        let never = coverage.never(&summary.expectations.words, &summary.reached);
        Self { handled, turns: turns.collect(), never: never.into_iter().collect() }
    }
}

impl Group {
    fn new(report: &Report<'_>, property: &'static str, failures: &Failures) -> Self {
        let first = failures.lowest.first();
        let signature = |(shape, way): (&signature::Signature, &Way)| Signature {
            shape: shape.to_string(),
            count: way.count,
            cheapest: Violation::new(&way.cheapest),
            replay: report.replay_anywhere(way.cheapest.seed),
        };
        Self {
            property,
            expected: report.summary.is_lesson(property),
            count: failures.count,
            seeds: failures.lowest.iter().map(|failure| failure.seed.to_string()).collect(),
            signatures: failures.ways().into_iter().map(signature).collect(),
            first: first.map(Violation::new),
            replay: first.map(|failure| report.replay_anywhere(failure.seed)),
        }
    }
}

fn decisions(summary: &Summary) -> Vec<Decision<'_>> {
    let decisions = summary.expectations.schedule.iter().zip(&summary.taken);
    decisions.map(|((line, anchor), &runs)| Decision { line: *line, anchor, runs }).collect()
}

impl Violation {
    /// The seed of the run.
    pub(crate) fn seed(&self) -> anyhow::Result<u64> {
        self.seed.parse().context("its seed is not a number")
    }

    pub(crate) fn new(failure: &Failure) -> Self {
        let violation = &failure.violation;
        Self {
            seed: failure.seed.to_string(),
            fingerprint: hex(failure.fingerprint),
            time_ns: violation.time.as_nanos(),
            event: violation.event,
            node: failure.culprit.clone(),
            message: violation.message.clone(),
        }
    }
}

impl<'a> Open<'a> {
    fn new((property, undecided): (&&'static str, &'a Undecided)) -> Self {
        Self {
            property,
            count: undecided.count,
            seeds: undecided.lowest.iter().map(|(seed, _)| seed.to_string()).collect(),
            why: undecided.lowest.first().map(|(_, why)| why.as_str()),
        }
    }
}

/// A fingerprint as it is written everywhere.
pub(crate) fn hex(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}
