//! Rule 12: once its buffers are warm, a step does not allocate, unless the protocol itself does.

#![expect(unsafe_code, reason = "an allocator cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use sim_core::chance::{Chance, Delay};
use sim_core::client::OneReply;
use sim_core::id::RequestId;
use sim_core::protocol::{Cluster, DiskDone, Tag};
use sim_core::world::{LinkSettings, Pace, World};
use sim_core::{Context, Duration, NodeId, Protocol, Setup, Simulation, Time};

/// The system's allocator, counting what this thread asks of it: tests run side by side.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    static BYTES: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: everything is handed on to the system's allocator as it came; counting touches only
// thread-locals that need no initialisation and no destructor, so it does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        BYTES.set(BYTES.get() + layout.size() as u64);
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above; the pointer came from the system's allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[derive(Debug)]
struct Node {
    busy: Busy,
    heard: u64,
}

/// What a node spends its time with.
#[derive(Clone, Copy, Debug)]
enum Busy {
    /// Sends back what comes.
    PingPong,
    /// Tells everybody at each alarm, chooses, and saves what it hears.
    Gossip,
    /// Answers clients.
    Serving,
}

impl Protocol for Node {
    type Config = Busy;
    type Message = [u64; 4];
    type Timer = u8;
    type Request = u64;
    type Reply = u64;
    type Record = u64;

    fn new(me: NodeId, cluster: &Cluster<Busy>) -> Self {
        Self { busy: *cluster.config(me), heard: 0 }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        match self.busy {
            Busy::PingPong if cx.me() == NodeId(0) => cx.send(NodeId(1), [0; 4]),
            Busy::Gossip => (0..3).for_each(|alarm| cx.set_timer(alarm, GAP)),
            Busy::PingPong | Busy::Serving => {}
        }
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, message: [u64; 4]) {
        self.heard = self.heard.max(message[0]);
        if let Busy::PingPong = self.busy {
            cx.send(from, [message[0] + 1; 4]);
        } else {
            cx.set_timer(7, Duration::from_millis(50));
            cx.reached("heard");
            cx.persist(self.heard);
        }
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, timer: u8) {
        cx.set_timer(timer, GAP);
        cx.broadcast([1; 4]);
        if cx.chance(Chance::from_percent(10)) {
            let some = cx.sample(2);
            cx.multicast(some, [2; 4]);
        }
        cx.cancel_timer(7);
        cx.write(self.heard);
        cx.sync(Tag(self.heard));
    }

    fn on_request(&mut self, cx: &mut Context<Self>, id: RequestId, request: u64) {
        if cx.chance(Chance::from_percent(1)) {
            cx.redirect(id, None);
        } else {
            cx.reply(id, request);
        }
    }

    fn on_disk(&mut self, _: &mut Context<Self>, done: DiskDone) {
        self.heard += u64::from(matches!(done, DiskDone::Synced(_)));
    }
}

const GAP: Delay = Delay::Uniform { from: Duration::from_millis(2), to: Duration::from_millis(4) };

fn setup(nodes: u32, busy: Busy) -> Setup<Node, OneReply<Node>> {
    let mut world = World::calm(nodes, Time::ZERO + Duration::from_secs(2));
    world.network.link = LinkSettings {
        latency: Delay::Uniform { from: Duration::from_micros(100), to: Duration::from_millis(1) },
        loss: Chance::NEVER,
        duplicate: Chance::from_percent(1),
        reorder: Chance::from_percent(1),
    };
    if let Busy::PingPong = busy {
        // Else there would soon be a thousand balls.
        world.network.link.duplicate = Chance::NEVER;
    }
    world.disk.fsync = Duration::from_micros(200).into();
    let mut setup = Setup::new(1, world, Cluster::new(vec![busy; nodes as usize]));
    if let Busy::Serving = busy {
        setup.world.clients.count = 3;
        setup.world.clients.pace = Pace::Closed { think: Duration::from_millis(1).into() };
        setup.workload = Some(std::rc::Rc::new(|_, draw| draw.below(10)));
    }
    setup
}

/// How often a run allocates when another one like it went before and it has begun itself, and in
/// how many events.
fn allocations_of_a_warm_run(nodes: u32, busy: Busy, warm_after: u32) -> (u64, u64) {
    let mut simulation = Simulation::new(setup(nodes, busy));
    simulation.run();
    simulation.restart(setup(nodes, busy));
    (0..warm_after).for_each(|_| assert!(simulation.next_event()));
    let (allocations, events) = (COUNT.get(), simulation.counters().events);
    while simulation.next_event() {}
    assert_eq!(simulation.violation(), None);
    (COUNT.get() - allocations, simulation.counters().events - events)
}

#[test]
fn rule_12_a_warm_ping_pong_does_not_allocate() {
    let (allocations, events) = allocations_of_a_warm_run(2, Busy::PingPong, 100);
    assert!(events > 2_000, "{events} events");
    assert_eq!(allocations, 0, "in {events} events");
}

#[test]
fn rule_12_warm_broadcasts_timers_choices_and_barriers_do_not_allocate() {
    let (allocations, events) = allocations_of_a_warm_run(5, Busy::Gossip, 1_000);
    assert!(events > 30_000, "{events} events");
    assert_eq!(allocations, 0, "in {events} events");
}

#[test]
fn rule_12_warm_clients_do_not_allocate() {
    // Even the history is kept in the memory of the last run's.
    let (allocations, events) = allocations_of_a_warm_run(3, Busy::Serving, 1_000);
    assert!(events > 5_000, "{events} events");
    assert_eq!(allocations, 0, "in {events} events");
}

#[test]
fn a_thousand_nodes_cost_no_million_entries() {
    let before = BYTES.get();
    let simulation = Simulation::<Node, OneReply<Node>>::new(setup(1_000, Busy::PingPong));
    let bytes = BYTES.get() - before;
    // A matrix of links would be a million entries; a node costs about half a kilobyte.
    assert!(bytes < 4_000_000, "{bytes} bytes for 1,000 nodes");
    assert_eq!(simulation.counters().events, 0);
}
