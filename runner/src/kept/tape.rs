//! The decisions of a run: noted as they are made, or imposed as they were noted.
//!
//! A tape has a lane for everything that is counted by itself: the messages of one kind on one link, one
//! timer of one node, the syncs of one disk. In a lane, decisions stand in the order in which they were
//! made. So what a build draws, and how, is of no consequence to a run that a tape decides.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use serde::{Deserialize, Serialize};
use sim_core::decide::{Decider, Left, MidStepCrash, Parcel, Sent, StepBegun};
use sim_core::id::{ClientId, NodeId, Seat};
use sim_core::rng::Key;
use sim_core::schedule::Schedule;
use sim_core::world::Endpoint;
use sim_core::{Duration, Fate};

use super::token::{self, Token};
use crate::names::{self, Names};

/// What was decided, by sort and by lane: `messages`, `A -> B AppendEntries`, and the decisions with a
/// blank between them. Lengths are nanoseconds; `x*3` is three times `x`.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Decisions(BTreeMap<String, BTreeMap<String, String>>);

/// The decisions of a run, while it runs.
pub(crate) struct Tape {
    names: Names,
    messages: &'static [&'static str],
    /// Who decides before the tape does.
    schedule: Option<Rc<RefCell<Schedule>>>,
    imposes: bool,
    /// No more is noted: the run is too long to be kept.
    is_full: bool,
    lanes: BTreeMap<Lane, Strip>,
    /// What is to be imposed, and was not asked for yet.
    wanted: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// How many decisions were imposed that would have been drawn otherwise.
    changed: u64,
    /// Those of them that a schedule can say.
    entries: Vec<Entry>,
}

/// A decision as an entry of a schedule: `message: A -> B Vote#3`, `delay: 5ms`.
pub(crate) type Entry = Vec<(&'static str, String)>;

/// A decision that was made.
struct Made<T> {
    is: T,
    /// Its number in its lane, from one, if it was imposed and would have been drawn otherwise.
    instead: Option<usize>,
}

/// Everything that is counted by itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Lane {
    Message(Sent),
    Timer(Seat, String),
    Sync(Seat),
    Choice(Seat),
    Entropy(Seat),
    CrashPoint(Seat),
    Trap(usize),
    Left(Seat),
    Gap(ClientId),
    Stream(ClientId),
}

/// The decisions of one lane, and how many of them were made.
#[derive(Default)]
struct Strip {
    tokens: Vec<String>,
    next: usize,
}

impl Tape {
    /// A tape that notes what is decided, by chance or by a schedule.
    pub(crate) fn blank(
        names: &Names,
        messages: &'static [&'static str],
        schedule: Option<Rc<RefCell<Schedule>>>,
    ) -> Self {
        Self {
            names: names.clone(),
            messages,
            schedule,
            imposes: false,
            is_full: false,
            lanes: BTreeMap::new(),
            wanted: BTreeMap::new(),
            changed: 0,
            entries: Vec::new(),
        }
    }

    /// The same, to decide as it was noted. Where it ends, chance goes on.
    pub(crate) fn imposing(self, decisions: &Decisions) -> Self {
        let strips = |lanes: &BTreeMap<String, String>| {
            lanes.iter().map(|(lane, text)| (lane.clone(), token::spread(text))).collect()
        };
        let wanted = decisions.0.iter().map(|(sort, lanes)| (sort.clone(), strips(lanes)));
        Self { imposes: true, wanted: wanted.collect(), ..self }
    }

    /// Notes nothing more.
    pub(crate) const fn fill(&mut self) {
        self.is_full = true;
    }

    /// How many decisions were imposed that would have been drawn otherwise.
    pub(crate) const fn changed(&self) -> u64 {
        self.changed
    }

    /// Those of them that a schedule can say, as its entries.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What was noted.
    pub(crate) fn decisions(&self) -> Decisions {
        let mut decisions = Decisions::default();
        for (lane, strip) in &self.lanes {
            let (sort, name) = self.name(lane);
            let lanes = decisions.0.entry(sort.into()).or_default();
            lanes.insert(name, token::gather(&strip.tokens));
        }
        decisions
    }

    /// One decision: notes it, or says what it was.
    fn decide<T: Token + PartialEq + Copy>(&mut self, lane: &Lane, decided: T) -> Made<T> {
        if !self.imposes {
            if !self.is_full {
                self.lanes.entry(lane.clone()).or_default().tokens.push(decided.print());
            }
            return Made { is: decided, instead: None };
        }
        if !self.lanes.contains_key(lane) {
            let (sort, name) = self.name(lane);
            let tokens = self.wanted.get_mut(sort).and_then(|lanes| lanes.remove(&name));
            let strip = Strip { tokens: tokens.unwrap_or_default(), next: 0 };
            self.lanes.insert(lane.clone(), strip);
        }
        let strip = self.lanes.get_mut(lane).expect("it was just put there");
        let noted = strip.tokens.get(strip.next).and_then(|token| T::parse(token));
        strip.next += 1;
        let is = noted.unwrap_or(decided);
        self.changed += u64::from(is != decided);
        Made { is, instead: (is != decided).then_some(strip.next) }
    }

    /// Puts down a decision as a schedule would say it.
    fn enter(&mut self, key: &'static str, lane: &Lane, nth: usize, says: Entry) {
        let (_, name) = self.name(lane);
        let mut entry = vec![(key, format!("{name}#{nth}"))];
        entry.extend(says);
        self.entries.push(entry);
    }

    /// The sort of a lane, and its name in a schedule's words.
    fn name(&self, lane: &Lane) -> (&'static str, String) {
        let node = |seat: &Seat| self.names.node(NodeId(seat.0));
        let end = |end: Endpoint| match end {
            Endpoint::Seat(seat) => node(&seat),
            Endpoint::Client(client) => client.to_string(),
        };
        match lane {
            Lane::Message(Sent { from, to, what }) => {
                let what = match what {
                    Parcel::Message(kind) => names::message(self.messages, *kind),
                    Parcel::Request => "request",
                    Parcel::Reply => "reply",
                };
                ("messages", format!("{} -> {} {what}", end(*from), end(*to)))
            }
            Lane::Timer(seat, timer) => ("timers", format!("{} {timer}", node(seat))),
            Lane::Sync(seat) => ("syncs", node(seat)),
            Lane::Choice(seat) => ("choices", node(seat)),
            Lane::Entropy(seat) => ("entropy", node(seat)),
            Lane::CrashPoint(seat) => ("crash_points", node(seat)),
            Lane::Trap(number) => ("traps", number.to_string()),
            Lane::Left(seat) => ("left_by_crashes", node(seat)),
            Lane::Gap(client) => ("client_gaps", client.to_string()),
            Lane::Stream(client) => ("client_streams", client.to_string()),
        }
    }

    fn scheduled<T>(&self, drawn: T, say: impl FnOnce(&mut Schedule, T) -> T) -> T {
        scheduled(self.schedule.as_deref(), drawn, say)
    }
}

/// What a schedule says, if there is one.
pub(crate) fn scheduled<T>(
    schedule: Option<&RefCell<Schedule>>,
    drawn: T,
    say: impl FnOnce(&mut Schedule, T) -> T,
) -> T {
    match schedule {
        Some(schedule) => say(&mut schedule.borrow_mut(), drawn),
        None => drawn,
    }
}

impl Decider for Tape {
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        let decided = self.scheduled(drawn, |schedule, drawn| schedule.fate(sent, drawn));
        let lane = Lane::Message(*sent);
        let made = self.decide(&lane, decided);
        // What is cut follows from the faults, not from chance.
        if (made.is == Fate::Cut) != (drawn == Fate::Cut) {
            return decided;
        }
        let delay = |after: Duration| ("delay", after.to_string());
        let says = match (made.is, decided) {
            (Fate::Lost, _) => vec![("drop", String::from("true"))],
            (Fate::Arrives { after, copy: Some(copy) }, _) => {
                vec![delay(after), ("copy", copy.to_string())]
            }
            // A schedule cannot take a copy away.
            (_, Fate::Arrives { copy: Some(_), .. }) | (Fate::Cut, _) => Vec::new(),
            (Fate::Arrives { after, copy: None }, _) => vec![delay(after)],
        };
        if let Some(nth) = made.instead.filter(|_| !says.is_empty()) {
            self.enter("message", &lane, nth, says);
        }
        made.is
    }

    fn timer(&mut self, seat: Seat, timer: &dyn fmt::Debug, drawn: Duration) -> Duration {
        let decided = self.scheduled(drawn, |schedule, drawn| schedule.timer(seat, timer, drawn));
        let lane = Lane::Timer(seat, format!("{timer:?}"));
        let made = self.decide(&lane, decided);
        if let Some(nth) = made.instead {
            self.enter("choice", &lane, nth, vec![("is", made.is.to_string())]);
        }
        made.is
    }

    fn fsync(&mut self, seat: Seat, drawn: Duration) -> Duration {
        let decided = self.scheduled(drawn, |schedule, drawn| schedule.fsync(seat, drawn));
        let made = self.decide(&Lane::Sync(seat), decided);
        if let Some(nth) = made.instead {
            self.enter("sync", &Lane::Sync(seat), nth, vec![("is", made.is.to_string())]);
        }
        made.is
    }

    fn choice(&mut self, seat: Seat, of: u64, drawn: u64) -> u64 {
        let decided = self.scheduled(drawn, |schedule, drawn| schedule.choice(seat, of, drawn));
        let made = self.decide(&Lane::Choice(seat), decided);
        if let Some(nth) = made.instead {
            self.enter("choice", &Lane::Choice(seat), nth, vec![("is", made.is.to_string())]);
        }
        made.is
    }

    fn entropy(&mut self, seat: Seat, drawn: u64) -> u64 {
        self.decide(&Lane::Entropy(seat), drawn).is
    }

    /// The schedule is part of the plan: its crashes come about by themselves.
    fn crash(&mut self, step: &StepBegun<'_>, drawn: Option<MidStepCrash>) -> Option<MidStepCrash> {
        self.scheduled(drawn, |schedule, drawn| schedule.crash(step, drawn))
    }

    fn trap(&mut self, trap: usize, drawn: Key) -> Key {
        self.decide(&Lane::Trap(trap), drawn).is
    }

    fn crash_point(&mut self, seat: Seat, _: usize, drawn: usize) -> usize {
        self.decide(&Lane::CrashPoint(seat), drawn).is
    }

    fn left(&mut self, seat: Seat, drawn: Left) -> Left {
        self.decide(&Lane::Left(seat), drawn).is
    }

    fn gap(&mut self, client: ClientId, drawn: Duration) -> Duration {
        let decided = self.scheduled(drawn, |schedule, drawn| schedule.gap(client, drawn));
        self.decide(&Lane::Gap(client), decided).is
    }

    fn stream(&mut self, client: ClientId, drawn: Key) -> Key {
        self.decide(&Lane::Stream(client), drawn).is
    }
}
