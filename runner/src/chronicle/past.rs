//! The causal past of an event: everything that it may depend on.

use std::collections::BTreeSet;

use super::{Chronicle, EventId};

impl Chronicle {
    /// The event, and everything before it that it depends on, directly or not.
    #[must_use]
    pub fn past(&self, id: EventId) -> BTreeSet<EventId> {
        let mut past = BTreeSet::from([id]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            open.extend(self.causes(id).filter(|cause| past.insert(*cause)));
        }
        past
    }
}
