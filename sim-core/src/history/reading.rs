//! How an operation reads to those who know no protocol: to checkers of histories elsewhere.

/// A value, as every notation of histories can write it.
///
/// ```
/// use sim_core::history::Value;
///
/// // What a compare-and-set is given: from 1 to 2.
/// let given = Value::List(vec![Value::Number(1), Value::Number(2)]);
/// assert_ne!(given, Value::Nil);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// Nothing: of a read, that nothing is stored.
    Nil,
    /// A number.
    Number(u64),
    /// A name, such as that of an object. No blanks.
    Name(String),
    /// Several values, in order.
    List(Vec<Self>),
}

/// An operation in words that are nobody's own, as far as it can be said in them.
///
/// ```
/// use sim_core::history::{Access, Reading, Value};
///
/// // A read of x that was told 7.
/// let x = Value::Name("x".to_owned());
/// let found = Some(Value::Number(7));
/// let read = Reading {
///     function: "read",
///     object: Some(x.clone()),
///     given: Value::Nil,
///     found: found.clone(),
///     declined: false,
///     accesses: Some(vec![Access::Read { object: x, found }]),
/// };
/// assert_eq!(read.accesses.map(|accesses| accesses.len()), Some(1));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What it does. Of registers `read`, `write` and `cas`, which is what Knossos knows.
    pub function: &'static str,
    /// The object that it is about, if it is about one: histories are judged object by object.
    pub object: Option<Value>,
    /// What it is given besides.
    pub given: Value,
    /// What it found there, if it is told that.
    pub found: Option<Value>,
    /// It is told that nothing was done, because of what was found: a compare-and-set that differs.
    pub declined: bool,
    /// The same as a transaction. `None` if it does something that no access can say.
    pub accesses: Option<Vec<Access>>,
}

/// One access of a transaction to one object.
///
/// ```
/// use sim_core::history::{Access, Value};
///
/// /// Whether it changes something.
/// fn writes(access: &Access) -> bool {
///     !matches!(access, Access::Read { .. })
/// }
/// let object = Value::Name("x".to_owned());
/// assert!(writes(&Access::Append { object, value: Value::Number(1) }));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reads.
    Read {
        /// What.
        object: Value,
        /// What was found, if that was told.
        found: Option<Value>,
    },
    /// Puts a value in place of the one before. No other access writes this value there.
    Write {
        /// Where.
        object: Value,
        /// Which.
        value: Value,
    },
    /// Puts a value behind those of a list. No other access puts this value there.
    Append {
        /// Which list.
        object: Value,
        /// Which value.
        value: Value,
    },
}
