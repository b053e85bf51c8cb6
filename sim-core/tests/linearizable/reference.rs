//! The reference: every order, by definition, and no cleverness.

use super::*;

pub(crate) struct Item<'a, M: Model> {
    asked: &'a M::Operation,
    /// What it must have told, if anybody knows.
    told: Option<&'a M::Result>,
    invoked: u64,
    /// When it must have taken effect, if ever.
    returned: Option<u64>,
}

impl<M: Model> Clone for Item<'_, M> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

pub(crate) type Keys<M> = BTreeMap<<M as Model>::Key, <M as Model>::State>;

/// Whether some order of all operations that returned, and of any that did not, is allowed by the
/// model and by the intervals. By definition.
pub(crate) fn orderable<M: Model>(rest: &mut Vec<Item<'_, M>>, states: &Keys<M>) -> bool {
    if rest.iter().all(|item| item.returned.is_none()) {
        return true;
    }
    (0..rest.len()).any(|position| {
        let invoked = rest[position].invoked;
        if rest.iter().any(|other| other.returned.is_some_and(|returned| returned < invoked)) {
            return false;
        }
        let item = rest.remove(position);
        let key = M::key(item.asked);
        let state = states.get(&key).cloned().unwrap_or_else(|| M::initial(&key));
        let (after, result) = M::apply(&state, item.asked);
        let mut states = states.clone();
        states.insert(key, after);
        let fits = item.told.is_none_or(|told| *told == result) && orderable(rest, &states);
        rest.insert(position, item);
        fits
    })
}

pub(crate) fn item<M: Model>(
    operation: &Operation<M::Operation, M::Result>,
) -> Option<Item<'_, M>> {
    let (asked, invoked) = (&operation.asked, operation.invoked.order);
    match &operation.outcome {
        Outcome::Refused => None,
        Outcome::Unknown => Some(Item { asked, told: None, invoked, returned: None }),
        Outcome::Ok(told) => {
            let returned = operation.ended.map(|moment| moment.order);
            Some(Item { asked, told: Some(told), invoked, returned })
        }
    }
}

pub(crate) fn linearizable<M: Model>(history: &History<M::Operation, M::Result>) -> bool {
    let mut items = history.operations().iter().filter_map(item::<M>).collect();
    orderable(&mut items, &BTreeMap::new())
}

/// Whether a window (positions in the history) is contradictory, as `Counterexample` defines it.
pub(crate) fn contradictory<M: Model>(
    history: &History<M::Operation, M::Result>,
    key: &M::Key,
    window: &[usize],
    end: u64,
) -> bool {
    let operations = history.operations();
    let Some(&first) = window.first() else { return false };
    let begins = operations[first].invoked.order;
    let mut past = Vec::new();
    let mut items = Vec::new();
    for (position, operation) in operations.iter().enumerate() {
        let Some(mut item) = item::<M>(operation) else { continue };
        if M::key(&operation.asked) != *key || item.invoked > end {
            continue;
        }
        if item.returned.is_some_and(|returned| returned < begins) {
            past.push(&operation.asked);
            continue;
        }
        if !window.contains(&position) {
            (item.told, item.returned) = (None, None);
        } else if item.returned.is_some_and(|returned| returned > end) {
            item.returned = None;
        }
        items.push(item);
    }
    let early = items.iter().take_while(|item| item.invoked < begins).count();
    let mut starts = vec![(M::initial(key), vec![false; early])];
    let mut next = 0;
    while let Some((state, spent)) = starts.get(next).cloned() {
        assert!(starts.len() < 10_000, "the model forgets nothing");
        let free = past.iter().map(|&asked| (asked, None));
        let once = (0..early).filter(|&n| !spent[n]).map(|n| (items[n].asked, Some(n)));
        for (asked, spends) in free.chain(once) {
            let mut start = (M::apply(&state, asked).0, spent.clone());
            if let Some(n) = spends {
                start.1[n] = true;
            }
            if !starts.contains(&start) {
                starts.push(start);
            }
        }
        next += 1;
    }
    starts.into_iter().all(|(state, spent)| {
        let left = items.iter().enumerate().filter(|(n, _)| !spent.get(*n).is_some_and(|&s| s));
        let mut left = left.map(|(_, item)| item.clone()).collect();
        !orderable(&mut left, &[(key.clone(), state)].into())
    })
}

pub(crate) fn window<O: Debug, R: Debug>(
    history: &History<O, R>,
    found: &Counterexample,
) -> Vec<usize> {
    let place = |moment| history.operations().iter().position(|op| op.invoked == moment);
    found.window.iter().map(|entry| place(entry.invoked).expect("it is in the history")).collect()
}
