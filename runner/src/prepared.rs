//! A scenario of one protocol, ready to run: the bridge from a file to the engine.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use sim_core::check::{Judgement, Violation, builtin};
use sim_core::decide::SharedDecider;
use sim_core::fault::Family;
use sim_core::history::Outcome as Ending;
use sim_core::id::{ClientId, Seat};
use sim_core::rng::{Draw, Keys};
use sim_core::schedule::{Chosen, Schedule};
use sim_core::sim::Workload;
use sim_core::subject::{Check, JudgeOf, Scope, Subject, TaskOf};
use sim_core::world::World;
use sim_core::{Duration, Protocol, RequestId, Setup, Simulation, Time};

use crate::catalogue::{Notes, Prepared, Retraced, Runnable, SpeltOut, Worker};
use crate::chronicle::{Chronicle, Listener};
use crate::coverage::{Survey, Words};
use crate::determinism::Diary;
use crate::history::{self, Operation};
use crate::kept::{Recording, Tape, Trail, Walker};
use crate::names::Names;
use crate::outcome::{Operations, Outcome, Verdict};
use crate::panics;
use crate::scenario::{self, Ask, Scenario};
use crate::shrink::Scribe;
use crate::signature::{Shaper, Signature};
use crate::story::{self, Story, StoryOptions};
use crate::summary::Expectations;
use crate::variation::{self, Decision, Notary, Variation};

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
        let mut world = match &self.scenario.swarm {
            Some(swarm) => swarm.draw(base, &Keys::new(seed)),
            None => base.clone(),
        };
        world.seat_twins();
        world
    }

    fn setup(&self, seed: u64) -> Setup<S::Protocol, S::Client> {
        let expect = &self.scenario.expect;
        let world = self.world(seed);
        let safety_only = world.safety_only;
        let cluster = self.scenario.configs.cluster(world.nodes);
        let workload = self.workload(&world);
        let mut setup = Setup::new(seed, world, cluster);
        setup.workload = workload;
        setup.upgrades = self.scenario.configs.upgrades().to_vec();
        setup.script.clone_from(&self.scenario.script);
        let forgeries = S::FORGERIES.iter().map(|forgery| (forgery.name, forgery.forge));
        setup.forgeries = forgeries.collect();
        for property in S::PROPERTIES {
            if let Check::Invariant(make) = &property.check
                && expect.judges(property.name)
            {
                setup.invariants.push((property.name, make(&setup.cluster)));
            }
            let within = expect.eventually.iter().find(|(name, _)| *name == property.name);
            let within = within.filter(|_| !safety_only);
            if let (Check::Goal(make), Some(&(name, within))) = (&property.check, within) {
                setup.goals.push((name, within, make(&setup.cluster)));
            }
        }
        let reply = expect.eventually.iter().find(|(name, _)| *name == builtin::REPLY);
        setup.reply_within = reply.map(|&(_, within)| within).filter(|_| !safety_only);
        setup
    }

    /// What clients ask: as the script says, else drawn.
    fn workload(&self, world: &World) -> Option<Rc<Workload<TaskOf<S>>>> {
        if self.scenario.asks.is_empty() {
            return workload::<S>(world);
        }
        let tasks = |asks: &Vec<Ask<TaskOf<S>>>| asks.iter().map(|ask| ask.task.clone()).collect();
        let asks: Vec<Vec<TaskOf<S>>> = self.scenario.asks.iter().map(tasks).collect();
        Some(Rc::new(move |id: RequestId, _: &mut Draw| {
            asks[id.client.index()][id.number as usize - 1].clone()
        }))
    }

    /// The same run with something otherwise.
    fn setup_otherwise(&self, seed: u64, variation: &Variation) -> Setup<S::Protocol, S::Client> {
        let mut setup = self.setup(seed);
        setup.reseeds.clone_from(&variation.reseeds);
        setup.world.end = variation.until.map_or(setup.world.end, |it| it.min(setup.world.end));
        setup
    }

    /// The decisions that are not drawn, for one run: those of the scenario, then when clients ask.
    fn schedule(&self) -> Option<Rc<RefCell<Schedule>>> {
        self.schedule_and(&[])
    }

    /// The same, and these, which count where there are two.
    fn schedule_and(&self, more: &[Chosen]) -> Option<Rc<RefCell<Schedule>>> {
        let decisions = &self.scenario.schedule;
        let chosen = decisions.iter().map(|decision| decision.chosen.clone());
        let asks = (0..).map(ClientId).zip(&self.scenario.asks);
        let gaps = asks.flat_map(|(client, asks)| gaps(client, asks.iter().map(|ask| ask.at)));
        let chosen: Vec<Chosen> = chosen.chain(gaps).chain(more.iter().cloned()).collect();
        (!chosen.is_empty()).then(|| Rc::new(RefCell::new(Schedule::new(&chosen))))
    }

    /// What notes the decisions of one run, and its schedule.
    fn tape(&self, schedule: Option<Rc<RefCell<Schedule>>>) -> Tape {
        Tape::blank(&self.scenario.names, S::MESSAGES, schedule)
    }

    /// The judges of histories that the scenario asks for.
    fn judges(&self) -> Vec<(&'static str, JudgeOf<S>)> {
        let expect = &self.scenario.expect;
        let judges = S::PROPERTIES.iter().filter(|property| expect.judges(property.name));
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
        let invariants = S::PROPERTIES.iter().filter(|property| {
            matches!(property.check, Check::Invariant(_)) && expect.judges(property.name)
        });
        let limits = [builtin::NO_PANIC, builtin::NO_RUNAWAY].into_iter();
        let limits = limits.filter(|property| expect.judges(property));
        let script = (self.scripted() > 0).then_some(builtin::SCRIPT);
        invariants.map(|property| property.name).chain(limits).chain(script).collect()
    }

    /// How many lines of the script say how they must end.
    fn scripted(&self) -> u64 {
        self.scenario.script.iter().filter(|line| line.expect.is_some()).count() as u64
    }

    /// How many clients there are, those of the script included: one beside each node that it names.
    fn clients(&self) -> u32 {
        let beside: BTreeSet<_> = self.scenario.script.iter().map(|line| line.through).collect();
        let beside = u32::try_from(beside.len()).unwrap_or(u32::MAX);
        self.scenario.world.clients.count.saturating_add(beside)
    }

    /// The chronicle of a run that is begun like this.
    fn chronicle_of(
        &self,
        seed: u64,
        begin: impl for<'b> FnOnce(&'b mut Bench<'_, S>) -> &'b mut Sim<S>,
    ) -> Chronicle {
        let _about = panics::about(seed);
        let _notes = story::listen();
        let mut bench = Bench::new(self);
        let listener = Listener::new(&self.scenario.names, S::MESSAGES, &self.world(seed));
        let listener = Rc::new(RefCell::new(listener));
        begin(&mut bench).follow(Box::new(Rc::clone(&listener)));
        let outcome = bench.finish(seed);
        // The simulation holds the other share.
        drop(bench);
        let listener = Rc::into_inner(listener).expect("the only share");
        listener.into_inner().finish(outcome)
    }

    fn families(&self) -> Vec<Family> {
        let planned = self.scenario.world.faults.iter().map(|fault| fault.kind.family());
        let drawn = self.scenario.swarm.iter().flat_map(|swarm| {
            let partition = swarm.partition.iter().flat_map(|_| [Family::Partition, Family::Cut]);
            let crash = swarm.crash.iter().map(|_| Family::Crash);
            let pause = swarm.pause.iter().map(|_| Family::Pause);
            let clog = swarm.clog.iter().map(|_| Family::Clog);
            let corrupt = swarm.corrupt.iter().map(|_| Family::Corrupt);
            partition.chain(crash).chain(pause).chain(clog).chain(corrupt)
        });
        let traps = self.scenario.world.traps.iter().map(|trap| trap.blow.family());
        planned.chain(drawn).chain(traps).collect()
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
            often: expect.often.clone(),
            violated: expect.violated.clone(),
            enough_seeds: self.scenario.seeds.end - self.scenario.seeds.start,
            has_clients: self.scenario.world.clients.count > 0 || !self.scenario.script.is_empty(),
            scripted: self.scripted(),
            planned: self.families(),
            messages: S::MESSAGES,
            words: Words {
                roles: S::ROLES,
                messages: S::MESSAGES,
                timers: S::TIMERS,
                points: S::POINTS.iter().map(|point| point.name).collect(),
            },
            schedule: self.scenario.schedule.iter().map(|d| (d.line, d.anchor.clone())).collect(),
            traps: self.scenario.traps.clone(),
        }
    }

    fn worker_noting(&self, notes: Notes) -> Box<dyn Worker + '_> {
        Box::new(Bench { notes, ..Bench::new(self) })
    }

    fn check_story(&self, options: &StoryOptions) -> Result<(), String> {
        options.check(&self.scenario.names, self.clients(), S::MESSAGES)
    }

    fn as_scenario(&self, text: &str, seed: u64, retraced: Option<&Retraced>) -> String {
        let entries = retraced.map_or(&[][..], |retraced| &retraced.entries);
        let worlds = (&self.scenario.world, &self.world(seed));
        scenario::explicit(text, &self.scenario.names, worlds, seed, entries)
    }

    fn record(&self, text: &str, seed: u64) -> (String, Recording) {
        let _about = panics::about(seed);
        let mut bench = Bench::new(self);
        let schedule = self.schedule();
        let tape = Rc::new(RefCell::new(self.tape(schedule.clone())));
        let walker = Walker::new(&self.scenario.names, S::MESSAGES).with(Rc::clone(&tape));
        let walker = Rc::new(RefCell::new(walker));
        let simulation = bench.begin_with(seed, schedule, Some(Rc::clone(&tape)));
        simulation.follow(Box::new(Rc::clone(&walker)));
        bench.finish(seed);
        // The simulation holds the other shares.
        drop(bench);
        let is_complete = walker.borrow().is_complete();
        let decisions = tape.borrow().decisions();
        let trail = Trail::of(walker.borrow().events());
        (self.as_scenario(text, seed, None), Recording { is_complete, decisions, trail })
    }

    fn spell_out(&self, seed: u64) -> SpeltOut {
        let _about = panics::about(seed);
        let mut setup = self.setup(seed);
        let scribe = Scribe::new(&self.scenario.names, S::MESSAGES, self.schedule());
        let scribe = Rc::new(RefCell::new(scribe));
        if let Some(workload) = setup.workload.take() {
            let (scribe, names) = (Rc::clone(&scribe), self.scenario.names.clone());
            setup.workload = Some(Rc::new(move |id: RequestId, draw: &mut Draw| {
                let task = workload(id, draw);
                scribe.borrow_mut().gave(id, written::<S>(&task, &names));
                task
            }));
        }
        setup.decider = Some(Rc::clone(&scribe) as SharedDecider);
        let mut simulation: Sim<S> = Simulation::new(setup);
        simulation.follow(Box::new(Rc::clone(&scribe)));
        panics::quietly(|| simulation.run());
        let mut spelt = scribe.borrow_mut().spelt_out();
        let (names, world) = (&self.scenario.names, simulation.world());
        spelt.sprung = scenario::spelt_faults(names, world, &scribe.borrow().sprung);
        spelt
    }

    fn retrace(&self, seed: u64, recording: &Recording) -> Result<Retraced, String> {
        let _about = panics::about(seed);
        let mut bench = Bench::new(self);
        let schedule = self.schedule();
        let tape = self.tape(schedule.clone()).imposing(&recording.decisions);
        let tape = Rc::new(RefCell::new(tape));
        let walker = Rc::new(RefCell::new(Walker::new(&self.scenario.names, S::MESSAGES)));
        let simulation = bench.begin_with(seed, schedule, Some(Rc::clone(&tape)));
        simulation.follow(Box::new(Rc::clone(&walker)));
        let outcome = bench.finish(seed);
        let departure = recording.departure(walker.borrow().events())?;
        let tape = tape.borrow();
        let (changed, entries) = (tape.changed(), tape.entries().to_vec());
        Ok(Retraced { outcome, departure, changed, entries })
    }

    fn replay(
        &self,
        seed: u64,
        recording: Option<&Recording>,
        options: &StoryOptions,
        out: &mut dyn io::Write,
    ) -> io::Result<Outcome> {
        let _about = panics::about(seed);
        let _notes = story::listen();
        let mut bench = Bench::new(self);
        let story = Story::new(&self.scenario.names, options.clone());
        let story = story.speaking(S::MESSAGES).teaching(self.scenario.expect.violated.clone());
        let story = Rc::new(RefCell::new(story));
        story.borrow_mut().opens(seed, &self.world(seed), &self.scenario.world);
        bench.begin_as(seed, recording).follow(Box::new(Rc::clone(&story)));
        let outcome = bench.finish(seed);
        story.borrow().tell(&outcome, out)?;
        Ok(outcome)
    }

    fn chronicle(&self, seed: u64, recording: Option<&Recording>) -> Chronicle {
        self.chronicle_of(seed, |bench| bench.begin_as(seed, recording))
    }

    fn chronicle_otherwise(&self, seed: u64, variation: &Variation) -> Chronicle {
        self.chronicle_of(seed, |bench| bench.begin_otherwise(seed, variation))
    }

    fn history(&self, seed: u64, recording: Option<&Recording>) -> Vec<Operation> {
        let _about = panics::about(seed);
        let mut bench = Bench::new(self);
        let simulation = bench.begin_as(seed, recording);
        panics::quietly(|| simulation.run());
        history::told::<S>(simulation.history(), &self.scenario.names)
    }

    fn decisions(&self, seed: u64, variation: &Variation) -> Vec<Decision> {
        let _about = panics::about(seed);
        let mut setup = self.setup_otherwise(seed, variation);
        let schedule = self.schedule_and(&variation.chosen);
        let notary = Rc::new(RefCell::new(Notary::of(schedule)));
        setup.decider = Some(Rc::clone(&notary) as SharedDecider);
        let mut simulation: Sim<S> = Simulation::new(setup);
        simulation.follow(Box::new(Rc::clone(&notary)));
        panics::quietly(|| simulation.run());
        notary.borrow_mut().noted()
    }

    fn entry(&self, chosen: &Chosen) -> Vec<(&'static str, String)> {
        variation::entry(chosen, &self.scenario.names, S::MESSAGES)
    }

    fn fingerprints(&self, seed: u64) -> Vec<(u64, String)> {
        let mut setup = self.setup(seed);
        setup.decider = self.schedule().map(|schedule| schedule as SharedDecider);
        let mut simulation = Simulation::new(setup);
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
    /// The schedule of the run under way.
    schedule: Option<Rc<RefCell<Schedule>>>,
    /// Where the run panicked, if it did.
    place: Option<String>,
    judges: Vec<(&'static str, JudgeOf<S>)>,
    /// What a run keeps that was not cut short.
    kept: Vec<&'static str>,
    /// What is noted besides.
    notes: Notes,
}

impl<S: Runnable> Worker for Bench<'_, S> {
    fn run(&mut self, seed: u64) -> Outcome {
        let _about = panics::about(seed);
        let wants_coverage = self.notes.coverage;
        let simulation = self.begin(seed);
        let survey = Rc::new(RefCell::new(Survey::new(S::MESSAGES)));
        if wants_coverage {
            simulation.follow(Box::new(Rc::clone(&survey)));
        }
        let mut outcome = self.finish(seed);
        outcome.coverage = wants_coverage.then(|| survey.borrow_mut().coverage());
        if let (true, Verdict::Violated(violation)) = (self.notes.signatures, &outcome.verdict) {
            outcome.signature = Some(self.signature(seed, violation));
        }
        outcome
    }

    fn run_otherwise(&mut self, seed: u64, variation: &Variation) -> Outcome {
        let _about = panics::about(seed);
        self.begin_otherwise(seed, variation);
        self.finish(seed)
    }
}

impl<'a, S: Runnable> Bench<'a, S> {
    fn new(runs: &'a Runs<S>) -> Self {
        let (judges, kept) = (runs.judges(), runs.judged_on_the_way());
        let (place, notes) = (None, Notes::default());
        Self { runs, simulation: None, schedule: None, judges, kept, place, notes }
    }

    /// A run that is ready for its first event.
    fn begin(&mut self, seed: u64) -> &mut Sim<S> {
        let schedule = self.runs.schedule();
        self.begin_with(seed, schedule, None)
    }

    /// The same; if there is a recording, with everything decided like that.
    fn begin_as(&mut self, seed: u64, recording: Option<&Recording>) -> &mut Sim<S> {
        let schedule = self.runs.schedule();
        let tape = recording.map(|recording| {
            let tape = self.runs.tape(schedule.clone()).imposing(&recording.decisions);
            Rc::new(RefCell::new(tape))
        });
        self.begin_with(seed, schedule, tape)
    }

    /// The same, with a tape that notes or imposes what is decided. It asks the schedule itself.
    fn begin_with(
        &mut self,
        seed: u64,
        schedule: Option<Rc<RefCell<Schedule>>>,
        tape: Option<Rc<RefCell<Tape>>>,
    ) -> &mut Sim<S> {
        let tape = tape.map(|tape| tape as SharedDecider);
        self.begin_setup(self.runs.setup(seed), schedule, tape)
    }

    /// A run in which something is otherwise.
    fn begin_otherwise(&mut self, seed: u64, variation: &Variation) -> &mut Sim<S> {
        let schedule = self.runs.schedule_and(&variation.chosen);
        self.begin_setup(self.runs.setup_otherwise(seed, variation), schedule, None)
    }

    /// A run of this setup, which this decider decides or else the schedule.
    fn begin_setup(
        &mut self,
        mut setup: Setup<S::Protocol, S::Client>,
        schedule: Option<Rc<RefCell<Schedule>>>,
        decider: Option<SharedDecider>,
    ) -> &mut Sim<S> {
        let scheduled = || schedule.clone().map(|schedule| schedule as SharedDecider);
        setup.decider = decider.or_else(scheduled);
        self.schedule = schedule;
        match &mut self.simulation {
            Some(simulation) => simulation.restart(setup),
            empty => *empty = Some(Simulation::new(setup)),
        }
        self.simulation.as_mut().expect("it was just begun")
    }

    fn finish(&mut self, seed: u64) -> Outcome {
        let simulation = self.simulation.as_mut().expect("a run was begun");
        let mut place = panics::quietly(|| simulation.run());
        // A run that was cut short says nothing about what was still to come.
        let mut judged = Vec::new();
        if simulation.violation().is_none() {
            judged.extend_from_slice(&self.kept);
            judged.extend(simulation.judged_goals());
        }
        let mut verdict = match simulation.violation() {
            Some(violation) => Verdict::Violated(violation.clone()),
            None => {
                let judges = &mut self.judges;
                let mut said = None;
                place =
                    panics::quietly(|| said = Some(judge::<S>(simulation, judges, &mut judged)));
                let said = said.expect("panics of judges are caught");
                if matches!(&said, Verdict::Violated(it) if it.property == builtin::NO_PANIC) {
                    // Whoever panicked may be broken for good.
                    self.judges = self.runs.judges();
                }
                said
            }
        };
        let names = &self.runs.scenario.names;
        let mut culprit = None;
        if let Verdict::Violated(violation) = &mut verdict {
            violation.message = names.rename(&violation.message);
            place = place.filter(|_| violation.property == builtin::NO_PANIC);
            if let Some(place) = &place {
                violation.message.push_str(&format!(", at {place}"));
            }
            culprit = violation.seat.map(|seat| names.seat(seat, simulation.world()));
        }
        self.place = place;
        Outcome {
            seed,
            fingerprint: simulation.fingerprint(),
            verdict,
            culprit,
            signature: None,
            coverage: None,
            ended: simulation.now(),
            counters: simulation.counters().clone(),
            operations: operations::<S>(simulation),
            taken: self.schedule.as_ref().map_or_else(Vec::new, |it| it.borrow().taken().to_vec()),
            judged,
        }
    }
}

impl<S: Runnable> Bench<'_, S> {
    /// The signature of the run that is just over.
    fn signature(&mut self, seed: u64, violation: &Violation) -> Signature {
        if let Some(place) = self.place.take() {
            return Signature::Panic(place);
        }
        if violation.seat.is_none() {
            let simulation = self.simulation.as_ref().expect("a run is over");
            let role = |seat| simulation.process(seat).map(Protocol::role);
            let seats = (0..simulation.world().seats()).map(Seat);
            return Signature::of_the_end(seats.map(|seat| (simulation.status(seat), role(seat))));
        }
        let shaper = Rc::new(RefCell::new(Shaper::new(S::MESSAGES)));
        let simulation = self.begin(seed);
        simulation.follow(Box::new(Rc::clone(&shaper)));
        panics::quietly(|| simulation.run());
        shaper.borrow().signature()
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
        let said = catch_unwind(AssertUnwindSafe(|| judge.judge(simulation.history())));
        let judgement = match said {
            Ok(judgement) => judgement,
            Err(panic) => {
                let message = format!("the judge of {property} panicked: {}", said_by(&*panic));
                let violation = simulation.violation_at_end(builtin::NO_PANIC, message);
                return Verdict::Violated(violation);
            }
        };
        match judgement {
            // Of a history in which nobody asked, everything is true.
            Judgement::Holds if simulation.history().operations().is_empty() => {}
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

/// What a panic says.
fn said_by(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why")
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

/// A task as a script writes it, if what is printed of it is read as the same task.
fn written<S: Runnable>(task: &TaskOf<S>, names: &Names) -> Option<String> {
    let printed = format!("{task:?}");
    let text = names.rename(&printed);
    let read = S::parse_task(&text, &|name| names.find(name)).ok()?;
    (format!("{read:?}") == printed).then_some(text)
}

/// When a client asks that does so at these times, and then no more.
fn gaps(client: ClientId, times: impl Iterator<Item = Time>) -> impl Iterator<Item = Chosen> {
    let mut last = Time::ZERO;
    let gaps = times.map(move |at| {
        let gap = at.since(last);
        last = at;
        gap
    });
    let gaps = (1..).zip(gaps.chain([Duration::MAX]));
    gaps.map(move |(nth, is)| Chosen::Gap { client, nth, is })
}

/// What clients ask: an operation drawn by the weights of the mix.
fn workload<S: Runnable>(world: &World) -> Option<Rc<Workload<TaskOf<S>>>> {
    let clients = &world.clients;
    if clients.count == 0 {
        return None;
    }
    let mix = clients.mix.clone();
    let scope = Scope { keys: clients.keys, nodes: world.nodes };
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
        S::task(operation.expect("the ticket is below the sum of the weights"), scope, id, draw)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, load};
    use sim_core::check::Judge;
    use sim_core::history::History;
    use sim_protocols::raft::RaftKv;

    const SCENARIO: &str = "\
        { protocol: raft, nodes: [A, B, C], run: { for: 2s, seeds: 0..2 }, \
        clients: { count: 1, rate: 20/s, timeout: 1s, mix: { put: 1, get: 1 } }, \
        expect: { always: [linearizable] } }";

    fn runs(scenario: &str) -> Runs<RaftKv> {
        let scenario = load::<RaftKv>(&Source::new("x.yaml", scenario));
        Runs::new(scenario.unwrap_or_else(|errors| panic!("{errors}")))
    }

    struct Panics;

    impl<O, R> Judge<O, R> for Panics {
        fn judge(&mut self, _: &History<O, R>) -> Judgement {
            panic!("I give up")
        }
    }

    #[test]
    fn a_judge_that_panics_breaks_its_seed_and_no_other() {
        let runs = runs(SCENARIO);
        let mut bench = Bench::new(&runs);
        bench.judges = vec![("linearizable", Box::new(Panics))];
        let broken = bench.run(0);
        let Verdict::Violated(violation) = broken.verdict else { panic!("{broken:?}") };
        assert_eq!(violation.property, builtin::NO_PANIC);
        let message = violation.message;
        assert!(message.starts_with("the judge of linearizable panicked: I give up"), "{message}");
        let next = bench.run(1);
        assert!(matches!(next.verdict, Verdict::Passed), "{next:?}");
        assert_eq!(next.judged, ["linearizable"]);
    }

    #[test]
    fn a_history_in_which_nobody_asks_proves_nothing() {
        let clients = SCENARIO.find("clients:").unwrap()..SCENARIO.find("expect:").unwrap();
        let mut scenario = SCENARIO.to_owned();
        scenario.replace_range(clients, "");
        let runs = runs(&scenario);
        let outcome = Bench::new(&runs).run(0);
        assert!(matches!(outcome.verdict, Verdict::Passed), "{outcome:?}");
        assert_eq!(outcome.judged, [""; 0]);
    }
}
