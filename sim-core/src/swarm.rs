//! Trouble that nobody chose: each seed first draws which dangers exist, then how bad they are
//! (Groce et al. 2012, "Swarm Testing").
//!
//! The plan is drawn before the run, from streams of its own, so that it can be printed, kept and
//! shrunk, and so that nothing in the run can disturb it.

use crate::chance::{Chance, Delay};
use crate::fault::{Fault, FaultKind};
use crate::id::{ClientId, Seat};
use crate::rng::{Draw, Key, Keys};
use crate::time::{Duration, Time};
use crate::world::{Endpoint, LinkSettings, World};

/// A range from which one value is drawn once a run; both ends are included.
pub type Span<T> = (T, T);

/// Which dangers a seed may draw, and how bad they may be.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::fault::Family;
/// use sim_core::rng::Keys;
/// use sim_core::swarm::{AtMost, Outages, Swarm};
/// use sim_core::world::World;
/// use sim_core::{Duration, Time};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let swarm = Swarm {
///     keep_each: Chance::from_percent(50),
///     loss: Some((Chance::NEVER, Chance::from_percent(10))),
///     crash: Some(Outages {
///         every: (ms(500), secs(2)),
///         lasting: (ms(100), secs(1)),
///         at_most: AtMost::Minority,
///         mid_step: Chance::from_percent(50),
///     }),
///     chaos: Time::ZERO + secs(20),
/// #   node_count: vec![],
/// #   latency: None,
/// #   duplicate: None,
/// #   reorder: None,
/// #   fsync: None,
/// #   skew: None,
/// #   drift_ppm: None,
/// #   partition: None,
/// #   pause: None,
///     // …
/// };
/// let calm = World::calm(3, Time::ZERO + secs(30));
/// let crashes = |seed: &u64| {
///     let world = swarm.draw(&calm, &Keys::new(*seed));
///     assert!(world.last_fault() <= swarm.chaos);
///     world.faults.iter().any(|fault| fault.kind.family() == Family::Crash)
/// };
/// let seeds = (0..100).filter(crashes).count();
/// assert!((25..75).contains(&seeds), "half of the seeds have crashes, not {seeds}%");
/// ```
#[derive(Clone, Debug)]
pub struct Swarm {
    /// The chance that a danger exists at all in a run, for each by itself.
    pub keep_each: Chance,
    /// Sizes of the cluster, each equally likely; empty for the scenario's own.
    pub node_count: Vec<u32>,
    /// The longest latency; the shortest is the range's own beginning.
    pub latency: Option<Span<Duration>>,
    /// The share of messages lost.
    pub loss: Option<Span<Chance>>,
    /// The share of messages duplicated.
    pub duplicate: Option<Span<Chance>>,
    /// The share of messages held back.
    pub reorder: Option<Span<Chance>>,
    /// How long an fsync takes.
    pub fsync: Option<Span<Duration>>,
    /// How far wall clocks may be off.
    pub skew: Option<Span<Duration>>,
    /// How fast clocks may drift, in parts per million.
    pub drift_ppm: Option<Span<u32>>,
    /// Partitions.
    pub partition: Option<Partitions>,
    /// Crashes, each followed by a restart.
    pub crash: Option<Outages>,
    /// Pauses.
    pub pause: Option<Outages>,
    /// When the last fault has ended: the rest of the run is calm.
    pub chaos: Time,
}

/// Partitions that come and go.
///
/// ```
/// use sim_core::swarm::{Partitions, Shape};
/// use sim_core::Duration;
/// # use sim_core::{Time, chance::Chance, fault::FaultKind, rng::Keys, swarm::Swarm, world::World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let partitions = Partitions {
///     every: (secs(1), secs(2)),
///     lasting: (ms(50), secs(1)),
///     shapes: vec![Shape::Halves, Shape::OneAlone],
/// };
/// # let (loss, crash, chaos) = (None, None, Time::ZERO + secs(20));
/// # let swarm = Swarm {
/// #     keep_each: Chance::ALWAYS, partition: Some(partitions), loss, crash, chaos,
/// #     node_count: vec![], latency: None, duplicate: None, reorder: None, fsync: None,
/// #     skew: None, drift_ppm: None, pause: None,
/// # };
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
}

impl Shape {
    /// Every shape, with its name in scenarios.
    pub const ALL: [(&'static str, Self); 4] = [
        ("one_alone", Self::OneAlone),
        ("halves", Self::Halves),
        ("one_way", Self::OneWay),
        ("bridge", Self::Bridge),
    ];
}

/// Crashes or pauses that come and go.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::swarm::{AtMost, Outages};
/// use sim_core::Duration;
/// # use sim_core::{Time, fault::FaultKind, rng::Keys, swarm::Swarm, world::World};
///
/// let (ms, secs) = (Duration::from_millis, Duration::from_secs);
/// let crashes = Outages {
///     every: (secs(1), secs(2)),
///     lasting: (ms(10), ms(500)),
///     at_most: AtMost::One,
///     mid_step: Chance::NEVER,
/// };
/// # let (loss, partition, chaos) = (None, None, Time::ZERO + secs(20));
/// # let swarm = Swarm {
/// #     keep_each: Chance::ALWAYS, crash: Some(crashes), loss, partition, chaos,
/// #     node_count: vec![], latency: None, duplicate: None, reorder: None, fsync: None,
/// #     skew: None, drift_ppm: None, pause: None,
/// # };
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

    const fn of(self, nodes: u32) -> usize {
        match self {
            Self::One => 1,
            Self::Minority => (nodes as usize - 1) / 2,
            Self::Any => nodes as usize,
        }
    }
}

/// The dangers a run may have, each drawn by itself: the number is its place in the key.
#[derive(Clone, Copy)]
enum Danger {
    NodeCount,
    Latency,
    Loss,
    Duplicate,
    Reorder,
    Fsync,
    Skew,
    Drift,
    Partition,
    Crash,
    Pause,
}

impl Swarm {
    /// The world of one seed: the scenario's own, with the dangers that this seed drew.
    ///
    /// # Panics
    /// If a range is turned round, or partitions have no shape.
    #[must_use]
    pub fn draw(&self, base: &World, keys: &Keys) -> World {
        let mut world = base.clone();
        if !self.node_count.is_empty() {
            let mut draw = keys.swarm.about(Danger::NodeCount as u64).draw();
            world.nodes = *pick(&self.node_count, &mut draw);
        }
        self.draw_strengths(&mut world, keys.swarm);
        if let Some(mut draw) = self.keeps(Danger::Partition, self.partition.as_ref(), keys) {
            self.draw_partitions(&mut world, &mut draw);
        }
        if let Some(mut draw) = self.keeps(Danger::Crash, self.crash.as_ref(), keys) {
            self.draw_crashes(&mut world, &mut draw);
        }
        if let Some(mut draw) = self.keeps(Danger::Pause, self.pause.as_ref(), keys) {
            self.draw_pauses(&mut world, &mut draw);
        }
        world.faults.sort_by_key(|fault| fault.at);
        world
    }

    fn draw_strengths(&self, world: &mut World, key: Key) {
        let mut link = world.network.link;
        if let Some(longest) = self.strength(Danger::Latency, self.latency, key, Draw::between) {
            let from = self.latency.map_or(Duration::ZERO, |span| span.0);
            link.latency = Delay::Uniform { from, to: longest };
        }
        if let Some(loss) = self.strength(Danger::Loss, self.loss, key, chance_between) {
            link.loss = loss;
        }
        if let Some(share) = self.strength(Danger::Duplicate, self.duplicate, key, chance_between) {
            link.duplicate = share;
        }
        if let Some(share) = self.strength(Danger::Reorder, self.reorder, key, chance_between) {
            link.reorder = share;
        }
        if link != world.network.link {
            self.draw_network(world, link);
        }
        if let Some(fsync) = self.strength(Danger::Fsync, self.fsync, key, Draw::between) {
            world.disk.fsync = Delay::Fixed(fsync);
        }
        if let Some(skew) = self.strength(Danger::Skew, self.skew, key, Draw::between) {
            world.clocks.skew = (Duration::ZERO, skew);
        }
        if let Some(drift) = self.strength(Danger::Drift, self.drift_ppm, key, ppm_between) {
            world.clocks.drift_ppm = (0, drift);
        }
    }

    /// A bad network is a fault like others, over when the calm begins.
    fn draw_network(&self, world: &mut World, link: LinkSettings) {
        let seats = (0..world.seats()).map(|seat| Endpoint::Seat(Seat(seat)));
        let clients = (0..world.clients.count).map(|client| Endpoint::Client(ClientId(client)));
        let everybody: Vec<Endpoint> = seats.chain(clients).collect();
        let kind = FaultKind::Link { from: everybody.clone(), to: everybody, link };
        world.faults.push(Fault { at: Time::ZERO, until: Some(self.chaos), kind });
    }

    /// Whether a danger exists in this run, and how bad it is.
    fn strength<T: Copy>(
        &self,
        danger: Danger,
        span: Option<Span<T>>,
        key: Key,
        between: impl Fn(&mut Draw, T, T) -> T,
    ) -> Option<T> {
        let (from, to) = span?;
        let mut draw = key.about(danger as u64).draw();
        draw.chance(self.keep_each).then(|| between(&mut draw, from, to))
    }

    /// The draws of a family of faults, if it is configured and this run keeps it.
    fn keeps<T>(&self, danger: Danger, configured: Option<&T>, keys: &Keys) -> Option<Draw> {
        configured?;
        let kept = keys.swarm.about(danger as u64).draw().chance(self.keep_each);
        kept.then(|| keys.nemesis.about(danger as u64).draw())
    }

    fn draw_partitions(&self, world: &mut World, draw: &mut Draw) {
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
            for kind in divide(shape, world.nodes, draw) {
                world.faults.push(Fault { at, until: Some(until), kind });
            }
            at = until;
        }
    }

    fn draw_crashes(&self, world: &mut World, draw: &mut Draw) {
        let Some(crashes) = &self.crash else { return };
        self.draw_outages(world, crashes, draw, |seat, draw| {
            let mid_step = draw.chance(crashes.mid_step);
            FaultKind::Crash { seats: vec![seat], mid_step }
        });
    }

    fn draw_pauses(&self, world: &mut World, draw: &mut Draw) {
        let Some(pauses) = &self.pause else { return };
        self.draw_outages(world, pauses, draw, |seat, _| FaultKind::Pause { seats: vec![seat] });
    }

    fn draw_outages(
        &self,
        world: &mut World,
        outages: &Outages,
        draw: &mut Draw,
        kind: impl Fn(Seat, &mut Draw) -> FaultKind,
    ) {
        let bound = outages.at_most.of(world.nodes);
        let mut back: Vec<Time> = vec![Time::ZERO; world.nodes as usize];
        let mut at = Time::ZERO;
        loop {
            at = at.saturating_add(between(draw, outages.every));
            let until = at.saturating_add(between(draw, outages.lasting));
            let seat = Seat(u32_below(draw, world.nodes));
            let kind = kind(seat, draw);
            if until > self.chaos {
                return;
            }
            let out = back.iter().filter(|&&back| back > at).count();
            if back[seat.index()] <= at && out < bound {
                back[seat.index()] = until;
                world.faults.push(Fault { at, until: Some(until), kind });
            }
        }
    }
}

fn divide(shape: Shape, nodes: u32, draw: &mut Draw) -> Vec<FaultKind> {
    let mut order: Vec<Endpoint> = (0..nodes).map(|node| Endpoint::Seat(Seat(node))).collect();
    // Fisher & Yates: each order equally likely.
    for last in (1..nodes).rev() {
        order.swap(last as usize, u32_below(draw, last + 1) as usize);
    }
    let half = order.len() / 2;
    match shape {
        // Two nodes have no third one to meet in.
        Shape::Bridge if order.len() < 3 => Vec::new(),
        Shape::OneAlone => {
            let rest = order.split_off(1);
            vec![FaultKind::Partition { groups: vec![order, rest] }]
        }
        Shape::Halves => {
            let rest = order.split_off(half);
            vec![FaultKind::Partition { groups: vec![order, rest] }]
        }
        Shape::OneWay => {
            let rest = order.split_off(1);
            let deaf = draw.below(2) == 0;
            let (from, to) = if deaf { (rest, order) } else { (order, rest) };
            vec![FaultKind::Cut { from, to }]
        }
        Shape::Bridge => {
            // The node in neither group reaches everybody.
            let right = order.split_off(half + 1);
            order.truncate(half);
            vec![FaultKind::Partition { groups: vec![order, right] }]
        }
    }
}

fn between(draw: &mut Draw, span: Span<Duration>) -> Duration {
    draw.between(span.0, span.1)
}

fn chance_between(draw: &mut Draw, from: Chance, to: Chance) -> Chance {
    Chance::from_ppm(ppm_between(draw, from.ppm(), to.ppm())).expect("between two chances")
}

fn ppm_between(draw: &mut Draw, from: u32, to: u32) -> u32 {
    from + u32_below(draw, to - from + 1)
}

fn u32_below(draw: &mut Draw, bound: u32) -> u32 {
    u32::try_from(draw.below(u64::from(bound))).expect("below a u32")
}

fn pick<'a, T>(from: &'a [T], draw: &mut Draw) -> &'a T {
    let position = draw.below(from.len() as u64);
    &from[usize::try_from(position).expect("below a length")]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn swarm() -> Swarm {
        let ms = Duration::from_millis;
        Swarm {
            keep_each: Chance::from_percent(50),
            node_count: vec![3, 5],
            latency: Some((ms(1), ms(50))),
            loss: Some((Chance::NEVER, Chance::from_percent(10))),
            duplicate: None,
            reorder: None,
            fsync: Some((ms(0), ms(20))),
            skew: None,
            drift_ppm: None,
            partition: Some(Partitions {
                every: (ms(500), ms(2_000)),
                lasting: (ms(100), ms(1_000)),
                shapes: Shape::ALL.map(|(_, shape)| shape).to_vec(),
            }),
            crash: Some(Outages {
                every: (ms(500), ms(2_000)),
                lasting: (ms(100), ms(1_000)),
                at_most: AtMost::Minority,
                mid_step: Chance::from_percent(50),
            }),
            pause: None,
            chaos: Time::ZERO + Duration::from_secs(20),
        }
    }

    #[test]
    fn each_danger_is_there_in_its_share_of_seeds_and_independently() {
        let base = World::calm(3, Time::ZERO + Duration::from_secs(30));
        let (mut both, mut crashes, mut none) = (0, 0, 0);
        for seed in 0..1_000 {
            let world = swarm().draw(&base, &Keys::new(seed));
            let has = |family| world.faults.iter().any(|fault| fault.kind.family() == family);
            let crash = has(crate::fault::Family::Crash);
            let parted = has(crate::fault::Family::Partition) || has(crate::fault::Family::Cut);
            crashes += u32::from(crash);
            both += u32::from(crash && parted);
            none += u32::from(!crash && !parted);
        }
        // 500 ± 16, and 250 ± 14 (one sigma).
        assert!((436..564).contains(&crashes), "{crashes} of 1,000 seeds crash nodes");
        assert!((194..306).contains(&both), "{both} of 1,000 seeds do both");
        assert!((194..306).contains(&none), "{none} of 1,000 seeds do neither");
    }

    #[test]
    fn all_faults_end_before_the_calm_and_never_take_too_many_nodes() {
        let base = World::calm(3, Time::ZERO + Duration::from_secs(30));
        for seed in 0..200 {
            let world = swarm().draw(&base, &Keys::new(seed));
            let mut out: Vec<(Time, Time)> = Vec::new();
            for fault in &world.faults {
                let until = fault.until.expect("every fault of a swarm ends");
                assert!(until <= swarm().chaos);
                if let FaultKind::Crash { .. } = fault.kind {
                    let at_once = out.iter().filter(|(_, back)| *back > fault.at).count();
                    assert!(at_once < AtMost::Minority.of(world.nodes));
                    out.push((fault.at, until));
                }
            }
        }
    }

    #[test]
    fn taking_one_family_away_changes_no_other() {
        let base = World::calm(3, Time::ZERO + Duration::from_secs(30));
        let crashes_of = |world: &World| -> Vec<Fault> {
            let crash = |fault: &&Fault| matches!(fault.kind, FaultKind::Crash { .. });
            world.faults.iter().filter(crash).cloned().collect()
        };
        for seed in 0..100 {
            let keys = Keys::new(seed);
            let without = Swarm { partition: None, loss: None, ..swarm() };
            let (all, fewer) = (swarm().draw(&base, &keys), without.draw(&base, &keys));
            assert_eq!(crashes_of(&all), crashes_of(&fewer), "seed {seed}");
            let latency = |world: &World| {
                world.faults.iter().find_map(|fault| match &fault.kind {
                    FaultKind::Link { link, .. } => Some(link.latency),
                    _ => None,
                })
            };
            assert!(latency(&fewer).is_none() || latency(&all) == latency(&fewer), "seed {seed}");
        }
    }
}
