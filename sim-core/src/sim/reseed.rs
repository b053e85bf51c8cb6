//! Another seed for the rest of a run: what would have become of it, had chance come out otherwise from
//! an instant on.

use super::Simulation;
use crate::client::Client;
use crate::id::Seat;
use crate::protocol::Protocol;
use crate::rng::{Key, Keys};
use crate::time::Time;

/// From an instant on, all that is drawn comes from another seed.
///
/// What was drawn before stays: the plan of faults, how far clocks are off, the fate of what is under
/// way, timers that are set, what a client draws about the operation that it has begun. Draws are keyed
/// by what they are about (rule 6), so the run's own seed changes nothing.
///
/// ```
/// use sim_core::sim::Reseed;
/// use sim_core::{Duration, Simulation, Time};
/// # use sim_core::world::{Pace, World};
/// # let run = |reseeds: &[Reseed]| {
/// #     let mut setup = sim_core::example::asking(&[7]);
/// #     setup.world.network.link.latency = sim_core::chance::Delay::Uniform {
/// #         from: Duration::from_millis(1),
/// #         to: Duration::from_millis(9),
/// #     };
/// #     setup.reseeds = reseeds.to_vec();
/// #     let mut run = Simulation::new(setup);
/// #     run.run();
/// #     run.fingerprint()
/// # };
///
/// let at = Time::ZERO + Duration::from_millis(50);
/// let as_it_was = run(&[]);
/// assert_eq!(run(&[Reseed { at, seed: 1 }]), as_it_was, "1 is the seed of the run");
/// assert_ne!(run(&[Reseed { at, seed: 2 }]), as_it_was);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reseed {
    /// From when on, this instant included.
    pub at: Time,
    /// Where chance comes from then. Of several at one instant the last one counts.
    pub seed: u64,
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// They are no events of the run: nothing counts them, and nothing else arrives later for them.
    pub(super) fn plan_reseeds(&mut self, reseeds: &[Reseed]) {
        // Those of one instant leave the queue in the order of their places in it.
        for &Reseed { at, seed } in reseeds {
            self.queue.push_before_all(at, super::Event::Reseed { seed });
        }
    }

    #[cold]
    pub(super) fn reseed(&mut self, seed: u64) {
        self.keys = Keys::new(seed);
        let Keys { network, ties, clients, .. } = self.keys;
        self.network.draw_from(network);
        self.queue.draw_ties_from(ties);
        for seat in (0..self.world.seats()).map(Seat) {
            self.reseed_seat(seat);
        }
        for client in &mut self.clients {
            client.draw_from(clients);
        }
    }

    fn reseed_seat(&mut self, seat: Seat) {
        let key = self.process_key(seat);
        let corrupted = self.adversary_key(seat);
        let node = &mut self.nodes[seat.index()];
        node.key = key;
        node.choices.draw_from(key);
        node.timers.draw_from(key);
        for corruption in &mut node.adversaries {
            corruption.choices.draw_from(corrupted.about(corruption.about));
        }
    }

    /// Where the draws of the process in a seat start from.
    pub(super) fn process_key(&self, seat: Seat) -> Key {
        let incarnation = self.nodes[seat.index()].incarnation;
        self.keys.nodes.about(u64::from(seat.0)).about(u64::from(incarnation))
    }

    /// Where the draws of the liar in a seat start from.
    pub(super) fn adversary_key(&self, seat: Seat) -> Key {
        self.keys.adversary.about(u64::from(seat.0))
    }
}
