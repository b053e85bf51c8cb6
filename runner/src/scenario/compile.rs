//! From what is written to what is run: names become numbers, and everything is checked.
//!
//! All that is wrong is written down before anything is refused.

mod cast;
mod checker;
mod clients;
mod config;
mod expect;
mod faults;
mod lies;
mod network;
mod quorum;
mod schedule;
mod swarm;
mod timeline;
mod traps;

use std::ops::Range;

use serde::de::DeserializeOwned;
use sim_core::subject::{ConfigOf, Subject};
use sim_core::time::{Duration, Time};
use sim_core::world::{Limits, World};

use self::cast::Cast;
use self::checker::{Checker, given, section};
use self::expect::{Calm, Known};
use super::de;
use super::error::Problem;
use super::schema::{Document, RunSpec};
use super::suggest;
use super::tree::Node;
use super::{Configs, Scenario};

pub(super) fn scenario<S>(text: &str, tree: &Node) -> Result<Scenario<S>, Vec<Problem>>
where
    S: Subject,
    ConfigOf<S>: DeserializeOwned + Default,
{
    let mut problems = Vec::new();
    let Some(document) = de::read::<Document>(tree, &mut problems) else { return Err(problems) };
    let mut check = Checker { text, problems };
    check_protocol::<S>(&mut check, &document);
    let cast = Cast::new(&mut check, &document);
    let flaws: Vec<&'static str> = S::FLAWS.iter().map(|flaw| flaw.name).collect();
    let run = run(&mut check, &document);
    // Without an end nothing is too late.
    let end = run.end.unwrap_or(Time::MAX);
    let network = network::network(&mut check, &cast, &document);
    let words = traps::Words::of::<S>();
    let calm = run.chaos.unwrap_or(end);
    let plan = faults::faults(&mut check, &cast, &network, &words, &document, (calm, end));
    let configs: Option<Configs<ConfigOf<S>>> =
        config::configs(&mut check, tree, &flaws, &plan.upgrades);
    let sizes = cast.sizes.iter().copied().filter(|&nodes| nodes > 0);
    let tolerated: Vec<(u32, usize)> = configs.as_ref().map_or_else(Vec::new, |configs| {
        sizes.map(|nodes| (nodes, S::liars(&configs.cluster(nodes)))).collect()
    });
    let liars = lies::drawn(&mut check, &document, &words.forgeries, &tolerated);
    let swarm = swarm::swarm(&mut check, &document, (S::ROLES, liars), run.chaos);
    let unplanned = swarm.as_ref().is_some_and(|s| s.crash.is_some() || s.pause.is_some());
    let unplanned = unplanned || !plan.traps.is_empty();
    timeline::timeline(&mut check, &cast, &plan.faults, unplanned);
    let mut world = World {
        nodes: cast.count,
        twins: Vec::new(),
        late: cast.late.clone(),
        network,
        disk: network::disk(&document),
        clocks: network::clocks(&cast, &document),
        clients: clients::clients::<S>(&mut check, &document, end),
        faults: plan.faults.into_iter().map(|placed| placed.fault).collect(),
        traps: plan.traps,
        core: expect::core(&mut check, &cast, &document),
        safety_only: false,
        end,
        seeded_ties: seeded_ties(&mut check, &document),
        limits: limits(&mut check, &document),
    };
    let (script, asks) = clients::script::<S>(&mut check, &cast, &document, end);
    let schedule = schedule::schedule::<S>(&mut check, &cast, &document);
    world.faults.sort_by_key(|fault| fault.at);
    let last_fault = world.last_fault().max(run.chaos.unwrap_or(Time::ZERO));
    let calm = run.end.map(|end| Calm { from: last_fault, end });
    let expect = expect::expect(&mut check, &document, &Known::of::<S>(), calm.as_ref());
    // Who is up when is known only if every fault is what it says.
    if let Some(configs) = configs.as_ref().filter(|_| check.problems.is_empty()) {
        let needed = S::quorum(&configs.cluster(world.nodes));
        let liars = S::liars(&configs.cluster(world.nodes));
        lies::budget::<S>(&mut check, &document, &world.faults, (&expect, liars));
        quorum::quorum::<S>(&mut check, &document, &cast.names, &world, &expect, needed);
    }
    let (Some(configs), Some(seeds), true) = (configs, run.seeds, check.problems.is_empty()) else {
        return Err(check.problems);
    };
    let about = section(&document.about).map_or_else(String::new, |about| about.trim().to_owned());
    Ok(Scenario {
        about,
        names: cast.names,
        world,
        swarm,
        configs,
        script,
        asks,
        schedule,
        traps: plan.entries,
        seeds,
        expect,
    })
}

fn check_protocol<S: Subject>(check: &mut Checker<'_>, document: &Document) {
    let Some(protocol) = &document.protocol else {
        return check
            .missing("the scenario names no `protocol`", &format!("protocol: {}", S::NAME));
    };
    if let Some(name) = protocol.value.as_deref().filter(|name| *name != S::NAME) {
        let what = format!("`{name}` is not the protocol that this is for");
        check.say(&protocol.span, what, format!("that one is {}", S::NAME));
    }
}

/// How long a run lasts, and which there are.
#[derive(Default)]
struct Run {
    end: Option<Time>,
    chaos: Option<Time>,
    seeds: Option<Range<u64>>,
}

fn run(check: &mut Checker<'_>, document: &Document) -> Run {
    let Some(at) = &document.run else {
        check.missing("the scenario has no `run`", "run: { for: 20s, seeds: 0..1_000 }");
        return Run::default();
    };
    let Some(spec) = &at.value else { return Run::default() };
    if spec.seeds.is_none() {
        check.say(&at.span, "which seeds?", "say it: run: { for: 20s, seeds: 0..1_000 }");
    }
    let seeds = section(&spec.seeds).map(|seeds| seeds.0.clone());
    let swarm = document.swarm.is_some();
    match (swarm, &spec.length, &spec.chaos, &spec.calm) {
        (false, Some(_), None, None) => {
            let end = length_of(check, spec);
            Run { end, chaos: None, seeds }
        }
        (true, None, Some(chaos_at), Some(calm_at)) => {
            let (chaos, calm) = (check.length(&spec.chaos), check.length(&spec.calm));
            if chaos.is_some_and(Duration::is_zero) {
                check.say(&chaos_at.span, "the chaos lasts no time", "say how long: chaos: 60s");
            }
            if calm.is_some_and(Duration::is_zero) {
                let help = "progress is judged in the calm: calm: 10s";
                check.say(&calm_at.span, "the calm lasts no time", help);
            }
            let chaos = chaos.map(|chaos| Time::ZERO + chaos);
            let end = chaos.zip(calm).map(|(chaos, calm)| chaos + calm);
            Run { end, chaos, seeds }
        }
        (true, ..) => {
            let wrong = spec.length.as_ref().map_or(&at.span, |length| &length.span);
            let help = "with a swarm: run: { chaos: 60s, calm: 10s, seeds: 0..1_000 }";
            check.say(wrong, "a swarm needs a time of chaos and a time of calm", help);
            Run { seeds, ..Run::default() }
        }
        (false, length, chaos, calm) => {
            let wrong = chaos.as_ref().or(calm.as_ref()).map_or(&at.span, |at| &at.span);
            let help = "say it: run: { for: 20s, seeds: 0..1_000 }";
            let what = match length {
                None if chaos.is_none() && calm.is_none() => "how long is a run?",
                _ => "only a swarm has a time of chaos and a time of calm",
            };
            check.say(wrong, what, help);
            Run { seeds, ..Run::default() }
        }
    }
}

fn length_of(check: &mut Checker<'_>, spec: &RunSpec) -> Option<Time> {
    let length = check.length(&spec.length)?;
    if length.is_zero()
        && let Some(at) = &spec.length
    {
        check.say(&at.span, "a run that lasts no time", "say how long: for: 20s");
        return None;
    }
    Some(Time::ZERO + length)
}

fn seeded_ties(check: &mut Checker<'_>, document: &Document) -> bool {
    let Some((at, text)) = document.ties.as_ref().and_then(|at| Some((at, at.value.as_deref()?)))
    else {
        return false;
    };
    if !["seeded", "arrival"].contains(&text) {
        let help = suggest::did_you_mean(text, ["seeded", "arrival"], "The choices are");
        check.say(&at.span, format!("`{text}` is not a choice here"), help);
    }
    text == "seeded"
}

fn limits(check: &mut Checker<'_>, document: &Document) -> Limits {
    let mut limits = Limits::default();
    let Some(spec) = section(&document.limits) else { return limits };
    limits.events = given(&spec.events).unwrap_or(limits.events);
    limits.events_at_one_instant =
        given(&spec.events_at_one_instant).unwrap_or(limits.events_at_one_instant);
    let zero = [
        spec.events.as_ref().filter(|at| at.value == Some(0)).map(|at| &at.span),
        spec.events_at_one_instant.as_ref().filter(|at| at.value == Some(0)).map(|at| &at.span),
    ];
    for span in zero.into_iter().flatten() {
        check.say(span, "nothing could ever happen", "a limit is at least 1");
    }
    limits
}
