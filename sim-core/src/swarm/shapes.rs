//! Partitions of a swarm, in all their shapes.

use super::{Span, Swarm, between, ends, pick, shuffled};
use crate::fault::{Fault, FaultKind};
use crate::id::Seat;
use crate::rng::Draw;
use crate::time::{Duration, Time};
use crate::world::World;

/// Partitions that come and go.
///
/// ```
/// use sim_core::swarm::{Partitions, Shape};
/// use sim_core::Duration;
/// # use sim_core::{Time, fault::FaultKind, rng::Keys, swarm::Swarm, world::World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let partitions = Partitions {
///     every: (secs(1), secs(2)),
///     lasting: (ms(50), secs(1)),
///     shapes: vec![Shape::Halves, Shape::OneAlone],
/// };
/// # let chaos = Time::ZERO + secs(20);
/// # let swarm = Swarm { partition: Some(partitions), chaos, ..Swarm::calm() };
/// # let world = swarm.draw(&World::calm(3, Time::ZERO + secs(30)), &Keys::new(1));
/// // In twenty seconds, one every two or three.
/// assert!((6..=20).contains(&world.faults.len()), "{} partitions", world.faults.len());
/// assert!(world.faults.iter().all(|fault| matches!(fault.kind, FaultKind::Partition { .. })));
/// ```
#[derive(Clone, Debug)]
pub struct Partitions {
    /// The time from the end of one to the beginning of the next.
    pub every: Span<Duration>,
    /// How long one lasts.
    pub lasting: Span<Duration>,
    /// Which shapes may be drawn, each equally likely.
    pub shapes: Vec<Shape>,
}

/// How a partition divides the nodes.
///
/// ```
/// use sim_core::swarm::Shape;
///
/// let named = |text| Shape::ALL.iter().find(|(name, _)| *name == text).map(|(_, shape)| *shape);
/// assert_eq!(named("one_way"), Some(Shape::OneWay));
/// assert_eq!(named("thirds"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// One node against all others.
    OneAlone,
    /// Two halves, as even as can be.
    Halves,
    /// One node hears nobody, or nobody hears it.
    OneWay,
    /// Two halves that meet in one node, which reaches everybody.
    Bridge,
    /// Everybody reaches a majority, and no two the same one. With fewer than five nodes there is no such.
    MajoritiesRing,
    /// Two or three groups, everybody in one at random.
    Random,
    /// One node against all others, and not, and again.
    Flapping,
}

impl Shape {
    /// Every shape, with its name in scenarios.
    pub const ALL: [(&'static str, Self); 7] = [
        ("one_alone", Self::OneAlone),
        ("halves", Self::Halves),
        ("one_way", Self::OneWay),
        ("bridge", Self::Bridge),
        ("majorities_ring", Self::MajoritiesRing),
        ("random", Self::Random),
        ("flapping", Self::Flapping),
    ];
}

impl Swarm {
    pub(super) fn draw_partitions(&self, world: &mut World, draw: &mut Draw) {
        let Some(partitions) = &self.partition else { return };
        if world.nodes < 2 {
            return;
        }
        let mut at = Time::ZERO;
        loop {
            at = at.saturating_add(between(draw, partitions.every));
            let until = at.saturating_add(between(draw, partitions.lasting));
            if until > self.chaos {
                return;
            }
            let shape = *pick(&partitions.shapes, draw);
            let order = shuffled(world.nodes, draw);
            if let Shape::Flapping = shape {
                world.faults.extend(flapping(&order, (at, until), draw));
            } else {
                let kinds = divide(shape, order, draw).into_iter();
                world.faults.extend(kinds.map(|kind| Fault { at, until: Some(until), kind }));
            }
            at = until;
        }
    }
}

/// How often a node comes and goes while a partition flaps, at most.
const FLAPS: u64 = 8;

fn flapping(order: &[Seat], (at, until): (Time, Time), draw: &mut Draw) -> Vec<Fault> {
    let flaps = 2 + draw.below(FLAPS - 1);
    let turn = until.since(at).as_nanos() / (2 * flaps);
    let begins = |flap: u64| at.saturating_add(Duration::from_nanos(2 * flap * turn));
    let (alone, rest) = order.split_at(1);
    let flap = |flap| Fault {
        at: begins(flap),
        until: Some(begins(flap).saturating_add(Duration::from_nanos(turn))),
        kind: FaultKind::Partition { groups: vec![ends(alone), ends(rest)] },
    };
    // A partition of less than a nanosecond is none.
    (0..flaps).filter(|_| turn > 0).map(flap).collect()
}

fn divide(shape: Shape, mut order: Vec<Seat>, draw: &mut Draw) -> Vec<FaultKind> {
    let partition = |groups: &[&[Seat]]| {
        vec![FaultKind::Partition { groups: groups.iter().map(|group| ends(group)).collect() }]
    };
    let half = order.len() / 2;
    match shape {
        // Two nodes have no third one to meet in.
        Shape::Bridge if order.len() < 3 => Vec::new(),
        Shape::OneAlone | Shape::Flapping => partition(&[&order[..1], &order[1..]]),
        Shape::Halves => partition(&[&order[..half], &order[half..]]),
        Shape::OneWay => {
            let rest = order.split_off(1);
            let deaf = draw.below(2) == 0;
            let (from, to) = if deaf { (rest, order) } else { (order, rest) };
            vec![FaultKind::Cut { from: ends(&from), to: ends(&to) }]
        }
        // The node in neither group reaches everybody.
        Shape::Bridge => partition(&[&order[..half], &order[half + 1..]]),
        Shape::MajoritiesRing => majorities_ring(&order),
        Shape::Random => {
            let groups = 2 + usize::from(draw.below(2) == 1);
            let mut divided = vec![Vec::new(); groups];
            for seat in order {
                divided[usize::try_from(draw.below(groups as u64)).expect("below a usize")]
                    .push(seat);
            }
            let divided: Vec<&[Seat]> =
                divided.iter().filter(|group| !group.is_empty()).map(Vec::as_slice).collect();
            if divided.len() < 2 { Vec::new() } else { partition(&divided) }
        }
    }
}

/// In a ring, everybody reaches only so many neighbours on each side that they are a majority together.
fn majorities_ring(ring: &[Seat]) -> Vec<FaultKind> {
    let nodes = ring.len();
    let near = (nodes / 2).div_ceil(2);
    let cut = |place: usize| {
        let far = (near + 1..nodes - near).map(|step| ring[(place + step) % nodes]);
        let to: Vec<Seat> = far.collect();
        (!to.is_empty()).then(|| FaultKind::Cut { from: ends(&[ring[place]]), to: ends(&to) })
    };
    (0..nodes).filter_map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Key;
    use crate::world::Endpoint;

    #[test]
    fn in_a_ring_of_majorities_everybody_reaches_another_one() {
        for nodes in [5, 7, 9] {
            let order: Vec<Seat> = (0..nodes).map(Seat).collect();
            let cuts = divide(Shape::MajoritiesRing, order.clone(), &mut Key::new(1).draw());
            let reached = |from: Seat| {
                let passes = |to: &Seat| {
                    !cuts.iter().any(|cut| match cut {
                        FaultKind::Cut { from: one, to: other } => {
                            one.contains(&Endpoint::Seat(from))
                                && other.contains(&Endpoint::Seat(*to))
                        }
                        _ => panic!("only cuts make a ring"),
                    })
                };
                order.iter().copied().filter(passes).collect::<Vec<Seat>>()
            };
            let all: Vec<Vec<Seat>> = order.iter().map(|&seat| reached(seat)).collect();
            for (place, one) in all.iter().enumerate() {
                assert!(one.len() > order.len() / 2, "{one:?} of {nodes}");
                assert!(!all[..place].contains(one), "{one:?} twice");
            }
        }
        let three = (0..3).map(Seat).collect();
        assert_eq!(divide(Shape::MajoritiesRing, three, &mut Key::new(1).draw()), []);
    }

    #[test]
    fn what_flaps_comes_and_goes_within_its_time() {
        let order: Vec<Seat> = (0..3).map(Seat).collect();
        let (at, until) = (Time::from_nanos(1_000), Time::from_nanos(2_000));
        for key in 0..50 {
            let flaps = flapping(&order, (at, until), &mut Key::new(key).draw());
            assert!((2..=8).contains(&flaps.len()));
            assert!(flaps[0].at == at && flaps.last().unwrap().until <= Some(until));
            assert!(flaps.windows(2).all(|pair| pair[0].until < Some(pair[1].at)));
        }
    }

    #[test]
    fn random_groups_are_never_one() {
        for key in 0..200 {
            let order = (0..4).map(Seat).collect();
            for kind in divide(Shape::Random, order, &mut Key::new(key).draw()) {
                let FaultKind::Partition { groups } = kind else { panic!("no partition") };
                assert!(groups.len() >= 2 && groups.iter().flatten().count() == 4);
            }
        }
    }
}
