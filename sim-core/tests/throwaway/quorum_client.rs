//! A client that believes nobody: it asks everybody and wants f + 1 equal answers (PBFT §4.1).

use std::collections::BTreeMap;
use std::rc::Rc;

use sim_core::client::{Answer, Client, ClientContext, ClientSetup};
use sim_core::history::Outcome;
use sim_core::id::{NodeSet, RequestId};
use sim_core::world::Pace;
use sim_core::{Context, NodeId, Setup, Simulation};

use crate::common::*;

#[derive(Default)]
struct Sceptic {
    operations: u32,
    /// Who said what to the operation under way.
    said: BTreeMap<u64, NodeSet>,
}

impl Client<Puppet> for Sceptic {
    type Task = u64;
    type Asked = u64;
    type Told = u64;

    fn new(_: &ClientSetup) -> Self {
        Self::default()
    }

    fn next(&mut self, cx: &mut ClientContext<Puppet, Self>, task: u64) {
        self.operations += 1;
        self.said.clear();
        let id = RequestId { client: cx.setup().me, number: self.operations };
        cx.invoke(id, task);
        cx.send_to_all(id, &task);
        cx.set_timer(cx.setup().timeout);
    }

    fn on_answer(
        &mut self,
        cx: &mut ClientContext<Puppet, Self>,
        from: NodeId,
        request: RequestId,
        answer: Answer<u64>,
    ) {
        let f = (cx.setup().nodes as usize - 1) / 3;
        let Answer::Reply(reply) = answer else { return };
        if request.number != self.operations || self.said.values().any(|who| who.len() > f) {
            return;
        }
        let agree = self.said.entry(reply).or_default();
        agree.insert(from);
        if agree.len() == f + 1 {
            cx.cancel_timer();
            cx.complete(Outcome::Ok(reply));
        }
    }

    fn on_timer(&mut self, cx: &mut ClientContext<Puppet, Self>) {
        self.operations += 1;
        cx.complete(Outcome::Unknown);
    }
}

/// n3 answers at once, and wrong; the others double what they are asked.
fn doubles(me: &mut Puppet, cx: &mut Context<Puppet>, on: On) {
    if let On::Request(id, asked) = on {
        cx.reply(id, if me.me == NodeId(3) { 666 } else { 2 * asked });
    }
}

fn told(up: u32) -> Vec<Outcome<u64>> {
    let mut world = world(4, ms(1), 1_000);
    world.clients.count = 2;
    world.clients.pace = Pace::Closed { think: ms(10).into() };
    world.clients.until = at(500);
    world.clients.timeout = ms(50);
    for seat in up..3 {
        world = with_lasting(world, 0, crash(seat));
    }
    let cluster = sim_core::protocol::Cluster::new(vec![doubles as Act; 4]);
    let mut setup = Setup::<Puppet, Sceptic>::new(1, world, cluster);
    setup.workload = Some(Rc::new(|id, _| u64::from(id.number)));
    let mut run = Simulation::new(setup);
    run.run();
    assert_eq!(run.violation(), None);
    run.history().operations().iter().map(|operation| operation.outcome.clone()).collect()
}

#[test]
fn two_equal_answers_of_four_nodes_are_believed_and_one_liar_is_not() {
    for up in [2, 3] {
        let told = told(up);
        assert!(told.len() > 50, "{}", told.len());
        assert!(told.iter().all(|end| matches!(end, Outcome::Ok(reply) if *reply != 666)));
    }
}

#[test]
fn with_too_few_honest_nodes_nothing_is_believed() {
    let told = told(1);
    assert!(told.len() > 10 && told.iter().all(|end| *end == Outcome::Unknown), "{told:?}");
}
