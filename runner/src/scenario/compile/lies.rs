//! Who lies: the ways to lie by name, and how many may.

use std::collections::BTreeSet;

use sim_core::adversary::How;
use sim_core::fault::{Fault, FaultKind};
use sim_core::id::Seat;
use sim_core::subject::Subject;
use sim_core::swarm::Liars;
use sim_core::time::Duration;

use super::checker::{Checker, given, section};
use crate::scenario::Expect;
use crate::scenario::schema::{Document, Maybe, NodeList};
use crate::scenario::suggest;

/// What stands in a scenario of one who lies: who, `how`, and `late`.
pub(super) type Written<'a> = (&'a Maybe<NodeList>, &'a Maybe<String>, &'a Maybe<Duration>);

/// The way to lie that is written.
pub(super) fn how(
    check: &mut Checker<'_>,
    forgeries: &[&'static str],
    (corrupt, how, late): Written<'_>,
) -> Option<How> {
    let Some(written) = how else {
        let at = corrupt.as_ref()?;
        check.say(
            &at.span,
            "how does this node lie?",
            format!("say it: how: {}", known(forgeries)),
        );
        return None;
    };
    let how = named(check, forgeries, written.value.as_deref()?, &written.span, given(late))?;
    if let (Some(late), false) = (late, matches!(how, How::Late(_))) {
        let help = "only `how: late` takes its time; everything else is said at once";
        check.say(&late.span, format!("`{}` has no `late`", how.name()), help);
    }
    Some(how)
}

/// The way to lie of a name.
pub(super) fn named(
    check: &mut Checker<'_>,
    forgeries: &[&'static str],
    name: &str,
    span: &std::ops::Range<usize>,
    late: Option<Duration>,
) -> Option<How> {
    let plain = How::PLAIN.into_iter().find(|how| how.name() == name);
    let forged = || forgeries.iter().find(|known| **known == name).map(|name| How::Forge(name));
    if let Some(how) = plain.or_else(forged) {
        return Some(how);
    }
    if name == LATE {
        if late.is_none() {
            check.say(span, "how late is what this node says?", "say it too: late: 500ms");
        }
        return late.map(How::Late);
    }
    let all =
        How::PLAIN.iter().map(|how| how.name()).chain([LATE]).chain(forgeries.iter().copied());
    let help = suggest::did_you_mean(name, all, "The choices are");
    check.say(span, format!("there is no lie `{name}`"), help);
    None
}

/// The liars that a swarm may draw, where each size of the cluster tolerates so many.
pub(super) fn drawn(
    check: &mut Checker<'_>,
    document: &Document,
    forgeries: &[&'static str],
    tolerated: &[(u32, usize)],
) -> Option<Liars> {
    let faults = section(&section(&document.swarm)?.faults)?;
    let at = faults.corrupt.as_ref()?;
    let spec = at.value.as_ref()?;
    let late = given(&spec.late).map(|range| (range.from, range.to));
    let Some(list) = &spec.how else {
        let help = format!("say it: how: [{}]", How::PLAIN.map(How::name).join(", "));
        check.say(&at.span, "how do nodes lie?", help);
        return None;
    };
    let mut how = Vec::new();
    for name in list.value.as_ref().map_or(&[][..], |names| &names.0) {
        let Some(text) = name.value.as_deref() else { continue };
        how.extend(named(check, forgeries, text, &name.span, late.map(|late| late.1)));
    }
    if how.is_empty() {
        return None;
    }
    let Some(field) = &spec.at_most else {
        check.say(&at.span, "how many nodes may lie?", "say it: at_most: f, f+1 or one");
        return None;
    };
    let beyond = |more: u32| {
        let most = |&(nodes, liars): &(u32, usize)| {
            (nodes, u32::try_from(liars).unwrap_or(u32::MAX).saturating_add(more))
        };
        tolerated.iter().map(most).collect::<Vec<_>>()
    };
    let (at_most, at_least) = match field.value.as_deref()? {
        "f" => (beyond(0), 1),
        // Less would break nothing.
        "f+1" => (beyond(1), u32::MAX),
        "one" => (tolerated.iter().map(|&(nodes, _)| (nodes, 1)).collect(), 1),
        other => {
            let help = suggest::did_you_mean(other, ["f", "f+1", "one"], "The choices are");
            check.say(&field.span, format!("`{other}` is not a choice here"), help);
            return None;
        }
    };
    Some(Liars { at_most, at_least, how, late: late.unwrap_or_default() })
}

fn known(forgeries: &[&'static str]) -> String {
    let all =
        How::PLAIN.iter().map(|how| how.name()).chain([LATE]).chain(forgeries.iter().copied());
    suggest::list(all, "or")
}

/// A protocol keeps its promises as long as no more lie than it is made for. A scenario with more is a
/// lesson, and says what they break.
pub(super) fn budget<S: Subject>(
    check: &mut Checker<'_>,
    document: &Document,
    faults: &[Fault],
    (expect, tolerated): (&Expect, usize),
) {
    let mut liars: BTreeSet<Seat> = BTreeSet::new();
    for fault in faults {
        if let FaultKind::Corrupt { seats, lie } = &fault.kind
            && !lie.how.is_omission()
        {
            liars.extend(seats);
        }
    }
    let swarm = section(&document.swarm).and_then(|swarm| section(&swarm.faults)?.corrupt.as_ref());
    let field = swarm.and_then(|at| at.value.as_ref()?.at_most.as_ref());
    if let Some(field) = field
        && let Some(text) = field.value.as_deref()
    {
        if text == "f" && tolerated == 0 {
            let what = format!("{} is not made for liars: f is 0", S::NAME);
            check.say(&field.span, what, "let one lie, and say what it breaks: at_most: one");
        } else if text != "f" && expect.violated.is_empty() && (text == "f+1" || tolerated == 0) {
            let what = format!("more nodes lie than {} tolerates", S::NAME);
            check.say(&field.span, what, "say what they break: expect: { violated: […] }");
        }
    }
    let Some(at) = document.faults.as_ref().filter(|_| liars.len() > tolerated) else { return };
    if expect.violated.is_empty() {
        let many = if liars.len() == 1 {
            "1 node lies".into()
        } else {
            format!("{} nodes lie", liars.len())
        };
        let most = match tolerated {
            0 => format!("{} is not made for liars", S::NAME),
            1 => format!("{} tolerates 1 here", S::NAME),
            more => format!("{} tolerates {more} here", S::NAME),
        };
        check.say(
            &at.span,
            format!("{many}, and {most}"),
            "say what they break: expect: { violated: […] }",
        );
    }
}

const LATE: &str = "late";
