//! Which seeds to run: `0..1_000`, half-open, or how many from zero on: `1_000`.

use std::ops::Range;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error};

/// A range of seeds, never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seeds(pub Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    /// The error says what is wrong, and behind a semicolon what would have been right.
    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| -> Result<u64, String> {
            let text = text.trim();
            let grouped = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
            let digits = text.replace('_', "");
            match digits.parse::<u64>() {
                Ok(number) if grouped => Ok(number),
                Err(_) if grouped && !digits.is_empty() => {
                    Err(format!("`{text}` is too large for a seed; seeds end at 2^64 - 1"))
                }
                _ => Err(format!("`{text}` is not a number of seeds; {FORMS}")),
            }
        };
        let Some((from, to)) = text.split_once("..") else {
            return match number(text)? {
                0 => Err(format!("no seeds at all; {FORMS}")),
                count => Ok(Self(0..count)),
            };
        };
        if let Some(to) = to.strip_prefix('=') {
            let end = number(to)?.saturating_add(1);
            return Err(format!("`{text}` is not a range of seeds; write {from}..{end}"));
        }
        let (from, to) = (number(from)?, number(to)?);
        if from == to {
            return Err(format!(
                "the range {text} is empty; its end is not included: {from}..{}",
                from.saturating_add(1)
            ));
        }
        if from > to {
            return Err(format!("the range {text} is turned round; write {to}..{from}"));
        }
        Ok(Self(from..to))
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
            "99999999999999999999",
        ] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
    }
}
