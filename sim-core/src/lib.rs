//! A deterministic discrete-event simulator for distributed protocols: the engine.
//!
//! One run is a pure function of (build, world, seed). A [`Protocol`] is a pure state machine; the
//! [`Simulation`] owns time, chance, the network, disks, clocks, crashes, liars and clients, and calls
//! its handlers. Handlers *record* what they want done in a [`Context`]; the simulation does it
//! afterwards. Everything else follows from that: a trace prints the effects under the event that
//! caused them, a liar rewrites them, a crash in the midst of a step lets only the first few of them
//! happen, and a test of a single handler looks at [`Context::effects`].
//!
//! # A run
//!
//! ```
//! use sim_core::client::{Expected, OneReply, Scripted};
//! use sim_core::fault::{Fault, FaultKind};
//! use sim_core::world::World;
//! use sim_core::{Cluster, Duration, NodeId, Seat, Setup, Simulation, Time};
//! # use sim_core::example::Highest;
//!
//! let at = |millis| Time::ZERO + Duration::from_millis(millis);
//! let mut world = World::calm(3, at(100));
//! world.network.link.latency = Duration::from_millis(1).into();
//! let kind = FaultKind::Crash { seats: vec![Seat(0)], mid_step: false };
//! world.faults.push(Fault { at: at(2), until: Some(at(50)), kind });
//!
//! let cluster = Cluster::new(vec![Duration::from_millis(10); 3]);
//! let mut setup = Setup::<Highest, OneReply<Highest>>::new(1, world, cluster);
//! let (through, expect) = (NodeId(0), Some(Expected::Value(7)));
//! setup.script.push(Scripted { at: at(1), through, task: 7, expect });
//!
//! let mut run = Simulation::new(setup);
//! run.run();
//! assert_eq!(run.violation(), None);
//! // No other node heard of it before the crash; from the disk it reached them afterwards.
//! assert_eq!(run.process(Seat(2)).map(|node| node.seen), Some(7));
//! ```
//!
//! `Highest` is the protocol that [`Protocol`] shows in full. The other examples use it too: where one
//! has a `setup` that it does not make itself, three of its nodes tell each other every 10 ms what they
//! know, a message takes 1 ms and the run lasts 100 ms; 7 is asked of `n0` when it begins.
//!
//! # The contract
//!
//! Cited everywhere as "rule 4". `tests/contract.rs` has a test that names each.
//!
//! 1. A handler runs alone, to completion, at one instant: no blocking, no re-entry, no thread.
//! 2. Effects take place in the order recorded. A crash may fall between any two of them.
//! 3. [`flush`](Context::flush), and so [`persist`](Context::persist), is a barrier: nothing recorded
//!    after it happens until what was written is durable; meanwhile the node is busy and its inputs
//!    wait; if the disk refuses, the process crashes. [`write`](Context::write) and
//!    [`sync`](Context::sync) do not wait: what is not yet synced may be lost, torn or kept by a crash.
//!    The deadline of a timer counts from when the effect takes place.
//! 4. A crash is `drop`. Only what reached the disk survives.
//! 5. Timers have names; setting one again replaces it; they die with the process. Setting one assigns
//!    the arrival number by which ties are broken; re-arming keeps it.
//! 6. A process sees only its own clocks, which may be wrong. **Every draw is keyed by what it is
//!    about**, so that taking one fault, message or draw away changes no other: a message's fate by
//!    (sender, receiver, time of sending, position among what is sent from the one to the other at
//!    that instant); a
//!    node's choices by (seat, incarnation, ordinal), a timer's length by (seat, incarnation, timer, how
//!    often it was set); an fsync by (seat, incarnation, ordinal); the nemesis by family; a client by
//!    (client, operation). A danger that is absent draws nothing.
//! 7. Order is total: (time, arrival). Nothing of unspecified order is iterated anywhere. Equal
//!    instants are first come, first served, unless the scenario asks for an order drawn from the seed:
//!    that one is drawn for each arrival in turn, so there rule 6 ends.
//! 8. Simulated quantities are integers: nanoseconds, parts per million. Distributions give the same
//!    draws on every platform. Overflow checks are on in every profile.
//! 9. The network may delay, drop, copy, reorder, cut; it may read a message's *kind*; it alters
//!    nothing. Only an [`Adversary`](adversary::Adversary) alters a message, and only one that its own
//!    seat sends. A [`Signed`](signed::Signed) value can be made only by [`Context::sign`], as oneself.
//! 10. The simulator knows no protocol; protocols know no files, clocks, threads or YAML.
//! 11. Same build, same world, same seed: same fingerprint, whatever the thread count, the profile or
//!     the platform.
//! 12. A step does not allocate once buffers are warm, unless the protocol itself does. After a caught
//!     panic the simulation's buffers are thrown away.
//! 13. **A step is judged when its last effect has taken place**; one that a crash cut is judged only
//!     by the effects that did, and a flush that had begun and was not over did not. (Else a vote in
//!     memory, never on disk, makes "one vote per term" fire on correct Raft.)
//!
//! # What is deliberately absent
//!
//! Files, threads, wall clocks, logging and protocols: they belong to the crates above. Of text there is only
//! how quantities are written ([`units`]), because the configs of protocols are made of them.

#![forbid(unsafe_code)]

// The examples of the documentation name the crate as its users do.
#[cfg(feature = "testing")]
extern crate self as sim_core;

pub mod adversary;
pub mod chance;
pub mod check;
pub mod choice;
pub mod client;
pub mod context;
pub mod counters;
pub mod decide;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod example;
pub mod fault;
pub mod hash;
pub mod history;
pub mod id;
pub mod protocol;
pub mod rng;
pub mod schedule;
pub mod signed;
pub mod sim;
pub mod subject;
pub mod swarm;
pub mod time;
pub mod trace;
pub mod trap;
pub mod world;

mod clock;
mod disk;
mod holders;
mod network;
mod node;
mod queue;
mod timers;

#[cfg(feature = "serde")]
mod serde_impls;
pub mod units;

pub use context::Context;
pub use id::{NodeId, RequestId, Seat};
pub use network::Fate;
pub use node::Status;
pub use protocol::{Cluster, Protocol};
pub use sim::{Setup, Simulation};
pub use time::{Duration, Time};
