//! Names for the things of a run: nodes, clients, requests, seats, and sets of nodes.
//!
//! All of them are small integers. What a person calls them (`A`, `pool1`), only the runner knows
//! and prints.

use std::fmt;

/// The identity of a node: what protocols address messages to. Dense, from zero, in the order in
/// which the scenario names the nodes.
///
/// ```
/// use sim_core::NodeId;
///
/// let mut acknowledged = vec![0; 3];
/// acknowledged[NodeId(2).index()] = 7;
/// assert_eq!(acknowledged, [0, 0, 7]);
/// assert_eq!(NodeId(2).to_string(), "n2");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The identity as an index into a table with one row a node.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A place in which a process runs. Every node has one seat; twins are two seats that share one
/// [`NodeId`]. Protocols never see it.
///
/// ```
/// use sim_core::{NodeId, Seat, Time, world::World};
///
/// let mut world = World::calm(3, Time::MAX);
/// world.twins = vec![NodeId(0)];
/// let seats = (0..world.seats()).map(Seat);
/// let twins: Vec<Seat> = seats.filter(|&seat| world.identity(seat) == NodeId(0)).collect();
/// assert_eq!(twins, [Seat(0), Seat(3)]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Seat(pub u32);

impl Seat {
    /// The seat as an index into a table with one row a seat.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A client process, outside the cluster. Printed `c1`, `c2`, …, counted from one.
///
/// ```
/// use sim_core::id::ClientId;
///
/// assert_eq!((ClientId(0).index(), ClientId(0).to_string()), (0, "c1".to_owned()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

impl ClientId {
    /// The identity as an index into a table with one row a client.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0 + 1)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0 + 1)
    }
}

/// One request of one client. A retry carries the same number, so that a server can recognise it.
/// Printed `c1#7`.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use sim_core::{RequestId, id::ClientId};
///
/// // A server answers a retry as it answered the first time.
/// let id = RequestId { client: ClientId(0), number: 7 };
/// let answered = BTreeMap::from([(id, "done")]);
/// assert_eq!(answered.get(&id), Some(&"done"));
/// assert_eq!(id.to_string(), "c1#7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// Who asks.
    pub client: ClientId,
    /// Which of the client's requests, from one.
    pub number: u32,
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.client, self.number)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.client, self.number)
    }
}

/// Every node of the cluster but one: what a protocol calls its peers. A small value that borrows
/// nothing, so that a handler can walk over it while it sends.
///
/// ```
/// use sim_core::NodeId;
/// use sim_core::id::Peers;
///
/// let peers = Peers::new(NodeId(1), 3);
/// assert_eq!(peers.into_iter().collect::<Vec<_>>(), [NodeId(0), NodeId(2)]);
/// assert_eq!((peers.len(), peers.get(1)), (2, NodeId(2)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Peers {
    nodes: u32,
    me: NodeId,
}

impl Peers {
    /// The peers of `me` in a cluster of `nodes`.
    #[must_use]
    pub const fn new(me: NodeId, nodes: u32) -> Self {
        Self { nodes, me }
    }

    /// How many peers there are.
    #[must_use]
    pub const fn len(self) -> usize {
        self.nodes as usize - 1
    }

    /// Whether this node is alone.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The peer at a position, in order of identity.
    ///
    /// # Panics
    /// If `position` is not below [`len`](Self::len).
    #[must_use]
    pub fn get(self, position: usize) -> NodeId {
        assert!(position < self.len(), "peer {position} of {}", self.len());
        let position = position as u32;
        NodeId(position + u32::from(position >= self.me.0))
    }
}

impl IntoIterator for Peers {
    type Item = NodeId;
    type IntoIter = PeersIter;

    fn into_iter(self) -> PeersIter {
        PeersIter { peers: self, next: 0 }
    }
}

/// Walks over [`Peers`] in order of identity.
///
/// ```
/// use sim_core::NodeId;
/// use sim_core::id::{Peers, PeersIter};
///
/// let mut left: PeersIter = Peers::new(NodeId(0), 3).into_iter();
/// assert_eq!(left.next(), Some(NodeId(1)));
/// assert_eq!(left.collect::<Vec<_>>(), [NodeId(2)]);
/// ```
#[derive(Clone, Debug)]
pub struct PeersIter {
    peers: Peers,
    next: u32,
}

impl Iterator for PeersIter {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        if self.next == self.peers.me.0 {
            self.next += 1;
        }
        (self.next < self.peers.nodes).then(|| {
            let node = NodeId(self.next);
            self.next += 1;
            node
        })
    }
}

/// A set of nodes, as a bitset: counting votes costs no allocation in clusters of up to 64 nodes.
///
/// ```
/// use sim_core::NodeId;
/// use sim_core::id::NodeSet;
///
/// let mut votes = NodeSet::new();
/// assert!(votes.insert(NodeId(2)) && votes.insert(NodeId(0)));
/// assert!(!votes.insert(NodeId(2)), "it has voted already");
/// assert_eq!(votes.len(), 2);
/// assert_eq!(votes.iter().collect::<Vec<_>>(), [NodeId(0), NodeId(2)]);
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeSet {
    low: u64,
    high: Vec<u64>,
}

impl NodeSet {
    /// The empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self { low: 0, high: Vec::new() }
    }

    /// Adds a node; says whether it was new.
    pub fn insert(&mut self, node: NodeId) -> bool {
        let new = !self.contains(node);
        match Self::place(node) {
            (None, bit) => self.low |= bit,
            (Some(word), bit) => {
                if self.high.len() <= word {
                    self.high.resize(word + 1, 0);
                }
                self.high[word] |= bit;
            }
        }
        new
    }

    /// Takes a node out; says whether it was there.
    pub fn remove(&mut self, node: NodeId) -> bool {
        let there = self.contains(node);
        match Self::place(node) {
            (None, bit) => self.low &= !bit,
            (Some(word), bit) => {
                if let Some(bits) = self.high.get_mut(word) {
                    *bits &= !bit;
                }
                // Equal sets are equal values, whatever was once in them.
                while self.high.last() == Some(&0) {
                    self.high.pop();
                }
            }
        }
        there
    }

    /// Whether a node is in the set.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        match Self::place(node) {
            (None, bit) => self.low & bit != 0,
            (Some(word), bit) => self.high.get(word).is_some_and(|bits| bits & bit != 0),
        }
    }

    /// How many nodes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        let high: u32 = self.high.iter().map(|bits| bits.count_ones()).sum();
        (self.low.count_ones() + high) as usize
    }

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.low == 0 && self.high.is_empty()
    }

    /// How many nodes are in both sets.
    ///
    /// ```
    /// # use sim_core::{NodeId, id::NodeSet};
    /// let (old, new): (NodeSet, NodeSet) =
    ///     ((0..3).map(NodeId).collect(), (1..5).map(NodeId).collect());
    /// let votes: NodeSet = (1..3).map(NodeId).collect();
    /// let wins = |members: &NodeSet| votes.overlap(members) > members.len() / 2;
    /// assert!(wins(&old) && !wins(&new), "joint consensus needs both");
    /// ```
    #[must_use]
    pub fn overlap(&self, other: &Self) -> usize {
        let both = |(a, b): (&u64, &u64)| (a & b).count_ones();
        let high: u32 = self.high.iter().zip(&other.high).map(both).sum();
        (both((&self.low, &other.low)) + high) as usize
    }

    /// Adds every node of another set.
    pub fn extend(&mut self, other: &Self) {
        self.low |= other.low;
        if self.high.len() < other.high.len() {
            self.high.resize(other.high.len(), 0);
        }
        self.high.iter_mut().zip(&other.high).for_each(|(bits, more)| *bits |= more);
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.low = 0;
        self.high.clear();
    }

    /// The nodes, in order of identity.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        let (mut bits, mut first, mut words) = (self.low, 0, self.high.iter());
        std::iter::from_fn(move || {
            while bits == 0 {
                bits = *words.next()?;
                first += 64;
            }
            let node = NodeId(first + bits.trailing_zeros());
            bits &= bits - 1;
            Some(node)
        })
    }

    const fn place(node: NodeId) -> (Option<usize>, u64) {
        let bit = 1 << (node.0 % 64);
        match node.0 / 64 {
            0 => (None, bit),
            word => (Some(word as usize - 1), bit),
        }
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut set = Self::new();
        for node in nodes {
            set.insert(node);
        }
        set
    }
}

impl fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_everybody_else_in_order() {
        let peers = Peers::new(NodeId(1), 4);
        let expected = [NodeId(0), NodeId(2), NodeId(3)];
        assert_eq!(peers.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!((0..peers.len()).map(|i| peers.get(i)).collect::<Vec<_>>(), expected);
        assert!(Peers::new(NodeId(0), 1).is_empty());
    }

    #[test]
    fn a_node_set_holds_what_was_put_in_beyond_the_first_word_too() {
        let nodes = [NodeId(0), NodeId(63), NodeId(64), NodeId(200)];
        let mut set: NodeSet = nodes.into_iter().collect();
        assert!(!set.insert(NodeId(200)), "a second vote of one node is not a second vote");
        assert_eq!(set.iter().collect::<Vec<_>>(), nodes);
        assert_eq!(set.len(), 4);
        assert!(set.remove(NodeId(200)));
        assert!(!set.remove(NodeId(200)));
        assert_eq!(set, nodes[..3].iter().copied().collect());
    }

    #[test]
    fn two_sets_share_nodes_and_make_one() {
        let set = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<NodeSet>();
        let (mut few, many) = (set(&[1, 2, 3]), set(&[2, 3, 4, 70, 200]));
        assert_eq!((few.overlap(&many), many.overlap(&few)), (2, 2));
        assert_eq!(many.overlap(&set(&[70, 71])), 1);
        few.extend(&many);
        assert_eq!(few, set(&[1, 2, 3, 4, 70, 200]));
        few.extend(&set(&[5]));
        assert_eq!(few.len(), 7);
    }
}
