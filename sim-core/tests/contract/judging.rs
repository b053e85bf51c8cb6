//! Rules 12 and 13: what a panic leaves behind, and when a step is judged.

use std::cell::RefCell;
use std::rc::Rc;

use sim_core::check::{Step, builtin};
use sim_core::world::World;
use sim_core::{Context, NodeId, Seat, Simulation, Time};

use crate::common::*;

/// One step as an invariant saw it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    time: Time,
    seat: u32,
    incarnation: u32,
    memory: Option<Vec<u64>>,
    effects: Vec<String>,
}

/// What an invariant is shown of a run.
fn judged(seed: u64, world: &World, act: Act) -> Vec<Seen> {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&seen);
    let watch = Watching(move |step: &Step<'_, Puppet>| {
        notes.borrow_mut().push(Seen {
            time: step.time,
            seat: step.seat.0,
            incarnation: step.incarnation,
            memory: step.state.map(|puppet| puppet.memory.clone()),
            effects: step.effects.iter().map(|effect| format!("{effect:?}")).collect(),
        });
        Ok(())
    });
    let mut setup = staging(seed, world, act);
    setup.invariants.push(("watch", Box::new(watch)));
    let _ = played(setup);
    seen.take()
}

/// n0 votes once: in memory, then on disk, and only then tells n1.
fn votes(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Start) && me.me == NodeId(0) && me.found.is_empty() {
        me.memory.push(7);
        cx.reached("voted");
        cx.persist(7);
        cx.broadcast(7);
    }
}

fn slow_disk() -> World {
    let mut world = world(2, ms(1), 100);
    world.disk.fsync = ms(50).into();
    world
}

#[test]
fn rule_13_a_step_is_judged_after_its_barrier_and_not_before() {
    let seen = judged(1, &slow_disk(), votes);
    let of_n0: Vec<_> = seen.iter().filter(|step| step.seat == 0).collect();
    assert_eq!(of_n0.len(), 1, "once");
    assert_eq!(of_n0[0].time, at(50));
    assert_eq!(of_n0[0].memory, Some(vec![7]));
    assert_eq!(of_n0[0].effects, ["reached voted", "write 7", "flush", "-> * 7"]);
}

#[test]
fn rule_13_a_step_that_a_crash_cut_is_judged_without_state_and_by_what_took_place() {
    let seen = judged(1, &with_fault(slow_disk(), 30, 40, crash(0)), votes);
    let first = seen.iter().find(|step| step.seat == 0).unwrap();
    assert_eq!(first.time, at(30));
    assert_eq!(first.memory, None, "the vote was never more than a thought");
    assert_eq!(first.effects, ["reached voted", "write 7"], "the barrier was not over");
    assert_eq!(first.incarnation, 0);
}

/// Whom it votes for is drawn from the stream of its incarnation: after a crash, somebody else.
fn draws_a_vote(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Start) && me.me == NodeId(0) && me.found.is_empty() {
        let vote = cx.choose(1 << 40);
        me.memory.push(vote);
        cx.persist(vote);
    }
}

/// The same, but the vote is only in memory.
fn forgets_to_save(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Start) && me.me == NodeId(0) {
        let vote = cx.choose(1 << 40);
        me.memory.push(vote);
    }
}

#[test]
fn rule_13_a_vote_that_never_left_the_memory_is_no_vote() {
    let violation = |act| {
        let mut voted = Vec::new();
        let one_vote = Watching(move |step: &Step<'_, Puppet>| {
            voted.extend(step.state.into_iter().flat_map(|puppet| puppet.memory.clone()));
            voted.dedup();
            if voted.len() > 1 { Err(format!("voted for {voted:?}")) } else { Ok(()) }
        });
        let mut setup = staging(1, &with_fault(slow_disk(), 30, 35, crash(0)), act);
        setup.invariants.push(("one_vote", Box::new(one_vote)));
        played(setup).0.violation().map(|violation| violation.property)
    };
    assert_eq!(violation(draws_a_vote), None, "the first vote went with the process");
    assert_eq!(violation(forgets_to_save), Some("one_vote"), "the first vote was complete");
}

#[test]
fn rule_13_wherever_a_crash_falls_only_the_effects_before_it_are_judged() {
    fn act(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start => cx.set_timer(0, ms(10)),
            On::Timer(_) if me.me == NodeId(0) => {
                me.memory.push(1);
                cx.broadcast(1);
                cx.persist(2);
                cx.broadcast(3);
            }
            _ => {}
        }
    }
    let all = ["-> * 1", "write 2", "flush", "-> * 3"];
    let world = with_lasting(slow_disk(), 5, crash_mid_step(0));
    let mut lengths = [0; 5];
    for seed in 0..200 {
        let seen = judged(seed, &world, act);
        let cut = seen.iter().rfind(|step| step.seat == 0).unwrap();
        assert_eq!(cut.memory, None, "even if all effects took place");
        assert_eq!(cut.effects, all[..cut.effects.len()]);
        // What lies behind the barrier is decided when the barrier is over.
        let when = if cut.effects.len() < 3 { at(10) } else { at(60) };
        assert_eq!(cut.time, when, "{cut:?}");
        lengths[cut.effects.len()] += 1;
    }
    assert!(lengths.iter().all(|&count| count > 15), "of 200: {lengths:?}");
}

#[test]
fn rule_13_a_violation_names_the_step() {
    let mut setup = staging(1, &slow_disk(), votes);
    let never = Watching(|step: &Step<'_, Puppet>| {
        if step.effects.is_empty() { Ok(()) } else { Err("something happened".to_owned()) }
    });
    setup.invariants.push(("calm", Box::new(never)));
    let (run, story) = played(setup);
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.seat), ("calm", Some(Seat(0))));
    assert_eq!((violation.time, violation.message.as_str()), (at(50), "something happened"));
    assert!(story.has("violated calm: something happened"));
    let last = story.events.borrow().last().map(|event| event.0);
    assert_eq!(last, Some(violation.event), "the run ends with it");
}

#[test]
fn rule_12_after_a_caught_panic_the_buffers_are_thrown_away() {
    fn panics(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        cx.broadcast(1);
        cx.persist(2);
        me.memory.push(3);
        assert!(!matches!(on, On::Message(..)), "it heard something");
    }
    let fresh = played(staging(1, &slow_disk(), votes)).0.fingerprint();
    let mut run: Puppets = Simulation::new(staging(1, &slow_disk(), panics));
    run.run();
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.seat), (builtin::NO_PANIC, Some(Seat(0))));
    assert_eq!(violation.message, "a handler panicked: it heard something");
    run.restart(staging(1, &slow_disk(), votes));
    run.run();
    assert_eq!(run.violation(), None);
    assert_eq!(run.fingerprint(), fresh);
}
