//! Traps: faults that wait for the protocol to do something.
//!
//! A fault of the plan meets the dangerous moment by chance. A trap is keyed to the moment itself: a node
//! takes a role, reaches a point, sends a message, begins a step, has made durable what it wrote. It
//! knows no protocol: the words that it waits for are the protocol's own.
//!
//! What a trap does is bounded: it is set for a time, at whose end all that it did is over, springs so
//! often at most, and not again within a rest. Its draws are keyed by which trap it is and which of the
//! moments this is (rule 6). A fault that it causes is one like those of the plan, from then on.

use crate::chance::{Chance, Delay};
use crate::fault::{Family, FaultKind};
use crate::id::Seat;
use crate::protocol::Kind;
use crate::rng::Draw;
use crate::schedule::StepName;
use crate::time::{Duration, Time};
use crate::world::Endpoint;

/// A fault that waits for the protocol to do something.
///
/// ```
/// use sim_core::fault::{Family, FaultKind};
/// use sim_core::protocol::Kind;
/// use sim_core::trap::{Blow, IT, Trap, Trigger};
/// use sim_core::{Duration, Seat, Simulation, Status, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // Whoever sends the third message crashes a millisecond later, for ever.
/// let crash = FaultKind::Crash { seats: vec![IT], mid_step: false };
/// let trap = Trap::set(Trigger::Message(Kind(0)), Blow::Fault(crash), Time::MAX);
/// let after = Duration::from_millis(1).into();
/// setup.world.traps.push(Trap { nth: Some(3), after, ..trap });
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.status(Seat(1)), Status::Down, "each of the three sends two at once");
/// assert_eq!(run.counters().faults[Family::Crash as usize], 1);
/// assert_eq!(run.counters().sprung, [1]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trap {
    /// What it waits for.
    pub when: Trigger,
    /// Which of these alone, counted from one while the trap is set; `None` for each of them.
    pub nth: Option<u64>,
    /// From when on it is set.
    pub from: Time,
    /// When that ends, and with it everything that it did, but for what lasts for ever.
    pub until: Time,
    /// The chance that it springs when it could.
    pub chance: Chance,
    /// How often it springs at most.
    pub times: u32,
    /// How long it does not spring again, once it has.
    pub rest: Duration,
    /// How long after the moment the fault begins: a nanosecond at least, so behind what the protocol
    /// does at that moment.
    pub after: Delay,
    /// How long the fault lasts; `None` for ever, and for what has no end.
    pub lasting: Option<Delay>,
    /// What it does.
    pub blow: Blow,
}

impl Trap {
    /// A trap that springs each time, set from the beginning until then, and that lasts for ever.
    #[must_use]
    pub const fn set(when: Trigger, blow: Blow, until: Time) -> Self {
        Self {
            when,
            nth: None,
            from: Time::ZERO,
            until,
            chance: Chance::ALWAYS,
            times: MOST_TIMES,
            rest: Duration::ZERO,
            after: Delay::NONE,
            lasting: None,
            blow,
        }
    }
}

/// How often a trap may spring in a run.
pub const MOST_TIMES: u32 = 10_000;

/// What a trap waits for. *It* is the node that does it.
///
/// ```
/// use sim_core::protocol::Kind;
/// use sim_core::schedule::StepName;
/// use sim_core::trap::Trigger;
///
/// const MESSAGES: [&str; 1] = ["Number"];
/// let says = |when: &Trigger| match when {
///     Trigger::Role(role) => format!("it becomes {role}"),
///     Trigger::Reached(point) => format!("it reaches {point}"),
///     Trigger::Message(Kind(kind)) => format!("it sends {}", MESSAGES[usize::from(*kind)]),
///     Trigger::Step(StepName::Start) => "it starts".to_owned(),
///     Trigger::Step(step) => format!("it begins a step for {step:?}"),
///     Trigger::Persisted => "what it wrote is durable".to_owned(),
/// };
/// assert_eq!(says(&Trigger::Message(Kind(0))), "it sends Number");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// A node's role becomes this one; a process that starts takes its first.
    Role(&'static str),
    /// A node reaches a point.
    Reached(&'static str),
    /// A node sends a message of this kind, one for each receiver.
    Message(Kind),
    /// A node begins a step of this name.
    Step(StepName),
    /// A barrier is over: what a node wrote is durable, and what waits for that is still to come.
    Persisted,
}

/// What a trap does.
///
/// ```
/// use sim_core::protocol::Kind;
/// use sim_core::trap::{Blow, Trap, Trigger, Tampering};
/// use sim_core::{Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // The first message of all is lost.
/// let lost = Trap::set(Trigger::Message(Kind(0)), Blow::Tamper(Tampering::Drop), Time::MAX);
/// setup.world.traps.push(Trap { nth: Some(1), ..lost });
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(run.counters().lost, 1);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blow {
    /// A fault. Its seats may be [`IT`], [`RECEIVER`], [`another`] and [`REST`].
    Fault(FaultKind),
    /// The node that does it crashes in the midst of the very step: right behind the effect that sprang
    /// the trap, or somewhere in a step that did as a whole.
    CutStep,
    /// Something becomes of the message that sprang the trap.
    Tamper(Tampering),
}

impl Blow {
    /// The family of faults that it counts as.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self {
            Self::Fault(kind) => kind.family(),
            Self::CutStep => Family::Crash,
            Self::Tamper(Tampering::Drop) => Family::Drop,
            Self::Tamper(Tampering::Delay(_)) => Family::Delay,
            Self::Tamper(Tampering::Copy(_)) => Family::Copy,
        }
    }
}

/// What becomes of a message. A cut link stays cut.
///
/// ```
/// use sim_core::Duration;
/// use sim_core::fault::Family;
/// use sim_core::trap::{Blow, Tampering};
///
/// let late = Blow::Tamper(Tampering::Delay(Duration::from_millis(120).into()));
/// assert_eq!(late.family(), Family::Delay);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tampering {
    /// It gets lost.
    Drop,
    /// It takes this long instead.
    Delay(Delay),
    /// It arrives once more, this long after it was sent.
    Copy(Delay),
}

/// Stands for the node that sprang a trap.
pub const IT: Seat = Seat(u32::MAX);
/// Stands for the one to whom it sent the message that sprang the trap.
pub const RECEIVER: Seat = Seat(u32::MAX - 1);
/// Stands for all nodes but [`IT`] that the fault does not name otherwise.
pub const REST: Seat = Seat(u32::MAX - 2);

/// Stands for a node other than [`IT`] that is drawn among those that the fault does not name, each
/// number for a different one.
///
/// ```
/// use sim_core::fault::FaultKind;
/// use sim_core::protocol::Kind;
/// use sim_core::trap::{Blow, Trap, Trigger, another};
/// use sim_core::{Seat, Simulation, Status, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // Of the two that did not send the first message, both crash.
/// let crash = FaultKind::Crash { seats: vec![another(0), another(1)], mid_step: false };
/// let trap = Trap::set(Trigger::Message(Kind(0)), Blow::Fault(crash), Time::MAX);
/// setup.world.traps.push(Trap { nth: Some(1), ..trap });
/// let mut run = Simulation::new(setup);
/// run.run();
/// let down = (0..3).filter(|&seat| run.status(Seat(seat)) == Status::Down);
/// assert_eq!(down.count(), 2);
/// ```
///
/// # Panics
/// If the number is no stand-in's any more: there are [`MOST_OTHERS`].
#[must_use]
pub const fn another(number: u32) -> Seat {
    assert!(number < MOST_OTHERS, "so many others no fault needs");
    Seat(REST.0 - 1 - number)
}

/// How many different nodes a fault may have drawn.
pub const MOST_OTHERS: u32 = 1_000;

const fn is_stand_in(seat: Seat) -> bool {
    seat.0 >= REST.0 - MOST_OTHERS
}

/// Everybody whom a fault of a trap may hit, and whom it stands for.
pub(crate) struct Roll {
    pub(crate) it: Seat,
    pub(crate) receiver: Option<Seat>,
    /// How many seats there are.
    pub(crate) seats: u32,
}

impl Roll {
    /// The fault with everybody in it by name; `None` if there are too few nodes to draw from.
    pub(crate) fn call(&self, kind: &FaultKind, draw: &mut Draw) -> Option<FaultKind> {
        // Whoever did it is nobody else.
        let mut named = vec![self.it];
        let mut others = 0;
        kind.clone().replace_seats(&mut |seat| {
            let known = match seat {
                IT => Some(self.it),
                RECEIVER => self.receiver,
                seat if is_stand_in(seat) => None,
                seat => Some(seat),
            };
            named.extend(known);
            if seat.0 < REST.0 && is_stand_in(seat) {
                others = others.max(REST.0 - seat.0);
            }
            vec![seat]
        });
        let mut left: Vec<Seat> = (0..self.seats).map(Seat).collect();
        left.retain(|seat| !named.contains(seat));
        let mut drawn = Vec::new();
        for _ in 0..others {
            let place = draw.below(u64::try_from(left.len()).ok().filter(|&len| len > 0)?);
            drawn.push(left.remove(usize::try_from(place).expect("below a length")));
        }
        let mut called = kind.clone();
        called.replace_seats(&mut |seat| match seat {
            IT => vec![self.it],
            RECEIVER => self.receiver.into_iter().collect(),
            REST => left.clone(),
            seat if is_stand_in(seat) => vec![drawn[(REST.0 - seat.0 - 1) as usize]],
            seat => vec![seat],
        });
        Some(called)
    }
}

impl FaultKind {
    /// Puts, in the place of each seat that it names, others.
    fn replace_seats(&mut self, by: &mut dyn FnMut(Seat) -> Vec<Seat>) {
        let mut ends = |list: &mut Vec<Endpoint>| {
            let old = std::mem::take(list);
            for end in old {
                match end {
                    Endpoint::Seat(seat) => list.extend(by(seat).into_iter().map(Endpoint::Seat)),
                    Endpoint::Client(_) => list.push(end),
                }
            }
        };
        match self {
            Self::Partition { groups } => groups.iter_mut().for_each(ends),
            Self::Cut { from, to } | Self::Clog { from, to } | Self::Link { from, to, .. } => {
                ends(from);
                ends(to);
            }
            Self::Crash { seats, .. }
            | Self::Restart { seats }
            | Self::Pause { seats }
            | Self::Resume { seats }
            | Self::Start { seats }
            | Self::Leave { seats }
            | Self::Jump { seats, .. }
            | Self::DiskFails { seats }
            | Self::Corrupt { seats, .. } => {
                *seats = std::mem::take(seats).into_iter().flat_map(by).collect();
            }
            // One node's constants are its own.
            Self::Upgrade { .. } | Self::Heal => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Key;

    fn ends(seats: &[Seat]) -> Vec<Endpoint> {
        seats.iter().map(|&seat| Endpoint::Seat(seat)).collect()
    }

    #[test]
    fn who_is_meant_is_called_by_name_and_the_rest_is_whoever_is_left() {
        let roll = Roll { it: Seat(1), receiver: Some(Seat(2)), seats: 5 };
        let groups = vec![ends(&[IT, another(0)]), ends(&[REST])];
        for key in 0..100 {
            let kind = FaultKind::Partition { groups: groups.clone() };
            let called = roll.call(&kind, &mut Key::new(key).draw()).expect("there are enough");
            let FaultKind::Partition { groups } = called else { panic!("another fault") };
            assert_eq!(groups[0][0], Endpoint::Seat(Seat(1)));
            assert_eq!((groups[0].len(), groups[1].len()), (2, 3));
            assert!(!groups[1].contains(&groups[0][0]) && !groups[1].contains(&groups[0][1]));
        }
        let cut = FaultKind::Cut { from: ends(&[IT]), to: ends(&[RECEIVER]) };
        let called = FaultKind::Cut { from: ends(&[Seat(1)]), to: ends(&[Seat(2)]) };
        assert_eq!(roll.call(&cut, &mut Key::new(0).draw()), Some(called));
    }

    #[test]
    fn nobody_is_drawn_where_nobody_is_left() {
        let roll = Roll { it: Seat(0), receiver: None, seats: 2 };
        let kind = FaultKind::Pause { seats: vec![another(0), another(1)] };
        assert_eq!(roll.call(&kind, &mut Key::new(0).draw()), None);
    }
}
