//! Reading quantities with serde, from the texts that people write. A number without a unit is
//! refused, and the error says what it should have been.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::chance::{Chance, Delay};
use crate::time::Duration;
use crate::units::{Between, DelayShape, Drift, Ppm, Rate, Shift, UnitError};

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a duration with its unit, such as 50ms"))
    }
}

impl<'de> Deserialize<'de> for Chance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a chance with its unit, such as 2% or 20ppm"))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a rate, such as 50/s"))
    }
}

impl<'de> Deserialize<'de> for Ppm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a drift, such as 200ppm"))
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a jump, such as +2s or -500ms"))
    }
}

impl<'de> Deserialize<'de> for Drift {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a drift, such as +50ppm or -50ppm"))
    }
}

impl<'de> Deserialize<'de> for Between<Duration> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a range of durations, such as 1ms..10ms"))
    }
}

impl<'de> Deserialize<'de> for Between<Chance> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a range of chances, such as 0%..20%"))
    }
}

impl<'de> Deserialize<'de> for Between<Ppm> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Written::new("a range of drifts, such as 0ppm..200ppm"))
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DelayVisitor)
    }
}

/// Reads what [`FromStr`] reads. Numbers go the same way: it says which unit they lack.
struct Written<T> {
    expecting: &'static str,
    of: PhantomData<T>,
}

impl<T> Written<T> {
    const fn new(expecting: &'static str) -> Self {
        Self { expecting, of: PhantomData }
    }
}

impl<T: FromStr<Err = UnitError>> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.visit_str(&number.to_string())
    }
}

struct DelayVisitor;

impl<'de> Visitor<'de> for DelayVisitor {
    type Value = Delay;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a delay, such as 5ms, 1ms..10ms or { mean: 5ms, max: 100ms }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Delay, E> {
        Written::new("a delay").visit_str(text)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Delay, E> {
        Written::new("a delay").visit_u64(number)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Delay, E> {
        Written::new("a delay").visit_i64(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Delay, E> {
        Written::new("a delay").visit_f64(number)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Delay, A::Error> {
        let mut shape = DelayShape::default();
        while let Some(Part(part)) = map.next_key()? {
            let length = Some(map.next_value()?);
            if let Some(slot) = shape.slot(&part) {
                *slot = length;
            }
        }
        shape.delay().map_err(A::Error::custom)
    }
}

/// The name of a part of a delay. Refused as a key, so that the error stands at the key.
struct Part(String);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let part = String::deserialize(deserializer)?;
        if DelayShape::PARTS.contains(&part.as_str()) {
            Ok(Self(part))
        } else {
            Err(D::Error::unknown_field(&part, DelayShape::PARTS))
        }
    }
}
