//! What the examples of the documentation have in common. No part of what the crate promises.

mod highest;
mod max_register;

pub use self::highest::{Highest, Tell};
pub use self::max_register::MaxRegister;
use crate::client::{OneReply, Scripted};
use crate::world::World;
use crate::{Cluster, Duration, NodeId, Setup, Time};

/// A run of three nodes, in a calm world of 100 ms in which a message takes 1 ms. The first number is
/// asked of `n0`, the next one 1 ms later of `n1`, and so on.
#[must_use]
pub fn asking(numbers: &[u64]) -> Setup<Highest, OneReply<Highest>> {
    let ms = Duration::from_millis;
    let mut world = World::calm(3, Time::ZERO + ms(100));
    world.network.link.latency = ms(1).into();
    let mut setup = Setup::new(1, world, Cluster::new(vec![ms(10); 3]));
    for (turn, &task) in (0..).zip(numbers) {
        let (at, through) = (Time::ZERO + ms(u64::from(turn)), NodeId(turn % 3));
        setup.script.push(Scripted { at, through, task, expect: None });
    }
    setup
}
