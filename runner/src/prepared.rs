//! A scenario of one protocol, ready to run: the bridge from a file to the engine.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::rc::Rc;

use sim_core::check::{Judgement, builtin};
use sim_core::fault::Family;
use sim_core::history::Outcome as Ending;
use sim_core::rng::{Draw, Keys};
use sim_core::sim::Workload;
use sim_core::subject::{Check, JudgeOf, Subject, TaskOf};
use sim_core::world::{ClientSettings, World};
use sim_core::{RequestId, Setup, Simulation};

use crate::catalogue::{Prepared, Runnable, Worker};
use crate::determinism::Diary;
use crate::outcome::{Operations, Outcome, Verdict};
use crate::panics;
use crate::scenario::Scenario;
use crate::story::{self, Story, StoryOptions};
use crate::summary::Expectations;

/// A scenario of one protocol, ready to run.
pub(crate) struct Runs<S: Subject> {
    scenario: Scenario<S>,
}

type Sim<S> = Simulation<<S as Subject>::Protocol, <S as Subject>::Client>;

impl<S: Runnable> Runs<S> {
    pub(crate) const fn new(scenario: Scenario<S>) -> Self {
        Self { scenario }
    }

    /// The world that a seed lives in.
    fn world(&self, seed: u64) -> World {
        let base = &self.scenario.world;
        match &self.scenario.swarm {
            Some(swarm) => swarm.draw(base, &Keys::new(seed)),
            None => base.clone(),
        }
    }

    fn setup(&self, seed: u64) -> Setup<S::Protocol, S::Client> {
        let expect = &self.scenario.expect;
        let world = self.world(seed);
        let cluster = self.scenario.configs.cluster(world.nodes);
        let workload = workload::<S>(&world.clients);
        let mut setup = Setup::new(seed, world, cluster);
        setup.workload = workload;
        setup.script.clone_from(&self.scenario.script);
        for property in S::PROPERTIES {
            let judged =
                expect.always.contains(&property.name) || expect.violated.contains(&property.name);
            if let Check::Invariant(make) = &property.check
                && judged
            {
                setup.invariants.push((property.name, make(&setup.cluster)));
            }
            let within = expect.eventually.iter().find(|(name, _)| *name == property.name);
            if let (Check::Goal(make), Some(&(name, within))) = (&property.check, within) {
                setup.goals.push((name, within, make(&setup.cluster)));
            }
        }
        let reply = expect.eventually.iter().find(|(name, _)| *name == builtin::REPLY);
        setup.reply_within = reply.map(|&(_, within)| within);
        setup
    }

    /// The judges of histories that the scenario asks for.
    fn judges(&self) -> Vec<(&'static str, JudgeOf<S>)> {
        let expect = &self.scenario.expect;
        let asked_for =
            |name: &&'static str| expect.always.contains(name) || expect.violated.contains(name);
        let judges = S::PROPERTIES.iter().filter(|property| asked_for(&property.name));
        judges
            .filter_map(|property| match &property.check {
                Check::History(make) => Some((property.name, make())),
                Check::Invariant(_) | Check::Goal(_) => None,
            })
            .collect()
    }

    /// What is judged step by step, and so holds in a run that comes to its end.
    fn judged_on_the_way(&self) -> Vec<&'static str> {
        let expect = &self.scenario.expect;
        let asked_for =
            |name: &str| expect.always.contains(&name) || expect.violated.contains(&name);
        let invariants = S::PROPERTIES.iter().filter(|property| {
            matches!(property.check, Check::Invariant(_)) && asked_for(property.name)
        });
        let script = (!self.scenario.script.is_empty()).then_some(builtin::SCRIPT);
        invariants.map(|property| property.name).chain(script).collect()
    }

    fn families(&self) -> Vec<Family> {
        let planned = self.scenario.world.faults.iter().map(|fault| fault.kind.family());
        let drawn = self.scenario.swarm.iter().flat_map(|swarm| {
            let partition = swarm.partition.iter().flat_map(|_| [Family::Partition, Family::Cut]);
            let crash = swarm.crash.iter().map(|_| Family::Crash);
            let pause = swarm.pause.iter().map(|_| Family::Pause);
            partition.chain(crash).chain(pause)
        });
        planned.chain(drawn).collect()
    }
}

impl<S: Runnable> Prepared for Runs<S> {
    fn about(&self) -> &str {
        &self.scenario.about
    }

    fn protocol(&self) -> &'static str {
        S::NAME
    }

    fn seeds(&self) -> Range<u64> {
        self.scenario.seeds.clone()
    }

    fn expectations(&self) -> Expectations {
        let expect = &self.scenario.expect;
        Expectations {
            always: expect.always.clone(),
            eventually: expect.eventually.clone(),
            sometimes: expect.sometimes.clone(),
            violated: expect.violated.clone(),
            enough_seeds: self.scenario.seeds.end - self.scenario.seeds.start,
            has_clients: self.scenario.world.clients.count > 0 || !self.scenario.script.is_empty(),
            scripted: self.scenario.script.len() as u64,
            planned: self.families(),
            messages: S::MESSAGES,
        }
    }

    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(Bench::new(self))
    }

    fn check_story(&self, options: &StoryOptions) -> Result<(), String> {
        options.check(&self.scenario.names, S::MESSAGES)
    }

    fn replay(
        &self,
        seed: u64,
        options: &StoryOptions,
        out: &mut dyn io::Write,
    ) -> io::Result<Outcome> {
        let _about = panics::about(seed);
        let _notes = story::listen();
        let mut bench = Bench::new(self);
        let story = Story::new(&self.scenario.names, options.clone()).speaking(S::MESSAGES);
        let story = Rc::new(RefCell::new(story));
        story.borrow_mut().opens(seed, &self.world(seed), &self.scenario.world);
        let simulation = bench.begin(seed);
        simulation.follow(Box::new(Rc::clone(&story)));
        let outcome = bench.finish(seed);
        story.borrow().tell(&outcome, out)?;
        Ok(outcome)
    }

    fn fingerprints(&self, seed: u64) -> Vec<(u64, String)> {
        let mut simulation = Simulation::new(self.setup(seed));
        let diary = Rc::new(RefCell::new(Diary::default()));
        simulation.follow(Box::new(Rc::clone(&diary)));
        panics::quietly(|| simulation.run());
        diary.take().into_entries()
    }
}

/// Runs seeds one after another in the same buffers.
struct Bench<'a, S: Runnable> {
    runs: &'a Runs<S>,
    simulation: Option<Sim<S>>,
    judges: Vec<(&'static str, JudgeOf<S>)>,
    /// What a run keeps that was not cut short.
    kept: Vec<&'static str>,
}

impl<S: Runnable> Worker for Bench<'_, S> {
    fn run(&mut self, seed: u64) -> Outcome {
        let _about = panics::about(seed);
        self.begin(seed);
        self.finish(seed)
    }
}

impl<'a, S: Runnable> Bench<'a, S> {
    fn new(runs: &'a Runs<S>) -> Self {
        Self { runs, simulation: None, judges: runs.judges(), kept: runs.judged_on_the_way() }
    }

    /// A run that is ready for its first event.
    fn begin(&mut self, seed: u64) -> &mut Sim<S> {
        let setup = self.runs.setup(seed);
        match &mut self.simulation {
            Some(simulation) => simulation.restart(setup),
            empty => *empty = Some(Simulation::new(setup)),
        }
        self.simulation.as_mut().expect("it was just begun")
    }

    fn finish(&mut self, seed: u64) -> Outcome {
        let simulation = self.simulation.as_mut().expect("a run was begun");
        let place = panics::quietly(|| simulation.run());
        // A run that was cut short says nothing about what was still to come.
        let mut judged = Vec::new();
        if simulation.violation().is_none() {
            judged.extend_from_slice(&self.kept);
            judged.extend(simulation.judged_goals());
        }
        let mut verdict = match simulation.violation() {
            Some(violation) => Verdict::Violated(violation.clone()),
            None => judge::<S>(simulation, &mut self.judges, &mut judged),
        };
        let names = &self.runs.scenario.names;
        let mut culprit = None;
        if let Verdict::Violated(violation) = &mut verdict {
            violation.message = names.rename(&violation.message);
            if let Some(place) = place.filter(|_| violation.property == builtin::NO_PANIC) {
                violation.message.push_str(&format!(", at {place}"));
            }
            culprit = violation.seat.map(|seat| names.seat(seat, simulation.world()));
        }
        Outcome {
            seed,
            fingerprint: simulation.fingerprint(),
            verdict,
            culprit,
            ended: simulation.now(),
            counters: simulation.counters().clone(),
            operations: operations::<S>(simulation),
            judged,
        }
    }
}

/// Judges the history of a run in which every step was as it must be; notes which judges say so too.
fn judge<S: Runnable>(
    simulation: &Sim<S>,
    judges: &mut [(&'static str, JudgeOf<S>)],
    judged: &mut Vec<&'static str>,
) -> Verdict {
    let mut verdict = Verdict::Passed;
    for (property, judge) in judges {
        match judge.judge(simulation.history()) {
            Judgement::Holds => judged.push(property),
            Judgement::Violated(message) => {
                let violation = simulation.violation_at_end(property, message);
                return Verdict::Violated(violation);
            }
            Judgement::Unknown(why) => verdict = Verdict::Inconclusive { property, why },
        }
    }
    verdict
}

fn operations<S: Runnable>(simulation: &Sim<S>) -> Operations {
    let mut operations = Operations::default();
    for operation in simulation.history().operations() {
        match (&operation.outcome, operation.ended) {
            (Ending::Ok(_), Some(ended)) => {
                operations.latencies.push(ended.time.since(operation.invoked.time));
            }
            (Ending::Refused, _) => operations.refused += 1,
            _ => operations.unknown += 1,
        }
    }
    operations
}

/// What clients ask: an operation drawn by the weights of the mix.
fn workload<S: Runnable>(clients: &ClientSettings) -> Option<Rc<Workload<TaskOf<S>>>> {
    if clients.count == 0 {
        return None;
    }
    let (mix, keys) = (clients.mix.clone(), clients.keys);
    let all: u64 = mix.iter().map(|&weight| u64::from(weight)).sum();
    Some(Rc::new(move |id: RequestId, draw: &mut Draw| {
        let mut ticket = draw.below(all);
        let operation = mix.iter().position(|&weight| match ticket.checked_sub(weight.into()) {
            None => true,
            Some(rest) => {
                ticket = rest;
                false
            }
        });
        S::task(operation.expect("the ticket is below the sum of the weights"), keys, id, draw)
    }))
}
