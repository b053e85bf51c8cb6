//! Whether enough nodes are up and reach one another for what is expected to happen.
//!
//! It never refuses what could be met: two nodes that reach each other only through others count as
//! connected, a bad link as a good one, and where the members of a cluster may change, or a swarm
//! or the protocol decides who is down, nothing is said.

use std::ops::Range;

use sim_core::check::builtin;
use sim_core::fault::{Fault, FaultKind};
use sim_core::id::{NodeId, Seat};
use sim_core::subject::Subject;
use sim_core::time::Time;
use sim_core::world::{Endpoint, World};

use super::checker::{Checker, section};
use crate::names::Names;
use crate::scenario::Expect;
use crate::scenario::de::At;
use crate::scenario::schema::{Document, ScriptLine};
use crate::scenario::suggest;

/// Checks that `reply` and what the script wants answered can be, by so many nodes.
pub(super) fn quorum<S: Subject>(
    check: &mut Checker<'_>,
    document: &Document,
    names: &Names,
    world: &World,
    expect: &Expect,
    needed: usize,
) {
    let unplanned = document.swarm.is_some() || !world.traps.is_empty();
    if needed <= 1 || unplanned || may_change_members::<S>(document, world) {
        return;
    }
    let plan = Plan { world, needed };
    let nodes = world.nodes;
    let help = format!("{} answers with {needed} of {nodes} nodes: let one more be back", S::NAME);
    let told = |group: &[NodeId]| match group {
        [] => String::from("nobody is up"),
        [one] => format!("no more than {} is up and connected", names.node(*one)),
        more => {
            let list: Vec<String> = more.iter().map(|&node| names.node(node)).collect();
            let list = suggest::list(list.iter().map(String::as_str), "and");
            format!("no more than {list} are up and connected")
        }
    };
    let is_lesson = expect.violated.contains(&builtin::REPLY);
    let calm = world.last_fault();
    if let Some(span) = reply(document).filter(|_| !is_lesson)
        && let Some(group) = plan.lacks(calm, world.end)
    {
        let what = format!("nobody can be answered: from {calm:?} on {}", told(&group));
        check.say(&span, what, help.clone());
    }
    for line in section(&document.script).map_or(&[][..], |lines| lines) {
        let Some((span, at)) = wants_an_answer(line) else { continue };
        let until = at.saturating_add(world.clients.timeout).min(world.end);
        if let Some(group) = plan.lacks(at, until) {
            let what = format!("this cannot be: from {at:?} to {until:?} {}", told(&group));
            check.say(&span, what, help.clone());
        }
    }
}

/// Whether who belongs to the cluster may be different later: nodes come or go, or an administrator
/// gives orders.
fn may_change_members<S: Subject>(document: &Document, world: &World) -> bool {
    let orders = S::OPERATIONS.get(S::USUAL_OPERATIONS..).unwrap_or_default();
    let is_order = |text: &str| orders.contains(&text.split(' ').next().unwrap_or_default());
    let lines = section(&document.script).map_or(&[][..], |lines| lines);
    let tasks =
        lines.iter().filter_map(|line| line.value.as_ref()?.task.as_ref()?.value.as_deref());
    let mix = section(&document.clients).and_then(|clients| section(&clients.mix));
    let mix = mix.into_iter().flat_map(|mix| &mix.0).filter_map(|(name, _)| name.value.as_deref());
    let leaves = |fault: &Fault| matches!(fault.kind, FaultKind::Leave { .. });
    !world.late.is_empty() || world.faults.iter().any(leaves) || tasks.chain(mix).any(is_order)
}

/// Where it is expected that requests are answered.
fn reply(document: &Document) -> Option<Range<usize>> {
    let entries = section(&section(&document.expect)?.eventually)?;
    let mut names = entries.0.iter().map(|(name, _)| name);
    names.find(|name| name.value.as_deref() == Some(builtin::REPLY)).map(|name| name.span.clone())
}

/// Where a line of the script says that somebody answers, and when it asks.
fn wants_an_answer(line: &At<ScriptLine>) -> Option<(Range<usize>, Time)> {
    let spec = line.value.as_ref()?;
    let expect = spec.expect.as_ref()?;
    let end = expect.value.as_deref()?;
    let at = spec.at.as_ref()?.value?;
    (end == "ok" || end.starts_with("value ")).then(|| (expect.span.clone(), Time::ZERO + at))
}

struct Plan<'a> {
    world: &'a World,
    needed: usize,
}

impl Plan<'_> {
    /// The largest group of nodes that are connected at some time between these two, if it is never
    /// large enough.
    fn lacks(&self, from: Time, until: Time) -> Option<Vec<NodeId>> {
        let turns = self.world.faults.iter().flat_map(|fault| [Some(fault.at), fault.until]);
        let turns = turns.flatten().filter(|&turn| from < turn && turn < until);
        let groups = turns.chain([from]).map(|time| self.largest(time));
        let largest = groups.max_by_key(Vec::len)?;
        (largest.len() < self.needed).then_some(largest)
    }

    /// The largest group of nodes that are up and reach one another when all is done that happens at
    /// an instant.
    fn largest(&self, time: Time) -> Vec<NodeId> {
        let mut state = State { up: vec![true; self.world.nodes as usize], apart: Vec::new() };
        for turn in turns(&self.world.faults, time) {
            state.take(&turn);
        }
        state.groups().into_iter().max_by_key(Vec::len).unwrap_or_default()
    }
}

/// A fault begins or ends.
struct Turn<'a> {
    time: Time,
    begins: bool,
    number: usize,
    fault: &'a Fault,
}

fn turns(faults: &[Fault], until: Time) -> Vec<Turn<'_>> {
    let mut turns = Vec::new();
    for (number, fault) in faults.iter().enumerate() {
        turns.push(Turn { time: fault.at, begins: true, number, fault });
        turns.extend(fault.until.map(|time| Turn { time, begins: false, number, fault }));
    }
    turns.retain(|turn| turn.time <= until);
    turns.sort_by_key(|turn| (turn.time, turn.begins));
    turns
}

/// Who is up, and what keeps nodes apart, by the number of the fault.
struct State<'a> {
    up: Vec<bool>,
    apart: Vec<(usize, &'a FaultKind)>,
}

impl<'a> State<'a> {
    fn take(&mut self, turn: &Turn<'a>) {
        let begins = turn.begins;
        let lasts = turn.fault.until.is_some();
        match &turn.fault.kind {
            kind @ (FaultKind::Partition { .. }
            | FaultKind::Cut { .. }
            | FaultKind::Clog { .. }) => {
                self.apart.retain(|(number, _)| *number != turn.number);
                self.apart.extend(begins.then_some((turn.number, kind)));
            }
            FaultKind::Heal => self.apart.clear(),
            FaultKind::Crash { seats, .. } | FaultKind::Pause { seats } => self.set(seats, !begins),
            FaultKind::Restart { seats } | FaultKind::Resume { seats } => self.set(seats, true),
            FaultKind::Upgrade { seat, .. } => self.set(&[*seat], !(begins && lasts)),
            // Who is not there yet or leaves is not asked about; a link that is bad is a link, and a
            // disk that fails takes down only who writes. Who lies may answer.
            FaultKind::Start { .. }
            | FaultKind::Leave { .. }
            | FaultKind::Link { .. }
            | FaultKind::Jump { .. }
            | FaultKind::DiskFails { .. }
            | FaultKind::Corrupt { .. } => {}
        }
    }

    fn set(&mut self, seats: &[Seat], up: bool) {
        for seat in seats {
            if let Some(state) = self.up.get_mut(seat.index()) {
                *state = up;
            }
        }
    }

    /// Nodes that are up and reach one another, on whatever way.
    fn groups(&self) -> Vec<Vec<NodeId>> {
        let mut left: Vec<Seat> = (0..).map(Seat).take(self.up.len()).collect();
        left.retain(|seat| self.up[seat.index()]);
        if self.apart.is_empty() {
            return vec![left.into_iter().map(|seat| NodeId(seat.0)).collect()];
        }
        let mut groups = Vec::new();
        while let Some(&first) = left.first() {
            let there = self.reached(first, &left, |from, to| self.passes(from, to));
            let back = self.reached(first, &left, |from, to| self.passes(to, from));
            let both = |seat: &Seat| there.contains(seat) && back.contains(seat);
            groups.push(left.iter().filter(|seat| both(seat)).map(|seat| NodeId(seat.0)).collect());
            left.retain(|seat| !both(seat));
        }
        groups
    }

    /// Who is reached from one of these, over any of these.
    fn reached(
        &self,
        first: Seat,
        among: &[Seat],
        passes: impl Fn(Seat, Seat) -> bool,
    ) -> Vec<Seat> {
        let mut reached = vec![first];
        let mut left: Vec<Seat> = among.iter().copied().filter(|seat| *seat != first).collect();
        let mut next = 0;
        while let Some(&from) = reached.get(next) {
            let (new, rest) = left.into_iter().partition(|to| passes(from, *to));
            let new: Vec<Seat> = new;
            reached.extend(new);
            left = rest;
            next += 1;
        }
        reached
    }

    fn passes(&self, from: Seat, to: Seat) -> bool {
        let (from, to) = (Endpoint::Seat(from), Endpoint::Seat(to));
        !self.apart.iter().any(|(_, kind)| match kind {
            FaultKind::Partition { groups } => {
                let side = |end| groups.iter().position(|group| group.contains(end));
                side(&from).zip(side(&to)).is_some_and(|(one, other)| one != other)
            }
            FaultKind::Cut { from: senders, to: receivers }
            | FaultKind::Clog { from: senders, to: receivers } => {
                senders.contains(&from) && receivers.contains(&to)
            }
            _ => false,
        })
    }
}
