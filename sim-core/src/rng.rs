//! Chance, keyed by what it is about (rule 6).
//!
//! ChaCha8 turns the seed into one [`Key`] for each kind of draw. From there on a draw is a pure
//! function of its key and of the thing it decides: there is no generator whose state one draw could
//! disturb for the next. Taking a message, a fault or a draw away therefore changes no other, which
//! is what makes shrinking and the comparison of neighbouring runs possible.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::chance::Chance;
use crate::time::Duration;

/// What a family of draws starts from, or what one draw is about.
///
/// ```
/// use sim_core::rng::Key;
///
/// // The draws about one link, whatever happens on any other.
/// let network = Key::new(42);
/// let fate = |link, time| network.about(link).about(time).draw().below(100);
/// assert_eq!(fate(3, 1_000), fate(3, 1_000));
/// assert_ne!(network.about(3), network.about(4));
/// assert_ne!(network.about(3).about(4), network.about(4).about(3));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(u64);

impl Key {
    /// A key from a plain number: for tests, and for contexts that no engine made.
    #[must_use]
    pub const fn new(word: u64) -> Self {
        Self(word)
    }

    /// The key of something more particular: `network.about(link).about(time)`.
    #[must_use]
    #[inline]
    pub const fn about(self, what: u64) -> Self {
        self.about_both(0, what)
    }

    /// The key of something that two words together say, for the price of one.
    #[must_use]
    #[inline]
    pub const fn about_both(self, one: u64, other: u64) -> Self {
        let (key, other) = (self.0 ^ 0x9E37_79B9_7F4A_7C15, other ^ 0xD1B5_4A32_D192_ED03);
        Self(fold(key ^ one, other) ^ other)
    }

    /// The key as a plain number, from which [`new`](Self::new) makes it again.
    #[must_use]
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Opens the draws that belong to this key.
    #[must_use]
    #[inline]
    pub const fn draw(self) -> Draw {
        Draw { state: self.0 }
    }
}

/// A short stream of draws about one thing: SplitMix64 (Steele, Lea & Flood 2014) from its key.
///
/// ```
/// use sim_core::chance::Chance;
/// use sim_core::rng::Key;
/// use sim_core::Duration;
///
/// let mut draw = Key::new(1).draw();
/// assert!(draw.below(6) < 6);
/// assert!(draw.chance(Chance::ALWAYS) && !draw.chance(Chance::NEVER));
/// let (from, to) = (Duration::from_millis(1), Duration::from_millis(10));
/// assert!((from..=to).contains(&draw.between(from, to)));
/// ```
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// The next 64 bits.
    #[inline]
    pub const fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        finish(self.state)
    }

    /// A number below `bound`, each equally likely (Lemire 2019, with rejection).
    ///
    /// # Panics
    /// If `bound` is zero: there is nothing to choose from.
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a choice among nothing");
        let product = u128::from(self.word()) * u128::from(bound);
        if low(product) < bound { self.fairly(product, bound) } else { high(product) }
    }

    /// Draws again while the word is one of those that some number would have too many of.
    #[cold]
    fn fairly(&mut self, mut product: u128, bound: u64) -> u64 {
        let unfair = bound.wrapping_neg() % bound;
        while low(product) < unfair {
            product = u128::from(self.word()) * u128::from(bound);
        }
        high(product)
    }

    /// Whether something of this chance happens.
    #[inline]
    pub fn chance(&mut self, chance: Chance) -> bool {
        self.below(Chance::CERTAIN_PPM) < u64::from(chance.ppm())
    }

    /// A length between two bounds, both included, each nanosecond equally likely.
    ///
    /// # Panics
    /// If the bounds are turned round.
    #[inline]
    pub fn between(&mut self, from: Duration, to: Duration) -> Duration {
        assert!(from <= to, "the range {from}..{to} is turned round");
        let width = to.as_nanos() - from.as_nanos();
        match width.checked_add(1) {
            Some(values) => Duration::from_nanos(from.as_nanos() + self.below(values)),
            None => Duration::from_nanos(self.word()),
        }
    }
}

/// The keys of a run, one for each kind of draw.
///
/// ```
/// use sim_core::rng::Keys;
///
/// let keys = Keys::new(42);
/// assert_eq!(keys, Keys::new(42));
/// assert_ne!(keys, Keys::new(43));
/// assert_ne!(keys.network, keys.disks, "what a disk draws says nothing of the network");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keys {
    /// The fate of a message: latency, loss, duplicates, reordering.
    pub network: Key,
    /// What nodes choose, and the delays of their timers.
    pub nodes: Key,
    /// What disks do: fsync latency, what a crash leaves.
    pub disks: Key,
    /// How far each clock is off.
    pub clocks: Key,
    /// When clients ask, and what.
    pub clients: Key,
    /// Which faults are planned.
    pub nemesis: Key,
    /// Which kinds of danger exist in this run.
    pub swarm: Key,
    /// The order of equal instants, where a scenario asks for a seeded one.
    pub ties: Key,
    /// What an adversary draws.
    pub adversary: Key,
}

impl Keys {
    /// The keys of a seed. A new kind is added at the end, so that old ones keep their values.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        let mut next = || Key(stream.next_u64());
        Self {
            network: next(),
            nodes: next(),
            disks: next(),
            clocks: next(),
            clients: next(),
            nemesis: next(),
            swarm: next(),
            ties: next(),
            adversary: next(),
        }
    }
}

#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    low(product) ^ high(product)
}

#[inline]
const fn finish(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

const fn low(product: u128) -> u64 {
    product as u64
}

const fn high(product: u128) -> u64 {
    (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: rand_chacha's stream is a published cipher's and must not change under us.
    #[test]
    fn the_keys_of_a_seed_never_change() {
        let mut stream = ChaCha8Rng::seed_from_u64(42);
        let words = [stream.next_u64(), stream.next_u64(), stream.next_u64()];
        let golden =
            [12_578_764_544_318_200_737, 17_529_487_244_874_322_312, 7_886_285_670_807_131_020];
        assert_eq!(words, golden);
        let keys = Keys::new(42);
        assert_eq!([keys.network.0, keys.nodes.0, keys.disks.0], golden);
    }

    #[test]
    fn the_draws_of_a_key_never_change() {
        let mut draw = Key::new(0).draw();
        // SplitMix64 from state 0, as published with the algorithm.
        assert_eq!(draw.word(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(draw.word(), 0x6E78_9E6A_A1B9_65F4);
        assert_eq!(Key::new(1).about(2).about(3), Key(4_496_730_813_268_787_559));
    }

    /// How many of 64,000 bits differ in what is drawn under a thousand pairs of keys.
    fn differing(keys: impl Fn(u64) -> Key) -> u32 {
        let word = |what| keys(what).draw().word();
        (0..1_000).map(|what| (word(what) ^ word(what + 1)).count_ones()).sum()
    }

    #[test]
    fn draws_about_neighbouring_things_share_nothing() {
        let key = Key::new(7);
        let neighbours = [
            differing(|what| key.about(what)),
            differing(|what| key.about(what << 24)),
            differing(|what| key.about_both(what, 5)),
            differing(|what| key.about_both(what << 44, 5)),
            differing(|what| key.about_both(5, what)),
            differing(|what| key.about(what).about(3)),
            differing(|what| key.about(3).about(what)),
            differing(Key::new),
        ];
        // 1,000 pairs of 64 fair coins: 32,000 ± 126 (one sigma); six sigmas either way.
        assert!(neighbours.iter().all(|bits| (31_240..32_760).contains(bits)), "{neighbours:?}");
    }

    #[test]
    fn draws_about_neighbouring_things_are_spread_evenly() {
        // What is drawn first about each of 60,000 messages of one link, then of 60,000 links.
        let key = Key::new(11);
        for about in
            [|key: Key, n| key.about_both(5 << 44, n), |key: Key, n| key.about_both(n << 24, 5)]
        {
            let mut seen = [0u32; 6];
            for n in 0..60_000 {
                seen[usize::try_from(about(key, n).draw().below(6)).unwrap()] += 1;
            }
            // 10,000 ± 91 (one sigma); five sigmas either way.
            assert!(seen.iter().all(|count| (9_544..10_456).contains(count)), "{seen:?}");
        }
    }

    #[test]
    fn every_number_below_a_bound_is_equally_likely() {
        let mut draw = Key::new(3).draw();
        let mut seen = [0u32; 6];
        for _ in 0..60_000 {
            seen[usize::try_from(draw.below(6)).unwrap()] += 1;
        }
        // 10,000 ± 91 (one sigma); five sigmas either way.
        assert!(seen.iter().all(|count| (9_544..10_456).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_large_bound_is_drawn_without_bias() {
        // Three quarters of the range: modulo reduction would give the lower third twice its share.
        let bound = 3 << 62;
        let mut draw = Key::new(5).draw();
        let low_third = (0..30_000).filter(|_| draw.below(bound) < 1 << 62).count();
        // 10,000 ± 82 (one sigma).
        assert!((9_590..10_410).contains(&low_third), "{low_third} of 30,000");
    }
}
