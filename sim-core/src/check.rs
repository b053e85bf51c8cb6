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
///
/// ```
/// use sim_core::check::Step;
/// use sim_core::context::Effect;
/// use sim_core::{Cluster, Duration, NodeId, Protocol, Seat, Time};
/// # use sim_core::example::Highest;
///
/// // A test of an invariant makes its steps by hand.
/// let node = Highest::new(NodeId(0), &Cluster::new(vec![Duration::from_millis(10)]));
/// let effects = [Effect::Write { record: 7 }, Effect::Flush];
/// let (time, seat) = (Time::ZERO, Seat(0));
/// let step =
///     Step { time, seat, node: NodeId(0), incarnation: 0, state: Some(&node), effects: &effects };
/// assert_eq!(step.effects, ["write 7", "flush"]);
/// ```
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
///
/// ```
/// use sim_core::Simulation;
/// use sim_core::check::{Invariant, Step};
/// # use sim_core::example::{Highest, asking};
///
/// /// No number gets beyond this one.
/// struct AtMost(u64);
///
/// impl Invariant<Highest> for AtMost {
///     fn observe(&mut self, step: &Step<'_, Highest>) -> Result<(), String> {
///         match step.state {
///             Some(state) if state.seen > self.0 => {
///                 Err(format!("{} got to {}", step.node, state.seen))
///             }
///             _ => Ok(()),
///         }
///     }
/// }
///
/// # let mut setup = asking(&[3, 7]);
/// setup.invariants.push(("at_most", Box::new(AtMost(5))));
/// let mut run = Simulation::new(setup);
/// run.run();
/// let violation = run.violation().expect("7 is asked of n1");
/// assert_eq!((violation.property, &*violation.message), ("at_most", "n1 got to 7"));
/// ```
pub trait Invariant<P: Protocol> {
    /// Looks at a step; says in one sentence what it broke.
    ///
    /// # Errors
    /// If the invariant does not hold.
    fn observe(&mut self, step: &Step<'_, P>) -> Result<(), String>;

    /// A node lies from now on, and no step of it is shown any more: it may have said anything.
    fn corrupted(&mut self, node: NodeId) {
        let _ = node;
    }
}

/// What must come about within a time after the last fault.
///
/// ```
/// use sim_core::check::{Goal, Step};
/// use sim_core::id::NodeSet;
/// use sim_core::{Duration, Simulation, Time};
/// # use sim_core::example::{Highest, asking};
///
/// /// Every node has heard of this number.
/// struct Everywhere {
///     number: u64,
///     there: NodeSet,
///     since: Option<Time>,
/// }
///
/// impl Goal<Highest> for Everywhere {
///     fn observe(&mut self, step: &Step<'_, Highest>) {
///         if step.state.is_some_and(|node| node.seen >= self.number) {
///             self.there.insert(step.node);
///         }
///         if self.there.len() == 3 {
///             self.since.get_or_insert(step.time);
///         }
///     }
///
///     fn met_since(&self) -> Option<Time> {
///         self.since
///     }
///
///     fn waiting_for(&self) -> String {
///         format!("{} of 3 nodes have heard of {}", self.there.len(), self.number)
///     }
/// }
///
/// for (number, holds) in [(7, true), (8, false)] {
///     let goal = Everywhere { number, there: NodeSet::new(), since: None };
/// #   let mut setup = asking(&[7]);
///     setup.goals.push(("everywhere", Duration::from_millis(50), Box::new(goal)));
///     let mut run = Simulation::new(setup);
///     run.run();
///     assert_eq!(run.violation().is_none(), holds);
/// }
/// ```
pub trait Goal<P: Protocol> {
    /// Looks at a step.
    fn observe(&mut self, step: &Step<'_, P>);

    /// A process is gone, until a step of a later incarnation says otherwise.
    fn crashed(&mut self, time: Time, node: NodeId) {
        let _ = (time, node);
    }

    /// A node lies from now on, and no step of it is shown any more: nothing is promised to it.
    fn corrupted(&mut self, time: Time, node: NodeId) {
        self.crashed(time, node);
    }

    /// Since when it has been so without a break; `None` while it is not.
    fn met_since(&self) -> Option<Time>;

    /// Whether, once reached, it must last until the end of the run.
    ///
    /// ```
    /// use sim_core::check::{Goal, Step};
    /// use sim_core::fault::{Fault, FaultKind};
    /// use sim_core::{Duration, NodeId, Seat, Simulation, Time};
    /// # use sim_core::example::{Highest, asking};
    ///
    /// /// The first node knows a number, and does not forget it again.
    /// #[derive(Default)]
    /// struct Remembered(Option<Time>);
    ///
    /// impl Goal<Highest> for Remembered {
    ///     fn observe(&mut self, step: &Step<'_, Highest>) {
    ///         if step.node == NodeId(0) && step.state.is_some_and(|node| node.seen > 0) {
    ///             self.0.get_or_insert(step.time);
    ///         }
    ///     }
    ///     fn crashed(&mut self, _: Time, node: NodeId) {
    ///         self.0 = self.0.filter(|_| node != NodeId(0));
    ///     }
    ///     fn met_since(&self) -> Option<Time> {
    ///         self.0
    ///     }
    ///     fn must_last(&self) -> bool {
    ///         true
    ///     }
    ///     fn waiting_for(&self) -> String {
    ///         "n0 knows nothing".into()
    ///     }
    /// }
    ///
    /// # let mut setup = asking(&[7]);
    /// let kind = FaultKind::Crash { seats: vec![Seat(0)], mid_step: false };
    /// let at = Time::ZERO + Duration::from_millis(50);
    /// setup.world.faults.push(Fault { at, until: None, kind });
    /// let goal = Box::new(Remembered::default());
    /// setup.goals.push(("remembered", Duration::from_millis(20), goal));
    /// let mut run = Simulation::new(setup);
    /// run.run();
    /// assert_eq!(run.violation().map(|violation| violation.property), Some("remembered"));
    /// ```
    fn must_last(&self) -> bool {
        false
    }

    /// What is still missing, in a few words.
    fn waiting_for(&self) -> String;
}

/// What the history of a run is judged by, when the run is over.
///
/// ```
/// use sim_core::check::{Judge, Judgement};
/// use sim_core::history::{History, Outcome};
/// # use sim_core::{RequestId, Time, id::ClientId};
///
/// /// Who asks with a number is told no lower one.
/// struct NoLess;
///
/// impl Judge<u64, u64> for NoLess {
///     fn judge(&mut self, history: &History<u64, u64>) -> Judgement {
///         for operation in history.operations() {
///             match operation.outcome {
///                 Outcome::Ok(told) if told < operation.asked => {
///                     return Judgement::Violated(format!("{} was told {told}", operation.id));
///                 }
///                 _ => {}
///             }
///         }
///         Judgement::Holds
///     }
/// }
///
/// # let id = RequestId { client: ClientId(0), number: 1 };
/// let mut history = History::default();
/// history.invoke(id, 7, Time::ZERO);
/// assert_eq!(NoLess.judge(&history), Judgement::Holds);
/// history.complete(id.client, Outcome::Ok(3), Time::ZERO);
/// assert_eq!(NoLess.judge(&history), Judgement::Violated("c1#1 was told 3".into()));
/// ```
pub trait Judge<O, R> {
    /// Judges the operations of one run.
    fn judge(&mut self, history: &History<O, R>) -> Judgement;
}

/// What a judge says.
///
/// ```
/// use sim_core::check::{Judgement, linearizable::Verdict};
///
/// let judged = |verdict| match verdict {
///     Verdict::Linearizable => Judgement::Holds,
///     Verdict::Violated(found) => Judgement::Violated(found.to_string()),
///     Verdict::Unknown { explored } => Judgement::Unknown(format!("gave up after {explored}")),
/// };
/// let unknown = Judgement::Unknown("gave up after 9".to_owned());
/// assert_eq!(judged(Verdict::Unknown { explored: 9 }), unknown);
/// assert_eq!(judged(Verdict::Linearizable), Judgement::Holds);
/// ```
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
///
/// ```
/// use sim_core::check::builtin;
/// use sim_core::{Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// setup.world.limits.events = 10;
/// let mut run = Simulation::new(setup);
/// run.run();
/// let violation = run.violation().expect("the run would go on for longer");
/// assert_eq!((violation.property, violation.event), (builtin::NO_RUNAWAY, 11));
/// assert_eq!(violation.message, "more than 10 events in one run");
/// ```
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
