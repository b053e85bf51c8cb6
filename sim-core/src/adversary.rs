//! A seat that lies: what takes the place of an honest process's effects, and the lies that every
//! protocol can be told.
//!
//! A liar runs the honest process, so it always has something to say that others listen to, and
//! rewrites what comes of each step. What it draws comes from a stream of its own: corrupting a node
//! changes no other draw (rule 6). Whoever lied once is judged no more, for a promise is one of the
//! honest.

use std::collections::VecDeque;
use std::fmt;

use crate::chance::Chance;
use crate::context::{Context, Destination, Effect};
use crate::id::{NodeId, NodeSet};
use crate::protocol::Protocol;
use crate::time::Duration;

/// What takes the place of an honest process's effects in a corrupted seat.
///
/// It sees what the process recorded and may change, drop, repeat or add to it; what it holds back
/// now it may send at a later step. It has its own memory, and its own stream of choices, so that
/// corrupting a node changes none of the honest draws. It cannot sign as another node (rule 9).
///
/// ```
/// use sim_core::adversary::Adversary;
/// use sim_core::context::{Context, Effect};
/// use sim_core::{Seat, Simulation};
/// # use sim_core::example::{Highest, asking};
///
/// /// Tells everybody a number that nobody asked with.
/// struct Boaster;
///
/// impl Adversary<Highest> for Boaster {
///     fn rewrite(&mut self, cx: &mut Context<Highest>) {
///         for effect in cx.effects_mut() {
///             if let Effect::Send { message, .. } = effect {
///                 *message = 1_000;
///             }
///         }
///     }
/// }
///
/// # let setup = asking(&[7]);
/// let mut run = Simulation::new(setup);
/// run.corrupt(Seat(2), Box::new(Boaster));
/// run.run();
/// assert_eq!(run.process(Seat(0)).map(|node| node.seen), Some(1_000));
/// ```
pub trait Adversary<P: Protocol> {
    /// Rewrites the effects of one step, through [`Context::effects_mut`].
    fn rewrite(&mut self, cx: &mut Context<P>);

    /// Hears what the process hears, before it does.
    fn hears(&mut self, from: NodeId, message: &P::Message) {
        let _ = (from, message);
    }
}

/// What a liar makes of a message that an honest process would send, if it has a lie to tell in its
/// place. It may sign, as itself.
pub type Forge<P> =
    fn(&mut Context<P>, &<P as Protocol>::Message) -> Option<<P as Protocol>::Message>;

/// How a corrupted node lies, and to whom.
///
/// ```
/// use sim_core::adversary::{How, Lie};
/// use sim_core::fault::{Fault, FaultKind};
/// use sim_core::{NodeId, Seat, Simulation, Time};
/// # let mut setup = sim_core::example::asking(&[7]);
///
/// // `n0`, which was asked, tells `n1` of it and keeps it from `n2`.
/// let lie = Lie { how: How::Mute, towards: Some([NodeId(2)].into_iter().collect()) };
/// let kind = FaultKind::Corrupt { seats: vec![Seat(0)], lie };
/// setup.world.faults.push(Fault { at: Time::ZERO, until: None, kind });
/// let mut run = Simulation::new(setup);
/// while run.process(Seat(1)).is_none_or(|node| node.seen < 7) {
///     assert!(run.next_event());
/// }
/// assert_eq!(run.process(Seat(2)).map(|node| node.seen), Some(0));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lie {
    /// In which way.
    pub how: How,
    /// Who is lied to; everybody if nobody is named. Who has a twin or forgets is one to all.
    pub towards: Option<NodeSet>,
}

/// In which way a corrupted node lies.
///
/// ```
/// use sim_core::adversary::How;
/// use sim_core::Duration;
///
/// let late = How::Late(Duration::from_millis(500));
/// assert_eq!((How::Mute.name(), late.name(), How::Forge("more").name()), ("mute", "late", "more"));
/// assert!(late.is_omission() && !How::Twins.is_omission());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It says nothing.
    Mute,
    /// Whatever it says arrives so much later.
    Late(Duration),
    /// It says again, besides, what it said before.
    Replay,
    /// It tells some one thing and others another: a [`Forge`] of the protocol if it has one, else
    /// what it said on an earlier occasion.
    Equivocate,
    /// It passes off as its own what others told it.
    Parrot,
    /// A second process has its name, and each does what an honest one does (Bano et al. 2021).
    Twins,
    /// It crashes and comes back with an empty disk; and so at each restart, while it lasts.
    Amnesia,
    /// It tells a lie of the protocol, by this name.
    Forge(&'static str),
}

impl How {
    /// Those of which a scenario has to say nothing more.
    pub const PLAIN: [Self; 6] =
        [Self::Mute, Self::Replay, Self::Equivocate, Self::Parrot, Self::Twins, Self::Amnesia];

    /// As scenarios and traces write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mute => "mute",
            Self::Late(_) => "late",
            Self::Replay => "replay",
            Self::Equivocate => "equivocate",
            Self::Parrot => "parrot",
            Self::Twins => "twins",
            Self::Amnesia => "amnesia",
            Self::Forge(name) => name,
        }
    }

    /// What a node does that lies like this, in a line. The lies of a protocol are told of there.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Mute => "says nothing",
            Self::Late(_) => "says everything so much later: late: 500ms",
            Self::Replay => "says again, besides, what it said before",
            Self::Equivocate => "tells some something else than others",
            Self::Parrot => "passes off as its own what others told it",
            Self::Twins => "is two processes of one name",
            Self::Amnesia => "crashes, and comes back with an empty disk",
            Self::Forge(_) => "tells a lie of the protocol",
        }
    }

    /// Whether it does no worse than a bad link or a slow one.
    #[must_use]
    pub const fn is_omission(self) -> bool {
        matches!(self, Self::Mute | Self::Late(_))
    }

    /// What tells it from others, in keys.
    pub(crate) const fn word(self) -> u64 {
        match self {
            Self::Mute => 1,
            Self::Late(_) => 2,
            Self::Replay => 3,
            Self::Equivocate => 4,
            Self::Parrot => 5,
            Self::Twins => 6,
            Self::Amnesia => 7,
            Self::Forge(_) => 8,
        }
    }
}

/// A liar that knows nothing of its protocol but how to forge its messages, if anybody does.
pub(crate) struct Liar<P: Protocol> {
    lie: Lie,
    forge: Option<Forge<P>>,
    /// What it said, or heard, of late.
    remembered: VecDeque<P::Message>,
    /// What the honest process would have done in the step that is being rewritten.
    honest: Vec<Effect<P>>,
}

/// How much a liar remembers.
const MEMORY: usize = 32;

/// How often a liar that may lie or not does.
const NOW_AND_THEN: Chance = Chance::from_percent(50);

impl<P: Protocol> Liar<P> {
    pub(crate) const fn new(lie: Lie, forge: Option<Forge<P>>) -> Self {
        Self { lie, forge, remembered: VecDeque::new(), honest: Vec::new() }
    }

    fn remember(&mut self, message: &P::Message) {
        if self.remembered.len() == MEMORY {
            self.remembered.pop_front();
        }
        self.remembered.push_back(message.clone());
    }

    /// Something that it remembers and may say in a step like this.
    fn recall(
        &self,
        cx: &mut Context<P>,
        fits: impl Fn(&P::Message) -> bool,
    ) -> Option<P::Message> {
        let fitting = self.remembered.iter().filter(|message| fits(message)).count() as u64;
        if fitting == 0 {
            return None;
        }
        let picked = usize::try_from(cx.choose(fitting)).expect("fewer than it remembers");
        self.remembered.iter().filter(|message| fits(message)).nth(picked).cloned()
    }

    /// What it says in place of a message, to those to whom it lies.
    fn instead(&self, cx: &mut Context<P>, message: &P::Message) -> Option<P::Message> {
        match self.lie.how {
            How::Forge(_) => self.forge.and_then(|forge| forge(cx, message)),
            How::Equivocate => match self.forge {
                Some(forge) => forge(cx, message),
                None => {
                    let (kind, said) = (P::kind(message), crate::hash::content(message));
                    let differs = |old: &P::Message| {
                        P::kind(old) == kind && crate::hash::content(old) != said
                    };
                    self.recall(cx, differs)
                }
            },
            How::Parrot => cx.chance(NOW_AND_THEN).then(|| self.recall(cx, |_| true)).flatten(),
            How::Mute | How::Late(_) | How::Replay | How::Twins | How::Amnesia => None,
        }
    }

    /// Those of these to whom it lies about one message.
    fn deceived(&self, cx: &mut Context<P>, to: &NodeSet) -> NodeSet {
        let mut deceived = NodeSet::new();
        for node in to.iter() {
            let lies = match &self.lie.towards {
                Some(towards) => towards.contains(node),
                // To say the same to everybody is not to equivocate.
                None => self.lie.how != How::Equivocate || cx.chance(NOW_AND_THEN),
            };
            if lies {
                deceived.insert(node);
            }
        }
        deceived
    }

    fn send(&mut self, cx: &mut Context<P>, to: Destination, message: P::Message) {
        let everybody = match &to {
            Destination::One(node) => [*node].into_iter().collect(),
            Destination::Many(nodes) => nodes.clone(),
            Destination::Others => cx.peers().into_iter().collect(),
        };
        let deceived = self.deceived(cx, &everybody);
        if self.lie.how == How::Replay {
            if cx.chance(NOW_AND_THEN)
                && let Some(old) = self.recall(cx, |_| true)
            {
                tell(cx, deceived, old);
            }
            self.remember(&message);
            return cx.effects_mut().push(Effect::Send { to, message });
        }
        let instead = if deceived.is_empty() { None } else { self.instead(cx, &message) };
        if self.lie.how == How::Equivocate && self.forge.is_none() {
            self.remember(&message);
        }
        if deceived.is_empty() || (instead.is_none() && self.lie.how != How::Mute) {
            return cx.effects_mut().push(Effect::Send { to, message });
        }
        let told = everybody.iter().filter(|&node| !deceived.contains(node)).collect();
        tell(cx, told, message);
        if let Some(lie) = instead {
            tell(cx, deceived, lie);
        }
    }
}

fn tell<P: Protocol>(cx: &mut Context<P>, to: NodeSet, message: P::Message) {
    let first = to.iter().next();
    match first {
        None => {}
        Some(node) if to.len() == 1 => cx.send(node, message),
        Some(_) => cx.multicast(to, message),
    }
}

impl<P: Protocol> Adversary<P> for Liar<P> {
    fn rewrite(&mut self, cx: &mut Context<P>) {
        std::mem::swap(&mut self.honest, cx.effects_mut());
        let mut honest = std::mem::take(&mut self.honest);
        for effect in honest.drain(..) {
            match effect {
                Effect::Send { to, message } => self.send(cx, to, message),
                Effect::Reply { .. } | Effect::Redirect { .. }
                    if self.lie.how == How::Mute && self.lie.towards.is_none() => {}
                effect => cx.effects_mut().push(effect),
            }
        }
        self.honest = honest;
    }

    fn hears(&mut self, _: NodeId, message: &P::Message) {
        if self.lie.how == How::Parrot {
            self.remember(message);
        }
    }
}

impl<P: Protocol> fmt::Debug for Liar<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Liar").field("lie", &self.lie).finish_non_exhaustive()
    }
}
