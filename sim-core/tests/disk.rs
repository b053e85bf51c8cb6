//! Disks by themselves: what is durable when, what a crash leaves, and disks that refuse.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

mod common;

use common::*;
use sim_core::chance::{Chance, Delay};
use sim_core::fault::FaultKind;
use sim_core::protocol::{Found, Tag};
use sim_core::world::World;
use sim_core::{Context, NodeId, Seat};

fn disk(fsync: impl Into<Delay>) -> World {
    let mut world = world(1, ms(1), 1_000);
    world.disk.fsync = fsync.into();
    world
}

/// Saves its alarms' names: 1 and 2 without waiting, 3 instead of everything, 4 behind a barrier.
fn saves(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.found.is_empty() => {
            (1..=4).for_each(|alarm| cx.set_timer(alarm, ms(10 * u64::from(alarm))));
        }
        On::Timer(alarm @ 1..=2) => {
            cx.write(alarm.into());
            cx.sync(Tag(alarm.into()));
        }
        On::Timer(3) => {
            cx.checkpoint(vec![30, 31]);
            cx.sync(Tag(3));
        }
        On::Timer(4) => cx.persist(4),
        _ => {}
    }
}

/// What a new process finds when the old one crashes at a millisecond.
fn found_after_a_crash(seed: u64, at: u64) -> Vec<u64> {
    let world = with_fault(disk(ms(5)), at, at + 1, crash(0));
    let (run, _) = played(staging(seed, &world, saves));
    let found = run.process(Seat(0)).unwrap().found.iter();
    found.map(|found| if let Found::Record(record) = found { *record } else { 0 }).collect()
}

#[test]
fn a_record_is_durable_when_its_fsync_is_over() {
    let table = [
        (9, vec![]),
        (14, vec![]),
        (16, vec![1]),
        (24, vec![1]),
        (26, vec![1, 2]),
        (34, vec![1, 2]),
        (36, vec![30, 31]),
        (44, vec![30, 31]),
        (46, vec![30, 31, 4]),
    ];
    for (at, found) in table {
        for seed in 0..10 {
            assert_eq!(found_after_a_crash(seed, at), found, "seed {seed}, a crash at {at} ms");
        }
    }
}

#[test]
fn a_process_that_never_wrote_is_restored_from_an_empty_disk() {
    assert_eq!(found_after_a_crash(1, 1), []);
}

#[test]
fn each_sync_reports_under_its_own_name_and_covers_what_was_written_before_it() {
    let story = play(1, &disk(ms(15)), saves);
    assert_eq!(story.when("s0 disk Synced(Tag(1))"), [25_000]);
    assert_eq!(
        story.when("s0 disk Synced(Tag(2))"),
        [35_000],
        "the first does not cover the second"
    );
    assert_eq!(story.when("s0! durable"), [55_000]);
    assert_eq!(story.when("s0 disk Synced(Tag(3))"), [55_000], "it waited for the barrier");
}

#[test]
fn how_long_an_fsync_takes_is_drawn_for_each() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start | On::Disk(_) = on {
            cx.sync(Tag(0));
        }
    }
    let story = play(1, &disk(Delay::Uniform { from: ms(1), to: ms(3) }), act);
    let ends = story.when_nanos("s0 disk Synced(Tag(0))");
    let lengths: Vec<u64> = ends.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(lengths.len() > 400);
    assert!(lengths.iter().all(|length| (1_000_000..=3_000_000).contains(length)));
    let mean = lengths.iter().sum::<u64>() / lengths.len() as u64;
    // 2 ms ± 26 µs (one sigma, of about 500).
    assert!((1_870_000..2_130_000).contains(&mean), "{mean} ns");
}

#[test]
fn a_torn_record_is_found_in_its_share_of_crashes() {
    let mut world = with_fault(disk(ms(50)), 15, 16, crash(0));
    world.disk.torn_write = Chance::from_percent(30);
    let torn = |seed: &u64| {
        let (run, _) = played(staging(*seed, &world, saves));
        run.process(Seat(0)).unwrap().found == [Found::Torn]
    };
    let torn = (0..1_000).filter(torn).count();
    // 300 ± 14.5 (one sigma); five sigmas either way.
    assert!((227..=373).contains(&torn), "{torn} of 1,000");
}

#[test]
fn a_disk_that_refuses_tells_who_does_not_wait_and_forgets() {
    let broken = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let world = with_fault(disk(ms(5)), 12, 18, broken);
    let (run, story) = played(staging(1, &with_fault(world, 50, 51, crash(0)), saves));
    assert_eq!(story.when("s0 disk Failed(Tag(1))"), [15_000]);
    assert_eq!(story.when("s0 disk Synced(Tag(2))"), [25_000], "it works again");
    assert!(!story.has("s0! crashes after 1 of 2"));
    let found = &run.process(Seat(0)).unwrap().found;
    assert_eq!(*found, [30, 31, 4].map(Found::Record));
    let only_two = with_fault(disk(ms(5)), 12, 18, FaultKind::DiskFails { seats: vec![Seat(0)] });
    let (run, _) = played(staging(1, &with_fault(only_two, 28, 29, crash(0)), saves));
    assert_eq!(
        run.process(Seat(0)).unwrap().found,
        [Found::Record(2)],
        "the next sync does not bring it back"
    );
}

#[test]
fn who_crashed_because_the_disk_refused_restarts_when_it_works_again() {
    let broken = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let (run, story) = played(staging(1, &with_fault(disk(ms(5)), 38, 90, broken), saves));
    assert_eq!(story.when("s0! crashes after 1 of 2"), [45_000]);
    assert_eq!(story.when("s0! restarts"), [90_000]);
    assert_eq!(run.process(Seat(0)).unwrap().found, [30, 31].map(Found::Record));
}

#[test]
fn a_disk_works_again_when_the_last_fault_that_makes_it_refuse_ends() {
    let broken = || FaultKind::DiskFails { seats: vec![Seat(0)] };
    let world = with_fault(disk(ms(5)), 38, 60, broken());
    let story = play(1, &with_fault(world, 50, 90, broken()), saves);
    assert_eq!(story.when("s0! restarts"), [90_000]);
}

#[test]
fn a_disk_belongs_to_its_seat() {
    let mut world = with_fault(disk(ms(0)), 50, 51, crash(0));
    world.nodes = 2;
    world.twins = vec![NodeId(0)];
    fn saves_its_draw(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if matches!(on, On::Start) && me.found.is_empty() {
            let record = cx.choose(1 << 40);
            cx.persist(record);
        }
    }
    world = with_fault(
        world,
        50,
        51,
        FaultKind::Crash { seats: vec![Seat(1), Seat(2)], mid_step: false },
    );
    let (run, _) = played(staging(1, &world, saves_its_draw));
    let found: Vec<_> = (0..3).map(|seat| run.process(Seat(seat)).unwrap().found.clone()).collect();
    assert!(found.iter().all(|found| found.len() == 1), "{found:?}");
    assert!(found[0] != found[1] && found[0] != found[2], "twins share a name and no disk");
}
