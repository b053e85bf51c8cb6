//! What happens, in words.

use std::fmt;

use sim_core::adversary::{How, Lie};
use sim_core::chance::{Chance, Delay};
use sim_core::client::{Answer, Client};
use sim_core::context::{Destination, Effect};
use sim_core::fault::{Fault, FaultKind};
use sim_core::protocol::{DiskDone, Found, Protocol, Recovered};
use sim_core::trace::{Cause, Happening, Undelivered};
use sim_core::world::{Endpoint, LinkSettings};
use sim_core::{Duration, Seat, Time};

use super::block::{Line, Sort};
use super::cast::Cast;
use super::paint::Ink;

/// Why a handler was called.
pub(crate) fn cause<P: Protocol>(cast: &Cast, cause: &Cause<'_, P>) -> Line {
    match cause {
        Cause::Start { found: None } => Line::new("start", "", Sort::Start, Ink::Plain),
        Cause::Start { found: Some(found) } => {
            Line::new("restart", finds(found), Sort::Fault, Ink::Fault)
        }
        Cause::Message { from, message } => {
            let (op, sort) = (format!("<- {}", cast.seat(*from)), Sort::Message(P::kind(message)));
            Line::new(op, format!("{message:?}"), sort, Ink::Plain)
        }
        Cause::Timer { timer } => {
            Line::new("timer", format!("{timer:?} rings"), Sort::Timer, Ink::Plain)
        }
        Cause::Request { id, request } => {
            let (op, text) = (format!("<= {id}"), format!("{request:?}"));
            Line::new(op, text, Sort::Client, Ink::Plain).about(*id)
        }
        Cause::Disk { done: DiskDone::Synced(tag) } => {
            Line::new("disk", format!("sync {} is done", tag.0), Sort::Disk, Ink::Plain)
        }
        Cause::Disk { done: DiskDone::Failed(tag) } => {
            let text = format!("sync {} failed: what it covered is lost", tag.0);
            Line::new("disk", text, Sort::Disk, Ink::Fault)
        }
    }
}

/// What a handler did.
pub(crate) fn effect<P: Protocol>(cast: &Cast, effect: &Effect<P>) -> Line {
    let disk = |text: String| Line::new("disk", text, Sort::Disk, Ink::Plain);
    let timer = |text: String| Line::new("timer", text, Sort::Timer, Ink::Dim);
    match effect {
        Effect::Send { to, message } => {
            let to = match to {
                Destination::One(node) => cast.node(*node),
                Destination::Many(nodes) => cast.set(nodes),
                Destination::Others => "*".into(),
            };
            let sort = Sort::Message(P::kind(message));
            Line::new(format!("-> {to}"), format!("{message:?}"), sort, Ink::Plain)
        }
        Effect::SetTimer { timer: name, delay: after } => {
            timer(format!("{name:?} in {}", delay(*after)))
        }
        Effect::CancelTimer { timer: name } => timer(format!("{name:?} cancelled")),
        Effect::Write { record } => disk(format!("{record:?}")),
        Effect::Checkpoint { records } => {
            disk(format!("instead of all before: {}", last_few(records.len(), records.iter())))
        }
        Effect::Sync { tag } => disk(format!("sync {} begins", tag.0)),
        Effect::Flush => Line::new("disk", "waits until that is durable", Sort::Disk, Ink::Dim),
        Effect::Reply { request, reply } => {
            let (op, text) = (format!("=> {request}"), format!("{reply:?}"));
            Line::new(op, text, Sort::Client, Ink::Good).about(*request)
        }
        Effect::Redirect { request, to } => {
            let whom = to.map_or_else(|| "another".into(), |node| cast.node(node));
            let (op, text) = (format!("=> {request}"), format!("not I: ask {whom}"));
            Line::new(op, text, Sort::Client, Ink::Doubt).about(*request)
        }
        Effect::Reached { point } => Line::new("reached", *point, Sort::Reached, Ink::Turn),
    }
}

/// What a liar does not do that its process would have done; what it does instead follows.
pub(crate) fn lied<P: Protocol>(
    cast: &Cast,
    honest: &[Effect<P>],
    lied: &[Effect<P>],
) -> Vec<Line> {
    // Messages need not be comparable, but all can be printed.
    let lied: Vec<String> = lied.iter().map(|effect| format!("{effect:?}")).collect();
    let missing = honest.iter().filter(|effect| !lied.contains(&format!("{effect:?}")));
    let instead = missing.map(|missing| {
        let line = effect(cast, missing);
        let text = format!("instead of {} {}", line.op, line.text);
        Line::new("lies", text, line.sort, Ink::Fault)
    });
    let lines: Vec<Line> = instead.collect();
    if lines.is_empty() {
        return vec![Line::new("lies", "and says more than it would", Sort::Fault, Ink::Fault)];
    }
    lines
}

/// What a client is told.
pub(crate) fn answer<R: fmt::Debug>(cast: &Cast, answer: &Answer<R>) -> (String, Ink) {
    match answer {
        Answer::Reply(reply) => (format!("{reply:?}"), Ink::Plain),
        Answer::Redirect(Some(node)) => (format!("not I: ask {}", cast.node(*node)), Ink::Doubt),
        Answer::Redirect(None) => ("not I: ask another".into(), Ink::Doubt),
    }
}

/// Why a message, whose text may be known, did not arrive.
pub(crate) fn undelivered(to: &str, why: Undelivered) -> String {
    match why {
        Undelivered::Down => format!("{to} is down"),
        Undelivered::Cut => "the link was cut meanwhile".into(),
        Undelivered::Held => "held until the link is free".into(),
    }
}

/// What a fault does.
pub(crate) fn fault_begins(cast: &Cast, fault: &Fault) -> String {
    let link = |from: &[Endpoint], to: &[Endpoint]| {
        if cast.is_everybody(from) && cast.is_everybody(to) {
            "every link".into()
        } else {
            format!("{} -> {}", cast.group(from), cast.group(to))
        }
    };
    let name = fault.kind.family().name();
    match &fault.kind {
        FaultKind::Partition { groups } => format!("{name} {}", division(cast, groups)),
        FaultKind::Cut { from, to } => format!("{name} {}", link(from, to)),
        FaultKind::Clog { from, to } => format!("{name} {}: messages wait", link(from, to)),
        FaultKind::Link { from, to, link: settings } => {
            format!("{}: {}", link(from, to), travel(settings))
        }
        FaultKind::Crash { seats, mid_step: true } => {
            format!("{name} {} in the midst of its next step", cast.seats(seats))
        }
        FaultKind::Crash { seats, mid_step: false }
        | FaultKind::Restart { seats }
        | FaultKind::Pause { seats }
        | FaultKind::Resume { seats }
        | FaultKind::Start { seats } => format!("{name} {}", cast.seats(seats)),
        FaultKind::Upgrade { seat, .. } => format!("{name} {}", cast.seats(&[*seat])),
        FaultKind::Leave { seats } => format!("{} leaves for ever", cast.seats(seats)),
        FaultKind::Jump { seats, by_nanos } => {
            let far = length(Duration::from_nanos(by_nanos.unsigned_abs()));
            let way = if *by_nanos < 0 { "back" } else { "ahead" };
            format!("the wall clock of {} jumps {far} {way}", cast.seats(seats))
        }
        FaultKind::DiskFails { seats } => format!("the disk of {} refuses", cast.seats(seats)),
        FaultKind::Corrupt { seats, lie } => lies(cast, seats, lie),
        FaultKind::Heal => "heal everything".into(),
    }
}

/// What comes of what somebody did.
pub(super) fn sprung(cast: &Cast, fault: &Fault) -> String {
    format!("at {}: {}", fault.at, fault_begins(cast, fault))
}

/// How a node lies, and to whom.
fn lies(cast: &Cast, seats: &[Seat], lie: &Lie) -> String {
    let who = cast.seats(seats);
    let towards = lie.towards.as_ref().map(|nodes| format!(" {}", cast.set(nodes)));
    let to = |preposition: &str| match &towards {
        Some(nodes) => format!(" {preposition}{nodes}"),
        None => String::new(),
    };
    match lie.how {
        How::Mute => format!("corrupt {who}: says nothing{}", to("to")),
        How::Late(late) => {
            format!("corrupt {who}: what it says{} comes {} late", to("to"), length(late))
        }
        How::Replay => format!("corrupt {who}: says again what it said before{}", to("to")),
        How::Equivocate if towards.is_some() => {
            format!("corrupt {who}: tells{} something else", towards.unwrap_or_default())
        }
        How::Equivocate => format!("corrupt {who}: tells some something else"),
        How::Parrot => format!("corrupt {who}: says what others said{}", to("to")),
        How::Twins => format!("corrupt {who}: a second process has its name"),
        How::Amnesia => format!("corrupt {who}: forgets everything, its disk too"),
        How::Forge(name) => format!("corrupt {who}: {name}{}", to("towards")),
    }
}

/// How a fault is put right.
pub(crate) fn fault_ends(cast: &Cast, fault: &Fault) -> String {
    let link = |from: &[Endpoint], to: &[Endpoint]| {
        if cast.is_everybody(from) && cast.is_everybody(to) {
            "every link".into()
        } else {
            format!("{} -> {}", cast.group(from), cast.group(to))
        }
    };
    match &fault.kind {
        FaultKind::Partition { groups } => format!("heal {}", division(cast, groups)),
        FaultKind::Cut { from, to } => format!("heal {}", link(from, to)),
        FaultKind::Clog { from, to } => {
            format!("{} is free: what waited arrives", link(from, to))
        }
        FaultKind::Link { from, to, .. } => format!("{}: as before", link(from, to)),
        FaultKind::Crash { seats, .. } => format!("restart {}", cast.seats(seats)),
        FaultKind::Upgrade { seat, .. } => {
            format!("restart {}, upgraded", cast.seats(&[*seat]))
        }
        FaultKind::Pause { seats } => format!("resume {}", cast.seats(seats)),
        FaultKind::DiskFails { seats } => format!("the disk of {} works again", cast.seats(seats)),
        FaultKind::Corrupt { seats, .. } => format!("{} lies no more", cast.seats(seats)),
        FaultKind::Restart { .. }
        | FaultKind::Resume { .. }
        | FaultKind::Start { .. }
        | FaultKind::Leave { .. }
        | FaultKind::Jump { .. }
        | FaultKind::Heal => format!("{} is over", fault_begins(cast, fault)),
    }
}

/// `A,B | C`.
fn division(cast: &Cast, groups: &[Vec<Endpoint>]) -> String {
    groups.iter().map(|group| cast.group(group)).collect::<Vec<_>>().join(" | ")
}

/// How messages travel, without the dangers that are absent.
pub(super) fn travel(link: &LinkSettings) -> String {
    let chance = |name: &str, chance: Chance| {
        (!chance.is_never()).then(|| format!("{name} {}", share(chance)))
    };
    let parts = [
        Some(format!("latency {}", delay(link.latency))),
        chance("loss", link.loss),
        chance("duplicate", link.duplicate),
        chance("reorder", link.reorder),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What a process finds on its disk.
fn finds<R: fmt::Debug + Clone>(found: &Recovered<R>) -> String {
    let found: Vec<Found<R>> = found.clone().into_iter().collect();
    if found.is_empty() {
        return "finds nothing on its disk".into();
    }
    let items = found.iter().map(|item| match item {
        Found::Record(record) => Item::Whole(record),
        Found::Torn => Item::Broken("a torn record"),
        Found::Corrupt => Item::Broken("a corrupt record"),
    });
    format!("finds on its disk {}", last_few(found.len(), items))
}

enum Item<'a, R> {
    Whole(&'a R),
    Broken(&'static str),
}

impl<R: fmt::Debug> fmt::Debug for Item<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(record) => record.fmt(f),
            Self::Broken(what) => f.write_str(what),
        }
    }
}

/// The last of several things, with how many there are before.
fn last_few<T: fmt::Debug>(count: usize, items: impl Iterator<Item = T>) -> String {
    const SHOWN: usize = 3;
    let hidden = count.saturating_sub(SHOWN);
    let shown: Vec<String> = items.skip(hidden).map(|item| format!("{item:?}")).collect();
    match (hidden, shown.is_empty()) {
        (_, true) => "nothing".into(),
        (0, _) => shown.join("; "),
        _ => format!("{hidden} records, then {}", shown.join("; ")),
    }
}

/// A delay, with lengths as [`length`] prints them.
pub(crate) fn delay(delay: Delay) -> String {
    let capped = |text: String, max: Duration| {
        if max == Duration::MAX { text } else { format!("{text} max {}", length(max)) }
    };
    match delay {
        Delay::Fixed(fixed) => length(fixed),
        Delay::Uniform { from, to } => format!("{}..{}", length(from), length(to)),
        Delay::Exponential { mean, max } => capped(format!("mean {}", length(mean)), max),
        Delay::LogNormal { median, p99, max } => {
            capped(format!("median {} p99 {}", length(median), length(p99)), max)
        }
    }
}

/// A length as a scenario writes it, but never in nine digits: `50ms`, `97.123ms`.
pub(crate) fn length(length: Duration) -> String {
    const MILLISECOND: u64 = 1_000_000;
    let nanos = length.as_nanos();
    if nanos.is_multiple_of(MILLISECOND) || nanos < MILLISECOND {
        length.to_string()
    } else {
        Time::from_nanos(nanos).to_string()
    }
}

/// A chance in percent, to a tenth; smaller ones in parts per million.
pub(super) fn share(chance: Chance) -> String {
    match chance.ppm() {
        ppm if ppm < 1_000 || ppm.is_multiple_of(10_000) => chance.to_string(),
        ppm => format!("{}.{}%", ppm / 10_000, ppm % 10_000 / 1_000),
    }
}

/// What happened, in a line, with nodes as protocols print them.
pub(crate) fn headline<P: Protocol, C: Client<P>>(what: &Happening<'_, P, C>) -> String {
    let cast = Cast::anonymous();
    let line = |who: String, line: &Line| format!("{who} {} {}", line.op, line.text);
    match what {
        Happening::Input { seat, cause: why, .. } => line(cast.seat(*seat), &cause(&cast, why)),
        Happening::Effect { seat, effect: done } => line(cast.seat(*seat), &effect(&cast, done)),
        Happening::Fate { to, fate } => format!("to {}: {fate:?}", cast.endpoint(*to)),
        Happening::Durable { seat } => format!("{} disk durable", cast.seat(*seat)),
        Happening::Stepped { seat, state } => format!("{} is {}", cast.seat(*seat), state.role()),
        Happening::Undelivered { to, from, why } => {
            let (to, from) = (cast.endpoint(*to), cast.endpoint(*from));
            format!("{to} x  {from} {}", undelivered(&to, *why))
        }
        Happening::FaultBegins { fault } => fault_begins(&cast, fault),
        Happening::FaultEnds { fault } => fault_ends(&cast, fault),
        Happening::Sprung { fault, .. } => sprung(&cast, fault),
        Happening::Tampered => "a trap springs".into(),
        Happening::Lied { seat, .. } => format!("{} lies", cast.seat(*seat)),
        Happening::Crashed { seat, .. } => format!("{} crash", cast.seat(*seat)),
        Happening::Invoked { id, asked } => format!("{} asks {id} {asked:?}", id.client),
        Happening::Asked { id, to } => format!("{} => {} {id}", id.client, cast.node(*to)),
        Happening::Answered { client, from, id, answer: told } => {
            format!("{client} <= {} {id} {}", cast.node(*from), answer(&cast, told).0)
        }
        Happening::Completed { id, asked, outcome } => {
            format!("{} {id} {asked:?} = {outcome}", id.client)
        }
        Happening::Violated { violation } => {
            format!("violated {}: {}", violation.property, violation.message)
        }
    }
}
