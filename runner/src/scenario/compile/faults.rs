//! Faults: of which kind, whom they hit, and when.

use std::ops::Range;

use sim_core::adversary::{How, Lie};
use sim_core::fault::{Family, Fault, FaultKind};
use sim_core::id::{ClientId, NodeId, Seat};
use sim_core::time::{Duration, Time};
use sim_core::trap::{Blow, Trap};
use sim_core::world::{Endpoint, NetworkSettings};

use super::cast::Cast;
use super::checker::{Checker, given, section, span};
use super::lies;
use super::network::{LINK_KEYS, changed, says_nothing};
use super::traps::{self, Words};
use crate::scenario::de::At;
use crate::scenario::schema::{Arrow, Document, FaultSpec, LinkSpec, Maybe, NodeList, Sides};
use crate::scenario::suggest;

/// What goes wrong, and what nodes are upgraded to.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) faults: Vec<Placed>,
    pub(super) traps: Vec<Trap>,
    /// Where each trap is written, and what it is.
    pub(super) entries: Vec<(usize, String)>,
    /// As the faults number them.
    pub(super) upgrades: Vec<Upgrade>,
}

/// A fault and where it is written.
pub(super) struct Placed {
    pub(super) fault: Fault,
    pub(super) span: Range<usize>,
    /// Whether it strikes whatever the node is doing: one's outages may overlap.
    pub(super) regardless: bool,
}

/// One node gets other constants.
pub(super) struct Upgrade {
    pub(super) node: NodeId,
    pub(super) at: Time,
    /// Which entry of the list of faults says so.
    pub(super) entry: usize,
}

pub(super) fn faults(
    check: &mut Checker<'_>,
    cast: &Cast,
    network: &NetworkSettings,
    words: &Words,
    document: &Document,
    (calm, end): (Time, Time),
) -> Plan {
    let list = section(&document.faults).map_or(&[][..], |list| list);
    let mut plan = Plan::default();
    let followed = list.iter().zip(list.iter().skip(1).map(Some).chain([None]));
    for (entry, (at, next)) in followed.enumerate() {
        let Some(spec) = &at.value else { continue };
        let extent = at.span.start..next.map_or(usize::MAX, |next| next.span.start);
        let Some((family, span)) = kind(check, at, spec, &extent) else { continue };
        check_extras(check, family, spec);
        if spec.when.is_some() && family == Family::Corrupt {
            check.say(&span, "a liar waits for nothing", "say since when it lies: at: 0ms");
            continue;
        }
        if spec.when.is_some() {
            let has_receiver = section(&spec.when).is_some_and(|when| when.message.is_some());
            let cast = cast.with_stand_ins(has_receiver);
            let trap = traps::trap(check, words, (family, &span), (at, spec), calm);
            let blows = blows(check, &cast, network, (family, spec));
            let text = &check.text[..span.start.min(check.text.len())];
            let line = text.matches('\n').count() + 1;
            for blow in blows {
                plan.traps.extend(trap.clone().map(|trap| Trap { blow, ..trap }));
                plan.entries.push((line, format!("{} when", family.name())));
            }
            continue;
        }
        check_is_timed(check, family, &span, spec);
        let times = times(check, at, spec, end);
        let kinds = match family {
            Family::Corrupt => corrupt(check, cast, &words.forgeries, spec).into_iter().collect(),
            _ => kinds(check, cast, network, (family, spec)),
        };
        let Some((at, until)) = times else { continue };
        for mut kind in kinds {
            if let FaultKind::Upgrade { seat, to } = &mut kind {
                *to = u32::try_from(plan.upgrades.len()).expect("a file holds fewer");
                plan.upgrades.push(Upgrade { node: NodeId(seat.0), at, entry });
            }
            let fault = Fault { at, until, kind };
            let regardless = given(&spec.regardless).unwrap_or(false);
            plan.faults.push(Placed { fault, span: span.clone(), regardless });
        }
    }
    plan
}

/// The one kind that a fault has.
fn kind(
    check: &mut Checker<'_>,
    at: &At<FaultSpec>,
    spec: &FaultSpec,
    extent: &Range<usize>,
) -> Option<(Family, Range<usize>)> {
    let mut given = Family::ALL
        .into_iter()
        .filter_map(|family| value_span(family, spec).map(|span| (family, span)))
        .collect::<Vec<_>>();
    given.sort_by_key(|(_, span)| span.start);
    let mut given = given.into_iter();
    let Some(first) = given.next() else {
        // A kind that is misspelt was complained of as an unknown key.
        if check.has_blamed(extent) {
            return None;
        }
        let known = suggest::list(Family::ALL.map(Family::name), "or");
        check.say(&at.span, "what goes wrong here?", format!("a fault is a {known}"));
        return None;
    };
    for (family, span) in given {
        let what = format!("one fault cannot be {} and {}", one(first.0), one(family));
        let help = format!("begin another entry: `- {}: …`", family.name());
        check.say(&span, what, help);
    }
    Some(first)
}

fn value_span(family: Family, spec: &FaultSpec) -> Option<Range<usize>> {
    match family {
        Family::Partition => span(&spec.partition),
        Family::Cut => span(&spec.cut),
        Family::Clog => span(&spec.clog),
        Family::Link => span(&spec.link),
        Family::Crash => span(&spec.crash),
        Family::Restart => span(&spec.restart),
        Family::Upgrade => span(&spec.upgrade),
        Family::Pause => span(&spec.pause),
        Family::Resume => span(&spec.resume),
        Family::Start => span(&spec.start),
        Family::Leave => span(&spec.leave),
        Family::Jump => span(&spec.jump),
        Family::DiskFails => span(&spec.disk_fails),
        Family::Corrupt => span(&spec.corrupt),
        Family::Heal => span(&spec.heal),
        Family::Drop => span(&spec.drop),
        Family::Delay => span(&spec.delay),
        Family::Copy => span(&spec.copy),
    }
}

/// `a crash`, `an upgrade`.
fn one(family: Family) -> String {
    let article = if family.name().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {}", family.name())
}

/// Keys that only some kinds have.
fn check_extras(check: &mut Checker<'_>, family: Family, spec: &FaultSpec) {
    let extras = [
        ("mid_step", span(&spec.mid_step), Family::Crash),
        ("by", span(&spec.by), Family::Jump),
        ("how", span(&spec.how), Family::Corrupt),
        ("towards", span(&spec.towards), Family::Corrupt),
        ("late", span(&spec.late), Family::Corrupt),
        ("config", span(&spec.config), Family::Upgrade),
        ("latency", span(&spec.latency), Family::Link),
        ("loss", span(&spec.loss), Family::Link),
        ("duplicate", span(&spec.duplicate), Family::Link),
        ("reorder", span(&spec.reorder), Family::Link),
    ];
    for (key, span, owner) in extras {
        if let Some(span) = span.filter(|_| owner != family) {
            let what = format!("{} has no `{key}`", one(family));
            check.say(&span, what, format!("only {} has it", one(owner)));
        }
    }
    let of_processes =
        [Family::Crash, Family::Restart, Family::Upgrade, Family::Pause, Family::Resume];
    if let Some(span) = span(&spec.regardless).filter(|_| !of_processes.contains(&family)) {
        let what = format!("{} has no `regardless`", one(family));
        check.say(&span, what, "it lets crashes, restarts, upgrades and pauses overlap");
    }
    let endless =
        [Family::Restart, Family::Resume, Family::Start, Family::Leave, Family::Jump, Family::Heal];
    if let Some(span) = span(&spec.until).filter(|_| endless.contains(&family)) {
        let what = format!("{} happens at an instant", one(family));
        check.say(&span, what, "it has no `until`");
    }
}

/// What only a fault with `when` can be, or has.
fn check_is_timed(
    check: &mut Checker<'_>,
    family: Family,
    kind_at: &Range<usize>,
    spec: &FaultSpec,
) {
    if matches!(family, Family::Drop | Family::Delay | Family::Copy) {
        let what = format!("which message is this {} about?", family.name());
        check.say(kind_at, what, "say it: when: { message: …, nth: 3 }");
    }
    if let Some(span) = span(&spec.lasting) {
        let help = "with `at` it lasts `until: 8s`, a time of the run";
        check.say(&span, "only a fault with `when` has `lasting`", help);
    }
}

fn times(
    check: &mut Checker<'_>,
    fault: &At<FaultSpec>,
    spec: &FaultSpec,
    end: Time,
) -> Option<(Time, Option<Time>)> {
    let Some(at_field) = &spec.at else {
        check.say(&fault.span, "when does this happen?", "say it: at: 2s, or when: { role: … }");
        return None;
    };
    let until = check.instant(&spec.until);
    let at = check.instant(&spec.at)?;
    if at >= end {
        let what = format!("this begins at {at:?}, and the run ends at {end:?}");
        check.say(&at_field.span, what, "begin earlier, or let the run last longer");
    }
    if let (Some(until), Some(field)) = (until, &spec.until)
        && until <= at
    {
        let what = format!("this ends at {until:?}, and begins at {at:?}");
        check.say(&field.span, what, "both are counted from the beginning of the run");
    }
    Some((at, until))
}

fn kinds(
    check: &mut Checker<'_>,
    cast: &Cast,
    network: &NetworkSettings,
    (family, spec): (Family, &FaultSpec),
) -> Vec<FaultKind> {
    let single = |kind: Option<FaultKind>| kind.into_iter().collect();
    let seats = |check: &mut Checker<'_>, list| seats(check, cast, list);
    match family {
        Family::Partition => single(partition(check, cast, &spec.partition)),
        Family::Cut => {
            let arrow = arrow(check, cast, &spec.cut);
            single(arrow.map(|(from, to)| FaultKind::Cut { from, to }))
        }
        Family::Clog => {
            let arrow = arrow(check, cast, &spec.clog);
            single(arrow.map(|(from, to)| FaultKind::Clog { from, to }))
        }
        Family::Link => links(check, cast, network, spec),
        Family::Crash => {
            let mid_step = given(&spec.mid_step).unwrap_or(false);
            single(seats(check, &spec.crash).map(|seats| FaultKind::Crash { seats, mid_step }))
        }
        Family::Restart => {
            single(seats(check, &spec.restart).map(|seats| FaultKind::Restart { seats }))
        }
        Family::Upgrade => upgrade(check, cast, spec),
        Family::Pause => single(seats(check, &spec.pause).map(|seats| FaultKind::Pause { seats })),
        Family::Resume => {
            single(seats(check, &spec.resume).map(|seats| FaultKind::Resume { seats }))
        }
        Family::Start => single(seats(check, &spec.start).map(|seats| FaultKind::Start { seats })),
        Family::Leave => single(seats(check, &spec.leave).map(|seats| FaultKind::Leave { seats })),
        Family::Jump => single(jump(check, cast, spec)),
        Family::DiskFails => {
            single(seats(check, &spec.disk_fails).map(|seats| FaultKind::DiskFails { seats }))
        }
        // Who lies, and how, depends on the protocol.
        Family::Corrupt => Vec::new(),
        Family::Heal => vec![FaultKind::Heal],
        // Without a message to be about they are refused where their time is.
        Family::Drop | Family::Delay | Family::Copy => Vec::new(),
    }
}

/// What a trap does.
fn blows(
    check: &mut Checker<'_>,
    cast: &Cast,
    network: &NetworkSettings,
    (family, spec): (Family, &FaultSpec),
) -> Vec<Blow> {
    if matches!(family, Family::Drop | Family::Delay | Family::Copy) {
        return traps::tampering(check, spec).map(Blow::Tamper).into_iter().collect();
    }
    let kinds = kinds(check, cast, network, (family, spec)).into_iter();
    kinds
        .map(|kind| match traps::cuts_the_step(check, spec, &kind) {
            Some(cut) => cut,
            None => Blow::Fault(kind),
        })
        .collect()
}

fn seats(check: &mut Checker<'_>, cast: &Cast, list: &Maybe<NodeList>) -> Option<Vec<Seat>> {
    let at = list.as_ref()?;
    let list = at.value.as_ref()?;
    if list.0.is_empty() {
        check.say(&at.span, "no node is named here", "name one or more: A, or A,B");
    }
    let seats: Vec<Seat> =
        cast.nodes(check, list).into_iter().map(|NodeId(node)| Seat(node)).collect();
    (!seats.is_empty()).then_some(seats)
}

fn arrow(
    check: &mut Checker<'_>,
    cast: &Cast,
    arrow: &Maybe<Arrow>,
) -> Option<(Vec<Endpoint>, Vec<Endpoint>)> {
    let at = arrow.as_ref()?;
    let word = check.word(&at.span, &at.value.as_ref()?.0);
    cast.arrow(check, &word)
}

fn partition(check: &mut Checker<'_>, cast: &Cast, sides: &Maybe<Sides>) -> Option<FaultKind> {
    let at = sides.as_ref()?;
    let word = check.word(&at.span, &at.value.as_ref()?.0);
    let sides = word.split("|");
    if sides.len() < 2 {
        let what = "a partition has two sides at least";
        check.say(&word.span, what, "put | between them: A,B | C");
        return None;
    }
    let mut groups: Vec<Vec<Endpoint>> = Vec::new();
    for side in sides {
        let group = cast.endpoints(check, &side);
        for end in &group {
            if groups.iter().flatten().any(|known| known == end) {
                let what = format!("`{}` is on two sides of the partition", cast.name(*end));
                check.say(
                    &side.span,
                    what,
                    "sides do not overlap; who is on none reaches everybody",
                );
            }
        }
        groups.push(group);
    }
    Some(FaultKind::Partition { groups })
}

/// One fault for all links, or one for each if they become different ones.
fn links(
    check: &mut Checker<'_>,
    cast: &Cast,
    network: &NetworkSettings,
    spec: &FaultSpec,
) -> Vec<FaultKind> {
    let change = LinkSpec {
        latency: spec.latency.clone(),
        loss: spec.loss.clone(),
        duplicate: spec.duplicate.clone(),
        reorder: spec.reorder.clone(),
    };
    if says_nothing(&change)
        && let Some(span) = span(&spec.link)
    {
        check.say(&span, "what is wrong with this link?", LINK_KEYS);
    }
    let ends = match section(&spec.link) {
        Some(Arrow(every)) if every == "all" => {
            let everybody = everybody(cast);
            Some((everybody.clone(), everybody))
        }
        _ => arrow(check, cast, &spec.link),
    };
    let Some((from, to)) = ends else { return Vec::new() };
    let link = changed(network.link, &change);
    // What was set apart for single links stays so, but for what the fault changes. These come later, and
    // the last that speaks of a link counts.
    let within = |ends: &(Endpoint, Endpoint)| from.contains(&ends.0) && to.contains(&ends.1);
    let apart = network.overrides.iter().filter(|(ends, _)| within(ends));
    let apart = apart.map(|(&(from, to), &settings)| (from, to, changed(settings, &change)));
    let apart = apart
        .filter(|&(.., becomes)| becomes != link)
        .map(|(from, to, link)| FaultKind::Link { from: vec![from], to: vec![to], link });
    let apart: Vec<FaultKind> = apart.collect();
    std::iter::once(FaultKind::Link { from, to, link }).chain(apart).collect()
}

/// Every node, and every client that has a place of its own in the network.
fn everybody(cast: &Cast) -> Vec<Endpoint> {
    let nodes = (0..cast.count).map(|node| Endpoint::Seat(Seat(node)));
    let clients = (0..cast.workload).map(|client| Endpoint::Client(ClientId(client)));
    nodes.chain(clients).collect()
}

/// One fault for each node: what it is upgraded to depends on what it was.
fn upgrade(check: &mut Checker<'_>, cast: &Cast, spec: &FaultSpec) -> Vec<FaultKind> {
    let seats = seats(check, cast, &spec.upgrade).unwrap_or_default();
    if spec.config.is_none()
        && let Some(span) = span(&spec.upgrade)
    {
        let help = "say what changes: config: { … }; the rest stays as it is";
        check.say(&span, "what is this upgraded to?", help);
    }
    // Numbered where the list of them grows.
    seats.into_iter().map(|seat| FaultKind::Upgrade { seat, to: 0 }).collect()
}

fn jump(check: &mut Checker<'_>, cast: &Cast, spec: &FaultSpec) -> Option<FaultKind> {
    let seats = seats(check, cast, &spec.jump);
    let Some(by) = &spec.by else {
        let span = span(&spec.jump)?;
        check.say(&span, "how far does this clock jump?", "say it: by: +2s, or by: -500ms");
        return None;
    };
    let by_nanos = by.value?.0;
    if by_nanos.unsigned_abs() > FARTHEST.as_nanos() {
        check.say(&by.span, "this clock jumps too far", "100 years, 876_000h, are the most");
    }
    Some(FaultKind::Jump { seats: seats?, by_nanos })
}

/// Who lies, how, and to whom.
fn corrupt(
    check: &mut Checker<'_>,
    cast: &Cast,
    forgeries: &[&'static str],
    spec: &FaultSpec,
) -> Option<FaultKind> {
    let seats = seats(check, cast, &spec.corrupt);
    let how = lies::how(check, forgeries, (&spec.corrupt, &spec.how, &spec.late));
    let towards = self::seats(check, cast, &spec.towards);
    let towards = towards.map(|seats| seats.into_iter().map(|seat| NodeId(seat.0)).collect());
    let how = how?;
    if let Some(span) = span(&spec.towards).filter(|_| matches!(how, How::Twins | How::Amnesia)) {
        let what = format!("`{}` is the same towards everybody", how.name());
        check.say(&span, what, "leave `towards` out");
    }
    Some(FaultKind::Corrupt { seats: seats?, lie: Lie { how, towards } })
}

const FARTHEST: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
