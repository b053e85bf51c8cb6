//! Takes settings away, and chance out of those that stay: a range becomes one of its ends.

use sim_core::Duration;
use sim_core::chance::Delay;

use crate::scenario::Node;
use crate::scenario::write::scalar;

use super::draft::{Draft, Path, Step};
use super::search::Search;
use super::times::rounder;

/// Takes away what the scenario fails without.
pub(super) fn drop_settings(search: &mut Search<'_>) -> bool {
    let drawn = search.drawn.clone();
    each(search, |draft| {
        let settings = settings(draft).into_iter().filter(|path| !drawn.contains(path));
        settings.map(|path| draft.with_at(&path, None)).collect()
    })
}

/// Lets ranges be one length.
pub(super) fn fix_ranges(search: &mut Search<'_>) -> bool {
    each(search, |draft| {
        let ranges = ranges(draft).into_iter();
        ranges
            .flat_map(|(path, delay)| {
                let lengths = lengths(delay).into_iter();
                lengths.map(move |length| draft.with_text(&path, length.to_string()))
            })
            .collect()
    })
}

/// Makes plain numbers smaller: what is counted is counted sooner.
pub(super) fn lessen_numbers(search: &mut Search<'_>) -> bool {
    each(search, |draft| {
        let numbers = ["config", "nodes"].into_iter().flat_map(|key| draft.scalars(key));
        let less = numbers.flat_map(|(path, text)| {
            let number = text.replace('_', "").parse::<u64>().unwrap_or(0);
            let less = [1, 2, 3, 5, 10, 20, 50, 100, number / 2].into_iter();
            let less = less.filter(move |less| *less > 0 && *less < number);
            less.map(move |less| (path.clone(), less.to_string()))
        });
        less.map(|(path, less)| draft.with_text(&path, less)).collect()
    })
}

/// Makes lengths round: of decisions, and of settings.
pub(super) fn round_lengths(search: &mut Search<'_>) -> bool {
    each(search, |draft| {
        let mut candidates = Vec::new();
        for key in ["network", "disk", "config", "nodes", "clients", "schedule", "faults"] {
            for (path, text) in draft.scalars(key) {
                let better = if is_a_time(&path) { Vec::new() } else { rounder_text(&text) };
                candidates.extend(better.iter().map(|better| draft.with_text(&path, better)));
            }
        }
        candidates
    })
}

/// Quantities near this one that are easier to say: lengths, and how far clocks are off.
fn rounder_text(text: &str) -> Vec<String> {
    let sign = if text.starts_with(['+', '-']) { &text[..1] } else { "" };
    let size = &text[sign.len()..];
    if let Some(ppm) = size.strip_suffix("ppm").and_then(|ppm| ppm.parse::<u64>().ok()) {
        let grain = 10_u64.pow(ppm.checked_ilog10().unwrap_or(0));
        let near = [ppm / grain * grain, (ppm / grain + 1) * grain];
        let near = near.into_iter().filter(|_| !ppm.is_multiple_of(grain));
        return near.map(|ppm| format!("{sign}{ppm}ppm")).collect();
    }
    let Ok(length) = size.parse::<Duration>() else { return Vec::new() };
    let better = rounder(length.as_nanos()).into_iter().map(Duration::from_nanos);
    better.map(|length| format!("{sign}{length}")).collect()
}

/// Takes one candidate after another, as long as there is one.
fn each(search: &mut Search<'_>, candidates: impl Fn(&Draft) -> Vec<Draft>) -> bool {
    let (mut changed, mut refused) = (false, 0);
    loop {
        let all = candidates(&search.best);
        // Whoever was refused is asked again in the next round, and not after each that is taken.
        let left = all.get(refused..).unwrap_or_default();
        if left.is_empty() || search.is_over() {
            return changed;
        }
        let Some(number) = search.first_of(search.seeds, left) else { return changed };
        refused += number;
        changed = true;
    }
}

/// Everything without which a scenario is one all the same.
fn settings(draft: &Draft) -> Vec<Path> {
    let key = |key: &str| Step::Key(key.into());
    let mut found: Vec<Path> =
        ["ties", "limits", "groups", "clock"].map(|name| vec![key(name)]).into();
    found.retain(|path| draft.at(path).is_some());
    for section in ["network", "disk", "config", "clients"] {
        let Some(node) = draft.get(section) else { continue };
        for (name, value) in node.entries() {
            let name = name.text().unwrap_or_default();
            let path = vec![key(section), key(name)];
            // Without them time stands still, or nobody knows who asks and what is wrong.
            if ["latency", "flaw", "count", "rate", "think"].contains(&name) {
                continue;
            }
            for (below, _) in value.entries() {
                let below = below.text().unwrap_or_default();
                found.push(vec![key(section), key(name), key(below)]);
            }
            found.push(path);
        }
    }
    for (number, node) in draft.list("nodes").iter().enumerate() {
        for name in ["clock", "config", "region", "start"] {
            if let Some(value) = node.get(name) {
                let path = vec![key("nodes"), Step::Entry(number), key(name)];
                for (below, _) in value.entries() {
                    found.push([&path[..], &[key(below.text().unwrap_or_default())]].concat());
                }
                found.push(path);
            }
        }
    }
    for (number, fault) in draft.list("faults").iter().enumerate() {
        for name in ["mid_step", "regardless", "until", "loss", "duplicate", "reorder"] {
            if fault.get(name).is_some() {
                found.push(vec![key("faults"), Step::Entry(number), key(name)]);
            }
        }
    }
    for (number, line) in draft.list("script").iter().enumerate() {
        if line.get("expect").is_some() {
            found.push(vec![key("script"), Step::Entry(number), key("expect")]);
        }
    }
    found
}

/// Every range of lengths, and where it stands.
pub(super) fn ranges(draft: &Draft) -> Vec<(Path, Delay)> {
    let mut found = Vec::new();
    for key in ["network", "disk", "config", "nodes", "faults"] {
        draft.walk(key, &mut |path, node| {
            let delay = delay(node);
            if let Some(delay) = delay.filter(|delay| !matches!(delay, Delay::Fixed(_))) {
                found.push((path.clone(), delay));
            }
            // What is below is a part of how it is written.
            delay.is_none()
        });
    }
    found
}

/// A delay, as it is written.
fn delay(node: &Node) -> Option<Delay> {
    if let Some(text) = node.text() {
        return text.parse().ok();
    }
    let part = |key: &str| node.get(key)?.text()?.parse::<Duration>().ok();
    let max = part("max").unwrap_or(Duration::MAX);
    match (part("mean"), part("median"), part("p99")) {
        (Some(mean), None, None) => Some(Delay::Exponential { mean, max }),
        (None, Some(median), Some(p99)) => Some(Delay::LogNormal { median, p99, max }),
        _ => None,
    }
}

/// A range has so many single lengths at most.
pub(super) const MOST_LENGTHS: usize = 3;

/// Single lengths for a range, the best first.
pub(super) fn lengths(delay: Delay) -> Vec<Duration> {
    match delay {
        Delay::Fixed(length) => vec![length],
        Delay::Uniform { from, to } => {
            let middle = Duration::from_nanos(from.as_nanos().midpoint(to.as_nanos()));
            vec![from, to, middle]
        }
        Delay::Exponential { mean, .. } => vec![mean],
        Delay::LogNormal { median, p99, .. } => vec![median, p99],
    }
}

/// Whether a value is an instant of the run, and no length.
fn is_a_time(path: &Path) -> bool {
    let Some(Step::Key(last)) = path.last() else { return false };
    ["at", "until", "from"].contains(&last.as_str())
}

/// The same scenario in which every range is its first, second or third length, and nothing is lost,
/// copied or overtaken by chance.
pub(super) fn without_chance(draft: &Draft, which: usize) -> Draft {
    let mut fixed = draft.clone();
    for (path, delay) in ranges(draft) {
        let lengths = lengths(delay);
        let length = lengths[which.min(lengths.len() - 1)];
        fixed = fixed.with_at(&path, Some(scalar(length.to_string())));
    }
    for section in ["network", "faults"] {
        for (path, _) in draft.scalars(section) {
            let Some(Step::Key(last)) = path.last() else { continue };
            if ["loss", "duplicate", "reorder"].contains(&last.as_str()) {
                fixed = match &path[..] {
                    [Step::Key(section), _] if section == "network" => fixed.with_at(&path, None),
                    // Other links and other times need not say anything but that.
                    _ => fixed.with_text(&path, "0%"),
                };
            }
        }
    }
    fixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_rounded_with_their_sign_and_unit() {
        assert_eq!(rounder_text("+5325ppm"), ["+5000ppm", "+6000ppm"]);
        assert_eq!(rounder_text("-7000ppm"), [""; 0]);
        assert_eq!(rounder_text("-1200ms")[0], "-1s");
        assert_eq!(rounder_text("A,B -> C"), [""; 0]);
    }

    #[test]
    fn a_world_without_chance_has_neither_ranges_nor_losses() {
        let text = "\
network: { latency: { median: 4ms, p99: 60ms }, loss: 8%, links: { A -> B: { loss: 2% } } }
config: { election_timeout: 150ms..300ms }
faults:
  - { link: all, latency: 1ms..3ms, loss: 5%, at: 1s }
";
        let fixed = without_chance(&Draft::new(text, 0), 1);
        let expected = "\
network: { latency: 60ms, links: { A -> B: { loss: 0% } } }
config: { election_timeout: 300ms }
faults:
  - link: all
    latency: 3ms
    loss: 0%
    at: 1s
";
        assert_eq!(fixed.text(), expected);
    }

    #[test]
    fn what_a_scenario_cannot_do_without_is_no_setting() {
        let text = "\
nodes: [{ name: A, clock: { skew: +1s } }]
config: { flaw: x, heartbeat: 5ms }
network: { latency: 1ms, loss: 1% }
clients: { count: 1, rate: 5/s, timeout: 1s }
faults:
  - { crash: A, at: 1s, until: 2s, mid_step: true }
";
        let keys =
            settings(&Draft::new(text, 0)).into_iter().filter_map(|path| match path.last() {
                Some(Step::Key(key)) => Some(key.clone()),
                _ => None,
            });
        let keys: Vec<String> = keys.collect();
        assert_eq!(keys, ["loss", "heartbeat", "timeout", "skew", "clock", "mid_step", "until"]);
    }
}
