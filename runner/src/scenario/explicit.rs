//! One run as a scenario of its own: what its seed drew of the world is written out, in the language that
//! people write. It is the same run: the seed is the same, and what is left to chance is drawn as before.

use sim_core::adversary::How;
use sim_core::chance::Delay;
use sim_core::fault::{Fault, FaultKind};
use sim_core::id::{NodeId, Seat};
use sim_core::rng::Keys;
use sim_core::time::{Duration, Time};
use sim_core::trap::{Trap, Trigger};
use sim_core::world::{Endpoint, LinkSettings, Pace, World};

use super::tree::{Node, Value};
use super::write::{list, map, scalar};
use super::{write, yaml};
use crate::kept::Entry;
use crate::names::Names;

/// The scenario of this text, with the world that a seed lives in written out, and with these decisions
/// in its schedule.
///
/// # Panics
/// If the text is not a scenario that was read before.
pub(crate) fn explicit(
    text: &str,
    names: &Names,
    (base, world): (&World, &World),
    seed: u64,
    decisions: &[Entry],
) -> String {
    let tree = yaml::parse(text).expect("it was read before");
    let Value::Map(entries) = tree.value else { panic!("a scenario is a map") };
    let mut made = Made { entries, names, world };
    let about = made.get("about").and_then(Node::text).map(|about| scalar(about.trim()));
    made.set("about", about);
    made.nodes(&Keys::new(seed));
    if made.get("swarm").is_some() {
        made.remove("swarm");
        made.set("disk", Some(disk(world)));
        made.end_waiting();
        made.faults(&drawn(base, world));
        made.hunts(&world.traps[base.traps.len()..]);
        made.workload(base);
        made.core();
    }
    made.remove("clock");
    made.schedule(decisions);
    let lasting = world.end.since(Time::ZERO).to_string();
    let seeds = match seed.checked_add(1) {
        Some(next) => format!("{seed}..{next}"),
        None => format!("{}..{seed}", seed - 1),
    };
    made.set("run", Some(map([("for", scalar(lasting)), ("seeds", scalar(seeds))])));
    made.expect();
    made.entries.sort_by_key(|(key, _)| place(key));
    write::document(&made.entries)
}

/// Faults that a run had, as entries of a scenario.
pub(crate) fn spelt_faults(names: &Names, world: &World, faults: &[Fault]) -> Vec<Node> {
    let made = Made { entries: Vec::new(), names, world };
    let regardless = |fault: &Fault| {
        let strikes = !outages(fault).is_empty();
        strikes.then(|| (scalar("regardless"), scalar("true")))
    };
    let spell = |fault: &Fault| {
        let mut node = made.fault(fault);
        if let Value::Map(entries) = &mut node.value {
            entries.retain(|(key, _)| key.text() != Some("regardless"));
            entries.extend(regardless(fault));
        }
        node
    };
    faults.iter().map(spell).collect()
}

/// Where in a scenario people write a key.
pub(crate) fn place(key: &Node) -> usize {
    ORDER.iter().position(|known| key.text() == Some(known)).unwrap_or(ORDER.len())
}

/// The order in which people write a scenario.
const ORDER: [&str; 17] = [
    "about", "protocol", "nodes", "groups", "config", "network", "disk", "clock", "clients",
    "script", "faults", "schedule", "swarm", "run", "ties", "limits", "expect",
];

/// What is planned for a node, and may meet what was drawn for it.
const MEET: [&str; 5] = ["crash", "restart", "upgrade", "pause", "resume"];

/// A scenario that is being made.
struct Made<'a> {
    entries: Vec<(Node, Node)>,
    names: &'a Names,
    world: &'a World,
}

impl Made<'_> {
    fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }

    fn remove(&mut self, key: &str) {
        self.entries.retain(|(known, _)| known.text() != Some(key));
    }

    fn set(&mut self, key: &str, value: Option<Node>) {
        self.remove(key);
        self.entries.extend(value.map(|value| (scalar(key), value)));
    }

    /// As many nodes as there are, each with a clock of its own if any is wrong.
    fn nodes(&mut self, keys: &Keys) {
        let written = match self.get("nodes").map(|nodes| &nodes.value) {
            Some(Value::List(nodes)) => nodes.clone(),
            _ => Vec::new(),
        };
        let nodes = (0..self.world.nodes).map(|index| {
            let name = self.names.node(NodeId(index));
            let node = written.get(index as usize).cloned().unwrap_or_else(|| scalar(&name));
            self.with_clock(node, &name, Seat(index), keys)
        });
        let nodes: Vec<Node> = nodes.collect();
        self.set("nodes", Some(list(nodes)));
    }

    fn with_clock(&self, node: Node, name: &str, seat: Seat, keys: &Keys) -> Node {
        let error = self.world.clock(seat, keys);
        if self.world.clocks.fixed.contains_key(&seat)
            || (error.offset_nanos, error.drift_ppm) == (0, 0)
        {
            return node;
        }
        let skew = (error.offset_nanos != 0).then(|| ("skew", scalar(shift(error.offset_nanos))));
        let drift = format!("{:+}ppm", error.drift_ppm);
        let drift = (error.drift_ppm != 0).then(|| ("drift", scalar(drift)));
        let clock = map([skew, drift].into_iter().flatten());
        let mut entries = match node.value {
            Value::Map(entries) => entries,
            _ => vec![(scalar("name"), scalar(name))],
        };
        entries.retain(|(key, _)| key.text() != Some("clock"));
        entries.push((scalar("clock"), clock));
        Node { value: Value::Map(entries), span: 0..0, borrowed: false }
    }

    fn schedule(&mut self, decisions: &[Entry]) {
        let mut schedule = match self.get("schedule").map(|schedule| &schedule.value) {
            Some(Value::List(written)) => written.clone(),
            _ => Vec::new(),
        };
        let entry =
            |entry: &Entry| map(entry.iter().map(|(key, value)| (*key, scalar(value.as_str()))));
        schedule.extend(decisions.iter().map(entry));
        self.set("schedule", (!schedule.is_empty()).then(|| list(schedule)));
    }

    /// What a sweep must reach is nothing that one run must.
    fn expect(&mut self) {
        let Some(expect) = self.entries.iter_mut().find(|(key, _)| key.text() == Some("expect"))
        else {
            return;
        };
        if let Value::Map(entries) = &mut expect.1.value
            && entries.iter().any(|(key, _)| !is_counted(key.text()))
        {
            entries.retain(|(key, _)| !is_counted(key.text()));
        }
    }

    /// What the scenario plans itself, as it is written, and then what was drawn.
    fn faults(&mut self, drawn: &[&Fault]) {
        let strikes = drawn.iter().any(|fault| !outages(fault).is_empty());
        let mut faults = match self.get("faults").map(|faults| &faults.value) {
            Some(Value::List(written)) => written.clone(),
            _ => Vec::new(),
        };
        for fault in faults.iter_mut().filter(|_| strikes) {
            let Value::Map(entries) = &mut fault.value else { continue };
            let meets = |(key, _): &(Node, Node)| key.text().is_some_and(|key| MEET.contains(&key));
            let known = entries.iter().any(|(key, _)| key.text() == Some("regardless"));
            if entries.iter().any(meets) && !known {
                entries.push((scalar("regardless"), scalar("true")));
            }
        }
        faults.extend(drawn.iter().map(|fault| self.fault(fault)));
        self.set("faults", (!faults.is_empty()).then(|| list(faults)));
    }

    /// Without a swarm, what waits for the protocol would do so until the end of the run.
    fn end_waiting(&mut self) {
        let chaos = self.get("run").and_then(|run| run.get("chaos")).cloned();
        let faults = self.entries.iter_mut().find(|(key, _)| key.text() == Some("faults"));
        let Some((_, Node { value: Value::List(faults), .. })) = faults else { return };
        for when in faults.iter_mut().filter_map(|fault| fault.get_mut("when")) {
            if when.get("until").is_none() {
                when.set("until", chaos.clone());
            }
        }
    }

    /// Whoever takes a role that this seed hunts.
    fn hunts(&mut self, traps: &[Trap]) {
        let mut faults = match self.get("faults").map(|faults| &faults.value) {
            Some(Value::List(written)) => written.clone(),
            _ => Vec::new(),
        };
        for trap in traps {
            let Trigger::Role(role) = trap.when else { unreachable!("a swarm hunts roles") };
            let until = trap.until.since(Time::ZERO).to_string();
            let when =
                [("role", scalar(role)), ("after", delay(trap.after)), ("until", scalar(until))];
            let lasting = trap.lasting.map(|lasting| ("lasting", delay(lasting)));
            let entries = [("crash", scalar("it")), ("when", map(when))];
            faults.push(map(entries.into_iter().chain(lasting)));
        }
        self.set("faults", (!faults.is_empty()).then(|| list(faults)));
    }

    /// How clients ask, where the seed drew that.
    fn workload(&mut self, base: &World) {
        let (was, is) = (&base.clients, &self.world.clients);
        let (keys, think) = (is.keys, is.pace);
        let (new_keys, new_pace) = (was.keys != keys, was.pace != think);
        let Some(mut clients) = self.get("clients").cloned() else { return };
        if new_keys {
            clients.set("keys", Some(scalar(keys.to_string())));
        }
        if let Pace::Closed { think } = think
            && new_pace
        {
            clients.set("think", Some(delay(think)));
        }
        self.set("clients", Some(clients));
    }

    /// Of whom progress is expected, if it is of some or of nobody.
    fn core(&mut self) {
        let Some(mut expect) = self.get("expect").cloned() else { return };
        if self.world.safety_only {
            expect.set("eventually", None);
        } else if !self.world.core.is_empty() {
            let core: Vec<String> =
                self.world.core.iter().map(|&node| self.names.node(node)).collect();
            expect.set("core", Some(scalar(core.join(","))));
        }
        self.set("expect", Some(expect));
    }

    fn fault(&self, fault: &Fault) -> Node {
        let name = fault.kind.family().name();
        let mut extras = Vec::new();
        let what = match &fault.kind {
            FaultKind::Partition { groups } => {
                let sides: Vec<String> = groups.iter().map(|group| self.ends(group)).collect();
                scalar(sides.join(" | "))
            }
            FaultKind::Cut { from, to } | FaultKind::Clog { from, to } => self.arrow(from, to),
            FaultKind::Link { from, to, link } => {
                extras = travel(link);
                self.arrow(from, to)
            }
            FaultKind::Crash { seats, mid_step } => {
                extras.extend(mid_step.then(|| ("mid_step", scalar("true"))));
                self.seats(seats)
            }
            FaultKind::Restart { seats }
            | FaultKind::Pause { seats }
            | FaultKind::Resume { seats }
            | FaultKind::Start { seats }
            | FaultKind::Leave { seats }
            | FaultKind::DiskFails { seats } => self.seats(seats),
            FaultKind::Jump { seats, by_nanos } => {
                extras.push(("by", scalar(shift(*by_nanos))));
                self.seats(seats)
            }
            FaultKind::Corrupt { seats, lie } => {
                extras.push(("how", scalar(lie.how.name())));
                if let How::Late(late) = lie.how {
                    extras.push(("late", scalar(late.to_string())));
                }
                if let Some(nodes) = &lie.towards {
                    let seats: Vec<Seat> = nodes.iter().map(|node| Seat(node.0)).collect();
                    extras.push(("towards", self.seats(&seats)));
                }
                self.seats(seats)
            }
            FaultKind::Heal | FaultKind::Upgrade { .. } => unreachable!("no swarm draws a {name}"),
        };
        let since_start = |time: Time| scalar(time.since(Time::ZERO).to_string());
        let mut entries = vec![(name, what), ("at", since_start(fault.at))];
        entries.extend(fault.until.map(|until| ("until", since_start(until))));
        let meets = self.may_meet_another(fault);
        extras.extend(meets.then(|| ("regardless", scalar("true"))));
        map(entries.into_iter().chain(extras))
    }

    /// Whether a node may be down, paused, gone or not there when this strikes it.
    fn may_meet_another(&self, fault: &Fault) -> bool {
        let begins = fault.at;
        outages(fault).iter().any(|seat| {
            let others = self.world.faults.iter().filter(|other| *other != fault);
            let overlaps = |other: &Fault| {
                let strikes = outages(other).contains(seat)
                    || matches!(&other.kind, FaultKind::Upgrade { seat: it, .. } if it == seat);
                strikes
                    && other.at <= fault.until.unwrap_or(Time::MAX)
                    && begins <= other.until.unwrap_or(Time::MAX)
            };
            let leaves = |other: &Fault| {
                matches!(&other.kind, FaultKind::Leave { seats } if seats.contains(seat))
            };
            let late = self.world.late.contains(&self.world.identity(*seat));
            late || others.clone().any(|other| overlaps(other) || leaves(other))
        })
    }

    fn seats(&self, seats: &[Seat]) -> Node {
        let ends: Vec<Endpoint> = seats.iter().map(|&seat| Endpoint::Seat(seat)).collect();
        scalar(self.ends(&ends))
    }

    fn arrow(&self, from: &[Endpoint], to: &[Endpoint]) -> Node {
        let everybody = (self.world.seats() + self.world.clients.count) as usize;
        if from.len() == everybody && to.len() == everybody {
            return scalar("all");
        }
        scalar(format!("{} -> {}", self.ends(from), self.ends(to)))
    }

    fn ends(&self, ends: &[Endpoint]) -> String {
        let names = ends.iter().map(|&end| self.names.endpoint(end, self.world));
        names.collect::<Vec<_>>().join(",")
    }
}

/// The faults that the seed drew, in order.
fn drawn<'w>(base: &World, world: &'w World) -> Vec<&'w Fault> {
    let mut planned = base.faults.iter().peekable();
    let is_drawn = |fault: &&Fault| planned.next_if(|planned| planned == fault).is_none();
    world.faults.iter().filter(is_drawn).collect()
}

/// Whom a fault takes out for a while.
fn outages(fault: &Fault) -> &[Seat] {
    match &fault.kind {
        FaultKind::Crash { seats, .. } | FaultKind::Pause { seats } => seats,
        _ => &[],
    }
}

/// `+200ms`, `-200ms`.
fn shift(nanos: i64) -> String {
    let length = Duration::from_nanos(nanos.unsigned_abs());
    format!("{}{length}", if nanos < 0 { "-" } else { "+" })
}

fn travel(link: &LinkSettings) -> Vec<(&'static str, Node)> {
    vec![
        ("latency", delay(link.latency)),
        ("loss", scalar(link.loss.to_string())),
        ("duplicate", scalar(link.duplicate.to_string())),
        ("reorder", scalar(link.reorder.to_string())),
    ]
}

fn disk(world: &World) -> Node {
    map([
        ("fsync", delay(world.disk.fsync)),
        ("lose_unsynced", scalar(world.disk.lose_unsynced.to_string())),
        ("torn_write", scalar(world.disk.torn_write.to_string())),
    ])
}

/// As a scenario writes it: what is not a plain length or range is a map.
fn delay(delay: Delay) -> Node {
    let mut parts = match delay {
        Delay::Fixed(_) | Delay::Uniform { .. } => return scalar(delay.to_string()),
        Delay::Exponential { mean, .. } => vec![("mean", mean)],
        Delay::LogNormal { median, p99, .. } => vec![("median", median), ("p99", p99)],
    };
    if let Delay::Exponential { max, .. } | Delay::LogNormal { max, .. } = delay
        && max != Duration::MAX
    {
        parts.push(("max", max));
    }
    map(parts.into_iter().map(|(key, length)| (key, scalar(length.to_string()))))
}

/// Whether an entry of `expect` is about a sweep and not about each run.
fn is_counted(key: Option<&str>) -> bool {
    matches!(key, Some("sometimes" | "often"))
}
