//! Traps in a run: what they notice, and what comes of it.

use super::unplanned::Why;
use super::{Event, Simulation};
use crate::client::Client;
use crate::context::Effect;
use crate::decide::{MidStepCrash, ask};
use crate::fault::Fault;
use crate::id::Seat;
use crate::network::Fate;
use crate::protocol::{Kind, Protocol};
use crate::rng::Draw;
use crate::schedule::StepName;
use crate::time::{Duration, Time};
use crate::trace::Happening;
use crate::trap::{Blow, Roll, Tampering, Trap, Trigger};
use crate::world::World;

/// What traps draw comes under this; the families of a swarm are small numbers.
const TRAPS: u64 = u64::MAX - 1;

/// How far the traps of a run have come.
pub(super) struct Traps {
    states: Vec<State>,
    /// Of each seat, which process's role was seen last, and what it was.
    roles: Vec<(u32, &'static str)>,
}

#[derive(Clone)]
struct State {
    /// How often there was what it waits for.
    seen: u64,
    sprung: u32,
    /// From when on it may spring again.
    ready: Time,
}

impl Traps {
    /// Those of a world, if it has any.
    pub(super) fn of(world: &World) -> Option<Box<Self>> {
        let state = State { seen: 0, sprung: 0, ready: Time::ZERO };
        let states = vec![state; world.traps.len()];
        let roles = vec![(u32::MAX, ""); world.seats() as usize];
        (!states.is_empty()).then(|| Box::new(Self { states, roles }))
    }
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// A step is complete: whoever has another role now may spring a trap.
    #[cold]
    pub(super) fn notice_role(&mut self, seat: Seat) {
        let Some(role) = self.new_role(seat) else { return };
        if let Some(traps) = &mut self.traps {
            traps.roles[seat.index()] = (self.nodes[seat.index()].incarnation, role);
        }
        self.notice(seat, None, |when| *when == Trigger::Role(role));
    }

    /// The role that a process has and did not have before.
    fn new_role(&self, seat: Seat) -> Option<&'static str> {
        let node = &self.nodes[seat.index()];
        let role = node.process.as_ref()?.role();
        let known = self.traps.as_ref()?.roles[seat.index()];
        (known != (node.incarnation, role)).then_some(role)
    }

    #[cold]
    pub(super) fn notice_point(&mut self, seat: Seat, point: &'static str) {
        self.notice(seat, None, |when| *when == Trigger::Reached(point));
    }

    #[cold]
    pub(super) fn notice_persisted(&mut self, seat: Seat) {
        self.notice(seat, None, |when| *when == Trigger::Persisted);
    }

    /// What becomes of a message that is sent.
    #[cold]
    pub(super) fn notice_message(&mut self, from: Seat, to: Seat, kind: Kind, drawn: Fate) -> Fate {
        let when = Trigger::Message(kind);
        self.notice(from, Some(to), |waits| *waits == when);
        let mut fate = drawn;
        for number in 0..self.world.traps.len() {
            let trap = &self.world.traps[number];
            let Blow::Tamper(tampering) = trap.blow else { continue };
            if trap.when != when || drawn == Fate::Cut {
                continue;
            }
            if let Some(mut draw) = self.springs(number) {
                self.has_sprung(number);
                self.tell(|| Happening::Tampered);
                fate = tampered(tampering, fate, &mut draw);
            }
        }
        fate
    }

    /// Looks at a step whose handler has returned, and says whether a trap cuts it, and where.
    #[cold]
    pub(super) fn notice_step(
        &mut self,
        seat: Seat,
        why: &Why<P::Timer>,
        effects: &[Effect<P>],
    ) -> Option<MidStepCrash> {
        let is_named = |when: &Trigger| matches!(when, Trigger::Step(step) if names(step, why));
        self.notice(seat, None, is_named);
        let mut cut: Option<MidStepCrash> = None;
        for number in 0..self.world.traps.len() {
            let trap = &self.world.traps[number];
            if trap.blow != Blow::CutStep {
                continue;
            }
            let when = trap.when.clone();
            let place = match &when {
                Trigger::Role(role) => (self.new_role(seat) == Some(role)).then_some(None),
                Trigger::Step(_) => is_named(&when).then_some(None),
                _ => self.place(seat, &when, effects).map(Some),
            };
            let Some(place) = place.filter(|_| !effects.is_empty()) else { continue };
            let Some(mut draw) = self.springs(number) else { continue };
            self.has_sprung(number);
            let trap = &self.world.traps[number];
            let after = place.unwrap_or_else(|| {
                let drawn = draw.below(effects.len() as u64 + 1);
                usize::try_from(drawn).expect("below a usize")
            });
            let left = trap.until.since(self.now);
            let lasting = trap.lasting.map(|lasting| lasting.draw(&mut draw).min(left));
            if cut.is_none_or(|cut| after < cut.after) {
                cut = Some(MidStepCrash { after, lasting });
            }
        }
        cut
    }

    /// Behind which effect of a step there is what a trap waits for.
    fn place(&self, seat: Seat, when: &Trigger, effects: &[Effect<P>]) -> Option<usize> {
        let mut is_clean = self.nodes[seat.index()].disk.is_clean();
        let found = effects.iter().position(|effect| match (when, effect) {
            (Trigger::Reached(point), Effect::Reached { point: reached }) => point == reached,
            (Trigger::Message(kind), Effect::Send { message, .. }) => P::kind(message) == *kind,
            (Trigger::Persisted, Effect::Write { .. } | Effect::Checkpoint { .. }) => {
                is_clean = false;
                false
            }
            // Nothing waits for a barrier with nothing before it.
            (Trigger::Persisted, Effect::Flush) => !is_clean,
            _ => false,
        });
        found.map(|place| place + 1)
    }

    /// Something happened that traps may wait for: those that cause faults cause them.
    fn notice(&mut self, it: Seat, receiver: Option<Seat>, is: impl Fn(&Trigger) -> bool) {
        for number in 0..self.world.traps.len() {
            let trap = &self.world.traps[number];
            if !matches!(trap.blow, Blow::Fault(_)) || !is(&trap.when) {
                continue;
            }
            if let Some(draw) = self.springs(number) {
                self.spring(number, Roll { it, receiver, seats: self.world.seats() }, draw);
            }
        }
    }

    /// Counts one more of what a trap waits for; says whether it springs, and with which draws.
    fn springs(&mut self, number: usize) -> Option<Draw> {
        let Trap { nth, from, until, chance, times, .. } = self.world.traps[number];
        if self.now < from || self.now >= until {
            return None;
        }
        let state = &mut self.traps.as_mut()?.states[number];
        state.seen += 1;
        let is_counted = nth.is_none_or(|nth| nth == state.seen);
        if !is_counted || state.sprung >= times || self.now < state.ready {
            return None;
        }
        let key = self.keys.nemesis.about(TRAPS).about(number as u64).about(state.seen);
        let key = ask(self.decider.as_ref(), key, |decider, key| decider.trap(number, key));
        let mut draw = key.draw();
        draw.chance(chance).then_some(draw)
    }

    fn has_sprung(&mut self, number: usize) {
        let Trap { rest, ref blow, .. } = self.world.traps[number];
        if let Blow::Tamper(_) = blow {
            self.counters.fault(blow.family());
        }
        self.counters.sprung(number);
        if let Some(traps) = &mut self.traps {
            let state = &mut traps.states[number];
            state.sprung += 1;
            state.ready = self.now.saturating_add(rest);
        }
    }

    /// Plans the fault of a trap: from here on it is one of the plan.
    fn spring(&mut self, number: usize, roll: Roll, mut draw: Draw) {
        let trap = &self.world.traps[number];
        let Blow::Fault(kind) = &trap.blow else { return };
        let at = self.now.saturating_add(trap.after.draw(&mut draw).max(NEXT));
        // Over before the trap is: whatever begins at that instant finds everything as it was.
        let last = Time::from_nanos(trap.until.as_nanos() - NEXT.as_nanos());
        if at >= last {
            return;
        }
        let until = trap.lasting.map(|lasting| {
            let end = at.saturating_add(lasting.draw(&mut draw));
            end.min(last).max(at.saturating_add(NEXT))
        });
        let Some(kind) = roll.call(kind, &mut draw) else { return };
        self.has_sprung(number);
        let fault = Fault { at, until, kind };
        self.tell(|| Happening::Sprung { seat: roll.it, fault: &fault });
        let planned = u32::try_from(self.world.faults.len()).expect("fewer than 2³² faults");
        self.world.faults.push(fault);
        let mut plan = |time, event| {
            let arrival = self.queue.arrive_first();
            self.queue.push_as(time, arrival, event);
        };
        plan(at, Event::FaultBegins { fault: planned });
        if let Some(until) = until {
            plan(until, Event::FaultEnds { fault: planned });
        }
    }
}

/// A fault begins behind all that happens at the moment for which its trap waited.
const NEXT: Duration = Duration::from_nanos(1);

fn tampered(tampering: Tampering, fate: Fate, draw: &mut Draw) -> Fate {
    match (tampering, fate) {
        (Tampering::Drop, _) => Fate::Lost,
        (Tampering::Delay(delay), Fate::Arrives { copy, .. }) => {
            Fate::Arrives { after: delay.draw(draw), copy }
        }
        (Tampering::Copy(delay), Fate::Arrives { after, .. }) => {
            Fate::Arrives { after, copy: Some(delay.draw(draw)) }
        }
        (Tampering::Delay(delay) | Tampering::Copy(delay), _) => {
            Fate::Arrives { after: delay.draw(draw), copy: None }
        }
    }
}

/// Whether a step is of this name.
fn names<T: std::fmt::Debug>(step: &StepName, why: &Why<T>) -> bool {
    match (step, why) {
        (StepName::Start, Why::Start)
        | (StepName::Request, Why::Request)
        | (StepName::Disk, Why::Disk) => true,
        (StepName::Message(one), Why::Message(other)) => one == other,
        (StepName::Timer(name), Why::Timer(timer)) => *name == format!("{timer:?}"),
        _ => false,
    }
}
