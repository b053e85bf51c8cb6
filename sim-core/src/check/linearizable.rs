//! Linearizability: does every operation of a history seem to take effect at one instant between
//! its invocation and its return (Herlihy & Wing, TOPLAS 1990)?
//!
//! The question is NP-complete (Gibbons & Korach, SIAM J. Comput. 1997), so how it is asked is
//! everything. Six ideas, a file each where they are long enough:
//!
//! * *One key at a time.* Linearizability is local (Herlihy & Wing, theorem 1): a history of many
//!   independent objects is linearizable if and only if that of each object is. Horn & Kroening
//!   (FORTE 2015) call it P-compositionality. `partition`.
//! * *Just in time.* A depth-first search for an order (Wing & Gong, JPDC 1993) that walks from
//!   return to return and remembers the configurations it has seen (Lowe, CCPE 2017). `search`.
//! * *Nothing is lost by placing a read* as soon as it fits. So reads cause no branching, and the
//!   common history is ordered in one pass. `search`.
//! * *An operation of unknown outcome is placed only where it makes a difference*, and a
//!   configuration that spent fewer of them beats one that spent more. Nobody has to say which
//!   writes were seen, and nothing hangs on written values being unique. `search`, `memo`.
//! * *Nor does it matter which of several writes that nobody saw* was in the way. `twins`.
//! * *A violation is a handful of operations*, not a thousand. `shrink`.
//!
//! A refused operation certainly had no effect and is left out. One of unknown outcome (a timeout,
//! or still open at the end) may take effect at any time from its invocation on, or never.
//!
//! The checker does not know the protocol, never reads a clock, and draws nothing: the verdict, the
//! counterexample and the number of configurations explored are functions of the history alone.

mod bits;
mod counterexample;
mod memo;
mod partition;
mod plan;
mod search;
mod shrink;
mod twins;

use std::fmt;
use std::hash::Hash;

use self::counterexample::explain;
pub use self::counterexample::{Counterexample, Entry, Misfit, Placed};
use self::partition::Partition;
use self::plan::{Plan, Role};
use self::search::{End, Search};
use self::shrink::Shrink;
use crate::history::History;

/// A sequential specification: what every operation does when nothing else is going on.
///
/// It must be deterministic, and operations must touch no key but their own.
///
/// ```
#[doc = include_str!("../example/max_register.rs")]
///
/// assert_eq!(MaxRegister::apply(&7, &3), (7, 7));
/// assert_eq!(MaxRegister::apply(&7, &9), (9, 9));
/// ```
pub trait Model {
    /// What is asked. Equal operations must do the same.
    type Operation: PartialEq + fmt::Debug;
    /// What a client is told.
    type Result: PartialEq + fmt::Debug;
    /// What operations are about. Histories of different keys are judged independently.
    type Key: Ord + Clone + fmt::Debug;
    /// The state of one key.
    type State: Clone + Eq + Hash + fmt::Debug;

    /// The key that an operation is about.
    fn key(operation: &Self::Operation) -> Self::Key;

    /// The state in which a key begins.
    fn initial(key: &Self::Key) -> Self::State;

    /// What an operation does to a state, and what its client is told.
    fn apply(state: &Self::State, operation: &Self::Operation) -> (Self::State, Self::Result);

    /// Whether an operation never changes any state. Saying `false` of a read costs time and
    /// nothing else; saying `true` of a write makes the verdict wrong.
    fn is_read(operation: &Self::Operation) -> bool {
        let _ = operation;
        false
    }

    /// Whether an operation leaves the same state and tells the same result *whatever* the state
    /// before was: true of a put, false of a compare-and-set. Such an operation hides every write
    /// just before it, so the search need not ask what it saw. Saying `false` costs time and
    /// nothing else; saying `true` of any other operation makes the verdict wrong.
    ///
    /// ```
    /// #[derive(PartialEq, Debug)]
    /// enum Operation {
    ///     Get,
    ///     Put(u64),
    ///     CompareAndSet(u64, u64),
    /// }
    ///
    /// fn is_read(operation: &Operation) -> bool {
    ///     matches!(operation, Operation::Get)
    /// }
    ///
    /// fn overwrites(operation: &Operation) -> bool {
    ///     matches!(operation, Operation::Put(_))
    /// }
    /// assert!(is_read(&Operation::Get) && overwrites(&Operation::Put(7)));
    /// assert!(!overwrites(&Operation::CompareAndSet(7, 8)), "it tells what was there");
    /// ```
    fn overwrites(operation: &Self::Operation) -> bool {
        let _ = operation;
        false
    }
}

/// Judges histories, one after the other. Its buffers serve every history in turn, so a warm
/// checker allocates nothing to find that a history is linearizable, unless its states do.
///
/// ```
/// use sim_core::Simulation;
/// use sim_core::check::linearizable::{Checker, Verdict};
/// # use sim_core::example::{MaxRegister, asking};
///
/// let mut checker = Checker::<MaxRegister>::new(1_000);
///
/// // 3 is asked of n0, then 7 of n1.
/// # let setup = asking(&[3, 7]);
/// let mut run = Simulation::new(setup);
/// run.run();
/// assert_eq!(checker.check(run.history()), Verdict::Linearizable);
///
/// // 7 is asked of n0, then 3 of n1, which has not heard of it yet.
/// # let setup = asking(&[7, 3]);
/// run.restart(setup);
/// run.run();
/// let Verdict::Violated(found) = checker.check(run.history()) else { panic!("n1 says 3") };
/// assert_eq!((&*found.stuck.asked, &*found.stuck.told), ("3", "3"));
/// ```
pub struct Checker<M: Model> {
    budget: u64,
    partition: Partition<M::Key>,
    plan: Plan,
    search: Search<M::State>,
}

impl<M: Model> Checker<M> {
    /// A checker that gives up on a key after exploring this many configurations of it. A
    /// configuration costs some hundred bytes and up to some microseconds.
    #[must_use]
    pub fn new(budget: u64) -> Self {
        Self {
            budget,
            partition: Partition::default(),
            plan: Plan::default(),
            search: Search::default(),
        }
    }

    /// Judges a history. A violation of one key outweighs a search given up on another.
    pub fn check(&mut self, history: &History<M::Operation, M::Result>) -> Verdict {
        let operations = history.operations();
        self.partition.split::<M>(operations);
        let mut explored = 0;
        let mut gave_up = false;
        for (key, events) in self.partition.iter() {
            self.plan.build::<M>(events, operations, Role::of);
            match self.search.order::<M>(&mut self.plan, operations, key, self.budget) {
                End::Ordered => {}
                End::Exhausted => gave_up = true,
                End::Stuck => {
                    let stuck = self.search.stuck().clone();
                    let due = self.plan.returns()[stuck.event].operation;
                    let (plan, search) = (&mut self.plan, &mut self.search);
                    let window =
                        Shrink::<M>::new(key, events, operations, plan, search).window(due);
                    let found = explain::<M>(key, operations, &window, due, &stuck);
                    return Verdict::Violated(found);
                }
            }
            explored += self.search.explored();
        }
        if gave_up { Verdict::Unknown { explored } } else { Verdict::Linearizable }
    }
}

impl<M: Model> fmt::Debug for Checker<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checker").field("budget", &self.budget).finish_non_exhaustive()
    }
}

/// What a history was found to be.
///
/// ```
/// use sim_core::check::linearizable::{Checker, Verdict};
/// use sim_core::history::{History, Outcome};
/// # use sim_core::{RequestId, Time, example::MaxRegister, id::ClientId};
///
/// // Three clients ask at the same time, and all are told the highest.
/// let mut history = History::default();
/// for client in (0..3).map(ClientId) {
///     history.invoke(RequestId { client, number: 1 }, u64::from(client.0), Time::ZERO);
/// }
/// for client in (0..3).map(ClientId) {
///     history.complete(client, Outcome::Ok(2), Time::ZERO);
/// }
/// let within = |budget| Checker::<MaxRegister>::new(budget).check(&history);
/// assert_eq!(within(100), Verdict::Linearizable);
/// assert!(matches!(within(1), Verdict::Unknown { .. }), "who gives up knows nothing");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// An order of all operations exists that the model and the clients' clocks allow.
    Linearizable,
    /// No such order exists.
    Violated(Counterexample),
    /// The budget ran out on some key before the answer was found, and no other key is violated.
    Unknown {
        /// How many configurations were explored, of all keys.
        explored: u64,
    },
}
