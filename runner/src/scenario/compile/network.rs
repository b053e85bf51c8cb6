//! Links, regions, disks and clocks.

use std::ops::Range;

use sim_core::world::{ClockSettings, DiskSettings, LinkSettings, NetworkSettings, Regions};

use super::cast::Cast;
use super::checker::{Checker, given, section};
use crate::scenario::schema::{Document, LinkSpec, NetworkSpec};
use crate::scenario::suggest;

pub(super) fn network(
    check: &mut Checker<'_>,
    cast: &Cast,
    document: &Document,
) -> NetworkSettings {
    let mut network = NetworkSettings::default();
    let empty = NetworkSpec {
        latency: None,
        loss: None,
        duplicate: None,
        reorder: None,
        links: None,
        regions: None,
    };
    let spec = section(&document.network).unwrap_or(&empty);
    network.link = LinkSettings {
        latency: given(&spec.latency).unwrap_or(network.link.latency),
        loss: given(&spec.loss).unwrap_or(network.link.loss),
        duplicate: given(&spec.duplicate).unwrap_or(network.link.duplicate),
        reorder: given(&spec.reorder).unwrap_or(network.link.reorder),
    };
    for (arrow, link) in section(&spec.links).map_or(&[][..], |links| &links.0) {
        let Some(text) = arrow.value.as_deref() else { continue };
        let Some((from, to)) = cast.arrow(check, &check.word(&arrow.span, text)) else { continue };
        let Some(link) = &link.value else { continue };
        if says_nothing(link) {
            check.say(&arrow.span, "this link is like all others", LINK_KEYS);
        }
        if from.len() * to.len() > MOST_LINKS {
            check.say(&arrow.span, "these are too many links", "1_000_000 are the most");
            continue;
        }
        let settings = changed(network.link, link);
        for from in from {
            for &to in &to {
                if network.overrides.insert((from, to), settings).is_some() {
                    let what = format!("{} -> {} is set twice", cast.name(from), cast.name(to));
                    check.say(&arrow.span, what, "each link is set once");
                }
            }
        }
    }
    network.regions = regions(check, cast, spec);
    network
}

/// A link with what was said of it.
pub(super) fn changed(link: LinkSettings, spec: &LinkSpec) -> LinkSettings {
    LinkSettings {
        latency: given(&spec.latency).unwrap_or(link.latency),
        loss: given(&spec.loss).unwrap_or(link.loss),
        duplicate: given(&spec.duplicate).unwrap_or(link.duplicate),
        reorder: given(&spec.reorder).unwrap_or(link.reorder),
    }
}

pub(super) const fn says_nothing(link: &LinkSpec) -> bool {
    link.latency.is_none()
        && link.loss.is_none()
        && link.duplicate.is_none()
        && link.reorder.is_none()
}

fn regions(check: &mut Checker<'_>, cast: &Cast, spec: &NetworkSpec) -> Regions {
    let mut names: Vec<&str> = Vec::new();
    let mut regions = Regions::default();
    for (node, region, _) in &cast.regions {
        let position = names.iter().position(|known| known == region).unwrap_or_else(|| {
            names.push(region);
            names.len() - 1
        });
        regions.of.resize(node.index().max(regions.of.len().saturating_sub(1)) + 1, None);
        regions.of[node.index()] = u16::try_from(position).ok();
    }
    let mut named = vec![false; names.len()];
    let entries = section(&spec.regions).map_or(&[][..], |regions| &regions.0);
    for (arrow, latency) in entries {
        let Some(text) = arrow.value.as_deref() else { continue };
        let word = check.word(&arrow.span, text);
        let Some((from, to)) = word.split_once("->").filter(|(from, _)| !from.text.ends_with('<'))
        else {
            let what = format!("`{text}` is not a pair of regions");
            check.say(&arrow.span, what, "write eu -> us, and us -> eu as another entry");
            continue;
        };
        let mut find = |name: &str, span: &Range<usize>| {
            let position = names.iter().position(|known| *known == name);
            match position {
                Some(position) => {
                    named[position] = true;
                    u16::try_from(position).ok()
                }
                None => {
                    let what = format!("no node is in the region `{name}`");
                    let known = names.iter().copied();
                    let help = suggest::did_you_mean(name, known, "The nodes' regions are");
                    check.say(span, what, help);
                    None
                }
            }
        };
        let (from, to) = (find(from.text, &from.span), find(to.text, &to.span));
        if let (Some(from), Some(to), Some(latency)) = (from, to, latency.value) {
            regions.latency.insert((from, to), latency);
        }
    }
    for (_, region, span) in &cast.regions {
        let position = names.iter().position(|known| known == region);
        if position.is_some_and(|position| !named[position]) {
            let what = format!("nothing is said of the region `{region}`");
            let other = names.iter().find(|name| *name != region).copied().unwrap_or(region);
            let help = format!("say how far it is: regions: {{ {region} -> {other}: 80ms..90ms }}");
            check.say(span, what, help);
        }
    }
    regions
}

pub(super) fn disk(document: &Document) -> DiskSettings {
    let settings = DiskSettings::default();
    let Some(disk) = section(&document.disk) else { return settings };
    DiskSettings {
        fsync: given(&disk.fsync).unwrap_or(settings.fsync),
        lose_unsynced: given(&disk.lose_unsynced).unwrap_or(settings.lose_unsynced),
        torn_write: given(&disk.torn_write).unwrap_or(settings.torn_write),
    }
}

pub(super) fn clocks(cast: &Cast, document: &Document) -> ClockSettings {
    let mut settings = ClockSettings { fixed: cast.clocks.clone(), ..ClockSettings::default() };
    if let Some(clock) = section(&document.clock) {
        settings.skew = given(&clock.skew).map_or(settings.skew, |skew| (skew.from, skew.to));
        settings.drift_ppm =
            given(&clock.drift).map_or(settings.drift_ppm, |drift| (drift.from.0, drift.to.0));
    }
    settings
}

const MOST_LINKS: usize = 1_000_000;
pub(super) const LINK_KEYS: &str = "say its latency, loss, duplicate or reorder";
