//! Trouble that nobody chose: each seed first draws which dangers exist, then how bad they are
//! (Groce et al. 2012, "Swarm Testing").
//!
//! The plan is drawn before the run, from streams of its own, so that it can be printed, kept and
//! shrunk, and so that nothing in the run can disturb it.

mod clogs;
mod liars;
mod outages;
mod remains;
mod shapes;

pub use self::clogs::Clogs;
pub use self::liars::Liars;
pub use self::outages::{Aim, AtMost, Outages};
pub use self::shapes::{Partitions, Shape};
use crate::chance::{Chance, Delay};
use crate::fault::{Fault, FaultKind};
use crate::id::{ClientId, Seat};
use crate::rng::{Draw, Key, Keys};
use crate::time::{Duration, Time};
use crate::world::{Endpoint, LinkSettings, Pace, World};

/// A range from which one value is drawn once a run; both ends are included.
pub type Span<T> = (T, T);

/// Which dangers a seed may draw, and how bad they may be.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::fault::Family;
/// use sim_core::rng::Keys;
/// use sim_core::swarm::{Aim, AtMost, Outages, Swarm};
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
///         aims: vec![Aim::Any, Aim::Rolling],
///         for_ever: Chance::NEVER,
///     }),
///     chaos: Time::ZERO + secs(20),
///     // …
/// #   ..Swarm::calm()
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
    /// Clogs.
    pub clog: Option<Clogs>,
    /// Liars.
    pub corrupt: Option<Liars>,
    /// How long clients think between an answer and the next request, if they do.
    pub think: Option<Span<Duration>>,
    /// How many keys clients ask about, each number equally likely; empty for the scenario's own.
    pub keys: Vec<u32>,
    /// In which share of the runs only a majority is whole when the calm begins, and nobody else ever
    /// again.
    pub remains: Chance,
    /// In which share of the runs more nodes may be out than the protocol bears: nothing but safety is
    /// asked of those.
    pub excess: Chance,
    /// When the last fault has ended: the rest of the run is calm.
    pub chaos: Time,
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
    Clog,
    Hunt,
    Think,
    Keys,
    Remains,
    Excess,
    Corrupt,
}

impl Swarm {
    /// One that draws nothing.
    #[must_use]
    pub const fn calm() -> Self {
        Self {
            keep_each: Chance::ALWAYS,
            node_count: Vec::new(),
            latency: None,
            loss: None,
            duplicate: None,
            reorder: None,
            fsync: None,
            skew: None,
            drift_ppm: None,
            partition: None,
            crash: None,
            pause: None,
            clog: None,
            corrupt: None,
            think: None,
            keys: Vec::new(),
            remains: Chance::NEVER,
            excess: Chance::NEVER,
            chaos: Time::ZERO,
        }
    }

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
        if let Some(mut draw) = self.keeps(Danger::Corrupt, self.corrupt.as_ref(), keys) {
            self.draw_liars(&mut world, &mut draw);
        }
        world.seat_twins();
        self.draw_strengths(&mut world, keys.swarm);
        self.draw_workload(&mut world, keys.swarm);
        world.safety_only = happens(Danger::Excess, self.excess, keys.swarm);
        if let Some(mut draw) = self.keeps(Danger::Partition, self.partition.as_ref(), keys) {
            self.draw_partitions(&mut world, &mut draw);
        }
        if let Some(mut draw) = self.keeps(Danger::Crash, self.crash.as_ref(), keys) {
            self.draw_crashes(&mut world, &mut draw);
            self.draw_hunt(&mut world, keys);
        }
        if let Some(mut draw) = self.keeps(Danger::Pause, self.pause.as_ref(), keys) {
            self.draw_pauses(&mut world, &mut draw);
        }
        if let Some(mut draw) = self.keeps(Danger::Clog, self.clog.as_ref(), keys) {
            self.draw_clogs(&mut world, &mut draw);
        }
        if happens(Danger::Remains, self.remains, keys.swarm) {
            self.draw_remains(&mut world, &mut keys.nemesis.about(Danger::Remains as u64).draw());
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

    fn draw_workload(&self, world: &mut World, key: Key) {
        if let Some(drawn) = self.strength(Danger::Think, self.think, key, Draw::between)
            && let Pace::Closed { think } = &mut world.clients.pace
        {
            *think = drawn.into();
        }
        if !self.keys.is_empty() {
            world.clients.keys = *pick(&self.keys, &mut key.about(Danger::Keys as u64).draw());
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
}

/// Whether a run has something that only a share of them has.
fn happens(danger: Danger, share: Chance, key: Key) -> bool {
    !share.is_never() && key.about(danger as u64).draw().chance(share)
}

/// The nodes in an order of which each is equally likely (Fisher & Yates).
fn shuffled(nodes: u32, draw: &mut Draw) -> Vec<Seat> {
    let mut order: Vec<Seat> = (0..nodes).map(Seat).collect();
    for last in (1..nodes).rev() {
        order.swap(last as usize, u32_below(draw, last + 1) as usize);
    }
    order
}

fn ends(seats: &[Seat]) -> Vec<Endpoint> {
    seats.iter().map(|&seat| Endpoint::Seat(seat)).collect()
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
            fsync: Some((ms(0), ms(20))),
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
                aims: Vec::new(),
                for_ever: Chance::NEVER,
            }),
            chaos: Time::ZERO + Duration::from_secs(20),
            ..Swarm::calm()
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

    #[test]
    fn where_only_a_majority_remains_all_others_are_broken_for_good() {
        let base = World::calm(3, Time::ZERO + Duration::from_secs(30));
        let remaining = Swarm { remains: Chance::from_percent(30), ..swarm() };
        let mut seeds = 0;
        for seed in 0..1_000 {
            let world = remaining.draw(&base, &Keys::new(seed));
            let whole = swarm().draw(&base, &Keys::new(seed));
            let late = |fault: &&Fault| fault.at == remaining.chaos;
            let broken = world.faults.iter().filter(late).count();
            if world.core.is_empty() {
                assert_eq!((broken, &world.faults), (0, &whole.faults));
                continue;
            }
            seeds += 1;
            assert_eq!((broken, world.core.len()), (world.nodes as usize / 2, broken + 1));
            assert!(world.faults.iter().filter(late).all(|fault| fault.until.is_none()));
            let early: Vec<&Fault> = world.faults.iter().filter(|fault| !late(fault)).collect();
            assert_eq!(early, whole.faults.iter().collect::<Vec<_>>(), "nothing else changes");
        }
        // 300 ± 14 (one sigma).
        assert!((240..360).contains(&seeds), "{seeds} of 1,000 seeds");
    }

    #[test]
    fn no_more_than_a_minority_goes_for_ever_and_every_aim_hits() {
        let base = World::calm(5, Time::ZERO + Duration::from_secs(30));
        let crash = swarm().crash.map(|crash| Outages {
            at_most: AtMost::Any,
            aims: Aim::ALL.map(|(_, aim)| aim).into_iter().chain([Aim::Role("leader")]).collect(),
            for_ever: Chance::from_percent(30),
            ..crash
        });
        let crashing = Swarm { crash, node_count: vec![5], partition: None, ..swarm() };
        let (mut gone, mut at_once, mut hunted) = (0, 0, 0);
        for seed in 0..300 {
            let world = crashing.draw(&base, &Keys::new(seed));
            let crashes =
                world.faults.iter().filter(|it| matches!(it.kind, FaultKind::Crash { .. }));
            let for_ever = crashes.clone().filter(|fault| fault.until.is_none()).count();
            assert!(for_ever <= 2);
            gone += usize::from(for_ever > 0);
            let crashes: Vec<&Fault> = crashes.collect();
            at_once += usize::from(crashes.windows(3).any(|few| few[0].at == few[2].at));
            hunted += usize::from(!world.traps.is_empty());
        }
        assert!(gone > 50 && at_once > 50 && hunted > 50, "{gone} {at_once} {hunted}");
    }

    #[test]
    fn beyond_the_budget_more_may_be_out_and_only_safety_is_asked() {
        let base = World::calm(3, Time::ZERO + Duration::from_secs(30));
        let beyond = Swarm { excess: Chance::ALWAYS, node_count: vec![3], ..swarm() };
        let mut most = 0;
        for seed in 0..200 {
            let world = beyond.draw(&base, &Keys::new(seed));
            assert!(world.safety_only);
            let crashes: Vec<&Fault> = world
                .faults
                .iter()
                .filter(|it| matches!(it.kind, FaultKind::Crash { .. }))
                .collect();
            for fault in &crashes {
                let out =
                    crashes.iter().filter(|it| it.at <= fault.at && it.until > Some(fault.at));
                most = most.max(out.count());
            }
        }
        assert!(most > AtMost::Minority.of(3), "no more than {most} were ever out");
    }
}
