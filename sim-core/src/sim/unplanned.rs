//! Crashes that no fault of the plan asks for: a trap or a decider lets them fall in the midst of a step.

use super::{Event, Simulation};
use crate::client::Client;
use crate::context::Effect;
use crate::decide::{StepBegun, StepCause, ask};
use crate::fault::Family;
use crate::holders::Holder;
use crate::id::Seat;
use crate::node::Input;
use crate::protocol::{Kind, Protocol};
use crate::time::Duration;

/// Why a handler is called, when its input is already gone.
pub(super) enum Why<T> {
    Start,
    Message(Kind),
    Timer(T),
    Request,
    Disk,
}

impl<T: Copy> Why<T> {
    pub(super) fn of<P: Protocol<Timer = T>>(input: &Input<P>, timer: Option<T>) -> Self {
        match input {
            Input::Start => Self::Start,
            Input::Message { message, .. } => Self::Message(P::kind(message)),
            Input::Timer { .. } => Self::Timer(timer.expect("it was looked up before the step")),
            Input::Request { .. } => Self::Request,
            Input::Disk { .. } => Self::Disk,
        }
    }
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// After how many effects this step crashes, if anybody wants that; a fault of the plan may have
    /// chosen a place already.
    pub(super) fn crash_in_this_step(
        &mut self,
        seat: Seat,
        why: &Why<P::Timer>,
        effects: &[Effect<P>],
        planned: Option<usize>,
    ) -> Option<usize> {
        let trapped = match self.traps {
            Some(_) => self.notice_step(seat, why, effects),
            None => None,
        };
        let effects = effects.len();
        let cause = match why {
            Why::Start => StepCause::Start,
            Why::Message(kind) => StepCause::Message(*kind),
            Why::Timer(timer) => StepCause::Timer(timer),
            Why::Request => StepCause::Request,
            Why::Disk => StepCause::Disk,
        };
        let step = StepBegun { seat, cause, effects };
        let wanted =
            ask(self.decider.as_ref(), trapped, |decider, trapped| decider.crash(&step, trapped));
        let Some(crash) = wanted.filter(|crash| crash.after <= effects) else { return planned };
        let number = self.unplanned_crashes;
        self.unplanned_crashes += 1;
        let node = &mut self.nodes[seat.index()];
        node.down_by.hold(Holder::Unplanned(number));
        node.unplanned = Some((number, crash.lasting));
        self.counters.fault(Family::Crash);
        Some(planned.map_or(crash.after, |planned| planned.min(crash.after)))
    }

    /// It fell: from here on it counts as a fault, and its time runs.
    pub(super) fn begin_unplanned_crash(
        &mut self,
        seat: Seat,
        crash: u32,
        lasting: Option<Duration>,
    ) {
        self.watch.fault_turns(self.now);
        if let Some(lasting) = lasting {
            self.queue.push(self.now.saturating_add(lasting), Event::CrashOver { seat, crash });
        }
    }

    pub(super) fn end_unplanned_crash(&mut self, seat: Seat, crash: u32) {
        self.watch.fault_turns(self.now);
        self.let_go(seat, Holder::Unplanned(crash));
    }
}
