//! A seat that lies.

use crate::context::Context;
use crate::protocol::Protocol;

/// What takes the place of an honest process's effects in a corrupted seat.
///
/// It sees what the process recorded and may change, drop, repeat or add to it; what it holds back
/// now it may send at a later step. It has its own memory, and its own stream of choices, so that
/// corrupting a node changes none of the honest draws. It cannot sign as another node (rule 9).
pub trait Adversary<P: Protocol> {
    /// Rewrites the effects of one step, through [`Context::effects_mut`].
    fn rewrite(&mut self, cx: &mut Context<P>);
}
