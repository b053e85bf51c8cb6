//! The network by itself: a fault in, arrivals out.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

mod common;

use std::collections::BTreeSet;

use common::*;
use sim_core::chance::{Chance, Delay};
use sim_core::fault::FaultKind;
use sim_core::id::ClientId;
use sim_core::world::{Endpoint, LinkSettings, World};
use sim_core::{Context, Duration, NodeId, Seat};

/// Everybody tells everybody its own number of the minute, every millisecond.
fn beats(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if matches!(on, On::Timer(_)) {
        me.memory.push(0);
        cx.broadcast(me.memory.len() as u64);
    }
    if let On::Start | On::Timer(_) = on {
        cx.set_timer(1, ms(1));
    }
}

/// n0 sends ten thousand messages to n1, one a microsecond.
fn streams(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start | On::Timer(_) if cx.me() == NodeId(0) && me.memory.len() < 10_000 => {
            me.memory.push(0);
            cx.send(NodeId(1), me.memory.len() as u64);
            cx.set_timer(1, us(1));
        }
        On::Message(_, number) => me.memory.push(number),
        _ => {}
    }
}

/// What n1 heard of ten thousand messages, in order.
fn stream(link: LinkSettings) -> (Vec<u64>, sim_core::counters::Counters) {
    let world = with_link(world(2, Duration::ZERO, 1_000), link);
    let (run, _) = played(staging(1, &world, streams));
    (run.process(Seat(1)).unwrap().memory.clone(), run.counters().clone())
}

/// How long each of the messages of that stream took, in nanoseconds.
fn latencies(latency: Delay) -> Vec<u64> {
    let world = with_link(
        world(2, Duration::ZERO, 1_000),
        LinkSettings { latency, ..LinkSettings::default() },
    );
    let story = play(1, &world, streams);
    let arrived = story.timed("s1 <- s0 ");
    let number = |line: &str| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap();
    arrived.iter().map(|(time, line)| time - (number(line) - 1) * 1_000).collect()
}

/// Which links of a world carry anything that is sent within some milliseconds.
fn links(world: &World, from: u64, to: u64) -> BTreeSet<(u32, u32)> {
    let story = play(1, world, beats);
    let mut seen = BTreeSet::new();
    for (time, line) in story.lines() {
        if time <= at(from) || time > at(to) {
            continue;
        }
        if let Some((receiver, rest)) = line.split_once(" <- s") {
            let sender = rest.split(' ').next().unwrap();
            seen.insert((sender.parse().unwrap(), receiver[1..].parse().unwrap()));
        }
    }
    seen
}

fn all_but(nodes: u32, not: &[(u32, u32)]) -> BTreeSet<(u32, u32)> {
    let all = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
    all.filter(|link| link.0 != link.1 && !not.contains(link)).collect()
}

#[test]
fn a_latency_lies_within_the_bounds_of_its_model() {
    let lasting = |latency| {
        let mut all = latencies(latency);
        assert_eq!(all.len(), 10_000);
        all.sort_unstable();
        all
    };
    let (shortest, longest) = (us(500).as_nanos(), ms(3).as_nanos());
    assert!(lasting(ms(3).into()).iter().all(|&nanos| nanos == longest), "fixed");
    let uniform = lasting(Delay::Uniform { from: us(500), to: ms(3) });
    assert!(uniform[0] >= shortest && uniform[9_999] <= longest);
    // The ends are 2.5 ms apart: the least and the greatest of 10,000 lie within a 250th of them.
    assert!(uniform[0] < shortest + 10_000 && uniform[9_999] > longest - 10_000);
    let exponential = lasting(Delay::Exponential { mean: us(500), max: ms(3) });
    assert_eq!(exponential[9_999], longest, "cut down to the cap");
    let mean = exponential.iter().sum::<u64>() / 10_000;
    // Capped at six means: 500 µs·(1 − e⁻⁶) = 498.8 µs ± 5 µs (one sigma); five either way.
    assert!((473_800..523_800).contains(&mean), "a mean of {mean} ns");
    let log_normal = lasting(Delay::LogNormal { median: us(500), p99: ms(2), max: ms(3) });
    // The median of 10,000: 500 µs ± 3.7 µs (σ = ln 4 / 2.326; 1.253·σ/100 of it); five either way.
    assert!((481_000..519_000).contains(&log_normal[5_000]), "{} ns", log_normal[5_000]);
    assert!(log_normal[9_999] <= longest);
}

#[test]
fn the_share_of_messages_lost_is_what_the_link_says() {
    let (heard, counted) =
        stream(LinkSettings { loss: Chance::from_percent(20), ..LinkSettings::default() });
    // 8,000 ± 40 (one sigma); five sigmas either way.
    assert!((7_800..8_200).contains(&heard.len()), "{} of 10,000", heard.len());
    assert_eq!(counted.lost as usize + heard.len(), 10_000);
    assert!(heard.is_sorted());
}

#[test]
fn the_share_of_messages_that_come_twice_is_what_the_link_says() {
    let link = LinkSettings { duplicate: Chance::from_percent(20), ..LinkSettings::default() };
    let (heard, counted) = stream(link);
    let different: BTreeSet<u64> = heard.iter().copied().collect();
    assert_eq!(different.len(), 10_000, "nothing is lost");
    let twice = heard.len() - 10_000;
    assert!((1_800..2_200).contains(&twice), "{twice} of 10,000 came twice");
    assert_eq!(counted.duplicated as usize, twice);
}

#[test]
fn a_reordered_message_takes_ten_times_as_long_and_others_overtake_it() {
    let some = Chance::from_percent(10);
    let (heard, _) =
        stream(LinkSettings { latency: ms(1).into(), reorder: some, ..LinkSettings::default() });
    assert_eq!(heard.len(), 10_000);
    assert!(!heard.is_sorted());
    let calm: Vec<u64> =
        stream(LinkSettings { latency: ms(1).into(), ..LinkSettings::default() }).0;
    assert!(calm.is_sorted(), "else they come in order");
    // Who is overtaken by ten messages or more took longer: about 1,000 ± 30 (one sigma).
    let ahead = heard.iter().enumerate().filter(|(place, number)| **number < *place as u64).count();
    assert!((850..1_150).contains(&ahead), "{ahead} of 10,000 were overtaken");
}

#[test]
fn a_partition_separates_its_groups_and_who_is_in_none_reaches_everybody() {
    let groups = vec![seats(&[0, 1]), seats(&[2]), seats(&[3])];
    let world = with_fault(world(5, us(100), 60), 20, 40, FaultKind::Partition { groups });
    let separated = [(0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
    let both_ways: Vec<_> = separated.into_iter().flat_map(|(a, b)| [(a, b), (b, a)]).collect();
    assert_eq!(links(&world, 0, 19), all_but(5, &[]));
    assert_eq!(links(&world, 20, 40), all_but(5, &both_ways), "n4 is in no group");
    assert_eq!(links(&world, 41, 60), all_but(5, &[]));
}

#[test]
fn two_partitions_at_once_separate_what_either_does() {
    let first = FaultKind::Partition { groups: vec![seats(&[0]), seats(&[1, 2])] };
    let second = FaultKind::Partition { groups: vec![seats(&[0, 1]), seats(&[2])] };
    let world = with_fault(world(3, us(100), 60), 10, 30, first);
    let world = with_fault(world, 20, 40, second);
    let n0_alone = [(0, 1), (1, 0), (0, 2), (2, 0)];
    let n2_alone = [(0, 2), (2, 0), (1, 2), (2, 1)];
    assert_eq!(links(&world, 10, 19), all_but(3, &n0_alone));
    assert_eq!(links(&world, 20, 29), all_but(3, &[n0_alone, n2_alone].concat()));
    assert_eq!(links(&world, 31, 39), all_but(3, &n2_alone), "the end of the one leaves the other");
}

#[test]
fn a_cut_is_one_way() {
    let cut = FaultKind::Cut { from: seats(&[0]), to: seats(&[1, 2]) };
    let world = with_fault(world(3, us(100), 60), 20, 40, cut);
    assert_eq!(links(&world, 20, 40), all_but(3, &[(0, 1), (0, 2)]));
}

#[test]
fn what_is_in_flight_when_a_cut_begins_is_lost_too() {
    let cut = FaultKind::Cut { from: seats(&[0]), to: seats(&[1]) };
    let world = with_fault(world(2, ms(5), 60), 20, 40, cut);
    let (run, story) = played(staging(1, &world, beats));
    let arrivals = |from, to| {
        let beats = story.timed("s1 <- s0");
        beats
            .into_iter()
            .filter(|beat| (at(from)..=at(to)).contains(&sim_core::Time::from_nanos(beat.0)))
            .count()
    };
    assert_eq!(arrivals(0, 19), 14, "sent from 1 ms to 14 ms");
    assert_eq!(arrivals(20, 44), 0, "neither what was in flight nor what was sent");
    assert_eq!(arrivals(45, 60), 16, "sent from 40 ms on");
    assert_eq!(story.starting("undelivered s0 -> s1 Cut").len(), 5);
    assert_eq!(run.counters().cut, 5 + 20, "in flight, and sent");
}

#[test]
fn a_clog_holds_messages_and_releases_them_in_order() {
    let clog = FaultKind::Clog { from: seats(&[0]), to: seats(&[1]) };
    let world = with_fault(world(2, us(100), 60), 20, 40, clog);
    let (run, story) = played(staging(1, &world, beats));
    let heard = story.timed("s1 <- s0");
    let numbers: Vec<String> = heard.iter().map(|beat| beat.1.clone()).collect();
    let expected: Vec<String> = (1..=59).map(|beat| format!("s1 <- s0 {beat}")).collect();
    assert_eq!(numbers, expected, "none is lost, and none overtakes another");
    let at_the_end = heard.iter().filter(|beat| beat.0 == at(40).as_nanos()).count();
    assert_eq!(at_the_end, 20);
    assert_eq!(run.counters().held, 20);
    assert_eq!(story.starting("s0 <- s1").len(), 59, "the way back is free");
}

#[test]
fn of_two_clogs_the_last_one_lets_go() {
    let clog = || FaultKind::Clog { from: seats(&[0]), to: seats(&[1]) };
    let world = with_fault(with_fault(world(2, us(100), 60), 20, 30, clog()), 25, 40, clog());
    let story = play(1, &world, beats);
    let at_the_end =
        story.timed("s1 <- s0").iter().filter(|beat| beat.0 == at(40).as_nanos()).count();
    assert_eq!(at_the_end, 20);
}

#[test]
fn one_link_may_differ_from_all_others() {
    let mut world = world(3, ms(1), 50);
    let ends = (Endpoint::Seat(Seat(0)), Endpoint::Seat(Seat(1)));
    let slow = LinkSettings { latency: ms(20).into(), ..LinkSettings::default() };
    world.network.overrides.insert(ends, slow);
    let story = play(1, &world, beats);
    let first = |line| story.when(line)[0];
    assert_eq!(first("s1 <- s0 1"), 21_000);
    assert_eq!([first("s0 <- s1 1"), first("s2 <- s0 1"), first("s1 <- s2 1")], [2_000; 3]);
}

#[test]
fn latencies_between_regions_come_from_their_matrix() {
    let mut world = world(4, ms(1), 100);
    world.network.regions.of = vec![Some(0), Some(0), Some(1)];
    world.network.regions.latency =
        [((0, 0), ms(2).into()), ((0, 1), ms(30).into()), ((1, 0), ms(40).into())].into();
    let story = play(1, &world, beats);
    let first = |line| story.when(line)[0];
    assert_eq!(first("s1 <- s0 1"), 3_000, "within a region");
    assert_eq!(first("s2 <- s0 1"), 31_000, "there");
    assert_eq!(first("s0 <- s2 1"), 41_000, "and back");
    assert_eq!(first("s3 <- s0 1"), 2_000, "who is in no region is as far as the default");
}

#[test]
fn a_link_fault_changes_how_messages_travel_and_ends() {
    let lossy = LinkSettings { loss: Chance::ALWAYS, ..LinkSettings::default() };
    let slow = LinkSettings { latency: us(700).into(), ..LinkSettings::default() };
    let from_to = |link| FaultKind::Link { from: seats(&[0]), to: seats(&[1]), link };
    let world = with_fault(world(2, us(100), 60), 10, 40, from_to(slow));
    let world = with_fault(world, 20, 30, from_to(lossy));
    let story = play(1, &world, beats);
    let sent_at = |millis: u64| story.when(&format!("s1 <- s0 {millis}"));
    assert_eq!(sent_at(5), [5_100]);
    assert_eq!(sent_at(15), [15_700]);
    assert_eq!(sent_at(25), [], "of two the later one counts");
    assert_eq!(sent_at(35), [35_700]);
    assert_eq!(sent_at(45), [45_100]);
    assert_eq!(story.when("s0 <- s1 25"), [25_100]);
}

#[test]
fn healing_ends_whatever_ails_the_network() {
    let ills = [
        FaultKind::Partition { groups: vec![seats(&[0]), seats(&[1, 2])] },
        FaultKind::Cut { from: seats(&[0]), to: seats(&[2]) },
        FaultKind::Clog { from: seats(&[1]), to: seats(&[2]) },
        FaultKind::Link {
            from: seats(&[2]),
            to: seats(&[1]),
            link: LinkSettings { loss: Chance::ALWAYS, ..LinkSettings::default() },
        },
    ];
    let ill =
        ills.into_iter().fold(world(3, us(100), 60), |world, ill| with_lasting(world, 10, ill));
    assert_eq!(links(&ill, 10, 60), BTreeSet::new());
    let healed = with_lasting(ill, 30, FaultKind::Heal);
    assert_eq!(links(&healed, 11, 29), BTreeSet::new());
    assert_eq!(links(&healed, 30, 60), all_but(3, &[]));
    let story = play(1, &healed, beats);
    assert!(story.has("s2 <- s1 15"), "what was clogged arrives");
}

#[test]
fn a_partition_may_name_clients() {
    fn answers(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Request(id, asked) = on {
            cx.reply(id, asked);
        }
    }
    let alone = vec![vec![Endpoint::Client(ClientId(0))], seats(&[0])];
    let world =
        with_fault(world(1, us(100), 2_000), 0, 500, FaultKind::Partition { groups: alone });
    let mut setup = staging(1, &world, answers);
    setup.world.clients.count = 2;
    setup.world.clients.until = at(1);
    setup.workload = Some(std::rc::Rc::new(|id, _| u64::from(id.number)));
    let (run, _) = played(setup);
    let first =
        |client| run.history().operations().iter().find(|one| one.id.client == ClientId(client));
    let ended = |client| first(client).and_then(|one| one.ended).unwrap().time;
    assert_eq!(ended(1), sim_core::Time::ZERO + us(200));
    assert!(ended(0) > at(500) && ended(0) < at(760), "it asked again when it could");
}

#[test]
fn a_node_reaches_itself_over_the_network() {
    fn monologue(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Start = on {
            cx.send(cx.me(), 1);
        }
    }
    let story = play(1, &world(2, ms(3), 60), monologue);
    assert_eq!(story.when("s0 <- s0 1"), [3_000]);
}
