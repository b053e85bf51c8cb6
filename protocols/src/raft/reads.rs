//! Reads that go around the log and are linearizable all the same (dissertation §6.4).
//!
//! A leader's own state may be old: another may have been elected since it last heard of anybody.
//! So before it reads there, it lets a majority confirm that it still leads: in a round of messages
//! that begins after the read came in (ReadIndex), or by a *lease* (§6.4.1), a time in which that
//! majority elects nobody else because it heard of this leader. The lease runs from when the round
//! began, for every answer may have been given right then, and lasts as long as the shortest
//! election timeout, less what two clocks may drift apart.
//!
//! Here everything that is committed is applied in the same step, so the state that is read is never
//! behind the commit index at which the read came in.

use std::collections::VecDeque;

use sim_core::Context;
use sim_core::id::{NodeId, RequestId};
use sim_core::time::{Duration, Time};

use super::config::Reads;
use super::log::Term;
use super::request::Reply;
use super::wire::Message;
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

/// A leader's reads, and who confirmed that it leads.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Pending<C> {
    /// What waits to be read, in order of arrival.
    reads: VecDeque<Waiting<C>>,
    /// The number of the latest round.
    round: u64,
    /// The latest that a majority confirmed.
    confirmed: u64,
    /// The latest that each member confirmed.
    by_member: Vec<u64>,
    /// When each began that is not yet confirmed, where there are leases.
    began: VecDeque<(u64, Time)>,
    /// Until when nobody else is elected, by this node's clock.
    lease: Option<Time>,
    /// Whether it gave that up, until it is elected again.
    renounced: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Waiting<C> {
    id: RequestId,
    command: C,
    /// The round that must be confirmed: one that began after this read came in.
    round: u64,
}

impl<C> Default for Pending<C> {
    fn default() -> Self {
        Self {
            reads: VecDeque::new(),
            round: 0,
            confirmed: 0,
            by_member: Vec::new(),
            began: VecDeque::new(),
            lease: None,
            renounced: false,
        }
    }
}

impl<C> Pending<C> {
    /// Nobody's promise counts any more.
    pub(super) fn renounce_lease(&mut self) {
        self.lease = None;
        self.renounced = true;
    }

    fn confirm(&mut self, member: NodeId, round: u64) {
        if self.by_member.len() <= member.index() {
            self.by_member.resize(member.index() + 1, 0);
        }
        let row = &mut self.by_member[member.index()];
        *row = round.max(*row);
    }

    fn confirmed_by(&self, member: NodeId) -> u64 {
        self.by_member.get(member.index()).copied().unwrap_or_default()
    }

    /// When a round began, which is then forgotten with all before it.
    fn take_beginning(&mut self, round: u64) -> Option<Time> {
        let mut began = None;
        while let Some(&(first, time)) = self.began.front().filter(|(first, _)| *first <= round) {
            began = (first == round).then_some(time);
            self.began.pop_front();
        }
        began
    }
}

/// The leader's side.
impl<M: Machine> Raft<M> {
    /// Answers a request without the log, now or later; says whether it will.
    pub(super) fn reads_around_log(
        &mut self,
        cx: &mut Context<Self>,
        id: RequestId,
        command: &M::Command,
    ) -> bool {
        if self.config.reads == Reads::Log {
            return false;
        }
        let Some(output) = self.machine.read(command) else { return false };
        // Flawed: another may lead by now, and have written what this one does not know.
        if self.makes(Flaw::NoReadIndex) {
            cx.reply(id, Reply::Read(output));
            return true;
        }
        // What earlier leaders committed, a new one knows when an entry of its own term is (§6.4,
        // step 1). Until then a read goes through the log.
        if !self.has_committed_in_term() {
            return false;
        }
        if self.reads.lease.is_some_and(|end| cx.now() < end) {
            cx.reached("read_by_lease");
            cx.reply(id, Reply::Read(output));
            return true;
        }
        if self.reads.lease.is_some_and(|end| cx.now() < end.saturating_add(self.margin())) {
            cx.reached("lease_margin_kept");
        }
        if self.reads.reads.iter().any(|read| read.id == id) {
            return true;
        }
        let idle = self.reads.confirmed == self.reads.round;
        let read = Waiting { id, command: command.clone(), round: self.reads.round + 1 };
        self.reads.reads.push_back(read);
        if idle {
            self.start_round(cx);
        }
        true
    }

    /// With each heartbeat: what was lost is asked again, and the lease renewed.
    pub(super) fn renew_round(&mut self, cx: &mut Context<Self>) {
        if self.config.reads == Reads::Lease || !self.reads.reads.is_empty() {
            self.start_round(cx);
        }
    }

    /// Asks everybody whether it still leads.
    fn start_round(&mut self, cx: &mut Context<Self>) {
        self.reads.round += 1;
        let round = self.reads.round;
        if self.config.reads == Reads::Lease {
            self.reads.began.push_back((round, cx.now()));
        }
        self.reads.confirm(self.me, round);
        self.tell_members(cx, Message::Confirm { term: self.term, round });
        self.count_confirmations(cx);
    }

    /// A member answered.
    pub(super) fn on_confirmed(
        &mut self,
        cx: &mut Context<Self>,
        member: NodeId,
        term: Term,
        round: u64,
    ) {
        if self.is_leader() && term == self.term {
            self.reads.confirm(member, round);
            self.count_confirmations(cx);
        }
    }

    fn count_confirmations(&mut self, cx: &mut Context<Self>) {
        let confirmed_by = |member| self.reads.confirmed_by(member);
        let majority = |voters| self.majority(voters);
        let known = self.reads.confirmed;
        let Some(confirmed) = self.members.reached_beyond(known, confirmed_by, majority) else {
            return;
        };
        self.reads.confirmed = confirmed;
        if let Some(began) = self.reads.take_beginning(confirmed).filter(|_| !self.reads.renounced)
        {
            // Flawed: a follower may have answered long ago, and its promise be over sooner.
            let from = if self.makes(Flaw::LeaseFromAnswer) { cx.now() } else { began };
            self.reads.lease = Some(from.saturating_add(self.lease()));
        }
        while self.reads.reads.front().is_some_and(|read| read.round <= confirmed) {
            let Some(read) = self.reads.reads.pop_front() else { break };
            let Some(output) = self.machine.read(&read.command) else { continue };
            cx.reached("read_confirmed");
            cx.reply(read.id, Reply::Read(output));
        }
        if !self.reads.reads.is_empty() && self.reads.confirmed == self.reads.round {
            self.start_round(cx);
        }
    }

    /// How long a lease lasts by this node's clock, which may be as slow as another's is fast.
    fn lease(&self) -> Duration {
        let shortest = u128::from(self.config.election_timeout.shortest().as_nanos());
        let drift = u128::from(self.config.clock_bound.0);
        let nanos = shortest * (MILLION - drift) / (MILLION + drift);
        let nanos = u64::try_from(nanos).expect("no more than the timeout");
        // Flawed: a voter with a faster clock waits no longer when this leader still does.
        if self.makes(Flaw::LeaseWithoutMargin) {
            return self.config.election_timeout.shortest();
        }
        Duration::from_nanos(nanos)
    }

    /// How much shorter a lease is than if all clocks ran equally fast.
    fn margin(&self) -> Duration {
        let shortest = self.config.election_timeout.shortest().as_nanos();
        Duration::from_nanos(shortest - self.lease().as_nanos())
    }

    /// Whether an entry of this leader's own term is committed.
    pub(super) fn has_committed_in_term(&self) -> bool {
        self.log.id(self.commit).is_some_and(|id| id.term == self.term)
    }
}

/// The follower's side.
impl<M: Machine> Raft<M> {
    /// A leader wants to know whether it still is one. A later term in the answer says that it is
    /// not.
    pub(super) fn on_confirm(
        &mut self,
        cx: &mut Context<Self>,
        leader: NodeId,
        term: Term,
        round: u64,
    ) {
        // Who asked in an earlier term may lead this one too, and count its rounds anew: none of
        // them is confirmed by this.
        let mut confirmed = 0;
        if term == self.term {
            if let Role::Leader(_) = self.role {
                return;
            }
            self.hear_leader(cx, leader);
            confirmed = round;
        }
        self.flush(cx);
        cx.send(leader, Message::Confirmed { term: self.term, round: confirmed });
    }
}

/// In parts per million.
const MILLION: u128 = 1_000_000;

#[cfg(test)]
mod tests {
    use sim_core::protocol::Protocol;
    use sim_core::units::Ppm;

    use super::super::log::Index;
    use super::super::testing::{committed, cx, flawed, in_term, leader, node, request};
    use super::super::{Request, Timer};
    use super::*;
    use crate::kv::{Command, Key, Kv};

    const GET: Request<Command> = Request::Command(Command::Get { key: Key(0) });

    /// A leader of term 2 that has committed an entry of that term.
    fn reads(reads: Reads) -> Raft<Kv> {
        let mut node = committed(2, leader(2, &[1, 2]));
        node.config.reads = reads;
        node
    }

    /// What a handler did at a time, in milliseconds.
    fn at(ms: u64, run: impl FnOnce(&mut Context<Raft<Kv>>)) -> Vec<String> {
        let (mut cx, now) = (cx(), Time::ZERO + Duration::from_millis(ms));
        cx.set_clocks(now, now);
        run(&mut cx);
        cx.take_effects().into_iter().map(|effect| format!("{effect:?}")).collect()
    }

    fn asks(node: &mut Raft<Kv>, ms: u64, number: u32) -> Vec<String> {
        at(ms, |cx| node.on_request(cx, request(number), GET))
    }

    fn confirmed(node: &mut Raft<Kv>, ms: u64, member: u32, round: u64) -> Vec<String> {
        let message = Message::Confirmed { term: Term(2), round };
        at(ms, |cx| node.on_message(cx, NodeId(member), message))
    }

    #[test]
    fn a_read_waits_for_a_majority_that_was_asked_after_it_came_in() {
        let mut node = reads(Reads::ReadIndex);
        assert_eq!(asks(&mut node, 0, 1), ["-> * Confirm(term 2, round 1)"]);
        assert!(asks(&mut node, 0, 2).is_empty(), "for the next round");
        assert!(asks(&mut node, 0, 1).is_empty(), "it waits already");
        assert_eq!(
            confirmed(&mut node, 1, 2, 1),
            ["reached read_confirmed", "=> c1#1 absent", "-> * Confirm(term 2, round 2)"]
        );
        assert!(confirmed(&mut node, 1, 1, 1).is_empty(), "an answer to the first");
        let second = ["reached read_confirmed", "=> c1#2 absent"];
        assert_eq!(confirmed(&mut node, 1, 1, 2), second);
    }

    #[test]
    fn a_heartbeat_asks_again() {
        let mut node = reads(Reads::ReadIndex);
        asks(&mut node, 0, 1);
        let beat = at(50, |cx| node.on_timer(cx, Timer::Heartbeat));
        assert!(beat.contains(&"-> * Confirm(term 2, round 2)".into()), "{beat:?}");
        assert_eq!(confirmed(&mut node, 60, 1, 2)[1], "=> c1#1 absent");
        let idle = at(100, |cx| node.on_timer(cx, Timer::Heartbeat));
        assert!(!idle.iter().any(|effect| effect.contains("Confirm")), "{idle:?}");
    }

    #[test]
    fn what_does_not_only_read_and_what_comes_too_early_goes_through_the_log() {
        let mut node = reads(Reads::ReadIndex);
        let put = Request::Command(super::super::testing::PUT);
        let put = at(0, |cx| node.on_request(cx, request(1), put));
        assert_eq!(put[0], "write Append(2/3 c1#1 put x 1)");
        node.commit = Index(1);
        assert_eq!(asks(&mut node, 0, 2)[0], "write Append(2/4 c1#2 get x)", "of term 1");
    }

    #[test]
    fn a_lease_runs_from_the_question_and_ends_before_anybody_can_be_elected() {
        let mut node = reads(Reads::Lease);
        node.config.clock_bound = Ppm(200_000);
        asks(&mut node, 1_000, 1);
        confirmed(&mut node, 1_060, 1, 1);
        let by_lease = ["reached read_by_lease", "=> c1#2 absent"];
        // 150 ms of a clock that is a fifth too fast are 100 ms of one that is a fifth too slow.
        assert_eq!(asks(&mut node, 1_099, 2), by_lease);
        let asks_again = ["reached lease_margin_kept", "-> * Confirm(term 2, round 2)"];
        assert_eq!(asks(&mut node, 1_100, 2), asks_again);
        let mut node = flawed(Flaw::LeaseWithoutMargin, reads(Reads::Lease));
        node.config.clock_bound = Ppm(200_000);
        asks(&mut node, 1_000, 1);
        confirmed(&mut node, 1_060, 1, 1);
        assert_eq!(asks(&mut node, 1_100, 2), by_lease);
        let mut node = flawed(Flaw::LeaseFromAnswer, reads(Reads::Lease));
        asks(&mut node, 1_000, 1);
        confirmed(&mut node, 1_060, 1, 1);
        assert_eq!(asks(&mut node, 1_200, 2), by_lease);
    }

    #[test]
    fn who_hands_over_has_no_lease_any_more() {
        let mut node = reads(Reads::Lease);
        asks(&mut node, 0, 1);
        confirmed(&mut node, 1, 1, 1);
        node.reads.renounce_lease();
        assert_eq!(asks(&mut node, 2, 2), ["-> * Confirm(term 2, round 2)"]);
        confirmed(&mut node, 3, 1, 2);
        assert_eq!(
            asks(&mut node, 4, 3),
            ["-> * Confirm(term 2, round 3)"],
            "until it is elected again"
        );
    }

    #[test]
    fn who_restarts_may_have_promised_a_lease() {
        for (reads, heard) in [(Reads::Lease, true), (Reads::ReadIndex, false)] {
            let mut node = in_term(2, node(&[1, 2]));
            node.config.reads = reads;
            at(7, |cx| node.on_start(cx));
            assert_eq!(node.heard.is_some(), heard);
        }
    }

    #[test]
    fn a_follower_confirms_its_leader_and_tells_a_former_one_of_its_term() {
        let mut node = in_term(2, node(&[1, 2]));
        let asked = |node: &mut Raft<Kv>, term| {
            let message = Message::Confirm { term: Term(term), round: 7 };
            at(0, |cx| node.on_message(cx, NodeId(1), message))
        };
        assert_eq!(
            asked(&mut node, 1),
            ["-> n1 Confirmed(term 2, round 0)"],
            "not round 7 of term 2"
        );
        let confirmed = ["timer Election in 150ms..300ms", "-> n1 Confirmed(term 2, round 7)"];
        assert_eq!(asked(&mut node, 2), confirmed);
        assert_eq!(node.leader, Some(NodeId(1)));
    }

    #[test]
    fn flawed_a_leader_asks_nobody() {
        let mut node = flawed(Flaw::NoReadIndex, reads(Reads::ReadIndex));
        assert_eq!(asks(&mut node, 0, 1), ["=> c1#1 absent"]);
    }
}
