//! A few Raft nodes and a wire that does what the test says: no time, no chance.
//!
//! Every step is whole, every flush succeeds at once, and every invariant watches.

use sim_core::Context;
use sim_core::check::{Invariant, Step};
use sim_core::context::{Destination, Effect};
use sim_core::id::{ClientId, NodeId, RequestId, Seat};
use sim_core::protocol::{Cluster, Found, Protocol, Recovered};
use sim_core::subject::{Check, Subject};
use sim_core::time::Time;
use sim_protocols::kv::{self, Kv};
use sim_protocols::raft::{
    Action, Config, Entry, EntryId, Index, Message, Raft, RaftKv, Record, Request, Term, Timer,
};

type Letter = (NodeId, NodeId, Message<Kv>);

/// Some nodes, their disks, and what is on its way between them.
pub(crate) struct Net {
    cluster: Cluster<Config>,
    nodes: Vec<Option<Raft<Kv>>>,
    disks: Vec<Vec<Found<Record<Kv>>>>,
    lives: Vec<u32>,
    /// Who can talk to each other at the moment.
    together: Vec<u32>,
    wire: Vec<Letter>,
    /// What clients were told.
    pub(crate) answers: Vec<String>,
    /// The points that were reached.
    pub(crate) reached: Vec<&'static str>,
    watching: Vec<Watching>,
}

struct Watching {
    name: &'static str,
    invariant: Box<dyn Invariant<Raft<Kv>>>,
}

impl Net {
    /// So many nodes, up and with empty disks.
    pub(crate) fn new(nodes: u32) -> Self {
        Self::with_logs(&vec![&[][..]; nodes as usize], Config::default())
    }

    /// Nodes that start with logs whose entries have these terms. Each knows the term of its last.
    pub(crate) fn with_logs(logs: &[&[u64]], config: Config) -> Self {
        let cluster = Cluster::new(vec![config; logs.len()]);
        let watching = RaftKv::PROPERTIES.iter().filter_map(|property| match property.check {
            Check::Invariant(make) => {
                Some(Watching { name: property.name, invariant: make(&cluster) })
            }
            Check::Goal(_) | Check::History(_) => None,
        });
        let mut net = Self {
            watching: watching.collect(),
            nodes: logs.iter().map(|_| None).collect(),
            disks: logs.iter().map(|terms| disk(terms)).collect(),
            lives: vec![0; logs.len()],
            together: (0..cluster.size()).collect(),
            wire: Vec::new(),
            answers: Vec::new(),
            reached: Vec::new(),
            cluster,
        };
        (0..net.cluster.size()).for_each(|node| net.restart(node));
        net
    }

    /// A node, in a line.
    pub(crate) fn show(&self, node: u32) -> String {
        format!("{:?}", self.node(node))
    }

    /// A node that is up.
    pub(crate) fn node(&self, node: u32) -> &Raft<Kv> {
        self.nodes[node as usize].as_ref().expect("it is up")
    }

    /// The terms of a node's entries.
    pub(crate) fn terms(&self, node: u32) -> Vec<u64> {
        let log = self.node(node).log();
        log.entries_after(Index(0)).map(|entry| entry.term.0).collect()
    }

    /// A node hears of nobody for too long.
    pub(crate) fn times_out(&mut self, node: u32) {
        self.step(node, |raft, cx| raft.on_timer(cx, Timer::Election));
    }

    /// A node times out, and all messages arrive.
    pub(crate) fn elects(&mut self, node: u32) {
        self.times_out(node);
        self.settle();
    }

    /// It is time for a leader's heartbeat.
    pub(crate) fn rings(&mut self, node: u32) {
        self.step(node, |raft, cx| raft.on_timer(cx, Timer::Heartbeat));
    }

    /// The same, and all messages arrive.
    pub(crate) fn beats(&mut self, node: u32) {
        self.rings(node);
        self.settle();
    }

    /// A node takes a snapshot.
    pub(crate) fn snapshots(&mut self, node: u32) {
        self.step(node, |raft, cx| raft.on_timer(cx, Timer::Snapshot));
    }

    /// A client asks a node, for the how-manieth time.
    pub(crate) fn asks(&mut self, node: u32, number: u32, command: &str) {
        let id = RequestId { client: ClientId(0), number };
        let command = kv::parse_command(command).expect("a command");
        self.step(node, |raft, cx| raft.on_request(cx, id, Request::Command(command)));
    }

    /// A message arrives that nobody need have sent.
    pub(crate) fn hears(&mut self, node: u32, from: u32, message: Message<Kv>) {
        self.step(node, |raft, cx| raft.on_message(cx, NodeId(from), message));
    }

    /// From now on, nobody else's messages arrive.
    pub(crate) fn only(&mut self, nodes: &[u32]) {
        self.together = nodes.to_vec();
    }

    /// Every message that was sent arrives, and every answer, until there is no more.
    pub(crate) fn settle(&mut self) {
        while !self.wire.is_empty() {
            for (from, to, message) in std::mem::take(&mut self.wire) {
                let up = self.nodes[to.index()].is_some();
                if up && [from, to].iter().all(|node| self.together.contains(&node.0)) {
                    self.hears(to.0, from.0, message);
                }
            }
        }
    }

    /// What is on its way is lost; it is returned, to arrive later after all.
    pub(crate) fn lose(&mut self) -> Vec<Letter> {
        std::mem::take(&mut self.wire)
    }

    /// What was lost was only late.
    pub(crate) fn find(&mut self, letters: Vec<Letter>) {
        self.wire.extend(letters);
        self.settle();
    }

    /// What is on its way, printed.
    pub(crate) fn on_the_wire(&self) -> Vec<String> {
        self.wire.iter().map(|(from, to, message)| format!("{from} -> {to} {message:?}")).collect()
    }

    /// A node loses its memory.
    pub(crate) fn crash(&mut self, node: u32) {
        self.nodes[node as usize] = None;
        self.lives[node as usize] += 1;
    }

    /// A node comes back with what is on its disk.
    pub(crate) fn restart(&mut self, node: u32) {
        let mut raft = Raft::new(NodeId(node), &self.cluster);
        raft.restore(Recovered::new(self.disks[node as usize].clone()));
        self.nodes[node as usize] = Some(raft);
        self.step(node, |raft, cx| raft.on_start(cx));
    }

    fn step(&mut self, node: u32, run: impl FnOnce(&mut Raft<Kv>, &mut Context<Raft<Kv>>)) {
        let me = NodeId(node);
        let mut cx = Context::bare(me, self.cluster.size());
        let raft = self.nodes[me.index()].as_mut().expect("it is up");
        run(raft, &mut cx);
        let raft = &*raft;
        let step = Step {
            time: Time::ZERO,
            seat: Seat(node),
            node: me,
            incarnation: self.lives[me.index()],
            state: Some(raft),
            effects: cx.effects(),
        };
        for Watching { name, invariant } in &mut self.watching {
            if let Err(message) = invariant.observe(&step) {
                panic!("{name}: {message}");
            }
        }
        cx.take_effects().into_iter().for_each(|effect| self.apply(me, effect));
    }

    fn apply(&mut self, me: NodeId, effect: Effect<Raft<Kv>>) {
        match effect {
            Effect::Send { to: Destination::One(to), message } => self.wire.push((me, to, message)),
            Effect::Send { message, .. } => {
                let peers = self.cluster.peers(me);
                self.wire.extend(peers.into_iter().map(|peer| (me, peer, message.clone())));
            }
            Effect::Write { record } => self.disks[me.index()].push(Found::Record(record)),
            Effect::Checkpoint { records } => {
                self.disks[me.index()] = records.into_iter().map(Found::Record).collect();
            }
            Effect::Reached { point } => self.reached.push(point),
            Effect::Reply { .. } | Effect::Redirect { .. } => {
                self.answers.push(format!("{me} {effect:?}"));
            }
            _ => {}
        }
    }
}

fn disk(terms: &[u64]) -> Vec<Found<Record<Kv>>> {
    let term = Term(terms.last().copied().unwrap_or_default());
    let mut records = vec![Record::Vote { term, vote: None }];
    let mut previous = EntryId::default();
    for &term in terms {
        let term = Term(term);
        records.push(Record::Append { previous, entry: Entry::new(term, Action::Noop) });
        previous = EntryId { term, index: previous.index.next() };
    }
    records.into_iter().map(Found::Record).collect()
}
