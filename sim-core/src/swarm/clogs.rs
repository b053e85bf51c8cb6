//! Clogs of a swarm: what is sent waits, and comes all at once.

use super::{Span, Swarm, between, ends, shuffled};
use crate::chance::Chance;
use crate::fault::{Fault, FaultKind};
use crate::id::Seat;
use crate::rng::Draw;
use crate::time::{Duration, Time};
use crate::world::World;

/// Clogs that come and go: half of the nodes hear nobody and are heard by nobody, until what was said
/// arrives after all.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::swarm::Clogs;
/// use sim_core::Duration;
/// # use sim_core::{Time, fault::Family, rng::Keys, swarm::Swarm, world::World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let clogs = Clogs {
///     every: (secs(1), secs(2)),
///     lasting: (ms(50), secs(1)),
///     swizzle: Chance::from_percent(50),
/// };
/// # let chaos = Time::ZERO + secs(20);
/// # let swarm = Swarm { clog: Some(clogs), chaos, ..Swarm::calm() };
/// # let world = swarm.draw(&World::calm(5, Time::ZERO + secs(30)), &Keys::new(1));
/// assert!(world.faults.iter().all(|fault| fault.kind.family() == Family::Clog));
/// assert!(world.faults.len() > 6, "in twenty seconds, one every two or three");
/// ```
#[derive(Clone, Debug)]
pub struct Clogs {
    /// The time from the end of one to the beginning of the next.
    pub every: Span<Duration>,
    /// How long one lasts.
    pub lasting: Span<Duration>,
    /// The chance that the nodes are clogged one after another, and freed in another order (Zhou et al.
    /// 2021, "FoundationDB", §4).
    pub swizzle: Chance,
}

impl Swarm {
    pub(super) fn draw_clogs(&self, world: &mut World, draw: &mut Draw) {
        let Some(clogs) = &self.clog else { return };
        if world.nodes < 2 {
            return;
        }
        let mut at = Time::ZERO;
        loop {
            at = at.saturating_add(between(draw, clogs.every));
            let until = at.saturating_add(between(draw, clogs.lasting));
            let mut half = shuffled(world.nodes, draw);
            let rest = half.split_off(half.len() / 2);
            let swizzle = !clogs.swizzle.is_never() && draw.chance(clogs.swizzle);
            if until > self.chaos {
                return;
            }
            let middle = Duration::from_nanos(until.since(at).as_nanos() / 2);
            for (place, &seat) in half.iter().enumerate() {
                let (from, to) = if swizzle {
                    let early = between(draw, (Duration::ZERO, middle));
                    let late = between(draw, (middle, until.since(at)));
                    (at.saturating_add(early), at.saturating_add(late))
                } else {
                    (at, until)
                };
                let others: Vec<Seat> =
                    half[..place].iter().chain(&half[place + 1..]).chain(&rest).copied().collect();
                if from < to {
                    world.faults.extend(clog(seat, &others, from, to));
                }
            }
            at = until;
        }
    }
}

/// Nothing passes between a node and the others, in either direction.
fn clog(seat: Seat, others: &[Seat], at: Time, until: Time) -> [Fault; 2] {
    let (one, rest) = (ends(&[seat]), ends(others));
    let (out, into) = ((one.clone(), rest.clone()), (rest, one));
    [out, into].map(|(from, to)| Fault {
        at,
        until: Some(until),
        kind: FaultKind::Clog { from, to },
    })
}
