//! Signatures that cannot be forged (rule 9).

use std::fmt;
use std::ops::Deref;

use crate::id::NodeId;

/// A value that one node signed. Only [`Context::sign`](crate::Context::sign) makes one, and only as
/// the node that it is lent to; whoever holds a copy may pass it on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signed<T> {
    by: NodeId,
    value: T,
}

impl<T> Signed<T> {
    pub(crate) const fn new(by: NodeId, value: T) -> Self {
        Self { by, value }
    }

    /// Who signed.
    #[must_use]
    pub const fn by(&self) -> NodeId {
        self.by
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} signed {}", self.value, self.by)
    }
}
