//! Rules 9 and 10: who may alter what, and what the engine does not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use sim_core::adversary::Adversary;
use sim_core::chance::{Chance, Delay};
use sim_core::client::NoClient;
use sim_core::context::Effect;
use sim_core::protocol::{Cluster, Never};
use sim_core::signed::Signed;
use sim_core::world::{LinkSettings, World};
use sim_core::{Context, Duration, NodeId, Protocol, Seat, Setup, Simulation};

use crate::common::{Story, ms, seats, with_fault, world};

/// Everybody tells everybody what it signed, and hands on what it heard from n1.
#[derive(Debug)]
struct Herald {
    told: u64,
    heard: Vec<(NodeId, Signed<u64>)>,
}

impl Protocol for Herald {
    type Config = ();
    type Message = Signed<u64>;
    type Timer = ();
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<()>) -> Self {
        Self { told: 0, heard: Vec::new() }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        cx.set_timer((), ms(1));
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, (): ()) {
        self.told += 1;
        cx.broadcast(cx.sign(u64::from(cx.me().0) * 1_000 + self.told));
        cx.set_timer((), ms(1));
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: Signed<u64>) {
        self.heard.push((from, message));
        if from == NodeId(1) && message.by() == NodeId(1) {
            cx.broadcast(message);
        }
    }
}

fn heralds(world: &World, liar: bool) -> (Simulation<Herald>, Story) {
    let cluster = Cluster::new(vec![(); 4]);
    let mut simulation = Simulation::<_, NoClient>::new(Setup::new(1, world.clone(), cluster));
    let story = Story::default();
    simulation.follow(Box::new(story.clone()));
    if liar {
        simulation.corrupt(Seat(1), Box::new(Forger));
    }
    simulation.run();
    assert_eq!(simulation.violation(), None);
    (simulation, story)
}

fn wild() -> World {
    let mut world = world(4, Duration::ZERO, 200);
    world.network.link = LinkSettings {
        latency: Delay::Uniform { from: ms(1), to: ms(20) },
        loss: Chance::from_percent(10),
        duplicate: Chance::from_percent(20),
        reorder: Chance::from_percent(20),
    };
    let clog = sim_core::fault::FaultKind::Clog { from: seats(&[1]), to: seats(&[0, 2]) };
    with_fault(world, 50, 100, clog)
}

#[test]
fn rule_9_the_network_alters_nothing() {
    let (run, story) = heralds(&wild(), false);
    let sent: BTreeSet<String> = (0..4)
        .flat_map(|seat| story.starting(&format!("s{seat}: -> * ")))
        .map(|line| line.replace(": -> * ", " says "))
        .collect();
    let mut heard = 0;
    for seat in 0..4 {
        for (from, message) in &run.process(Seat(seat)).unwrap().heard {
            assert!(sent.contains(&format!("s{} says {message:?}", from.0)), "{from} {message:?}");
            heard += 1;
        }
    }
    let counted = run.counters();
    assert_eq!(heard, counted.delivered);
    assert!(counted.duplicated > 100 && counted.lost > 100 && counted.held > 10, "{counted:?}");
}

/// Says something else than its seat would, and tries to say it as n3.
struct Forger;

impl Adversary<Herald> for Forger {
    fn rewrite(&mut self, cx: &mut Context<Herald>) {
        let lie = cx.sign(3_666);
        for effect in cx.effects_mut() {
            if let Effect::Send { message, .. } = effect {
                *message = lie;
            }
        }
    }
}

#[test]
fn rule_9_only_a_liar_alters_a_message_and_only_one_that_its_own_seat_sends() {
    let (run, _) = heralds(&world(4, ms(1), 50), true);
    let heard = &run.process(Seat(0)).unwrap().heard;
    let (lies, truths): (Vec<_>, Vec<_>) =
        heard.iter().partition(|(_, message)| **message == 3_666);
    assert!(lies.len() > 40 && truths.len() > 40);
    let from_the_liar = |(from, message): &&(NodeId, Signed<u64>)| {
        // n2 and n3 hand on what the liar said: as it is, and under the liar's name.
        *from == NodeId(1) || message.by() == NodeId(1)
    };
    assert!(lies.iter().all(from_the_liar));
    let honest = |(from, message): &(NodeId, Signed<u64>)| {
        message.by() == *from && **message / 1_000 == u64::from(from.0)
    };
    assert!(truths.into_iter().all(honest), "the others say what they signed");
}

#[test]
fn rule_9_a_signature_is_that_of_the_node_that_the_context_is_lent_to() {
    let (run, _) = heralds(&world(4, ms(1), 50), true);
    for seat in 0..4 {
        for (_, message) in &run.process(Seat(seat)).unwrap().heard {
            let lie = **message == 3_666;
            let by =
                if lie { NodeId(1) } else { NodeId(u32::try_from(**message / 1_000).unwrap()) };
            assert_eq!(message.by(), by, "nobody signs as another, not even a liar");
        }
    }
}

#[test]
fn rule_10_the_engine_knows_no_file_thread_or_clock() {
    let forbidden =
        ["std::fs", "std::thread", "std::time", "std::env", "std::net", "std::io", "println!"];
    let mut files = 0;
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = fs::read_to_string(&path).unwrap();
            let found = forbidden.iter().find(|word| text.contains(**word));
            assert_eq!(found, None, "{}", path.display());
        }
    }
    assert!(files > 20);
}

#[test]
fn rule_10_the_engine_depends_on_next_to_nothing() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let text = fs::read_to_string(manifest).unwrap();
    let dependencies = text.split("[dependencies]").nth(1).unwrap().split('[').next().unwrap();
    let names: Vec<&str> = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ']).next())
        .filter(|name| !name.is_empty())
        .collect();
    assert_eq!(names, ["libm", "rand_chacha", "rand_core", "serde"]);
}
