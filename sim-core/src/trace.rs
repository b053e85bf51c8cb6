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
///
/// ```
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// use sim_core::client::Client;
/// use sim_core::trace::{Happening, Trace};
/// use sim_core::{Protocol, Simulation, Time};
/// # use sim_core::example::asking;
///
/// /// Writes down every effect.
/// #[derive(Default)]
/// struct Story(Vec<String>);
///
/// impl<P: Protocol, C: Client<P>> Trace<P, C> for Story {
///     fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
///         if let Happening::Effect { seat, effect } = what {
///             self.0.push(format!("{time} {seat:?} {effect:?}"));
///         }
///     }
/// }
///
/// # let setup = asking(&[7]);
/// let story = Rc::new(RefCell::new(Story::default()));
/// let mut run = Simulation::new(setup);
/// run.follow(Box::new(story.clone()));
/// run.run();
/// assert_eq!(story.borrow().0[3..6], [
///     "0.000ms Seat(0) write 7",
///     "0.000ms Seat(0) flush",
///     "0.000ms Seat(0) => c1#1 7",
/// ]);
/// ```
pub trait Trace<P: Protocol, C: Client<P>> {
    /// Something happened.
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>);

    /// An event of the queue is over, and this is the fingerprint of the run so far.
    ///
    /// ```
    /// use std::cell::RefCell;
    /// use std::rc::Rc;
    ///
    /// use sim_core::client::Client;
    /// use sim_core::trace::{Happening, Trace};
    /// use sim_core::{Protocol, Simulation, Time};
    /// # use sim_core::example::asking;
    ///
    /// /// Keeps the fingerprint after each event.
    /// #[derive(Default)]
    /// struct Prints(Vec<u64>);
    ///
    /// impl<P: Protocol, C: Client<P>> Trace<P, C> for Prints {
    ///     fn happened(&mut self, _: Time, _: &Happening<'_, P, C>) {}
    ///
    ///     fn event_over(&mut self, _: u64, _: Time, fingerprint: u64) {
    ///         self.0.push(fingerprint);
    ///     }
    /// }
    ///
    /// let prints = |asked: u64| {
    ///     let prints = Rc::new(RefCell::new(Prints::default()));
    /// #   let setup = asking(&[asked]);
    ///     let mut run = Simulation::new(setup);
    ///     run.follow(Box::new(prints.clone()));
    ///     run.run();
    ///     prints.take().0
    /// };
    /// // Two runs that differ in what is asked part at the fourth event: three nodes start first.
    /// let (one, other) = (prints(7), prints(8));
    /// assert_eq!(one.iter().zip(&other).position(|(one, other)| one != other), Some(3));
    /// ```
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
///
/// ```
/// use sim_core::client::Client;
/// use sim_core::trace::Happening;
/// use sim_core::{Protocol, Seat};
/// # use sim_core::{client::OneReply, example::Highest};
///
/// /// Whose life this is about, if it is about a single process.
/// fn whose<P: Protocol, C: Client<P>>(what: &Happening<'_, P, C>) -> Option<Seat> {
///     match what {
///         Happening::Input { seat, .. }
///         | Happening::Effect { seat, .. }
///         | Happening::Durable { seat }
///         | Happening::Stepped { seat, .. }
///         | Happening::Crashed { seat, .. } => Some(*seat),
///         _ => None,
///     }
/// }
/// let crash: Happening<'_, Highest, OneReply<Highest>> =
///     Happening::Crashed { seat: Seat(1), cut: Some((2, 3)) };
/// assert_eq!(whose(&crash), Some(Seat(1)));
/// ```
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
    /// A node did what a trap waits for, and this comes of it.
    Sprung {
        /// Which.
        seat: Seat,
        /// What will begin.
        fault: &'a Fault,
    },
    /// A trap tampers with the message that is being sent.
    Tampered,
    /// A liar does otherwise than its process would have.
    Lied {
        /// In which seat.
        seat: Seat,
        /// What the process recorded.
        honest: &'a [Effect<P>],
        /// What takes its place, and happens next.
        lied: &'a [Effect<P>],
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
///
/// ```
/// use sim_core::trace::Cause;
/// use sim_core::{Protocol, Seat};
/// # use sim_core::example::Highest;
///
/// fn word<P: Protocol>(cause: &Cause<'_, P>) -> String {
///     match cause {
///         Cause::Start { found: None } => "starts".into(),
///         Cause::Start { found: Some(_) } => "starts again".into(),
///         Cause::Message { from, message } => format!("<- {} {message:?}", from.0),
///         Cause::Timer { timer } => format!("{timer:?}"),
///         Cause::Request { id, request } => format!("<= {id} {request:?}"),
///         Cause::Disk { done } => format!("{done:?}"),
///     }
/// }
/// let cause: Cause<'_, Highest> = Cause::Message { from: Seat(1), message: &7 };
/// assert_eq!(word(&cause), "<- 1 7");
/// ```
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
///
/// ```
/// use sim_core::trace::Undelivered;
///
/// /// Whether it may arrive later.
/// fn may_still_arrive(why: Undelivered) -> bool {
///     match why {
///         Undelivered::Cut | Undelivered::Down => false,
///         Undelivered::Held => true,
///     }
/// }
/// assert!(may_still_arrive(Undelivered::Held));
/// assert!(!may_still_arrive(Undelivered::Down));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undelivered {
    /// The link was cut while it was in flight.
    Cut,
    /// Its receiver is down.
    Down,
    /// The link is clogged: it will arrive when that ends.
    Held,
}
