//! Chances and drifts: parts of a whole.

use std::str::FromStr;

use super::{Drift, Ppm, Trouble, UnitError, scaled, split};
use crate::chance::Chance;

impl FromStr for Chance {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text);
        let scale = match unit {
            "%" => 10_000,
            "ppm" => 1,
            "" if !number.is_empty() => return Err(bare_chance(number)),
            _ => {
                return Err(UnitError::new(
                    format!("`{text}` is not a chance"),
                    "a chance is a number with % or ppm: 2%, 0.5%, 20ppm",
                ));
            }
        };
        match scaled(number, scale) {
            Ok(ppm) => u32::try_from(ppm).ok().and_then(Self::from_ppm).ok_or_else(|| above(text)),
            Err(Trouble::TooLarge) => Err(above(text)),
            Err(Trouble::TooFine) => Err(UnitError::new(
                format!("`{text}` is finer than one in a million"),
                "chances are counted in whole parts per million: 1ppm",
            )),
            Err(Trouble::NotANumber) => Err(UnitError::new(
                format!("`{text}` is not a chance"),
                "a chance is a number with % or ppm: 2%, 0.5%, 20ppm",
            )),
        }
    }
}

fn bare_chance(number: &str) -> UnitError {
    // Who writes 0.02 means the share, who writes 2 the percentage.
    let percent = match scaled(number, Chance::CERTAIN_PPM) {
        Ok(ppm) if number.contains('.') && ppm <= Chance::CERTAIN_PPM => percentage(ppm),
        _ => format!("{number}%"),
    };
    UnitError::new(
        format!("`{number}` has no unit"),
        format!("a chance carries its unit: {percent}"),
    )
}

fn percentage(ppm: u64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

fn above(text: &str) -> UnitError {
    UnitError::new(format!("`{text}` is more often than always"), "a chance is at most 100%")
}

impl FromStr for Ppm {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        const LIMIT: u64 = 1_000_000;
        let right = "a drift is a number of parts per million, below 1_000_000: 200ppm";
        match split(text) {
            (number, "ppm") => match scaled(number, 1) {
                Ok(ppm) if ppm < LIMIT => {
                    Ok(Self(u32::try_from(ppm).map_err(|_| UnitError::new("too large", right))?))
                }
                Ok(_) | Err(Trouble::TooLarge) => {
                    Err(UnitError::new(format!("`{text}` would stop a clock"), right))
                }
                Err(_) => Err(UnitError::new(format!("`{text}` is not a drift"), right)),
            },
            (number, "") if !number.is_empty() => Err(UnitError::new(
                format!("`{text}` has no unit"),
                format!("a drift carries its unit: {number}ppm"),
            )),
            _ => Err(UnitError::new(format!("`{text}` is not a drift"), right)),
        }
    }
}

impl FromStr for Drift {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (faster, size) = match text.as_bytes().first() {
            Some(b'+') => (true, &text[1..]),
            Some(b'-') => (false, &text[1..]),
            _ => {
                let size = if text.parse::<Ppm>().is_ok() { text } else { "50ppm" };
                return Err(UnitError::new(
                    format!("`{text}` does not say which way"),
                    format!("say faster or slower: +{size} or -{size}"),
                ));
            }
        };
        let size = i32::try_from(size.parse::<Ppm>()?.0).expect("below a million");
        Ok(Self(if faster { size } else { -size }))
    }
}
