//! Rule 7: the order of what happens.

use sim_core::{Context, NodeId, Seat};

use crate::common::*;

/// n1 and n2 each send three messages to n0, all at one instant.
fn all_at_once(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.me != NodeId(0) => {
            (1..=3).for_each(|ball| cx.send(NodeId(0), u64::from(me.me.0) * 10 + ball));
        }
        On::Message(_, ball) => me.memory.push(ball),
        _ => {}
    }
}

fn order(seed: u64, seeded: bool) -> Vec<u64> {
    let mut world = world(3, ms(1), 10);
    world.seeded_ties = seeded;
    let (run, _) = played(staging(seed, &world, all_at_once));
    run.process(Seat(0)).unwrap().memory.clone()
}

#[test]
fn rule_7_equal_instants_are_first_come_first_served() {
    for seed in 0..5 {
        assert_eq!(order(seed, false), [11, 12, 13, 21, 22, 23]);
    }
}

#[test]
fn rule_7_or_in_an_order_drawn_from_the_seed() {
    let orders: Vec<_> = (0..20).map(|seed| order(seed, true)).collect();
    assert_eq!(orders, (0..20).map(|seed| order(seed, true)).collect::<Vec<_>>(), "which repeats");
    let different: std::collections::BTreeSet<_> = orders.iter().cloned().collect();
    assert!(different.len() > 15, "of 720 orders: {different:?}");
    for mut order in orders {
        order.sort_unstable();
        assert_eq!(order, [11, 12, 13, 21, 22, 23], "nothing is lost or happens twice");
    }
}

#[test]
fn rule_7_time_comes_before_arrival() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            (1..=50u8).rev().for_each(|alarm| cx.set_timer(alarm, us(u64::from(alarm) * 37 % 53)));
        }
    }
    let story = play(1, &world(3, ms(1), 10), act);
    let times: Vec<_> = story.lines().into_iter().map(|(time, _)| time).collect();
    assert!(times.is_sorted());
    assert_eq!(story.starting("s2 timer").len(), 50);
}

#[test]
fn rule_7_at_one_instant_faults_come_before_what_was_planned_later() {
    // The messages would arrive at 1 ms; at 1 ms their receiver is gone.
    let world = with_lasting(world(3, ms(1), 10), 1, crash(0));
    let (run, story) = played(staging(1, &world, all_at_once));
    assert_eq!(run.counters().to_the_down, 6);
    assert!(story.starting("s0 <- ").is_empty());
}
