//! Time and durations, in whole nanoseconds (rule 8).

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant: nanoseconds since the run began, on the world's clock or on a node's own.
///
/// Sums and differences panic beyond its limits, 584 years (rule 8); [`since`](Self::since) and
/// [`saturating_add`](Self::saturating_add) do not.
///
/// ```
/// use sim_core::{Duration, Time};
///
/// let at = Time::ZERO + Duration::from_micros(16_313);
/// assert_eq!(at.to_string(), "16.313ms");
/// assert_eq!(at.since(Time::ZERO), Duration::from_micros(16_313));
/// assert_eq!(Time::ZERO.since(at), Duration::ZERO, "no time has passed before");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of time, in nanoseconds. Read as it is displayed: a number and its unit, `50ms` or `1.5s`
/// ([`units`](crate::units)).
///
/// Sums and differences panic beyond its limits (rule 8); [`saturating_add`](Self::saturating_add)
/// does not.
///
/// ```
/// use sim_core::Duration;
///
/// assert_eq!("1.5s".parse(), Ok(Duration::from_millis(1_500)));
/// assert_eq!(Duration::from_millis(1_500).to_string(), "1500ms");
/// assert_eq!(Duration::MAX.saturating_add(Duration::from_secs(1)), Duration::MAX);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(u64);

impl Time {
    /// The beginning of every run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant this many nanoseconds after the beginning.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// This instant plus a length, or [`Time::MAX`] where that would overflow.
    #[must_use]
    pub const fn saturating_add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest length there is, about 584 years.
    pub const MAX: Self = Self(u64::MAX);

    /// A length in nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A length in microseconds.
    ///
    /// # Panics
    /// Above [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// A length in milliseconds.
    ///
    /// # Panics
    /// Above [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// A length in seconds.
    ///
    /// # Panics
    /// Above [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1_000_000_000)
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum, or [`Duration::MAX`] where that would overflow.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Add<Duration> for Time {
    type Output = Self;
    fn add(self, length: Duration) -> Self {
        Self(self.0 + length.0)
    }
}

impl AddAssign<Duration> for Time {
    fn add_assign(&mut self, length: Duration) {
        *self = *self + length;
    }
}

impl Sub<Duration> for Time {
    type Output = Self;
    fn sub(self, length: Duration) -> Self {
        Self(self.0 - length.0)
    }
}

impl Add for Duration {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Duration {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// Milliseconds with three decimals, as in `16.313ms`: traces are read in columns.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0 / 1_000;
        f.pad(&format!("{}.{:03}ms", micros / 1_000, micros % 1_000))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Duration(self.0))
    }
}

/// The largest unit that needs no fraction, as a scenario would write it: `50ms`, `1500us`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] =
            [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
        let (size, unit) = UNITS
            .into_iter()
            .find(|(size, _)| self.0.is_multiple_of(*size))
            .expect("every length is a whole number of nanoseconds");
        f.pad(&format!("{}{unit}", self.0 / size))
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_print_as_a_scenario_writes_them() {
        let printed = |nanos| Duration::from_nanos(nanos).to_string();
        assert_eq!(printed(50_000_000), "50ms");
        assert_eq!(printed(1_500_000), "1500us");
        assert_eq!(printed(2_000_000_000), "2s");
        assert_eq!(printed(0), "0s");
        assert_eq!(printed(7), "7ns");
    }

    #[test]
    fn instants_print_in_milliseconds() {
        assert_eq!(Time::from_nanos(16_313_999).to_string(), "16.313ms");
        assert_eq!(Time::ZERO.to_string(), "0.000ms");
    }
}
