//! Histories written by hand, good and bad.

use super::*;

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
