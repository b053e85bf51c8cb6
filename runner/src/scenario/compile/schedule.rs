//! Single decisions: what each is about, and that it is said in a way that can come true.

use std::ops::Range;

use sim_core::decide::{MidStepCrash, Parcel, Sent};
use sim_core::id::Seat;
use sim_core::protocol::Kind;
use sim_core::schedule::{Chosen, ChosenFate, StepName};
use sim_core::subject::Subject;
use sim_core::world::Endpoint;

use super::cast::Cast;
use super::checker::{Checker, Word, section, span};
use crate::scenario::de::At;
use crate::scenario::schema::{DecisionSpec, Document, Is, Maybe, WhenSpec};
use crate::scenario::{Decision, suggest};

/// What a protocol calls its messages and timers.
pub(super) struct Known {
    messages: &'static [&'static str],
    timers: &'static [&'static str],
}

impl Known {
    pub(super) const fn of<S: Subject>() -> Self {
        Self { messages: S::MESSAGES, timers: S::TIMERS }
    }
}

pub(super) fn schedule<S: Subject>(
    check: &mut Checker<'_>,
    cast: &Cast,
    document: &Document,
) -> Vec<Decision> {
    let known = Known::of::<S>();
    let list = section(&document.schedule).map_or(&[][..], |list| list);
    let mut decisions: Vec<Decision> = Vec::new();
    for at in list {
        let Some(spec) = &at.value else { continue };
        let Some((key, anchor)) = key(check, at, spec) else { continue };
        check_extras(check, key, spec);
        let chosen = match key {
            "message" => message(check, cast, &known, spec),
            "choice" => choice(check, cast, &known, spec),
            "sync" => sync(check, cast, spec),
            _ => crash(check, cast, &known, spec),
        };
        let Some(chosen) = chosen else { continue };
        if decisions.iter().any(|other| is_about_the_same(&other.chosen, &chosen)) {
            check.say(&anchor, "this is decided twice", "each decision is made once");
        }
        let line = check.text[..anchor.start.min(check.text.len())].matches('\n').count() + 1;
        decisions.push(Decision { line, anchor: written(key, spec), chosen });
    }
    decisions
}

/// The one thing that an entry decides, and where it stands.
fn key(
    check: &mut Checker<'_>,
    at: &At<DecisionSpec>,
    spec: &DecisionSpec,
) -> Option<(&'static str, Range<usize>)> {
    let keys = [
        ("message", span(&spec.message)),
        ("choice", span(&spec.choice)),
        ("sync", span(&spec.sync)),
        ("crash", span(&spec.crash)),
    ];
    let mut given: Vec<(&str, Range<usize>)> =
        keys.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
    given.sort_by_key(|(_, span)| span.start);
    let mut given = given.into_iter();
    let Some(first) = given.next() else {
        check.say(
            &at.span,
            "what is decided here?",
            "a decision is a message, choice, sync or crash",
        );
        return None;
    };
    for (key, span) in given {
        let what = format!("one decision cannot be about a {} and a {key}", first.0);
        check.say(&span, what, format!("begin another entry: `- {key}: …`"));
    }
    Some(first)
}

fn check_extras(check: &mut Checker<'_>, key: &str, spec: &DecisionSpec) {
    let extras = [
        ("delay", span(&spec.delay), "message"),
        ("drop", span(&spec.drop), "message"),
        ("copy", span(&spec.copy), "message"),
        ("when", span(&spec.when), "crash"),
        ("lasting", span(&spec.lasting), "crash"),
    ];
    for (extra, span, owner) in extras {
        if let Some(span) = span.filter(|_| owner != key) {
            let what = format!("a {key} has no `{extra}` here");
            check.say(&span, what, format!("only a {owner} has it"));
        }
    }
    if let Some(span) = span(&spec.is).filter(|_| !["choice", "sync"].contains(&key)) {
        check.say(&span, format!("a {key} has no `is` here"), "only a choice or a sync has it");
    }
}

fn message(
    check: &mut Checker<'_>,
    cast: &Cast,
    known: &Known,
    spec: &DecisionSpec,
) -> Option<Chosen> {
    let at = spec.message.as_ref()?;
    let word = check.word(&at.span, at.value.as_deref()?);
    let fate = fate(check, at, spec);
    let Some((from, rest)) = word.split_once("->") else {
        let what = format!("`{}` is not a message", word.text);
        check.say(&word.span, what, MESSAGE);
        return None;
    };
    let Some((to, kind)) = rest.split_once(" ") else {
        check.say(&word.span, "which message is meant?", MESSAGE);
        return None;
    };
    let (from, to) = (one_end(check, cast, &from), one_end(check, cast, &to));
    let numbered = numbered(check, &kind, "AppendEntries#3");
    let (from, to, (kind, nth)) = (from?, to?, numbered?);
    let what = match (from, to) {
        (Endpoint::Seat(_), Endpoint::Seat(_)) => {
            Parcel::Message(message_kind(check, known, &kind)?)
        }
        (Endpoint::Client(_), Endpoint::Seat(_)) if kind.text == "request" => Parcel::Request,
        (Endpoint::Seat(_), Endpoint::Client(_)) if kind.text == "reply" => Parcel::Reply,
        (Endpoint::Client(_), Endpoint::Client(_)) => {
            check.say(&word.span, "clients say nothing to each other", MESSAGE);
            return None;
        }
        (Endpoint::Client(_), Endpoint::Seat(_)) => {
            let what = format!("a client sends no `{}`", kind.text);
            check.say(&kind.span, what, "what it asks is a request: c1 -> A request#1");
            return None;
        }
        (Endpoint::Seat(_), Endpoint::Client(_)) => {
            let what = format!("a client is sent no `{}`", kind.text);
            check.say(&kind.span, what, "what it is told is a reply: A -> c1 reply#1");
            return None;
        }
    };
    if let Some(copy) = span(&spec.copy).filter(|_| !matches!(what, Parcel::Message(_))) {
        let what = "nothing between clients and nodes arrives twice";
        check.say(&copy, what, "they speak over connections: delay or drop it");
    }
    Some(Chosen::Message { sent: Sent { from, to, what }, nth, fate: fate? })
}

fn fate(check: &mut Checker<'_>, at: &At<String>, spec: &DecisionSpec) -> Option<ChosenFate> {
    let (after, copy) = (check.length(&spec.delay), check.length(&spec.copy));
    match &spec.drop {
        Some(drop) if drop.value == Some(false) => {
            check.say(&drop.span, "this decides nothing", "write `drop: true`, or leave it out");
            None
        }
        Some(drop) if spec.delay.is_some() || spec.copy.is_some() => {
            let what = "what is dropped does not arrive";
            check.say(&drop.span, what, "either drop: true, or delay: 120ms and copy: 5ms");
            None
        }
        Some(drop) => drop.value.map(|_| ChosenFate::Lost),
        None if spec.delay.is_none() && spec.copy.is_none() => {
            let help = "say it: delay: 120ms, copy: 5ms or drop: true";
            check.say(&at.span, "what becomes of this message?", help);
            None
        }
        None => Some(ChosenFate::Arrives { after, copy }),
    }
}

fn choice(
    check: &mut Checker<'_>,
    cast: &Cast,
    known: &Known,
    spec: &DecisionSpec,
) -> Option<Chosen> {
    let at = spec.choice.as_ref()?;
    let word = check.word(&at.span, at.value.as_deref()?);
    let Some(is) = &spec.is else {
        check.say(&at.span, "what is chosen?", "say it: is: 180ms for a timer, is: 2 for a choice");
        return None;
    };
    let (node, timer) = match word.split_once(" ") {
        Some((node, timer)) => (node, Some(timer)),
        None => (word, None),
    };
    let Some(timer) = timer else {
        let (node, nth) = numbered(check, &node, "A#5")?;
        let seat = seat(check, cast, &node)?;
        let Is::Pick(is) = is_a(check, is, "a choice is a number from 0: is: 2")? else {
            let help = "a choice is a number from 0, of a chance 1 if it happens: is: 1";
            check.say(&is.span, "this choice is not among lengths", help);
            return None;
        };
        return Some(Chosen::Choice { seat, nth, is });
    };
    let seat = seat(check, cast, &node);
    let (timer, nth) = numbered(check, &timer, "A Election#2")?;
    check_timer(check, known, &timer)?;
    match is_a(check, is, "how long the timer is: is: 180ms")? {
        Is::Length(is) => Some(Chosen::Timer { seat: seat?, timer: timer.text.into(), nth, is }),
        Is::Pick(_) => {
            check.say(&is.span, "how long is this timer?", "with its unit: is: 180ms");
            None
        }
    }
}

fn sync(check: &mut Checker<'_>, cast: &Cast, spec: &DecisionSpec) -> Option<Chosen> {
    let at = spec.sync.as_ref()?;
    let word = check.word(&at.span, at.value.as_deref()?);
    let Some(is) = &spec.is else {
        check.say(&at.span, "how long does this sync take?", "say it: is: 20ms");
        return None;
    };
    let (node, nth) = numbered(check, &word, "A#5")?;
    let seat = seat(check, cast, &node)?;
    match is_a(check, is, "how long it takes: is: 20ms")? {
        Is::Length(is) => Some(Chosen::Sync { seat, nth, is }),
        Is::Pick(_) => {
            check.say(&is.span, "how long does this sync take?", "with its unit: is: 20ms");
            None
        }
    }
}

fn crash(
    check: &mut Checker<'_>,
    cast: &Cast,
    known: &Known,
    spec: &DecisionSpec,
) -> Option<Chosen> {
    let at = spec.crash.as_ref()?;
    let word = check.word(&at.span, at.value.as_deref()?);
    let seat = seat(check, cast, &word);
    let lasting = check.length(&spec.lasting);
    let Some(when) = &spec.when else {
        check.say(&at.span, "in which step does it crash?", WHEN);
        return None;
    };
    let (step, nth) = step(check, known, when)?;
    let Some(after) = &when.value.as_ref()?.after_effect else {
        let help = format!("0 is before the first one: {WHEN}");
        check.say(&when.span, "after which of its effects?", help);
        return None;
    };
    let after = usize::try_from(after.value?).ok()?;
    Some(Chosen::Crash { seat: seat?, step, nth, crash: MidStepCrash { after, lasting } })
}

fn step(check: &mut Checker<'_>, known: &Known, at: &At<WhenSpec>) -> Option<(StepName, u64)> {
    let spec = at.value.as_ref()?;
    let Some(step) = &spec.step else {
        check.say(&at.span, "in which step does it crash?", WHEN);
        return None;
    };
    let word = check.word(&step.span, step.value.as_deref()?);
    let (name, nth) = numbered(check, &word, "AppendEntries#3")?;
    Some((step_name(check, known, &name, &[])?, nth))
}

/// The step of a name. Where other words may stand too, they are suggested as well.
pub(super) fn step_name(
    check: &mut Checker<'_>,
    known: &Known,
    name: &Word<'_>,
    others: &[&str],
) -> Option<StepName> {
    let message = known.messages.iter().position(|known| *known == name.text);
    let message = message.and_then(|kind| u8::try_from(kind).ok());
    match (name.text, message) {
        (_, Some(kind)) => Some(StepName::Message(Kind(kind))),
        ("start", _) => Some(StepName::Start),
        ("request", _) => Some(StepName::Request),
        ("disk", _) => Some(StepName::Disk),
        (timer, _) if known.timers.is_empty() || known.timers.contains(&head(timer)) => {
            Some(StepName::Timer(timer.into()))
        }
        (unknown, _) => {
            let words = ["start", "request", "disk"];
            let all = known.messages.iter().chain(known.timers).chain(others).copied();
            let all = all.chain(words);
            let help = suggest::did_you_mean(unknown, all, "Steps are named");
            check.say(&name.span, format!("no step is called `{unknown}`"), help);
            None
        }
    }
}

/// The name and the number of `AppendEntries#3`.
fn numbered<'w>(
    check: &mut Checker<'_>,
    word: &Word<'w>,
    example: &str,
) -> Option<(Word<'w>, u64)> {
    let Some((name, number)) = word.split_once("#") else {
        let behind = check.text.get(word.span.end..).unwrap_or_default();
        let help = if behind.trim_start_matches(' ').starts_with('#') {
            format!("a # behind a blank begins a comment: write it like {example}")
        } else {
            format!("count them from 1: {example}")
        };
        check.say(&word.span, format!("which `{}` is meant?", word.text), help);
        return None;
    };
    match number.text.replace('_', "").parse::<u64>() {
        Ok(0) => {
            let help = format!("the first is {}#1", name.text);
            check.say(&number.span, "they are counted from 1", help);
            None
        }
        Ok(nth) => Some((name, nth)),
        Err(_) => {
            let what = format!("`{}` is no number", number.text);
            check.say(&number.span, what, format!("write which one: {example}"));
            None
        }
    }
}

fn one_end(check: &mut Checker<'_>, cast: &Cast, word: &Word<'_>) -> Option<Endpoint> {
    let ends = cast.endpoints(check, word);
    match ends[..] {
        [] => None,
        [end] => Some(end),
        _ => {
            let what = "a message has one sender and one receiver";
            check.say(&word.span, what, MESSAGE);
            None
        }
    }
}

fn seat(check: &mut Checker<'_>, cast: &Cast, word: &Word<'_>) -> Option<Seat> {
    cast.node(check, word).map(|node| Seat(node.0))
}

pub(super) fn message_kind(
    check: &mut Checker<'_>,
    known: &Known,
    word: &Word<'_>,
) -> Option<Kind> {
    let kind = known.messages.iter().position(|known| *known == word.text);
    if kind.is_none() {
        let names = known.messages.iter().copied();
        let help = suggest::did_you_mean(word.text, names, "The messages are");
        check.say(&word.span, format!("there is no message `{}`", word.text), help);
    }
    kind.and_then(|kind| u8::try_from(kind).ok()).map(Kind)
}

/// A protocol that names no timers takes any name: the run tells whether there is such a timer.
fn check_timer(check: &mut Checker<'_>, known: &Known, word: &Word<'_>) -> Option<()> {
    if known.timers.is_empty() || known.timers.contains(&head(word.text)) {
        return Some(());
    }
    let names = known.timers.iter().copied();
    let help = suggest::did_you_mean(word.text, names, "The timers are");
    check.say(&word.span, format!("there is no timer `{}`", word.text), help);
    None
}

/// `Retry` of `Retry(3)`.
fn head(timer: &str) -> &str {
    timer.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or(timer)
}

fn is_a(check: &mut Checker<'_>, at: &At<Is>, help: &str) -> Option<Is> {
    if at.value.is_none() && !check.has_blamed(&at.span) {
        check.say(&at.span, "what is chosen?", help);
    }
    at.value
}

fn is_about_the_same(one: &Chosen, other: &Chosen) -> bool {
    match (one, other) {
        (Chosen::Message { sent: a, nth: i, .. }, Chosen::Message { sent: b, nth: j, .. }) => {
            (a, i) == (b, j)
        }
        (
            Chosen::Timer { seat: a, timer: s, nth: i, .. },
            Chosen::Timer { seat: b, timer: t, nth: j, .. },
        ) => (a, s, i) == (b, t, j),
        (Chosen::Choice { seat: a, nth: i, .. }, Chosen::Choice { seat: b, nth: j, .. })
        | (Chosen::Sync { seat: a, nth: i, .. }, Chosen::Sync { seat: b, nth: j, .. }) => {
            (a, i) == (b, j)
        }
        (
            Chosen::Crash { seat: a, step: s, nth: i, .. },
            Chosen::Crash { seat: b, step: t, nth: j, .. },
        ) => (a, s, i) == (b, t, j),
        _ => false,
    }
}

/// The anchor as it is reported: `message: A -> B AppendEntries#3`.
fn written(key: &str, spec: &DecisionSpec) -> String {
    let text = |field: &Maybe<String>| field.as_ref().and_then(|at| at.value.clone());
    let anchor = match key {
        "message" => text(&spec.message),
        "choice" => text(&spec.choice),
        "sync" => text(&spec.sync),
        _ => text(&spec.crash),
    };
    let step = spec.when.as_ref().and_then(|when| text(&when.value.as_ref()?.step));
    let step = step.map(|step| format!(" in {step}")).unwrap_or_default();
    format!("{key}: {}{step}", anchor.unwrap_or_default())
}

const MESSAGE: &str = "write A -> B AppendEntries#3, c1 -> A request#2 or A -> c1 reply#2";
const WHEN: &str = "when: { step: AppendEntries#3, after_effect: 1 }";
