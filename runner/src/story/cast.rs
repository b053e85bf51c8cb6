//! Who takes part in a run, by name.

use std::collections::BTreeSet;

use sim_core::id::{ClientId, NodeId, NodeSet};
use sim_core::world::{Endpoint, World};
use sim_core::{Seat, Time};

use crate::names::Names;

/// The names and the world of a run.
pub(crate) struct Cast {
    pub(crate) names: Names,
    pub(crate) world: World,
}

impl Cast {
    pub(crate) const fn new(names: Names, world: World) -> Self {
        Self { names, world }
    }

    /// Where nobody has a name.
    pub(crate) fn anonymous() -> Self {
        Self::new(Names::new(Vec::new()), World::calm(u32::MAX, Time::ZERO))
    }

    pub(crate) fn seat(&self, seat: Seat) -> String {
        self.names.seat(seat, &self.world)
    }

    pub(crate) fn node(&self, node: NodeId) -> String {
        self.names.node(node)
    }

    pub(crate) fn endpoint(&self, end: Endpoint) -> String {
        self.names.endpoint(end, &self.world)
    }

    /// `A,B,c1`: in the order of the nodes, for a swarm shuffles them.
    pub(crate) fn group(&self, ends: &[Endpoint]) -> String {
        let ends: BTreeSet<Endpoint> = ends.iter().copied().collect();
        joined(ends.into_iter().map(|end| self.endpoint(end)))
    }

    /// `A,B`.
    pub(crate) fn seats(&self, seats: &[Seat]) -> String {
        joined(seats.iter().map(|&seat| self.seat(seat)))
    }

    /// `A,B`.
    pub(crate) fn set(&self, nodes: &NodeSet) -> String {
        joined(nodes.iter().map(|node| self.node(node)))
    }

    /// Whether every node is among them.
    pub(crate) fn is_everybody(&self, ends: &[Endpoint]) -> bool {
        (0..self.world.seats()).all(|seat| ends.contains(&Endpoint::Seat(Seat(seat))))
    }

    /// Every node.
    pub(crate) fn introduction(&self) -> String {
        let nodes = (0..self.world.nodes).map(|node| self.node(NodeId(node)));
        nodes.collect::<Vec<_>>().join(", ")
    }

    /// The ends of links that go by a name: those of a node with twins are several.
    pub(crate) fn ends_called(&self, name: &str) -> Vec<Endpoint> {
        if let Some(client) = client(name) {
            return vec![Endpoint::Client(client)];
        }
        let node = find_node(&self.names, name);
        let seats = (0..self.world.seats()).map(Seat);
        let called = seats
            .filter(|&seat| Some(self.world.identity(seat)) == node || self.seat(seat) == name);
        called.map(Endpoint::Seat).collect()
    }
}

/// The node of a name or of a printed identity.
pub(crate) fn find_node(names: &Names, name: &str) -> Option<NodeId> {
    let name = name.strip_suffix('\'').unwrap_or(name);
    let identity = || {
        let number: u32 = name.strip_prefix('n')?.parse().ok()?;
        ((number as usize) < names.len()).then_some(NodeId(number))
    };
    names.find(name).or_else(identity)
}

/// The client that a name would be one of.
pub(crate) fn client(name: &str) -> Option<ClientId> {
    let number: u32 = name.strip_prefix('c')?.parse().ok()?;
    number.checked_sub(1).map(ClientId)
}

fn joined(names: impl Iterator<Item = String>) -> String {
    names.collect::<Vec<_>>().join(",")
}
