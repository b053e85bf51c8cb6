//! Crashes and pauses of a swarm: whom they hit, how many at a time, and who comes back.

use super::{Danger, Span, Swarm, between, pick, shuffled, u32_below};
use crate::chance::{Chance, Delay};
use crate::fault::{Fault, FaultKind};
use crate::id::Seat;
use crate::rng::{Draw, Keys};
use crate::time::{Duration, Time};
use crate::trap::{Blow, IT, Trap, Trigger};
use crate::world::World;

/// Crashes or pauses that come and go.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::swarm::{Aim, AtMost, Outages};
/// use sim_core::Duration;
/// # use sim_core::{Time, fault::FaultKind, rng::Keys, swarm::Swarm, world::World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let crashes = Outages {
///     every: (secs(1), secs(2)),
///     lasting: (ms(10), ms(500)),
///     at_most: AtMost::One,
///     mid_step: Chance::NEVER,
///     aims: vec![Aim::Any],
///     for_ever: Chance::NEVER,
/// };
/// # let chaos = Time::ZERO + secs(20);
/// # let swarm = Swarm { crash: Some(crashes), chaos, ..Swarm::calm() };
/// # let faults = swarm.draw(&World::calm(3, Time::ZERO + secs(30)), &Keys::new(1)).faults;
/// // Who crashes is back before the next one goes.
/// assert!((9..=20).contains(&faults.len()), "{} crashes", faults.len());
/// assert!(faults.windows(2).all(|pair| pair[0].until < Some(pair[1].at)));
/// ```
#[derive(Clone, Debug)]
pub struct Outages {
    /// The time from the beginning of one to the beginning of the next.
    pub every: Span<Duration>,
    /// How long one lasts.
    pub lasting: Span<Duration>,
    /// How many nodes may be out at a time.
    pub at_most: AtMost,
    /// The chance that a crash falls in the midst of a step.
    pub mid_step: Chance,
    /// Whom they hit, each equally likely; empty for one node at random.
    pub aims: Vec<Aim>,
    /// The chance that a node does not come back, while a majority does.
    pub for_ever: Chance,
}

/// Whom an outage hits.
///
/// ```
/// use sim_core::swarm::Aim;
///
/// let named = |text| Aim::ALL.iter().find(|(name, _)| *name == text).map(|(_, aim)| *aim);
/// assert_eq!(named("rolling"), Some(Aim::Rolling));
/// assert_eq!(named("leader"), None, "a role is a protocol's own word");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aim {
    /// One node.
    Any,
    /// Fewer than half of the nodes, at once.
    Minority,
    /// Everybody, at once.
    All,
    /// Everybody, one after another.
    Rolling,
    /// Whoever takes this role, some time later.
    Role(&'static str),
}

impl Aim {
    /// Every aim that needs no word of the protocol's, with its name in scenarios.
    pub const ALL: [(&'static str, Self); 4] = [
        ("any", Self::Any),
        ("minority", Self::Minority),
        ("all", Self::All),
        ("rolling", Self::Rolling),
    ];
}

/// How many nodes may be out at a time.
///
/// ```
/// use sim_core::swarm::AtMost;
///
/// let named = |text| AtMost::ALL.iter().find(|(name, _)| *name == text).map(|(_, bound)| *bound);
/// assert_eq!(named("minority"), Some(AtMost::Minority));
/// assert_eq!(named("2"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtMost {
    /// One.
    One,
    /// Fewer than half.
    Minority,
    /// All of them.
    Any,
}

impl AtMost {
    /// Every bound, with its name in scenarios.
    pub const ALL: [(&'static str, Self); 3] =
        [("one", Self::One), ("minority", Self::Minority), ("any", Self::Any)];

    pub(super) const fn of(self, nodes: u32) -> usize {
        match self {
            Self::One => 1,
            Self::Minority => (nodes as usize - 1) / 2,
            Self::Any => nodes as usize,
        }
    }
}

/// One node's outage, as it is drawn.
struct Outage {
    seat: Seat,
    at: Time,
    until: Time,
}

impl Swarm {
    pub(super) fn draw_crashes(&self, world: &mut World, draw: &mut Draw) {
        let Some(crashes) = &self.crash else { return };
        self.draw_outages(world, crashes, draw, |seat, draw| {
            let mid_step = draw.chance(crashes.mid_step);
            FaultKind::Crash { seats: vec![seat], mid_step }
        });
    }

    pub(super) fn draw_pauses(&self, world: &mut World, draw: &mut Draw) {
        let Some(pauses) = &self.pause else { return };
        self.draw_outages(world, pauses, draw, |seat, _| FaultKind::Pause { seats: vec![seat] });
    }

    /// In half of the runs that have crashes, whoever takes a role is hunted too.
    pub(super) fn draw_hunt(&self, world: &mut World, keys: &Keys) {
        let Some(crashes) = &self.crash else { return };
        let roles = crashes.aims.iter().filter_map(|aim| match aim {
            Aim::Role(role) => Some(*role),
            _ => None,
        });
        for (number, role) in (0..).zip(roles) {
            let mut draw = keys.nemesis.about(Danger::Hunt as u64).about(number).draw();
            if draw.below(2) == 0 {
                continue;
            }
            let (_, longest) = crashes.every;
            let kind = FaultKind::Crash { seats: vec![IT], mid_step: false };
            let latest = between(&mut draw, (Duration::ZERO, longest));
            let (from, to) = crashes.lasting;
            let set = Trap::set(Trigger::Role(role), Blow::Fault(kind), self.chaos);
            world.traps.push(Trap {
                after: Delay::Uniform { from: Duration::ZERO, to: latest },
                lasting: Some(Delay::Uniform { from, to }),
                ..set
            });
        }
    }

    fn draw_outages(
        &self,
        world: &mut World,
        outages: &Outages,
        draw: &mut Draw,
        kind: impl Fn(Seat, &mut Draw) -> FaultKind,
    ) {
        let nodes = world.nodes;
        let at_most = if world.safety_only { AtMost::Any } else { outages.at_most };
        let bound = at_most.of(nodes);
        let mut back: Vec<Time> = vec![Time::ZERO; nodes as usize];
        let mut gone = 0;
        let mut at = Time::ZERO;
        loop {
            at = at.saturating_add(between(draw, outages.every));
            let until = at.saturating_add(between(draw, outages.lasting));
            for outage in outages.aimed(nodes, (at, until), draw) {
                let Outage { seat, at, until } = outage;
                let kind = kind(seat, draw);
                if until > self.chaos {
                    // What began in time may have those behind it that do not.
                    continue;
                }
                let out = back.iter().filter(|&&back| back > at).count();
                if back[seat.index()] > at || out >= bound {
                    continue;
                }
                let most_gone = AtMost::Minority.of(nodes).min(bound);
                let never = !outages.for_ever.is_never() && draw.chance(outages.for_ever);
                let until = if never && gone < most_gone { None } else { Some(until) };
                gone += usize::from(until.is_none());
                back[seat.index()] = until.unwrap_or(Time::MAX);
                world.faults.push(Fault { at, until, kind });
            }
            if until > self.chaos {
                return;
            }
        }
    }
}

impl Outages {
    /// Whom an outage hits, and when.
    fn aimed(&self, nodes: u32, (at, until): (Time, Time), draw: &mut Draw) -> Vec<Outage> {
        let timed: Vec<Aim> =
            self.aims.iter().copied().filter(|aim| !matches!(aim, Aim::Role(_))).collect();
        let aim = match &timed[..] {
            [] if !self.aims.is_empty() => return Vec::new(),
            [] => Aim::Any,
            [one] => *one,
            several => *pick(several, draw),
        };
        let at_once = |seats: &[Seat]| {
            seats.iter().map(|&seat| Outage { seat, at, until }).collect::<Vec<Outage>>()
        };
        match aim {
            Aim::Any | Aim::Role(_) => at_once(&[Seat(u32_below(draw, nodes))]),
            Aim::Minority => {
                let most =
                    u32::try_from(AtMost::Minority.of(nodes)).expect("fewer than 2³²").max(1);
                let many = 1 + u32_below(draw, most);
                at_once(&shuffled(nodes, draw)[..many as usize])
            }
            Aim::All => at_once(&shuffled(nodes, draw)),
            Aim::Rolling => {
                let lasting = until.since(at);
                let mut begins = at;
                let mut rolling = Vec::new();
                for seat in shuffled(nodes, draw) {
                    let until = begins.saturating_add(lasting);
                    rolling.push(Outage { seat, at: begins, until });
                    begins = until;
                }
                rolling
            }
        }
    }
}
