//! For tests: nodes in states that take many steps to reach, made by hand.

use sim_core::Context;
use sim_core::id::{ClientId, NodeId, RequestId};
use sim_core::protocol::{Cluster, Protocol};

use super::log::{Action, Entry, EntryId, Index, Term};
use super::progress::Leadership;
use super::{Config, Flaw, Message, Raft, Request, Role, Timer};
use crate::kv::{Command, Key, Kv};

/// Node 0 of three, with a log whose entries have these terms; its own term is that of the last.
pub(super) fn node(terms: &[u64]) -> Raft<Kv> {
    let mut node = Raft::new(NodeId(0), &Cluster::new(vec![Config::default(); 3]));
    for &term in terms {
        node.log.append(Entry::new(Term(term), Action::Noop));
    }
    node.term = node.log.last().term;
    node
}

/// The same, leading a term.
pub(super) fn leader(term: u64, terms: &[u64]) -> Raft<Kv> {
    let mut node = in_term(term, node(terms));
    node.role = Role::Leader(Leadership::new(&node.members, node.log.last().index));
    node.vote = Some(NodeId(0));
    node.leader = Some(NodeId(0));
    node
}

pub(super) fn in_term(term: u64, mut node: Raft<Kv>) -> Raft<Kv> {
    node.term = Term(term);
    node
}

pub(super) fn committed(commit: u64, mut node: Raft<Kv>) -> Raft<Kv> {
    node.commit = Index(commit);
    node.applied = Index(commit);
    node
}

pub(super) fn flawed(flaw: Flaw, mut node: Raft<Kv>) -> Raft<Kv> {
    node.config.flaw = Some(flaw);
    node
}

/// What a leader of term 1 sends that took a snapshot of so many entries.
pub(super) fn snapshot_of(entries: u32) -> Message<Kv> {
    let mut node = in_term(1, node(&[]));
    for number in 1..=entries {
        node.log.append(asked(1, number));
    }
    node.commit = node.log.last().index;
    node.apply_committed(&mut cx());
    node.on_timer(&mut cx(), Timer::Snapshot);
    node.install_snapshot()
}

/// A context for node 0 of three.
pub(super) fn cx() -> Context<Raft<Kv>> {
    Context::bare(NodeId(0), 3)
}

/// The entry that the first client's request of this number makes.
pub(super) fn asked(term: u64, number: u32) -> Entry<Command> {
    Entry::new(Term(term), Action::Command { id: request(number), command: PUT })
}

/// A request of the first client.
pub(super) const fn request(number: u32) -> RequestId {
    RequestId { client: ClientId(0), number }
}

pub(super) const fn id(term: u64, index: u64) -> EntryId {
    EntryId { term: Term(term), index: Index(index) }
}

/// What all of them ask.
pub(super) const ASK: Request<Command> = Request::Command(PUT);

/// What that is.
pub(super) const PUT: Command = Command::Put { key: Key(0), value: 1 };
