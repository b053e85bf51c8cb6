//! How much of what happened: so that a green sweep can show that it exercised something.

use crate::fault::Family;

/// What happened in a run, counted.
///
/// ```
/// use sim_core::Simulation;
/// use sim_core::counters::Counters;
/// # use sim_core::example::asking;
///
/// let mut sweep = Counters::default();
/// for seed in 0..3 {
/// #   let mut setup = asking(&[7]);
///     setup.seed = seed;
///     let mut run = Simulation::new(setup);
///     run.run();
///     sweep.add(run.counters());
/// }
/// assert!(sweep.delivered > 0 && sweep.delivered <= sweep.sent);
/// assert_eq!((sweep.lost, sweep.faults.iter().sum()), (0, 0), "nothing went wrong");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Counters {
    /// Events of the queue.
    pub events: u64,
    /// Handlers called.
    pub steps: u64,
    /// Messages between nodes, one for each receiver.
    pub sent: u64,
    /// Messages that reached a process.
    pub delivered: u64,
    /// Messages, requests and answers that the network lost.
    pub lost: u64,
    /// Messages, requests and answers that a partition or a cut stopped.
    pub cut: u64,
    /// Messages that came twice.
    pub duplicated: u64,
    /// Messages, requests and answers that a clog held back.
    pub held: u64,
    /// Messages and requests to a process that was down.
    pub to_the_down: u64,
    /// Alarms that were due.
    pub timers: u64,
    /// Syncs and barriers of disks.
    pub syncs: u64,
    /// How often each trap sprang, as far as any did.
    pub sprung: Vec<u64>,
    /// Faults that took place, by family.
    pub faults: [u64; Family::ALL.len()],
    /// Steps that a crash cut.
    pub cut_steps: u64,
    /// Messages sent, by kind.
    pub kinds: Vec<u64>,
    /// How often each point was reached, in the order in which the run first reached them.
    pub reached: Vec<(&'static str, u64)>,
}

impl Counters {
    /// Adds another run's counts to these.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.steps += other.steps;
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.lost += other.lost;
        self.cut += other.cut;
        self.duplicated += other.duplicated;
        self.held += other.held;
        self.to_the_down += other.to_the_down;
        self.timers += other.timers;
        self.syncs += other.syncs;
        self.cut_steps += other.cut_steps;
        self.faults.iter_mut().zip(other.faults).for_each(|(sum, count)| *sum += count);
        for (kind, &count) in (0..).zip(&other.kinds) {
            self.kind(kind, count);
        }
        for (trap, &count) in other.sprung.iter().enumerate() {
            self.sprung_often(trap, count);
        }
        for &(point, count) in &other.reached {
            self.reached_often(point, count);
        }
    }

    pub(crate) fn clear(&mut self) {
        let (mut kinds, mut reached) =
            (std::mem::take(&mut self.kinds), std::mem::take(&mut self.reached));
        let mut sprung = std::mem::take(&mut self.sprung);
        kinds.clear();
        reached.clear();
        sprung.clear();
        *self = Self { kinds, reached, sprung, ..Self::default() };
    }

    pub(crate) fn fault(&mut self, family: Family) {
        self.faults[family as usize] += 1;
    }

    pub(crate) fn sprung(&mut self, trap: usize) {
        self.sprung_often(trap, 1);
    }

    fn sprung_often(&mut self, trap: usize, times: u64) {
        if self.sprung.len() <= trap {
            self.sprung.resize(trap + 1, 0);
        }
        self.sprung[trap] += times;
    }

    #[inline]
    pub(crate) fn kind(&mut self, kind: u8, receivers: u64) {
        match self.kinds.get_mut(usize::from(kind)) {
            Some(count) => *count = count.wrapping_add(receivers),
            None => self.first_of_kind(kind, receivers),
        }
    }

    #[cold]
    fn first_of_kind(&mut self, kind: u8, receivers: u64) {
        self.kinds.resize(usize::from(kind) + 1, 0);
        self.kinds[usize::from(kind)] = receivers;
    }

    pub(crate) fn reached(&mut self, point: &'static str) {
        self.reached_often(point, 1);
    }

    fn reached_often(&mut self, point: &'static str, times: u64) {
        match self.reached.iter_mut().find(|(name, _)| *name == point) {
            Some((_, count)) => *count += times,
            None => self.reached.push((point, times)),
        }
    }
}
