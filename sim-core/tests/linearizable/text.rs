//! Histories as text.

use super::*;

/// One operation a line: `1..4 c2 cas x 1 2 yes`. The numbers order the moments, in milliseconds.
/// Outcomes are `ok`, a value, `nil`, `yes`, `no`, `refused`, and `?`, which may do without an end.
pub(crate) fn history(text: &str) -> History<Ask, Told> {
    let mut events = Vec::new();
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    for words in lines.filter(|words| !words.is_empty()) {
        let (from, to) = words[0].split_once("..").expect("an interval");
        let client = ClientId(number(&words[1][1..]) as u32 - 1);
        let key = words[3].chars().next().expect("a key");
        let (asked, told) = match (words[2], &words[4..]) {
            ("put", [value, told]) => (Ask::Put(key, number(value)), told),
            ("get", [told]) => (Ask::Get(key), told),
            ("delete", [told]) => (Ask::Delete(key), told),
            ("cas", [old, new, told]) => (Ask::Cas(key, number(old), number(new)), told),
            _ => panic!("not an operation: {words:?}"),
        };
        let outcome = match *told {
            "ok" => Outcome::Ok(Told::Done),
            "yes" => Outcome::Ok(Told::Swapped(true)),
            "no" => Outcome::Ok(Told::Swapped(false)),
            "nil" => Outcome::Ok(Told::Value(None)),
            "refused" => Outcome::Refused,
            "?" => Outcome::Unknown,
            value => Outcome::Ok(Told::Value(Some(number(value)))),
        };
        events.push((number(from), client, Happens::Invoke(asked)));
        if !to.is_empty() {
            events.push((number(to), client, Happens::Complete(outcome)));
        }
    }
    events.sort_by_key(|event| event.0);
    record(events)
}

pub(crate) enum Happens {
    Invoke(Ask),
    Complete(Outcome<Told>),
}

pub(crate) fn record(
    events: impl IntoIterator<Item = (u64, ClientId, Happens)>,
) -> History<Ask, Told> {
    let mut history = History::default();
    let mut numbers = BTreeMap::new();
    for (millis, client, happens) in events {
        let time = Time::from_nanos(millis * 1_000_000);
        match happens {
            Happens::Invoke(asked) => {
                let number = numbers.entry(client).or_insert(0);
                *number += 1;
                history.invoke(RequestId { client, number: *number }, asked, time);
            }
            Happens::Complete(outcome) => {
                history.complete(client, outcome, time);
            }
        }
    }
    history
}

pub(crate) fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

pub(crate) const BUDGET: u64 = 100_000;

pub(crate) fn check<M: Model>(history: &History<M::Operation, M::Result>) -> Verdict {
    Checker::<M>::new(BUDGET).check(history)
}

pub(crate) fn good(text: &str) {
    let history = history(text);
    assert!(linearizable::<Registers>(&history), "the reference disagrees with the test");
    assert_eq!(check::<Registers>(&history), Verdict::Linearizable);
    assert_eq!(check::<Unhinted>(&history), Verdict::Linearizable);
}

/// `expected` are the operations of the window.
pub(crate) fn bad(text: &str, expected: &str) -> Counterexample {
    let history = history(text);
    assert!(!linearizable::<Registers>(&history), "the reference disagrees with the test");
    let Verdict::Violated(found) = check::<Registers>(&history) else {
        panic!("a violation passed unseen");
    };
    let ids: Vec<_> = found.window.iter().map(|entry| entry.id.to_string()).collect();
    assert_eq!(ids.join(" "), expected, "\n{found}");
    assert!(found.to_string().lines().all(|line| line.chars().count() <= 80), "\n{found}");
    found
}
