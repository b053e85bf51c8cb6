//! The ranges that a swarm draws from.

use sim_core::chance::Chance;
use sim_core::swarm::{Aim, AtMost, Clogs, Liars, Outages, Partitions, Shape, Span, Swarm};
use sim_core::time::{Duration, Time};
use sim_core::units::Between;

use super::checker::{Checker, given, section};
use crate::scenario::de::{At, OneOrMore};
use crate::scenario::schema::{
    Document, Maybe, SwarmClients, SwarmCrash, SwarmFaults, SwarmPartition, SwarmSpec,
};
use crate::scenario::suggest;

pub(super) fn swarm(
    check: &mut Checker<'_>,
    document: &Document,
    (roles, corrupt): (&'static [&'static str], Option<Liars>),
    chaos: Option<Time>,
) -> Option<Swarm> {
    let at = document.swarm.as_ref()?;
    let spec = at.value.as_ref()?;
    let keep_each = keep_each(check, at, spec);
    let network = section(&spec.network);
    let faults = section(&spec.faults);
    let clock = section(&spec.clock);
    let chaos = chaos.unwrap_or(Time::ZERO);
    let sizes = section(&spec.node_count).map_or(&[][..], |counts| &counts.0);
    let swarm = Swarm {
        keep_each,
        node_count: sizes.iter().filter_map(|count| count.value).collect(),
        latency: network.and_then(|network| span(&network.latency)),
        loss: network.and_then(|network| span(&network.loss)),
        duplicate: network.and_then(|network| span(&network.duplicate)),
        reorder: network.and_then(|network| span(&network.reorder)),
        fsync: section(&spec.disk).and_then(|disk| span(&disk.fsync)),
        skew: clock.and_then(|clock| span(&clock.skew)),
        drift_ppm: clock
            .and_then(|clock| given(&clock.drift))
            .map(|drift| (drift.from.0, drift.to.0)),
        partition: faults.and_then(|faults| partitions(check, faults, chaos)),
        crash: faults.and_then(|faults| crashes(check, faults, roles, chaos)),
        pause: faults.and_then(|faults| pauses(check, faults, chaos)),
        clog: faults.and_then(|faults| clogs(check, faults, chaos)),
        corrupt,
        think: section(&spec.clients).and_then(|clients| think(check, document, clients)),
        keys: section(&spec.clients).map_or_else(Vec::new, |clients| keys(check, clients)),
        remains: given(&spec.majority_remains).unwrap_or(Chance::NEVER),
        excess: given(&spec.beyond_budget).unwrap_or(Chance::NEVER),
        chaos,
    };
    if draws_nothing(spec, faults) {
        let help = "give it node_count, network, disk, clock or faults with their ranges";
        check.say(&at.span, "this swarm has nothing to draw", help);
    }
    Some(swarm)
}

fn keep_each(check: &mut Checker<'_>, at: &At<SwarmSpec>, spec: &SwarmSpec) -> Chance {
    match &spec.keep_each {
        None => {
            let help = "say how likely each danger is to be there in a seed: keep_each: 50%";
            check.say(&at.span, "this swarm lacks `keep_each`", help);
        }
        Some(keep) if keep.value.is_some_and(Chance::is_never) => {
            check.say(&keep.span, "no danger is ever there", "more than nothing: keep_each: 50%");
        }
        Some(_) => {}
    }
    given(&spec.keep_each).unwrap_or(Chance::ALWAYS)
}

fn draws_nothing(spec: &SwarmSpec, faults: Option<&SwarmFaults>) -> bool {
    let faults_too = faults.is_none_or(|faults| {
        faults.partition.is_none()
            && faults.crash.is_none()
            && faults.pause.is_none()
            && faults.clog.is_none()
            && faults.corrupt.is_none()
    });
    let strengths = spec.node_count.is_none()
        && spec.network.is_none()
        && spec.disk.is_none()
        && spec.clients.is_none()
        && spec.majority_remains.is_none()
        && spec.clock.is_none();
    faults_too && strengths
}

fn partitions(check: &mut Checker<'_>, faults: &SwarmFaults, chaos: Time) -> Option<Partitions> {
    let at = faults.partition.as_ref()?;
    let spec = at.value.as_ref()?;
    let rhythm = rhythm(check, "partition", at, (&spec.every, &spec.lasting), chaos);
    let shapes = shapes(check, at, spec);
    let (every, lasting) = rhythm?;
    Some(Partitions { every, lasting, shapes })
}

fn shapes(check: &mut Checker<'_>, at: &At<SwarmPartition>, spec: &SwarmPartition) -> Vec<Shape> {
    let known = Shape::ALL.map(|(name, _)| name);
    let all = format!("shape: [{}]", known.join(", "));
    let Some(list) = &spec.shape else {
        check.say(&at.span, "what shapes do partitions have?", format!("say it: {all}"));
        return Vec::new();
    };
    let names: &OneOrMore<At<String>> = match &list.value {
        Some(names) if !names.0.is_empty() => names,
        Some(_) => {
            check.say(&list.span, "there is no shape to draw", all);
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let mut shapes = Vec::new();
    for name in &names.0 {
        let Some(text) = name.value.as_deref() else { continue };
        match Shape::ALL.iter().find(|(known, _)| *known == text) {
            Some((_, shape)) => shapes.push(*shape),
            None => {
                let help = suggest::did_you_mean(text, known, "The shapes are");
                check.say(&name.span, format!("there is no shape `{text}`"), help);
            }
        }
    }
    shapes
}

fn crashes(
    check: &mut Checker<'_>,
    faults: &SwarmFaults,
    roles: &'static [&'static str],
    chaos: Time,
) -> Option<Outages> {
    let at = faults.crash.as_ref()?;
    let spec = at.value.as_ref()?;
    let rhythm = rhythm(check, "crash", at, (&spec.every, &spec.lasting), chaos);
    let at_most = at_most(check, at, &spec.at_most);
    let (every, lasting) = rhythm?;
    let mid_step = given(&spec.mid_step).unwrap_or(Chance::NEVER);
    let aims = aims(check, spec, roles, at_most?);
    let for_ever = given(&spec.for_ever).unwrap_or(Chance::NEVER);
    Some(Outages { every, lasting, at_most: at_most?, mid_step, aims, for_ever })
}

fn aims(
    check: &mut Checker<'_>,
    spec: &SwarmCrash,
    roles: &'static [&'static str],
    at_most: AtMost,
) -> Vec<Aim> {
    let mut aims = Vec::new();
    let timed = Aim::ALL.map(|(name, _)| name);
    for name in section(&spec.aim).map_or(&[][..], |list| &list.0) {
        let Some(text) = name.value.as_deref() else { continue };
        let aim = Aim::ALL.iter().find(|(known, _)| *known == text).map(|(_, aim)| *aim);
        let role = roles.iter().find(|role| **role == text).map(|role| Aim::Role(role));
        if role.is_some() && at_most != AtMost::Any {
            let what = format!("nobody counts how many are out when a {text} crashes");
            check.say(&name.span, what, "with at_most: any it may, whoever else is out");
        }
        let Some(aim) = aim.or(role) else {
            let all = timed.iter().chain(roles).copied();
            let help = suggest::did_you_mean(text, all, "The choices are");
            check.say(&name.span, format!("crashes have no aim `{text}`"), help);
            continue;
        };
        aims.push(aim);
    }
    if let Some(list) =
        spec.aim.as_ref().filter(|list| list.value.as_ref().is_some_and(|it| it.0.is_empty()))
    {
        let help = format!("one or more: aim: [{}]", timed.join(", "));
        check.say(&list.span, "there is no aim to draw", help);
    }
    aims
}

fn clogs(check: &mut Checker<'_>, faults: &SwarmFaults, chaos: Time) -> Option<Clogs> {
    let at = faults.clog.as_ref()?;
    let spec = at.value.as_ref()?;
    let (every, lasting) = rhythm(check, "clog", at, (&spec.every, &spec.lasting), chaos)?;
    let swizzle = given(&spec.swizzle).unwrap_or(Chance::NEVER);
    Some(Clogs { every, lasting, swizzle })
}

/// How long clients think, who do.
fn think(
    check: &mut Checker<'_>,
    document: &Document,
    spec: &SwarmClients,
) -> Option<Span<Duration>> {
    let at = spec.think.as_ref()?;
    if section(&document.clients).is_none_or(|clients| clients.think.is_none()) {
        let help = "give `clients` a `think` of their own, in place of a `rate`";
        check.say(&at.span, "nobody thinks between two requests", help);
    }
    span(&spec.think)
}

/// How many keys clients may ask about.
fn keys(check: &mut Checker<'_>, spec: &SwarmClients) -> Vec<u32> {
    let list = section(&spec.keys).map_or(&[][..], |list| &list.0);
    for zero in list.iter().filter(|count| count.value == Some(0)) {
        check.say(&zero.span, "there are no keys", "at least one: 1");
    }
    list.iter().filter_map(|count| count.value).filter(|count| *count > 0).collect()
}

fn pauses(check: &mut Checker<'_>, faults: &SwarmFaults, chaos: Time) -> Option<Outages> {
    let at = faults.pause.as_ref()?;
    let spec = at.value.as_ref()?;
    let rhythm = rhythm(check, "pause", at, (&spec.every, &spec.lasting), chaos);
    let at_most = at_most(check, at, &spec.at_most);
    let (every, lasting) = rhythm?;
    let (aims, mid_step, for_ever) = (Vec::new(), Chance::NEVER, Chance::NEVER);
    Some(Outages { every, lasting, at_most: at_most?, mid_step, aims, for_ever })
}

fn at_most<T>(check: &mut Checker<'_>, at: &At<T>, field: &Maybe<String>) -> Option<AtMost> {
    let Some(given) = field else {
        let help = "say it: at_most: one, minority or any";
        check.say(&at.span, "how many nodes may be out at a time?", help);
        return None;
    };
    let text = given.value.as_deref()?;
    let known = AtMost::ALL.iter().find(|(name, _)| *name == text);
    if known.is_none() {
        let names = AtMost::ALL.map(|(name, _)| name);
        let help = suggest::did_you_mean(text, names, "The choices are");
        check.say(&given.span, format!("`{text}` is not a choice here"), help);
    }
    known.map(|(_, at_most)| *at_most)
}

type Rhythm<'a> = (&'a Maybe<Between<Duration>>, &'a Maybe<Between<Duration>>);

/// How often and how long. A fault every nanosecond would fill the memory before the run begins.
fn rhythm<T>(
    check: &mut Checker<'_>,
    what: &str,
    at: &At<T>,
    (every, lasting): Rhythm<'_>,
    chaos: Time,
) -> Option<(Span<Duration>, Span<Duration>)> {
    for (key, field, example) in [("every", every, "1s..10s"), ("lasting", lasting, "50ms..5s")] {
        if field.is_none() {
            let help = format!("say it: {key}: {example}");
            check.say(&at.span, format!("`{what}` lacks `{key}`"), help);
        }
    }
    if let Some(field) = every
        && let Some(range) = field.value
    {
        let most = range.from.as_nanos().saturating_mul(MOST_FAULTS);
        if most < chaos.as_nanos() || range.from.is_zero() {
            let what = format!("every {} is too often for a run of {chaos:?}", range.from);
            check.say(&field.span, what, "100_000 faults of a kind are the most");
            return None;
        }
    }
    Some((span(every)?, span(lasting)?))
}

fn span<T: Copy>(field: &Maybe<Between<T>>) -> Option<Span<T>> {
    given(field).map(|range| (range.from, range.to))
}

const MOST_FAULTS: u64 = 100_000;
