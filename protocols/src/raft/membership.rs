//! Changes of the members while the cluster works (Raft §6, dissertation chapter 4).
//!
//! An order names the members that there are to be. The leader goes there step by step, each step an
//! entry in the log, the next one when that is committed:
//!
//! 1. Who is to have a vote and is no member yet becomes a *learner*: it is sent entries and counts
//!    for nothing, so a cluster does not wait for someone who has yet to catch up (§4.2.1).
//! 2. When the learners have caught up, the voters change: at once, if it is one voter more or less,
//!    for then any majority of the old and any of the new share a node (§4.1); else by way of a
//!    *joint* configuration, in which both the old and the new must agree (Raft §6).
//! 3. Out of a joint configuration any leader goes, whoever led into it.
//!
//! A leader may not begin before it has committed an entry of its own term. Else two leaders, each of
//! which knows nothing of the other's uncommitted change, go one step in different directions, and
//! the majorities of the two share nobody (Ongaro, *bug in single-server membership changes*,
//! raft-dev, 10 July 2015; published after the dissertation).

use std::rc::Rc;

use sim_core::Context;
use sim_core::id::{NodeId, NodeSet, RequestId};
use sim_core::time::Time;

use super::log::{Action, Entry, Index};
use super::members::Members;
use super::reads::Pending;
use super::request::{Order, Reply};
use super::wire::Timer;
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

/// An order that a leader carries out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Change {
    order: Order,
    /// Who wants to know when it is done.
    id: RequestId,
    catching_up: Option<Round>,
}

/// A round of catching up: what the log held when it began (§4.2.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Round {
    number: u32,
    upto: Index,
    began: Time,
}

/// Who is slower than the log grows for so many rounds is not added (§4.2.1).
const ROUNDS: u32 = 10;

impl Order {
    /// The members that there are to be, if it is about members.
    fn target(&self, now: &Members) -> Option<Members> {
        Some(match self {
            Self::Add(node) => now.with_voter(*node),
            Self::Remove(node) => now.without(*node),
            Self::Learn(node) => now.with_learner(*node),
            Self::Members(voters) => now.with_voters(voters),
            Self::Transfer(_) => return None,
        })
    }
}

/// The leader's side.
impl<M: Machine> Raft<M> {
    /// An administrator wants other members. One order at a time; the same one again is the same.
    pub(super) fn change_members(&mut self, cx: &mut Context<Self>, id: RequestId, order: Order) {
        let target = order.target(&self.members);
        let somebody_votes = target.is_some_and(|target| !target.voters().is_empty());
        match &mut self.change {
            Some(change) if change.order == order => change.id = id,
            None if somebody_votes => {
                self.change = Some(Change { order, id, catching_up: None });
                self.pursue_change(cx);
            }
            _ => cx.redirect(id, None),
        }
    }

    /// With each heartbeat: who does not answer does not keep others from being added.
    pub(super) fn press_change(&mut self, cx: &mut Context<Self>) {
        if self.change.is_some() {
            self.pursue_change(cx);
        }
    }

    /// Goes a step towards the members that there are to be, if one is due.
    pub(super) fn pursue_change(&mut self, cx: &mut Context<Self>) {
        if !self.is_leader() || !self.may_change(cx) {
            return;
        }
        if self.members.is_joint() {
            cx.reached("joint_left");
            return self.change_to(cx, self.members.settled());
        }
        let Some(target) = self.change.as_ref().and_then(|c| c.order.target(&self.members)) else {
            return;
        };
        let new = |node: &NodeId| !self.members.voters().contains(*node);
        let new: NodeSet = target.voters().iter().filter(new).collect();
        if target == *self.members {
            if let Some(done) = self.change.take() {
                cx.reached("members_changed");
                cx.reply(done.id, Reply::Done);
            }
        } else if new.overlap(self.members.learners()) < new.len() {
            let learn = |members: Members, node| members.with_learner(node);
            self.change_to(cx, new.iter().fold(Members::clone(&self.members), learn));
        } else if new.is_empty() || self.has_caught_up(cx, &new) {
            // Flawed: from one majority to another that shares nobody with it (Raft, Figure 10).
            let at_once = self.makes(Flaw::NoJointConsensus);
            if at_once || self.members.votes_changed(&target) <= 1 {
                self.change_to(cx, target);
            } else {
                cx.reached("joint_entered");
                self.change_to(cx, self.members.joint_with(target));
            }
        }
    }

    /// Whether the last step is committed, and with it something of this leader's own term.
    fn may_change(&self, cx: &mut Context<Self>) -> bool {
        if self.configurations.latest().0 > self.commit {
            return false;
        }
        // Flawed: an earlier leader's change may be somewhere, and be committed yet (2015).
        if self.makes(Flaw::SingleServerWithoutOwnTermCommit) {
            return true;
        }
        if !self.has_committed_in_term() {
            cx.reached("change_held_back");
            return false;
        }
        true
    }

    /// Adds a configuration to the log. It is in force from then on.
    fn change_to(&mut self, cx: &mut Context<Self>, members: Members) {
        let action = Action::Members(Rc::new(members));
        self.append(cx, Entry::new(self.term, action));
        self.flush(cx);
        self.replicate(cx);
        self.advance_commit(cx);
    }

    /// Whether those who are to have a vote lack nothing, or so little that they got all that the log
    /// held when a round began in less than an election timeout (§4.2.1).
    fn has_caught_up(&mut self, cx: &mut Context<Self>, new: &NodeSet) -> bool {
        let (now, last) = (cx.now(), self.log.last().index);
        let Role::Leader(leadership) = &self.role else { return false };
        let slowest = new.iter().map(|node| leadership.matched(node)).min().unwrap_or_default();
        let Some(change) = &mut self.change else { return false };
        let round = change.catching_up.get_or_insert(Round { number: 1, upto: last, began: now });
        let (timeout, took) = (self.config.election_timeout, now.since(round.began));
        let caught_up = slowest >= last || slowest >= round.upto && took < timeout.shortest();
        if slowest >= round.upto {
            *round = Round { number: round.number + 1, upto: last, began: now };
        }
        if caught_up {
            cx.reached("learner_caught_up");
        } else if round.number > ROUNDS
            || took.as_nanos() / u64::from(ROUNDS) >= timeout.longest().as_nanos()
        {
            // Nobody is told: it remains a learner, and who ordered it may order it again.
            cx.reached("catch_up_abandoned");
            self.change = None;
        }
        caught_up
    }

    /// A leader that is no voter any more leads until that is committed, and then no longer (§4.2.2).
    pub(super) fn resign_if_removed(&mut self, cx: &mut Context<Self>) {
        let settled = self.configurations.latest().0 <= self.commit;
        if !self.is_leader() || self.members.has_voter(self.me) || !settled {
            return;
        }
        cx.reached("removed_leader_resigned");
        // The others may as well know that it is committed.
        self.replicate(cx);
        self.role = Role::Follower;
        self.leader = None;
        self.stop_leading(cx);
    }

    /// Whether this node does what only a leader does, in vain from now on.
    pub(super) fn stop_leading(&mut self, cx: &mut Context<Self>) {
        self.reads = Pending::default();
        self.change = None;
        cx.cancel_timer(Timer::Heartbeat);
        // A leader waits for no leader; a follower does.
        cx.set_timer(Timer::Election, self.config.election_timeout);
    }
}

/// Everybody's side.
impl<M: Machine> Raft<M> {
    /// An entry came into the log: if it is a configuration, it is in force.
    pub(super) fn note_appended(&mut self, index: Index, action: &Action<M::Command>) {
        let Action::Members(members) = action else { return };
        self.configurations.append(index, Rc::clone(members));
        self.obey_latest();
    }

    /// Entries were taken out of the log, and with them perhaps a configuration.
    pub(super) fn note_truncated(&mut self, from: Index) -> bool {
        let undone = self.configurations.truncate(from);
        if undone {
            self.obey_latest();
        }
        undone
    }

    pub(super) fn obey_latest(&mut self) {
        self.members = Rc::clone(self.configurations.latest().1);
        let last = self.log.last().index;
        if let Role::Leader(leadership) = &mut self.role {
            leadership.admit(&self.members, last);
        }
    }

    /// Whether this node stands for election when it hears of no leader. Who is no voter any more
    /// does as long as that may not be committed: without it there may be no majority (§4.2.2).
    pub(super) fn may_stand(&self) -> bool {
        let undecided = self.configurations.latest().0 > self.commit;
        self.members.has_voter(self.me)
            || undecided && self.configurations.at(self.commit).has_voter(self.me)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::context::Effect;
    use sim_core::protocol::Protocol;

    use super::super::testing::{committed, cx, flawed, in_term, leader, node, request};
    use super::super::{Message, Request, Term};
    use super::*;
    use crate::kv::Kv;

    /// A leader of term 1 whose first entry is committed.
    fn settled() -> Raft<Kv> {
        committed(1, leader(1, &[1]))
    }

    fn orders(node: &mut Raft<Kv>, order: Order) -> Vec<String> {
        shown(|cx| node.on_request(cx, request(1), Request::Order(order)))
    }

    fn appended(node: &mut Raft<Kv>, follower: u32, matched: u64) -> Vec<String> {
        let message: Message<Kv> = Message::Appended { term: node.term, matched: Index(matched) };
        shown(|cx| node.on_message(cx, NodeId(follower), message))
    }

    /// What a handler did, but for sending and flushing.
    fn shown(run: impl FnOnce(&mut Context<Raft<Kv>>)) -> Vec<String> {
        let mut cx = cx();
        run(&mut cx);
        let told =
            |effect: &Effect<Raft<Kv>>| !matches!(effect, Effect::Flush | Effect::Send { .. });
        cx.take_effects().iter().filter(|e| told(e)).map(|effect| format!("{effect:?}")).collect()
    }

    fn set(nodes: &[u32]) -> NodeSet {
        nodes.iter().copied().map(NodeId).collect()
    }

    #[test]
    fn who_is_added_learns_first_and_votes_when_it_has_caught_up() {
        let mut node = settled();
        let learning = ["write Append(1/2 members {n0, n1, n2}, learning {n3})"];
        assert_eq!(orders(&mut node, Order::Add(NodeId(3))), learning);
        assert!(orders(&mut node, Order::Add(NodeId(3))).is_empty(), "the same again");
        assert_eq!(orders(&mut node, Order::Add(NodeId(4))), ["=> c1#1 ask another"]);
        assert_eq!(appended(&mut node, 1, 2), ["reached entry_committed"], "it lacks everything");
        assert_eq!(
            appended(&mut node, 3, 2),
            ["reached learner_caught_up", "write Append(1/3 members {n0, n1, n2, n3})"]
        );
        assert!(appended(&mut node, 1, 3).is_empty(), "two of four");
        assert_eq!(
            appended(&mut node, 3, 3),
            ["reached entry_committed", "reached members_changed", "=> c1#1 done"]
        );
    }

    #[test]
    fn several_voters_change_by_way_of_both() {
        let mut node = settled();
        orders(&mut node, Order::Members(set(&[0, 3, 4])));
        appended(&mut node, 1, 2);
        appended(&mut node, 3, 2);
        let entered = [
            "reached learner_caught_up",
            "reached joint_entered",
            "write Append(1/3 members {n0, n1, n2} and {n0, n3, n4})",
        ];
        assert_eq!(appended(&mut node, 4, 2), entered);
        assert!(appended(&mut node, 3, 3).is_empty(), "the new ones alone");
        assert_eq!(
            appended(&mut node, 1, 3),
            [
                "reached entry_committed",
                "reached joint_left",
                "write Append(1/4 members {n0, n3, n4})"
            ]
        );
        let done = ["reached entry_committed", "reached members_changed", "=> c1#1 done"];
        assert_eq!(appended(&mut node, 4, 4), done);
    }

    #[test]
    fn a_new_leader_goes_out_of_the_joint_configuration_that_it_finds() {
        let mut node = in_term(1, node(&[1]));
        let both = Members::clone(&node.members).joint_with(Members::new(set(&[0, 3, 4])));
        node.append(&mut cx(), Entry::new(Term(1), Action::Members(Rc::new(both))));
        node.on_timer(&mut cx(), Timer::Election);
        for voter in [1, 3] {
            assert!(!node.is_leader());
            let vote = Message::Vote { term: Term(2), granted: true };
            node.on_message(&mut cx(), NodeId(voter), vote);
        }
        assert!(node.is_leader(), "with both majorities");
        appended(&mut node, 1, 3);
        assert_eq!(
            appended(&mut node, 3, 3)[2..],
            ["reached joint_left", "write Append(2/4 members {n0, n3, n4})"]
        );
    }

    #[test]
    fn a_leader_waits_with_a_change_for_an_entry_of_its_own_term() {
        let new = || committed(1, leader(2, &[1, 2]));
        let removed = "write Append(2/3 members {n0, n1})";
        let mut node = new();
        assert_eq!(orders(&mut node, Order::Remove(NodeId(2))), ["reached change_held_back"]);
        assert_eq!(appended(&mut node, 1, 2), ["reached entry_committed", removed]);
        let mut node = flawed(Flaw::SingleServerWithoutOwnTermCommit, new());
        assert_eq!(orders(&mut node, Order::Remove(NodeId(2))), [removed]);
    }

    #[test]
    fn flawed_several_voters_change_at_once() {
        let mut node = flawed(Flaw::NoJointConsensus, settled());
        let changed = ["write Append(1/2 members {n0})"];
        assert_eq!(orders(&mut node, Order::Members(set(&[0])))[..1], changed);
    }

    #[test]
    fn a_leader_that_was_removed_leads_until_that_is_committed() {
        let mut node = settled();
        assert_eq!(
            orders(&mut node, Order::Remove(NodeId(0))),
            ["write Append(1/2 members {n1, n2})"]
        );
        assert!(appended(&mut node, 1, 2).is_empty(), "it does not count itself");
        assert_eq!(
            appended(&mut node, 2, 2),
            [
                "reached entry_committed",
                "reached members_changed",
                "=> c1#1 done",
                "reached removed_leader_resigned",
                "cancel Heartbeat",
                "timer Election in 150ms..300ms",
            ]
        );
        assert_eq!(node.role(), "follower");
        assert!(shown(|cx| node.on_timer(cx, Timer::Election)).is_empty(), "nor does it stand");
    }

    #[test]
    fn somebody_must_have_a_vote() {
        let mut node = settled();
        assert_eq!(orders(&mut node, Order::Members(set(&[]))), ["=> c1#1 ask another"]);
    }

    #[test]
    fn who_does_not_answer_is_given_up() {
        let mut node = settled();
        orders(&mut node, Order::Add(NodeId(3)));
        appended(&mut node, 1, 2);
        let (mut cx, late) = (cx(), Time::from_nanos(3_000_000_000));
        cx.set_clocks(late, late);
        node.on_timer(&mut cx, Timer::Heartbeat);
        assert_eq!(cx.effects()[0], "reached catch_up_abandoned");
        assert_eq!(node.change, None);
    }

    #[test]
    fn the_last_configuration_in_the_log_is_in_force_and_undone_with_it() {
        let mut node = settled();
        orders(&mut node, Order::Remove(NodeId(2)));
        assert_eq!(format!("{:?}", node.members()), "{n0, n1}");
        node.role = Role::Follower;
        assert!(node.note_truncated(Index(2)));
        assert_eq!(format!("{:?}", node.members()), "{n0, n1, n2}");
    }

    #[test]
    fn who_is_removed_stands_as_long_as_that_may_not_be_committed() {
        let mut node = settled();
        orders(&mut node, Order::Remove(NodeId(0)));
        node.role = Role::Follower;
        assert!(node.may_stand());
        node.commit = Index(2);
        assert!(!node.may_stand());
    }
}
