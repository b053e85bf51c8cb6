//! What a run tells whoever follows it: everything, in order. Nothing is built unless somebody does.

use std::cell::RefCell;
use std::rc::Rc;

use crate::check::Violation;
use crate::client::{Answer, Client};
use crate::context::Effect;
use crate::fault::Fault;
use crate::history::Outcome;
use crate::id::{ClientId, NodeId, RequestId, Seat};
use crate::network::Fate;
use crate::protocol::{DiskDone, Protocol, Recovered};
use crate::time::Time;
use crate::world::Endpoint;

/// Somebody who follows a run.
pub trait Trace<P: Protocol, C: Client<P>> {
    /// Something happened.
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>);

    /// An event of the queue is over, and this is the fingerprint of the run so far.
    fn event_over(&mut self, number: u64, time: Time, fingerprint: u64) {
        let _ = (number, time, fingerprint);
    }
}

/// A run keeps one share, and who wants to read afterwards another.
impl<P: Protocol, C: Client<P>, T: Trace<P, C>> Trace<P, C> for Rc<RefCell<T>> {
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
        self.borrow_mut().happened(time, what);
    }

    fn event_over(&mut self, number: u64, time: Time, fingerprint: u64) {
        self.borrow_mut().event_over(number, time, fingerprint);
    }
}

/// Something that happened.
pub enum Happening<'a, P: Protocol, C: Client<P>> {
    /// A handler was called; what follows up to the next of these of the same seat are its effects.
    Input {
        /// Whose.
        seat: Seat,
        /// With what.
        cause: Cause<'a, P>,
        /// The process, before it.
        state: &'a P,
    },
    /// An effect took place.
    Effect {
        /// Whose.
        seat: Seat,
        /// Which.
        effect: &'a Effect<P>,
    },
    /// What became of a message or answer that was just sent.
    Fate {
        /// To whom it goes.
        to: Endpoint,
        /// What becomes of it.
        fate: Fate,
    },
    /// A barrier is over: the effects after it follow.
    Durable {
        /// Whose.
        seat: Seat,
    },
    /// A step is complete.
    Stepped {
        /// Whose.
        seat: Seat,
        /// The process after it.
        state: &'a P,
    },
    /// A message was not delivered after all.
    Undelivered {
        /// To whom it went.
        to: Endpoint,
        /// From whom.
        from: Endpoint,
        /// Why.
        why: Undelivered,
    },
    /// A fault begins.
    FaultBegins {
        /// Which.
        fault: &'a Fault,
    },
    /// A fault ends.
    FaultEnds {
        /// Which.
        fault: &'a Fault,
    },
    /// A process is gone.
    Crashed {
        /// Whose.
        seat: Seat,
        /// How many effects of a step took place before, and of how many, if it was cut.
        cut: Option<(usize, usize)>,
    },
    /// A client's operation begins.
    Invoked {
        /// Which.
        id: RequestId,
        /// What it asks.
        asked: &'a C::Asked,
    },
    /// A client sends a request.
    Asked {
        /// Which.
        id: RequestId,
        /// Whom it asks.
        to: NodeId,
    },
    /// A client gets an answer.
    Answered {
        /// Who.
        client: ClientId,
        /// From whom.
        from: NodeId,
        /// To which request.
        id: RequestId,
        /// What it says.
        answer: &'a Answer<P::Reply>,
    },
    /// A client's operation is over.
    Completed {
        /// Which.
        id: RequestId,
        /// What was asked.
        asked: &'a C::Asked,
        /// How it ended.
        outcome: &'a Outcome<C::Told>,
    },
    /// Something does not hold.
    Violated {
        /// What.
        violation: &'a Violation,
    },
}

/// Why a handler was called.
pub enum Cause<'a, P: Protocol> {
    /// The process starts, and finds this on its disk.
    Start {
        /// What an earlier process left, if there was one.
        found: Option<&'a Recovered<P::Record>>,
    },
    /// A message.
    Message {
        /// From whom.
        from: Seat,
        /// What it says.
        message: &'a P::Message,
    },
    /// A timer.
    Timer {
        /// Which.
        timer: P::Timer,
    },
    /// A request.
    Request {
        /// Which.
        id: RequestId,
        /// What it asks.
        request: &'a P::Request,
    },
    /// A sync that is over.
    Disk {
        /// How it ended.
        done: DiskDone,
    },
}

/// Why a message was not delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undelivered {
    /// The link was cut while it was in flight.
    Cut,
    /// Its receiver is down.
    Down,
    /// The link is clogged: it will arrive when that ends.
    Held,
}
