//! What nodes say to each other.

use std::fmt;

use sim_core::id::NodeId;
use sim_core::protocol::Kind;

/// Which broadcast: whose, and which of its broadcasts, from one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Who began it, or is said to have.
    pub origin: NodeId,
    /// Which of its broadcasts.
    pub number: u32,
}

/// What is broadcast.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

/// What clients ask: that a node broadcast a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Request(pub Value);

/// A message between nodes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// The origin broadcasts a value.
    Initial {
        /// Which broadcast.
        id: Id,
        /// The value.
        value: Value,
    },
    /// The sender knows of it, and of no other value.
    Echo {
        /// Which broadcast.
        id: Id,
        /// The value.
        value: Value,
    },
    /// The sender knows that no honest node will be ready for another value.
    Ready {
        /// Which broadcast.
        id: Id,
        /// The value.
        value: Value,
    },
}

/// The names of the messages, as [`Message::kind`] counts them.
pub(super) const MESSAGES: &[&str] = &["Initial", "Echo", "Ready"];

impl Message {
    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Initial { .. } => Kind(0),
            Self::Echo { .. } => Kind(1),
            Self::Ready { .. } => Kind(2),
        }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.origin, self.number)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broadcast {}", self.0)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Initial { id, value } | Self::Echo { id, value } | Self::Ready { id, value }) =
            self;
        write!(f, "{}({id}: {value})", MESSAGES[usize::from(self.kind().0)])
    }
}
