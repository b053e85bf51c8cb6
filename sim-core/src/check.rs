//! What must hold: invariants that watch every step, goals that must be reached, and judges of
//! histories.
//!
//! All of them stand outside the nodes. They are told which node moved and keep their own summaries;
//! none walks over all nodes after each step.

pub mod linearizable;

use std::fmt;

use crate::context::Effect;
use crate::history::History;
use crate::id::{NodeId, Seat};
use crate::protocol::Protocol;
use crate::time::Time;

/// One step of one process, when it is judged (rule 13).
pub struct Step<'a, P: Protocol> {
    /// The world's time.
    pub time: Time,
    /// In which seat.
    pub seat: Seat,
    /// As which node.
    pub node: NodeId,
    /// The how-manieth process of this seat, from zero.
    pub incarnation: u32,
    /// The process after the step; `None` if a crash cut the step, for then only what became durable
    /// or left the node ever existed.
    pub state: Option<&'a P>,
    /// The effects that took place, in order.
    pub effects: &'a [Effect<P>],
}

impl<P: Protocol> fmt::Debug for Step<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("time", &self.time)
            .field("node", &self.node)
            .field("state", &self.state)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

/// What always holds. Watches every step and keeps what it needs to know of the past.
pub trait Invariant<P: Protocol> {
    /// Looks at a step; says in one sentence what it broke.
    ///
    /// # Errors
    /// If the invariant does not hold.
    fn observe(&mut self, step: &Step<'_, P>) -> Result<(), String>;
}

/// What must come about within a time after the last fault.
pub trait Goal<P: Protocol> {
    /// Looks at a step.
    fn observe(&mut self, step: &Step<'_, P>);

    /// A process is gone, until a step of a later incarnation says otherwise.
    fn crashed(&mut self, time: Time, node: NodeId) {
        let _ = (time, node);
    }

    /// Since when it has been so without a break; `None` while it is not.
    fn met_since(&self) -> Option<Time>;

    /// Whether, once reached, it must last until the end of the run.
    fn must_last(&self) -> bool {
        false
    }

    /// What is still missing, in a few words.
    fn waiting_for(&self) -> String;
}

/// What the history of a run is judged by, when the run is over.
pub trait Judge<O, R> {
    /// Judges the operations of one run.
    fn judge(&mut self, history: &History<O, R>) -> Judgement;
}

/// What a judge says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Judgement {
    /// It holds.
    Holds,
    /// It does not, and why.
    Violated(String),
    /// The budget ran out before the answer was known.
    Unknown(String),
}

/// Something that was promised and does not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The property's name.
    pub property: &'static str,
    /// When.
    pub time: Time,
    /// The number of the event at which it was seen.
    pub event: u64,
    /// Who moved, if a step broke it.
    pub seat: Option<Seat>,
    /// What is wrong.
    pub message: String,
}

/// Properties that the simulator itself judges, in every run.
pub mod builtin {
    /// A handler panicked.
    pub const NO_PANIC: &str = "no_panic";
    /// More happened at one instant, or in one run, than the limits allow.
    pub const NO_RUNAWAY: &str = "no_runaway";
    /// A scripted operation did not end as the script says.
    pub const SCRIPT: &str = "script";
    /// Every request is answered, from a while after the last fault on.
    pub const REPLY: &str = "reply";
}
