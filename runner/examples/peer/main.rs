//! Four workloads that other simulators were measured with, for this one, with everything switched on
//! that a real run has: a scenario read from YAML, the catalogue's virtual call for each run, the
//! network that could lose, copy, cut and reorder, rules 1 to 13, fingerprint, counters and limits.
//!
//! ```text
//! cargo build --release --example peer
//! target/release/examples/peer w1|w2|w3|w4 N SEED
//! ```
//!
//! Prints one line of JSON: how many messages were delivered, timers fired and timers set anew while
//! pending, how much time was simulated, and what it took. `sim-core/benches/peers.sh` compares it with
//! the others', `sim-core/benches/instructions.sh` counts its instructions.

mod workloads;

use std::process::ExitCode;
use std::time::Instant;

use sim_runner::Catalogue;
use sim_runner::outcome::{Outcome, Verdict};
use sim_runner::scenario::Source;

use workloads::{Heartbeat, Of, PingPong, Seen, Storm};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the one line is what it is for")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |position: usize, otherwise: u64| match arguments.get(position) {
        None => Some(otherwise),
        Some(text) => text.parse().ok(),
    };
    let asked = arguments.first().and_then(|name| Workload::named(name));
    let (Some(workload), Some(n @ 1..), Some(seed)) = (asked, number(1, 1_000), number(2, 1))
    else {
        eprintln!("usage: peer w1|w2|w3|w4 [N] [SEED]");
        return ExitCode::from(2);
    };
    let (wall, cpu) = (Stopwatch::start(), processor_nanos());
    let counts = workload.run(n, seed);
    let wall = wall.nanos();
    let cpu = cpu.zip(processor_nanos()).map_or(wall, |(before, after)| after - before);
    println!("{}", line(workload, n, seed, &counts, wall, cpu));
    ExitCode::SUCCESS
}

/// What is simulated, and what `N` counts.
#[derive(Clone, Copy)]
enum Workload {
    /// Messages of two nodes that play ping-pong.
    W1,
    /// Messages of a hundred nodes that each send to ten others every 10 ms.
    W2,
    /// Simulated seconds of a leader with four followers.
    W3,
    /// Simulations of one such second, a seed each.
    W4,
}

/// What happened in all runs.
#[derive(Default)]
struct Counts {
    delivered: u64,
    fired: u64,
    simulated_ns: u64,
    seen: Seen,
}

impl Workload {
    fn named(name: &str) -> Option<Self> {
        match name {
            "w1" => Some(Self::W1),
            "w2" => Some(Self::W2),
            "w3" => Some(Self::W3),
            "w4" => Some(Self::W4),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::W1 => "w1",
            Self::W2 => "w2",
            Self::W3 => "w3",
            Self::W4 => "w4",
        }
    }

    fn scenario(self, n: u64) -> String {
        match self {
            // It ends by itself, long before.
            Self::W1 => scenario("ping_pong", 2, n, "1ms..10ms", &format!("{}ms", n * 10)),
            // Ten thousand messages are sent in a tenth of a second; the last are 30 ms on their way.
            Self::W2 => scenario("storm", 100, n, "1ms..50ms", &format!("{}us", n * 10 + 30_000)),
            Self::W3 => scenario("heartbeat", 5, n, "1ms..10ms", &format!("{n}s")),
            Self::W4 => scenario("heartbeat", 5, n, "1ms..10ms", "1s"),
        }
    }

    /// As a sweep does it: the scenario is read once, and one worker runs its seeds, each a simulation
    /// built anew in the memory of the one before.
    fn run(self, n: u64, seed: u64) -> Counts {
        let catalogue =
            Catalogue::empty().with::<Of<PingPong>>().with::<Of<Storm>>().with::<Of<Heartbeat>>();
        let source = Source::new("peer.yaml", self.scenario(n));
        let prepared = match catalogue.prepare(&source) {
            Ok(prepared) => prepared,
            Err(errors) => panic!("{errors}"),
        };
        let runs = if matches!(self, Self::W4) { n } else { 1 };
        let mut worker = prepared.worker();
        let mut counts = Counts::default();
        for run in 0..runs {
            counts.add(&worker.run(seed.wrapping_add(run)));
        }
        drop(worker);
        counts.seen = Seen::take();
        if matches!(self, Self::W1) {
            counts.simulated_ns = counts.seen.last.as_nanos();
        }
        counts
    }
}

impl Counts {
    fn add(&mut self, outcome: &Outcome) {
        assert!(matches!(outcome.verdict, Verdict::Passed), "{outcome:?}");
        self.delivered += outcome.counters.delivered;
        self.fired += outcome.counters.timers;
        self.simulated_ns += outcome.ended.as_nanos();
    }
}

fn scenario(protocol: &str, nodes: u32, messages: u64, latency: &str, length: &str) -> String {
    format!(
        "{{ protocol: {protocol}, nodes: {nodes}, config: {{ messages: {messages} }}, \
         network: {{ latency: {latency} }}, run: {{ for: {length}, seeds: 0..1 }}, \
         limits: {{ events: {} }}, expect: {{ always: [no_panic, no_runaway] }} }}",
        u64::MAX,
    )
}

#[expect(clippy::float_arithmetic, reason = "how fast it was is no part of a run")]
fn line(workload: Workload, n: u64, seed: u64, counts: &Counts, wall: u64, cpu: u64) -> String {
    let (name, delivered, fired) = (workload.name(), counts.delivered, counts.fired);
    let (resets, simulated) = (counts.seen.resets, counts.simulated_ns as f64 / 1e9);
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    let (wall, cpu) = (seconds(wall), seconds(cpu.max(1)));
    let rate = delivered as f64 / cpu;
    format!(
        "{{\"peer\":\"ours\",\"work\":\"{name}\",\"n\":{n},\"seed\":{seed},\"delivered\":{delivered},\
         \"fired\":{fired},\"resets\":{resets},\"sim_s\":{simulated:.3},\"wall_s\":{wall:.6},\
         \"cpu_s\":{cpu:.6},\"msgs_per_s\":{rate:.0}}}"
    )
}

/// Real time from its creation on.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark is about real time")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn nanos(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Processor time of this process: unlike real time, untouched by other programs that take the core for
/// a while. Linux keeps it to a tick of the scheduler; elsewhere it is not known without `unsafe`.
fn processor_nanos() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}
