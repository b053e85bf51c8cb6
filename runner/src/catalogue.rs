//! The protocols that can be run by name.
//!
//! This is the only place where a protocol's types are erased: one virtual call a run, never one a
//! message.

use std::io;
use std::marker::PhantomData;
use std::ops::Range;

use serde::de::DeserializeOwned;
use sim_core::schedule::Chosen;
use sim_core::subject::{ConfigOf, Flaw, Point, Subject, TaskOf, ToldOf};
use sim_core::{Duration, Time};

use crate::chronicle::Chronicle;
use crate::history::Operation;
use crate::kept::{Departure, Recording};
use crate::outcome::Outcome;
use crate::prepared::Runs;
use crate::scenario::{self, Node, ScenarioErrors, Source};
use crate::story::StoryOptions;
use crate::summary::Expectations;
use crate::variation::{Decision, Variation};

/// The protocols that can be run by name.
pub struct Catalogue {
    entries: Vec<Box<dyn Entry>>,
}

impl Catalogue {
    /// A catalogue of nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { entries: Vec::new() }
    }

    /// Everything that comes with the tool.
    #[must_use]
    pub fn standard() -> Self {
        Self::empty()
            .with::<sim_protocols::raft::RaftKv>()
            .with::<sim_protocols::bracha::ReliableBroadcast>()
    }

    /// Adds a protocol.
    #[must_use]
    pub fn with<S: Runnable>(mut self) -> Self {
        self.entries.push(Box::new(Of::<S>(PhantomData)));
        self
    }

    /// Every protocol, in the order in which it was added.
    pub fn entries(&self) -> impl Iterator<Item = &dyn Entry> {
        self.entries.iter().map(AsRef::as_ref)
    }

    /// Reads a scenario, and makes it ready to run.
    ///
    /// # Errors
    /// Every mistake in the scenario, each with its position.
    pub fn prepare(&self, source: &Source) -> Result<Box<dyn Prepared>, ScenarioErrors> {
        let known: Vec<&str> = self.entries().map(Entry::name).collect();
        let protocol = scenario::protocol_of(source, &known)?;
        let entry = self.entries().find(|entry| entry.name() == protocol);
        entry.expect("protocol_of names a known one").prepare(source)
    }
}

/// What a subject needs besides so that many threads can run it from a file.
pub trait Runnable:
    Subject<
        Protocol: sim_core::Protocol<Config: DeserializeOwned + Default + Send + Sync>,
        Client: sim_core::client::Client<Self::Protocol, Task: Send + Sync, Told: Send + Sync>,
    >
{
}

impl<S> Runnable for S
where
    S: Subject,
    ConfigOf<S>: DeserializeOwned + Default + Send + Sync,
    TaskOf<S>: Send + Sync,
    ToldOf<S>: Send + Sync,
{
}

/// One protocol of the catalogue.
pub trait Entry: Send + Sync {
    /// Its name in scenarios.
    fn name(&self) -> &'static str;
    /// What it promises, in a line.
    fn promise(&self) -> &'static str;
    /// What it is judged by: name, tense and a line about it.
    fn properties(&self) -> Vec<(&'static str, &'static str, &'static str)>;
    /// The points that a sweep can ask for.
    fn points(&self) -> &'static [Point];
    /// The lies of its own that its nodes can tell: name, and a line about it.
    fn forgeries(&self) -> Vec<[&'static str; 2]>;
    /// The mistakes that it can be configured to make.
    fn flaws(&self) -> &'static [Flaw];
    /// What clients can ask.
    fn operations(&self) -> &'static [&'static str];
    /// Makes a scenario ready to run.
    ///
    /// # Errors
    /// Every mistake in the scenario, each with its position.
    fn prepare(&self, source: &Source) -> Result<Box<dyn Prepared>, ScenarioErrors>;
}

/// A scenario that is ready to run.
pub trait Prepared: Send + Sync {
    /// What the scenario is about.
    fn about(&self) -> &str;
    /// The protocol's name.
    fn protocol(&self) -> &'static str;
    /// The seeds that the scenario names.
    fn seeds(&self) -> Range<u64>;
    /// What must hold.
    fn expectations(&self) -> Expectations;
    /// Somebody who runs seeds, one after another, and takes notes of them.
    fn worker_noting(&self, notes: Notes) -> Box<dyn Worker + '_>;
    /// Somebody who runs seeds, one after another.
    fn worker(&self) -> Box<dyn Worker + '_> {
        self.worker_noting(Notes::default())
    }
    /// Whether the parts of a story that were chosen exist.
    ///
    /// # Errors
    /// What does not exist, and what does.
    fn check_story(&self, options: &StoryOptions) -> Result<(), String>;
    /// Runs a seed and keeps the run: as a scenario in which what the seed drew is written out, given
    /// the text of this one, and event by event.
    fn record(&self, text: &str, seed: u64) -> (String, Recording);
    /// The scenario in which what a seed drew is written out, given the text of this one; and, for a run
    /// that was retraced, the decisions that this build would draw otherwise.
    fn as_scenario(&self, text: &str, seed: u64, retraced: Option<&Retraced>) -> String;
    /// Runs a seed; tells what it drew that a script or a schedule can say.
    fn spell_out(&self, seed: u64) -> SpeltOut;
    /// Runs a seed, deciding everything as it was recorded; says where it parts from that all the same.
    ///
    /// # Errors
    /// If what was recorded cannot be read.
    fn retrace(&self, seed: u64, recording: &Recording) -> Result<Retraced, String>;
    /// Runs a seed and tells its story; if there is a recording, with everything decided like that.
    ///
    /// # Errors
    /// If the story cannot be written.
    fn replay(
        &self,
        seed: u64,
        recording: Option<&Recording>,
        options: &StoryOptions,
        out: &mut dyn io::Write,
    ) -> io::Result<Outcome>;
    /// Runs a seed and puts down everything that happens, with what caused what; if there is a recording,
    /// with everything decided like that.
    fn chronicle(&self, seed: u64, recording: Option<&Recording>) -> Chronicle;
    /// The same of a run in which something is otherwise.
    fn chronicle_otherwise(&self, seed: u64, variation: &Variation) -> Chronicle;
    /// Runs a seed and gives what clients asked in it and were told; if there is a recording, with
    /// everything decided like that.
    fn history(&self, seed: u64, recording: Option<&Recording>) -> Vec<Operation>;
    /// Runs a seed with something otherwise, and notes what is decided in it, in order.
    fn decisions(&self, seed: u64, variation: &Variation) -> Vec<Decision>;
    /// A decision as an entry of a schedule says it: `message` and what, `delay` and how long.
    fn entry(&self, chosen: &Chosen) -> Vec<(&'static str, String)>;
    /// Runs a seed and notes the fingerprint after each event, with the event's lines: what it was, and
    /// what came of it.
    fn fingerprints(&self, seed: u64) -> Vec<(u64, String)>;
}

/// What is noted of a run besides what it gives.
#[derive(Clone, Copy, Default, Debug)]
pub struct Notes {
    /// The signature of a failure. It is found by running the seed once more: who passes pays nothing.
    pub signatures: bool,
    /// What the run comes to: every run is followed for it.
    pub coverage: bool,
}

/// A run that was to be the same as one that was recorded.
#[derive(Debug)]
pub struct Retraced {
    /// What it gave.
    pub outcome: Outcome,
    /// Where it parts from the other one, if it does.
    pub departure: Option<Departure>,
    /// How many decisions were taken from the recording that this build would have drawn otherwise.
    pub changed: u64,
    /// Those of them that a schedule can say, as its entries: `message` and what, `delay` and how long.
    pub entries: Vec<Vec<(&'static str, String)>>,
}

/// What a run drew that a script or a schedule can say.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct SpeltOut {
    /// What the workload let clients ask, in order of time; `None` if a script cannot say all of it.
    pub asked: Option<Vec<Asked>>,
    /// Where faults let processes crash in the midst of a step, in order of time.
    pub cuts: Vec<Cut>,
    /// What traps caused, as a scenario lists it.
    pub(crate) sprung: Vec<Node>,
    /// What traps made of messages, as entries of a schedule.
    pub tampered: Vec<Vec<(&'static str, String)>>,
    /// Where traps let processes crash in the midst of a step, and for how long.
    pub trapped: Vec<(Cut, Option<Duration>)>,
}

/// A client got something to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked {
    /// When.
    pub at: Time,
    /// Which client.
    pub by: String,
    /// What, as a script writes it.
    pub what: String,
}

/// A process crashed in the midst of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Whose.
    pub node: String,
    /// In which step: `AppendEntries#3`.
    pub step: String,
    /// After how many of its effects.
    pub after: usize,
    /// When.
    pub at: Time,
}

/// Somebody who runs seeds, and keeps the buffers from one to the next.
pub trait Worker {
    /// Runs a seed.
    fn run(&mut self, seed: u64) -> Outcome;
    /// Runs a seed with something otherwise.
    fn run_otherwise(&mut self, seed: u64, variation: &Variation) -> Outcome;
}

struct Of<S>(PhantomData<fn() -> S>);

impl<S: Runnable> Entry for Of<S> {
    fn name(&self) -> &'static str {
        S::NAME
    }

    fn promise(&self) -> &'static str {
        S::PROMISE
    }

    fn properties(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        use sim_core::subject::Check;
        let tense = |check: &Check<S>| match check {
            Check::Invariant(_) | Check::History(_) => "always",
            Check::Goal(_) => "eventually",
        };
        S::PROPERTIES.iter().map(|p| (p.name, tense(&p.check), p.about)).collect()
    }

    fn points(&self) -> &'static [Point] {
        S::POINTS
    }

    fn forgeries(&self) -> Vec<[&'static str; 2]> {
        S::FORGERIES.iter().map(|forgery| [forgery.name, forgery.about]).collect()
    }

    fn flaws(&self) -> &'static [Flaw] {
        S::FLAWS
    }

    fn operations(&self) -> &'static [&'static str] {
        S::OPERATIONS
    }

    fn prepare(&self, source: &Source) -> Result<Box<dyn Prepared>, ScenarioErrors> {
        Ok(Box::new(Runs::<S>::new(scenario::load::<S>(source)?)))
    }
}
