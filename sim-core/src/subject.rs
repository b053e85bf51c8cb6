//! What makes a protocol something that can be run by name: its client, its words, what it promises
//! and its known flaws.

use crate::adversary::Forge;
use crate::check::{Goal, Invariant, Judge};
use crate::client::Client;
use crate::history::Reading;
use crate::id::{NodeId, RequestId};
use crate::protocol::{Cluster, Protocol};
use crate::rng::Draw;

/// The config of a subject's nodes.
pub type ConfigOf<S> = <<S as Subject>::Protocol as Protocol>::Config;
/// What a subject's client is handed to do.
pub type TaskOf<S> = <<S as Subject>::Client as Client<<S as Subject>::Protocol>>::Task;
/// What a subject's history says was asked.
pub type AskedOf<S> = <<S as Subject>::Client as Client<<S as Subject>::Protocol>>::Asked;
/// What a subject's history says was answered.
pub type ToldOf<S> = <<S as Subject>::Client as Client<<S as Subject>::Protocol>>::Told;

/// An invariant of a subject.
pub type InvariantOf<S> = Box<dyn Invariant<<S as Subject>::Protocol>>;
/// A goal of a subject.
pub type GoalOf<S> = Box<dyn Goal<<S as Subject>::Protocol>>;
/// A judge of a subject's histories.
pub type JudgeOf<S> = Box<dyn Judge<AskedOf<S>, ToldOf<S>>>;

/// A protocol with everything that a scenario can name.
///
/// ```
/// use sim_core::client::OneReply;
/// use sim_core::id::{NodeId, RequestId};
/// use sim_core::rng::{Draw, Key};
/// use sim_core::subject::{Property, Scope, Subject};
/// # use sim_core::example::Highest;
/// # use sim_core::id::ClientId;
///
/// struct HighestNumber;
///
/// impl Subject for HighestNumber {
///     type Protocol = Highest;
///     type Client = OneReply<Highest>;
///
///     const NAME: &'static str = "highest";
///     const PROMISE: &'static str = "every node gets to know the highest number";
///     const OPERATIONS: &'static [&'static str] = &["offer"];
///     const PROPERTIES: &'static [Property<Self>] = &[];
///
///     fn task(_: usize, scope: Scope, _: RequestId, draw: &mut Draw) -> u64 {
///         draw.below(u64::from(scope.keys))
///     }
///
///     fn parse_task(text: &str, _: &dyn Fn(&str) -> Option<NodeId>) -> Result<u64, String> {
///         let number = text.strip_prefix("offer ").and_then(|number| number.parse().ok());
///         number.ok_or_else(|| format!("`{text}` is no task; write: offer 7"))
///     }
/// }
///
/// assert_eq!(HighestNumber::parse_task("offer 7", &|_| None), Ok(7));
/// assert!(HighestNumber::parse_task("offer x", &|_| None).is_err());
/// # let id = RequestId { client: ClientId(0), number: 1 };
/// # let scope = Scope { keys: 10, nodes: 3 };
/// # assert!(HighestNumber::task(0, scope, id, &mut Key::new(1).draw()) < 10);
/// ```
pub trait Subject: 'static {
    /// The protocol.
    type Protocol: Protocol;
    /// Its clients.
    type Client: Client<Self::Protocol>;

    /// Its name in scenarios.
    const NAME: &'static str;
    /// What it promises, in a line.
    const PROMISE: &'static str;
    /// The kinds of its messages, as [`Protocol::kind`] counts them.
    const MESSAGES: &'static [&'static str] = &["message"];
    /// The names of its timers, as they are printed, without what stands in brackets. A schedule is
    /// checked against them; where there are none, it may name any.
    const TIMERS: &'static [&'static str] = &[];
    /// The words that [`Protocol::role`] uses.
    const ROLES: &'static [&'static str] = &["node"];
    /// What clients can ask for, as a scenario's `mix` names it.
    const OPERATIONS: &'static [&'static str] = &[];
    /// How many of these, from the first, clients ask for where a scenario has no `mix`: all of
    /// them, unless some are for administrators.
    const USUAL_OPERATIONS: usize = Self::OPERATIONS.len();
    /// The points that [`Context::reached`](crate::Context::reached) may name.
    const POINTS: &'static [Point] = &[];
    /// What it is judged by.
    const PROPERTIES: &'static [Property<Self>];
    /// The lies in what its messages say that a corrupted node can tell. Who equivocates tells some the
    /// truth and others the first of them.
    const FORGERIES: &'static [Forgery<Self>] = &[];
    /// The mistakes that it can be configured to make.
    const FLAWS: &'static [Flaw] = &[];

    /// How many nodes of a cluster must be up and reach one another so that clients are answered. A
    /// scenario that expects an answer where there are fewer is refused. No number, zero, unless a
    /// protocol knows one.
    #[must_use]
    fn quorum(cluster: &Cluster<ConfigOf<Self>>) -> usize {
        let _ = cluster;
        0
    }

    /// How many nodes of a cluster may lie so that all promises are kept. A scenario that corrupts more
    /// must say what they break. Nobody, unless a protocol is made for it.
    #[must_use]
    fn liars(cluster: &Cluster<ConfigOf<Self>>) -> usize {
        let _ = cluster;
        0
    }

    /// A random operation of a kind, as an index into [`OPERATIONS`](Self::OPERATIONS).
    ///
    /// # Panics
    /// Unless it is written: a subject that lists operations can draw them.
    fn task(operation: usize, scope: Scope, id: RequestId, draw: &mut Draw) -> TaskOf<Self> {
        let _ = (operation, scope, id, draw);
        unreachable!("{} lists no operations", Self::NAME)
    }

    /// An operation as a script writes it. Which node a name means, `node` says.
    ///
    /// # Errors
    /// What would have been right.
    fn parse_task(
        text: &str,
        node: &dyn Fn(&str) -> Option<NodeId>,
    ) -> Result<TaskOf<Self>, String> {
        let _ = (text, node);
        Err(format!("nobody can ask {} anything", Self::NAME))
    }

    /// An answer as a script expects it.
    ///
    /// # Errors
    /// What would have been right.
    fn parse_told(text: &str) -> Result<ToldOf<Self>, String> {
        let _ = text;
        Err(format!("{} answers nothing", Self::NAME))
    }

    /// How an operation reads to those who know no protocol, with what it was told if it was. `None`
    /// unless a subject says so: then it is known as it is printed.
    #[must_use]
    fn reading(asked: &AskedOf<Self>, told: Option<&ToldOf<Self>>) -> Option<Reading> {
        let _ = (asked, told);
        None
    }
}

/// What a random operation may be about.
///
/// ```
/// use sim_core::rng::Key;
/// use sim_core::subject::Scope;
///
/// // A task that is about one of the keys, each equally likely.
/// let scope = Scope { keys: 5, nodes: 3 };
/// let key = Key::new(1).draw().below(u64::from(scope.keys));
/// assert!(key < 5);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// How many keys there are.
    pub keys: u32,
    /// How many nodes there are, up or not.
    pub nodes: u32,
}

/// Something that a subject promises.
///
/// ```
/// use sim_core::check::{Invariant, Step};
/// use sim_core::subject::{Check, Property, Subject};
/// # use sim_core::{client::OneReply, example::Highest};
///
/// #[derive(Default)]
/// struct NeverFalls(Vec<u64>);
///
/// impl Invariant<Highest> for NeverFalls {
///     // …
/// #     fn observe(&mut self, _: &Step<'_, Highest>) -> Result<(), String> {
/// #         Ok(())
/// #     }
/// }
///
/// struct HighestNumber;
///
/// impl Subject for HighestNumber {
/// #     type Protocol = Highest;
/// #     type Client = OneReply<Highest>;
/// #     const NAME: &'static str = "highest";
/// #     const PROMISE: &'static str = "every node gets to know the highest number";
///     const PROPERTIES: &'static [Property<Self>] =
///         &[Property::always::<NeverFalls>("never_falls", "no node's number falls")];
///     // …
/// }
/// assert!(matches!(HighestNumber::PROPERTIES[0].check, Check::Invariant(_)));
/// ```
pub struct Property<S: Subject + ?Sized> {
    /// Its name in scenarios.
    pub name: &'static str,
    /// What it says, in a line.
    pub about: &'static str,
    /// How it is judged.
    pub check: Check<S>,
}

impl<S: Subject + ?Sized> Property<S> {
    /// One that every step keeps, by an invariant that begins as its default.
    #[must_use]
    pub const fn always<I: Invariant<S::Protocol> + Default + 'static>(
        name: &'static str,
        about: &'static str,
    ) -> Self {
        Self { name, about, check: Check::Invariant(|_| Box::new(I::default())) }
    }

    /// One that comes about within a time after the last fault, by a goal that begins as its default.
    #[must_use]
    pub const fn eventually<G: Goal<S::Protocol> + Default + 'static>(
        name: &'static str,
        about: &'static str,
    ) -> Self {
        Self { name, about, check: Check::Goal(|_| Box::new(G::default())) }
    }

    /// One that the history of the whole run keeps.
    ///
    /// ```
    /// use sim_core::check::{Judge, Judgement};
    /// use sim_core::history::History;
    /// use sim_core::subject::{Check, Property, Subject};
    /// # use sim_core::{client::OneReply, example::Highest};
    ///
    /// struct Answered;
    ///
    /// impl Judge<u64, u64> for Answered {
    ///     // …
    /// #     fn judge(&mut self, _: &History<u64, u64>) -> Judgement {
    /// #         Judgement::Holds
    /// #     }
    /// }
    ///
    /// struct HighestNumber;
    ///
    /// impl Subject for HighestNumber {
    /// #     type Protocol = Highest;
    /// #     type Client = OneReply<Highest>;
    /// #     const NAME: &'static str = "highest";
    /// #     const PROMISE: &'static str = "every node gets to know the highest number";
    ///     const PROPERTIES: &'static [Property<Self>] = &[Property::of_the_history(
    ///         "answered",
    ///         "every operation is answered",
    ///         || Box::new(Answered),
    ///     )];
    ///     // …
    /// }
    /// assert!(matches!(HighestNumber::PROPERTIES[0].check, Check::History(_)));
    /// ```
    #[must_use]
    pub const fn of_the_history(
        name: &'static str,
        about: &'static str,
        judge: fn() -> JudgeOf<S>,
    ) -> Self {
        Self { name, about, check: Check::History(judge) }
    }
}

/// How a property is judged.
///
/// ```
/// use sim_core::subject::{Check, Subject};
///
/// /// The word under which a scenario asks for a property.
/// fn word<S: Subject>(check: &Check<S>) -> &'static str {
///     match check {
///         Check::Invariant(_) | Check::History(_) => "always",
///         Check::Goal(_) => "eventually",
///     }
/// }
/// # use sim_core::check::{Goal, Step};
/// # use sim_core::subject::Property;
/// # use sim_core::{Time, client::OneReply, example::Highest};
/// # struct HighestNumber;
/// # #[derive(Default)]
/// # struct Everywhere;
/// # impl Goal<Highest> for Everywhere {
/// #     fn observe(&mut self, _: &Step<'_, Highest>) {}
/// #     fn met_since(&self) -> Option<Time> {
/// #         None
/// #     }
/// #     fn waiting_for(&self) -> String {
/// #         String::new()
/// #     }
/// # }
/// # impl Subject for HighestNumber {
/// #     type Protocol = Highest;
/// #     type Client = OneReply<Highest>;
/// #     const NAME: &'static str = "highest";
/// #     const PROMISE: &'static str = "every node gets to know the highest number";
/// #     const PROPERTIES: &'static [Property<Self>] = &[];
/// # }
///
/// type Promise = Property<HighestNumber>;
/// let everywhere = Promise::eventually::<Everywhere>("everywhere", "all nodes know it");
/// assert_eq!(word(&everywhere.check), "eventually");
/// ```
pub enum Check<S: Subject + ?Sized> {
    /// After every step: `always`.
    Invariant(fn(&Cluster<ConfigOf<S>>) -> InvariantOf<S>),
    /// Within a time after the last fault: `eventually`.
    Goal(fn(&Cluster<ConfigOf<S>>) -> GoalOf<S>),
    /// On the history of the whole run: `always`.
    History(fn() -> JudgeOf<S>),
}

/// A place in the protocol that a sweep can ask to have been reached: `sometimes`.
///
/// ```
/// use sim_core::subject::Point;
/// # use sim_core::{Context, NodeId, example::Highest};
/// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
///
/// const POINTS: [Point; 1] =
///     [Point { name: "overtaken", about: "a node heard of a higher number than it told" }];
///
/// cx.reached(POINTS[0].name);
/// assert_eq!(cx.effects(), ["reached overtaken"]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its name.
    pub name: &'static str,
    /// What has happened then, in a line.
    pub about: &'static str,
}

/// A lie in what a message says: how a corrupted node can be told to tell it.
///
/// ```
/// use sim_core::subject::Forgery;
/// # use sim_core::{Context, NodeId, client::OneReply, example::Highest, subject::{Property, Subject}};
/// # struct HighestNumber;
/// # impl Subject for HighestNumber {
/// #     type Protocol = Highest;
/// #     type Client = OneReply<Highest>;
/// #     const NAME: &'static str = "highest";
/// #     const PROMISE: &'static str = "every node gets to know the highest number";
/// #     const PROPERTIES: &'static [Property<Self>] = &[];
/// # }
///
/// const BOASTS: Forgery<HighestNumber> = Forgery {
///     name: "boast",
///     about: "tells a higher number than anybody asked with",
///     forge: |_, number| Some(number + 1_000),
/// };
/// # let mut cx = Context::<Highest>::bare(NodeId(0), 3);
/// assert_eq!((BOASTS.forge)(&mut cx, &7), Some(1_007));
/// ```
pub struct Forgery<S: Subject + ?Sized> {
    /// Its name: `how: …`.
    pub name: &'static str,
    /// What it says instead, in a line.
    pub about: &'static str,
    /// What becomes of a message.
    pub forge: Forge<S::Protocol>,
}

/// A mistake that a subject can be configured to make.
///
/// ```
/// use sim_core::subject::Flaw;
///
/// const FLAWS: [Flaw; 1] = [Flaw {
///     name: "keeps_the_latest",
///     about: "A lower number takes the place of a higher one",
///     breaks: "never_falls",
///     or_breaks: &[],
///     trigger: "overtaken",
///     scenario: "highest/late_news",
///     swarm: Some("highest/swarm"),
/// }];
/// let of = |name: &str| FLAWS.iter().find(|flaw| flaw.name == name);
/// assert_eq!(of("keeps_the_latest").map(|flaw| flaw.breaks), Some("never_falls"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Flaw {
    /// Its name: `config: { flaw: … }`.
    pub name: &'static str,
    /// What it does wrong, in a line.
    pub about: &'static str,
    /// The property that names the harm, and is the first to be broken in most runs that break any.
    pub breaks: &'static str,
    /// What else is the first to be broken in some of them. Anything besides is not this flaw's doing.
    pub or_breaks: &'static [&'static str],
    /// What shows that a run without the flaw came to the line that the flaw breaks: a point, or a kind of
    /// message.
    pub trigger: &'static str,
    /// The scenario that hunts it.
    pub scenario: &'static str,
    /// The scenario of trouble that nobody chose which may find it too.
    pub swarm: Option<&'static str>,
}
