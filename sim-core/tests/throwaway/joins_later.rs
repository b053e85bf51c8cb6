//! A node that joins later: it exists in the cluster from the beginning, is up only after its
//! start, and asks the others for what it missed.

use sim_core::fault::FaultKind;
use sim_core::{Context, NodeId, Seat, Status};

use crate::common::*;

/// Spreads numbers; who starts asks (with a zero) for all of them.
fn gossips(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => {
            cx.broadcast(0);
            cx.set_timer(1, ms(10));
        }
        On::Timer(_) if me.me == NodeId(0) && me.memory.len() < 3 => {
            me.memory.push(me.memory.len() as u64 + 1);
            cx.broadcast(me.memory.len() as u64);
            cx.set_timer(1, ms(10));
        }
        On::Message(newcomer, 0) => me.memory.iter().for_each(|&number| cx.send(newcomer, number)),
        On::Message(_, number) if !me.memory.contains(&number) => me.memory.push(number),
        _ => {}
    }
}

#[test]
fn who_joins_later_is_down_before_and_learns_what_it_missed() {
    let start = FaultKind::Start { seats: vec![Seat(2)] };
    let mut world = with_lasting(world(3, ms(1), 100), 50, start);
    world.late = vec![NodeId(2)];
    let (run, story) = played(staging(1, &world, gossips));
    assert_eq!(story.when("s2! starts"), [50_000], "for the first time, so nothing is restored");
    assert_eq!(run.counters().to_the_down, 2 + 3, "two greetings and three numbers");
    let mut known = run.process(Seat(2)).unwrap().memory.clone();
    known.sort_unstable();
    assert_eq!(known, [1, 2, 3]);
}

#[test]
fn who_never_joins_is_absent_and_no_crash_starts_it() {
    let mut world = with_fault(world(3, ms(1), 100), 10, 20, crash(2));
    world = with_fault(world, 30, 40, FaultKind::DiskFails { seats: vec![Seat(2)] });
    world.late = vec![NodeId(2)];
    let (run, _) = played(staging(1, &world, gossips));
    assert_eq!(run.status(Seat(2)), Status::Absent);
}
