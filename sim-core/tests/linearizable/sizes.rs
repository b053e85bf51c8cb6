//! Budgets and sizes.

use super::*;

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
