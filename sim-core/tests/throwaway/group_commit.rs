//! Group commit: many requests share one fsync, and nobody is answered before it is done. After an
//! fsync that failed nothing of its group is there, and asking again does not bring it back: the
//! group is refused.

use sim_core::client::{Expected, OneReply, Scripted};
use sim_core::fault::FaultKind;
use sim_core::history::Outcome;
use sim_core::id::RequestId;
use sim_core::protocol::{Cluster, DiskDone, Never, Recovered, Tag};
use sim_core::{Context, NodeId, Protocol, Seat, Setup, Simulation};

use crate::common::*;

#[derive(Debug)]
struct Ledger {
    saved: Vec<u64>,
    /// The group that the disk works at.
    syncing: Vec<(RequestId, u64)>,
    /// The next one, which grows meanwhile.
    gathering: Vec<(RequestId, u64)>,
    groups: u64,
}

impl Protocol for Ledger {
    type Config = ();
    type Message = Never;
    type Timer = Never;
    type Request = u64;
    type Reply = usize;
    type Record = u64;

    fn new(_: NodeId, _: &Cluster<()>) -> Self {
        Self { saved: Vec::new(), syncing: Vec::new(), gathering: Vec::new(), groups: 0 }
    }

    fn restore(&mut self, found: Recovered<u64>) {
        self.saved = found.records().collect();
    }

    fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, message: Never) {
        match message {}
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, amount: u64) {
        self.gathering.push((id, amount));
        self.commit(cx);
    }

    fn on_disk(&mut self, cx: &mut Context<Self>, done: DiskDone) {
        for (id, amount) in std::mem::take(&mut self.syncing) {
            match done {
                DiskDone::Synced(_) => {
                    self.saved.push(amount);
                    cx.reply(id, self.saved.len());
                }
                DiskDone::Failed(_) => cx.redirect(id, None),
            }
        }
        self.commit(cx);
    }
}

impl Ledger {
    fn commit(&mut self, cx: &mut Context<Self>) {
        if self.syncing.is_empty() && !self.gathering.is_empty() {
            self.syncing = std::mem::take(&mut self.gathering);
            self.syncing.iter().for_each(|&(_, amount)| cx.write(amount));
            self.groups += 1;
            cx.sync(Tag(self.groups));
        }
    }
}

fn asks(millis: u64, through: u32, amount: u64, expect: Expected<usize>) -> Scripted<u64, usize> {
    Scripted { at: at(millis), through: NodeId(through), task: amount, expect: Some(expect) }
}

fn ledger(
    mut world: sim_core::world::World,
    script: Vec<Scripted<u64, usize>>,
) -> (Simulation<Ledger, OneReply<Ledger>>, Story) {
    world.disk.fsync = ms(10).into();
    let mut setup = Setup::new(1, world, Cluster::new(vec![()]));
    setup.script = script;
    let mut run = Simulation::new(setup);
    let story = Story::default();
    run.follow(Box::new(story.clone()));
    run.run();
    assert_eq!(run.violation(), None, "{story:?}");
    (run, story)
}

#[test]
fn many_requests_share_one_fsync() {
    let mut world = world(1, us(10), 100);
    world.clients.count = 20;
    world.disk.fsync = ms(10).into();
    let mut setup = Setup::<Ledger, OneReply<Ledger>>::new(1, world, Cluster::new(vec![()]));
    setup.workload = Some(std::rc::Rc::new(|id, _| u64::from(id.number)));
    let mut run = Simulation::new(setup);
    run.run();
    let told = |end: &Outcome<usize>| matches!(end, Outcome::Ok(_));
    let answered = run.history().operations().iter().filter(|one| told(&one.outcome)).count();
    assert!(answered > 70 && run.counters().syncs <= 10, "{answered} in {:?}", run.counters());
}

#[test]
fn nobody_is_answered_for_what_a_failed_fsync_lost() {
    let broken = FaultKind::DiskFails { seats: vec![Seat(0)] };
    let world = with_fault(world(1, us(10), 5_000), 25, 40, broken);
    let script = vec![
        asks(5, 0, 100, Expected::Value(1)),
        // Its fsync ends at 30 ms, while the disk refuses. The client asks again until it works.
        asks(20, 0, 200, Expected::Value(2)),
    ];
    let (run, story) = ledger(with_fault(world, 100, 110, crash(0)), script);
    assert!(story.has("s0 disk Failed(Tag(2))"), "{story:?}");
    assert_eq!(run.process(Seat(0)).unwrap().saved, [100, 200], "a new process finds just these");
}

#[test]
fn a_crash_before_the_fsync_is_done_loses_the_group_and_answers_nobody() {
    let world = with_lasting(world(1, us(10), 100), 8, crash(0));
    let (_, story) = ledger(world, vec![asks(5, 0, 100, Expected::NotOk)]);
    assert!(!story.has("c1#1 ends 1"));
}
