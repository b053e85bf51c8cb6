//! Small random histories by the thousand, judged by both checkers.

use super::*;

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
