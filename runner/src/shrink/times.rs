//! Makes runs shorter, what happens in them sooner, and when it happens a round number.

use sim_core::{Duration, Time};

use crate::scenario::Node;

use super::draft::{Draft, Path, entry, path};
use super::search::Search;

/// Ends the run earlier.
pub(super) fn end_sooner(search: &mut Search<'_>) -> bool {
    let mut changed = false;
    while !search.is_over() {
        let end = search.best.lasting().as_nanos();
        let broken = search.outcome.ended.since(Time::ZERO).as_nanos();
        // Just behind where it was broken, which is as good as there; or, where that is seen only at
        // the end of a run, wherever that may be.
        let mut ends: Vec<u64> = (1..16).map(|part| end / 16 * part).collect();
        ends.extend([broken + 1, round_up(broken + 1)]);
        ends.sort_unstable();
        ends.retain(|&sooner| sooner > 0 && sooner < end);
        let best = search.best.clone();
        let taken = search
            .first(ends.len(), |number| Some(ending_at(&best, Duration::from_nanos(ends[number]))));
        if taken.is_none() {
            break;
        }
        changed = true;
        // Sixteenths of a short run are soon nothing.
        if end < MILLI {
            break;
        }
    }
    changed
}

/// The same scenario up to a time: what comes later goes, and what ends later does not end.
pub(super) fn ending_at(draft: &Draft, end: Duration) -> Draft {
    let is_later = |node: Option<&Node>| length(node).is_some_and(|at| at >= end);
    let mut faults = draft.list("faults").to_vec();
    faults.retain(|fault| !is_later(fault.get("at")));
    for fault in &mut faults {
        if is_later(fault.get("until")) {
            fault.set("until", None);
        }
    }
    let mut script = draft.list("script").to_vec();
    script.retain(|line| !is_later(line.get("at")));
    let mut draft = draft.with_list("faults", faults).with_list("script", script);
    for key in ["from", "until"] {
        let path = path(&["clients", key]);
        if is_later(draft.at(&path)) {
            draft = draft.with_at(&path, None);
        }
    }
    draft.lasting_for(end)
}

/// Lets time pass faster between two things that happen.
pub(super) fn close_gaps(search: &mut Search<'_>) -> bool {
    let mut changed = false;
    let mut number = 0;
    loop {
        let times = instants(&search.best);
        let Some(&at) = times.get(number).filter(|_| !search.is_over()) else { return changed };
        let before = number.checked_sub(1).map_or(0, |before| times[before]);
        let gap = at - before;
        let mut gaps = GAPS.to_vec();
        gaps.extend([gap / MILLI / 2, gap / MILLI * 3 / 4]);
        gaps.sort_unstable();
        gaps.dedup();
        let mut gaps: Vec<u64> = gaps.into_iter().map(|millis| millis * MILLI).collect();
        gaps.retain(|&shorter| shorter < gap);
        let best = search.best.clone();
        let taken = search.first(gaps.len(), |candidate| {
            let sooner = gap - gaps[candidate];
            Some(moved(&best, |time| if time >= at { time - sooner } else { time }))
        });
        changed |= taken.is_some();
        number += 1;
    }
}

/// Gaps of a round length, in milliseconds.
const GAPS: [u64; 12] = [0, 1, 2, 5, 10, 20, 50, 100, 200, 300, 500, 1_000];

/// Rounds when something happens.
pub(super) fn round(search: &mut Search<'_>) -> bool {
    let mut changed = false;
    let mut number = 0;
    loop {
        let times = instants(&search.best);
        let Some(&at) = times.get(number).filter(|_| !search.is_over()) else { return changed };
        number += 1;
        let better = rounder(at);
        let best = search.best.clone();
        let taken = search.first(better.len(), |candidate| {
            Some(moved(&best, |time| if time == at { better[candidate] } else { time }))
        });
        changed |= taken.is_some();
    }
}

/// Gives the run an end that is a round number, if that is not far.
pub(super) fn round_end(search: &mut Search<'_>) -> bool {
    let end = search.best.lasting().as_nanos();
    let later = round_up(end);
    later != end && search.takes(search.best.lasting_for(Duration::from_nanos(later)))
}

/// Lengths near this one that are easier to say, the easiest first.
pub(super) fn rounder(nanos: u64) -> Vec<u64> {
    let mut better = Vec::new();
    for grain in GRAINS.map(|micros| micros * 1_000) {
        if nanos.is_multiple_of(grain) {
            break;
        }
        if nanos < grain {
            continue;
        }
        let below = nanos / grain * grain;
        let near = if nanos - below <= grain / 2 {
            [below, below + grain]
        } else {
            [below + grain, below]
        };
        better.extend(near.into_iter().filter(|&time| time > 0));
    }
    better
}

/// What a round number is a multiple of, in microseconds, the roundest first.
const GRAINS: [u64; 13] = [
    1_000_000, 500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 1,
];

/// The next length that has two digits and noughts.
fn round_up(nanos: u64) -> u64 {
    let digits = nanos.checked_ilog10().unwrap_or(0);
    let grain = 10_u64.pow(digits.saturating_sub(1));
    nanos.div_ceil(grain) * grain
}

/// Every time at which the scenario lets something happen.
fn instants(draft: &Draft) -> Vec<u64> {
    let mut times: Vec<u64> =
        places(draft).iter().filter_map(|place| nanos_at(draft, place)).collect();
    times.sort_unstable();
    times.dedup();
    times
}

/// Where times stand.
fn places(draft: &Draft) -> Vec<Path> {
    let mut places = vec![path(&["clients", "from"]), path(&["clients", "until"])];
    for (list, key) in [("faults", "at"), ("faults", "until"), ("script", "at")] {
        places.extend((0..draft.list(list).len()).map(|number| entry(list, number, key)));
    }
    places
}

/// The same with everything at another time.
fn moved(draft: &Draft, to: impl Fn(u64) -> u64) -> Draft {
    let end = Duration::from_nanos(to(draft.lasting().as_nanos()));
    let mut changed = draft.lasting_for(end);
    for place in places(draft) {
        if let Some(nanos) = nanos_at(draft, &place) {
            changed = changed.with_text(&place, Duration::from_nanos(to(nanos)).to_string());
        }
    }
    changed
}

fn nanos_at(draft: &Draft, place: &Path) -> Option<u64> {
    length(draft.at(place)).map(Duration::as_nanos)
}

fn length(node: Option<&Node>) -> Option<Duration> {
    node.and_then(Node::text).and_then(|text| text.parse().ok())
}

const MILLI: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_roundest_length_comes_first() {
        let millis = |nanos: u64| nanos / MILLI;
        let better = rounder(1_234 * MILLI);
        assert_eq!(
            better[..4].iter().copied().map(millis).collect::<Vec<_>>(),
            [1_000, 2_000, 1_000, 1_500]
        );
        assert!(rounder(2_000 * MILLI).is_empty(), "it is round");
        assert!(rounder(3 * MILLI).iter().all(|near| (2 * MILLI..=4 * MILLI).contains(near)));
        assert_eq!([17, 123, 99_500, 7].map(round_up), [17, 130, 100_000, 7]);
    }

    #[test]
    fn what_comes_after_the_end_goes() {
        let text = "\
run: { for: 9s, seeds: 0..1 }
clients: { count: 1, until: 8s }
script:
  - { at: 1s, through: A, do: x }
  - { at: 5s, through: A, do: x }
faults:
  - { crash: A, at: 2s, until: 4s }
  - { crash: B, at: 3s, until: 6s }
  - { crash: C, at: 5s }
";
        let draft = ending_at(&Draft::new(text, 0), Duration::from_secs(5));
        assert_eq!(draft.lasting(), Duration::from_secs(5));
        assert_eq!((draft.list("script").len(), draft.list("faults").len()), (1, 2));
        let until = |number| draft.text_at(&entry("faults", number, "until"));
        assert_eq!((until(0), until(1)), (Some("4s"), None));
        assert!(draft.at(&path(&["clients", "until"])).is_none());
        assert_eq!(instants(&draft), [1, 2, 3, 4].map(|secs| secs * 1_000 * MILLI));
        let sooner = moved(&draft, |time| time - 500 * MILLI);
        assert_eq!(sooner.text_at(&entry("faults", 1, "at")), Some("2500ms"));
    }
}
