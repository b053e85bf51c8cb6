//! Faults that wait for the protocol to do something: what for, and what comes of it.

use std::ops::Range;

use sim_core::chance::{Chance, Delay};
use sim_core::fault::{Family, FaultKind};
use sim_core::schedule::StepName;
use sim_core::subject::Subject;
use sim_core::time::{Duration, Time};
use sim_core::trap::{Blow, MOST_TIMES, Tampering, Trap, Trigger};

use super::checker::{Checker, LONGEST, given, span};
use super::schedule::{self, Known};
use crate::scenario::de::At;
use crate::scenario::schema::{FaultSpec, Maybe, TriggerSpec};
use crate::scenario::suggest;

/// What a protocol does that a trap may wait for, by name.
pub(super) struct Words {
    roles: &'static [&'static str],
    points: Vec<&'static str>,
    /// The lies of the protocol.
    pub(super) forgeries: Vec<&'static str>,
    known: Known,
}

impl Words {
    pub(super) fn of<S: Subject>() -> Self {
        Self {
            roles: S::ROLES,
            points: S::POINTS.iter().map(|point| point.name).collect(),
            forgeries: S::FORGERIES.iter().map(|forgery| forgery.name).collect(),
            known: Known::of::<S>(),
        }
    }
}

/// The trap that an entry of the faults sets, once it is known what it does.
pub(super) fn trap(
    check: &mut Checker<'_>,
    words: &Words,
    (family, kind_at): (Family, &Range<usize>),
    (fault, spec): (&At<FaultSpec>, &FaultSpec),
    end: Time,
) -> Option<Trap> {
    let at = spec.when.as_ref()?;
    let when = at.value.as_ref()?;
    for (key, span) in [("at", span(&spec.at)), ("until", span(&spec.until))] {
        if let Some(span) = span {
            let what = format!("a fault with `when` has no `{key}`");
            let help = "it begins when that happens, and is `lasting: 50ms..400ms`";
            check.say(&span, what, help);
        }
    }
    check_kind(check, family, kind_at);
    if let Some(span) = span(&spec.lasting).filter(|_| !lasts(family)) {
        let what = format!("a {} has no `lasting`", family.name());
        check.say(&span, what, "it happens at an instant");
    }
    let trigger = trigger(check, words, at, when);
    check_tampering(check, family, kind_at, when, spec);
    let nth = nth(check, when);
    let chance = chance(check, when);
    let times = times(check, when);
    let (from, until) = window(check, fault, when, end)?;
    let rest = check.length(&when.every).unwrap_or(Duration::ZERO);
    let (after, lasting) = (within_reach(check, &when.after), within_reach(check, &spec.lasting));
    let after = after.unwrap_or(Delay::NONE);
    // What it does is put in by who knows the faults.
    let blow = Blow::CutStep;
    Some(Trap { when: trigger?, nth, from, until, chance, times, rest, after, lasting, blow })
}

/// What becomes of the message, of a fault that is about one.
pub(super) fn tampering(check: &mut Checker<'_>, spec: &FaultSpec) -> Option<Tampering> {
    if let Some(drop) = &spec.drop {
        if drop.value == Some(false) {
            check.say(&drop.span, "this does nothing", "write `drop: true`, or leave it out");
        }
        return drop.value.filter(|drop| *drop).map(|_| Tampering::Drop);
    }
    let delay = within_reach(check, &spec.delay).map(Tampering::Delay);
    delay.or_else(|| within_reach(check, &spec.copy).map(Tampering::Copy))
}

/// A crash that falls in the midst of the very step, if that is wanted.
pub(super) fn cuts_the_step(
    check: &mut Checker<'_>,
    spec: &FaultSpec,
    kind: &FaultKind,
) -> Option<Blow> {
    let FaultKind::Crash { seats, mid_step: true } = kind else { return None };
    if let Some(at) = spec.crash.as_ref().filter(|_| seats[..] != [sim_core::trap::IT]) {
        let what = "only the one that does it crashes in the midst of that step";
        check.say(&at.span, what, "write crash: it, or leave mid_step out");
    }
    if let Some(after) = spec.when.as_ref().and_then(|when| span(&when.value.as_ref()?.after)) {
        let what = "a crash in the midst of the step that did it comes after nothing";
        check.say(&after, what, "take `after` away, or `mid_step`");
    }
    Some(Blow::CutStep)
}

/// Whether a fault of this family goes on for a while.
const fn lasts(family: Family) -> bool {
    matches!(
        family,
        Family::Partition
            | Family::Cut
            | Family::Clog
            | Family::Link
            | Family::Crash
            | Family::Pause
            | Family::DiskFails
    )
}

fn check_kind(check: &mut Checker<'_>, family: Family, at: &Range<usize>) {
    let timed = [
        Family::Restart,
        Family::Resume,
        Family::Upgrade,
        Family::Start,
        Family::Leave,
        Family::Heal,
    ];
    if timed.contains(&family) {
        let what = format!("a {} waits for no `when`", family.name());
        check.say(at, what, "it happens at its time: at: 2s");
    }
}

fn check_tampering(
    check: &mut Checker<'_>,
    family: Family,
    kind_at: &Range<usize>,
    when: &TriggerSpec,
    spec: &FaultSpec,
) {
    if !matches!(family, Family::Drop | Family::Delay | Family::Copy) {
        return;
    }
    if when.message.is_none() {
        let what = format!("`{}` is about a message", family.name());
        check.say(kind_at, what, "say which: when: { message: …, nth: 3 }");
    }
    if let Some(span) = span(&when.after) {
        let what = format!("a {} has no `after`", family.name());
        check.say(&span, what, "it is about the very message");
    }
    if let Some(span) = span(&spec.mid_step) {
        check.say(&span, format!("a {} has no `mid_step`", family.name()), "only a crash has it");
    }
}

fn trigger(
    check: &mut Checker<'_>,
    words: &Words,
    at: &At<TriggerSpec>,
    spec: &TriggerSpec,
) -> Option<Trigger> {
    let keys = [
        ("role", &spec.role),
        ("reached", &spec.reached),
        ("message", &spec.message),
        ("step", &spec.step),
    ];
    let mut said = keys.into_iter().filter_map(|(key, field)| Some((key, field.as_ref()?)));
    let Some((key, field)) = said.next() else {
        if !check.has_blamed(&at.span) {
            let help = "a role, reached, message or step: when: { role: leader }";
            check.say(&at.span, "what does this wait for?", help);
        }
        return None;
    };
    if let Some((second, field)) = said.next() {
        let what = format!("one fault cannot wait for a {key} and a {second}");
        check.say(&field.span, what, "begin another entry");
    }
    let text = field.value.as_deref()?;
    let word = check.word(&field.span, text);
    match key {
        "role" => named(check, field, text, words.roles, "role").map(Trigger::Role),
        "reached" => named(check, field, text, &words.points, "point").map(Trigger::Reached),
        "message" => schedule::message_kind(check, &words.known, &word).map(Trigger::Message),
        _ if text == "persisted" => Some(Trigger::Persisted),
        _ => match schedule::step_name(check, &words.known, &word, &["persisted"])? {
            StepName::Timer(name) => Some(Trigger::Step(StepName::Timer(name))),
            step => Some(Trigger::Step(step)),
        },
    }
}

/// The word of a list that a text is.
fn named(
    check: &mut Checker<'_>,
    field: &At<String>,
    text: &str,
    known: &[&'static str],
    what: &str,
) -> Option<&'static str> {
    let found = known.iter().copied().find(|known| *known == text);
    if found.is_none() {
        let help = suggest::did_you_mean(text, known.iter().copied(), &format!("The {what}s are"));
        check.say(&field.span, format!("there is no {what} `{text}`"), help);
    }
    found
}

fn nth(check: &mut Checker<'_>, when: &TriggerSpec) -> Option<u64> {
    let at = when.nth.as_ref()?;
    if at.value == Some(0) {
        check.say(&at.span, "they are counted from 1", "the first is nth: 1");
    }
    if let Some(span) = span(&when.times) {
        check.say(&span, "there is only one of these", "either `nth`, or `times`");
    }
    at.value
}

fn chance(check: &mut Checker<'_>, when: &TriggerSpec) -> Chance {
    let Some(at) = &when.chance else { return Chance::ALWAYS };
    if at.value.is_some_and(Chance::is_never) {
        check.say(&at.span, "this never happens", "more than nothing: chance: 80%");
    }
    at.value.unwrap_or(Chance::ALWAYS)
}

fn times(check: &mut Checker<'_>, when: &TriggerSpec) -> u32 {
    let Some(at) = &when.times else { return MOST_TIMES };
    match at.value {
        Some(0) => check.say(&at.span, "this never happens", "at least once: times: 1"),
        Some(times) if times > MOST_TIMES => {
            check.say(&at.span, "this is too often for a run", "10_000 times are the most");
        }
        _ => {}
    }
    at.value.unwrap_or(MOST_TIMES)
}

/// From when to when a trap is set: where nothing is said, from the beginning of the run to the calm.
fn window(
    check: &mut Checker<'_>,
    fault: &At<FaultSpec>,
    when: &TriggerSpec,
    end: Time,
) -> Option<(Time, Time)> {
    let from = check.instant(&when.from).unwrap_or(Time::ZERO);
    let until = check.instant(&when.until).unwrap_or(end);
    if from >= until {
        let at = when.from.as_ref().or(when.until.as_ref()).map_or(&fault.span, |at| &at.span);
        let what = format!("this waits from {from:?} on, and only until {until:?}");
        check.say(at, what, "both are counted from the beginning of the run");
        return None;
    }
    Some((from, until))
}

fn within_reach(check: &mut Checker<'_>, field: &Maybe<Delay>) -> Option<Delay> {
    let delay = given(field)?;
    if let Some(at) = field.as_ref().filter(|_| delay.longest() > LONGEST) {
        check.say(&at.span, "this takes too long", "100 years, 876_000h, are the most");
    }
    Some(delay)
}
