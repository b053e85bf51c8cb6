//! Rules 1 to 5: steps, effects, barriers, crashes and timers.

use std::cell::Cell;
use std::collections::BTreeSet;

use sim_core::chance::{Chance, Delay};
use sim_core::fault::FaultKind;
use sim_core::protocol::{DiskDone, Found, Tag};
use sim_core::world::World;
use sim_core::{Context, NodeId, Seat, Status, Time};

use crate::common::*;

const N0: NodeId = NodeId(0);
const N1: NodeId = NodeId(1);

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn rule_1_a_handler_runs_alone_and_to_completion() {
    fn act(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        assert!(!INSIDE.replace(true), "a handler was called from within another");
        match on {
            On::Start if me.me == N0 => (1..=3).for_each(|ball| cx.send(N1, ball)),
            On::Message(from, ball) if ball < 30 => {
                cx.send(from, ball + 3);
                cx.send(me.me, 100);
            }
            _ => {}
        }
        INSIDE.set(false);
    }
    // Everything happens at one instant, and still one after the other.
    let story = play(1, &world(2, ms(0), 10), act);
    assert_eq!(story.when("s0! stepped").last(), Some(&0), "no time passed");
    let mut open = false;
    for (_, line) in story.lines() {
        let input = [" <- ", " timer ", "! starts"].iter().any(|mark| line.contains(mark));
        assert!(!(open && input), "{line} came before the last step was complete: {story:?}");
        open = (open || input) && !line.ends_with("stepped");
    }
    assert!(!open);
    assert!(story.starting("s1 <- s0").len() > 10, "{story:?}");
}

#[test]
fn rule_2_effects_take_place_in_the_order_recorded() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            cx.send(N0, 1);
            cx.write(2);
            cx.set_timer(3, ms(3));
            cx.flush();
            cx.broadcast(4);
            cx.cancel_timer(3);
            cx.reached("five");
            cx.sync(Tag(6));
            cx.checkpoint(vec![7]);
            cx.persist(8);
            cx.multicast([N0].into_iter().collect(), 9);
        }
    }
    let mut slow = world(1, ms(1), 100);
    slow.disk.fsync = ms(5).into();
    let story = play(1, &slow, act);
    let expected = [
        "s0: -> n0 1",
        "s0: write 2",
        "s0: timer 3 in 3ms",
        "s0: flush",
        "s0: -> * 4",
        "s0: cancel 3",
        "s0: reached five",
        "s0: sync 6",
        "s0: checkpoint [7]",
        "s0: write 8",
        "s0: flush",
        "s0: -> {n0} 9",
    ];
    assert_eq!(story.starting("s0: "), expected);
}

#[test]
fn rule_2_a_crash_may_fall_between_any_two_effects() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start => cx.set_timer(0, ms(10)),
            On::Timer(_) if cx.me() == N0 => (1..=4).for_each(|ball| cx.send(N1, ball)),
            _ => {}
        }
    }
    let world = with_lasting(world(2, ms(1), 100), 5, crash_mid_step(0));
    let mut seen = [0; 5];
    for seed in 0..500 {
        let (run, story) = played(staging(seed, &world, act));
        let arrived = story.starting("s1 <- s0");
        let prefix: Vec<_> = (1..=arrived.len()).map(|ball| format!("s1 <- s0 {ball}")).collect();
        assert_eq!(arrived, prefix, "seed {seed}");
        assert_eq!(run.status(Seat(0)), Status::Down);
        assert_eq!(run.counters().cut_steps, 1);
        assert!(story.has(&format!("s0! crashes after {} of 4", arrived.len())), "{story:?}");
        seen[arrived.len()] += 1;
    }
    // 100 ± 9 (one sigma); five sigmas either way.
    assert!(seen.iter().all(|count| (55..=145).contains(count)), "of 500 seeds: {seen:?}");
}

/// n0 writes a record between two messages, and waits until it is durable.
fn persists(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if cx.me() == N0 => {
            cx.send(N1, 1);
            cx.persist(7);
            cx.send(N1, 2);
            cx.set_timer(0, ms(10));
        }
        On::Start => (1..=3).for_each(|alarm| cx.set_timer(alarm, ms(alarm.into()))),
        On::Timer(alarm) if cx.me() == N1 => cx.send(N0, alarm.into()),
        _ => {}
    }
}

fn slow_disk() -> World {
    let mut world = world(2, ms(1), 100);
    world.disk.fsync = ms(50).into();
    world
}

#[test]
fn rule_3_what_is_recorded_after_a_barrier_happens_when_the_record_is_durable() {
    let story = play(1, &slow_disk(), persists);
    assert_eq!(story.when("s1 <- s0 1"), [1_000], "before the barrier: at once");
    assert_eq!(story.when("s0! durable"), [50_000]);
    assert_eq!(story.when("s1 <- s0 2"), [51_000], "behind it: when the record is durable");
}

#[test]
fn rule_3_meanwhile_the_node_is_busy_and_its_inputs_wait() {
    let story = play(1, &slow_disk(), persists);
    let handled: Vec<_> = (1..=3).map(|ball| story.when(&format!("s0 <- s1 {ball}"))).collect();
    assert_eq!(handled, [[50_000]; 3], "they arrived at 2, 3 and 4 ms");
    let order = ["s0 <- s1 1", "s0 <- s1 2", "s0 <- s1 3"];
    assert_eq!(story.starting("s0 <-"), order, "and are handled in the order in which they came");
    let stepped = story.when("s0! stepped");
    assert_eq!(stepped[0], 50_000, "the step that waited is complete before they are");
}

#[test]
fn rule_3_a_timer_counts_from_when_its_effect_takes_place() {
    let story = play(1, &slow_disk(), persists);
    assert_eq!(story.when("s0 timer 0"), [60_000]);
}

#[test]
fn rule_3_if_the_disk_refuses_the_process_crashes() {
    for fsync in [0, 50] {
        let mut world = slow_disk();
        world.disk.fsync = ms(fsync).into();
        let broken = FaultKind::DiskFails { seats: vec![Seat(0)] };
        let world = with_fault(world, 0, 80, broken);
        let (run, story) = played(staging(1, &world, persists));
        assert_eq!(story.when("s1 <- s0 1"), [1_000, 81_000], "of both processes");
        let crashes = story.when("s0! crashes after 2 of 5");
        assert_eq!(crashes, [fsync * 1_000], "after the message and the write: {story:?}");
        assert!(!story.has("s1 <- s0 2") || story.when("s1 <- s0 2")[0] > 80_000);
        assert_eq!(run.process(Seat(0)).unwrap().found, [], "the record never reached the disk");
    }
}

#[test]
fn rule_3_a_barrier_does_not_let_a_process_go_on_whose_sync_failed_under_it() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start if cx.me() == N0 => {
                cx.write(7);
                cx.sync(Tag(1));
                cx.set_timer(0, ms(2));
            }
            On::Timer(_) => {
                cx.flush();
                cx.send(N1, 2);
            }
            _ => {}
        }
    }
    // The sync ends at 50 ms, while the disk refuses; the barrier at 52 ms, when it no longer does.
    let broken = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let world = with_fault(slow_disk(), 49, 51, broken);
    let story = play(1, &world, act);
    assert_eq!(story.when("s0! crashes after 0 of 2"), [50_000], "{story:?}");
    assert!(story.when("s1 <- s0 2").iter().all(|&when| when > 100_000), "{story:?}");
}

#[test]
fn rule_3_a_barrier_over_nothing_written_takes_no_time() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            cx.flush();
            cx.broadcast(1);
        }
    }
    let (run, story) = played(staging(1, &slow_disk(), act));
    assert_eq!(story.when("s1 <- s0 1"), [1_000]);
    assert_eq!(run.counters().syncs, 0);
}

#[test]
fn rule_3_a_crash_at_the_barrier_leaves_what_is_behind_it_undone() {
    let world = with_fault(slow_disk(), 30, 60, crash(0));
    let (run, story) = played(staging(1, &world, persists));
    assert_eq!(story.when("s0! crashes after 2 of 5"), [30_000], "{story:?}");
    assert_eq!(run.process(Seat(0)).unwrap().found, []);
    // The new process does the same again; its barrier would end at 110 ms.
    assert!(!story.has("s1 <- s0 2"));
    assert!(!story.has("s0 timer 0"));
    assert!(story.starting("s0 <- s1").is_empty(), "what waited went with the process");
}

#[test]
fn rule_3_the_disk_works_on_while_the_process_sleeps() {
    let pause = || FaultKind::Pause { seats: vec![Seat(0)] };
    let over_the_end = play(1, &with_fault(slow_disk(), 40, 70, pause()), persists);
    assert_eq!(over_the_end.when("s1 <- s0 2"), [71_000], "durable at 50 ms, awake at 70 ms");
    assert_eq!(over_the_end.when("s0 <- s1 1"), [70_000]);
    let before_it = play(1, &with_fault(slow_disk(), 10, 20, pause()), persists);
    assert_eq!(before_it.when("s1 <- s0 2"), [51_000], "awake at 20 ms, durable at 50 ms");
    assert_eq!(before_it.when("s0 <- s1 1"), [50_000]);
}

/// Writes three records and syncs only behind the first; does not wait.
fn writes(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.found.is_empty() => {
            cx.write(1);
            cx.sync(Tag(9));
            cx.write(2);
            cx.write(3);
            cx.broadcast(4);
        }
        On::Disk(DiskDone::Synced(Tag(9))) => cx.broadcast(5),
        _ => {}
    }
}

#[test]
fn rule_3_write_and_sync_do_not_wait() {
    let story = play(1, &slow_disk(), writes);
    assert_eq!(story.when("s1 <- s0 4"), [1_000]);
    assert_eq!(story.when("s0 disk Synced(Tag(9))"), [50_000]);
    assert_eq!(story.when("s1 <- s0 5"), [51_000]);
}

#[test]
fn rule_3_what_is_not_yet_synced_may_be_lost_torn_or_kept_by_a_crash() {
    let mut world = with_fault(slow_disk(), 60, 70, crash(0));
    world.disk.lose_unsynced = Chance::from_percent(50);
    world.disk.torn_write = Chance::from_percent(50);
    let found = |seed| {
        let (run, _) = played(staging(seed, &world, writes));
        format!("{:?}", run.process(Seat(0)).unwrap().found)
    };
    let seen: BTreeSet<String> = (0..200).map(found).collect();
    let possible = [
        "[Record(1), Record(2), Record(3)]",
        "[Record(1), Record(2), Torn]",
        "[Record(1), Record(2)]",
        "[Record(1), Torn]",
        "[Record(1)]",
    ];
    assert_eq!(seen, possible.map(String::from).into(), "the synced one is always there");
}

/// Sets an alarm, remembers, writes; a new process does nothing.
fn lives_once(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.found.is_empty() => {
            me.memory.push(1);
            cx.persist(2);
            cx.write(3);
            cx.set_timer(4, ms(50));
        }
        On::Timer(_) => me.memory.push(4),
        _ => {}
    }
}

#[test]
fn rule_4_only_what_reached_the_disk_survives_a_crash() {
    for seed in 0..10 {
        let world = with_fault(world(1, ms(1), 100), 5, 10, crash(0));
        let (run, story) = played(staging(seed, &world, lives_once));
        let process = run.process(Seat(0)).unwrap();
        assert_eq!(process.memory, [], "its memory is gone");
        assert_eq!(process.found, [Found::Record(2)], "and so is what it did not sync");
        assert_eq!(story.when("s0! crashes"), [5_000]);
        assert_eq!(story.when("s0! restarts"), [10_000]);
    }
}

#[test]
fn rule_4_who_is_down_is_no_process() {
    let (run, _) = played(staging(1, &with_lasting(world(1, ms(1), 100), 5, crash(0)), lives_once));
    assert!(run.process(Seat(0)).is_none());
    assert_eq!(run.status(Seat(0)), Status::Down);
}

#[test]
fn rule_5_timers_die_with_the_process() {
    let world = world(1, ms(1), 100);
    let alive = play(1, &world, lives_once);
    assert_eq!(alive.when("s0 timer 4"), [50_000]);
    let restarted = play(1, &with_fault(world, 5, 10, crash(0)), lives_once);
    assert!(!restarted.has("s0 timer 4"), "{restarted:?}");
}

#[test]
fn rule_5_setting_a_timer_again_replaces_it() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start => {
                cx.set_timer(1, ms(10));
                cx.set_timer(2, ms(10));
                cx.set_timer(3, ms(10));
                cx.set_timer(9, ms(5));
            }
            On::Timer(9) => {
                cx.set_timer(1, ms(20));
                cx.set_timer(2, ms(2));
                cx.cancel_timer(3);
                cx.cancel_timer(4);
            }
            _ => {}
        }
    }
    let (run, story) = played(staging(1, &world(1, ms(1), 100), act));
    assert_eq!(story.when("s0 timer 1"), [25_000], "later");
    assert_eq!(story.when("s0 timer 2"), [7_000], "earlier");
    assert!(!story.has("s0 timer 3"), "cancelled");
    assert_eq!(run.counters().timers, 3, "what nobody waits for does not count");
}

#[test]
fn rule_5_setting_a_timer_takes_its_place_in_a_tie_and_rearming_keeps_it() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        match on {
            On::Start => {
                // 1 has an entry for 4 ms, is moved to 10 ms and only then comes 2.
                cx.set_timer(1, ms(4));
                cx.set_timer(1, ms(10));
                cx.set_timer(2, ms(10));
                cx.set_timer(3, ms(10));
                cx.set_timer(9, ms(5));
            }
            // 3 is set anew for the same instant: last again. So would 2 be, behind 3.
            On::Timer(9) => {
                cx.set_timer(3, ms(5));
                cx.set_timer(2, ms(5));
            }
            _ => {}
        }
    }
    let story = play(1, &world(1, ms(1), 100), act);
    let order = ["s0 timer 9", "s0 timer 1", "s0 timer 3", "s0 timer 2"];
    assert_eq!(story.starting("s0 timer"), order);
}

#[test]
fn rule_5_an_alarm_that_waits_for_a_busy_node_can_still_be_cancelled() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            cx.set_timer(1, ms(10));
            cx.set_timer(2, ms(10));
            cx.persist(7);
            cx.cancel_timer(1);
        }
    }
    let story = play(1, &slow_disk(), act);
    assert_eq!(story.starting("s0 timer"), ["s0 timer 2"], "both rang while it was busy");
    assert_eq!(story.when("s0 timer 2"), [50_000]);
}

#[test]
fn a_delay_of_a_timer_is_drawn_within_its_range() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start | On::Timer(_) = on {
            cx.set_timer(1, Delay::Uniform { from: ms(1), to: ms(3) });
        }
    }
    let story = play(1, &world(1, ms(1), 10_000), act);
    let rung = story.when_nanos("s0 timer 1");
    let gaps: Vec<u64> = rung.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps.iter().all(|gap| (1_000_000..=3_000_000).contains(gap)));
    let different: BTreeSet<u64> = gaps.iter().copied().collect();
    assert!(different.len() > gaps.len() / 2, "each setting draws anew");
    assert_eq!(story.when("s0! starts"), [Time::ZERO.as_nanos()]);
}
