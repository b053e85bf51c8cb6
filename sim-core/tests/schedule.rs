//! Single decisions: a schedule makes them, a decider sees them, and neither disturbs what is drawn.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::*;
use sim_core::chance::{Chance, Delay};
use sim_core::decide::{Decider, Left, MidStepCrash, Parcel, Sent};
use sim_core::fault::FaultKind;
use sim_core::id::ClientId;
use sim_core::protocol::Kind;
use sim_core::schedule::{Chosen, ChosenFate, Schedule, StepName};
use sim_core::world::{Endpoint, LinkSettings, Pace, World};
use sim_core::{Context, Duration, Fate, NodeId, Seat};

/// The first beats every ten milliseconds or so, and chooses what it says; the other writes down what
/// it hears.
fn beats(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start if me.me == NodeId(0) => cx.set_timer(1, ms(10)),
        On::Timer(_) => {
            let said = cx.choose(1_000);
            cx.send(NodeId(1), said);
            cx.set_timer(1, Delay::Uniform { from: ms(10), to: ms(12) });
        }
        On::Message(_, heard) => {
            cx.persist(heard);
            me.memory.push(heard);
            cx.send(NodeId(0), heard);
        }
        _ => {}
    }
}

fn two() -> World {
    let latency = Delay::Uniform { from: ms(1), to: ms(2) };
    with_link(world(2, ms(1), 100), LinkSettings { latency, ..LinkSettings::default() })
}

fn scheduled(world: &World, decisions: &[Chosen]) -> (Puppets, Story, Vec<bool>) {
    let schedule = Rc::new(RefCell::new(Schedule::new(decisions)));
    let mut setup = staging(3, world, beats);
    setup.decider = Some(schedule.clone());
    let (run, story) = played(setup);
    let taken = schedule.borrow().taken().to_vec();
    (run, story, taken)
}

fn message(nth: u64, fate: ChosenFate) -> Chosen {
    let (from, to) = (Endpoint::Seat(Seat(0)), Endpoint::Seat(Seat(1)));
    Chosen::Message { sent: Sent { from, to, what: Parcel::Message(Kind(0)) }, nth, fate }
}

/// What the second node heard, and when.
fn heard(story: &Story) -> Vec<(u64, String)> {
    story.timed("s1 <- s0")
}

#[test]
fn who_leaves_everything_as_it_was_drawn_changes_nothing() {
    let (run, _, _) = scheduled(&two(), &[]);
    let (plain, _) = played(staging(3, &two(), beats));
    assert_eq!(run.fingerprint(), plain.fingerprint());
}

#[test]
fn a_message_gets_lost_comes_late_or_twice_and_no_other_is_touched() {
    let usual = heard(&scheduled(&two(), &[]).1);
    let (_, story, taken) = scheduled(&two(), &[message(3, ChosenFate::Lost)]);
    let mut without = usual.clone();
    let third = without.remove(2);
    assert_eq!((heard(&story), taken), (without.clone(), vec![true]));

    let late = ChosenFate::Arrives { after: Some(ms(5)), copy: None };
    let (_, story, _) = scheduled(&two(), &[message(3, late)]);
    let sent = story.when_nanos("s0 timer 1")[2];
    let mut expected = without;
    expected.insert(2, (sent + 5_000_000, third.1.clone()));
    assert_eq!(heard(&story), expected);

    let twice = ChosenFate::Arrives { after: None, copy: Some(ms(6)) };
    let (_, story, _) = scheduled(&two(), &[message(3, twice)]);
    let mut expected = usual;
    expected.insert(3, (sent + 6_000_000, third.1));
    assert_eq!(heard(&story), expected);
}

#[test]
fn what_was_drawn_to_be_lost_arrives_if_somebody_says_when() {
    let mut world = two();
    world.network.link.loss = Chance::ALWAYS;
    let arrives = ChosenFate::Arrives { after: Some(ms(3)), copy: None };
    let copied = ChosenFate::Arrives { after: None, copy: Some(ms(4)) };
    let (_, story, taken) = scheduled(&world, &[message(1, arrives), message(2, copied)]);
    assert_eq!((heard(&story).len(), taken), (2, vec![true, true]));
}

#[test]
fn a_cut_link_stays_cut_and_the_decision_is_idle() {
    let groups = vec![seats(&[0]), seats(&[1])];
    let world = with_fault(two(), 0, 200, FaultKind::Partition { groups });
    let late = ChosenFate::Arrives { after: Some(ms(5)), copy: None };
    let (_, story, taken) = scheduled(&world, &[message(1, late)]);
    assert_eq!((heard(&story).len(), taken), (0, vec![false]));
}

#[test]
fn the_nth_length_of_a_timer_and_the_nth_choice_are_as_chosen() {
    let timer = |nth, is| Chosen::Timer { seat: Seat(0), timer: "1".into(), nth, is };
    let choice = |nth, is| Chosen::Choice { seat: Seat(0), nth, is };
    let decisions = [timer(2, ms(20)), choice(2, 7), choice(3, 1_000), timer(99, ms(1))];
    let (_, story, taken) = scheduled(&two(), &decisions);
    assert_eq!(story.when("s0 timer 1")[..2], [10_000, 30_000]);
    assert_eq!(heard(&story)[1].1, "s1 <- s0 7");
    assert_eq!(taken, [true, true, false, false], "1,000 of 1,000 is none, and 99 never comes");
}

#[test]
fn the_nth_sync_and_the_nth_gap_are_as_chosen() {
    let sync = |nth, is| Chosen::Sync { seat: Seat(1), nth, is };
    let mut world = two();
    world.disk.fsync = ms(1).into();
    let (_, story, taken) = scheduled(&world, &[sync(2, ms(5)), sync(99, ms(5))]);
    let durable = story.when("s1! durable");
    let written: Vec<u64> = heard(&story).iter().map(|(at, _)| at / 1_000).collect();
    assert_eq!([durable[0] - written[0], durable[1] - written[1]], [1_000, 5_000]);
    assert_eq!(taken, [true, false]);

    world.clients.count = 1;
    world.clients.pace = Pace::Open { every: ms(10) };
    let gap = |nth, is| Chosen::Gap { client: ClientId(0), nth, is };
    let decisions = [gap(1, ms(30)), gap(2, ms(7)), gap(3, Duration::MAX)];
    let schedule = Rc::new(RefCell::new(Schedule::new(&decisions)));
    let mut setup = staging(3, &world, beats);
    setup.workload = Some(Rc::new(|_, draw| draw.below(100)));
    setup.decider = Some(schedule.clone());
    let (_, story) = played(setup);
    let invoked: Vec<u64> = story.timed("c1#1 invokes").iter().map(|(at, _)| *at).collect();
    assert_eq!(invoked, [30_000_000]);
    assert_eq!(schedule.borrow().taken(), [true; 3], "and then no more");
}

#[test]
fn a_crash_falls_between_the_effects_that_are_named() {
    let crash = |after, lasting| Chosen::Crash {
        seat: Seat(1),
        step: StepName::Message(Kind(0)),
        nth: 3,
        crash: MidStepCrash { after, lasting },
    };
    let mut world = two();
    world.disk.fsync = ms(1).into();
    let (_, story, taken) = scheduled(&world, &[crash(2, Some(ms(15)))]);
    assert_eq!(taken, [true]);
    let crashed = story.when("s1! crashes after 2 of 3");
    assert_eq!(crashed.len(), 1, "behind the barrier, before the answer: {story:?}");
    assert_eq!(story.when("s1! restarts"), [crashed[0] + 15_000]);
    assert_eq!(story.starting("s0 <- s1").len(), heard(&story).len() - 1);

    let (_, story, _) = scheduled(&world, &[crash(0, None)]);
    assert_eq!(story.when("s1! crashes after 0 of 3").len(), 1);
    assert!(!story.has("s1! restarts"), "for ever");
    let (_, story, taken) = scheduled(&world, &[crash(4, None)]);
    assert_eq!((taken, story.starting("s1! crashes").len()), (vec![false], 0));
}

#[test]
fn a_crash_that_is_chosen_is_a_fault_after_which_goals_have_their_time() {
    let goal = |story: &mut Staging| {
        let goal = Remembered { what: 5, since: None, lasting: false };
        story.goals.push(("five", ms(30), Box::new(goal)));
        let choice = Chosen::Choice { seat: Seat(0), nth: 4, is: 5 };
        let step = StepName::Message(Kind(0));
        let crash = MidStepCrash { after: 1, lasting: Some(ms(1)) };
        let crash = Chosen::Crash { seat: Seat(1), step, nth: 2, crash };
        let schedule = Schedule::new(&[choice, crash]);
        story.decider = Some(Rc::new(RefCell::new(schedule)));
    };
    let mut setup = staging(3, &two(), beats);
    goal(&mut setup);
    let (run, _) = played(setup);
    assert_eq!(run.violation(), None, "the fourth beat comes more than 30 ms after the beginning");
}

/// Sees everything, and lets every disk keep all but tear the rest, clients wait and ask for nothing new.
#[derive(Default)]
struct Meddler {
    seen: Vec<String>,
}

impl Decider for Meddler {
    fn fate(&mut self, sent: &Sent, drawn: Fate) -> Fate {
        self.seen.push(format!("{sent:?}"));
        drawn
    }

    fn left(&mut self, _: Seat, drawn: Left) -> Left {
        self.seen.push(format!("{drawn:?}"));
        Left { kept: 1, torn: true }
    }

    fn crash_point(&mut self, _: Seat, effects: usize, _: usize) -> usize {
        effects
    }

    fn fsync(&mut self, _: Seat, _: Duration) -> Duration {
        ms(7)
    }

    fn entropy(&mut self, _: Seat, _: u64) -> u64 {
        self.seen.push("entropy".into());
        1
    }

    fn gap(&mut self, _: ClientId, _: Duration) -> Duration {
        ms(40)
    }
}

#[test]
fn disks_clients_and_the_place_of_a_crash_can_be_decided_too() {
    let act = |_: &mut Puppet, cx: &mut Context<Puppet>, on: On| match on {
        On::Start => {
            let _ = cx.entropy();
            cx.set_timer(1, ms(50));
            cx.persist(9);
        }
        On::Timer(_) => (1..=2).for_each(|record| cx.write(record)),
        On::Request(id, _) => cx.reply(id, 1),
        _ => {}
    };
    let mut world = with_fault(world(1, ms(1), 100), 45, 60, crash_mid_step(0));
    world.clients.count = 1;
    world.clients.mix = vec![1];
    let meddler = Rc::new(RefCell::new(Meddler::default()));
    let mut setup = staging(3, &world, act);
    setup.workload = Some(Rc::new(|_, draw| draw.below(100)));
    setup.decider = Some(meddler.clone());
    let (_, story) = played(setup);
    assert_eq!(story.when("s0! durable")[0], 7_000);
    assert_eq!(story.when("s0! crashes after 2 of 2"), [50_000]);
    assert_eq!(story.timed("c1#1 invokes").first().unwrap().0, 40_000_000);
    let restarted = story.when("s0! restarts");
    assert_eq!(restarted.len(), 1);
    let seen = meddler.borrow().seen.join("\n");
    for part in ["Left { kept: 0, torn: false }", "entropy", "what: Request", "what: Reply"] {
        assert!(seen.contains(part), "{part}: {seen}");
    }
}
