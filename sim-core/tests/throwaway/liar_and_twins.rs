//! A liar with a memory, which says different things to different nodes and holds messages back;
//! and twins, two honest processes under one name (Bano et al. 2021), which together do the same.

use sim_core::adversary::Adversary;
use sim_core::context::{Destination, Effect};
use sim_core::{Context, NodeId, Seat, Simulation};

use crate::common::*;

/// Each node tells the others what it drew, once, and beats every ten milliseconds (with a zero).
fn votes(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => {
            let vote = 1 + cx.choose(1_000);
            cx.broadcast(vote);
            cx.set_timer(1, ms(10));
        }
        On::Timer(_) => {
            cx.broadcast(0);
            cx.set_timer(1, ms(10));
        }
        On::Message(from, vote) if vote > 0 => me.memory.extend([u64::from(from.0), vote]),
        _ => {}
    }
}

/// Tells each node another vote, and the last one only at its second beat.
#[derive(Default)]
struct Equivocator {
    held: Option<Effect<Puppet>>,
    beats: u32,
}

impl Adversary<Puppet> for Equivocator {
    fn rewrite(&mut self, cx: &mut Context<Puppet>) {
        let mut rewritten = Vec::new();
        for effect in cx.take_effects() {
            match effect {
                Effect::Send { to: Destination::Others, message: 1.. } => {
                    for peer in cx.peers() {
                        let lie = 10_000 + u64::from(peer.0);
                        rewritten.push(Effect::Send { to: Destination::One(peer), message: lie });
                    }
                    self.held = rewritten.pop();
                }
                Effect::Send { message: 0, .. } => {
                    self.beats += 1;
                    let held = if self.beats == 2 { self.held.take() } else { None };
                    rewritten.extend([Some(effect), held].into_iter().flatten());
                }
                honest => rewritten.push(honest),
            }
        }
        *cx.effects_mut() = rewritten;
    }
}

#[test]
fn a_liar_tells_everybody_something_else_and_the_last_one_late() {
    let mut run: Puppets = Simulation::new(staging(1, &world(4, ms(1), 100), votes));
    let story = Story::default();
    run.follow(Box::new(story.clone()));
    run.corrupt(Seat(1), Box::new(Equivocator::default()));
    run.run();
    assert_eq!(story.when("s0 <- s1 10000"), [1_000]);
    assert_eq!(story.when("s2 <- s1 10002"), [1_000]);
    assert_eq!(story.when("s3 <- s1 10003"), [21_000], "held back until the second beat");
    let honest = play(1, &world(4, ms(1), 100), votes);
    for seat in [0, 2, 3] {
        let says = format!("s{seat}: -> *");
        assert_eq!(story.starting(&says), honest.starting(&says), "the honest draw as before");
    }
}

#[test]
fn the_next_run_of_a_simulation_is_honest_again() {
    let mut run: Puppets = Simulation::new(staging(1, &world(4, ms(1), 100), votes));
    run.corrupt(Seat(1), Box::new(Equivocator::default()));
    run.run();
    let lied = run.fingerprint();
    run.restart(staging(1, &world(4, ms(1), 100), votes));
    run.run();
    assert_ne!(run.fingerprint(), lied);
    assert_eq!(run.fingerprint(), played(staging(1, &world(4, ms(1), 100), votes)).0.fingerprint());
}

#[test]
fn twins_are_two_processes_of_one_name_that_both_hear_and_both_speak() {
    let mut world = world(3, ms(1), 15);
    world.twins = vec![NodeId(1)];
    let (run, story) = played(staging(1, &world, votes));
    let (one, other) = (run.process(Seat(1)).unwrap(), run.process(Seat(3)).unwrap());
    assert_eq!((one.me, other.me), (NodeId(1), NodeId(1)));
    assert_eq!(one.memory, other.memory, "both hear what is sent to n1");
    assert_eq!(one.memory.len(), 4, "from n0 and n2, and not from each other: {one:?}");
    let heard = &run.process(Seat(0)).unwrap().memory;
    let of_n1: Vec<_> = heard.chunks(2).filter(|pair| pair[0] == 1).map(|pair| pair[1]).collect();
    assert_eq!(of_n1.len(), 2, "two votes under one name: {heard:?}");
    assert_ne!(of_n1[0], of_n1[1], "each seat has its own draws");
    assert_eq!(story.starting("s0 <- s3").len(), 2, "a vote and a beat");
}

#[test]
fn a_partition_may_run_between_twins() {
    let apart =
        sim_core::fault::FaultKind::Partition { groups: vec![seats(&[0, 1]), seats(&[2, 3])] };
    let mut world = with_lasting(world(3, ms(1), 15), 0, apart);
    world.twins = vec![NodeId(1)];
    let story = play(1, &world, votes);
    assert_eq!(story.starting("s0 <- s1").len(), 2);
    assert_eq!(story.starting("s0 <- s3").len(), 0);
    assert_eq!(story.starting("s2 <- s3").len(), 2);
    assert_eq!(story.starting("s2 <- s1").len(), 0);
}
