//! Whoever watches: what they are shown, and what becomes of what they find.

use super::Simulation;
use crate::check::{Goal, Invariant, Step, builtin};
use crate::client::Client;
use crate::context::Effect;
use crate::id::{NodeId, Seat};
use crate::protocol::Protocol;
use crate::time::{Duration, Time};
use crate::trace::Happening;
use crate::world::World;

/// Who watches, and what they are still waiting for.
pub(super) struct Watch<P: Protocol> {
    invariants: Vec<(&'static str, Box<dyn Invariant<P>>)>,
    goals: Vec<Watched<P>>,
    /// How many goals that need not last are not yet reached.
    open: usize,
    reply_within: Option<Duration>,
    last_fault: Time,
}

struct Watched<P: Protocol> {
    name: &'static str,
    within: Duration,
    deadline: Time,
    goal: Box<dyn Goal<P>>,
    reached: bool,
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// Looks whether anybody wants to see steps.
    pub(super) fn look_who_watches(&mut self) {
        self.watched = !self.watch.invariants.is_empty()
            || !self.watch.goals.is_empty()
            || self.trace.is_some()
            || self.traps.is_some();
    }

    /// Shows a step to whoever watches; one that a crash cut without the state that is gone (rule 13).
    pub(super) fn judge(&mut self, seat: Seat, effects: &[Effect<P>], complete: bool) {
        let node = &self.nodes[seat.index()];
        let state = if complete { node.process.as_ref() } else { None };
        if node.lied {
            // What is promised is promised of the honest.
            if let (Some(trace), Some(state)) = (&mut self.trace, state) {
                trace.happened(self.now, &Happening::Stepped { seat, state });
            }
            return;
        }
        let step = Step {
            time: self.now,
            seat,
            node: node.identity,
            incarnation: node.incarnation,
            state,
            effects,
        };
        let mut broken = None;
        for (name, invariant) in &mut self.watch.invariants {
            if let Err(message) = invariant.observe(&step) {
                broken = Some((*name, message));
                break;
            }
        }
        let core = &self.world.core;
        if core.is_empty() || core.contains(&step.node) {
            for watched in &mut self.watch.goals {
                watched.goal.observe(&step);
            }
        }
        if let (Some(trace), Some(state)) = (&mut self.trace, state) {
            trace.happened(self.now, &Happening::Stepped { seat, state });
        }
        if let Some((name, message)) = broken {
            self.violate(name, Some(seat), message);
        }
        if complete && self.traps.is_some() {
            self.notice_role(seat);
        }
    }

    #[inline]
    pub(super) fn look_at_goals(&mut self) {
        // Not within the instant itself: of two faults that end together one is first.
        if self.watch.open > 0 && self.now > self.watch.last_fault {
            self.look_at_open_goals();
        }
    }

    fn look_at_open_goals(&mut self) {
        for watched in &mut self.watch.goals {
            let in_time = |since| since <= watched.deadline;
            if !watched.reached && watched.goal.met_since().is_some_and(in_time) {
                watched.reached = true;
                self.watch.open -= usize::from(!watched.goal.must_last());
            }
        }
        let late = |watched: &&Watched<P>| {
            !watched.reached && !watched.goal.must_last() && watched.deadline < self.now
        };
        if let Some(watched) = self.watch.goals.iter().find(late) {
            let (name, message) = (watched.name, watched.missed(self.watch.last_fault));
            self.violate(name, None, message);
        }
    }

    /// What can only be judged when all is over.
    pub(super) fn finish(&mut self) {
        if self.violation.is_some() {
            return;
        }
        self.now = self.world.end;
        self.look_at_goals();
        let missed = self.watch.goals.iter().find(|watched| {
            watched.deadline <= self.world.end
                && if watched.goal.must_last() {
                    watched.goal.met_since().is_none_or(|since| since > watched.deadline)
                } else {
                    !watched.reached
                }
        });
        if let Some(watched) = missed {
            let (name, message) = (watched.name, watched.missed(self.watch.last_fault));
            return self.violate(name, None, message);
        }
        self.judge_open_script();
        self.judge_open_operations();
    }

    /// The goals that were judged: those whose time was up before the run was.
    ///
    /// ```
    /// use sim_core::check::{Goal, Step};
    /// use sim_core::{Duration, Simulation, Time};
    /// # use sim_core::example::{Highest, asking};
    ///
    /// struct Never;
    ///
    /// impl Goal<Highest> for Never {
    ///     fn observe(&mut self, _: &Step<'_, Highest>) {}
    ///     fn met_since(&self) -> Option<Time> {
    ///         None
    ///     }
    ///     fn waiting_for(&self) -> String {
    ///         "what never comes".into()
    ///     }
    /// }
    ///
    /// // The run ends after 100 ms: too early to say.
    /// # let mut setup = asking(&[7]);
    /// setup.goals.push(("never", Duration::from_millis(200), Box::new(Never)));
    /// let mut run = Simulation::new(setup);
    /// run.run();
    /// assert_eq!((run.violation(), run.judged_goals().count()), (None, 0));
    /// ```
    pub fn judged_goals(&self) -> impl Iterator<Item = &'static str> + '_ {
        let end = self.world.end;
        let goals = self.watch.goals.iter();
        let reached = |watched: &Watched<P>| watched.reached && !watched.goal.must_last();
        let judged = goals.filter(move |watched| reached(watched) || watched.deadline <= end);
        let reply = self.watch.reply_within.filter(|&within| self.calm_after(within) < end);
        judged.map(|watched| watched.name).chain(reply.map(|_| builtin::REPLY))
    }

    /// From when on a thing that takes so long must be over in time.
    fn calm_after(&self, within: Duration) -> Time {
        self.watch.last_fault.saturating_add(within)
    }

    /// Operations that are still open when the run ends, and should not be.
    pub(super) fn judge_open_operations(&mut self) {
        let Some(within) = self.watch.reply_within else { return };
        let end = self.world.end;
        let unanswered = self.clients.iter().find_map(|client| {
            let open = self.history.open(client.me())?;
            let due = open.invoked.time.max(self.watch.last_fault).saturating_add(within);
            (due < end && client.counts()).then_some((open.id, open.invoked.time))
        });
        if let Some((id, invoked)) = unanswered {
            let waited = end.since(invoked);
            let message = format!("{id} was not answered: it has waited {waited} at the end");
            self.violate(builtin::REPLY, None, message);
        }
    }

    /// What is wrong with how an operation of this age ends now, as far as `reply` is concerned.
    pub(super) fn judge_answer(&self, invoked: Time, answered: bool) -> Option<String> {
        let within = self.watch.reply_within?;
        let due = invoked.max(self.watch.last_fault).saturating_add(within);
        if answered {
            let took = self.now.since(invoked);
            (self.now > due).then(|| format!("was answered only after {took}"))
        } else {
            // What was asked earlier may have been given up before an answer was due.
            let promised = invoked >= self.calm_after(within);
            promised.then(|| String::from("was not answered"))
        }
    }
}

impl<P: Protocol> Watch<P> {
    pub(super) const fn new() -> Self {
        Self {
            invariants: Vec::new(),
            goals: Vec::new(),
            open: 0,
            reply_within: None,
            last_fault: Time::ZERO,
        }
    }

    pub(super) fn restart(
        &mut self,
        world: &World,
        invariants: Vec<(&'static str, Box<dyn Invariant<P>>)>,
        goals: Vec<(&'static str, Duration, Box<dyn Goal<P>>)>,
        reply_within: Option<Duration>,
    ) {
        self.last_fault = world.last_fault();
        self.invariants = invariants;
        self.goals.clear();
        for (name, within, goal) in goals {
            let deadline = self.last_fault.saturating_add(within);
            self.goals.push(Watched { name, within, deadline, goal, reached: false });
        }
        self.count_open();
        self.reply_within = reply_within;
    }

    /// A fault that nobody planned begins or ends: what must come about after the last one has its time
    /// from now on.
    pub(super) fn fault_turns(&mut self, now: Time) {
        if now <= self.last_fault {
            return;
        }
        self.last_fault = now;
        for watched in &mut self.goals {
            watched.deadline = now.saturating_add(watched.within);
            watched.reached = false;
        }
        self.count_open();
    }

    fn count_open(&mut self) {
        self.open = self.goals.iter().filter(|watched| !watched.goal.must_last()).count();
    }

    /// A node lies, from now on.
    pub(super) fn corrupted(&mut self, time: Time, node: NodeId) {
        self.invariants.iter_mut().for_each(|(_, invariant)| invariant.corrupted(node));
        self.goals.iter_mut().for_each(|watched| watched.goal.corrupted(time, node));
    }

    /// A process is gone.
    pub(super) fn crashed(&mut self, time: Time, node: NodeId) {
        self.goals.iter_mut().for_each(|watched| watched.goal.crashed(time, node));
    }
}

impl<P: Protocol> Watched<P> {
    fn missed(&self, last_fault: Time) -> String {
        let within = self.deadline.since(last_fault);
        format!("not within {within} of the last fault: {}", self.goal.waiting_for())
    }
}
