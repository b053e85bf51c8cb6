//! A chain whose blocks are found after exponential times, as with proof of work: an alarm is all
//! the mining there is, for what is memoryless may be drawn anew with each block that arrives.

use sim_core::chance::Delay;
use sim_core::client::NoClient;
use sim_core::protocol::{Cluster, Never};
use sim_core::world::World;
use sim_core::{Context, Duration, NodeId, Protocol, Seat, Setup, Simulation, Time};

#[derive(Debug)]
struct Miner {
    /// The mean time to a block of its own.
    mean: Duration,
    height: u64,
    /// Who found the block at the tip.
    tip: NodeId,
}

#[derive(Clone, Hash, Debug)]
struct Block {
    height: u64,
}

impl Protocol for Miner {
    type Config = Duration;
    type Message = Block;
    type Timer = ();
    type Request = Never;
    type Reply = Never;
    type Record = Never;

    fn new(me: NodeId, cluster: &Cluster<Duration>) -> Self {
        Self { mean: *cluster.config(me), height: 0, tip: me }
    }

    fn on_start(&mut self, cx: &mut Context<Self>) {
        cx.set_timer((), Delay::exponential(self.mean));
    }

    fn on_timer(&mut self, cx: &mut Context<Self>, (): ()) {
        self.extend(cx, self.height + 1, cx.me());
        cx.broadcast(Block { height: self.height });
    }

    fn on_message(&mut self, cx: &mut Context<Self>, from: NodeId, block: Block) {
        if block.height > self.height {
            self.extend(cx, block.height, from);
        }
    }
}

impl Miner {
    fn extend(&mut self, cx: &mut Context<Self>, height: u64, tip: NodeId) {
        (self.height, self.tip) = (height, tip);
        cx.set_timer((), Delay::exponential(self.mean));
    }
}

/// The height of the chain after so many seconds, with these miners and no latency.
fn height(seed: u64, means: &[u64], seconds: u64) -> u64 {
    let end = Time::ZERO + Duration::from_secs(seconds);
    let configs = means.iter().map(|&mean| Duration::from_secs(mean)).collect();
    let world = World::calm(u32::try_from(means.len()).unwrap(), end);
    let mut run =
        Simulation::<Miner, NoClient>::new(Setup::new(seed, world, Cluster::new(configs)));
    run.run();
    assert_eq!(run.violation(), None);
    run.process(Seat(0)).unwrap().height
}

#[test]
fn the_mean_block_interval_is_that_of_all_rates_together() {
    // Rates of 1/10, 1/20 and 1/20 a second make one of 1/5: in 100,000 s a Poisson number of
    // blocks, 20,000 ± √20,000 (one sigma, 141); five sigmas either way.
    for seed in 0..3 {
        let blocks = height(seed, &[10, 20, 20], 100_000);
        assert!((19_293..20_707).contains(&blocks), "seed {seed}: {blocks} blocks");
    }
}

#[test]
fn the_number_of_blocks_is_as_scattered_as_a_poisson_number() {
    // 400 chains of 100 blocks on average; variance 100. The variance of 400 such samples has a
    // standard error of 100·√(2/399) + a little = 7.1; five sigmas either way.
    let heights: Vec<u64> = (0..400).map(|seed| height(seed, &[10, 10], 500)).collect();
    let mean = heights.iter().sum::<u64>() / 400;
    let squares: u64 = heights.iter().map(|&height| height.abs_diff(mean).pow(2)).sum();
    assert!((98..=102).contains(&mean), "a mean of {mean}");
    assert!((65..=136).contains(&(squares / 399)), "a variance of {}", squares / 399);
}
