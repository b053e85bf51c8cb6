//! Clients: what they do between a task and its outcome.
//!
//! A client is a pure machine like a node, and sits on the same faulty network. What the history
//! records are its *operations*, which may be one request, the same request to everybody, or many.

use std::fmt;
use std::hash::Hash;

use crate::history::Outcome;
use crate::id::{ClientId, NodeId, RequestId};
use crate::protocol::Protocol;
use crate::rng::Draw;
use crate::time::{Duration, Time};

/// One client of a protocol, as a pure machine.
///
/// ```
/// use sim_core::client::{Answer, Client, ClientContext, ClientSetup, Scripted};
/// use sim_core::history::Outcome;
/// use sim_core::id::{NodeId, RequestId};
/// # use sim_core::{Cluster, Duration, Setup, Simulation, Time, example::Highest, world::World};
///
/// /// Asks every node, and is content with the highest answer of a majority.
/// struct MajorityClient {
///     majority: u32,
///     operations: u32,
///     answers: Vec<u64>,
/// }
///
/// impl Client<Highest> for MajorityClient {
///     type Task = u64;
///     type Asked = u64;
///     type Told = u64;
///
///     fn new(setup: &ClientSetup) -> Self {
///         Self { majority: setup.nodes / 2 + 1, operations: 0, answers: Vec::new() }
///     }
///
///     fn next(&mut self, cx: &mut ClientContext<Highest, Self>, number: u64) {
///         self.operations += 1;
///         self.answers.clear();
///         let id = RequestId { client: cx.setup().me, number: self.operations };
///         cx.invoke(id, number);
///         cx.send_to_all(id, &number);
///         cx.set_timer(cx.setup().timeout);
///     }
///
///     fn on_answer(
///         &mut self,
///         cx: &mut ClientContext<Highest, Self>,
///         _: NodeId,
///         id: RequestId,
///         answer: Answer<u64>,
///     ) {
///         let Answer::Reply(number) = answer else { return };
///         if id.number == self.operations && self.answers.len() < self.majority as usize {
///             self.answers.push(number);
///             if self.answers.len() == self.majority as usize {
///                 cx.cancel_timer();
///                 cx.complete(Outcome::Ok(self.answers.iter().copied().max().unwrap_or(0)));
///             }
///         }
///     }
///
///     fn on_timer(&mut self, cx: &mut ClientContext<Highest, Self>) {
///         self.operations += 1; // what comes from now on answers nothing
///         cx.complete(Outcome::Unknown);
///     }
/// }
///
/// # let end = Time::ZERO + Duration::from_millis(100);
/// # let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// # let mut setup = Setup::new(1, World::calm(3, end), cluster);
/// # setup.script = vec![Scripted { at: Time::ZERO, through: NodeId(0), task: 7, expect: None }];
/// let mut run = Simulation::<Highest, MajorityClient>::new(setup);
/// run.run();
/// assert_eq!(run.history().operations()[0].outcome, Outcome::Ok(7));
/// ```
pub trait Client<P: Protocol>: Sized + 'static {
    /// What the workload or the script hands it to do.
    type Task: Clone + fmt::Debug;
    /// What the history says was asked.
    type Asked: Clone + fmt::Debug + Hash;
    /// What the history says was answered.
    type Told: Clone + fmt::Debug + Hash + PartialEq;

    /// A client that has done nothing yet.
    fn new(setup: &ClientSetup) -> Self;

    /// Something to do; never before the last operation was completed. Calls
    /// [`invoke`](ClientContext::invoke) when the operation begins.
    fn next(&mut self, cx: &mut ClientContext<P, Self>, task: Self::Task);

    /// A node answered a request.
    fn on_answer(
        &mut self,
        cx: &mut ClientContext<P, Self>,
        from: NodeId,
        request: RequestId,
        answer: Answer<P::Reply>,
    );

    /// The alarm rang.
    fn on_timer(&mut self, cx: &mut ClientContext<P, Self>);
}

/// What a client knows of its world.
///
/// ```
/// use sim_core::client::{Client, ClientSetup, OneReply};
/// use sim_core::{Duration, NodeId, id::ClientId};
/// # use sim_core::example::Highest;
///
/// let setup = ClientSetup {
///     me: ClientId(4),
///     nodes: 3,
///     beside: None,
///     timeout: Duration::from_secs(1),
///     retry: Duration::from_millis(250),
/// };
/// let client: OneReply<Highest> = Client::new(&setup);
/// // The clients begin with different nodes: the fifth with the second.
/// assert!(format!("{client:?}").contains("target: n1"));
/// ```
#[derive(Clone, Debug)]
pub struct ClientSetup {
    /// Who it is.
    pub me: ClientId,
    /// How many nodes there are.
    pub nodes: u32,
    /// The node that it sits beside, if any, and asks first.
    pub beside: Option<NodeId>,
    /// When an operation is given up.
    pub timeout: Duration,
    /// When a request is sent again.
    pub retry: Duration,
}

/// What a node says to a request.
///
/// ```
/// use sim_core::client::Answer;
/// use sim_core::NodeId;
///
/// /// Whom to ask next, if there was no answer yet.
/// fn next(answer: &Answer<u64>, asked: NodeId, nodes: u32) -> Option<NodeId> {
///     match answer {
///         Answer::Reply(_) => None,
///         Answer::Redirect(Some(leader)) => Some(*leader),
///         Answer::Redirect(None) => Some(NodeId((asked.0 + 1) % nodes)),
///     }
/// }
/// assert_eq!(next(&Answer::Redirect(None), NodeId(2), 3), Some(NodeId(0)));
/// assert_eq!(next(&Answer::Reply(7), NodeId(2), 3), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer<R> {
    /// The answer.
    Reply(R),
    /// "Not I, and I shall not: ask that one", or another, if it does not know which.
    Redirect(Option<NodeId>),
}

/// What a client may do.
///
/// ```
/// # use sim_core::client::{Answer, Client, ClientContext, ClientSetup, Scripted};
/// # use sim_core::fault::{Fault, FaultKind};
/// # use sim_core::history::Outcome;
/// # use sim_core::{Cluster, Duration, NodeId, RequestId, Seat, Setup, Simulation, Time};
/// # use sim_core::{example::Highest, world::World};
/// # struct Impatient;
/// impl Client<Highest> for Impatient {
/// #     type Task = u64;
/// #     type Asked = u64;
/// #     type Told = u64;
/// #     fn new(_: &ClientSetup) -> Self {
/// #         Self
/// #     }
///     // …
///     fn next(&mut self, cx: &mut ClientContext<Highest, Self>, number: u64) {
///         let id = RequestId { client: cx.setup().me, number: 1 };
///         cx.invoke(id, number);
///         let node = cx.any_node();
///         cx.send(node, id, number);
///         cx.set_timer(Duration::from_millis(5));
///     }
///
///     fn on_timer(&mut self, cx: &mut ClientContext<Highest, Self>) {
///         cx.complete(Outcome::Unknown);
///     }
/// #     fn on_answer(
/// #         &mut self,
/// #         _: &mut ClientContext<Highest, Self>,
/// #         _: NodeId,
/// #         _: RequestId,
/// #         _: Answer<u64>,
/// #     ) {
/// #     }
/// }
///
/// # let end = Time::ZERO + Duration::from_millis(100);
/// # let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// # let mut setup = Setup::new(1, World::calm(3, end), cluster);
/// # setup.script = vec![Scripted { at: Time::ZERO, through: NodeId(0), task: 7, expect: None }];
/// # let kind = FaultKind::Crash { seats: vec![Seat(0), Seat(1), Seat(2)], mid_step: false };
/// # setup.world.faults.push(Fault { at: Time::ZERO, until: None, kind });
/// // In a world in which every node is down:
/// let mut run = Simulation::<Highest, Impatient>::new(setup);
/// run.run();
/// let operation = &run.history().operations()[0];
/// assert_eq!(operation.outcome, Outcome::Unknown);
/// assert_eq!(operation.ended.map(|moment| moment.time), Some(Time::from_nanos(5_000_000)));
/// ```
pub struct ClientContext<P: Protocol, C: Client<P>> {
    pub(crate) setup: ClientSetup,
    pub(crate) now: Time,
    pub(crate) draw: Draw,
    pub(crate) acts: Vec<ClientAct<P, C>>,
}

pub(crate) enum ClientAct<P: Protocol, C: Client<P>> {
    Invoke { id: RequestId, asked: C::Asked },
    Complete { outcome: Outcome<C::Told> },
    Send { to: NodeId, id: RequestId, request: P::Request },
    SetTimer { after: Duration },
    CancelTimer,
}

impl<P: Protocol, C: Client<P>> ClientContext<P, C> {
    /// Who this is, and what it knows of its world.
    #[must_use]
    pub const fn setup(&self) -> &ClientSetup {
        &self.setup
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// A node, each equally likely.
    pub fn any_node(&mut self) -> NodeId {
        let node = self.draw.below(u64::from(self.setup.nodes));
        NodeId(u32::try_from(node).expect("below a u32"))
    }

    /// The operation begins: from here on its effect may be seen.
    pub fn invoke(&mut self, id: RequestId, asked: C::Asked) {
        self.acts.push(ClientAct::Invoke { id, asked });
    }

    /// The operation that was invoked is over.
    pub fn complete(&mut self, outcome: Outcome<C::Told>) {
        self.acts.push(ClientAct::Complete { outcome });
    }

    /// Sends a request to a node.
    pub fn send(&mut self, to: NodeId, id: RequestId, request: P::Request) {
        self.acts.push(ClientAct::Send { to, id, request });
    }

    /// Sends a request to every node.
    pub fn send_to_all(&mut self, id: RequestId, request: &P::Request) {
        for node in 0..self.setup.nodes {
            self.send(NodeId(node), id, request.clone());
        }
    }

    /// Sets the alarm, in place of an earlier one.
    pub fn set_timer(&mut self, after: Duration) {
        self.acts.push(ClientAct::SetTimer { after });
    }

    /// No alarm after all.
    pub fn cancel_timer(&mut self) {
        self.acts.push(ClientAct::CancelTimer);
    }
}

impl<P: Protocol, C: Client<P>> fmt::Debug for ClientContext<P, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientContext").field("setup", &self.setup).finish_non_exhaustive()
    }
}

/// The usual client: one request, one reply. It asks the node that it believes to lead, follows
/// redirections, asks another when nobody answers, and gives up after its timeout.
///
/// Every attempt carries the same [`RequestId`]. When it gives up, the operation was *refused* if each
/// attempt was answered by a redirection, which promises that nothing was done; else it is *unknown*.
///
/// ```
/// use sim_core::client::OneReply;
/// use sim_core::history::Outcome;
/// use sim_core::{Setup, Simulation};
/// # use sim_core::example::{Highest, asking};
/// # let setup = asking(&[7]);
///
/// let setup: Setup<Highest, OneReply<Highest>> = setup;
/// let mut run = Simulation::new(setup);
/// run.run();
/// let operation = &run.history().operations()[0];
/// assert_eq!((operation.asked, &operation.outcome), (7, &Outcome::Ok(7)));
/// ```
#[derive(Debug)]
pub struct OneReply<P: Protocol> {
    /// Whom to ask next.
    target: NodeId,
    operations: u32,
    waiting: Option<Waiting<P>>,
}

#[derive(Debug)]
struct Waiting<P: Protocol> {
    id: RequestId,
    request: P::Request,
    gives_up: Time,
    /// Attempts that nobody answered: each may still take effect.
    unanswered: u32,
    /// Redirections that led nowhere since the last pause: two nodes may point at each other.
    hops: u32,
    /// Whether the next thing is to ask again, after a pause, and not to wait for an answer.
    pausing: bool,
}

impl<P: Protocol<Reply: PartialEq>> Client<P> for OneReply<P> {
    type Task = P::Request;
    type Asked = P::Request;
    type Told = P::Reply;

    fn new(setup: &ClientSetup) -> Self {
        let target = setup.beside.unwrap_or(NodeId(setup.me.0 % setup.nodes));
        Self { target, operations: 0, waiting: None }
    }

    fn next(&mut self, cx: &mut ClientContext<P, Self>, request: P::Request) {
        self.operations += 1;
        let id = RequestId { client: cx.setup().me, number: self.operations };
        let gives_up = cx.now().saturating_add(cx.setup().timeout);
        cx.invoke(id, request.clone());
        if let Some(beside) = cx.setup().beside {
            self.target = beside;
        }
        let (unanswered, hops, pausing) = (0, 0, false);
        self.waiting = Some(Waiting { id, request, gives_up, unanswered, hops, pausing });
        self.ask(cx);
    }

    fn on_answer(
        &mut self,
        cx: &mut ClientContext<P, Self>,
        from: NodeId,
        request: RequestId,
        answer: Answer<P::Reply>,
    ) {
        let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.id == request) else {
            return;
        };
        match answer {
            Answer::Reply(reply) => {
                self.target = from;
                self.waiting = None;
                cx.cancel_timer();
                cx.complete(Outcome::Ok(reply));
            }
            // An answer to an attempt that was already given up on: that one is settled now.
            Answer::Redirect(_) if from != self.target || waiting.pausing => {
                waiting.unanswered = waiting.unanswered.saturating_sub(1);
            }
            Answer::Redirect(to) => {
                waiting.unanswered = waiting.unanswered.saturating_sub(1);
                waiting.hops += 1;
                match to {
                    Some(leader) if leader != from && waiting.hops <= cx.setup().nodes => {
                        self.target = leader;
                        self.ask(cx);
                    }
                    _ => self.pause(cx),
                }
            }
        }
    }

    fn on_timer(&mut self, cx: &mut ClientContext<P, Self>) {
        let Some(waiting) = &mut self.waiting else { return };
        if cx.now() >= waiting.gives_up {
            let outcome = if waiting.unanswered == 0 { Outcome::Refused } else { Outcome::Unknown };
            self.waiting = None;
            return cx.complete(outcome);
        }
        if !waiting.pausing {
            self.target = NodeId((self.target.0 + 1) % cx.setup().nodes);
        }
        waiting.hops = 0;
        waiting.pausing = false;
        self.ask(cx);
    }
}

impl<P: Protocol<Reply: PartialEq>> OneReply<P> {
    fn ask(&mut self, cx: &mut ClientContext<P, Self>) {
        let Some(waiting) = &mut self.waiting else { return };
        waiting.unanswered += 1;
        cx.send(self.target, waiting.id, waiting.request.clone());
        let left = waiting.gives_up.since(cx.now());
        cx.set_timer(left.min(cx.setup().retry));
    }

    /// Nobody knows a leader: asks another node, a little later, when there may be one.
    fn pause(&mut self, cx: &mut ClientContext<P, Self>) {
        const PAUSE: Duration = Duration::from_millis(20);
        let Some(waiting) = &mut self.waiting else { return };
        waiting.pausing = true;
        self.target = NodeId((self.target.0 + 1) % cx.setup().nodes);
        let left = waiting.gives_up.since(cx.now());
        cx.set_timer(left.min(PAUSE));
    }
}

/// The client of a protocol that nobody asks anything.
///
/// ```
/// use sim_core::client::NoClient;
/// use sim_core::{Cluster, Duration, Setup, Simulation, Time, world::World};
/// # use sim_core::example::Highest;
///
/// let world = World::calm(3, Time::ZERO + Duration::from_millis(15));
/// let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// let mut run = Simulation::<Highest, NoClient>::new(Setup::new(1, world, cluster));
/// run.run();
/// assert!(run.history().operations().is_empty());
/// assert_eq!(run.counters().sent, 6, "each node tells both others, once");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoClient;

impl<P: Protocol> Client<P> for NoClient {
    type Task = crate::protocol::Never;
    type Asked = crate::protocol::Never;
    type Told = crate::protocol::Never;

    fn new(_: &ClientSetup) -> Self {
        Self
    }

    fn next(&mut self, _: &mut ClientContext<P, Self>, task: Self::Task) {
        match task {}
    }

    fn on_answer(
        &mut self,
        _: &mut ClientContext<P, Self>,
        _: NodeId,
        _: RequestId,
        _: Answer<P::Reply>,
    ) {
    }

    fn on_timer(&mut self, _: &mut ClientContext<P, Self>) {}
}

/// One line of a script: something to do at a time, and how it must end.
///
/// ```
/// use sim_core::check::builtin;
/// use sim_core::client::{Expected, Scripted};
/// use sim_core::{Duration, NodeId, Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// setup.script.push(Scripted {
///     at: Time::ZERO + Duration::from_millis(50),
///     through: NodeId(2),
///     task: 3,
///     expect: Some(Expected::Value(3)),
/// });
/// let mut run = Simulation::new(setup);
/// run.run();
/// // By then `n2` has heard of 7, so the script is wrong:
/// assert_eq!(run.violation().map(|violation| violation.property), Some(builtin::SCRIPT));
/// ```
#[derive(Clone, Debug)]
pub struct Scripted<T, R> {
    /// When.
    pub at: Time,
    /// The node that the client sits beside: it reaches that one directly, and the others as that
    /// one does.
    pub through: NodeId,
    /// What.
    pub task: T,
    /// How it must end, if that matters.
    pub expect: Option<Expected<R>>,
}

/// How a scripted operation must end.
///
/// ```
/// use sim_core::client::Expected;
/// use sim_core::history::Outcome;
///
/// assert!(Expected::Value(7).is_met_by(&Outcome::Ok(7)));
/// assert!(!Expected::Value(7).is_met_by(&Outcome::Ok(8)));
/// // Nobody knows whether it took effect: not acknowledged, but not refused either.
/// assert!(Expected::<u64>::NotOk.is_met_by(&Outcome::Unknown));
/// assert!(!Expected::<u64>::Refused.is_met_by(&Outcome::Unknown));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected<R> {
    /// Answered, with whatever.
    Ok,
    /// Certainly without effect.
    Refused,
    /// Refused or unknown: never acknowledged.
    NotOk,
    /// Answered with this.
    Value(R),
}

impl<R: PartialEq> Expected<R> {
    /// Whether an outcome is as expected.
    pub fn is_met_by(&self, outcome: &Outcome<R>) -> bool {
        match self {
            Self::Ok => matches!(outcome, Outcome::Ok(_)),
            Self::Refused => matches!(outcome, Outcome::Refused),
            Self::NotOk => !matches!(outcome, Outcome::Ok(_)),
            Self::Value(value) => matches!(outcome, Outcome::Ok(told) if told == value),
        }
    }
}

impl<R: fmt::Debug> fmt::Display for Expected<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Refused => f.write_str("refused"),
            Self::NotOk => f.write_str("refused or unknown"),
            Self::Value(value) => write!(f, "{value:?}"),
        }
    }
}
