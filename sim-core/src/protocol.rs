//! The central trait: one process of a distributed algorithm, as a pure state machine.

use std::fmt;
use std::hash::Hash;

use crate::context::Context;
use crate::id::{NodeId, Peers, RequestId};

/// One process of a distributed algorithm, as a pure state machine. What it knows arrives through
/// these methods; what it does leaves through the context; there is nothing else.
///
/// A value lives from one crash to the next (rule 4). Handlers *record* effects in the order in which
/// they are to happen, and the simulator applies them afterwards (rule 2).
///
/// This one, `Highest`, is what the other examples run:
///
/// ```
#[doc = include_str!("example/highest.rs")]
///
/// let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// let mut node = Highest::new(NodeId(0), &cluster);
/// let mut cx = Context::bare(NodeId(0), 3);
/// node.on_message(&mut cx, NodeId(1), 7);
/// node.on_timer(&mut cx, Tell);
/// assert_eq!(cx.effects(), ["write 7", "flush", "-> * 7", "timer Tell in 10ms"]);
/// ```
pub trait Protocol: Sized + fmt::Debug + 'static {
    /// One node's constants: role, timeouts, limits.
    type Config: Clone + fmt::Debug;
    /// What nodes send each other. Cloned once a receiver: a large payload goes behind an
    /// [`Rc`](std::rc::Rc).
    type Message: Clone + fmt::Debug + Hash;
    /// The names of its alarms; [`Never`] if it has none.
    type Timer: Copy + Ord + fmt::Debug + Hash;
    /// What clients ask; [`Never`] if there are none.
    type Request: Clone + fmt::Debug + Hash;
    /// What clients are told.
    type Reply: Clone + fmt::Debug + Hash;
    /// What it writes to disk; [`Never`] if it stores nothing.
    type Record: Clone + fmt::Debug + Hash;

    /// A process with an empty memory.
    fn new(me: NodeId, cluster: &Cluster<Self::Config>) -> Self;

    /// Takes in what an earlier process of this node left on disk, oldest first. Called after a
    /// crash, before [`on_start`](Self::on_start).
    fn restore(&mut self, found: Recovered<Self::Record>) {
        let _ = found;
    }

    /// The process is up: for the first time, or after a crash.
    fn on_start(&mut self, cx: &mut Context<Self>) {
        let _ = cx;
    }

    /// A message arrived. `from` is who sent it: the network does not lie about that (rule 9).
    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Self::Message);

    /// An alarm rang, and is no longer set.
    fn on_timer(&mut self, cx: &mut Context<Self>, timer: Self::Timer) {
        let _ = (cx, timer);
    }

    /// A client asks. Answer at any later time, with [`Context::reply`] or [`Context::redirect`].
    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, request: Self::Request) {
        let _ = (cx, id, request);
    }

    /// A [`sync`](Context::sync) came to its end. For those who do not wait.
    ///
    /// ```
    /// use sim_core::protocol::{DiskDone, Tag};
    /// # use sim_core::protocol::Never;
    /// # use sim_core::{Cluster, Context, NodeId, Protocol, RequestId, id::ClientId};
    ///
    /// /// Answers each request when its record is durable, and goes on with others meanwhile.
    /// #[derive(Debug)]
    /// struct Ledger {
    ///     written: u64,
    ///     waiting: Vec<(u64, RequestId)>,
    /// }
    ///
    /// impl Protocol for Ledger {
    /// #     type Config = ();
    /// #     type Message = Never;
    /// #     type Timer = Never;
    /// #     type Request = u64;
    /// #     type Reply = &'static str;
    /// #     type Record = u64;
    /// #     fn new(_: NodeId, _: &Cluster<()>) -> Self {
    /// #         Self { written: 0, waiting: Vec::new() }
    /// #     }
    /// #     fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, message: Never) {
    /// #         match message {}
    /// #     }
    ///     // …
    ///     fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, entry: u64) {
    ///         self.written += 1;
    ///         self.waiting.push((self.written, id));
    ///         cx.write(entry);
    ///         cx.sync(Tag(self.written));
    ///     }
    ///
    ///     fn on_disk(&mut self, cx: &mut Context<Self>, done: DiskDone) {
    ///         let DiskDone::Synced(Tag(durable)) = done else { panic!("the ledger is lost") };
    ///         for (_, id) in self.waiting.extract_if(.., |(written, _)| *written <= durable) {
    ///             cx.reply(id, "done");
    ///         }
    ///     }
    /// }
    ///
    /// let mut cx = Context::bare(NodeId(0), 1);
    /// let mut ledger = Ledger::new(NodeId(0), &Cluster::new(vec![()]));
    /// for number in 1..=3 {
    ///     ledger.on_request(&mut cx, RequestId { client: ClientId(0), number }, 7);
    /// }
    /// cx.take_effects();
    /// ledger.on_disk(&mut cx, DiskDone::Synced(Tag(2)));
    /// assert_eq!(cx.effects(), ["=> c1#1 \"done\"", "=> c1#2 \"done\""]);
    /// ```
    fn on_disk(&mut self, cx: &mut Context<Self>, done: DiskDone) {
        let _ = (cx, done);
    }

    /// Which kind of message this is: an index into the names that the protocol's
    /// [`Subject`](crate::subject::Subject) lists, so that counting and aiming need no text.
    fn kind(message: &Self::Message) -> Kind {
        let _ = message;
        Kind(0)
    }

    /// What the process is at the moment, in a word (`"leader"`): for traces and for aiming faults.
    fn role(&self) -> &'static str {
        "node"
    }
}

/// The type without values: for a protocol without timers, clients or a disk.
///
/// ```
/// use sim_core::protocol::Never;
///
/// // What cannot be asked needs no answer.
/// let answer = |request: Never| -> u64 { match request {} };
/// assert_eq!(None.map(answer), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Never {}

/// A kind of message, as an index into the names that the subject lists.
///
/// ```
/// use sim_core::protocol::Kind;
///
/// enum Message {
///     Ask,
///     Answer(u64),
/// }
/// const MESSAGES: [&str; 2] = ["Ask", "Answer"];
///
/// fn kind(message: &Message) -> Kind {
///     match message {
///         Message::Ask => Kind(0),
///         Message::Answer(_) => Kind(1),
///     }
/// }
/// assert_eq!(MESSAGES[usize::from(kind(&Message::Answer(7)).0)], "Answer");
/// # assert_eq!(kind(&Message::Ask), Kind(0));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Kind(pub u8);

/// A name for a [`sync`](Context::sync), chosen by the protocol.
///
/// ```
/// use sim_core::protocol::Tag;
/// # use sim_core::{Context, NodeId, example::Highest};
/// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
///
/// // How far the log is durable when this sync is over.
/// let length = 12;
/// cx.sync(Tag(length));
/// assert_eq!(cx.effects(), ["sync 12"]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tag(pub u64);

/// How a [`sync`](Context::sync) ended.
///
/// ```
/// use sim_core::protocol::{DiskDone, Tag};
///
/// let durable = |done| match done {
///     DiskDone::Synced(Tag(length)) => Some(length),
///     DiskDone::Failed(_) => None,
/// };
/// assert_eq!(durable(DiskDone::Synced(Tag(12))), Some(12));
/// assert_eq!(durable(DiskDone::Failed(Tag(12))), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DiskDone {
    /// What was written before it is durable.
    Synced(Tag),
    /// The disk refused, and what was not yet durable is lost: asking again does not bring it back
    /// (Rebello et al. 2020, "Can Applications Recover from fsync Failures?").
    Failed(Tag),
}

/// Everything that an earlier process of a node left on disk, oldest first.
///
/// ```
/// use sim_core::protocol::{Found, Recovered};
/// use sim_core::{Cluster, Duration, NodeId, Protocol};
/// # use sim_core::example::Highest;
///
/// let mut node = Highest::new(NodeId(0), &Cluster::new(vec![Duration::from_millis(10)]));
/// node.restore(Recovered::new(vec![Found::Record(3), Found::Record(7), Found::Torn]));
/// assert_eq!(node.seen, 7);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered<R> {
    found: Vec<Found<R>>,
}

impl<R> Recovered<R> {
    /// What a disk holds.
    #[must_use]
    pub const fn new(found: Vec<Found<R>>) -> Self {
        Self { found }
    }

    /// Whether the disk was empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The records that can be read, for a protocol whose records are never torn or corrupt.
    pub fn records(self) -> impl Iterator<Item = R> {
        self.found.into_iter().filter_map(|found| match found {
            Found::Record(record) => Some(record),
            Found::Torn | Found::Corrupt => None,
        })
    }
}

impl<R> IntoIterator for Recovered<R> {
    type Item = Found<R>;
    type IntoIter = std::vec::IntoIter<Found<R>>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter()
    }
}

/// One thing found on a disk.
///
/// ```
/// use sim_core::protocol::{Found, Recovered};
///
/// // A log ends where the first thing stands that is no record.
/// let log = |found: Recovered<u64>| -> Vec<u64> {
///     let whole = |found| match found {
///         Found::Record(record) => Some(record),
///         Found::Torn | Found::Corrupt => None,
///     };
///     found.into_iter().map_while(whole).collect()
/// };
/// assert_eq!(log(Recovered::new(vec![Found::Record(3), Found::Corrupt, Found::Record(7)])), [3]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found<R> {
    /// A record, whole.
    Record(R),
    /// The beginning of a record whose writing a crash cut.
    Torn,
    /// Something that does not match its checksum.
    Corrupt,
}

/// Who takes part, and with which constants.
///
/// ```
/// use sim_core::{Cluster, NodeId};
///
/// let roles = Cluster::new(vec!["acceptor", "acceptor", "learner"]);
/// assert_eq!(roles.size(), 3);
/// assert_eq!(roles.config(NodeId(2)), &"learner");
/// assert!(roles.peers(NodeId(2)).into_iter().all(|peer| *roles.config(peer) == "acceptor"));
/// ```
#[derive(Clone, Debug)]
pub struct Cluster<C> {
    configs: Vec<C>,
}

impl<C> Cluster<C> {
    /// A cluster with one node for each config.
    ///
    /// # Panics
    /// If there are none.
    #[must_use]
    pub fn new(configs: Vec<C>) -> Self {
        assert!(!configs.is_empty(), "a cluster has at least one node");
        Self { configs }
    }

    /// How many nodes there are, up or not.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.configs.len()
    }

    /// Never true; here because there is a [`len`](Self::len).
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.configs.is_empty()
    }

    /// A node's constants.
    ///
    /// # Panics
    /// If there is no such node.
    #[must_use]
    pub fn config(&self, node: NodeId) -> &C {
        &self.configs[node.index()]
    }

    /// From now on a node's constants are others.
    pub(crate) fn upgrade(&mut self, node: NodeId, config: C) {
        self.configs[node.index()] = config;
    }

    /// Every node but one.
    #[must_use]
    pub fn peers(&self, me: NodeId) -> Peers {
        Peers::new(me, self.size())
    }

    /// The number of nodes, as identities count them.
    #[must_use]
    pub fn size(&self) -> u32 {
        u32::try_from(self.configs.len()).expect("fewer than 2³² nodes")
    }
}
