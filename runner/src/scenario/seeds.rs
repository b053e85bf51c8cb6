//! Which seeds to run: `0..1_000`, half-open, or how many from zero on: `1_000`.

use std::ops::Range;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};

/// A range of seeds, never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seeds(pub Range<u64>);

/// What can be written, be it in a scenario or on the command line.
pub(crate) enum Written {
    /// How many.
    Count(u64),
    /// From where to where; may be empty.
    Range(Range<u64>),
}

/// Why a text is no number.
pub(crate) enum NoNumber {
    TooLarge,
    Other,
}

/// A whole number: digits, and `_` between them.
pub(crate) fn number(text: &str) -> Result<u64, NoNumber> {
    let looks_right = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    match text.replace('_', "").parse() {
        Ok(number) if looks_right => Ok(number),
        Err(_) if looks_right => Err(NoNumber::TooLarge),
        _ => Err(NoNumber::Other),
    }
}

/// Reads what is written. The error says what is wrong, and behind a semicolon what would have been
/// right.
pub(crate) fn parse(text: &str) -> Result<Written, String> {
    let number = |text: &str| {
        number(text).map_err(|wrong| match wrong {
            NoNumber::TooLarge => {
                format!("`{text}` is too large for a seed; seeds end at 2^64 - 1")
            }
            NoNumber::Other => format!("`{text}` is not a number of seeds; {FORMS}"),
        })
    };
    let Some((from, to)) = text.split_once("..") else {
        return number(text).map(Written::Count);
    };
    if let Some(to) = to.strip_prefix('=') {
        let (from, end) = (number(from)?, number(to)?.saturating_add(1));
        return Err(format!("`{text}` is not a range of seeds; write {from}..{end}"));
    }
    let (from, to) = (number(from)?, number(to)?);
    if from > to {
        return Err(format!("the range {from}..{to} is turned round; write {to}..{from}"));
    }
    Ok(Written::Range(from..to))
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match parse(text)? {
            Written::Count(0) => Err(format!("no seeds at all; {FORMS}")),
            Written::Count(count) => Ok(Self(0..count)),
            Written::Range(range) if range.is_empty() => Err(format!(
                "the range {0}..{0} is empty; its end is not included: {0}..{1}",
                range.start,
                range.end.saturating_add(1)
            )),
            Written::Range(range) => Ok(Self(range)),
        }
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

const FORMS: &str = "write how many, 1_000, or from where to where, 0..1_000";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_half_open_and_never_empty() {
        assert_eq!("0..1_000".parse(), Ok(Seeds(0..1_000)));
        assert_eq!("7".parse(), Ok(Seeds(0..7)));
        assert_eq!("0..18446744073709551615".parse(), Ok(Seeds(0..u64::MAX)));
        for text in [
            "0",
            "3..3",
            "4..3",
            "",
            "..",
            "1..",
            "-1",
            "1..=2",
            "a..b",
            "2e3",
            "_5",
            " 0 .. 9 ",
            "99999999999999999999",
        ] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
    }
}
