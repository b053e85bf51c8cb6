//! Clients by themselves: when they ask, what they do when nobody answers, and what is promised
//! them.

mod common;

use std::cell::RefCell;
use std::rc::Rc;

use common::*;
use sim_core::chance::{Chance, Delay};
use sim_core::check::{Violation, builtin};
use sim_core::client::{Expected, OneReply, Scripted};
use sim_core::fault::FaultKind;
use sim_core::history::{Operation, Outcome};
use sim_core::id::{ClientId, RequestId};
use sim_core::world::{Endpoint, Pace, World};
use sim_core::{Context, Duration, NodeId, Setup, Simulation, Time};

/// Answers everything with one more.
fn answers(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if let On::Request(id, asked) = on {
        cx.reply(id, asked + 1);
    }
}

/// Sends everybody to the next node.
fn redirects(_: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if let On::Request(id, _) = on {
        let next = NodeId((cx.me().0 + 1) % 3);
        cx.redirect(id, Some(next));
    }
}

/// n0 redirects, and nobody else says anything.
fn only_one_redirects(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if let (NodeId(0), On::Request(id, _)) = (me.me, on) {
        cx.redirect(id, None);
    }
}

/// Nobody answers.
fn silent(_: &mut Puppet, _: &mut Context<Puppet>, _: On) {}

/// So many clients, who ask at this pace.
fn busy(mut world: World, count: u32, pace: Pace, act: Act) -> Staging {
    world.clients.count = count;
    world.clients.pace = pace;
    let mut setup = staging(1, &world, act);
    setup.workload = Some(Rc::new(|id, _| u64::from(id.number)));
    setup
}

fn scripted(world: &World, act: Act, script: Vec<Scripted<u64, u64>>) -> (Puppets, Story) {
    let mut setup = staging(1, world, act);
    setup.script = script;
    played(setup)
}

fn operations(run: &Puppets) -> Vec<Operation<u64, u64>> {
    run.history().operations().to_vec()
}

const CLOSED: Pace = Pace::Closed { think: Delay::Fixed(Duration::from_millis(10)) };

#[test]
fn in_an_open_loop_operations_arrive_at_the_rate_that_was_set_whatever_the_answers() {
    let pace = Pace::Open { every: ms(20) };
    let (run, _) = played(busy(world(1, us(10), 100_000), 4, pace, answers));
    // 4 clients · 100 s / 20 ms = 20,000 ± 141 (one sigma); five sigmas either way.
    let count = run.history().operations().len();
    assert!((19_293..20_707).contains(&count), "{count} operations");
    let arrivals: Vec<Time> = operations(&run).iter().map(|one| one.invoked.time).collect();
    let long = arrivals.windows(2).filter(|pair| pair[1].since(pair[0]) > ms(5)).count();
    // Of gaps of 5 ms on average e⁻¹ are longer: 7,358 ± 68 of 20,000 (one sigma).
    assert!((6_750..7_970).contains(&long), "{long} long gaps");
}

#[test]
fn in_a_closed_loop_the_next_operation_follows_the_last_answer() {
    let (run, _) = played(busy(world(1, ms(1), 1_000), 1, CLOSED, answers));
    let times: Vec<u64> =
        operations(&run).iter().map(|one| one.invoked.time.as_nanos() / 1_000_000).collect();
    // Ten milliseconds to think and two on the way.
    let expected: Vec<u64> = (0..83).map(|number| 10 + 12 * number).collect();
    assert_eq!(times, expected);
}

#[test]
fn clients_begin_and_stop_when_they_are_told() {
    let mut setup = busy(world(1, ms(1), 1_000), 3, CLOSED, answers);
    setup.world.clients.from = at(300);
    setup.world.clients.until = at(500);
    let (run, _) = played(setup);
    let operations = operations(&run);
    assert_eq!(operations.first().unwrap().invoked.time, at(310));
    assert!(operations.last().unwrap().invoked.time < at(500));
    assert_eq!(operations.len(), 3 * 16);
}

#[test]
fn what_comes_while_a_client_is_busy_waits_and_is_done_in_order() {
    let script = (0..4).map(|line| asks(10 + line, 1, 100 + line)).collect();
    let mut slow = world(2, ms(1), 1_000);
    slow.clients.timeout = ms(200);
    // The client sits beside n1, which is down: each operation takes until its timeout.
    let (run, _) = scripted(
        &with_lasting(
            slow,
            0,
            FaultKind::Crash { seats: vec![sim_core::Seat(0), sim_core::Seat(1)], mid_step: false },
        ),
        answers,
        script,
    );
    let seen: Vec<(u64, u64, u32)> = operations(&run)
        .iter()
        .map(|one| (one.asked, one.invoked.time.as_nanos() / 1_000_000, one.id.number))
        .collect();
    assert_eq!(seen, [(100, 10, 1), (101, 210, 2), (102, 410, 3), (103, 610, 4)]);
}

#[test]
fn an_operation_that_nobody_answers_ends_unknown_at_its_timeout() {
    let (run, story) = played(busy(world(3, ms(1), 2_000), 1, CLOSED, silent));
    let first = &operations(&run)[0];
    assert_eq!(first.outcome, Outcome::Unknown);
    assert_eq!(first.ended.unwrap().time, at(10) + ms(1_000));
    assert_eq!(story.when("c1#1 -> n0"), [10_000, 760_000], "it asks again, another node");
    assert_eq!(story.when("c1#1 -> n1"), [260_000]);
    assert_eq!(story.when("c1#1 -> n2"), [510_000]);
}

#[test]
fn every_attempt_carries_the_same_id() {
    let (_, story) = played(busy(world(3, ms(1), 1_000), 1, CLOSED, silent));
    let reached: Vec<String> =
        (0..3).flat_map(|seat| story.starting(&format!("s{seat} <= "))).collect();
    let expected = ["s0 <= c1#1 1", "s0 <= c1#1 1", "s1 <= c1#1 1", "s2 <= c1#1 1"];
    assert_eq!(reached, expected);
}

#[test]
fn an_answer_to_an_operation_that_is_over_is_ignored() {
    let late = Delay::Fixed(ms(600));
    let mut world = world(2, ms(1), 5_000);
    world.network.overrides.insert(
        (Endpoint::Seat(sim_core::Seat(0)), Endpoint::Client(ClientId(0))),
        sim_core::world::LinkSettings { latency: late, ..world.network.link },
    );
    let (run, story) = played(busy(world, 1, CLOSED, answers));
    // n0's answers come after those of n1, which is asked after a quarter of a second.
    assert_eq!(story.when("c1#1 ends 2"), [262_000]);
    assert_eq!(story.starting("c1#1 <- ").len(), 2);
    assert!(
        operations(&run)
            .iter()
            .all(|one| one.ended.is_none() || one.outcome == Outcome::Ok(one.asked + 1))
    );
}

#[test]
fn an_operation_was_refused_only_if_every_attempt_was_redirected() {
    let outcome = |act| {
        operations(&played(busy(world(3, ms(1), 1_100), 1, CLOSED, act)).0)[0].outcome.clone()
    };
    assert_eq!(outcome(redirects), Outcome::Refused, "round and round");
    assert_eq!(outcome(only_one_redirects), Outcome::Unknown, "the others may have done it");
    let mut asked_once = busy(world(3, ms(1), 1_100), 1, CLOSED, silent);
    asked_once.world.clients.timeout = ms(100);
    assert_eq!(operations(&played(asked_once).0)[0].outcome, Outcome::Unknown, "and so may one");
    let run = played(busy(world(3, ms(1), 1_100), 1, CLOSED, redirects)).0;
    assert!(run.counters().events < 2_000, "who is sent in a circle pauses: {:?}", run.counters());
}

#[test]
fn a_client_follows_a_redirection_and_stays_with_who_answered() {
    fn n2_leads(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
        if let On::Request(id, asked) = on {
            if me.me == NodeId(2) { cx.reply(id, asked) } else { cx.redirect(id, Some(NodeId(2))) }
        }
    }
    let (_, story) = played(busy(world(3, ms(1), 100), 1, CLOSED, n2_leads));
    assert_eq!(story.starting("c1#1 -> "), ["c1#1 -> n0", "c1#1 -> n2"]);
    assert_eq!(story.when("c1#1 ends 1"), [14_000]);
    assert_eq!(story.starting("c1#2 -> "), ["c1#2 -> n2"]);
}

fn violated(run: &Puppets) -> Option<&'static str> {
    run.violation().map(|violation| violation.property)
}

#[test]
fn a_script_is_met_or_violated_as_its_line_says() {
    let line = |expect: Expected<u64>| vec![Scripted { expect: Some(expect), ..asks(10, 0, 7) }];
    type Case = (Act, Expected<u64>, Option<&'static str>);
    let cases: [Case; 10] = [
        (answers, Expected::Ok, None),
        (answers, Expected::Value(8), None),
        (answers, Expected::Value(7), Some(builtin::SCRIPT)),
        (answers, Expected::NotOk, Some(builtin::SCRIPT)),
        (answers, Expected::Refused, Some(builtin::SCRIPT)),
        (redirects, Expected::Refused, None),
        (redirects, Expected::NotOk, None),
        (silent, Expected::NotOk, None),
        (silent, Expected::Refused, Some(builtin::SCRIPT)),
        (silent, Expected::Ok, Some(builtin::SCRIPT)),
    ];
    for (number, (act, expect, violation)) in cases.into_iter().enumerate() {
        let (run, _) = scripted(&world(3, ms(1), 2_000), act, line(expect));
        assert_eq!(violated(&run), violation, "case {number}: {:?}", run.violation());
    }
    let (run, _) = scripted(&world(3, ms(1), 2_000), silent, line(Expected::Ok));
    let Violation { message, .. } = run.violation().unwrap();
    assert_eq!(message, "c1#1 7 was to end ok, and ended unknown");
}

#[test]
fn a_line_of_the_script_that_is_not_over_at_the_end_has_not_ended_as_it_was_to() {
    let run = |at, expect, act| {
        let line = Scripted { expect: Some(expect), ..asks(at, 0, 7) };
        scripted(&world(3, ms(1), 500), act, vec![asks(5, 0, 1), line]).0
    };
    let under_way = run(10, Expected::Ok, silent);
    assert_eq!(violated(&under_way), Some(builtin::SCRIPT));
    assert_eq!(under_way.violation().unwrap().message, "7 was to end ok, and did not end");
    assert_eq!(violated(&run(600, Expected::Value(1), answers)), Some(builtin::SCRIPT), "too late");
    assert_eq!(violated(&run(10, Expected::NotOk, silent)), None, "it was never acknowledged");
    assert_eq!(violated(&run(10, Expected::Ok, answers)), None);
}

#[test]
fn a_client_beside_a_node_reaches_it_at_once_and_shares_its_cuts() {
    let alone = FaultKind::Partition { groups: vec![seats(&[0]), seats(&[1, 2])] };
    let apart = with_lasting(world(3, ms(5), 2_000), 0, alone);
    let script = || vec![asks(10, 0, 1), asks(10, 1, 2)];
    let (_, story) = scripted(&apart, answers, script());
    assert_eq!(story.when("c1#1 ends 2"), [10_000], "no network between them");
    // Where n0 answers nobody, its client asks the others, and is cut off as n0 is.
    let (run, story) = scripted(
        &apart,
        |me, cx, on| {
            if me.me != NodeId(0) {
                answers(me, cx, on)
            }
        },
        script(),
    );
    assert_eq!(operations(&run)[0].outcome, Outcome::Unknown);
    assert!(story.starting("s1 <= c1#1").is_empty() && story.starting("s2 <= c1#1").is_empty());
    assert_eq!(story.when("c2#1 ends 3"), [10_000]);
    let (_, together) = scripted(
        &world(3, ms(5), 2_000),
        |me, cx, on| {
            if me.me != NodeId(0) {
                answers(me, cx, on)
            }
        },
        script(),
    );
    assert_eq!(together.when("c1#1 ends 2"), [270_000], "without the cut it is answered by n1");
}

#[test]
fn the_same_client_speaks_for_all_lines_beside_one_node() {
    let (run, _) =
        scripted(&world(3, ms(1), 100), answers, vec![asks(1, 2, 1), asks(2, 0, 2), asks(3, 2, 3)]);
    let ids: Vec<String> = operations(&run).iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["c2#1", "c1#1", "c2#2"]);
}

/// All nodes are down from 100 to 500 ms, and for ever from then on if `for_ever`.
fn outage(for_ever: bool, within: u64) -> Puppets {
    let down = FaultKind::Crash { seats: (0..3).map(sim_core::Seat).collect(), mid_step: false };
    let mut world = world(3, ms(1), 4_000);
    world =
        if for_ever { with_lasting(world, 100, down) } else { with_fault(world, 100, 500, down) };
    let mut setup = busy(world, 2, CLOSED, answers);
    setup.reply_within = Some(ms(within));
    played(setup).0
}

#[test]
fn every_request_is_answered_from_a_while_after_the_last_fault_on() {
    let kept = outage(false, 1_000);
    assert_eq!(kept.violation(), None, "what is not answered in the outage is forgiven");
    assert_eq!(kept.judged_goals().collect::<Vec<_>>(), [builtin::REPLY]);
    let broken = outage(true, 1_000);
    let violation = broken.violation().unwrap();
    assert_eq!(violation.property, builtin::REPLY);
    assert!(violation.time > at(1_100) && violation.time < at(2_200), "{violation:?}");
    assert!(violation.message.ends_with("was not answered: it ended unknown"), "{violation:?}");
}

#[test]
fn what_is_never_answered_and_never_given_up_is_seen_at_the_end() {
    let mut setup = busy(world(3, ms(1), 4_000), 1, CLOSED, silent);
    setup.world.clients.timeout = Duration::from_secs(100);
    setup.reply_within = Some(ms(1_000));
    let (run, _) = played(setup);
    let violation = run.violation().unwrap();
    assert_eq!((violation.property, violation.time), (builtin::REPLY, at(4_000)));
    assert_eq!(violation.message, "c1#1 was not answered: it has waited 3990ms at the end");
}

#[test]
fn an_answer_that_comes_too_late_is_no_answer() {
    let late = |within| {
        let mut setup = busy(world(3, ms(700), 8_000), 1, CLOSED, answers);
        setup.world.clients.timeout = Duration::from_secs(100);
        setup.world.clients.retry = Duration::from_secs(100);
        setup.reply_within = Some(ms(within));
        played(setup).0.violation().cloned()
    };
    assert_eq!(late(1_500), None, "there and back takes 1,400 ms");
    let violation = late(1_300).unwrap();
    assert_eq!(violation.property, builtin::REPLY);
    assert!(violation.message.contains("was answered only after 1400ms"), "{violation:?}");
}

#[test]
fn the_reply_is_not_judged_where_the_run_ends_too_early() {
    let run = outage(true, 5_000);
    assert_eq!(run.violation(), None);
    assert_eq!(run.judged_goals().count(), 0, "and it does not count as kept");
}

#[test]
fn what_a_script_expects_to_fail_is_no_broken_promise() {
    let mut setup = staging(1, &world(3, ms(1), 4_000), silent);
    setup.script = vec![Scripted { expect: Some(Expected::NotOk), ..asks(1_500, 0, 7) }];
    setup.reply_within = Some(ms(1_000));
    assert_eq!(played(setup).0.violation(), None);
}

/// n0 remembers a 1 from one millisecond on, until another.
fn remembers(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    match on {
        On::Start => (1..=9).for_each(|alarm| cx.set_timer(alarm, ms(100 * u64::from(alarm)))),
        On::Timer(6) => me.memory.push(1),
        On::Timer(9) => me.memory.clear(),
        _ => {}
    }
}

fn goal(within: u64, lasting: bool, until: u64) -> (Option<Violation>, usize) {
    let mut world = world(1, ms(1), until);
    world = with_lasting(world, 200, FaultKind::Heal);
    let mut setup = staging(1, &world, remembers);
    let goal = Remembered { what: 1, since: None, lasting };
    setup.goals.push(("remembered", ms(within), Box::new(goal)));
    let run = played(setup).0;
    (run.violation().cloned(), run.judged_goals().count())
}

#[test]
fn a_goal_is_reached_within_its_time_after_the_last_fault_or_missed() {
    assert_eq!(goal(500, false, 2_000), (None, 1), "reached at 600 ms, due at 700 ms");
    let (missed, judged) = goal(350, false, 2_000);
    let missed = missed.unwrap();
    assert_eq!((missed.property, missed.time, judged), ("remembered", at(600), 1), "due at 550 ms");
    assert_eq!(missed.message, "not within 350ms of the last fault: nobody remembers 1");
    assert_eq!(goal(500, false, 550), (None, 0), "the run ended before: not judged");
    assert_eq!(goal(500, false, 650), (None, 1), "reached, if not yet due");
}

#[test]
fn a_goal_that_must_last_is_judged_at_the_end() {
    assert_eq!(goal(500, true, 850), (None, 1), "it lasts from 600 ms on");
    let (lost, _) = goal(500, true, 2_000);
    assert_eq!(lost.unwrap().property, "remembered", "it was lost at 900 ms");
    let (late, _) = goal(350, true, 850);
    assert_eq!(late.unwrap().time, at(850), "reached at 600 ms and due at 550 ms");
}

#[test]
fn a_goal_is_told_who_crashed() {
    let lost = |crashes_at| {
        let world = with_lasting(world(1, ms(1), 850), crashes_at, crash(0));
        let mut setup = staging(1, &world, remembers);
        let goal = Remembered { what: 1, since: None, lasting: true };
        setup.goals.push(("remembered", ms(100), Box::new(goal)));
        played(setup).0.violation().map(|violation| violation.property)
    };
    assert_eq!(lost(700), Some("remembered"), "at 600 ms, and gone with the process");
    assert_eq!(goal(500, true, 850).0, None, "where nobody crashes it lasts");
}

#[test]
fn what_passes_between_clients_and_nodes_is_never_doubled() {
    // Else a redirection would settle one copy of a request while the other takes effect.
    let mut setup = busy(world(3, ms(1), 1_000), 3, CLOSED, answers);
    setup.world.network.link.duplicate = Chance::ALWAYS;
    let (run, story) = played(setup);
    let asked = run.history().operations().len();
    let handled: usize = (0..3).map(|seat| story.starting(&format!("s{seat} <= ")).len()).sum();
    assert!(asked > 100 && handled <= asked, "{handled} of {asked}");
    assert_eq!(run.counters().duplicated, 0);
}

#[test]
fn a_workload_is_drawn_for_each_client_and_operation() {
    let drawn = Rc::new(RefCell::new(Vec::new()));
    let notes = Rc::clone(&drawn);
    let mut setup: Setup<Puppet, OneReply<Puppet>> = busy(world(1, ms(1), 300), 2, CLOSED, answers);
    setup.workload = Some(Rc::new(move |id: RequestId, draw| {
        let task = draw.below(1 << 30);
        notes.borrow_mut().push((id.to_string(), task));
        task
    }));
    let mut run = Simulation::new(setup);
    run.run();
    let drawn = drawn.borrow();
    let different: std::collections::BTreeSet<u64> = drawn.iter().map(|drawn| drawn.1).collect();
    assert!(drawn.len() > 40 && different.len() == drawn.len());
    assert_eq!(drawn.iter().filter(|drawn| drawn.0 == "c2#3").count(), 1);
    let asked: Vec<u64> = operations(&run).iter().map(|one| one.asked).collect();
    assert_eq!(asked, drawn.iter().map(|drawn| drawn.1).collect::<Vec<_>>());
}

#[test]
fn a_lossy_network_loses_requests_and_answers_too_and_retries_make_up_for_it() {
    let mut lossy = world(3, ms(1), 10_000);
    lossy.network.link.loss = Chance::from_percent(20);
    let (run, _) = played(busy(lossy, 3, CLOSED, answers));
    let operations = operations(&run);
    let unknown = operations
        .iter()
        .filter(|one| one.ended.is_some() && one.outcome == Outcome::Unknown)
        .count();
    // An attempt fails with 1 − 0.8² = 36 %, four in a row with 1.7 %.
    assert!(operations.len() > 150, "{}", operations.len());
    assert!(unknown * 100 <= operations.len() * 5, "{unknown} of {}", operations.len());
    assert!(
        operations
            .iter()
            .any(|one| one.ended.is_some_and(|end| end.time.since(one.invoked.time) > ms(250)))
    );
}
