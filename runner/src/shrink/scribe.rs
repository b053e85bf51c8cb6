//! Writes down what a run drew that a script or a schedule can say: who asked what and when, and in the
//! midst of which step a fault let a process crash.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use sim_core::client::Client;
use sim_core::decide::{Decider, MidStepCrash, Sent, StepBegun, StepCause};
use sim_core::id::{ClientId, NodeId, RequestId, Seat};
use sim_core::protocol::Protocol;
use sim_core::schedule::Schedule;
use sim_core::trace::{Happening, Trace};
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
    /// After how many effects of a step that is about to begin somebody crashes.
    doomed: Option<usize>,
    /// In the midst of which step somebody is about to crash.
    cuts: BTreeMap<Seat, Cut>,
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
            doomed: None,
            cuts: BTreeMap::new(),
            spelt: SpeltOut { asked: Some(Vec::new()), cuts: Vec::new() },
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

    fn crash(&mut self, step: &StepBegun<'_>) -> Option<MidStepCrash> {
        let name = self.name(&step.cause);
        let nth = self.steps.entry((step.seat, name.clone())).or_default();
        *nth += 1;
        if let Some(after) = self.doomed.take() {
            let node = self.names.node(NodeId(step.seat.0));
            let step_name = format!("{name}#{nth}");
            let cut = Cut { node, step: step_name, after, at: Time::ZERO };
            self.cuts.insert(step.seat, cut);
        }
        self.schedule.as_ref()?.borrow_mut().crash(step)
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Scribe {
    fn happened(&mut self, at: Time, what: &Happening<'_, P, C>) {
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
