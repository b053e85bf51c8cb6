//! What a handler may do: know, choose and act.
//!
//! The context is owned and borrows nothing, so protocol code stays free of lifetimes. It records;
//! it never acts by itself. A test calls a handler with a bare one (feature `testing`) and looks at
//! [`effects`](Context::effects).

use std::any::Any;
use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use crate::chance::{Chance, Delay};
use crate::choice::{Choice, Choices};
use crate::hash::content;
use crate::id::{NodeId, NodeSet, Peers, RequestId};
use crate::protocol::{Protocol, Tag};
use crate::signed::Signed;
use crate::time::Time;

/// Something that a handler wants done.
///
/// ```
/// use sim_core::context::{Destination, Effect};
/// # use sim_core::{Context, NodeId, example::Highest};
/// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
///
/// cx.send(NodeId(1), 7);
/// let Effect::Send { to: Destination::One(to), message } = &cx.effects()[0] else { panic!() };
/// assert_eq!((*to, *message), (NodeId(1), 7));
/// // Or as it prints, which is shorter:
/// assert_eq!(cx.effects(), ["-> n1 7"]);
/// ```
// A tag of its own: one hidden in the niche of a field took about ten instructions more a message.
#[repr(u8)]
pub enum Effect<P: Protocol> {
    /// A message to one node, several, or all others.
    Send {
        /// Whom it is for.
        to: Destination,
        /// What it says.
        message: P::Message,
    },
    /// An alarm, which replaces an earlier one of that name.
    SetTimer {
        /// Its name.
        timer: P::Timer,
        /// How long from now, by the node's own clock.
        delay: Delay,
    },
    /// No alarm after all.
    CancelTimer {
        /// Its name.
        timer: P::Timer,
    },
    /// A record for the disk: buffered, and not yet safe.
    Write {
        /// The record.
        record: P::Record,
    },
    /// These records instead of all that was written so far: buffered, and not yet safe.
    Checkpoint {
        /// The records that take their place, oldest first.
        records: Vec<P::Record>,
    },
    /// Make durable what was written, and report it through
    /// [`on_disk`](Protocol::on_disk).
    Sync {
        /// What the report will be called.
        tag: Tag,
    },
    /// Make durable what was written, and do nothing else until it is (rule 3).
    Flush,
    /// An answer to a client.
    Reply {
        /// Which request it answers.
        request: RequestId,
        /// The answer.
        reply: P::Reply,
    },
    /// "I did not and shall not do this: ask that node", or "ask another" where none is known.
    Redirect {
        /// Which request it answers.
        request: RequestId,
        /// Whom to ask.
        to: Option<NodeId>,
    },
    /// A place in the protocol that a sweep wants to know it has been to.
    Reached {
        /// Its name, one of those that the subject lists.
        point: &'static str,
    },
}

/// Whom a message is for.
///
/// ```
/// use sim_core::context::Destination;
/// use sim_core::id::NodeSet;
/// use sim_core::NodeId;
///
/// let odd: NodeSet = [NodeId(1), NodeId(3)].into_iter().collect();
/// assert_eq!(format!("{:?}", Destination::One(NodeId(1))), "n1");
/// assert_eq!(format!("{:?}", Destination::Many(odd)), "{n1, n3}");
/// assert_eq!(format!("{:?}", Destination::Others), "*");
/// ```
// A tag of its own, as [`Effect`] has one.
#[repr(u8)]
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Destination {
    /// One node; oneself too, over the network.
    One(NodeId),
    /// Each of these.
    Many(NodeSet),
    /// Every other node.
    Others,
}

/// What a handler is lent: it knows, chooses and acts through this, and through nothing else.
///
/// ```
/// use sim_core::{Cluster, Context, Duration, NodeId, Protocol, RequestId, id::ClientId};
/// # use sim_core::example::Highest;
///
/// let mut node = Highest::new(NodeId(0), &Cluster::new(vec![Duration::from_millis(10); 3]));
/// let mut cx = Context::bare(NodeId(0), 3);
/// let id = RequestId { client: ClientId(0), number: 1 };
/// node.on_request(&mut cx, id, 7);
/// // The answer waits until the number is durable.
/// assert_eq!(cx.effects(), ["write 7", "flush", "=> c1#1 7"]);
/// ```
pub struct Context<P: Protocol> {
    me: NodeId,
    nodes: u32,
    now: Time,
    wall: Time,
    choices: Choices,
    effects: Vec<Effect<P>>,
    /// The contexts that [`within`](Self::within) lent before, kept for their buffers.
    inner: Vec<Box<dyn Any>>,
}

/// To know.
impl<P: Protocol> Context<P> {
    /// Who this process is.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// Every other node.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(1), 3);
    /// for peer in cx.peers() {
    ///     cx.send(peer, u64::from(peer.0));
    /// }
    /// assert_eq!(cx.effects(), ["-> n0 0", "-> n2 2"]);
    /// ```
    #[must_use]
    pub const fn peers(&self) -> Peers {
        Peers::new(self.me, self.nodes)
    }

    /// The node's monotonic clock, which may run fast or slow (rule 6).
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// The node's wall clock, which may also be wrong and jump, forwards and back.
    #[must_use]
    pub const fn wall(&self) -> Time {
        self.wall
    }
}

/// To choose. Each choice is recorded in the step, so that an explorer can enumerate them.
impl<P: Protocol> Context<P> {
    /// A number below `of`, each equally likely.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.script(vec![2]);
    /// let colour = ["red", "green", "blue"][cx.choose(3) as usize];
    /// assert_eq!(colour, "blue");
    /// ```
    ///
    /// # Panics
    /// If `of` is zero.
    #[inline]
    pub fn choose(&mut self, of: u64) -> u64 {
        self.choices.below(of)
    }

    /// Whether something of this chance happens.
    ///
    /// ```
    /// use sim_core::chance::Chance;
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    ///
    /// cx.script(vec![1, 0]);
    /// let coin = Chance::from_percent(50);
    /// assert_eq!([cx.chance(coin), cx.chance(coin)], [true, false]);
    /// ```
    pub fn chance(&mut self, chance: Chance) -> bool {
        self.choices.chance(chance)
    }

    /// So many different peers, all of them if there are fewer, each set equally likely.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 100);
    /// let gossip_to = cx.sample(3);
    /// assert_eq!(gossip_to.len(), 3);
    /// assert!(!gossip_to.contains(cx.me()));
    /// cx.multicast(gossip_to, 7);
    /// ```
    pub fn sample(&mut self, count: usize) -> NodeSet {
        let peers = self.peers();
        let mut picked = NodeSet::new();
        // Floyd's algorithm (Bentley & Floyd 1987): as many choices as members.
        for last in peers.len() - count.min(peers.len())..peers.len() {
            let position = usize::try_from(self.choose(last as u64 + 1)).expect("below a usize");
            if !picked.insert(peers.get(position)) {
                picked.insert(peers.get(last));
            }
        }
        picked
    }

    /// A generator of raw randomness, for a foreign library that insists on one. What it draws is
    /// reproducible, but cannot be enumerated: a protocol that calls this cannot be explored.
    ///
    /// ```
    /// use rand_core::Rng;
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    ///
    /// let mut foreign = cx.entropy();
    /// let (one, other) = (foreign.next_u64(), foreign.next_u64());
    /// assert_ne!(one, other);
    /// ```
    pub fn entropy(&mut self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.choices.entropy())
    }
}

/// To act.
impl<P: Protocol> Context<P> {
    /// Sends a message to one node.
    #[inline]
    pub fn send(&mut self, to: NodeId, message: P::Message) {
        self.effects.push(Effect::Send { to: Destination::One(to), message });
    }

    /// Sends a message to several nodes.
    #[inline]
    pub fn multicast(&mut self, to: NodeSet, message: P::Message) {
        self.effects.push(Effect::Send { to: Destination::Many(to), message });
    }

    /// Sends a message to every other node.
    #[inline]
    pub fn broadcast(&mut self, message: P::Message) {
        self.effects.push(Effect::Send { to: Destination::Others, message });
    }

    /// Sets an alarm, in place of an earlier one of that name. The world draws the length.
    ///
    /// ```
    /// use sim_core::Duration;
    /// # use sim_core::{Context, NodeId, example::{Highest, Tell}};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    ///
    /// cx.set_timer(Tell, Duration::from_millis(50));
    /// cx.set_timer(Tell, Duration::from_millis(150)..=Duration::from_millis(300));
    /// assert_eq!(cx.effects(), ["timer Tell in 50ms", "timer Tell in 150ms..300ms"]);
    /// ```
    #[inline]
    pub fn set_timer(&mut self, timer: P::Timer, delay: impl Into<Delay>) {
        self.effects.push(Effect::SetTimer { timer, delay: delay.into() });
    }

    /// Cancels an alarm, if it is set.
    #[inline]
    pub fn cancel_timer(&mut self, timer: P::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Hands a record to the disk. A crash may lose it until a [`sync`](Self::sync) or a
    /// [`flush`](Self::flush) after it is done.
    #[inline]
    pub fn write(&mut self, record: P::Record) {
        self.effects.push(Effect::Write { record });
    }

    /// Replaces everything on the disk by these records, atomically, once they are durable.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.persist(3);
    /// cx.persist(7);
    /// // Only the highest counts: after this flush the disk holds a single record.
    /// cx.checkpoint(vec![7]);
    /// cx.flush();
    /// assert_eq!(cx.effects()[4..], ["checkpoint [7]", "flush"]);
    /// ```
    pub fn checkpoint(&mut self, records: Vec<P::Record>) {
        self.effects.push(Effect::Checkpoint { records });
    }

    /// Asks the disk to make durable what was written, and does not wait:
    /// [`on_disk`](Protocol::on_disk) will say how it ended.
    ///
    /// ```
    /// use sim_core::protocol::Tag;
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    ///
    /// cx.write(7);
    /// cx.write(8);
    /// cx.sync(Tag(2));
    /// cx.broadcast(8); // leaves at once, whatever becomes of the disk
    /// assert_eq!(cx.effects(), ["write 7", "write 8", "sync 2", "-> * 8"]);
    /// ```
    pub fn sync(&mut self, tag: Tag) {
        self.effects.push(Effect::Sync { tag });
    }

    /// Waits until all that was written is durable: nothing recorded after it happens before, and the
    /// node's inputs wait. If the disk refuses, the process crashes (rule 3).
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.write(7);
    /// cx.write(8);
    /// cx.flush();
    /// cx.broadcast(8); // leaves when both are durable
    /// assert_eq!(cx.effects(), ["write 7", "write 8", "flush", "-> * 8"]);
    /// ```
    #[inline]
    pub fn flush(&mut self) {
        self.effects.push(Effect::Flush);
    }

    /// Writes a record and waits until it is durable.
    #[inline]
    pub fn persist(&mut self, record: P::Record) {
        self.write(record);
        self.flush();
    }

    /// Answers a client.
    #[inline]
    pub fn reply(&mut self, request: RequestId, reply: P::Reply) {
        self.effects.push(Effect::Reply { request, reply });
    }

    /// Tells a client that this node did not and will not do what it asks, and who might. After this
    /// the attempt must have no effect.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, RequestId, example::Highest, id::ClientId};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// # let request = RequestId { client: ClientId(0), number: 7 };
    /// let leader = Some(NodeId(2));
    /// cx.redirect(request, leader);
    /// assert_eq!(cx.effects(), ["=> c1#7 ask n2"]);
    /// ```
    #[inline]
    pub fn redirect(&mut self, request: RequestId, to: Option<NodeId>) {
        self.effects.push(Effect::Redirect { request, to });
    }

    /// Signs a value, as this node (rule 9).
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let cx = Context::<Highest>::bare(NodeId(1), 3);
    /// let vote = cx.sign(("view", 4));
    /// assert_eq!((vote.by(), vote.1), (NodeId(1), 4));
    /// ```
    pub const fn sign<T>(&self, value: T) -> Signed<T> {
        Signed::new(self.me, value)
    }

    /// Notes that the run came to this point. A sweep in which it never did is told so.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.reached("overtaken");
    /// assert_eq!(cx.effects(), ["reached overtaken"]);
    /// ```
    #[inline]
    pub fn reached(&mut self, point: &'static str) {
        self.effects.push(Effect::Reached { point });
    }

    /// Lends a context to a protocol inside this one, and lifts what it records, in order: see
    /// [`Lift`].
    pub fn within<Q: Protocol, L: Lift<Q, Outer = P>, T>(
        &mut self,
        lift: &mut L,
        run: impl FnOnce(&mut Context<Q>) -> T,
    ) -> T {
        let kept = self.inner.iter().position(|inner| inner.is::<Context<Q>>());
        let mut inner = match kept {
            Some(place) => self.inner.swap_remove(place).downcast().expect("it is one of these"),
            None => Box::new(Context::<Q>::lent(self.me, self.nodes)),
        };
        inner.load(self.me, self.now, self.wall);
        inner.nodes = self.nodes;
        std::mem::swap(&mut inner.choices, &mut self.choices);
        let result = run(&mut inner);
        std::mem::swap(&mut inner.choices, &mut self.choices);
        for effect in inner.effects.drain(..) {
            self.lift(lift, effect);
        }
        self.inner.push(inner);
        result
    }

    fn lift<Q: Protocol, L: Lift<Q, Outer = P>>(&mut self, lift: &mut L, effect: Effect<Q>) {
        let lifted = match effect {
            Effect::Send { to, message } => Effect::Send { to, message: lift.message(message) },
            Effect::SetTimer { timer, delay } => {
                Effect::SetTimer { timer: lift.timer(timer), delay }
            }
            Effect::CancelTimer { timer } => Effect::CancelTimer { timer: lift.timer(timer) },
            Effect::Write { record } => Effect::Write { record: lift.record(record) },
            Effect::Checkpoint { records } => {
                let records = records.into_iter().map(|record| lift.record(record)).collect();
                Effect::Checkpoint { records }
            }
            Effect::Sync { tag } => Effect::Sync { tag: lift.tag(tag) },
            Effect::Flush => Effect::Flush,
            Effect::Reply { request, reply } => return lift.reply(self, request, reply),
            Effect::Redirect { request, to } => return lift.redirect(self, request, to),
            Effect::Reached { point } => Effect::Reached { point },
        };
        self.effects.push(lifted);
    }
}

/// How what a protocol inside another one does becomes what the outer one does.
///
/// ```
/// use sim_core::context::Lift;
/// use sim_core::{Cluster, Context, Duration, NodeId, Protocol, RequestId};
/// # use sim_core::example::{Highest, Tell};
///
/// /// Greets, and keeps the highest number besides.
/// #[derive(Debug)]
/// struct Greeter {
///     highest: Highest,
/// }
///
/// #[derive(Clone, Hash, Debug)]
/// enum Message {
///     Hello,
///     Highest(u64),
/// }
///
/// struct Outward;
///
/// impl Lift<Highest> for Outward {
///     type Outer = Greeter;
///
///     fn message(&mut self, number: u64) -> Message {
///         Message::Highest(number)
///     }
///     fn timer(&mut self, timer: Tell) -> Tell {
///         timer
///     }
///     fn record(&mut self, number: u64) -> u64 {
///         number
///     }
///     fn reply(&mut self, cx: &mut Context<Greeter>, request: RequestId, reply: u64) {
///         cx.reply(request, reply);
///     }
/// }
///
/// impl Protocol for Greeter {
/// #     type Config = Duration;
/// #     type Message = Message;
/// #     type Timer = Tell;
/// #     type Request = u64;
/// #     type Reply = u64;
/// #     type Record = u64;
/// #     fn new(me: NodeId, cluster: &Cluster<Duration>) -> Self {
/// #         Self { highest: Highest::new(me, cluster) }
/// #     }
/// #     fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, _: Message) {}
///     // …
///     fn on_timer(&mut self, cx: &mut Context<Self>, timer: Tell) {
///         cx.within(&mut Outward, |inner| self.highest.on_timer(inner, timer));
///         cx.broadcast(Message::Hello);
///     }
/// }
///
/// let mut cx = Context::bare(NodeId(0), 3);
/// let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
/// Greeter::new(NodeId(0), &cluster).on_timer(&mut cx, Tell);
/// assert_eq!(cx.effects(), ["-> * Highest(0)", "timer Tell in 10ms", "-> * Hello"]);
/// ```
pub trait Lift<Q: Protocol> {
    /// The protocol around it.
    type Outer: Protocol;

    /// Wraps a message.
    fn message(&mut self, message: Q::Message) -> <Self::Outer as Protocol>::Message;
    /// Wraps the name of a timer.
    fn timer(&mut self, timer: Q::Timer) -> <Self::Outer as Protocol>::Timer;
    /// Wraps a record.
    fn record(&mut self, record: Q::Record) -> <Self::Outer as Protocol>::Record;
    /// Renames a sync, so that two protocols inside one can be told apart.
    fn tag(&mut self, tag: Tag) -> Tag {
        tag
    }
    /// Takes an answer: the outer protocol may be its client, or pass it on.
    fn reply(&mut self, cx: &mut Context<Self::Outer>, request: RequestId, reply: Q::Reply);
    /// Takes a redirection.
    fn redirect(&mut self, cx: &mut Context<Self::Outer>, request: RequestId, to: Option<NodeId>) {
        cx.redirect(request, to);
    }
}

/// For engines and adversaries.
impl<P: Protocol> Context<P> {
    /// A context for the processes of a cluster of this size.
    pub(crate) fn lent(me: NodeId, nodes: u32) -> Self {
        Self {
            me,
            nodes,
            now: Time::ZERO,
            wall: Time::ZERO,
            choices: Choices::drawn(),
            effects: Vec::new(),
            inner: Vec::new(),
        }
    }

    /// The choices made since the context was lent.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// /// Sends one of three colours.
    /// fn handler(cx: &mut Context<Highest>) {
    ///     let colour = cx.choose(3);
    ///     cx.broadcast(colour);
    /// }
    ///
    /// // An explorer calls it once, to learn what can be chosen, and then with every other choice.
    /// let mut cx = Context::bare(NodeId(0), 3);
    /// handler(&mut cx);
    /// for pick in 0..cx.choices()[0].of {
    ///     let mut cx = Context::bare(NodeId(0), 3);
    ///     cx.script(vec![pick]);
    ///     handler(&mut cx);
    ///     assert_eq!(cx.effects(), [&*format!("-> * {pick}")]);
    /// }
    /// # assert_eq!(cx.choices()[0].of, 3);
    /// ```
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        self.choices.made()
    }

    /// What was recorded, in order.
    #[must_use]
    pub fn effects(&self) -> &[Effect<P>] {
        &self.effects
    }

    /// What was recorded, to be rewritten: for an [`Adversary`](crate::adversary::Adversary).
    ///
    /// ```
    /// use sim_core::context::Effect;
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    ///
    /// cx.persist(7);
    /// cx.broadcast(7);
    /// // What a disk that lies would have done.
    /// cx.effects_mut().retain(|effect| !matches!(effect, Effect::Write { .. } | Effect::Flush));
    /// assert_eq!(cx.effects(), ["-> * 7"]);
    /// ```
    pub const fn effects_mut(&mut self) -> &mut Vec<Effect<P>> {
        &mut self.effects
    }

    #[inline]
    pub(crate) fn load(&mut self, me: NodeId, now: Time, wall: Time) {
        assert!(self.effects.is_empty(), "the previous step was applied");
        self.me = me;
        self.now = now;
        self.wall = wall;
    }

    pub(crate) const fn resize(&mut self, nodes: u32) {
        self.nodes = nodes;
    }

    pub(crate) const fn choices_mut(&mut self) -> &mut Choices {
        &mut self.choices
    }
}

/// For tests and explorers, which call a handler without an engine. Behind a feature, because with a
/// context of one's own making one could sign as anybody (rule 9).
#[cfg(any(test, feature = "testing"))]
impl<P: Protocol> Context<P> {
    /// A context that no engine made: for calling one handler and looking at what it recorded.
    #[must_use]
    pub fn bare(me: NodeId, nodes: u32) -> Self {
        Self::lent(me, nodes)
    }

    /// Lets the next choices come out as given, and zero when these are used up.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.script(vec![4, 1]);
    /// assert_eq!([cx.choose(5), cx.choose(5), cx.choose(5)], [4, 1, 0]);
    /// ```
    pub fn script(&mut self, picks: Vec<u64>) {
        self.choices.script(picks);
    }

    /// Takes out what was recorded.
    ///
    /// ```
    /// # use sim_core::{Context, NodeId, example::Highest};
    /// let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// cx.broadcast(7);
    /// assert_eq!(cx.take_effects(), ["-> * 7"]);
    /// assert!(cx.effects().is_empty(), "ready for the next handler");
    /// ```
    pub fn take_effects(&mut self) -> Vec<Effect<P>> {
        std::mem::take(&mut self.effects)
    }

    /// Sets both clocks.
    ///
    /// ```
    /// use sim_core::{Duration, Time};
    /// # use sim_core::{Context, NodeId, example::Highest};
    ///
    /// let mut cx = Context::<Highest>::bare(NodeId(0), 3);
    /// let after = |secs| Time::ZERO + Duration::from_secs(secs);
    /// cx.set_clocks(after(2), after(9));
    /// assert_eq!((cx.now(), cx.wall()), (after(2), after(9)));
    /// ```
    pub const fn set_clocks(&mut self, now: Time, wall: Time) {
        self.now = now;
        self.wall = wall;
    }
}

impl<P: Protocol> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("me", &self.me)
            .field("now", &self.now)
            .field("effects", &self.effects)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(node) => fmt::Debug::fmt(node, f),
            Self::Many(nodes) => fmt::Debug::fmt(nodes, f),
            Self::Others => f.write_str("*"),
        }
    }
}

impl Destination {
    /// A word that tells it from every other, for the fingerprint.
    #[inline]
    pub(crate) fn word(&self) -> u64 {
        match self {
            Self::One(node) => u64::from(node.0),
            Self::Others => 1 << 32,
            Self::Many(nodes) => content(nodes) | 1 << 33,
        }
    }
}

impl<P: Protocol> Effect<P> {
    /// Which kind of effect it is, for the fingerprint.
    pub(crate) const fn discriminant(&self) -> u64 {
        match self {
            Self::Send { .. } => 1,
            Self::SetTimer { .. } => 2,
            Self::CancelTimer { .. } => 3,
            Self::Write { .. } => 4,
            Self::Checkpoint { .. } => 5,
            Self::Sync { .. } => 6,
            Self::Flush => 7,
            Self::Reply { .. } => 8,
            Self::Redirect { .. } => 9,
            Self::Reached { .. } => 10,
        }
    }
}

impl<P: Protocol> Clone for Effect<P> {
    fn clone(&self) -> Self {
        match self {
            Self::Send { to, message } => Self::Send { to: to.clone(), message: message.clone() },
            Self::SetTimer { timer, delay } => Self::SetTimer { timer: *timer, delay: *delay },
            Self::CancelTimer { timer } => Self::CancelTimer { timer: *timer },
            Self::Write { record } => Self::Write { record: record.clone() },
            Self::Checkpoint { records } => Self::Checkpoint { records: records.clone() },
            Self::Sync { tag } => Self::Sync { tag: *tag },
            Self::Flush => Self::Flush,
            Self::Reply { request, reply } => {
                Self::Reply { request: *request, reply: reply.clone() }
            }
            Self::Redirect { request, to } => Self::Redirect { request: *request, to: *to },
            Self::Reached { point } => Self::Reached { point },
        }
    }
}

impl<P: Protocol> fmt::Debug for Effect<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send { to, message } => write!(f, "-> {to:?} {message:?}"),
            Self::SetTimer { timer, delay } => write!(f, "timer {timer:?} in {delay}"),
            Self::CancelTimer { timer } => write!(f, "cancel {timer:?}"),
            Self::Write { record } => write!(f, "write {record:?}"),
            Self::Checkpoint { records } => write!(f, "checkpoint {records:?}"),
            Self::Sync { tag } => write!(f, "sync {}", tag.0),
            Self::Flush => f.write_str("flush"),
            Self::Reply { request, reply } => write!(f, "=> {request} {reply:?}"),
            Self::Redirect { request, to: Some(to) } => write!(f, "=> {request} ask {to}"),
            Self::Redirect { request, to: None } => write!(f, "=> {request} ask another"),
            Self::Reached { point } => write!(f, "reached {point}"),
        }
    }
}

/// Effects are compared as they print, so that a test can compare them whatever its messages are.
impl<P: Protocol> PartialEq<&str> for Effect<P> {
    fn eq(&self, printed: &&str) -> bool {
        format!("{self:?}") == *printed
    }
}
