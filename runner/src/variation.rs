//! A run in which something is otherwise than its scenario and its seed say, and what there is that could
//! be: its decisions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use sim_core::client::Client;
use sim_core::decide::{Decider, MidStepCrash, Parcel, Sent, StepBegun};
use sim_core::id::{ClientId, NodeId, Seat};
use sim_core::protocol::Protocol;
use sim_core::schedule::{Chosen, ChosenFate, Schedule};
use sim_core::sim::Reseed;
use sim_core::trace::{Happening, Trace};
use sim_core::world::Endpoint;
use sim_core::{Duration, Fate, Time};

use crate::kept::scheduled;
use crate::names::{self, Names};

/// What is otherwise in a run.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Variation {
    /// Decisions that come out like this, whatever the scenario's schedule says of them.
    pub chosen: Vec<Chosen>,
    /// From when on chance comes from other seeds.
    pub reseeds: Vec<Reseed>,
    /// The run ends at this time, if it would not end before.
    pub until: Option<Time>,
}

impl Variation {
    /// One decision comes out like this.
    #[must_use]
    pub fn choosing(chosen: Chosen) -> Self {
        Self { chosen: vec![chosen], ..Self::default() }
    }
}

/// A decision that was made in a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What it is about, and how it came out.
    pub chosen: Chosen,
    /// Of a choice, among how many; else nothing.
    pub of: u64,
    /// In which event of the queue, from one.
    pub event: u64,
    /// When.
    pub time: Time,
}

/// Notes the decisions of a run, while it runs.
#[derive(Default)]
pub(crate) struct Notary {
    schedule: Option<Rc<RefCell<Schedule>>>,
    messages: BTreeMap<Sent, u64>,
    timers: BTreeMap<(Seat, String), u64>,
    syncs: BTreeMap<Seat, u64>,
    choices: BTreeMap<Seat, u64>,
    /// Those of the event under way, each with among how many.
    open: Vec<(Chosen, u64)>,
    noted: Vec<Decision>,
}

impl Notary {
    /// A notary of a run that this schedule decides.
    pub(crate) fn of(schedule: Option<Rc<RefCell<Schedule>>>) -> Self {
        Self { schedule, ..Self::default() }
    }

    /// What was noted, in order.
    pub(crate) fn noted(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.noted)
    }

    fn scheduled<T>(&self, drawn: T, say: impl FnOnce(&mut Schedule, T) -> T) -> T {
        scheduled(self.schedule.as_deref(), drawn, say)
    }
}

fn next<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) -> u64 {
    let count = counts.entry(key).or_default();
    *count += 1;
    *count
}

impl Decider for Notary {
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        let is = self.scheduled(drawn, |schedule, drawn| schedule.fate(sent, drawn));
        let nth = next(&mut self.messages, *sent);
        let fate = match is {
            // What is cut follows from the faults.
            Fate::Cut => return is,
            Fate::Lost => ChosenFate::Lost,
            Fate::Arrives { after, copy } => ChosenFate::Arrives { after: Some(after), copy },
        };
        self.open.push((Chosen::Message { sent: *sent, nth, fate }, 0));
        is
    }

    fn timer(&mut self, seat: Seat, timer: &dyn fmt::Debug, drawn: Duration) -> Duration {
        let is = self.scheduled(drawn, |schedule, drawn| schedule.timer(seat, timer, drawn));
        let timer = format!("{timer:?}");
        let nth = next(&mut self.timers, (seat, timer.clone()));
        self.open.push((Chosen::Timer { seat, timer, nth, is }, 0));
        is
    }

    fn fsync(&mut self, seat: Seat, drawn: Duration) -> Duration {
        let is = self.scheduled(drawn, |schedule, drawn| schedule.fsync(seat, drawn));
        let nth = next(&mut self.syncs, seat);
        self.open.push((Chosen::Sync { seat, nth, is }, 0));
        is
    }

    fn choice(&mut self, seat: Seat, of: u64, drawn: u64) -> u64 {
        let is = self.scheduled(drawn, |schedule, drawn| schedule.choice(seat, of, drawn));
        let nth = next(&mut self.choices, seat);
        self.open.push((Chosen::Choice { seat, nth, is }, of));
        is
    }

    fn crash(&mut self, step: &StepBegun<'_>, drawn: Option<MidStepCrash>) -> Option<MidStepCrash> {
        self.scheduled(drawn, |schedule, drawn| schedule.crash(step, drawn))
    }

    fn gap(&mut self, client: ClientId, drawn: Duration) -> Duration {
        self.scheduled(drawn, |schedule, drawn| schedule.gap(client, drawn))
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Notary {
    fn happened(&mut self, _: Time, _: &Happening<'_, P, C>) {}

    fn event_over(&mut self, event: u64, time: Time, _: u64) {
        let made = self.open.drain(..);
        self.noted.extend(made.map(|(chosen, of)| Decision { chosen, of, event, time }));
    }
}

/// A decision as an entry of a schedule says it: `message` and what, `delay` and how long.
pub(crate) fn entry(
    chosen: &Chosen,
    names: &Names,
    messages: &[&'static str],
) -> Vec<(&'static str, String)> {
    let node = |seat: &Seat| names.node(NodeId(seat.0));
    let end = |end: Endpoint| match end {
        Endpoint::Seat(seat) => node(&seat),
        Endpoint::Client(client) => client.to_string(),
    };
    match chosen {
        Chosen::Message { sent: Sent { from, to, what }, nth, fate } => {
            let what = match what {
                Parcel::Message(kind) => names::message(messages, *kind),
                Parcel::Request => "request",
                Parcel::Reply => "reply",
            };
            let mut entry =
                vec![("message", format!("{} -> {} {what}#{nth}", end(*from), end(*to)))];
            match fate {
                ChosenFate::Lost => entry.push(("drop", String::from("true"))),
                ChosenFate::Arrives { after, copy } => {
                    entry.extend(after.map(|after| ("delay", after.to_string())));
                    entry.extend(copy.map(|copy| ("copy", copy.to_string())));
                }
            }
            entry
        }
        Chosen::Timer { seat, timer, nth, is } => {
            vec![("choice", format!("{} {timer}#{nth}", node(seat))), ("is", is.to_string())]
        }
        Chosen::Choice { seat, nth, is } => {
            vec![("choice", format!("{}#{nth}", node(seat))), ("is", is.to_string())]
        }
        Chosen::Sync { seat, nth, is } => {
            vec![("sync", format!("{}#{nth}", node(seat))), ("is", is.to_string())]
        }
        Chosen::Crash { seat, nth, crash, .. } => {
            vec![("crash", node(seat)), ("when", format!("#{nth}, after {}", crash.after))]
        }
        Chosen::Gap { client, nth, is } => {
            vec![("gap", format!("{client}#{nth}")), ("is", is.to_string())]
        }
    }
}
