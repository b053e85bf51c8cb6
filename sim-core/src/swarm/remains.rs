//! What remains: in some runs, only a majority is whole when the calm begins, and must go on alone.

use super::{AtMost, Swarm, ends, shuffled};
use crate::fault::{Fault, FaultKind};
use crate::id::{ClientId, NodeId, Seat};
use crate::rng::Draw;
use crate::world::{Endpoint, World};

impl Swarm {
    /// Breaks everybody for ever, from the calm on, but for as few nodes as are a majority. Who is gone
    /// already is not among those.
    pub(super) fn draw_remains(&self, world: &mut World, draw: &mut Draw) {
        let gone = |seat: &Seat| {
            world.faults.iter().any(|fault| match &fault.kind {
                FaultKind::Crash { seats, .. } | FaultKind::Pause { seats } => {
                    fault.until.is_none() && seats.contains(seat)
                }
                _ => false,
            })
        };
        let mut order = shuffled(world.nodes, draw);
        order.sort_by_key(gone);
        let clients = (0..world.clients.count).map(|client| Endpoint::Client(ClientId(client)));
        let clients: Vec<Endpoint> = clients.collect();
        let broken = order.split_off(order.len() - AtMost::Minority.of(world.nodes));
        for seat in broken {
            let kind = match draw.below(4) {
                0 => FaultKind::Crash { seats: vec![seat], mid_step: false },
                1 => FaultKind::Pause { seats: vec![seat] },
                // A client that reaches it could be sent to another that is broken, and back.
                2 => {
                    let whole = [ends(&order), clients.clone()].concat();
                    FaultKind::Partition { groups: vec![ends(&[seat]), whole] }
                }
                // It hears and is not heard. One that is heard and does not hear could disturb a
                // protocol for ever that promises nothing then.
                _ => FaultKind::Cut { from: ends(&[seat]), to: ends(&order) },
            };
            world.faults.push(Fault { at: self.chaos, until: None, kind });
        }
        order.sort();
        world.core = order.into_iter().map(|Seat(node)| NodeId(node)).collect();
    }
}
