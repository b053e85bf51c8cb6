//! Serde's errors in our words.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::scenario::error::Problem;
use crate::scenario::suggest;

/// An error on its way up to the next [`At`].
#[derive(Debug)]
pub(super) struct Trouble(pub(super) Box<Problem>);

impl std::error::Error for Trouble {}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl de::Error for Trouble {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(Box::new(Problem::from_text(&message.to_string())))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Unit => "nothing is written here".into(),
            Unexpected::Seq => "a list cannot stand here".into(),
            Unexpected::Map => "a map cannot stand here".into(),
            Unexpected::Str(text) => format!("`{text}` cannot stand here"),
            Unexpected::Bool(value) => format!("`{value}` cannot stand here"),
            Unexpected::Unsigned(number) => format!("`{number}` cannot stand here"),
            Unexpected::Signed(number) => format!("`{number}` cannot stand here"),
            Unexpected::Float(number) => format!("`{number}` cannot stand here"),
            other => format!("{other} cannot stand here"),
        };
        Self(Box::new(Problem::new(found).help(format!("this must be {}", in_words(expected)))))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let known = expected.iter().copied();
        let help = suggest::did_you_mean(variant, known, "The choices are");
        Self(Box::new(Problem::new(format!("`{variant}` is not a choice here")).help(help)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let help = suggest::did_you_mean(field, expected.iter().copied(), "The keys are");
        Self(Box::new(Problem::new(format!("there is no key `{field}` here")).help(help)))
    }

    fn missing_field(field: &'static str) -> Self {
        Self(Box::new(Problem::new(format!("`{field}` is missing"))))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self(Box::new(Problem::new(format!("`{field}` is said twice"))))
    }
}

/// What serde expects, without serde's words.
fn in_words(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "a whole number from 0 to 255".into(),
        "u16" => "a whole number from 0 to 65_535".into(),
        "u32" => "a whole number from 0 to 4_294_967_295".into(),
        "u64" | "usize" | "u128" => "a whole number, not negative".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" | "i128" => "a whole number".into(),
        "f32" | "f64" => "a number".into(),
        "a boolean" => "true or false".into(),
        "a string" => "a text".into(),
        "a sequence" => "a list; each entry begins with `- `".into(),
        text if text.starts_with("struct ") => "a map of keys and values".into(),
        _ => text,
    }
}
