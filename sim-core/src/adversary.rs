//! A seat that lies.

use crate::context::Context;
use crate::protocol::Protocol;

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
}
