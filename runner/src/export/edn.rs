//! Values in EDN, the notation of Clojure's data (<https://github.com/edn-format/edn>).

use std::fmt;

use sim_core::history::Value;

/// Something that can be written in EDN.
pub(super) enum Edn {
    Nil,
    Number(u64),
    Keyword(String),
    Text(String),
    Vector(Vec<Self>),
}

impl Edn {
    pub(super) fn keyword(name: &str) -> Self {
        Self::Keyword(name.to_owned())
    }

    /// What was found, or nothing.
    pub(super) fn or_nil(value: Option<&Value>) -> Self {
        value.map_or(Self::Nil, Self::from)
    }
}

impl From<&Value> for Edn {
    fn from(value: &Value) -> Self {
        match value {
            Value::Nil => Self::Nil,
            Value::Number(number) => Self::Number(*number),
            Value::Name(name) if is_keyword(name) => Self::keyword(name),
            Value::Name(name) => Self::Text(name.clone()),
            Value::List(values) => Self::Vector(values.iter().map(Self::from).collect()),
        }
    }
}

/// Whether a name can be written behind a colon: a letter, then letters, digits and a few signs.
pub(super) fn is_keyword(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

impl fmt::Display for Edn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Number(number) if i64::try_from(*number).is_err() => write!(f, "{number}N"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Keyword(name) => write!(f, ":{name}"),
            Self::Text(text) => write_text(f, text),
            Self::Vector(values) => {
                f.write_str("[")?;
                for (place, value) in values.iter().enumerate() {
                    let gap = if place > 0 { " " } else { "" };
                    write!(f, "{gap}{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

fn write_text(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_str("\"")?;
    for letter in text.chars() {
        match letter {
            '"' => f.write_str("\\\""),
            '\\' => f.write_str("\\\\"),
            '\n' => f.write_str("\\n"),
            '\t' => f.write_str("\\t"),
            '\r' => f.write_str("\\r"),
            other => write!(f, "{other}"),
        }?;
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_clojure_reads_them() {
        let written = |value: &Value| Edn::from(value).to_string();
        let list = Value::List(vec![Value::Nil, Value::Number(1), Value::Name("k3".into())]);
        assert_eq!(written(&list), "[nil 1 :k3]");
        assert_eq!(written(&Value::Name("a \"b\"\\\n".into())), r#""a \"b\"\\\n""#);
        assert_eq!(written(&Value::Number(u64::MAX)), "18446744073709551615N");
    }
}
