//! Faults of processes: crashes, pauses, departures, late starts; and runs that would never end.

mod common;

use common::*;
use sim_core::check::builtin;
use sim_core::fault::{Family, FaultKind};
use sim_core::world::World;
use sim_core::{Context, NodeId, Seat, Status};

/// Beats every ten milliseconds, and counts its beats in memory.
fn beats(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Timer(_)) {
        me.memory.push(0);
        cx.broadcast(me.memory.len() as u64);
    }
    if let On::Start | On::Timer(_) = on {
        cx.set_timer(1, ms(10));
    }
}

fn two(until: u64) -> World {
    world(2, ms(1), until)
}

fn on(seat: u32, kind: fn(Vec<Seat>) -> FaultKind) -> FaultKind {
    kind(vec![Seat(seat)])
}

fn pause(seats: Vec<Seat>) -> FaultKind {
    FaultKind::Pause { seats }
}

fn resume(seats: Vec<Seat>) -> FaultKind {
    FaultKind::Resume { seats }
}

fn restart(seats: Vec<Seat>) -> FaultKind {
    FaultKind::Restart { seats }
}

fn leave(seats: Vec<Seat>) -> FaultKind {
    FaultKind::Leave { seats }
}

fn start(seats: Vec<Seat>) -> FaultKind {
    FaultKind::Start { seats }
}

#[test]
fn who_crashes_says_and_hears_nothing_and_begins_again_when_it_restarts() {
    let (run, story) = played(staging(1, &with_fault(two(100), 35, 55, crash(0)), beats));
    assert_eq!(story.timed("s1 <- s0").len(), 3 + 4, "until 30 ms, and from 65 ms on");
    assert_eq!(story.when("s1 <- s0 1"), [11_000, 66_000], "it counts anew");
    assert_eq!(run.counters().to_the_down, 2, "what reached it at 41 and 51 ms");
    assert_eq!(run.counters().faults[Family::Crash as usize], 1);
}

#[test]
fn the_end_of_one_outage_does_not_end_another() {
    let disk = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let world = with_fault(two(100), 35, 75, crash(0));
    let world = with_fault(with_fault(world, 40, 50, crash(0)), 45, 60, disk);
    let (run, story) = played(staging(1, &world, beats));
    assert_eq!(story.when("s0! restarts"), [75_000]);
    assert_eq!(run.counters().faults[Family::Crash as usize], 1, "the second found nobody");
}

#[test]
fn who_is_down_restarts_when_the_last_fault_that_holds_it_down_ends() {
    let world = with_fault(with_fault(two(100), 35, 55, crash(0)), 45, 75, crash(0));
    let (_, story) = played(staging(1, &world, beats));
    assert_eq!(story.when("s0! restarts"), [75_000]);
}

#[test]
fn who_pauses_goes_on_when_the_last_pause_ends() {
    let world = with_fault(two(100), 25, 55, on(0, pause));
    let (_, story) = played(staging(1, &with_fault(world, 45, 75, on(0, pause)), beats));
    assert_eq!(story.when("s1 <- s0 3"), [76_000], "the beat that was due at 30 ms");
}

#[test]
fn a_crash_without_an_end_lasts_until_a_restart() {
    let world = with_lasting(with_lasting(two(100), 35, crash(0)), 71, on(0, restart));
    let (run, story) = played(staging(1, &world, beats));
    assert_eq!(story.when("s0! restarts"), [71_000]);
    assert_eq!(run.status(Seat(0)), Status::Up);
    assert_eq!(run.counters().faults[Family::Restart as usize], 1);
}

#[test]
fn restarting_who_is_up_is_harmless() {
    let calm = play(1, &two(100), beats);
    for fault in [on(0, restart), on(0, start), on(0, resume)] {
        let (run, story) = played(staging(1, &with_lasting(two(100), 35, fault), beats));
        assert_eq!(story.starting("s1 <- s0"), calm.starting("s1 <- s0"));
        assert_eq!(run.counters().faults.iter().sum::<u64>(), 0, "it did not count");
    }
}

#[test]
fn whose_crash_ends_while_it_is_up_is_left_alone() {
    let world = with_lasting(with_fault(two(100), 35, 75, crash(0)), 45, on(0, restart));
    let story = play(1, &world, beats);
    assert_eq!(story.when("s0! restarts"), [45_000]);
}

#[test]
fn what_strikes_a_process_at_the_beginning_strikes_it() {
    let (_, crashed) = played(staging(1, &with_fault(two(100), 0, 55, crash(0)), beats));
    assert_eq!(crashed.when("s1 <- s0 1"), [66_000]);
    let (_, paused) = played(staging(1, &with_fault(two(100), 0, 55, on(0, pause)), beats));
    assert_eq!(paused.when("s1 <- s0 1"), [56_000]);
}

#[test]
fn who_pauses_does_nothing_and_its_inputs_wait_in_order() {
    let (run, story) = played(staging(1, &with_fault(two(100), 15, 45, on(0, pause)), beats));
    assert_eq!(story.when("s0 timer 1"), [10_000, 45_000, 55_000, 65_000, 75_000, 85_000, 95_000]);
    let waited: Vec<_> =
        story.timed("s0 <- s1").into_iter().filter(|beat| beat.0 == at(45).as_nanos()).collect();
    let order: Vec<String> = waited.into_iter().map(|beat| beat.1).collect();
    assert_eq!(order, ["s0 <- s1 2", "s0 <- s1 3", "s0 <- s1 4"]);
    let after = story.starting("s0 ");
    let timer = after.iter().skip_while(|line| *line != "s0 <- s1 1").nth(1);
    assert_eq!(timer.map(String::as_str), Some("s0 timer 1"), "its alarm rang before they came");
    assert_eq!(run.counters().to_the_down, 0);
}

#[test]
fn a_pause_without_an_end_lasts_until_it_is_resumed() {
    let world = with_lasting(with_lasting(two(100), 15, on(0, pause)), 45, on(0, resume));
    assert_eq!(play(1, &world, beats).when("s0 timer 1")[1], 45_000);
    let forever = with_lasting(two(100), 15, on(0, pause));
    let (run, story) = played(staging(1, &forever, beats));
    assert_eq!((story.when("s0 timer 1").len(), run.status(Seat(0))), (1, Status::Paused));
}

#[test]
fn a_crash_while_paused_forgets_what_waited_and_the_pauses_end_wakes_nobody() {
    let world = with_fault(two(100), 15, 60, on(0, pause));
    let (_, story) = played(staging(1, &with_fault(world, 35, 75, crash(0)), beats));
    assert_eq!(story.when("s0! crashes"), [35_000]);
    assert_eq!(story.when("s0! restarts"), [75_000]);
    let heard: Vec<u64> = story.timed("s0 <- s1").iter().map(|beat| beat.0 / 1_000_000).collect();
    assert_eq!(heard, [11, 81, 91], "what waited is gone");
}

#[test]
fn the_end_of_a_pause_that_a_crash_cut_short_ends_no_later_one() {
    let world = with_fault(with_fault(two(100), 15, 60, on(0, pause)), 20, 30, crash(0));
    let story = play(1, &with_fault(world, 45, 85, on(0, pause)), beats);
    assert_eq!(story.when("s0 timer 1"), [10_000, 40_000, 85_000, 95_000]);
}

#[test]
fn who_leaves_never_comes_back() {
    let world = with_lasting(two(100), 35, on(0, leave));
    let world = with_lasting(with_lasting(world, 50, on(0, restart)), 60, on(0, start));
    let (run, story) = played(staging(1, &with_fault(world, 70, 80, crash(0)), beats));
    assert_eq!(run.status(Seat(0)), Status::Left);
    assert_eq!(story.timed("s1 <- s0").len(), 3);
    assert!(!story.has("s0! restarts"));
}

#[test]
fn who_is_down_may_leave_too() {
    let world = with_lasting(with_fault(two(100), 35, 80, crash(0)), 50, on(0, leave));
    let (run, story) = played(staging(1, &world, beats));
    assert_eq!(run.status(Seat(0)), Status::Left);
    assert!(!story.has("s0! restarts"), "the end of the crash finds nobody");
}

/// Beats as before, and says so otherwise.
fn beats_anew(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Timer(_)) {
        me.memory.push(0);
        cx.broadcast(100 + me.memory.len() as u64);
    }
    if let On::Start | On::Timer(_) = on {
        cx.set_timer(1, ms(10));
    }
}

/// Two that beat, and something of which the first is upgraded by this.
fn upgraded(world: &World) -> (Puppets, Story) {
    let mut setup = staging(1, world, beats);
    setup.upgrades = vec![beats_anew];
    played(setup)
}

fn upgrade() -> FaultKind {
    FaultKind::Upgrade { seat: Seat(0), to: 0 }
}

#[test]
fn who_is_upgraded_restarts_as_another_and_stays_so() {
    let world = with_fault(with_fault(two(100), 35, 45, upgrade()), 61, 65, crash(0));
    let (run, story) = upgraded(&world);
    assert_eq!(story.when("s0! crashes"), [35_000, 61_000]);
    assert_eq!(story.when("s0! restarts"), [45_000, 65_000]);
    assert_eq!(story.when("s1 <- s0 101"), [56_000, 76_000], "after the crash too");
    assert_eq!(story.when("s1 <- s0 1"), [11_000], "it was the old one once");
    assert!(!story.has("s0 <- s1 101"), "the other is as it was");
    assert_eq!(run.counters().faults[Family::Upgrade as usize], 1);
    assert_eq!(run.counters().faults[Family::Crash as usize], 1, "an upgrade is no crash");
}

#[test]
fn an_upgrade_without_an_end_is_over_at_once() {
    let (_, story) = upgraded(&with_lasting(two(100), 35, upgrade()));
    assert_eq!(story.when("s0! restarts"), [35_000]);
    assert_eq!(story.when("s1 <- s0 101"), [46_000]);
}

#[test]
fn who_is_upgraded_while_down_is_another_when_it_restarts_and_not_before() {
    let world = with_fault(two(100), 15, 45, crash(0));
    let (_, story) = upgraded(&with_lasting(world, 25, upgrade()));
    assert_eq!(story.when("s0! restarts"), [45_000]);
    assert_eq!(story.when("s1 <- s0 101"), [56_000]);
}

#[test]
fn who_was_upgraded_in_one_run_is_as_at_first_in_the_next() {
    let world = with_lasting(two(100), 35, upgrade());
    let setup = || {
        let mut setup = staging(1, &world, beats);
        setup.upgrades = vec![beats_anew];
        setup
    };
    let (mut simulation, _) = played(setup());
    let first = simulation.fingerprint();
    simulation.restart(setup());
    simulation.run();
    assert_eq!(simulation.fingerprint(), first);
}

#[test]
fn a_crash_in_the_midst_of_a_step_waits_for_one_that_has_a_midst() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start if cx.me() == NodeId(0) => cx.set_timer(1, ms(40)),
            On::Start => (1..=9).for_each(|alarm| cx.set_timer(alarm, ms(u64::from(alarm) * 10))),
            On::Timer(_) => cx.broadcast(1),
            _ => {}
        }
    }
    // n0 hears something every ten milliseconds, and answers nothing; it acts at 40 ms.
    let (run, story) = played(staging(1, &with_lasting(two(100), 15, crash_mid_step(0)), act));
    assert_eq!(story.timed("s0! crashes after").len(), 1);
    assert_eq!(story.timed("s0! crashes after")[0].0, at(40).as_nanos());
    assert_eq!(run.counters().cut_steps, 1);
}

#[test]
fn a_crash_in_the_midst_of_a_step_that_never_comes_falls_at_its_end() {
    fn idle(_: &mut Puppet, _: &mut Context<Puppet>, _: On) {}
    let (run, story) = played(staging(1, &with_fault(two(100), 15, 60, crash_mid_step(0)), idle));
    assert_eq!(story.when("s0! crashes"), [60_000]);
    assert_eq!(story.when("s0! restarts"), [60_000]);
    assert_eq!((run.counters().cut_steps, run.status(Seat(0))), (0, Status::Up));
}

#[test]
fn faults_of_several_seats_strike_all_of_them() {
    let both = FaultKind::Crash { seats: vec![Seat(0), Seat(1)], mid_step: false };
    let (run, story) = played(staging(1, &with_fault(two(100), 35, 55, both), beats));
    assert_eq!(story.when("s1! restarts"), story.when("s0! restarts"));
    assert_eq!(run.counters().faults[Family::Crash as usize], 2);
}

#[test]
fn more_events_at_one_instant_than_allowed_are_a_runaway() {
    fn forever(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start => cx.set_timer(1, ms(5)),
            On::Timer(_) => cx.set_timer(1, ms(0)),
            _ => {}
        }
    }
    let mut world = two(100);
    world.limits.events_at_one_instant = 1_000;
    let (run, _) = played(staging(1, &world, forever));
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.time), (builtin::NO_RUNAWAY, at(5)));
    assert_eq!(violation.message, "more than 1000 events at one instant");
    assert_eq!(run.counters().events, 2 + 1_001);
}

#[test]
fn more_events_than_a_run_may_have_are_a_runaway() {
    let mut world = two(10_000);
    world.limits.events = 500;
    let (run, _) = played(staging(1, &world, beats));
    let violation = run.violation().unwrap();
    assert_eq!(violation.property, builtin::NO_RUNAWAY);
    assert_eq!(violation.message, "more than 500 events in one run");
    world.limits.events = 5_000;
    assert_eq!(played(staging(1, &world, beats)).0.violation(), None, "as many as that may be");
}
