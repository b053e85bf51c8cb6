//! The linearizability checker against histories written by hand, and against the definition.
//!
//! The reference below tries all orders and has no idea in it but the definition: it knows no keys,
//! remembers nothing and prunes nothing. It is right by inspection, and hopeless beyond ten
//! operations.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sim_core::check::linearizable::{Checker, Counterexample, Model, Verdict};
use sim_core::history::{History, Operation, Outcome};
use sim_core::id::{ClientId, RequestId};
use sim_core::time::Time;

// ---- Models

#[derive(Clone, Copy, PartialEq, Debug)]
enum Ask {
    Put(char, u64),
    Get(char),
    Delete(char),
    Cas(char, u64, u64),
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Told {
    Done,
    Value(Option<u64>),
    Swapped(bool),
}

/// A map of registers.
struct Registers;

impl Model for Registers {
    type Operation = Ask;
    type Result = Told;
    type Key = char;
    type State = Option<u64>;

    fn key(operation: &Ask) -> char {
        match *operation {
            Ask::Put(key, _) | Ask::Get(key) | Ask::Delete(key) | Ask::Cas(key, ..) => key,
        }
    }

    fn initial(_: &char) -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, operation: &Ask) -> (Option<u64>, Told) {
        match *operation {
            Ask::Put(_, value) => (Some(value), Told::Done),
            Ask::Get(_) => (*state, Told::Value(*state)),
            Ask::Delete(_) => (None, Told::Done),
            Ask::Cas(_, old, new) if *state == Some(old) => (Some(new), Told::Swapped(true)),
            Ask::Cas(..) => (*state, Told::Swapped(false)),
        }
    }

    fn is_read(operation: &Ask) -> bool {
        matches!(operation, Ask::Get(_))
    }

    fn overwrites(operation: &Ask) -> bool {
        matches!(operation, Ask::Put(..) | Ask::Delete(_))
    }
}

/// The same, and tells the checker nothing that it does not ask.
struct Unhinted;

impl Model for Unhinted {
    type Operation = Ask;
    type Result = Told;
    type Key = char;
    type State = Option<u64>;

    fn key(operation: &Ask) -> char {
        Registers::key(operation)
    }

    fn initial(key: &char) -> Option<u64> {
        Registers::initial(key)
    }

    fn apply(state: &Option<u64>, operation: &Ask) -> (Option<u64>, Told) {
        Registers::apply(state, operation)
    }
}

/// One list that is only ever appended to: a put appends, and tells the length; a get tells the
/// sum. It never forgets, and equal appends are told apart by what they tell.
struct List;

impl Model for List {
    type Operation = Ask;
    type Result = Told;
    type Key = ();
    type State = Vec<u64>;

    fn key(_: &Ask) {}

    fn initial((): &()) -> Vec<u64> {
        Vec::new()
    }

    fn apply(state: &Vec<u64>, operation: &Ask) -> (Vec<u64>, Told) {
        let mut after = state.clone();
        let told = match *operation {
            Ask::Put(_, value) | Ask::Cas(_, _, value) => {
                after.push(value);
                after.len() as u64
            }
            Ask::Get(_) | Ask::Delete(_) => state.iter().sum(),
        };
        (after, Told::Value(Some(told)))
    }
}

// ---- The reference

struct Item<'a, M: Model> {
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

type Keys<M> = BTreeMap<<M as Model>::Key, <M as Model>::State>;

/// Whether some order of all operations that returned, and of any that did not, is allowed by the
/// model and by the intervals. By definition.
fn orderable<M: Model>(rest: &mut Vec<Item<'_, M>>, states: &Keys<M>) -> bool {
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

fn item<M: Model>(operation: &Operation<M::Operation, M::Result>) -> Option<Item<'_, M>> {
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

fn linearizable<M: Model>(history: &History<M::Operation, M::Result>) -> bool {
    let mut items = history.operations().iter().filter_map(item::<M>).collect();
    orderable(&mut items, &BTreeMap::new())
}

/// Whether a window (positions in the history) is contradictory, as `Counterexample` defines it.
fn contradictory<M: Model>(
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

fn window<O: Debug, R: Debug>(history: &History<O, R>, found: &Counterexample) -> Vec<usize> {
    let place = |moment| history.operations().iter().position(|op| op.invoked == moment);
    found.window.iter().map(|entry| place(entry.invoked).expect("it is in the history")).collect()
}

// ---- Histories as text

/// One operation a line: `1..4 c2 cas x 1 2 yes`. The numbers order the moments, in milliseconds.
/// Outcomes are `ok`, a value, `nil`, `yes`, `no`, `refused`, and `?`, which may do without an end.
fn history(text: &str) -> History<Ask, Told> {
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

enum Happens {
    Invoke(Ask),
    Complete(Outcome<Told>),
}

fn record(events: impl IntoIterator<Item = (u64, ClientId, Happens)>) -> History<Ask, Told> {
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

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("not a number: {text}"))
}

const BUDGET: u64 = 100_000;

fn check<M: Model>(history: &History<M::Operation, M::Result>) -> Verdict {
    Checker::<M>::new(BUDGET).check(history)
}

fn good(text: &str) {
    let history = history(text);
    assert!(linearizable::<Registers>(&history), "the reference disagrees with the test");
    assert_eq!(check::<Registers>(&history), Verdict::Linearizable);
    assert_eq!(check::<Unhinted>(&history), Verdict::Linearizable);
}

/// `expected` are the operations of the window.
fn bad(text: &str, expected: &str) -> Counterexample {
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

// ---- By hand

#[test]
fn what_one_client_wrote_all_others_read() {
    good(
        "1..2   c1  put x 1    ok
         3..4   c2  get x      1
         5..6   c3  delete x   ok
         7..8   c1  get x      nil",
    );
}

#[test]
fn a_history_of_nothing_is_linearizable() {
    good("");
}

#[test]
fn concurrent_operations_take_effect_in_any_order() {
    good(
        "1..10  c1  put x 1    ok
         2..9   c2  put x 2    ok
         3..4   c3  get x      2
         5..6   c3  get x      1
         11..12 c3  get x      1",
    );
}

#[test]
fn a_long_operation_takes_effect_once() {
    bad(
        "1..20  c1  put x 1    ok
         2..19  c2  put x 2    ok
         3..4   c3  get x      2
         5..6   c3  get x      1
         7..8   c3  get x      2",
        "c3#1 c3#2 c3#3",
    );
}

#[test]
fn a_stale_read_is_a_violation() {
    bad(
        "1..2   c1  put x 1    ok
         3..4   c1  put x 2    ok
         5..6   c2  get x      1",
        "c1#2 c2#1",
    );
}

#[test]
fn two_reads_that_see_writes_in_two_orders_are_a_violation() {
    bad(
        "1..4   c1  put x 1    ok
         2..3   c2  put x 2    ok
         5..6   c3  get x      1
         7..8   c4  get x      2",
        "c3#1 c4#1",
    );
}

#[test]
fn a_lost_update_is_a_violation() {
    bad(
        "1..2   c1  put x 1    ok
         3..4   c2  get x      nil",
        "c1#1 c2#1",
    );
}

#[test]
fn only_one_of_two_compare_and_sets_succeeds() {
    good(
        "1..2   c1  put x 1    ok
         3..6   c1  cas x 1 2  yes
         4..5   c2  cas x 1 3  no
         7..8   c3  get x      2",
    );
    bad(
        "1..2   c1  put x 1    ok
         3..6   c1  cas x 1 2  yes
         4..5   c2  cas x 1 3  yes",
        "c1#2 c2#1",
    );
}

#[test]
fn a_refused_write_is_never_read() {
    bad(
        "1..2   c1  put x 1    refused
         3..4   c2  get x      1",
        "c2#1",
    );
}

#[test]
fn a_write_of_unknown_outcome_may_be_seen_long_after_its_timeout() {
    good(
        "1..2   c1  put x 1    ?
         3..4   c2  get x      nil
         5..6   c1  put x 2    ok
         7..8   c2  get x      2
         9..10  c2  get x      1",
    );
}

#[test]
fn a_write_of_unknown_outcome_may_never_happen() {
    good(
        "1..2   c1  put x 1    ok
         3..    c2  put x 2    ?
         5..6   c1  get x      1",
    );
}

#[test]
fn a_write_of_unknown_outcome_is_not_unseen_again() {
    bad(
        "1..2   c1  put x 1    ok
         3..4   c2  put x 2    ?
         5..6   c3  get x      2
         7..8   c3  get x      1",
        "c3#1 c3#2",
    );
}

#[test]
fn a_write_of_unknown_outcome_is_not_seen_before_it_is_invoked() {
    bad(
        "1..2   c3  get x      2
         3..4   c2  put x 2    ?",
        "c3#1",
    );
}

#[test]
fn a_write_of_unknown_outcome_happens_once() {
    bad(
        "1..2   c2  put x 2    ?
         3..4   c3  get x      2
         5..6   c1  put x 1    ok
         7..8   c3  get x      2",
        "c3#1 c1#1 c3#2",
    );
}

#[test]
fn equal_writes_of_unknown_outcome_happen_once_each() {
    let twice = "1..2   c2  put x 2    ?
                 3..4   c2  put x 2    ?
                 5..6   c3  get x      2
                 7..8   c1  delete x   ok
                 9..10  c3  get x      2";
    good(twice);
    bad(
        &format!("{twice}\n 11..12 c1 delete x ok \n 13..14 c3 get x 2"),
        "c3#1 c1#1 c3#2 c1#2 c3#3",
    );
}

#[test]
fn a_deleted_value_does_not_come_back() {
    bad(
        "1..2   c1  put x 1    ok
         3..4   c2  delete x   ok
         5..6   c3  get x      nil
         7..8   c3  get x      1",
        "c3#1 c3#2",
    );
}

#[test]
fn an_unknown_delete_explains_an_absent_value() {
    good(
        "1..2   c2  delete x   ?
         3..4   c1  put x 1    ok
         5..6   c3  get x      1
         7..8   c3  get x      nil",
    );
}

#[test]
fn an_unseen_write_explains_a_failed_compare_and_set() {
    good(
        "1..2   c1  put x 1    ok
         3..    c2  put x 9    ?
         5..6   c1  cas x 1 2  no
         7..8   c1  put x 3    ok
         9..10  c1  get x      3",
    );
    bad(
        "1..2   c1  put x 1    ok
         3..    c2  put x 9    ?
         5..6   c1  cas x 1 2  no
         7..8   c1  get x      1",
        "c1#2 c1#3",
    );
}

#[test]
fn which_of_two_unknown_writes_was_in_the_way_comes_out_later() {
    for seen in [1, 2] {
        good(&format!(
            "1..    c1  put x 1    ?
             2..    c2  put x 2    ?
             3..4   c3  put x 5    ok
             5..6   c3  cas x 5 6  no
             7..8   c3  put x 3    ok
             9..10  c3  get x      {seen}",
        ));
    }
}

#[test]
fn equal_writes_of_unknown_outcome_may_be_seen_only_together() {
    let history = history(
        "1..    c1  put x 1    ?
         2..    c2  put x 1    ?
         3..4   c3  get x      2",
    );
    assert!(linearizable::<List>(&history));
    assert_eq!(check::<List>(&history), Verdict::Linearizable);
}

#[test]
fn unknown_operations_build_on_one_another() {
    good(
        "1..    c1  put x 1    ?
         2..    c2  cas x 1 2  ?
         3..    c3  cas x 2 3  ?
         5..6   c4  get x      nil
         7..8   c4  get x      3",
    );
}

#[test]
fn what_an_open_operation_will_be_told_matters_already() {
    bad(
        "1..2   c1  put x 1    ok
         3..9   c2  cas x 1 2  no
         4..5   c3  get x      2",
        "c2#1 c3#1",
    );
}

#[test]
fn keys_are_judged_apart() {
    let found = bad(
        "1..2   c1  put x 1    ok
         3..4   c1  put y 2    ok
         5..6   c2  get x      1
         7..8   c2  get y      1",
        "c2#2",
    );
    assert_eq!(found.key, "'y'");
}

#[test]
fn a_violation_is_explained_in_a_few_lines() {
    let found = bad(
        "1..2   c1  put x 1    ok
         3..    c2  put x 2    ?
         5..6   c3  get x      2
         7..9   c1  get x      1",
        "c3#1 c1#2",
    );
    let expected = "\
key 'x' is not linearizable: these 2 fit in no order (ms)
  c3#1  5.000..6.000  Get('x')     told Value(Some(2))
  c1#2  7.000..9.000  Get('x')     told Value(Some(1))
the longest order, 3 operations:
  c1#1  1.000..2.000  Put('x', 1)  leaves Some(1)
  c2#1  3.000..       Put('x', 2)  leaves Some(2)
  c3#1  5.000..6.000  Get('x')     leaves Some(2)
no order lets c1#2 be told Value(Some(1)):
  in state Some(2) it would be told Value(Some(2))
";
    assert_eq!(found.to_string(), expected);
}

// ---- Budgets and sizes

#[test]
fn a_search_that_runs_out_of_budget_says_so() {
    let history = history(
        "1..10  c1  put x 1    ok
         2..9   c2  put x 2    ok
         3..4   c3  get x      2
         5..6   c3  get x      1",
    );
    for budget in 0..2 {
        let verdict = Checker::<Registers>::new(budget).check(&history);
        assert_eq!(verdict, Verdict::Unknown { explored: budget });
    }
    assert_eq!(Checker::<Registers>::new(10).check(&history), Verdict::Linearizable);
}

#[test]
fn a_violation_outweighs_a_search_given_up() {
    let history = history(
        "1..10  c1  put a 1    ok
         2..9   c2  put a 2    ok
         3..4   c3  get z      2",
    );
    let verdict = Checker::<Registers>::new(0).check(&history);
    assert!(matches!(verdict, Verdict::Violated(_)), "{verdict:?}");
}

#[test]
fn dozens_of_unknown_writes_do_not_hide_a_violation() {
    let mut text = String::new();
    for n in 1..=90 {
        let (begin, end) = (10 * n, 10 * n + 5);
        text += &format!("{begin}..{end} c{} put x {} ?\n", n % 3 + 1, 1000 + n);
        text += &format!("{}..{} c4 put x {n} ok\n", begin + 1, end + 1);
        text += &format!("{}..{} c5 cas x {n} {} yes\n", begin + 7, begin + 8, 500 + n);
        text += &format!("{}..{} c5 cas x 3 4 no\n", begin + 8, begin + 9);
    }
    let fine = history(&text);
    let violated = history(&format!("{text} 910..911 c4 get x 590 \n 912..913 c4 get x 589"));
    let mut checker = Checker::<Registers>::new(20_000);
    assert_eq!(checker.check(&fine), Verdict::Linearizable);
    let verdict = checker.check(&violated);
    let Verdict::Violated(found) = verdict else { panic!("{verdict:?}") };
    assert!(found.window.len() <= 3, "{found}");
    assert_eq!(checker.check(&fine), Verdict::Linearizable);
}

#[test]
fn it_does_not_matter_which_of_many_unseen_writes_was_in_the_way() {
    let mut text = String::new();
    for n in 1..=70 {
        text += &format!("{n}..{n} c1 put x {} ?\n", 1000 + n);
    }
    for n in (100..200).step_by(20) {
        text += &format!("{}..{} c2 put x {n} ok\n", n, n + 1);
        text += &format!("{}..{} c2 cas x {n} 1 no\n", n + 2, n + 3);
    }
    let fine = history(&text);
    let violated = history(&format!("{text} 300..301 c2 put x 2 ok \n 302..303 c2 get x 3"));
    let mut checker = Checker::<Registers>::new(20_000);
    assert_eq!(checker.check(&fine), Verdict::Linearizable);
    let verdict = checker.check(&violated);
    assert!(matches!(verdict, Verdict::Violated(_)), "{verdict:?}");
}

// ---- By the thousand

/// Xorshift64* (Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What histories to make.
#[derive(Clone, Copy)]
struct Sort {
    operations: u64,
    clients: u64,
    keys: u64,
    /// Whether no two writes write the same value.
    unique: bool,
    /// One result in so many is made up; none if `None`.
    lies: Option<u64>,
    /// One operation in so many ends badly.
    trouble: u64,
}

/// A client, as the generator sees it.
#[derive(Clone, Copy)]
enum Doing {
    Nothing,
    Waiting { asked: Ask, told: Option<Told> },
}

/// A history of clients that share one map, whose operations take effect at one instant each.
fn random<M>(random: &mut Random, sort: Sort) -> History<Ask, Told>
where
    M: Model<Operation = Ask, Result = Told>,
{
    let mut states = Keys::<M>::new();
    let mut apply = |asked: Ask| {
        let state = states.entry(M::key(&asked)).or_insert_with_key(M::initial);
        let (after, told) = M::apply(state, &asked);
        *state = after;
        told
    };
    let mut clients = vec![Doing::Nothing; sort.clients as usize];
    let mut late: Vec<Ask> = Vec::new();
    let mut written = vec![1];
    let mut events = Vec::new();
    let mut invoked = 0;
    let mut step = 0;
    while invoked < sort.operations || !random.one_in(12) {
        step += 1;
        if !late.is_empty() && random.one_in(6) {
            let lucky = random.below(late.len() as u64) as usize;
            apply(late.swap_remove(lucky));
        }
        let client = random.below(sort.clients) as usize;
        let id = ClientId(client as u32);
        let (next, happens) = match clients[client] {
            Doing::Nothing if invoked == sort.operations => continue,
            Doing::Nothing => {
                invoked += 1;
                let asked = ask(random, sort, invoked);
                if let Ask::Put(_, value) | Ask::Cas(_, _, value) = asked {
                    written.push(value);
                }
                (Doing::Waiting { asked, told: None }, Some(Happens::Invoke(asked)))
            }
            Doing::Waiting { asked, told: None } if random.one_in(sort.trouble) => {
                let refused = random.one_in(3);
                if !refused && random.one_in(2) {
                    late.push(asked);
                }
                let outcome = if refused { Outcome::Refused } else { Outcome::Unknown };
                (Doing::Nothing, Some(Happens::Complete(outcome)))
            }
            Doing::Waiting { asked, told: None } => {
                let lie = sort.lies.is_some_and(|lies| random.one_in(lies));
                let told = if lie { make_up(random, asked, &written) } else { apply(asked) };
                (Doing::Waiting { asked, told: Some(told) }, None)
            }
            Doing::Waiting { told: Some(_), .. } if random.one_in(2 * sort.trouble) => {
                (Doing::Nothing, Some(Happens::Complete(Outcome::Unknown)))
            }
            Doing::Waiting { told: Some(told), .. } => {
                (Doing::Nothing, Some(Happens::Complete(Outcome::Ok(told))))
            }
        };
        clients[client] = next;
        events.extend(happens.map(|happens| (step, id, happens)));
    }
    record(events)
}

fn ask(random: &mut Random, sort: Sort, serial: u64) -> Ask {
    let key = ['x', 'y', 'z', 'u', 'v', 'w'][random.below(sort.keys) as usize];
    let new = if sort.unique { serial } else { 1 + random.below(2) };
    let old = if sort.unique { 1 + random.below(serial) } else { 1 + random.below(2) };
    match random.below(10) {
        0..3 => Ask::Put(key, new),
        3..7 => Ask::Get(key),
        7 => Ask::Delete(key),
        _ => Ask::Cas(key, old, new),
    }
}

/// A result of an operation that has no effect: that a write is done, or what was true before, or
/// for another key, or never.
fn make_up(random: &mut Random, asked: Ask, written: &[u64]) -> Told {
    match asked {
        Ask::Put(..) | Ask::Delete(_) => Told::Done,
        Ask::Get(_) if random.one_in(4) => Told::Value(None),
        Ask::Get(_) => Told::Value(Some(written[random.below(written.len() as u64) as usize])),
        Ask::Cas(..) => Told::Swapped(random.one_in(2)),
    }
}

fn sorts() -> Vec<Sort> {
    let mut sorts = Vec::new();
    for operations in [3, 5, 6, 7] {
        for keys in [1, 2] {
            for unique in [false, true] {
                for lies in [None, Some(2), Some(5)] {
                    for trouble in [4, 12] {
                        let clients = 3;
                        sorts.push(Sort { operations, clients, keys, unique, lies, trouble });
                    }
                }
            }
        }
    }
    sorts
}

/// Compares the checker with the reference, and says how many histories were good and bad.
fn compare<M>(
    sorts: Vec<Sort>,
    seeds: u64,
    mut judge: impl FnMut(&History<Ask, Told>, &Verdict),
) -> (u32, u32)
where
    M: Model<Operation = Ask, Result = Told>,
{
    let mut checker = Checker::<M>::new(BUDGET);
    let (mut good, mut bad) = (0, 0);
    for sort in sorts {
        for seed in 1..=seeds {
            let history = random::<M>(&mut Random(seed * 0x9e37_79b9), sort);
            let expected = linearizable::<M>(&history);
            assert!(expected || sort.lies.is_some(), "the generator lies: {history:#?}");
            let verdict = checker.check(&history);
            match &verdict {
                Verdict::Linearizable => assert!(expected, "missed: {history:#?}"),
                Verdict::Violated(found) => assert!(!expected, "{found}\n{history:#?}"),
                Verdict::Unknown { .. } => panic!("too hard: {history:#?}"),
            }
            judge(&history, &verdict);
            *(if expected { &mut good } else { &mut bad }) += 1;
        }
    }
    (good, bad)
}

#[test]
fn the_checker_agrees_with_the_definition() {
    let (good, bad) = compare::<Registers>(sorts(), 600, |_, _| ());
    assert!(good > 10_000, "{good} good histories");
    assert!(bad > 5_000, "{bad} bad histories");
}

#[test]
fn the_checker_agrees_with_the_definition_without_hints() {
    let mut hinted = Checker::<Registers>::new(BUDGET);
    let (good, bad) = compare::<Unhinted>(sorts(), 300, |history, verdict| {
        let same = hinted.check(history);
        let violated = |verdict: &Verdict| matches!(verdict, Verdict::Violated(_));
        assert_eq!(violated(&same), violated(verdict), "{history:#?}");
    });
    assert!(good > 5_000, "{good} good histories");
    assert!(bad > 2_500, "{bad} bad histories");
}

#[test]
fn the_checker_agrees_with_the_definition_on_a_model_that_never_forgets() {
    let (good, bad) = compare::<List>(sorts(), 100, |_, _| ());
    assert!(good > 1_500, "{good} good histories");
    assert!(bad > 1_000, "{bad} bad histories");
}

#[test]
fn a_window_is_contradictory_and_excusing_any_of_it_is_not() {
    let mut sizes = BTreeMap::<usize, u32>::new();
    let calm =
        Sort { operations: 8, clients: 2, keys: 1, unique: false, lies: Some(4), trouble: 30 };
    let unique = Sort { unique: true, ..calm };
    compare::<Registers>([sorts(), vec![calm, unique]].concat(), 200, |history, verdict| {
        let Verdict::Violated(found) = verdict else { return };
        let end = found.stuck.ended.expect("it returned").order;
        let key = found.key.chars().nth(1).expect("a quoted character");
        let window = window(history, found);
        *sizes.entry(window.len()).or_insert(0) += 1;
        assert!(found.window.contains(&found.stuck), "{found}\n{history:#?}");
        assert!(contradictory::<Registers>(history, &key, &window, end), "{found}\n{history:#?}");
        for place in 0..window.len() {
            let mut fewer = window.clone();
            fewer.remove(place);
            let still = contradictory::<Registers>(history, &key, &fewer, end);
            assert!(!still, "{place}: {found}\n{history:#?}");
        }
    });
    let larger: u32 = sizes.range(3..).map(|(_, count)| count).sum();
    assert!(sizes[&1] > 500 && sizes[&2] > 500 && larger > 10, "{sizes:?}");
}

#[test]
fn long_histories_of_correct_systems_are_linearizable() {
    let sort =
        Sort { operations: 2_000, clients: 5, keys: 6, unique: true, lies: None, trouble: 20 };
    let mut checker = Checker::<Registers>::new(BUDGET);
    for seed in 1..=50 {
        for unique in [true, false] {
            let history = random::<Registers>(&mut Random(seed), Sort { unique, ..sort });
            assert_eq!(checker.check(&history), Verdict::Linearizable, "seed {seed}");
        }
    }
}

#[test]
fn the_explanation_of_a_long_history_is_short() {
    let sort =
        Sort { operations: 1_000, clients: 4, keys: 5, unique: true, lies: Some(100), trouble: 20 };
    let mut checker = Checker::<Registers>::new(BUDGET);
    for seed in 1..=50 {
        let history = random::<Registers>(&mut Random(seed), sort);
        let verdict = checker.check(&history);
        let Verdict::Violated(found) = verdict else { panic!("seed {seed}: {verdict:?}") };
        let text = found.to_string();
        assert!(text.lines().count() <= 20, "seed {seed}\n{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "seed {seed}\n{text}");
    }
}
