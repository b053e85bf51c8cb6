//! What must hold: names of properties and points, each in the tense that it has.

use sim_core::chance::Chance;
use sim_core::check::builtin;
use sim_core::id::NodeId;
use sim_core::subject::{Check, Subject};
use sim_core::time::{Duration, Time};

use super::cast::Cast;
use super::checker::{Checker, section};
use crate::scenario::de::{At, Entries, OneOrMore};
use crate::scenario::schema::{Document, Maybe, Share};
use crate::scenario::suggest;
use crate::scenario::{Expect, Least};

/// Everything that a scenario can expect, by tense.
pub(super) struct Known {
    always: Vec<&'static str>,
    eventually: Vec<&'static str>,
    sometimes: Vec<&'static str>,
}

impl Known {
    pub(super) fn of<S: Subject>() -> Self {
        let mut known = Self {
            always: Vec::new(),
            eventually: Vec::new(),
            sometimes: S::POINTS.iter().map(|point| point.name).collect(),
        };
        for property in S::PROPERTIES {
            match property.check {
                Check::Invariant(_) | Check::History(_) => known.always.push(property.name),
                Check::Goal(_) => known.eventually.push(property.name),
            }
        }
        known.always.extend([builtin::NO_PANIC, builtin::NO_RUNAWAY, builtin::SCRIPT]);
        known.eventually.push(builtin::REPLY);
        known
    }

    /// Where a name belongs that does not belong here.
    fn elsewhere(&self, name: &str) -> Option<&'static str> {
        let has = |names: &[&str]| names.contains(&name);
        if has(&self.always) {
            Some("is a property that holds always: write it under `always`")
        } else if has(&self.eventually) {
            Some("is a goal: write it under `eventually`, with a time, as in { reply: 2s }")
        } else if has(&self.sometimes) {
            Some("is a point that runs reach: write it under `sometimes`")
        } else {
            None
        }
    }
}

/// How long the world is calm at the end of a run: goals that need longer are never judged.
pub(super) struct Calm {
    pub(super) from: Time,
    pub(super) end: Time,
}

pub(super) fn expect(
    check: &mut Checker<'_>,
    document: &Document,
    known: &Known,
    calm: Option<&Calm>,
) -> Expect {
    let mut expect = Expect::default();
    let scripted = section(&document.script).is_some_and(|lines| {
        lines.iter().any(|line| line.value.as_ref().is_none_or(|line| line.expect.is_some()))
    });
    let Some(at) = &document.expect else {
        if !scripted {
            let help = "say what must hold: expect: { always: […], eventually: { reply: 2s }, … }";
            check.missing("nothing is checked: there is no `expect`", help);
        }
        return expect;
    };
    let Some(spec) = &at.value else { return expect };
    if !scripted {
        let lists = [&spec.always, &spec.violated].into_iter().filter_map(section);
        let is_script = |name: &&At<String>| name.value.as_deref() == Some(builtin::SCRIPT);
        for name in lists.flat_map(|list| &list.0).filter(is_script) {
            let help = "add a `script` with a line that has an `expect`";
            check.say(&name.span, "there is no script to judge", help);
        }
    }
    expect.always = names(check, known, &spec.always, "always", &known.always);
    expect.sometimes = names(check, known, &spec.sometimes, "sometimes", &known.sometimes);
    expect.often = often(check, known, &spec.often);
    expect.eventually = goals(check, known, &spec.eventually, calm);
    let asked = document.clients.is_some() || document.script.is_some();
    if !asked && let Some((name, _)) = reply(document) {
        check.say(&name.span, "nobody asks, so nobody replies", "add `clients` or a `script`");
    }
    expect.violated = violated(check, known, &spec.violated, &expect);
    let nothing = spec.always.is_none()
        && spec.eventually.is_none()
        && spec.sometimes.is_none()
        && spec.often.is_none()
        && spec.violated.is_none();
    let empty = expect == Expect::default() && check.problems.is_empty();
    if (nothing || empty) && !scripted {
        let help = "name a property under always, eventually, sometimes, often or violated";
        check.say(&at.span, "nothing is checked", help);
    }
    expect
}

/// Whom `eventually` is about, if not everybody.
pub(super) fn core(check: &mut Checker<'_>, cast: &Cast, document: &Document) -> Vec<NodeId> {
    let core = section(&document.expect).and_then(|expect| section(&expect.core));
    core.map_or_else(Vec::new, |core| cast.nodes(check, core))
}

fn goals(
    check: &mut Checker<'_>,
    known: &Known,
    entries: &Maybe<Entries<Duration>>,
    calm: Option<&Calm>,
) -> Vec<(&'static str, Duration)> {
    let mut goals = Vec::new();
    for (name, at) in section(entries).map_or(&[][..], |entries| &entries.0) {
        let goal = find(check, known, name, "eventually", &known.eventually);
        let within = check.length(&Some(at.clone()));
        let (Some(goal), Some(within)) = (goal, within) else { continue };
        if let Some(Calm { from, end }) = calm.filter(|calm| calm.from + within > calm.end) {
            let left = end.since(*from);
            let what = format!("only {left} are left after the last fault, at {from:?}");
            check.say(&at.span, what, format!("the run ends at {end:?}: let it last longer"));
        }
        goals.push((goal, within));
    }
    goals
}

/// The points that must be reached in so many runs.
fn often(
    check: &mut Checker<'_>,
    known: &Known,
    entries: &Maybe<Entries<Share>>,
) -> Vec<(&'static str, Least)> {
    let mut often = Vec::new();
    for (name, at) in section(entries).map_or(&[][..], |entries| &entries.0) {
        let least = match at.value {
            Some(Share::Percent(share)) if share > Chance::NEVER => Least::Share(share),
            Some(Share::Weight(runs)) if runs > 0 => Least::Runs(runs),
            Some(_) => {
                check.say(
                    &at.span,
                    "in no run is never too few",
                    "write a share, 5%, or how many: 10",
                );
                continue;
            }
            None => continue,
        };
        if let Some(point) = find(check, known, name, "often", &known.sometimes) {
            often.push((point, least));
        }
    }
    often
}

fn reply(document: &Document) -> Option<&(At<String>, At<Duration>)> {
    let entries = section(&section(&document.expect)?.eventually)?;
    entries.0.iter().find(|(name, _)| name.value.as_deref() == Some(builtin::REPLY))
}

/// The properties of which a scenario shows that they can be broken.
fn violated(
    check: &mut Checker<'_>,
    known: &Known,
    list: &Maybe<OneOrMore<At<String>>>,
    expect: &Expect,
) -> Vec<&'static str> {
    let all: Vec<&'static str> = known.always.iter().chain(&known.eventually).copied().collect();
    let violated = names(check, known, list, "violated", &all);
    let entries = section(list).map_or(&[][..], |list| &list.0);
    for (name, text) in entries.iter().filter_map(|name| Some((name, name.value.as_deref()?))) {
        if expect.always.contains(&text) {
            let what = format!("`{text}` cannot hold always and be violated");
            check.say(&name.span, what, "leave it in one of the two lists");
        }
        let timed = expect.eventually.iter().any(|(goal, _)| *goal == text);
        if known.eventually.contains(&text) && !timed {
            let what = format!("within what time is `{text}` not reached?");
            check.say(
                &name.span,
                what,
                format!("give it a time too: eventually: {{ {text}: 2s }}"),
            );
        }
    }
    violated
}

fn names(
    check: &mut Checker<'_>,
    known: &Known,
    list: &Maybe<OneOrMore<At<String>>>,
    tense: &str,
    allowed: &[&'static str],
) -> Vec<&'static str> {
    let mut found = Vec::new();
    for name in section(list).map_or(&[][..], |list| &list.0) {
        let Some(property) = find(check, known, name, tense, allowed) else { continue };
        if found.contains(&property) {
            check.say(&name.span, format!("`{property}` is named twice"), "once is enough");
        } else {
            found.push(property);
        }
    }
    found
}

fn find(
    check: &mut Checker<'_>,
    known: &Known,
    name: &At<String>,
    tense: &str,
    allowed: &[&'static str],
) -> Option<&'static str> {
    let text = name.value.as_deref()?;
    let found = allowed.iter().find(|known| **known == text).copied();
    if found.is_some() {
        return found;
    }
    if let Some(place) = known.elsewhere(text) {
        check.say(
            &name.span,
            format!("`{text}` does not belong under `{tense}`"),
            format!("it {place}"),
        );
        return None;
    }
    let all = [&known.always[..], &known.eventually, &known.sometimes].concat();
    let meant = suggest::closest(text, all.iter().copied());
    let here = format!("under `{tense}` stand {}", suggest::list(allowed.iter().copied(), "and"));
    let help = meant.map_or_else(
        || here.clone(),
        |meant| format!("did you mean `{meant}`? {}", capital(&here)),
    );
    check.say(&name.span, format!("there is no property or point `{text}`"), help);
    None
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
