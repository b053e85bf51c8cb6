//! What was measured, as a table for a terminal and as one for a file.

use anstyle::{AnsiColor, Style};

use super::{Hunted, Order, Search};
use crate::output::table::{Cell, aligned};
use crate::output::words::{grouped, rough};

const BAD: Style = AnsiColor::Red.on_default().bold();

/// The figures of one flaw, as texts.
struct Figures {
    median: String,
    most: String,
    simulated: String,
    events: String,
    triggered: String,
    swarm: String,
}

/// Of several searches, how many seeds so many percent of them needed at most; `None` if too few found
/// anything to tell.
fn needed(searches: &[Search], percent: usize) -> Option<&Search> {
    let mut sorted: Vec<&Search> = searches.iter().collect();
    sorted.sort_by_key(|search| (search.found.is_none(), search.seeds));
    let rank = (searches.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().filter(|search| search.found.is_some())
}

/// What lies in the middle; of an even number the lower one.
fn median<T: Ord>(values: impl Iterator<Item = T>) -> Option<T> {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    let middle = values.len().div_ceil(2).checked_sub(1)?;
    values.into_iter().nth(middle)
}

impl Figures {
    fn of(hunted: &Hunted, order: &Order<'_>) -> Self {
        let seeds = |searches: &[Search], percent, most| match needed(searches, percent) {
            _ if searches.is_empty() => String::from("–"),
            Some(search) => grouped(search.seeds),
            None => format!("> {}", grouped(most)),
        };
        let hunts = &hunted.hunts;
        let (triggered, of) = hunted.triggered();
        Self {
            median: seeds(hunts, 50, order.most),
            most: seeds(hunts, 95, order.most),
            simulated: median(hunts.iter().map(Search::simulated)).map_or_else(String::new, rough),
            events: median(hunts.iter().map(|it| it.events)).map_or_else(String::new, grouped),
            triggered: format!("{} of {}", grouped(triggered), grouped(of)),
            swarm: seeds(&hunted.swarms, 50, order.swarm_most),
        }
    }
}

/// Two lines for each flaw: its figures, and what it broke where.
pub(crate) fn for_people(hunted: &[Hunted], order: &Order<'_>) -> Vec<String> {
    let heading = ["flaw", "seeds", "95 %", "simulated", "events", "swarm"].map(Cell::from);
    let mut rows = vec![heading];
    for one in hunted {
        let Figures { median, most, simulated, events, swarm, .. } = Figures::of(one, order);
        let style = if one.wrong().is_empty() { Style::new() } else { BAD };
        let name = Cell::styled(one.flaw.name, style);
        rows.push([
            name,
            median.into(),
            most.into(),
            simulated.into(),
            events.into(),
            swarm.into(),
        ]);
    }
    let mut rows = aligned(&rows).into_iter();
    let mut lines: Vec<String> = rows.by_ref().take(1).collect();
    for (row, one) in rows.zip(hunted) {
        lines.push(row);
        let (named, found) = (one.as_named(), one.finds().count());
        let share = if named == found { String::new() } else { format!(" ({named} of {found})") };
        lines.push(format!("  {}{share} in {}", one.flaw.breaks, one.flaw.scenario));
    }
    lines
}

/// The table as a file of its own.
pub(crate) fn markdown(hunted: &[Hunted], order: &Order<'_>) -> String {
    let mut text = heading(order);
    for one in hunted {
        let figures = Figures::of(one, order);
        let (flaw, found) = (one.flaw, one.finds().count());
        let Figures { median, most, simulated, events, triggered, swarm } = figures;
        let mut broke = vec![(flaw.breaks, one.as_named())];
        for found in one.finds().filter(|found| found.property != flaw.breaks) {
            match broke.iter_mut().find(|(property, _)| *property == found.property) {
                Some((_, count)) => *count += 1,
                None => broke.push((found.property, 1)),
            }
        }
        let broke: Vec<String> = match &broke[..] {
            [(only, _)] => vec![format!("`{only}`")],
            several => several.iter().map(|(name, count)| format!("`{name}` {count}")).collect(),
        };
        text.push_str(&format!(
            "| `{}` | {} | {} | `{}` | {median} | {most} | {simulated} | {events} | `{}` {triggered} | {swarm} |\n",
            flaw.name,
            format_args!("{found} of {}", one.hunts.len()),
            broke.join(", "),
            flaw.scenario,
            flaw.trigger,
        ));
    }
    text
}

fn heading(order: &Order<'_>) -> String {
    let (searches, swarms) = (order.searches, order.swarm_searches);
    let (most, swarm_most) = (grouped(order.most), grouped(order.swarm_most));
    format!(
        "\
# What it takes to find each flaw

Each flaw of the catalogue, hunted {searches} times with its own scenario, from other seeds each time, until a seed
breaks something: what `sim zoo` measures and writes. It depends on the build alone.

- *found*: in how many searches, of at most {most} seeds each; *breaks*: what was the first to be broken.
- *seeds*: how many it took, that which broke something included: the median of the searches, and what 95 % of
  them needed at most. *simulated* and *events*: of all these runs together, the median again.
- *trigger*: what shows that a run came to the line that the flaw breaks, and in how many of the same seeds the
  correct version, which broke nothing in them, did.
- *swarm*: the median of {swarms} searches with trouble that nobody chose, of at most {swarm_most} seeds each, in
  `raft/swarm` or, for what only that has, `raft/swarm_everything`. A line where no swarm has what the flaw
  needs.

| flaw | found | breaks | hunted in | seeds | 95 % | simulated | events | trigger | swarm |
|---|---|---|---|---|---|---|---|---|---|
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoo::Found;

    fn took(seeds: u64, found: bool) -> Search {
        let found = found.then_some(Found { seed: 7, property: "x" });
        let (from, simulated_ns, events) = (0, 0, 0);
        Search { from, seeds, simulated_ns, events, found, triggered: 0, innocent_failed: None }
    }

    #[test]
    fn a_search_that_found_nothing_took_longer_than_all_that_did() {
        let searches = [took(9, true), took(5, false), took(3, true), took(1, true)];
        let seeds = |percent| needed(&searches, percent).map(|search| search.seeds);
        assert_eq!([seeds(25), seeds(50), seeds(75), seeds(95)], [Some(1), Some(3), Some(9), None]);
        assert_eq!(median([4, 1, 3].into_iter()), Some(3));
        assert_eq!(median([4, 1].into_iter()), Some(1));
        assert_eq!(median([0; 0].into_iter()), None);
    }
}
