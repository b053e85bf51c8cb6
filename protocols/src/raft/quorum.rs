//! A leader that nobody answers leads nobody: it steps down (dissertation §6.2).
//!
//! The paper's leader need not, for others elect another one meanwhile. Where nobody listens to
//! candidates as long as he hears of a leader (`prevote`), a leader that is heard and hears nothing
//! would keep the cluster from ever doing anything.

use sim_core::Context;
use sim_core::id::NodeId;

use super::log::Term;
use super::wire::Timer;
use super::{Raft, Role};
use crate::machine::Machine;

impl<M: Machine> Raft<M> {
    /// A leader begins to count who answers it, for an election timeout.
    pub(super) fn count_answers(&mut self, cx: &mut Context<Self>) {
        if self.is_loyal() {
            self.answered.clear();
            self.answered.insert(self.me);
            cx.set_timer(Timer::Quorum, self.config.election_timeout);
        }
    }

    /// A member of this term said something.
    pub(super) fn note_answer(&mut self, from: NodeId, term: Term) {
        if self.is_leader() && term == self.term {
            self.answered.insert(from);
        }
    }

    /// The time is over.
    pub(super) fn check_quorum(&mut self, cx: &mut Context<Self>) {
        if !self.is_leader() {
            return;
        }
        if self.is_quorum(&self.answered) {
            return self.count_answers(cx);
        }
        cx.reached("lonely_leader_resigned");
        self.role = Role::Follower;
        self.leader = None;
        self.stop_leading(cx);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;

    use super::super::testing::{cx, leader};
    use super::super::{Index, Message};
    use super::*;
    use crate::kv::Kv;

    fn loyal() -> Raft<Kv> {
        let mut node = leader(2, &[1, 2]);
        node.config.pre_vote = true;
        node.count_answers(&mut cx());
        node
    }

    #[test]
    fn a_leader_that_a_majority_answers_goes_on() {
        let mut node = loyal();
        let answer = Message::Appended { term: Term(2), matched: Index(0) };
        node.on_message(&mut cx(), NodeId(2), answer);
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Quorum);
        assert_eq!(cx.effects(), ["timer Quorum in 150ms..300ms"]);
        assert!(node.is_leader());
        node.on_timer(&mut cx, Timer::Quorum);
        assert!(!node.is_leader(), "not for what was said before");
    }

    #[test]
    fn one_that_nobody_answers_steps_down_and_stays_in_its_term() {
        let mut node = loyal();
        let mut cx = cx();
        node.on_timer(&mut cx, Timer::Quorum);
        let effects = [
            "reached lonely_leader_resigned",
            "cancel Heartbeat",
            "timer Election in 150ms..300ms",
        ];
        assert_eq!(cx.effects(), effects);
        assert_eq!((node.role(), node.term), ("follower", Term(2)));
    }
}
