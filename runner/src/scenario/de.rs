//! Serde's view of a tree with positions.
//!
//! It differs from a common deserializer in that it does not stop at the first error: where the
//! schema says [`At`], what is wrong below is written down, and reading goes on beside it. Unknown
//! keys are written down and skipped. So one look shows everything that is wrong with a file.

mod marked;
mod trouble;

use std::cell::RefCell;
use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};

use self::marked::{AT, ONE_OR_MORE};
pub(super) use self::marked::{At, Entries, OneOrMore};
use self::trouble::Trouble;
use super::error::Problem;
use super::suggest;
use super::tree::{Node, Value};

/// Reads a value, and writes down all that is wrong with it. `None` if nothing can be made of it.
pub(super) fn read<'de, T: Deserialize<'de>>(
    node: &'de Node,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    read_as(node, Owner::Scenario, problems)
}

/// The same for what stands under a key.
pub(super) fn read_part<'de, T: Deserialize<'de>>(
    node: &'de Node,
    key: &'de str,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    read_as(node, Owner::Key(key), problems)
}

fn read_as<'de, T: Deserialize<'de>>(
    node: &'de Node,
    owner: Owner<'de>,
    problems: &mut Vec<Problem>,
) -> Option<T> {
    let sink = RefCell::new(std::mem::take(problems));
    let read = T::deserialize(Reader { node, owner, sink: &sink });
    *problems = sink.into_inner();
    read.map_err(|trouble| problems.push(*trouble.0)).ok()
}

/// The tree as serde reads it.
#[derive(Clone, Copy)]
struct Reader<'de, 's> {
    node: &'de Node,
    owner: Owner<'de>,
    sink: &'s RefCell<Vec<Problem>>,
}

/// Whose keys are read, for messages.
#[derive(Clone, Copy)]
enum Owner<'de> {
    Scenario,
    Key(&'de str),
    EntryOf(&'de str),
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario => f.write_str("a scenario"),
            Self::Key(key) => write!(f, "`{key}`"),
            Self::EntryOf(key) => write!(f, "an entry of `{key}`"),
        }
    }
}

impl<'de> Reader<'de, '_> {
    /// What went wrong in reading this node happened here, unless something deeper knows better.
    fn here(self, mut trouble: Trouble) -> Trouble {
        trouble.0.span.get_or_insert_with(|| self.node.span.clone());
        trouble
    }

    fn mismatch<V: Visitor<'de>>(self, visitor: &V) -> Trouble {
        let found = match &self.node.value {
            Value::Null => Unexpected::Unit,
            Value::Scalar { text, .. } => Unexpected::Str(text),
            Value::List(_) => Unexpected::Seq,
            Value::Map(_) => Unexpected::Map,
        };
        self.here(de::Error::invalid_type(found, visitor))
    }

    fn number<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.node.text() {
            Some(text) if looks_like_a_number(text) => visit_plain(text, visitor),
            _ => return Err(self.mismatch(&visitor)),
        }
        .map_err(|trouble| self.here(trouble))
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match &self.node.value {
            Value::Scalar { text, .. } => {
                visitor.visit_borrowed_str(text).map_err(|trouble| self.here(trouble))
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn list<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        let items: &[Node] = match &self.node.value {
            Value::List(items) => items,
            Value::Null => &[],
            _ => return Err(self.mismatch(&visitor)),
        };
        let items = Items { items: items.iter(), parent: self };
        visitor.visit_seq(items).map_err(|trouble| self.here(trouble))
    }

    fn map<V: Visitor<'de>>(
        self,
        known: Option<&'static [&'static str]>,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        let entries: &[(Node, Node)] = match &self.node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            _ => {
                let mut trouble = self.mismatch(&visitor);
                if let Some(known) = known {
                    let keys = suggest::list(known.iter().copied(), "and");
                    let help = format!("this must be a map; its keys are {keys}");
                    trouble.0 = Box::new(trouble.0.help(help));
                }
                return Err(trouble);
            }
        };
        let entries = Fields { entries: entries.iter(), value: None, known, parent: self };
        visitor.visit_map(entries).map_err(|trouble| self.here(trouble))
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
            self.number(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Reader<'de, '_> {
    type Error = Trouble;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            Value::Scalar { text, quoted: true } => visitor.visit_borrowed_str(text),
            Value::Scalar { text, .. } => visit_plain(text, visitor),
            Value::List(_) => return self.list(visitor),
            Value::Map(_) => return self.map(None, visitor),
        }
        .map_err(|trouble| self.here(trouble))
    }

    numbers!(deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_f32 deserialize_f64);

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match self.node.text() {
            Some("true") => visitor.visit_bool(true),
            Some("false") => visitor.visit_bool(false),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.text(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        // `~` says "none"; nothing at all is more likely forgotten, and the value itself complains.
        match &self.node.value {
            Value::Null if !self.node.span.is_empty() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        match &self.node.value {
            Value::Null => visitor.visit_unit(),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match name {
            AT => visitor.visit_seq(Placed { reader: self, step: 0 }),
            ONE_OR_MORE if !matches!(self.node.value, Value::List(_) | Value::Null) => {
                let items = Items { items: std::slice::from_ref(self.node).iter(), parent: self };
                visitor.visit_seq(items)
            }
            ONE_OR_MORE => self.list(visitor),
            _ => visitor.visit_newtype_struct(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Trouble> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        self.map(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.map(Some(fields), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        match &self.node.value {
            Value::Scalar { text, .. } => {
                let variant: StrDeserializer<'_, Trouble> = text.as_str().into_deserializer();
                visitor.visit_enum(variant)
            }
            Value::Map(entries) => match &entries[..] {
                [(variant, value)] => visitor.visit_enum(Variant { variant, value, parent: self }),
                _ => Err(self.mismatch(&visitor)),
            },
            _ => Err(self.mismatch(&visitor)),
        }
        .map_err(|trouble| self.here(trouble))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Trouble> {
        visitor.visit_unit()
    }
}

/// The entries of a list.
struct Items<'de, 's> {
    items: std::slice::Iter<'de, Node>,
    parent: Reader<'de, 's>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Trouble;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Trouble> {
        let owner = match self.parent.owner {
            Owner::Key(key) => Owner::EntryOf(key),
            other => other,
        };
        let next = self.items.next();
        next.map(|node| seed.deserialize(Reader { node, owner, ..self.parent })).transpose()
    }
}

/// The entries of a map, without those that are not known.
struct Fields<'de, 's> {
    entries: std::slice::Iter<'de, (Node, Node)>,
    value: Option<Reader<'de, 's>>,
    known: Option<&'static [&'static str]>,
    parent: Reader<'de, 's>,
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Trouble;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Trouble> {
        for (key, value) in self.entries.by_ref() {
            let text = key.text().unwrap_or_default();
            if let Some(known) = self.known.filter(|known| !known.contains(&text)) {
                let what = format!("{} has no key `{text}`", self.parent.owner);
                let help = suggest::did_you_mean(text, known.iter().copied(), "Its keys are");
                let problem = Problem::at(key.span.clone(), what).help(help);
                self.parent.sink.borrow_mut().push(problem);
                continue;
            }
            self.value = Some(Reader { node: value, owner: Owner::Key(text), ..self.parent });
            let key = Reader { node: key, ..self.parent };
            return seed.deserialize(key).map(Some).map_err(|trouble| key.here(trouble));
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Trouble> {
        let value = self.value.take().ok_or_else(|| <Trouble as de::Error>::custom("no value"))?;
        seed.deserialize(value)
    }
}

/// A variant with a value: `{ name: value }`.
struct Variant<'de, 's> {
    variant: &'de Node,
    value: &'de Node,
    parent: Reader<'de, 's>,
}

impl<'de, 's> EnumAccess<'de> for Variant<'de, 's> {
    type Error = Trouble;
    type Variant = Reader<'de, 's>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Trouble> {
        let variant = seed.deserialize(Reader { node: self.variant, ..self.parent })?;
        let owner = Owner::Key(self.variant.text().unwrap_or_default());
        Ok((variant, Reader { node: self.value, owner, ..self.parent }))
    }
}

impl<'de> VariantAccess<'de> for Reader<'de, '_> {
    type Error = Trouble;

    fn unit_variant(self) -> Result<(), Trouble> {
        <()>::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Trouble> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Trouble> {
        self.list(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Trouble> {
        self.map(Some(fields), visitor)
    }
}

/// What [`At`] is read from: its place, and the value if there is nothing wrong with it.
struct Placed<'de, 's> {
    reader: Reader<'de, 's>,
    step: u8,
}

impl<'de> SeqAccess<'de> for Placed<'de, '_> {
    type Error = Trouble;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Trouble> {
        self.step += 1;
        let span = &self.reader.node.span;
        match self.step {
            1 => seed.deserialize(span.start.into_deserializer()).map(Some),
            2 => seed.deserialize(span.end.into_deserializer()).map(Some),
            _ => match seed.deserialize(self.reader) {
                Ok(value) => Ok(Some(value)),
                Err(trouble) => {
                    self.reader.sink.borrow_mut().push(*self.reader.here(trouble).0);
                    Ok(None)
                }
            },
        }
    }
}

/// Numbers may be grouped: `1_000`.
fn visit_plain<'de, V: Visitor<'de>>(text: &'de str, visitor: V) -> Result<V::Value, Trouble> {
    match text {
        "true" => return visitor.visit_bool(true),
        "false" => return visitor.visit_bool(false),
        _ if !looks_like_a_number(text) => return visitor.visit_borrowed_str(text),
        _ => {}
    }
    let digits = text.replace('_', "");
    if let Ok(number) = digits.parse::<u64>() {
        visitor.visit_u64(number)
    } else if let Ok(number) = digits.parse::<i64>() {
        visitor.visit_i64(number)
    } else if let Ok(number) = digits.parse::<f64>() {
        visitor.visit_f64(number)
    } else {
        visitor.visit_borrowed_str(text)
    }
}

fn looks_like_a_number(text: &str) -> bool {
    let unsigned = text.trim_start_matches(['+', '-']);
    unsigned.starts_with(|c: char| c.is_ascii_digit())
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || b"._eE+-".contains(&byte))
}
