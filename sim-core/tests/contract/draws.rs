//! Rules 6, 8 and 11: what chance depends on, integers, and fingerprints.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::rc::Rc;

use sim_core::adversary::Adversary;
use sim_core::chance::{Chance, Delay};
use sim_core::client::Scripted;
use sim_core::fault::FaultKind;
use sim_core::id::{ClientId, RequestId};
use sim_core::protocol::Tag;
use sim_core::rng::Key;
use sim_core::world::{LinkSettings, Pace, World};
use sim_core::{Context, NodeId, Seat, Simulation};

use crate::common::*;

thread_local! {
    /// The message that `chatters` leaves out.
    static UNSENT: Cell<u64> = const { Cell::new(0) };
}

/// Everybody sends when its alarm rings, to whom it chooses, and hears nothing: what one does
/// depends on no other. Each message is named by its sender and its number.
fn chatters(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => cx.set_timer(1, Delay::Uniform { from: ms(1), to: ms(4) }),
        On::Timer(_) => {
            me.memory.push(0);
            let name = u64::from(cx.me().0) * 1_000 + me.memory.len() as u64;
            let to = NodeId(u32::try_from(cx.choose(3)).unwrap());
            cx.write(name);
            cx.sync(Tag(name));
            cx.set_timer(1, Delay::Uniform { from: ms(1), to: ms(4) });
            cx.send(to, name * 10);
            if UNSENT.get() != name * 10 + 1 {
                cx.broadcast(name * 10 + 1);
            }
        }
        _ => {}
    }
}

/// The same, but n0 draws one number more at each alarm, after the others.
fn chatters_and_draws(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    chatters(me, cx, on);
    if cx.me() == NodeId(0) {
        cx.choose(2);
    }
}

/// The same, but n0 has one more alarm.
fn chatters_with_a_second_alarm(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if !matches!(on, On::Timer(2)) {
        chatters(me, cx, on);
    }
    if cx.me() == NodeId(0) {
        cx.set_timer(2, Delay::Uniform { from: ms(1), to: ms(2) });
    }
}

fn rough() -> World {
    let mut world = world(3, ms(0), 100);
    world.network.link = LinkSettings {
        latency: Delay::Uniform { from: ms(1), to: ms(20) },
        loss: Chance::from_percent(10),
        duplicate: Chance::from_percent(10),
        reorder: Chance::from_percent(10),
    };
    world.disk.fsync = Delay::Uniform { from: ms(1), to: ms(5) };
    world
}

/// What happened in a run, each with its time: arrivals, alarms, fsyncs, choices (as destinations).
fn facts(story: &Story) -> BTreeSet<(u64, String)> {
    let telling = [" <- ", " timer ", " disk ", ": -> "];
    let lines = story.lines().into_iter();
    let tells = |line: &str| telling.iter().any(|mark| line.contains(mark));
    let facts = lines.filter(|(_, line)| tells(line) && !line.contains(": timer"));
    facts.map(|(time, line)| (time.as_nanos(), line)).collect()
}

#[test]
fn rule_6_taking_a_message_away_changes_no_other() {
    for seed in 0..20 {
        let all = facts(&play(seed, &rough(), chatters));
        UNSENT.set(91);
        let fewer = facts(&play(seed, &rough(), chatters));
        UNSENT.set(0);
        assert!(fewer.is_subset(&all), "seed {seed}");
        let gone: Vec<_> = all.difference(&fewer).collect();
        assert!(!gone.is_empty());
        assert!(gone.iter().all(|(_, line)| line.ends_with(" 91")), "seed {seed}: {gone:?}");
    }
}

#[test]
fn rule_6_taking_a_message_away_changes_none_of_the_same_step() {
    thread_local! { static TO_N1_TOO: Cell<bool> = const { Cell::new(true) } }
    fn speaks(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let (On::Start, NodeId(0)) = (on, cx.me()) {
            if TO_N1_TOO.get() {
                cx.send(NodeId(1), 1);
            }
            cx.send(NodeId(2), 2);
        }
    }
    for seed in 0..20 {
        TO_N1_TOO.set(true);
        let both = facts(&play(seed, &rough(), speaks));
        TO_N1_TOO.set(false);
        let one = facts(&play(seed, &rough(), speaks));
        assert!(one.is_subset(&both), "seed {seed}: what n2 was sent first is now sent alone");
    }
}

#[test]
fn rule_6_taking_a_fault_away_changes_nothing_that_it_did_not_touch() {
    // What n0 and n1 do with each other has nothing to do with n2.
    let between = |facts: BTreeSet<(u64, String)>| -> BTreeSet<(u64, String)> {
        facts.into_iter().filter(|(_, line)| !line.contains("s2")).collect()
    };
    let faults = [
        crash(2),
        crash_mid_step(2),
        FaultKind::Pause { seats: vec![Seat(2)] },
        FaultKind::DiskFails { seats: vec![Seat(2)] },
        FaultKind::Jump { seats: vec![Seat(2)], by_nanos: 5 },
        FaultKind::Partition { groups: vec![seats(&[0, 1]), seats(&[2])] },
        FaultKind::Cut { from: seats(&[2]), to: seats(&[0]) },
        FaultKind::Clog { from: seats(&[0]), to: seats(&[2]) },
        FaultKind::Link { from: seats(&[1]), to: seats(&[2]), link: LinkSettings::default() },
    ];
    for (seed, fault) in (0..).zip(faults) {
        let calm = between(facts(&play(seed, &rough(), chatters)));
        let world = with_fault(rough(), 30, 60, fault.clone());
        let troubled = between(facts(&play(seed, &world, chatters)));
        assert!(calm.len() > 200, "{} facts", calm.len());
        assert_eq!(calm, troubled, "{fault:?}");
    }
}

#[test]
fn rule_6_taking_a_fault_away_does_not_move_a_crash_in_the_midst_of_a_step() {
    let crashes = |seed, world: &World| play(seed, world, chatters).timed("s2! crashes after");
    for seed in 0..50 {
        let plan = with_fault(rough(), 30, 60, crash_mid_step(2));
        let jump = FaultKind::Jump { seats: vec![Seat(0)], by_nanos: 7 };
        let mut behind_another = with_lasting(rough(), 10, jump);
        behind_another.faults.extend(plan.faults.clone());
        assert_eq!(crashes(seed, &plan).len(), 1);
        assert_eq!(crashes(seed, &plan), crashes(seed, &behind_another), "seed {seed}");
    }
}

#[test]
fn rule_6_a_draw_more_at_one_node_changes_no_other_node_no_timer_and_no_fsync() {
    for seed in 0..20 {
        let few = facts(&play(seed, &rough(), chatters));
        let many = facts(&play(seed, &rough(), chatters_and_draws));
        assert_ne!(few, many, "n0 chooses otherwise");
        let untouched = |facts: &BTreeSet<(u64, String)>| -> BTreeSet<(u64, String)> {
            let by_n0 = |line: &str| line.contains("<- s0") || line.contains("s0: ->");
            facts.iter().filter(|(_, line)| !by_n0(line)).cloned().collect()
        };
        assert!(untouched(&few).iter().any(|(_, line)| line.contains("s0 timer")));
        assert!(untouched(&few).iter().any(|(_, line)| line.contains("s0 disk")));
        assert_eq!(untouched(&few), untouched(&many), "seed {seed}");
    }
}

#[test]
fn rule_6_a_timer_more_changes_the_length_of_no_other() {
    for seed in 0..20 {
        let one = facts(&play(seed, &rough(), chatters));
        let mut two = facts(&play(seed, &rough(), chatters_with_a_second_alarm));
        let before = two.len();
        two.retain(|(_, line)| line != "s0 timer 2");
        assert!(before > two.len(), "it rang");
        assert_eq!(one, two, "seed {seed}");
    }
}

#[test]
fn rule_6_each_timer_of_each_node_has_lengths_of_its_own() {
    fn act(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            let delay = Delay::Uniform { from: ms(1), to: ms(90) };
            (0..10).for_each(|alarm| cx.set_timer(alarm, delay));
        }
    }
    let story = play(1, &with_fault(rough(), 95, 96, crash(0)), act);
    // What rings for the process that starts again is another matter.
    let first = |&time: &u64| time < ms(95).as_nanos();
    let rung: BTreeSet<u64> = (0..3)
        .flat_map(|seat| story.timed(&format!("s{seat} timer")))
        .map(|rung| rung.0)
        .filter(first)
        .collect();
    assert_eq!(rung.len(), 30, "of 89 million lengths");
}

#[test]
fn rule_6_a_danger_that_is_absent_draws_nothing() {
    let calm = LinkSettings {
        latency: Delay::Uniform { from: ms(1), to: ms(20) },
        ..LinkSettings::default()
    };
    let some = Chance::from_percent(20);
    let arrivals = |link| facts(&play(3, &with_link(rough(), link), chatters));
    let all = arrivals(calm);
    let lossy = arrivals(LinkSettings { loss: some, ..calm });
    assert!(lossy.is_subset(&all) && lossy.len() < all.len(), "who is not lost is on time");
    let copied = arrivals(LinkSettings { duplicate: some, ..calm });
    assert!(all.is_subset(&copied) && all.len() < copied.len(), "the originals are on time");
    let late = arrivals(LinkSettings { reorder: some, ..calm });
    let on_time = all.intersection(&late).count();
    // Of 20 % that are late some arrive after the end; the others are where they were.
    assert!(on_time * 10 > all.len() * 8 && on_time < all.len(), "{on_time} of {}", all.len());
}

#[test]
fn rule_6_no_two_messages_share_a_draw() {
    let story = play(1, &rough(), chatters);
    let fates = story.starting("fate to");
    let after = fates.iter().filter_map(|fate| fate.split("after: ").nth(1)?.split(',').next());
    let latencies: Vec<&str> = after.collect();
    let different: BTreeSet<&str> = latencies.iter().copied().collect();
    assert!(latencies.len() > 200, "{} messages", latencies.len());
    assert_eq!(different.len(), latencies.len(), "of 19 million latencies");
}

/// Corrupts nothing, but draws.
struct Honest;

impl Adversary<Puppet> for Honest {
    fn rewrite(&mut self, cx: &mut Context<Puppet>) {
        cx.choose(1_000);
        cx.chance(Chance::from_percent(50));
    }
}

#[test]
fn rule_6_a_liar_draws_from_a_stream_of_its_own() {
    let honest = play(7, &rough(), chatters);
    let mut simulation = Simulation::new(staging(7, &rough(), chatters));
    let story = Story::default();
    simulation.follow(Box::new(story.clone()));
    simulation.corrupt(Seat(1), Box::new(Honest));
    simulation.run();
    assert_eq!(facts(&honest), facts(&story));
}

#[test]
fn rule_6_a_client_more_changes_no_other() {
    fn answers(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Request(id, asked) = on {
            cx.reply(id, asked + 1);
        }
    }
    let told = |count| {
        let mut world = world(3, ms(0), 200);
        world.network.link.latency = Delay::Uniform { from: us(100), to: ms(2) };
        let mut setup = staging(5, &world, answers);
        setup.world.clients.count = count;
        setup.world.clients.pace = Pace::Open { every: ms(5) };
        setup.workload =
            Some(Rc::new(|id: RequestId, draw| u64::from(id.number) << 32 | draw.below(1 << 20)));
        setup.script = vec![Scripted { at: at(50), through: NodeId(0), task: 1, expect: None }];
        let (run, _) = played(setup);
        let of_first = |id: RequestId| id.client == ClientId(0);
        let operations = run.history().operations().iter().filter(|one| of_first(one.id));
        operations
            .map(|one| (one.asked, one.invoked.time, one.ended.map(|end| end.time)))
            .collect::<Vec<_>>()
    };
    assert!(told(1).len() > 20);
    assert_eq!(told(1), told(4));
}

#[test]
fn rule_8_overflow_checks_are_on_in_this_profile() {
    // Wrapping would be silent; what `black_box` hides cannot be refused at compile time.
    let sum = std::panic::catch_unwind(|| black_box(u8::MAX) + black_box(1));
    assert!(sum.is_err(), "an overflow in a test");
    let late = std::panic::catch_unwind(|| sim_core::Time::MAX + black_box(ms(1)));
    assert!(late.is_err(), "an overflow in the engine");
}

#[test]
fn rule_8_distributions_give_the_same_draws_on_every_platform() {
    let delays = [
        Delay::Fixed(ms(3)),
        Delay::Uniform { from: ms(1), to: ms(9) },
        Delay::exponential(ms(5)),
        Delay::LogNormal { median: ms(2), p99: ms(20), max: ms(50) },
    ];
    let drawn = delays.map(|delay| {
        let mut draw = Key::new(2026).draw();
        [0; 3].map(|_| delay.draw(&mut draw).as_nanos())
    });
    assert_eq!(drawn, GOLDEN_DELAYS);
}

#[test]
fn rule_11_the_same_seed_has_the_same_fingerprint_on_any_thread() {
    let fingerprint = |seed| played(staging(seed, &rough(), chatters)).0.fingerprint();
    let here: Vec<u64> = (0..8).map(fingerprint).collect();
    let there = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|seed| scope.spawn(move || fingerprint(seed))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(here, there);
    assert_eq!(here.iter().collect::<BTreeSet<_>>().len(), 8, "another seed, another run");
}

#[test]
fn rule_11_a_fingerprint_tells_who_sent_what_to_whom_even_if_it_never_arrives() {
    fn sends(from: u32, to: u32, message: u64) -> impl Fn(&mut Context<Puppet>, On) {
        move |cx, on| {
            if matches!(on, On::Timer(_)) && cx.me() == NodeId(from) {
                cx.send(NodeId(to), message);
            }
        }
    }
    fn always(cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            cx.set_timer(1, ms(3));
        }
    }
    fn first(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        always(cx, on);
        sends(0, 1, 7)(cx, on);
    }
    fn another_message(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        always(cx, on);
        sends(0, 1, 8)(cx, on);
    }
    fn another_receiver(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        always(cx, on);
        sends(0, 2, 7)(cx, on);
    }
    fn another_sender(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        always(cx, on);
        sends(2, 1, 7)(cx, on);
    }
    let nothing_arrives = LinkSettings { loss: Chance::ALWAYS, ..LinkSettings::default() };
    let world = with_link(world(3, ms(1), 50), nothing_arrives);
    let acts: [Act; 4] = [first, another_message, another_receiver, another_sender];
    let prints = acts.map(|act| played(staging(1, &world, act)).0.fingerprint());
    assert_eq!(prints.iter().collect::<BTreeSet<_>>().len(), 4);
}

#[test]
fn rule_11_the_fingerprints_of_these_runs_never_change() {
    let prints = [0, 1, 2].map(|seed| played(staging(seed, &rough(), chatters)).0.fingerprint());
    assert_eq!(prints, GOLDEN_FINGERPRINTS, "if the engine was meant to change, so are these");
}

const GOLDEN_DELAYS: [[u64; 3]; 4] = [
    [3_000_000, 3_000_000, 3_000_000],
    [7_862_834, 4_773_019, 6_338_760],
    [766_605, 3_757_830, 2_022_240],
    [1_166_184, 1_026_580, 1_809_757],
];
const GOLDEN_FINGERPRINTS: [u64; 3] =
    [13_990_207_914_029_712_255, 9_881_737_213_134_596_736, 3_605_874_581_612_046_571];
