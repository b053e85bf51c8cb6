//! Traps: they spring when the protocol does what they wait for, so often as they may, and what they do
//! is a fault like others.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::*;
use sim_core::chance::{Chance, Delay};
use sim_core::decide::Decider;
use sim_core::fault::{Family, Fault, FaultKind};
use sim_core::protocol::Kind;
use sim_core::rng::Key;
use sim_core::schedule::StepName;
use sim_core::trap::{Blow, IT, RECEIVER, Tampering, Trap, Trigger};
use sim_core::world::{Endpoint, World};
use sim_core::{Context, NodeId, Seat};

/// The first says something every ten milliseconds; the other makes it durable, then answers.
fn asks(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.me == NodeId(0) => cx.set_timer(1, ms(10)),
        On::Timer(_) => {
            cx.send(NodeId(1), 1);
            cx.set_timer(1, ms(10));
        }
        On::Message(_, heard) if me.me == NodeId(1) => {
            cx.persist(heard);
            cx.reached("kept");
            cx.send(NodeId(0), 2);
        }
        _ => {}
    }
}

fn two() -> World {
    let mut world = world(2, ms(1), 100);
    world.disk.fsync = ms(2).into();
    world
}

fn crash(seats: &[Seat]) -> Blow {
    Blow::Fault(FaultKind::Crash { seats: seats.to_vec(), mid_step: false })
}

fn trapped(traps: &[Trap]) -> (Puppets, Story) {
    let mut world = two();
    world.traps = traps.to_vec();
    played(staging(3, &world, asks))
}

fn started() -> Trigger {
    Trigger::Step(StepName::Timer("1".into()))
}

#[test]
fn a_trap_springs_behind_what_it_waits_for_and_its_fault_ends() {
    let set = Trap::set(Trigger::Reached("kept"), crash(&[IT]), at(90));
    let (after, lasting) = (ms(4).into(), Some(ms(5).into()));
    let (run, story) = trapped(&[Trap { after, lasting, times: 1, ..set }]);
    // Sent at 10 ms, heard at 11, durable at 13, and said then.
    assert_eq!(story.when("s1! springs a trap"), [13_000]);
    assert_eq!(
        (story.when("crash begins"), story.when("crash ends")),
        (vec![17_000], vec![22_000])
    );
    assert_eq!(run.counters().faults[Family::Crash as usize], 1);
    assert_eq!(run.counters().sprung, [1]);
}

#[test]
fn a_fault_that_comes_at_once_comes_behind_the_step() {
    let set = Trap::set(Trigger::Reached("kept"), crash(&[IT]), at(90));
    let (_, story) = trapped(&[Trap { nth: Some(1), ..set }]);
    assert_eq!(story.when_nanos("s1! crashes"), [13_000_001]);
    assert!(story.has("s0 <- s1 2") || story.has("s1: -> n0 2"), "{story:?}");
}

#[test]
fn a_crash_in_the_midst_of_the_step_comes_right_behind_what_sprang_it() {
    let cut = |when| {
        let (_, story) =
            trapped(&[Trap { nth: Some(1), ..Trap::set(when, Blow::CutStep, at(90)) }]);
        story.starting("s1! crashes")
    };
    // A step that writes, waits for the disk, reaches the point, and answers.
    assert_eq!(cut(Trigger::Persisted), ["s1! crashes after 2 of 4"]);
    assert_eq!(cut(Trigger::Reached("kept")), ["s1! crashes after 3 of 4"]);
    assert_eq!(cut(Trigger::Role("node")).len(), 0, "nothing happens in its first step");
}

#[test]
fn the_message_that_springs_a_trap_is_lost_late_or_doubled() {
    let with = |tampering, nth| {
        let set = Trap::set(Trigger::Message(Kind(0)), Blow::Tamper(tampering), at(90));
        trapped(&[Trap { nth: Some(nth), ..set }])
    };
    let (run, story) = with(Tampering::Drop, 1);
    assert_eq!(story.when("s1 <- s0 1")[0], 21_000, "the first is lost");
    assert_eq!(run.counters().faults[Family::Drop as usize], 1);
    let (run, story) = with(Tampering::Delay(ms(5).into()), 1);
    assert_eq!(story.when("s1 <- s0 1")[0], 15_000);
    assert_eq!(run.counters().faults[Family::Delay as usize], 1);
    let (run, story) = with(Tampering::Copy(ms(5).into()), 3);
    assert_eq!(story.when("s1 <- s0 1")[..3], [11_000, 21_000, 25_000]);
    assert_eq!((run.counters().duplicated, run.counters().faults[Family::Copy as usize]), (1, 1));
}

#[test]
fn a_trap_keeps_to_its_times_its_rest_and_its_window() {
    let sprung = |trap: Trap| trapped(&[trap]).0.counters().sprung.first().copied().unwrap_or(0);
    let pause = FaultKind::Pause { seats: vec![Seat(1)] };
    let set = Trap::set(started(), Blow::Fault(pause), at(1_000));
    let set = Trap { lasting: Some(ms(1).into()), ..set };
    // The timer rings at 10, 20, …, 90 and 100 ms.
    assert_eq!(sprung(set.clone()), 10);
    assert_eq!(sprung(Trap { times: 3, ..set.clone() }), 3);
    assert_eq!(sprung(Trap { rest: ms(25), ..set.clone() }), 4, "at 10, 40, 70 and 100");
    assert_eq!(sprung(Trap { from: at(35), until: at(75), ..set.clone() }), 4);
    assert_eq!(sprung(Trap { chance: Chance::NEVER, ..set.clone() }), 0);
    let late = Trap { after: ms(50).into(), until: at(75), ..set };
    assert_eq!(sprung(late), 2, "what would begin when it is over does not");
}

#[test]
fn all_that_a_trap_did_is_over_when_it_is() {
    let set = Trap::set(started(), crash(&[Seat(1)]), at(40));
    let (_, story) = trapped(&[Trap { lasting: Some(ms(500).into()), times: 1, ..set }]);
    assert_eq!(story.when_nanos("crash ends"), [39_999_999]);
}

#[test]
fn whom_a_message_goes_to_can_be_hit() {
    let ends = |seat| vec![Endpoint::Seat(seat)];
    let cut = FaultKind::Cut { from: ends(RECEIVER), to: ends(IT) };
    let set = Trap::set(Trigger::Message(Kind(0)), Blow::Fault(cut), at(90));
    let (run, story) = trapped(&[Trap { nth: Some(1), ..set }]);
    assert_eq!(story.when("s0 <- s1 2").len(), 0);
    assert_eq!(run.counters().faults[Family::Cut as usize], 1);
}

#[test]
fn a_trap_changes_nothing_that_it_does_not_touch() {
    let set = Trap::set(started(), crash(&[IT]), at(1_000));
    let never = trapped(&[Trap { nth: Some(1_000), ..set }]).1;
    assert_eq!(never.lines(), trapped(&[]).1.lines());
}

#[test]
fn what_a_trap_did_is_a_plan_that_gives_the_same_run() {
    let mut world = world(2, ms(1), 100);
    let latency = Delay::Uniform { from: ms(1), to: ms(7) };
    world.network.link.latency = latency;
    let pause = FaultKind::Pause { seats: vec![IT] };
    let set = Trap::set(Trigger::Message(Kind(0)), Blow::Fault(pause), at(90));
    let (after, lasting) = (Delay::Uniform { from: ms(0), to: ms(9) }, Some(ms(3).into()));
    world.traps = vec![Trap { after, lasting, chance: Chance::from_percent(60), ..set }];
    let (run, trapped) = played(staging(3, &world, asks));
    let faults: Vec<Fault> = run.world().faults.clone();
    assert!(faults.len() > 1, "{faults:?}");
    world.traps.clear();
    world.faults = faults;
    world.faults.sort_by_key(|fault| fault.at);
    let planned = played(staging(3, &world, asks)).1;
    let without = |story: &Story| {
        let lines = story.lines();
        let sprung = |line: &String| line.ends_with("springs a trap");
        lines.into_iter().filter(|(_, line)| !sprung(line)).collect::<Vec<_>>()
    };
    assert_eq!(without(&planned), without(&trapped));
}

#[test]
fn what_a_trap_draws_is_shown_and_can_be_said() {
    /// Lets nothing spring but what it says.
    struct Says(Vec<Key>);

    impl Decider for Says {
        fn trap(&mut self, trap: usize, drawn: Key) -> Key {
            assert_eq!(trap, 0);
            self.0.push(drawn);
            Key::new(7)
        }
    }

    let mut world = two();
    let set = Trap::set(started(), crash(&[Seat(1)]), at(90));
    world.traps = vec![Trap { chance: Chance::from_percent(50), ..set }];
    let mut setup = staging(3, &world, asks);
    let says = Rc::new(RefCell::new(Says(Vec::new())));
    setup.decider = Some(says.clone());
    let (run, _) = played(setup);
    let likely = Key::new(7).draw().chance(Chance::from_percent(50));
    let sprung = run.counters().sprung.first().copied().unwrap_or(0);
    assert_eq!(sprung, if likely { 8 } else { 0 });
    assert_eq!(says.borrow().0.len(), 8);
}
