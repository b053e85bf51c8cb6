//! What makes a protocol something that can be run by name: its client, its words, what it promises
//! and its known flaws.

use crate::check::{Goal, Invariant, Judge};
use crate::client::Client;
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
    /// The mistakes that it can be configured to make.
    const FLAWS: &'static [Flaw] = &[];

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
}

/// What a random operation may be about.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// How many keys there are.
    pub keys: u32,
    /// How many nodes there are, up or not.
    pub nodes: u32,
}

/// Something that a subject promises.
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
pub enum Check<S: Subject + ?Sized> {
    /// After every step: `always`.
    Invariant(fn(&Cluster<ConfigOf<S>>) -> InvariantOf<S>),
    /// Within a time after the last fault: `eventually`.
    Goal(fn(&Cluster<ConfigOf<S>>) -> GoalOf<S>),
    /// On the history of the whole run: `always`.
    History(fn() -> JudgeOf<S>),
}

/// A place in the protocol that a sweep can ask to have been reached: `sometimes`.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Its name.
    pub name: &'static str,
    /// What has happened then, in a line.
    pub about: &'static str,
}

/// A mistake that a subject can be configured to make.
#[derive(Clone, Copy, Debug)]
pub struct Flaw {
    /// Its name: `config: { flaw: … }`.
    pub name: &'static str,
    /// What it does wrong, in a line.
    pub about: &'static str,
    /// The property that names the harm.
    pub breaks: &'static str,
    /// The scenario that finds it.
    pub scenario: &'static str,
}
