//! Durations, delays and jumps of clocks.

use std::str::FromStr;

use super::{Between, Shift, Trouble, UnitError, scaled, split};
use crate::chance::Delay;
use crate::time::Duration;

impl FromStr for Duration {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text);
        if let Some(positive) = text.strip_prefix('-') {
            return Err(UnitError::new(
                "a duration cannot be negative",
                format!("a duration is a number and its unit: {}", or_example(positive, "50ms")),
            ));
        }
        if number.is_empty() {
            return Err(UnitError::new(
                format!("`{text}` is not a duration"),
                format!("a duration is a number and its unit ({UNIT_NAMES}): 50ms"),
            ));
        }
        let Some((_, nanos)) = UNITS.into_iter().find(|(name, _)| *name == unit) else {
            return Err(unknown_unit(text, number, unit));
        };
        match scaled(number, nanos) {
            Ok(nanos) => Ok(Self::from_nanos(nanos)),
            Err(Trouble::NotANumber) => Err(UnitError::new(
                format!("`{number}` is not a number"),
                "a duration is a number and its unit: 50ms, 1.5s",
            )),
            Err(Trouble::TooFine) => Err(UnitError::new(
                format!("`{text}` is finer than a nanosecond"),
                "time is counted in whole nanoseconds: 1ns",
            )),
            Err(Trouble::TooLarge) => Err(UnitError::new(
                format!("`{text}` is longer than time can be counted"),
                "a duration is at most 584 years, about 5_000_000h",
            )),
        }
    }
}

fn unknown_unit(text: &str, number: &str, unit: &str) -> UnitError {
    let meant = match unit.trim().to_lowercase().as_str() {
        "" if unit.is_empty() => {
            return UnitError::new(
                format!("`{text}` has no unit"),
                format!("a duration carries its unit: {number}ms or {number}s"),
            );
        }
        "m" => {
            return UnitError::new(
                "`m` is minutes to some and milliseconds to others",
                format!("write {number}min or {number}ms"),
            );
        }
        "ns" | "nanos" | "nsec" => "ns",
        "us" | "µs" | "μs" | "usec" | "micros" => "us",
        "ms" | "msec" | "millis" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "min",
        "h" | "hr" | "hour" | "hours" => "h",
        "%" | "ppm" => {
            return UnitError::new(
                format!("`{text}` is a share, and a duration belongs here"),
                format!("a duration is a number and its unit ({UNIT_NAMES}): 50ms"),
            );
        }
        _ => {
            return UnitError::new(
                format!("`{unit}` is not a unit of time"),
                format!("a duration is one number and one unit ({UNIT_NAMES}): 50ms"),
            );
        }
    };
    UnitError::new(
        format!("`{}` is not a unit of time", unit.trim()),
        format!("did you mean {number}{meant}? The units are {UNIT_NAMES}"),
    )
}

impl FromStr for Shift {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (sign, length) = match text.as_bytes().first() {
            Some(b'+') => (1, &text[1..]),
            Some(b'-') => (-1, &text[1..]),
            _ => {
                let length = or_example(text, "2s");
                return Err(UnitError::new(
                    format!("`{text}` does not say which way"),
                    format!("say forwards or backwards: +{length} or -{length}"),
                ));
            }
        };
        let nanos = length.parse::<Duration>()?.as_nanos();
        match i64::try_from(nanos) {
            Ok(nanos) => Ok(Self(sign * nanos)),
            Err(_) => Err(UnitError::new(
                format!("`{text}` is further than a clock can jump"),
                "a jump is at most 292 years",
            )),
        }
    }
}

/// What [`Delay`] displays: `5ms`, `1ms..10ms`, `mean 5ms max 100ms`, `median 5ms p99 40ms max 1s`.
impl FromStr for Delay {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        if !text.starts_with("me") {
            let Between { from, to } = text.parse()?;
            return Ok(if from == to { Self::Fixed(from) } else { Self::Uniform { from, to } });
        }
        let mut shape = DelayShape::default();
        let mut words = text.split_whitespace();
        while let Some(word) = words.next() {
            let slot = shape.slot(word).ok_or_else(|| not_a_delay(text))?;
            *slot = Some(words.next().ok_or_else(|| not_a_delay(text))?.parse()?);
        }
        shape.delay()
    }
}

fn not_a_delay(text: &str) -> UnitError {
    UnitError::new(format!("`{text}` is not a delay"), DELAY_FORMS)
}

/// The named parts of a delay, before they are put together.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct DelayShape {
    mean: Option<Duration>,
    median: Option<Duration>,
    p99: Option<Duration>,
    max: Option<Duration>,
}

impl DelayShape {
    #[cfg(feature = "serde")]
    pub(crate) const PARTS: &'static [&'static str] = &["mean", "median", "p99", "max"];

    pub(crate) fn slot(&mut self, part: &str) -> Option<&mut Option<Duration>> {
        Some(match part {
            "mean" => &mut self.mean,
            "median" => &mut self.median,
            "p99" => &mut self.p99,
            "max" => &mut self.max,
            _ => return None,
        })
    }

    pub(crate) fn delay(self) -> Result<Delay, UnitError> {
        let max = self.max.unwrap_or(Duration::MAX);
        let delay = match (self.mean, self.median, self.p99) {
            (Some(mean), None, None) => Delay::Exponential { mean, max },
            (None, Some(median), Some(p99)) => {
                if median.is_zero() || p99 < median {
                    return Err(UnitError::new(
                        format!("median {median} with p99 {p99} is no distribution"),
                        "the median is longer than nothing, and the p99 at least as long",
                    ));
                }
                Delay::LogNormal { median, p99, max }
            }
            (None, Some(_), None) => {
                return Err(UnitError::new("a median alone says nothing of the tail", DELAY_FORMS));
            }
            _ => return Err(UnitError::new("this is not a delay", DELAY_FORMS)),
        };
        let middle = self.mean.or(self.median).unwrap_or_default();
        if max < middle {
            return Err(UnitError::new(
                format!("the longest, {max}, is below the middle, {middle}"),
                "`max` is what longer draws are cut down to",
            ));
        }
        Ok(delay)
    }
}

/// A text if it is a duration, else an example of one.
fn or_example<'a>(text: &'a str, example: &'a str) -> &'a str {
    if text.parse::<Duration>().is_ok() { text } else { example }
}

const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
];
const UNIT_NAMES: &str = "ns us ms s min h";
const DELAY_FORMS: &str = "a delay is 5ms, 1ms..10ms, { mean: 5ms, max: 100ms } \
                           or { median: 5ms, p99: 40ms, max: 1s }";
