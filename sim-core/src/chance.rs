//! Probabilities and the distributions of delays.
//!
//! What a scenario writes is an integer: a chance in parts per million, a length in nanoseconds. Only
//! the exponential and the log-normal need a logarithm; it comes from `libm`, whose software
//! routines give the same bits on every platform (rule 8).

use std::fmt;
use std::ops::RangeInclusive;

use crate::rng::Draw;
use crate::time::Duration;

/// A probability, in parts per million. Read as it is displayed: `2%` or `20ppm`.
///
/// ```
/// use sim_core::chance::Chance;
///
/// assert_eq!("0.5%".parse(), Ok(Chance::from_ppm(5_000).expect("at most a million")));
/// assert_eq!(Chance::from_percent(2).ppm(), 20_000);
/// assert_eq!(Chance::from_ppm(1_000_001), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Chance(u32);

impl Chance {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const ALWAYS: Self = Self(1_000_000);
    /// The parts per million of what always happens.
    pub const CERTAIN_PPM: u64 = 1_000_000;

    /// A chance in parts per million; `None` above a million.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm <= 1_000_000 { Some(Self(ppm)) } else { None }
    }

    /// A chance in whole percent.
    ///
    /// # Panics
    /// Above 100.
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        assert!(percent <= 100, "a chance above 100%");
        Self(percent * 10_000)
    }

    /// The chance in parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// Whether it never happens: a danger that is absent draws nothing (rule 6).
    #[must_use]
    pub const fn is_never(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(10_000) {
            write!(f, "{}%", self.0 / 10_000)
        } else {
            write!(f, "{}ppm", self.0)
        }
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How long something takes: a timer, a message, an fsync. The world draws the length.
///
/// ```
/// use sim_core::chance::Delay;
/// use sim_core::{Duration, rng::Key};
///
/// let ms = Duration::from_millis;
/// let election = Delay::from(ms(150)..=ms(300));
/// assert_eq!(election.to_string(), "150ms..300ms");
/// let drawn = election.draw(&mut Key::new(1).draw());
/// assert!(ms(150) <= drawn && drawn <= ms(300));
/// assert_eq!("mean 10ms max 1s".parse(), Ok(Delay::Exponential { mean: ms(10), max: ms(1_000) }));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Any length between the two, both included, each equally likely.
    Uniform {
        /// The shortest.
        from: Duration,
        /// The longest.
        to: Duration,
    },
    /// Memoryless, as the time to the next block found or the next customer is.
    Exponential {
        /// The mean, before the cap.
        mean: Duration,
        /// What a longer draw is cut down to.
        max: Duration,
    },
    /// Mostly near the median, with a long tail, as real networks are.
    LogNormal {
        /// Half of the draws are shorter.
        median: Duration,
        /// One draw in a hundred is longer, before the cap.
        p99: Duration,
        /// What a longer draw is cut down to.
        max: Duration,
    },
}

impl Delay {
    /// No delay at all.
    pub const NONE: Self = Self::Fixed(Duration::ZERO);

    /// An exponential delay without a cap.
    #[must_use]
    pub const fn exponential(mean: Duration) -> Self {
        Self::Exponential { mean, max: Duration::MAX }
    }

    /// The shortest length that can be drawn.
    ///
    /// ```
    /// # use sim_core::{Duration, chance::Delay};
    /// let ms = Duration::from_millis;
    /// let bounds = |delay: Delay| (delay.shortest(), delay.longest());
    /// assert_eq!(bounds(Delay::from(ms(1)..=ms(10))), (ms(1), ms(10)));
    /// assert_eq!(bounds(Delay::exponential(ms(10))), (Duration::ZERO, Duration::MAX));
    /// ```
    #[must_use]
    pub const fn shortest(self) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Uniform { from, .. } => from,
            Self::Exponential { .. } | Self::LogNormal { .. } => Duration::ZERO,
        }
    }

    /// The longest length that can be drawn.
    #[must_use]
    pub const fn longest(self) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Uniform { to, .. } => to,
            Self::Exponential { max, .. } | Self::LogNormal { max, .. } => max,
        }
    }

    /// Draws a length. A fixed one draws nothing.
    ///
    /// # Panics
    /// If the range of a uniform one is turned round.
    #[inline(always)]
    pub fn draw(self, draw: &mut Draw) -> Duration {
        match self {
            Self::Uniform { from, to } => draw.between(from, to),
            _ => self.draw_other(draw),
        }
    }

    /// The others are drawn where a call more is nothing.
    #[inline(never)]
    fn draw_other(self, draw: &mut Draw) -> Duration {
        match self {
            Self::Fixed(length) => length,
            Self::Uniform { from, to } => draw.between(from, to),
            Self::Exponential { mean, max } => exponential(draw, mean).min(max),
            Self::LogNormal { median, p99, max } => log_normal(draw, median, p99).min(max),
        }
    }
}

impl From<Duration> for Delay {
    fn from(length: Duration) -> Self {
        Self::Fixed(length)
    }
}

impl From<RangeInclusive<Duration>> for Delay {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Self::Uniform { from: *range.start(), to: *range.end() }
    }
}

/// As a scenario writes it: `50ms`, `150ms..300ms`, `mean 10ms`, `median 5ms p99 40ms`.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = match self {
            Self::Fixed(length) => return fmt::Display::fmt(length, f),
            Self::Uniform { from, to } => return write!(f, "{from}..{to}"),
            Self::Exponential { mean, max } => {
                write!(f, "mean {mean}")?;
                max
            }
            Self::LogNormal { median, p99, max } => {
                write!(f, "median {median} p99 {p99}")?;
                max
            }
        };
        if *max == Duration::MAX { Ok(()) } else { write!(f, " max {max}") }
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[expect(clippy::float_arithmetic, reason = "a logarithm; libm's is the same everywhere")]
fn exponential(draw: &mut Draw, mean: Duration) -> Duration {
    scale(mean, -libm::log(unit(draw)))
}

/// Box & Muller (1958) gives the normal deviate, its exponential the log-normal one.
#[expect(clippy::float_arithmetic, reason = "logarithms; libm's are the same everywhere")]
fn log_normal(draw: &mut Draw, median: Duration, p99: Duration) -> Duration {
    /// The 99th percentile of the standard normal distribution.
    const Z99: f64 = 2.326_347_874_040_841;
    let ratio = as_f64(p99) / as_f64(median);
    let sigma = libm::log(ratio) / Z99;
    let radius = libm::sqrt(-2.0 * libm::log(unit(draw)));
    let normal = radius * libm::cos(std::f64::consts::TAU * unit(draw));
    scale(median, libm::exp(sigma * normal))
}

/// A number in (0, 1], in steps of 2⁻⁵³: its logarithm is finite.
#[expect(clippy::float_arithmetic, reason = "53 bits fit exactly")]
fn unit(draw: &mut Draw) -> f64 {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    ((draw.word() >> 11) + 1) as f64 * STEP
}

const fn as_f64(length: Duration) -> f64 {
    length.as_nanos() as f64
}

#[expect(clippy::float_arithmetic, reason = "the factor is not negative, and `as` saturates")]
fn scale(length: Duration, factor: f64) -> Duration {
    Duration::from_nanos((as_f64(length) * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Key;

    const MS: Duration = Duration::from_millis(1);
    const TEN_MS: Duration = Duration::from_millis(10);

    fn drawn(delay: Delay, seed: u64, count: usize) -> Vec<u64> {
        let mut draw = Key::new(seed).draw();
        (0..count).map(|_| delay.draw(&mut draw).as_nanos()).collect()
    }

    #[test]
    fn draws_are_the_same_on_every_platform() {
        let uniform = Delay::Uniform { from: MS, to: TEN_MS };
        let log_normal = Delay::LogNormal { median: MS, p99: TEN_MS, max: Duration::MAX };
        assert_eq!(drawn(uniform, 1, 3), GOLDEN_UNIFORM);
        assert_eq!(drawn(Delay::exponential(TEN_MS), 1, 3), GOLDEN_EXPONENTIAL);
        assert_eq!(drawn(log_normal, 1, 3), GOLDEN_LOG_NORMAL);
    }

    #[test]
    fn an_exponential_delay_has_its_mean_and_no_memory() {
        const N: usize = 40_000;
        let draws = drawn(Delay::exponential(TEN_MS), 2, N);
        let mean = draws.iter().sum::<u64>() / N as u64;
        // The mean of 40,000 draws: 10 ms ± 0.05 ms (one sigma).
        assert!((9_800_000..10_200_000).contains(&mean), "mean {mean} ns");
        let long = draws.iter().filter(|&&nanos| nanos > 10_000_000).count();
        // e⁻¹ of 40,000: 14,715 ± 96 (one sigma).
        assert!((14_300..15_130).contains(&long), "{long} draws beyond the mean");
    }

    #[test]
    fn a_log_normal_delay_has_its_median_its_tail_and_its_cap() {
        const N: usize = 40_000;
        let max = Duration::from_millis(20);
        let draws = drawn(Delay::LogNormal { median: MS, p99: TEN_MS, max }, 3, N);
        let above_median = draws.iter().filter(|&&nanos| nanos > MS.as_nanos()).count();
        let above_p99 = draws.iter().filter(|&&nanos| nanos > TEN_MS.as_nanos()).count();
        // 20,000 ± 100 and 400 ± 20 (one sigma).
        assert!((19_600..20_400).contains(&above_median), "{above_median} above the median");
        assert!((320..480).contains(&above_p99), "{above_p99} above the 99th percentile");
        assert_eq!(draws.iter().max(), Some(&max.as_nanos()), "the tail is cut at the cap");
    }

    const GOLDEN_UNIFORM: [u64; 3] = [6_099_054, 7_712_036, 9_739_025];
    const GOLDEN_EXPONENTIAL: [u64; 3] = [5_681_695, 2_933_222, 294_259];
    const GOLDEN_LOG_NORMAL: [u64; 3] = [972_426, 798_044, 1_107_425];
}
