//! A schedule: single decisions of a run that somebody chose, by what they concern.
//!
//! Each is anchored to something that can be counted in the run (`A -> B AppendEntries #3`). What is not
//! in the schedule is drawn as ever, and rule 6 keeps one from disturbing the other. A decision whose
//! anchor never comes, or has nothing to decide when it does, is *idle*, and can be asked for.

use std::collections::BTreeMap;
use std::fmt;

use crate::decide::{Decider, MidStepCrash, Sent, StepBegun, StepCause};
use crate::id::{ClientId, Seat};
use crate::network::Fate;
use crate::protocol::Kind;
use crate::time::Duration;

/// One decision that somebody chose. Ordinals are counted in the run, from one.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::schedule::{Chosen, Schedule};
/// use sim_core::{Duration, Seat, Simulation};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // The first time that `n0` sets its alarm, it takes almost as long as the run.
/// let (timer, is) = ("Tell".to_owned(), Duration::from_millis(98));
/// let chosen = Chosen::Timer { seat: Seat(0), timer, nth: 1, is };
/// let schedule = Rc::new(RefCell::new(Schedule::new(&[chosen])));
/// setup.decider = Some(schedule.clone());
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(schedule.borrow().taken(), [true]);
/// assert_eq!(run.counters().timers, 1 + 10 + 10, "each of the others rings every 10 ms");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// What becomes of something that is sent.
    Message {
        /// From whom to whom, and of which kind.
        sent: Sent,
        /// Which of these.
        nth: u64,
        /// What becomes of it.
        fate: ChosenFate,
    },
    /// How long a timer is.
    Timer {
        /// Whose.
        seat: Seat,
        /// Its name, as it is printed.
        timer: String,
        /// Which time that it is set.
        nth: u64,
        /// How long, by the node's clock.
        is: Duration,
    },
    /// What a process chooses.
    Choice {
        /// Which.
        seat: Seat,
        /// Which of its choices.
        nth: u64,
        /// What it picks, from zero; of a chance, 1 is that it happens.
        is: u64,
    },
    /// How long it takes to make durable what was written.
    Sync {
        /// Whose disk.
        seat: Seat,
        /// Which of its syncs and barriers.
        nth: u64,
        /// How long.
        is: Duration,
    },
    /// A crash in the midst of a step.
    Crash {
        /// Whose.
        seat: Seat,
        /// In a step of which cause.
        step: StepName,
        /// In which of these.
        nth: u64,
        /// After how many effects, and for how long.
        crash: MidStepCrash,
    },
    /// When a client gets a task from the workload.
    Gap {
        /// Which.
        client: ClientId,
        /// Which of its tasks.
        nth: u64,
        /// How long after the one before it was got or, in a closed loop, completed.
        is: Duration,
    },
}

/// What becomes of something that is sent. A cut link stays cut.
///
/// ```
/// use sim_core::decide::{Parcel, Sent};
/// use sim_core::protocol::Kind;
/// use sim_core::schedule::{Chosen, ChosenFate};
/// use sim_core::world::Endpoint;
/// use sim_core::{Duration, Seat};
/// # use {sim_core::{Simulation, schedule::Schedule}, std::{cell::RefCell, rc::Rc}};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // The second message from n0 to n1 arrives as drawn, and once more after 5 ms.
/// let (from, to) = (Endpoint::Seat(Seat(0)), Endpoint::Seat(Seat(1)));
/// let sent = Sent { from, to, what: Parcel::Message(Kind(0)) };
/// let fate = ChosenFate::Arrives { after: None, copy: Some(Duration::from_millis(5)) };
/// let chosen = Chosen::Message { sent, nth: 2, fate };
/// # setup.decider = Some(Rc::new(RefCell::new(Schedule::new(&[chosen]))));
/// # let mut run = Simulation::new(setup);
/// # run.run();
/// assert_eq!(run.counters().duplicated, 1);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChosenFate {
    /// It gets lost.
    Lost,
    /// It arrives.
    Arrives {
        /// After this long; `None` for as it was drawn.
        after: Option<Duration>,
        /// And once more, this long after it was sent; `None` for as it was drawn. If the first was
        /// drawn to be lost, this one alone arrives.
        copy: Option<Duration>,
    },
}

/// Why a handler is called, by name.
///
/// ```
/// use sim_core::protocol::Kind;
/// use sim_core::schedule::StepName;
///
/// const MESSAGES: [&str; 1] = ["Number"];
/// let word = |step: &StepName| match step {
///     StepName::Start => "start".to_owned(),
///     StepName::Message(Kind(kind)) => MESSAGES[usize::from(*kind)].to_owned(),
///     StepName::Timer(timer) => timer.clone(),
///     StepName::Request => "request".to_owned(),
///     StepName::Disk => "disk".to_owned(),
/// };
/// assert_eq!(word(&StepName::Timer("Tell".into())), "Tell");
/// assert_eq!(word(&StepName::Message(Kind(0))), "Number");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum StepName {
    /// The process starts.
    Start,
    /// A message of this kind.
    Message(Kind),
    /// A timer that is printed like this.
    Timer(String),
    /// A request.
    Request,
    /// A sync that is over.
    Disk,
}

/// The decisions that somebody chose for a run, and how far the run has come with them.
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::schedule::{Chosen, Schedule, StepName};
/// use sim_core::{Seat, Simulation, decide::MidStepCrash};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// let crash = MidStepCrash { after: 1, lasting: None };
/// let crashed = |nth| Chosen::Crash { seat: Seat(0), step: StepName::Request, nth, crash };
/// let schedule = Rc::new(RefCell::new(Schedule::new(&[crashed(1), crashed(9)])));
/// setup.decider = Some(schedule.clone());
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert!(run.process(Seat(0)).is_none(), "it crashed for good");
/// assert_eq!(schedule.borrow().taken(), [true, false], "no ninth request came");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    messages: BTreeMap<Sent, Lane<ChosenFate>>,
    timers: BTreeMap<Seat, BTreeMap<String, Lane<Duration>>>,
    choices: BTreeMap<Seat, Lane<u64>>,
    syncs: BTreeMap<Seat, Lane<Duration>>,
    crashes: BTreeMap<Seat, BTreeMap<StepName, Lane<MidStepCrash>>>,
    gaps: BTreeMap<ClientId, Lane<Duration>>,
    /// For each of the decisions, whether something was decided by it.
    taken: Vec<bool>,
    /// Where timers are printed, to compare their names.
    name: String,
}

/// The decisions about things that are counted together.
#[derive(Clone, Debug)]
struct Lane<T> {
    seen: u64,
    /// By ordinal: the number of the decision, and what it is.
    chosen: BTreeMap<u64, (usize, T)>,
}

impl<T> Default for Lane<T> {
    fn default() -> Self {
        Self { seen: 0, chosen: BTreeMap::new() }
    }
}

impl<T: Copy> Lane<T> {
    /// Counts one more, and says what was chosen for it.
    fn next(&mut self) -> Option<(usize, T)> {
        self.seen += 1;
        self.chosen.get(&self.seen).copied()
    }
}

impl Schedule {
    /// A schedule of these decisions. Of two about the same thing the later one counts.
    #[must_use]
    pub fn new(decisions: &[Chosen]) -> Self {
        let mut schedule = Self { taken: vec![false; decisions.len()], ..Self::default() };
        for (number, chosen) in decisions.iter().enumerate() {
            match chosen {
                Chosen::Message { sent, nth, fate } => {
                    let lane = schedule.messages.entry(*sent).or_default();
                    lane.chosen.insert(*nth, (number, *fate));
                }
                Chosen::Timer { seat, timer, nth, is } => {
                    let timers = schedule.timers.entry(*seat).or_default();
                    let lane = timers.entry(timer.clone()).or_default();
                    lane.chosen.insert(*nth, (number, *is));
                }
                Chosen::Choice { seat, nth, is } => {
                    let lane = schedule.choices.entry(*seat).or_default();
                    lane.chosen.insert(*nth, (number, *is));
                }
                Chosen::Sync { seat, nth, is } => {
                    let lane = schedule.syncs.entry(*seat).or_default();
                    lane.chosen.insert(*nth, (number, *is));
                }
                Chosen::Crash { seat, step, nth, crash } => {
                    let crashes = schedule.crashes.entry(*seat).or_default();
                    let lane = crashes.entry(step.clone()).or_default();
                    lane.chosen.insert(*nth, (number, *crash));
                }
                Chosen::Gap { client, nth, is } => {
                    let lane = schedule.gaps.entry(*client).or_default();
                    lane.chosen.insert(*nth, (number, *is));
                }
            }
        }
        schedule
    }

    /// For each decision, in order, whether the run took it: an anchor that never came decides nothing,
    /// nor does one at which there is nothing to decide.
    #[must_use]
    pub fn taken(&self) -> &[bool] {
        &self.taken
    }

    fn take<T>(&mut self, (number, chosen): (usize, T)) -> T {
        self.taken[number] = true;
        chosen
    }
}

impl Decider for Schedule {
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        let Some(chosen) = self.messages.get_mut(sent).and_then(Lane::next) else { return drawn };
        if drawn == Fate::Cut {
            return drawn;
        }
        match (self.take(chosen), drawn) {
            (ChosenFate::Lost, _) => Fate::Lost,
            (ChosenFate::Arrives { after, copy }, Fate::Arrives { after: drawn, copy: twin }) => {
                Fate::Arrives { after: after.unwrap_or(drawn), copy: copy.or(twin) }
            }
            (ChosenFate::Arrives { after: Some(after), copy }, _) => Fate::Arrives { after, copy },
            (ChosenFate::Arrives { after: None, copy: Some(after) }, _) => {
                Fate::Arrives { after, copy: None }
            }
            (ChosenFate::Arrives { after: None, copy: None }, drawn) => drawn,
        }
    }

    fn timer(&mut self, seat: Seat, timer: &dyn fmt::Debug, drawn: Duration) -> Duration {
        let Some(timers) = self.timers.get_mut(&seat) else { return drawn };
        print(&mut self.name, timer);
        match timers.get_mut(&self.name).and_then(Lane::next) {
            Some(chosen) => self.take(chosen),
            None => drawn,
        }
    }

    fn fsync(&mut self, seat: Seat, drawn: Duration) -> Duration {
        match self.syncs.get_mut(&seat).and_then(Lane::next) {
            Some(chosen) => self.take(chosen),
            None => drawn,
        }
    }

    fn choice(&mut self, seat: Seat, of: u64, drawn: u64) -> u64 {
        match self.choices.get_mut(&seat).and_then(Lane::next) {
            Some(chosen) if chosen.1 < of => self.take(chosen),
            _ => drawn,
        }
    }

    fn crash(&mut self, step: &StepBegun<'_>, drawn: Option<MidStepCrash>) -> Option<MidStepCrash> {
        let Some(crashes) = self.crashes.get_mut(&step.seat) else { return drawn };
        let name = match step.cause {
            StepCause::Start => StepName::Start,
            StepCause::Message(kind) => StepName::Message(kind),
            StepCause::Timer(timer) => {
                print(&mut self.name, timer);
                StepName::Timer(self.name.clone())
            }
            StepCause::Request => StepName::Request,
            StepCause::Disk => StepName::Disk,
        };
        match crashes.get_mut(&name).and_then(Lane::next) {
            Some(chosen) if chosen.1.after <= step.effects => Some(self.take(chosen)),
            _ => drawn,
        }
    }

    fn gap(&mut self, client: ClientId, drawn: Duration) -> Duration {
        match self.gaps.get_mut(&client).and_then(Lane::next) {
            Some(chosen) => self.take(chosen),
            None => drawn,
        }
    }
}

fn print(into: &mut String, timer: &dyn fmt::Debug) {
    use fmt::Write as _;
    into.clear();
    write!(into, "{timer:?}").expect("a string takes all");
}
