//! Drops entries of a list: faults, requests, decisions. In halves, quarters, eighths, down to single ones
//! (the greedy form of delta debugging: Zeller and Hildebrandt, 2002, `ddmin`).

use super::search::Search;

/// Drops what can be dropped from a list of the scenario; says whether anything was.
pub(super) fn drop_entries(search: &mut Search<'_>, key: &str) -> bool {
    let mut size = search.best.list(key).len();
    let mut changed = false;
    while size > 0 && !search.is_over() {
        let dropped = drop_chunks(search, key, size);
        changed |= dropped;
        size = match size {
            // What was needed by another entry may go when that one has gone.
            1 if dropped => 1,
            1 => break,
            size => size.div_ceil(2),
        };
        size = size.min(search.best.list(key).len());
    }
    changed | drop_pairs(search, key)
}

/// Drops chunks of one size, from the first entry to the last.
fn drop_chunks(search: &mut Search<'_>, key: &str, size: usize) -> bool {
    let (mut from, mut changed) = (0, false);
    loop {
        let items = search.best.list(key).to_vec();
        if from >= items.len() || search.is_over() {
            return changed;
        }
        let best = search.best.clone();
        let chunks = (items.len() - from).div_ceil(size);
        let dropped = search.first(chunks, |chunk| {
            let start = from + chunk * size;
            let end = (start + size).min(items.len());
            let mut left = items.clone();
            left.drain(start..end);
            Some(best.with_list(key, left))
        });
        let Some(chunk) = dropped else { return changed };
        from += chunk * size;
        changed = true;
    }
}

/// Drops two entries at once, where they make sense only together: a crash and the restart.
fn drop_pairs(search: &mut Search<'_>, key: &str) -> bool {
    /// Of more there are too many pairs.
    const MOST: usize = 12;
    let mut changed = false;
    loop {
        let items = search.best.list(key).to_vec();
        if items.len() > MOST || search.is_over() {
            return changed;
        }
        let places = 0..items.len();
        let pairs: Vec<(usize, usize)> =
            places.flat_map(|one| (0..one).map(move |other| (other, one))).collect();
        let best = search.best.clone();
        let dropped = search.first(pairs.len(), |pair| {
            let (one, other) = pairs[pair];
            let kept = items.iter().enumerate().filter(|(place, _)| ![one, other].contains(place));
            Some(best.with_list(key, kept.map(|(_, item)| item.clone()).collect()))
        });
        if dropped.is_none() {
            return changed;
        }
        changed = true;
    }
}
