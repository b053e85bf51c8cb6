//! Writes down what a run drew that a script or a schedule can say: who asked what and when, and in the
//! midst of which step a fault let a process crash.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use sim_core::client::Client;
use sim_core::decide::{Decider, MidStepCrash, Parcel, Sent, StepBegun, StepCause};
use sim_core::fault::Fault;
use sim_core::id::{ClientId, NodeId, RequestId, Seat};
use sim_core::protocol::Protocol;
use sim_core::schedule::Schedule;
use sim_core::trace::{Happening, Trace};
use sim_core::world::Endpoint;
use sim_core::{Duration, Fate, Time};

use crate::catalogue::{Asked, Cut, SpeltOut};
use crate::kept::scheduled;
use crate::names::{self, Names};

/// Writes down what a run draws, while it runs.
pub(crate) struct Scribe {
    names: Names,
    messages: &'static [&'static str],
    /// Who decides.
    schedule: Option<Rc<RefCell<Schedule>>>,
    /// What the workload gave whom, in the event under way; `None` if nobody could write it.
    given: Vec<(ClientId, Option<String>)>,
    /// How many steps of each name a seat took.
    steps: BTreeMap<(Seat, String), u64>,
    /// How much of each sort was sent, from whom to whom.
    sent: BTreeMap<Sent, u64>,
    /// A trap tampers with what is about to be sent.
    is_tampered: bool,
    /// After how many effects of a step that is about to begin somebody crashes.
    doomed: Option<usize>,
    /// In the midst of which step somebody is about to crash.
    cuts: BTreeMap<Seat, Cut>,
    /// What traps caused.
    pub(crate) sprung: Vec<Fault>,
    spelt: SpeltOut,
}

impl Scribe {
    pub(crate) fn new(
        names: &Names,
        messages: &'static [&'static str],
        schedule: Option<Rc<RefCell<Schedule>>>,
    ) -> Self {
        Self {
            names: names.clone(),
            messages,
            schedule,
            given: Vec::new(),
            steps: BTreeMap::new(),
            sent: BTreeMap::new(),
            is_tampered: false,
            doomed: None,
            cuts: BTreeMap::new(),
            sprung: Vec::new(),
            spelt: SpeltOut { asked: Some(Vec::new()), ..SpeltOut::default() },
        }
    }

    /// The workload gave a client a task, and this is how a script writes it, if it can.
    pub(crate) fn gave(&mut self, id: RequestId, task: Option<String>) {
        self.given.push((id.client, task));
    }

    /// What was written down.
    pub(crate) fn spelt_out(&mut self) -> SpeltOut {
        std::mem::take(&mut self.spelt)
    }

    fn scheduled<T>(&self, drawn: T, say: impl FnOnce(&mut Schedule, T) -> T) -> T {
        scheduled(self.schedule.as_deref(), drawn, say)
    }

    /// What a trap made of a message, as an entry of a schedule.
    fn tampered(&self, sent: &Sent, nth: u64, fate: Fate) -> Option<Vec<(&'static str, String)>> {
        let Parcel::Message(kind) = sent.what else { return None };
        let name = |end| match end {
            Endpoint::Seat(Seat(seat)) => self.names.node(NodeId(seat)),
            Endpoint::Client(client) => self.names.client(client),
        };
        let kind = names::message(self.messages, kind);
        let message = format!("{} -> {} {kind}#{nth}", name(sent.from), name(sent.to));
        let mut entry = vec![("message", message)];
        match fate {
            Fate::Cut => return None,
            Fate::Lost => entry.push(("drop", "true".into())),
            Fate::Arrives { after, copy } => {
                entry.push(("delay", after.to_string()));
                entry.extend(copy.map(|copy| ("copy", copy.to_string())));
            }
        }
        Some(entry)
    }

    /// A step as a schedule names it.
    fn name(&self, cause: &StepCause<'_>) -> String {
        match cause {
            StepCause::Start => "start".into(),
            StepCause::Message(kind) => names::message(self.messages, *kind).into(),
            StepCause::Timer(timer) => format!("{timer:?}"),
            StepCause::Request => "request".into(),
            StepCause::Disk => "disk".into(),
        }
    }
}

impl Decider for Scribe {
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        let nth = self.sent.entry(*sent).or_default();
        *nth += 1;
        let nth = *nth;
        if std::mem::take(&mut self.is_tampered) {
            self.spelt.tampered.extend(self.tampered(sent, nth, drawn));
        }
        self.scheduled(drawn, |schedule, drawn| schedule.fate(sent, drawn))
    }

    fn timer(&mut self, seat: Seat, timer: &dyn fmt::Debug, drawn: Duration) -> Duration {
        self.scheduled(drawn, |schedule, drawn| schedule.timer(seat, timer, drawn))
    }

    fn fsync(&mut self, seat: Seat, drawn: Duration) -> Duration {
        self.scheduled(drawn, |schedule, drawn| schedule.fsync(seat, drawn))
    }

    fn choice(&mut self, seat: Seat, of: u64, drawn: u64) -> u64 {
        self.scheduled(drawn, |schedule, drawn| schedule.choice(seat, of, drawn))
    }

    fn gap(&mut self, client: ClientId, drawn: Duration) -> Duration {
        self.scheduled(drawn, |schedule, drawn| schedule.gap(client, drawn))
    }

    /// Asked just before [`crash`](Self::crash), about the same step.
    fn crash_point(&mut self, _: Seat, _: usize, drawn: usize) -> usize {
        self.doomed = Some(drawn);
        drawn
    }

    fn crash(&mut self, step: &StepBegun<'_>, drawn: Option<MidStepCrash>) -> Option<MidStepCrash> {
        let name = self.name(&step.cause);
        let nth = self.steps.entry((step.seat, name.clone())).or_default();
        *nth += 1;
        let node = self.names.node(NodeId(step.seat.0));
        let step_name = format!("{name}#{nth}");
        let cut = |after| Cut { node, step: step_name, after, at: Time::ZERO };
        if let Some(MidStepCrash { after, lasting }) = drawn {
            self.spelt.trapped.push((cut(after), lasting));
        } else if let Some(after) = self.doomed.take() {
            self.cuts.insert(step.seat, cut(after));
        }
        self.scheduled(drawn, |schedule, drawn| schedule.crash(step, drawn))
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Scribe {
    fn happened(&mut self, at: Time, what: &Happening<'_, P, C>) {
        match what {
            Happening::Sprung { fault, .. } => self.sprung.push((*fault).clone()),
            Happening::Tampered => self.is_tampered = true,
            _ => {}
        }
        if let Happening::Crashed { seat, .. } = what
            && let Some(cut) = self.cuts.remove(seat)
        {
            self.spelt.cuts.push(Cut { at, ..cut });
        }
    }

    fn event_over(&mut self, _: u64, at: Time, _: u64) {
        for (client, what) in self.given.drain(..) {
            let asked = what.map(|what| Asked { at, by: client.to_string(), what });
            match (&mut self.spelt.asked, asked) {
                (Some(all), Some(asked)) => all.push(asked),
                (all, _) => *all = None,
            }
        }
    }
}
