//! Clients: what they ask is put into the log once, applied once and answered (Raft §8,
//! dissertation §6.3).

use sim_core::Context;
use sim_core::id::RequestId;

use super::log::{Action, Entry};
use super::request::Reply;
use super::{Flaw, Raft, Role};
use crate::machine::Machine;

/// What the machine remembers of its clients, replicated with it: the latest request of each, and
/// the answer. A client asks one thing at a time, so nobody will ask about an earlier one again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Sessions<O> {
    clients: Vec<Option<Session<O>>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Session<O> {
    number: u32,
    output: O,
}

impl<O> Default for Sessions<O> {
    fn default() -> Self {
        Self { clients: Vec::new() }
    }
}

impl<O> Sessions<O> {
    /// Whether a request was applied, or came so late that its client has gone on to another.
    fn is_past(&self, id: RequestId) -> bool {
        self.latest(id).is_some_and(|session| session.number >= id.number)
    }

    /// The answer to a request that was applied, while its client may still want it.
    fn output(&self, id: RequestId) -> Option<&O> {
        let session = self.latest(id)?;
        (session.number == id.number).then_some(&session.output)
    }

    /// Does what a client asked for, and remembers the answer; nothing, if it is past: then its client
    /// has the answer, or went on before it was committed.
    pub(super) fn apply<M>(
        &mut self,
        machine: &mut M,
        id: RequestId,
        command: &M::Command,
    ) -> Option<O>
    where
        M: Machine<Output = O>,
        O: Clone,
    {
        if self.is_past(id) {
            return None;
        }
        let output = machine.apply(command);
        self.remember(id, output.clone());
        Some(output)
    }

    fn remember(&mut self, id: RequestId, output: O) {
        let row = id.client.index();
        if self.clients.len() <= row {
            self.clients.resize_with(row + 1, || None);
        }
        self.clients[row] = Some(Session { number: id.number, output });
    }

    fn latest(&self, id: RequestId) -> Option<&Session<O>> {
        self.clients.get(id.client.index())?.as_ref()
    }
}

impl<M: Machine> Raft<M> {
    /// A client asks its leader: the command goes into the log, unless it is there already.
    pub(super) fn propose(&mut self, cx: &mut Context<Self>, id: RequestId, command: M::Command) {
        if self.is_handing_over() {
            return cx.redirect(id, None);
        }
        if self.reads_around_log(cx, id, &command) {
            return;
        }
        if self.sessions.is_past(id) {
            return self.answer_again(cx, id);
        }
        self.expect_answer(id);
        if self.is_under_way(id) {
            return;
        }
        if self.makes(Flaw::AcknowledgedBeforeCommitted) {
            // Flawed: this leader may be the only one who ever has the entry.
            cx.reply(id, Reply::Applied(self.machine.clone().apply(&command)));
        }
        self.append(cx, Entry::new(self.term, Action::Command { id, command }));
        self.save(cx);
        self.replicate(cx);
        self.advance_commit(cx);
    }

    /// A retry of something that was applied. The answer is true whoever gives it, for a committed
    /// entry stays.
    fn answer_again(&self, cx: &mut Context<Self>, id: RequestId) {
        if let Some(output) = self.sessions.output(id) {
            cx.reached("session_answered");
            cx.reply(id, Reply::Applied(output.clone()));
        }
    }

    /// Notes that a client waits for this leader's word.
    fn expect_answer(&mut self, id: RequestId) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let row = id.client.index();
        if leadership.asked.len() <= row {
            leadership.asked.resize(row + 1, 0);
        }
        leadership.asked[row] = leadership.asked[row].max(id.number);
    }

    fn is_awaited(&self, id: RequestId) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        leadership.asked.get(id.client.index()) == Some(&id.number)
    }

    /// Whether a request is in the log and not yet applied, this leader's or an earlier one's
    /// doing.
    fn is_under_way(&self, id: RequestId) -> bool {
        let mut unapplied = self.log.entries_after(self.applied).rev();
        unapplied.any(|entry| entry.request() == Some(id))
    }

    /// Applies what is committed, in order, and answers those who asked this leader.
    pub(super) fn apply_committed(&mut self, cx: &mut Context<Self>) {
        while self.applied < self.commit {
            let Some(entry) = self.log.entry(self.applied.next()) else { return };
            self.applied = self.applied.next();
            let Action::Command { id, command } = &entry.action else { continue };
            let id = *id;
            let Some(output) = self.sessions.apply(&mut self.machine, id, command) else {
                continue;
            };
            if self.is_awaited(id) {
                cx.reply(id, Reply::Applied(output));
            }
        }
        self.plan_snapshot(cx);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::context::Effect;
    use sim_core::id::NodeId;
    use sim_core::protocol::Protocol;

    use super::super::testing::{ASK, asked, committed, cx, flawed, leader, node, request};
    use super::super::{Batch, Index, Message, Term};
    use super::*;
    use crate::kv::Kv;

    fn appended(term: u64, matched: u64) -> Message<Kv> {
        Message::Appended { term: Term(term), matched: Index(matched) }
    }

    /// What a handler did.
    fn effects(run: impl FnOnce(&mut Context<Raft<Kv>>)) -> Vec<Effect<Raft<Kv>>> {
        let mut cx = cx();
        run(&mut cx);
        cx.take_effects()
    }

    #[test]
    fn a_command_is_durable_then_sent_then_committed_then_answered() {
        let mut node = leader(1, &[]);
        assert_eq!(
            effects(|cx| node.on_request(cx, request(1), ASK)),
            [
                "write Append(1/1 c1#1 put x 1)",
                "flush",
                "-> * AppendEntries(term 1, prev 0/0, 1 entry, commit 0)",
            ]
        );
        assert_eq!(
            effects(|cx| node.on_message(cx, NodeId(2), appended(1, 1))),
            ["reached entry_committed", "=> c1#1 done"]
        );
        assert!(effects(|cx| node.on_message(cx, NodeId(1), appended(1, 1))).is_empty());
    }

    #[test]
    fn a_retry_is_not_put_into_the_log_again() {
        let mut node = leader(1, &[]);
        effects(|cx| node.on_request(cx, request(1), ASK));
        assert!(effects(|cx| node.on_request(cx, request(1), ASK)).is_empty());
        let answers = effects(|cx| node.on_message(cx, NodeId(2), appended(1, 1)));
        assert_eq!(answers[1..], ["=> c1#1 done"], "one answer to both");
        assert_eq!(
            effects(|cx| node.on_request(cx, request(1), ASK)),
            ["reached session_answered", "=> c1#1 done"]
        );
        assert_eq!(node.log.last().index, Index(1));
    }

    #[test]
    fn a_new_leader_recognises_what_was_put_to_the_old_one() {
        let mut node = leader(2, &[1]);
        node.log.append(asked(1, 7));
        assert!(effects(|cx| node.on_request(cx, request(7), ASK)).is_empty());
        node.log.append(Entry::new(Term(2), Action::Noop));
        let answers = effects(|cx| node.on_message(cx, NodeId(2), appended(2, 3)));
        assert_eq!(answers.last().expect("an answer"), &"=> c1#7 done");
    }

    #[test]
    fn only_who_asked_this_leader_is_answered_by_it() {
        let mut node = leader(2, &[]);
        node.log.append(asked(1, 7));
        node.log.append(Entry::new(Term(2), Action::Noop));
        let effects = effects(|cx| node.on_message(cx, NodeId(2), appended(2, 2)));
        let reached = ["reached entry_committed", "reached old_term_entry_committed"];
        assert_eq!(effects, reached);
    }

    #[test]
    fn a_deposed_leader_says_nothing_about_what_it_has_in_its_log() {
        let mut node = leader(1, &[]);
        effects(|cx| node.on_request(cx, request(1), ASK));
        let (previous, entries, commit) = (node.log.last(), Batch::EMPTY, Index(1));
        let message = Message::AppendEntries { term: Term(2), previous, entries, commit };
        let effects = effects(|cx| node.on_message(cx, NodeId(1), message));
        assert_eq!(node.applied, Index(1), "it applies it like everybody");
        let answers = |effect: &&_| format!("{effect:?}").starts_with("=>");
        assert_eq!(effects.iter().find(answers).map(|effect| format!("{effect:?}")), None);
    }

    #[test]
    fn a_request_that_was_overtaken_by_the_next_has_no_effect() {
        let mut node = node(&[]);
        node.log.append(asked(1, 2));
        node.log.append(asked(1, 1));
        node.commit = Index(2);
        node.apply_committed(&mut cx());
        assert_eq!(node.applied, Index(2));
        assert!(node.sessions.is_past(request(1)));
        assert_eq!(node.sessions.output(request(1)), None, "and no answer");
        let mut node = committed(2, Raft { role: leader(1, &[]).role, ..node });
        assert!(effects(|cx| node.on_request(cx, request(1), ASK)).is_empty());
    }

    #[test]
    fn flawed_an_answer_comes_before_the_commitment() {
        let mut node = flawed(Flaw::AcknowledgedBeforeCommitted, leader(1, &[]));
        let effects = effects(|cx| node.on_request(cx, request(1), ASK));
        assert_eq!(effects[0], "=> c1#1 done");
    }
}
