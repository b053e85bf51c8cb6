//! Puts decisions that chance made into a schedule, so that they stay whatever else changes: then most of
//! them can be taken away.

use sim_core::{Duration, Time};

use crate::catalogue::Cut;
use crate::scenario::Node;
use crate::scenario::write::{map, scalar};

use super::draft::{Draft, entry_of};
use super::search::Search;
use super::settings::{MOST_LENGTHS, without_chance};
use super::trial::Seeds;

/// On so many seeds a run must fail in which nothing is left to chance.
pub(super) const EVERY: Seeds = Seeds::Every(32);

/// Writes out what came of the faults that wait for the protocol: from here on each is one with a time of
/// its own, or a decision.
pub(super) fn spell_traps(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let waits = |fault: &Node| fault.get("when").is_some();
    if !best.list("faults").iter().any(waits) {
        return false;
    }
    let Some(scenario) = search.judge.load(&best) else { return false };
    let spelt = scenario.spell_out(best.seed);
    let mut faults = best.list("faults").to_vec();
    faults.retain(|fault| !waits(fault));
    faults.extend(spelt.sprung);
    let mut schedule = best.list("schedule").to_vec();
    schedule.extend(spelt.tampered.iter().map(|entry| entry_of(entry)));
    schedule.extend(spelt.trapped.iter().map(|(cut, lasting)| crash(cut, *lasting)));
    let spelt = best.with_list("faults", faults).with_list("schedule", schedule);
    search.first_of(Seeds::Own, &[spelt]).is_some()
}

/// Lets processes crash in the midst of the step in which they did, and not in one that is drawn.
pub(super) fn pin_crashes(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let mid_step = |fault: &Node| fault.get("mid_step").is_some();
    if !best.list("faults").iter().any(mid_step) {
        return false;
    }
    let Some(scenario) = search.judge.load(&best) else { return false };
    let cuts = scenario.spell_out(best.seed).cuts;
    let mut faults = best.list("faults").to_vec();
    let mut schedule = best.list("schedule").to_vec();
    for cut in cuts {
        let place = faults.iter().rposition(|fault| mid_step(fault) && is_cause(fault, &cut));
        if let Some(place) = place {
            let fault = faults.remove(place);
            let until = time(fault.get("until"));
            schedule.push(crash(&cut, until.map(|until| until.since(cut.at))));
        }
    }
    let pinned = best.with_list("faults", faults).with_list("schedule", schedule);
    search.first_of(Seeds::Own, &[pinned]).is_some()
}

/// Puts everything that chance decided into the schedule, and takes chance out of the world, unless
/// nothing that matters is left to it. From here on a candidate must fail on every seed.
pub(super) fn pin_decisions(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let mut candidates = vec![best.clone()];
    candidates.extend(pinned(search, &best));
    let is_pinned = search.first_of(EVERY, &candidates).is_some();
    if is_pinned {
        search.seeds = EVERY;
    }
    is_pinned
}

/// The same run without chance: every range is one of its lengths, and what that changes is a decision.
fn pinned(search: &Search<'_>, draft: &Draft) -> Vec<Draft> {
    let Some(scenario) = search.judge.load(draft) else { return Vec::new() };
    let (_, recording) = scenario.record(&draft.text(), draft.seed);
    let fixed_to = |which: usize| {
        let fixed = without_chance(draft, which);
        // What another seed would draw otherwise was drawn.
        let other = u64::from(draft.seed == 0);
        let retraced = search.judge.load(&fixed)?.retrace(other, &recording).ok()?;
        let mut schedule = fixed.list("schedule").to_vec();
        schedule.extend(retraced.entries.iter().map(|entry| entry_of(entry)));
        Some(fixed.with_list("schedule", schedule))
    };
    (0..MOST_LENGTHS).filter_map(fixed_to).collect()
}

/// Whether a fault let somebody crash there.
fn is_cause(fault: &Node, cut: &Cut) -> bool {
    let names = fault.get("crash").and_then(Node::text).unwrap_or_default();
    let begins = time(fault.get("at")).unwrap_or(Time::MAX);
    let ends = time(fault.get("until")).unwrap_or(Time::MAX);
    names == cut.node && begins <= cut.at && cut.at < ends
}

/// The decision that lets it crash there.
fn crash(cut: &Cut, lasting: Option<Duration>) -> Node {
    let when =
        map([("step", scalar(cut.step.as_str())), ("after_effect", scalar(cut.after.to_string()))]);
    let mut crash = entry_of(&[("crash", cut.node.clone())]);
    crash.set("when", Some(when));
    crash.set("lasting", lasting.map(|lasting| scalar(lasting.to_string())));
    crash
}

fn time(node: Option<&Node>) -> Option<Time> {
    let length: Duration = node.and_then(Node::text)?.parse().ok()?;
    Some(Time::ZERO + length)
}
