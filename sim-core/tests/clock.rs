//! Clocks by themselves: fast ones, slow ones, wrong ones, and those that jump.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

mod common;

use common::*;
use sim_core::fault::FaultKind;
use sim_core::world::{ClockError, World};
use sim_core::{Context, Duration, Seat, Simulation};

/// Notes both of its clocks each time an alarm of 100 ms rings.
fn notes(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if let On::Start | On::Timer(_) = on {
        me.memory.extend([cx.now().as_nanos(), cx.wall().as_nanos()]);
        cx.set_timer(1, ms(100));
    }
}

fn with_clock(drift_ppm: i32, offset_nanos: i64) -> World {
    let mut world = world(1, ms(1), 1_050);
    world.clocks.fixed.insert(Seat(0), ClockError { offset_nanos, drift_ppm });
    world
}

/// When each alarm rang, and what (now, wall) showed, in microseconds.
fn noted(world: &World) -> Vec<(u64, u64, u64)> {
    let (run, story) = played(staging(1, world, notes));
    let times = std::iter::once(0).chain(story.when_nanos("s0 timer 1"));
    let shown = run.process(Seat(0)).unwrap().memory.chunks(2);
    times
        .zip(shown)
        .map(|(time, shown)| (time / 1_000, shown[0] / 1_000, shown[1] / 1_000))
        .collect()
}

#[test]
fn a_clock_without_error_shows_the_time() {
    let noted = noted(&world(1, ms(1), 1_050));
    assert_eq!(noted.len(), 11);
    assert!(noted.iter().all(|(time, now, wall)| time == now && time == wall));
}

#[test]
fn a_fast_clock_rings_early_and_a_slow_one_late() {
    let fast = noted(&with_clock(100_000, 0));
    // It shows 100 ms when 90.909 ms have passed; each alarm is rounded up to whole nanoseconds.
    assert_eq!(fast[1], (90_909, 100_000, 100_000));
    assert_eq!((fast[10].0, fast.len()), (909_090, 12));
    let slow = noted(&with_clock(-100_000, 0));
    assert_eq!(slow[1], (111_111, 100_000, 100_000));
    assert_eq!(slow.len(), 10);
    for (time, now, _) in [fast, slow].concat() {
        assert!(now % 100_000 < 2, "its own clock never tells: {now} at {time}");
    }
}

#[test]
fn an_offset_moves_the_wall_clock_only() {
    let ahead = noted(&with_clock(0, 5_000_000));
    assert!(ahead.iter().all(|(time, now, wall)| time == now && *wall == time + 5_000));
    let behind = noted(&with_clock(0, -150_000_000));
    let shown: Vec<u64> = behind.iter().map(|noted| noted.2).take(4).collect();
    assert_eq!(shown, [0, 0, 50_000, 150_000], "never before the beginning");
}

#[test]
fn a_jump_moves_the_wall_clock_and_no_alarm() {
    let jump = |by_nanos| FaultKind::Jump { seats: vec![Seat(0)], by_nanos };
    let world = with_lasting(world(1, ms(1), 1_050), 250, jump(1_000_000_000));
    let noted = noted(&with_lasting(world, 550, jump(-1_300_000_000)));
    let expected = |time: u64| match time {
        0..250_000 => time,
        250_000..550_000 => time + 1_000_000,
        _ => time - 300_000,
    };
    assert_eq!(noted.len(), 11, "the alarms ring as before");
    assert!(
        noted.iter().all(|(time, now, wall)| time == now && *wall == expected(*time)),
        "{noted:?}"
    );
}

#[test]
fn a_clock_goes_on_while_its_process_is_down_or_sleeps() {
    let (run, _) = played(staging(1, &with_fault(world(1, ms(1), 450), 250, 400, crash(0)), notes));
    assert_eq!(
        run.process(Seat(0)).unwrap().memory,
        [at(400).as_nanos(); 2],
        "read by a new process"
    );
    let pause = FaultKind::Pause { seats: vec![Seat(0)] };
    let (run, story) =
        played(staging(1, &with_fault(world(1, ms(1), 450), 250, 380, pause), notes));
    assert_eq!(story.when("s0 timer 1"), [100_000, 200_000, 380_000]);
    assert_eq!(run.process(Seat(0)).unwrap().memory[6], at(380).as_nanos(), "it overslept");
}

#[test]
fn skews_and_drifts_are_drawn_for_each_seat_and_stay() {
    let mut world = world(50, ms(1), 250);
    world.clocks.skew = (ms(1), ms(30));
    world.clocks.drift_ppm = (100, 10_000);
    let errors = |seed| -> Vec<(i64, i64)> {
        let mut run: Puppets = Simulation::new(staging(seed, &world, notes));
        run.run();
        let error = |seat| {
            let memory = &run.process(Seat(seat)).unwrap().memory;
            (memory[5].cast_signed() - memory[4].cast_signed(), seat)
        };
        (0..50).map(error).map(|(skew, seat)| (skew, i64::from(seat))).collect()
    };
    let drawn = errors(1);
    assert!(
        drawn.iter().all(|(skew, _)| (1_000_000..=30_000_000).contains(&skew.abs())),
        "{drawn:?}"
    );
    let ahead = drawn.iter().filter(|(skew, _)| *skew > 0).count();
    // 25 ± 3.5 (one sigma); four either way.
    assert!((11..=39).contains(&ahead), "{ahead} of 50 are ahead");
    assert_eq!(drawn, errors(1));
    assert_ne!(drawn, errors(2));
    let story = play(1, &world, notes);
    let first: Vec<u64> =
        (0..50).map(|seat| story.when_nanos(&format!("s{seat} timer 1"))[0]).collect();
    let longest = Duration::from_millis(100).as_nanos();
    let within =
        |nanos: &u64| nanos.abs_diff(longest) <= longest / 98 && nanos.abs_diff(longest) >= 9_000;
    assert!(first.iter().all(within), "{first:?}");
}
