//! Quantities as people write them: `50ms`, `2%`, `1ms..10ms`, `50/s`, `-500ms`.
//!
//! Every quantity carries its unit. Numbers are exact: what is finer than a nanosecond or than a
//! part per million is refused, never rounded.

mod lengths;
mod shares;

use std::fmt;
use std::str::FromStr;

#[cfg(feature = "serde")]
pub(crate) use self::lengths::DelayShape;
use crate::time::Duration;

/// A text that is not the quantity it should be. Displayed, it says what is wrong, and behind a
/// semicolon what would have been right.
///
/// ```
/// use sim_core::Duration;
///
/// let error = "5m".parse::<Duration>().expect_err("ambiguous");
/// assert_eq!(error.wrong, "`m` is minutes to some and milliseconds to others");
/// assert_eq!(error.right, "write 5min or 5ms");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnitError {
    /// What is wrong.
    pub wrong: String,
    /// What would have been right.
    pub right: String,
}

impl UnitError {
    fn new(wrong: impl Into<String>, right: impl Into<String>) -> Self {
        Self { wrong: wrong.into(), right: right.into() }
    }
}

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.wrong, self.right)
    }
}

impl std::error::Error for UnitError {}

/// How often something happens: `50/s`, `30/min`, `1/2s`.
///
/// ```
/// use sim_core::units::Rate;
/// use sim_core::Duration;
///
/// let rate: Rate = "50/s".parse()?;
/// assert_eq!((rate.times, rate.per), (50, Duration::from_secs(1)));
/// // Each of three clients asks every 60 ms.
/// assert_eq!(rate.gap(3), Some(Duration::from_millis(60)));
/// # Ok::<(), sim_core::units::UnitError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// How many times; not zero.
    pub times: u64,
    /// In which time.
    pub per: Duration,
}

impl Rate {
    /// The mean gap for each of so many that reach this rate together; `None` where it is shorter
    /// than a nanosecond or longer than time itself.
    ///
    /// # Panics
    /// If `times` is zero, which no rate is that was read.
    #[must_use]
    pub fn gap(self, sources: u32) -> Option<Duration> {
        let nanos = u128::from(self.per.as_nanos()) * u128::from(sources) / u128::from(self.times);
        let nanos = u64::try_from(nanos).ok().filter(|&nanos| nanos > 0)?;
        Some(Duration::from_nanos(nanos))
    }
}

/// Two ends, both included: `1ms..10ms`. A single value is both ends.
///
/// ```
/// use sim_core::units::Between;
/// use sim_core::{Duration, chance::Chance};
///
/// let (from, to) = (Duration::from_millis(1), Duration::from_millis(10));
/// assert_eq!("1ms..10ms".parse(), Ok(Between { from, to }));
/// assert_eq!("10ms".parse(), Ok(Between { from: to, to }));
/// assert!("20%..5%".parse::<Between<Chance>>().is_err(), "it is turned round");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Between<T> {
    /// The lower end.
    pub from: T,
    /// The upper end.
    pub to: T,
}

/// How much faster or slower a clock runs, in parts per million.
///
/// ```
/// use sim_core::units::Ppm;
///
/// assert_eq!("200ppm".parse(), Ok(Ppm(200)));
/// assert!("200".parse::<Ppm>().is_err(), "a drift carries its unit");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub struct Ppm(pub u32);

impl fmt::Display for Ppm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ppm", self.0)
    }
}

/// A step of a clock, forwards or backwards, in nanoseconds: `+2s`, `-500ms`.
///
/// ```
/// use sim_core::units::Shift;
///
/// assert_eq!("-500ms".parse(), Ok(Shift(-500_000_000)));
/// assert!("500ms".parse::<Shift>().is_err(), "it does not say which way");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shift(pub i64);

/// How much faster (`+50ppm`) or slower (`-50ppm`) one clock runs, in parts per million.
///
/// ```
/// use sim_core::units::Drift;
///
/// assert_eq!("-50ppm".parse(), Ok(Drift(-50)));
/// assert!("50ppm".parse::<Drift>().is_err(), "it does not say which way");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drift(pub i32);

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let right = "a rate says how many in which time: 50/s, 30/min, 1/2s";
        let Some((times, per)) = text.split_once('/') else {
            return Err(match split(text) {
                (number, "") if !number.is_empty() => UnitError::new(
                    format!("`{text}` has no unit"),
                    format!("a rate says how many in which time: {number}/s"),
                ),
                _ => UnitError::new(format!("`{text}` is not a rate"), right),
            });
        };
        let (times, per) = (times.trim(), per.trim());
        let Ok(times) = scaled(times, 1) else {
            return Err(UnitError::new(format!("`{times}` is not a whole number"), right));
        };
        if times == 0 {
            return Err(UnitError::new("a rate of zero is no rate", right));
        }
        let with_number = if per.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
        let per: Duration = format!("{with_number}{per}")
            .parse()
            .map_err(|_| UnitError::new(format!("`{per}` is not a unit of time"), right))?;
        if per.is_zero() {
            return Err(UnitError::new(format!("`{text}` is infinitely often"), right));
        }
        Ok(Self { times, per })
    }
}

impl<T> FromStr for Between<T>
where
    T: FromStr<Err = UnitError> + PartialOrd + Copy + fmt::Display,
{
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let Some((from, to)) = text.split_once("..") else {
            let both = text.parse::<T>()?;
            return Ok(Self { from: both, to: both });
        };
        let (from, to) = (from.trim(), to.trim());
        let plain = to.trim_start_matches(['.', '=', ' ']);
        if from.is_empty() || to.is_empty() {
            return Err(UnitError::new(
                format!("the range `{text}` lacks an end"),
                "a range has two ends, both included: 1ms..10ms, 0%..20%",
            ));
        }
        if plain != to {
            return Err(UnitError::new(
                format!("`{text}` is not a range"),
                format!("a range is two values with two dots, both included: {from}..{plain}"),
            ));
        }
        let upper = to.parse::<T>()?;
        let lower = from.parse::<T>().map_err(|error| {
            let with_unit = format!("{from}{}", split(to).1);
            match with_unit.parse::<T>() {
                Ok(_) if split(from).1.is_empty() => UnitError::new(
                    format!("`{from}` has no unit"),
                    format!("both ends carry their unit: {with_unit}..{to}"),
                ),
                _ => error,
            }
        })?;
        if lower > upper {
            return Err(UnitError::new(
                format!("the range `{text}` is turned round"),
                format!("the lower end comes first: {upper}..{lower}"),
            ));
        }
        Ok(Self { from: lower, to: upper })
    }
}

enum Trouble {
    NotANumber,
    TooFine,
    TooLarge,
}

/// A decimal number times a scale, exactly.
fn scaled(number: &str, scale: u64) -> Result<u64, Trouble> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let well_formed = |digits: &str| {
        digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_')
            && !digits.starts_with('_')
            && !digits.ends_with('_')
    };
    if whole.is_empty() || number.ends_with('.') || !well_formed(whole) || !well_formed(fraction) {
        return Err(Trouble::NotANumber);
    }
    let mut value: u128 = 0;
    for digit in whole.bytes().filter(u8::is_ascii_digit) {
        value = value * 10 + u128::from(digit - b'0');
        if value > u128::from(u64::MAX) {
            return Err(Trouble::TooLarge);
        }
    }
    value *= u128::from(scale);
    let mut place = u128::from(scale);
    for digit in fraction.bytes().filter(u8::is_ascii_digit).map(|byte| u128::from(byte - b'0')) {
        if place % 10 != 0 && digit != 0 {
            return Err(Trouble::TooFine);
        }
        place /= 10;
        value += digit * place;
    }
    u64::try_from(value).map_err(|_| Trouble::TooLarge)
}

/// A text's number and what follows it.
fn split(text: &str) -> (&str, &str) {
    let number = |c: char| c.is_ascii_digit() || c == '_' || c == '.';
    text.split_at(text.find(|c| !number(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Chance, Delay};

    fn wrong<T: FromStr<Err = UnitError>>(text: &str) -> String {
        text.parse::<T>().err().map_or_else(|| "accepted".into(), |error| error.to_string())
    }

    #[test]
    fn durations_are_exact_and_carry_their_unit() {
        let nanos = |text: &str| text.parse::<Duration>().map(Duration::as_nanos);
        assert_eq!(nanos("50ms"), Ok(50_000_000));
        assert_eq!(nanos("1.5s"), Ok(1_500_000_000));
        assert_eq!(nanos("1_000us"), Ok(1_000_000));
        assert_eq!(nanos("2min"), Ok(120_000_000_000));
        assert_eq!(nanos("0.000000001s"), Ok(1));
        assert_eq!(nanos("18446744073709551615ns"), Ok(u64::MAX));
        assert_eq!(
            wrong::<Duration>("50"),
            "`50` has no unit; a duration carries its unit: 50ms or 50s"
        );
        assert_eq!(
            wrong::<Duration>("5m"),
            "`m` is minutes to some and milliseconds to others; write 5min or 5ms"
        );
        let mistaken = ["", "ms", "-5ms", "5 ms", "1.2.3s", "_5s", "5_s", ".5s", "5.s", "1s500ms"];
        for text in mistaken.into_iter().chain(["0.5ns", "18446744073709551616ns", "9999999999h"]) {
            assert_ne!(wrong::<Duration>(text), "accepted", "{text}");
        }
    }

    #[test]
    fn chances_know_percent_and_parts_per_million() {
        let ppm = |text: &str| text.parse::<Chance>().map(Chance::ppm);
        assert_eq!(ppm("2%"), Ok(20_000));
        assert_eq!(ppm("0.0001%"), Ok(1));
        assert_eq!(ppm("20ppm"), Ok(20));
        assert_eq!(ppm("100%"), Ok(1_000_000));
        assert_eq!(wrong::<Chance>("0.02"), "`0.02` has no unit; a chance carries its unit: 2%");
        assert_eq!(wrong::<Chance>("3"), "`3` has no unit; a chance carries its unit: 3%");
        assert_eq!(
            wrong::<Chance>("101%"),
            "`101%` is more often than always; a chance is at most 100%"
        );
        for text in ["", "%", "-1%", "2 %", "0.5ppm", "99999999999999999999%", "2ms"] {
            assert_ne!(wrong::<Chance>(text), "accepted", "{text}");
        }
    }

    #[test]
    fn ranges_have_two_ends_in_order() {
        let range = |text: &str| text.parse::<Between<Duration>>();
        let ms = Duration::from_millis;
        assert_eq!(range("1ms..10ms"), Ok(Between { from: ms(1), to: ms(10) }));
        assert_eq!(range("5ms"), Ok(Between { from: ms(5), to: ms(5) }));
        assert_eq!(
            wrong::<Between<Duration>>("1..10ms"),
            "`1` has no unit; both ends carry their unit: 1ms..10ms"
        );
        assert_eq!(
            wrong::<Between<Chance>>("20%..5%"),
            "the range `20%..5%` is turned round; the lower end comes first: 5%..20%"
        );
        for text in ["..", "1ms..", "..1ms", "1ms...2ms", "1ms..=2ms", "1ms-2ms", "1ms..2"] {
            assert_ne!(wrong::<Between<Duration>>(text), "accepted", "{text}");
        }
    }

    #[test]
    fn delays_read_what_they_print() {
        let ms = Duration::from_millis;
        let delays = [
            Delay::Fixed(ms(5)),
            Delay::Uniform { from: ms(1), to: ms(10) },
            Delay::exponential(ms(5)),
            Delay::Exponential { mean: ms(5), max: ms(100) },
            Delay::LogNormal { median: ms(5), p99: ms(40), max: ms(1_000) },
        ];
        for delay in delays {
            assert_eq!(delay.to_string().parse(), Ok(delay));
        }
        for text in ["mean", "mean 5ms max", "median 5ms", "median 5ms p99 1ms", "mean 5ms max 1ms"]
        {
            assert_ne!(wrong::<Delay>(text), "accepted", "{text}");
        }
    }

    #[test]
    fn rates_jumps_and_drifts() {
        let rate: Rate = "50/s".parse().expect("a rate");
        assert_eq!(rate.gap(3), Some(Duration::from_millis(60)));
        assert_eq!("1/2s".parse(), Ok(Rate { times: 1, per: Duration::from_secs(2) }));
        assert_eq!(
            wrong::<Rate>("50"),
            "`50` has no unit; a rate says how many in which time: 50/s"
        );
        assert_eq!("-500ms".parse(), Ok(Shift(-500_000_000)));
        assert_eq!("+2s".parse(), Ok(Shift(2_000_000_000)));
        assert_eq!(
            wrong::<Shift>("2s"),
            "`2s` does not say which way; say forwards or backwards: +2s or -2s"
        );
        assert_eq!("200ppm".parse(), Ok(Ppm(200)));
        for text in ["0/s", "50/m", "/s", "50/", "1.5/s", "50/0s", "50Hz"] {
            assert_ne!(wrong::<Rate>(text), "accepted", "{text}");
        }
        for text in ["200", "1000000ppm", "2%", "ppm"] {
            assert_ne!(wrong::<Ppm>(text), "accepted", "{text}");
        }
    }
}
