//! Liars by themselves: each way to lie, in a cluster of puppets that tell each other what they count.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

mod common;

use common::*;
use sim_core::adversary::{How, Lie};
use sim_core::check::Invariant;
use sim_core::fault::{Family, FaultKind};
use sim_core::world::World;
use sim_core::{Context, NodeId, Seat, Simulation};

/// Every ten milliseconds a node writes the next number and tells it to the others, with its own in
/// front: 1003 is the third of n1. It remembers what it hears.
fn counts(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => cx.set_timer(1, ms(10)),
        On::Timer(_) => {
            let count =
                me.found.len() as u64 + me.memory.iter().filter(|&&it| it == 0).count() as u64;
            me.memory.push(0);
            cx.persist(1);
            cx.broadcast(u64::from(me.me.0) * 1_000 + count + 1);
            cx.set_timer(1, ms(10));
        }
        On::Message(from, message) => me.memory.push(u64::from(from.0) * 1_000_000 + message),
        On::Request(..) | On::Disk(_) => {}
    }
}

fn lies(how: How, towards: Option<&[u32]>) -> FaultKind {
    let towards = towards.map(|nodes| nodes.iter().map(|&node| NodeId(node)).collect());
    FaultKind::Corrupt { seats: vec![Seat(1)], lie: Lie { how, towards } }
}

/// A world in which n1 lies from 25 to 65 milliseconds.
fn lying(how: How, towards: Option<&[u32]>) -> World {
    with_fault(world(3, ms(1), 100), 25, 65, lies(how, towards))
}

/// What a node heard of n1, in order.
fn heard(run: &Puppets, seat: u32) -> Vec<u64> {
    let memory = &run.process(Seat(seat)).unwrap().memory;
    memory.iter().filter(|&&it| it / 1_000_000 == 1).map(|&it| it % 1_000_000).collect()
}

fn honest() -> Vec<u64> {
    (1_001..1_010).collect()
}

#[test]
fn who_is_mute_is_mute_as_long_as_it_lasts_and_to_whom_it_is() {
    let (run, story) = played(staging(1, &lying(How::Mute, None), counts));
    let left = [1_001, 1_002, 1_007, 1_008, 1_009];
    assert_eq!((heard(&run, 0), heard(&run, 2)), (left.to_vec(), left.to_vec()));
    assert_eq!(run.counters().faults[Family::Corrupt as usize], 1);
    assert!(story.has(
        "s1! lies [write 1, flush, timer 1 in 10ms] instead of \
                       [write 1, flush, -> * 1003, timer 1 in 10ms]"
    ));
    let (run, _) = played(staging(1, &lying(How::Mute, Some(&[2])), counts));
    assert_eq!((heard(&run, 0), heard(&run, 2)), (honest(), left.to_vec()));
}

#[test]
fn who_is_late_says_all_and_what_it_says_comes_so_much_later() {
    let (run, story) = played(staging(1, &lying(How::Late(ms(7)), Some(&[0])), counts));
    assert_eq!((heard(&run, 0), heard(&run, 2)), (honest(), honest()));
    assert_eq!(story.when("s0 <- s1 1003"), [38_000]);
    assert_eq!(story.when("s2 <- s1 1003"), [31_000]);
    assert_eq!(story.when("s0 <- s1 1007"), [71_000]);
}

#[test]
fn no_healing_cures_a_liar() {
    let healed = with_lasting(lying(How::Late(ms(7)), None), 27, FaultKind::Heal);
    let story = play(1, &healed, counts);
    assert_eq!(story.when("s0 <- s1 1003"), [38_000]);
}

#[test]
fn who_replays_says_nothing_that_it_did_not_say() {
    let (run, _) = played(staging(1, &lying(How::Replay, None), counts));
    let heard = heard(&run, 0);
    assert!(heard.len() > honest().len(), "{heard:?}");
    for (place, message) in heard.iter().enumerate() {
        let first = heard.iter().position(|other| other == message).unwrap();
        assert!(honest().contains(message) && first <= place);
    }
    assert!(honest().iter().all(|message| heard.contains(message)), "nothing is missing");
}

#[test]
fn who_equivocates_tells_some_what_it_said_before_and_others_the_truth() {
    let (run, _) = played(staging(3, &lying(How::Equivocate, None), counts));
    let (one, other) = (heard(&run, 0), heard(&run, 2));
    assert_ne!(one, other);
    assert_eq!((one.len(), other.len()), (9, 9), "each hears one thing at a time");
    assert!(one.iter().chain(&other).all(|message| honest().contains(message)));
}

#[test]
fn the_lies_of_a_protocol_go_by_their_names() {
    let mut setup = staging(1, &lying(How::Forge("more"), Some(&[2])), counts);
    setup.forgeries = vec![("less", |_, it| Some(it - 1)), ("more", |_, it| Some(it + 500))];
    let (run, _) = played(setup);
    assert_eq!(heard(&run, 0), honest());
    assert_eq!(heard(&run, 2)[2..6], [1_503, 1_504, 1_505, 1_506]);
    // Who equivocates takes the first.
    let mut setup = staging(1, &lying(How::Equivocate, Some(&[2])), counts);
    setup.forgeries = vec![("less", |_, it| Some(it - 1)), ("more", |_, it| Some(it + 500))];
    assert_eq!(heard(&played(setup).0, 2)[2..6], [1_002, 1_003, 1_004, 1_005]);
}

#[test]
fn who_parrots_passes_off_what_it_heard_and_is_known_for_who_it_is() {
    let (run, _) = played(staging(1, &lying(How::Parrot, None), counts));
    let foreign: Vec<u64> = heard(&run, 0).into_iter().filter(|it| it / 1_000 != 1).collect();
    assert!(!foreign.is_empty());
    assert!(foreign.iter().all(|&it| it < 1_000 || it / 1_000 == 2), "of n0 and n2: {foreign:?}");
}

#[test]
fn a_twin_comes_and_goes_and_both_are_heard_under_one_name() {
    let (run, story) = played(staging(1, &lying(How::Twins, None), counts));
    assert_eq!(run.world().twins, [NodeId(1)]);
    assert_eq!(story.when("s3! starts"), [25_000]);
    assert_eq!(story.when("s3! crashes"), [65_000]);
    assert_eq!(story.when("s0 <- s3 1001"), [36_000]);
    let mut expected = honest();
    expected.extend([1_001, 1_002, 1_003]);
    let mut heard = heard(&run, 0);
    expected.sort_unstable();
    heard.sort_unstable();
    assert_eq!(heard, expected);
}

#[test]
fn who_forgets_comes_back_with_an_empty_disk_as_long_as_it_lasts() {
    let mut world = lying(How::Amnesia, None);
    world = with_fault(world, 45, 46, crash(1));
    let (run, story) = played(staging(1, &world, counts));
    assert_eq!(story.when("s1! restarts"), [25_000, 46_000]);
    assert_eq!(heard(&run, 0)[..4], [1_001, 1_002, 1_001, 1_001], "twice from the beginning");
    // When it lies no more it crashes like anybody, and what is on its disk it finds again.
    let (run, _) = played(staging(1, &with_fault(world, 85, 86, crash(1)), counts));
    assert_eq!(run.process(Seat(1)).unwrap().found.len(), 3);
}

/// Notes who is said to lie, and wants to see no step of theirs afterwards.
#[derive(Default)]
struct Honesty(Vec<NodeId>, std::rc::Rc<std::cell::RefCell<Vec<NodeId>>>);

impl Invariant<Puppet> for Honesty {
    fn observe(&mut self, step: &sim_core::check::Step<'_, Puppet>) -> Result<(), String> {
        if self.0.contains(&step.node) {
            return Err(format!("{} is judged", step.node));
        }
        Ok(())
    }

    fn corrupted(&mut self, node: NodeId) {
        self.0.push(node);
        self.1.borrow_mut().push(node);
    }
}

#[test]
fn nobody_judges_who_ever_lied_and_invariants_are_told_once() {
    let again = with_fault(lying(How::Twins, None), 70, 90, lies(How::Mute, None));
    let mut setup = staging(1, &again, counts);
    let told = std::rc::Rc::default();
    setup.invariants.push(("honesty", Box::new(Honesty(Vec::new(), std::rc::Rc::clone(&told)))));
    let mut run = Simulation::new(setup);
    run.run();
    assert_eq!(run.violation(), None);
    assert_eq!(*told.borrow(), [NodeId(1)]);
}

#[test]
fn a_lie_changes_no_honest_draw_and_a_lie_less_changes_no_other() {
    /// Tells what it draws.
    fn draws(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start | On::Timer(_) = on {
            let drawn = cx.choose(1_000_000);
            cx.broadcast(drawn);
            cx.set_timer(1, ms(1)..=ms(10));
        }
    }
    let base = world(3, ms(1), 200);
    let replays = with_lasting(base.clone(), 20, lies(How::Replay, None));
    let both = with_lasting(replays.clone(), 60, lies(How::Mute, Some(&[2])));
    let (calm, one, two) = (play(7, &base, draws), play(7, &replays, draws), play(7, &both, draws));
    for seat in ["s0: ->", "s2: ->"] {
        assert_eq!(calm.timed(seat), one.timed(seat));
        assert_eq!(calm.timed(seat), two.timed(seat));
    }
    // What is replayed is the same, but for whom the second lie keeps it from.
    let to_n0 = |story: &Story| story.timed("s0 <- s1");
    assert_eq!(to_n0(&one), to_n0(&two));
    assert!(to_n0(&one).len() > to_n0(&calm).len());
}
