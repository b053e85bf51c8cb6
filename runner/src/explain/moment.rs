//! When a run broke what it must keep.

use sim_core::Time;

use super::crew::{Came, Crew};
use crate::chronicle::Chronicle;
use crate::variation::Variation;

/// When it was broken. What is judged step by step is broken when that is seen. A history is judged at the
/// end of the run, and was broken when an answer fitted no more: the first after which a run that ends
/// there breaks it as well.
pub(super) fn broken(crew: &Crew<'_>, run: &Chronicle, seen: Time) -> Time {
    let is_at_the_end = run.violation.is_some_and(|id| run.event(id).time == run.world.end);
    if !is_at_the_end {
        return seen;
    }
    let completed = run.operations.iter().filter_map(|operation| operation.completed);
    let mut times: Vec<Time> = completed.map(|id| run.event(id).time).collect();
    times.sort();
    times.dedup();
    let breaks = |until: Time| {
        let variation = Variation { until: Some(until), ..Variation::default() };
        matches!(crew.attempt(&variation), Some(Came::Broke(_)))
    };
    if times.last().is_none_or(|last| !breaks(*last)) {
        return seen;
    }
    times[times.partition_point(|time| !breaks(*time))]
}
