//! The history: what clients asked, what they were told, and in which order. Checkers judge it.

mod reading;

use std::fmt;

pub use reading::{Access, Reading, Value};

use crate::id::{ClientId, RequestId};
use crate::time::Time;

/// A point in a history. Two events of one instant are ordered by the order in which they happened.
///
/// ```
/// use sim_core::history::Moment;
/// use sim_core::Time;
///
/// // Two events of one instant, in the order in which they happened.
/// let (invoked, ended) =
///     (Moment { time: Time::ZERO, order: 1 }, Moment { time: Time::ZERO, order: 2 });
/// assert!(invoked < ended);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment {
    /// The world's time.
    pub time: Time,
    /// The position among all invocations and returns of the run.
    pub order: u64,
}

/// How an operation ended, as its client knows it.
///
/// ```
/// use sim_core::history::Outcome;
///
/// /// Whether an operation may have taken effect.
/// fn may_count<R>(outcome: &Outcome<R>) -> bool {
///     !matches!(outcome, Outcome::Refused)
/// }
/// assert!(may_count(&Outcome::Ok(7)));
/// assert!(may_count(&Outcome::<u64>::Unknown), "a timeout says nothing");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcome<R> {
    /// The client was told this.
    Ok(R),
    /// It certainly had no effect and never will.
    Refused,
    /// Nobody can say: it may take effect at any time from its invocation on, or never. A timeout
    /// is this, never "it did not happen".
    Unknown,
}

impl<R: fmt::Debug> fmt::Display for Outcome<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok(result) => write!(f, "{result:?}"),
            Self::Refused => f.write_str("refused"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// One operation of one client.
///
/// ```
/// use sim_core::history::Operation;
/// # use sim_core::{Duration, Simulation, example::asking};
/// # let mut run = Simulation::new(asking(&[7]));
/// # run.run();
///
/// /// How long its client waited, if it waits no more.
/// fn took<O, R>(operation: &Operation<O, R>) -> Option<Duration> {
///     Some(operation.ended?.time.since(operation.invoked.time))
/// }
/// let operation = &run.history().operations()[0];
/// assert_eq!(took(operation), Some(Duration::ZERO), "its client sits beside the node it asks");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation<O, R> {
    /// Which operation.
    pub id: RequestId,
    /// What was asked.
    pub asked: O,
    /// When it was invoked.
    pub invoked: Moment,
    /// When the client was told, gave up, or (`None`) was still waiting as the run ended.
    pub ended: Option<Moment>,
    /// How it ended; [`Outcome::Unknown`] while the client waits.
    pub outcome: Outcome<R>,
}

/// Every operation of a run, in order of invocation.
///
/// ```
/// use sim_core::history::{History, Outcome};
/// use sim_core::{Duration, RequestId, Time, id::ClientId};
///
/// let (id, at) = (RequestId { client: ClientId(0), number: 1 }, Duration::from_millis);
/// let mut history = History::default();
/// history.invoke(id, "put", Time::ZERO + at(1));
/// assert_eq!(history.open(id.client).map(|operation| operation.asked), Some("put"));
/// history.complete(id.client, Outcome::Ok("done"), Time::ZERO + at(2));
/// assert!(history.open(id.client).is_none());
/// assert_eq!(history.operations()[0].outcome, Outcome::Ok("done"));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct History<O, R> {
    operations: Vec<Operation<O, R>>,
    /// The operation that each client waits for: a client has one at a time.
    open: Vec<Option<usize>>,
    moments: u64,
}

impl<O, R> Default for History<O, R> {
    fn default() -> Self {
        Self { operations: Vec::new(), open: Vec::new(), moments: 0 }
    }
}

impl<O, R> History<O, R> {
    /// The operations, in order of invocation.
    #[must_use]
    pub fn operations(&self) -> &[Operation<O, R>] {
        &self.operations
    }

    /// The operation that a client waits for.
    #[must_use]
    pub fn open(&self, client: ClientId) -> Option<&Operation<O, R>> {
        let position = (*self.open.get(client.index())?)?;
        Some(&self.operations[position])
    }

    /// Notes that a client asks for something.
    ///
    /// # Panics
    /// If the client still waits for its previous operation: a client is one sequential process.
    pub fn invoke(&mut self, id: RequestId, asked: O, time: Time) {
        let client = id.client.index();
        if self.open.len() <= client {
            self.open.resize(client + 1, None);
        }
        assert!(self.open[client].is_none(), "{id} was invoked while its client waits");
        self.open[client] = Some(self.operations.len());
        let invoked = self.moment(time);
        let outcome = Outcome::Unknown;
        self.operations.push(Operation { id, asked, invoked, ended: None, outcome });
    }

    /// Notes how the operation that a client waits for ended, and returns it.
    ///
    /// # Panics
    /// If the client waits for nothing.
    pub fn complete(
        &mut self,
        client: ClientId,
        outcome: Outcome<R>,
        time: Time,
    ) -> &Operation<O, R> {
        let open = self.open.get_mut(client.index()).and_then(Option::take);
        let position = open.expect("a client completes an operation that it invoked");
        let ended = self.moment(time);
        let operation = &mut self.operations[position];
        operation.ended = Some(ended);
        operation.outcome = outcome;
        operation
    }

    /// Forgets everything and keeps the memory.
    pub fn clear(&mut self) {
        self.operations.clear();
        self.open.clear();
        self.moments = 0;
    }

    fn moment(&mut self, time: Time) -> Moment {
        self.moments += 1;
        Moment { time, order: self.moments }
    }
}
