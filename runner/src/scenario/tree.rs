//! A YAML document as a tree in which every value knows where it stands.

use std::ops::Range;

/// A value and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    /// The bytes of a scalar; the beginning of a list or map.
    pub(crate) span: Range<usize>,
    /// Whether it is written elsewhere, and here only by an alias or a merge.
    pub(crate) borrowed: bool,
}

/// What is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// Nothing at all, or `~`.
    Null,
    /// A text, a number, true or false.
    Scalar {
        /// As written; what escapes stood for, if quoted.
        text: String,
        /// Whether it is a text whatever it looks like.
        quoted: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// Keys and values, in order.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The value under a key, if this is a map that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }

    /// Puts a value under a key of this map, in place of what stands there; or takes that away.
    pub(crate) fn set(&mut self, key: &str, value: Option<Self>) {
        let Value::Map(entries) = &mut self.value else { return };
        let place = entries.iter().position(|(known, _)| known.text() == Some(key));
        match (place, value) {
            (Some(place), Some(value)) => entries[place].1 = value,
            (Some(place), None) => drop(entries.remove(place)),
            (None, Some(value)) => entries.push((super::write::scalar(key), value)),
            (None, None) => {}
        }
    }

    /// The entries of a list; of anything else none.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Scalar { .. } | Value::Map(_) => &[],
        }
    }

    /// The keys and values of a map; of anything else none.
    pub(crate) fn entries(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Scalar { .. } | Value::List(_) => &[],
        }
    }

    /// The key and the value under it, if this is a map that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<(&Self, &Self)> {
        let Value::Map(entries) = &self.value else { return None };
        let (key, value) = entries.iter().find(|(known, _)| known.text() == Some(key))?;
        Some((key, value))
    }

    /// What is written, if it is a scalar.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// Whether two nodes say the same, wherever they stand.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::Null, Value::Null) => true,
            (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => a == b,
            (Value::List(a), Value::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.says_the_same_as(b))
            }
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((a_key, a), (b_key, b))| {
                        a_key.says_the_same_as(b_key) && a.says_the_same_as(b)
                    })
            }
            _ => false,
        }
    }
}
