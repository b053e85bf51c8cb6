//! Nodes that lie: how many, which, and in which way.

use super::{Span, Swarm, between, pick, u32_below};
use crate::adversary::{How, Lie};
use crate::fault::{Fault, FaultKind};
use crate::id::{NodeId, NodeSet, Seat};
use crate::rng::Draw;
use crate::time::{Duration, Time};
use crate::world::World;

/// Nodes that lie, from the beginning to the end.
///
/// ```
/// use sim_core::adversary::How;
/// use sim_core::swarm::Liars;
/// # use sim_core::{Duration, Time, rng::Keys};
/// # use sim_core::{swarm::Swarm, world::World};
///
/// let liars = Liars {
///     at_most: vec![(4, 1), (7, 2)],
///     at_least: 1,
///     how: vec![How::Mute, How::Twins],
///     late: (Duration::ZERO, Duration::ZERO),
/// };
/// # let chaos = Time::ZERO + Duration::from_secs(20);
/// # let swarm = Swarm { corrupt: Some(liars), chaos, ..Swarm::calm() };
/// # let draw = |seed| swarm.draw(&World::calm(7, chaos), &Keys::new(seed)).faults;
/// let counts: Vec<usize> = (0..20).map(|seed| draw(seed).len()).collect();
/// assert!(counts.contains(&1) && counts.contains(&2));
/// assert!(!counts.contains(&0) && !counts.contains(&3), "of seven nodes two at most");
/// ```
#[derive(Clone, Debug)]
pub struct Liars {
    /// How many may lie, by the number of nodes.
    pub at_most: Vec<(u32, u32)>,
    /// How many do at least, if so many may.
    pub at_least: u32,
    /// How: each liar in one of these ways, each equally likely.
    pub how: Vec<How>,
    /// How late those are who are late.
    pub late: Span<Duration>,
}

impl Swarm {
    /// A liar lies to the end, in the calm too: what tolerates it has no need of its word.
    pub(super) fn draw_liars(&self, world: &mut World, draw: &mut Draw) {
        let Some(liars) = &self.corrupt else { return };
        let nodes = world.nodes;
        let bound = liars.at_most.iter().find(|(of, _)| *of == nodes).map_or(0, |(_, most)| *most);
        let (bound, least) = (bound.min(nodes), liars.at_least.min(bound));
        let count = least + u32_below(draw, bound - least + 1);
        let mut honest: Vec<u32> = (0..nodes).collect();
        for _ in 0..count {
            let left = u32::try_from(honest.len()).expect("as many as there are nodes");
            let node = honest.swap_remove(u32_below(draw, left) as usize);
            let how = match *pick(&liars.how, draw) {
                How::Late(_) => How::Late(between(draw, liars.late)),
                how => how,
            };
            // To all, or to some alone: that is a coin for each.
            let (to_some, mut some) = (draw.below(2) == 0, NodeSet::new());
            for other in (0..nodes).map(NodeId).filter(|other| other.0 != node) {
                if draw.below(2) == 0 {
                    some.insert(other);
                }
            }
            let whole = matches!(how, How::Twins | How::Amnesia);
            let towards = (to_some && !whole && !some.is_empty()).then_some(some);
            // Who forgets at the beginning has nothing to forget.
            let at = match how {
                How::Amnesia => Time::ZERO
                    .saturating_add(draw.between(Duration::ZERO, self.chaos.since(Time::ZERO))),
                _ => Time::ZERO,
            };
            let kind = FaultKind::Corrupt { seats: vec![Seat(node)], lie: Lie { how, towards } };
            world.faults.push(Fault { at, until: None, kind });
        }
    }
}
