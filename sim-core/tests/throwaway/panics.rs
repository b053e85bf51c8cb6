//! A handler that panics: the run ends with a violation that names the seat, and the simulation
//! serves the next run.

use sim_core::check::builtin;
use sim_core::{Context, NodeId, Seat, Simulation};

use crate::common::*;

fn breaks(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => cx.set_timer(1, ms(10)),
        On::Timer(_) if me.me == NodeId(1) => {
            cx.broadcast(1);
            let nothing: Option<u64> = me.memory.first().copied();
            cx.send(NodeId(0), nothing.expect("it remembers nothing"));
        }
        _ => {}
    }
}

/// Sends to a node that the cluster has not.
fn misses(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Start) && cx.me() == NodeId(2) {
        cx.send(NodeId(3), 1);
    }
}

fn nothing(_: &mut Puppet, _: &mut Context<Puppet>, _: On) {}

#[test]
fn a_panic_is_a_violation_that_names_who_panicked_and_why() {
    let (run, story) = played(staging(1, &world(3, ms(1), 100), breaks));
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.seat), (builtin::NO_PANIC, Some(Seat(1))));
    assert_eq!(violation.message, "a handler panicked: it remembers nothing");
    assert_eq!(violation.time, at(10));
    assert!(story.has("violated no_panic: a handler panicked: it remembers nothing"));
    assert!(!story.has("s0 <- s1 1"), "nothing of the step took place");
}

#[test]
fn a_message_to_a_node_that_does_not_exist_is_the_senders_fault_even_among_twins() {
    let mut world = world(3, ms(1), 100);
    world.twins = vec![NodeId(0)];
    let (run, _) = played(staging(1, &world, misses));
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.seat), (builtin::NO_PANIC, Some(Seat(2))));
    assert_eq!(violation.message, "a handler panicked: a message to n3, which does not exist");
}

#[test]
fn after_a_panic_the_simulation_serves_the_next_run() {
    let mut run: Puppets = Simulation::new(staging(1, &world(3, ms(1), 100), breaks));
    for _ in 0..3 {
        run.run();
        assert_eq!(run.violation().map(|violation| violation.property), Some(builtin::NO_PANIC));
        run.restart(staging(2, &world(5, ms(1), 100), nothing));
        run.run();
        assert_eq!(run.violation(), None);
        assert_eq!(run.counters().events, 5);
        run.restart(staging(1, &world(3, ms(1), 100), breaks));
    }
}
