//! Signatures that cannot be forged (rule 9).

use std::fmt;
use std::ops::Deref;

use crate::id::NodeId;

/// A value that one node signed. Only [`Context::sign`](crate::Context::sign) makes one, and only as
/// the node that it is lent to; whoever holds a copy may pass it on.
///
/// ```
/// use sim_core::signed::Signed;
/// use sim_core::{Context, NodeId};
/// # use sim_core::example::Highest;
///
/// /// A vote counts for who signed it, whoever passes it on.
/// fn voter(vote: &Signed<u64>, view: u64) -> Option<NodeId> {
///     (**vote == view).then(|| vote.by())
/// }
/// # let cx = Context::<Highest>::bare(NodeId(2), 4);
/// let vote = cx.sign(5);
/// assert_eq!(voter(&vote, 5), Some(NodeId(2)));
/// assert_eq!(voter(&vote, 6), None);
/// ```
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
