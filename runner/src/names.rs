//! What people call the nodes and clients of a run.

use std::fmt;

use sim_core::id::{ClientId, NodeId, Seat};
use sim_core::protocol::Kind;
use sim_core::world::{Endpoint, World};

/// What a kind of message is called in its protocol's list.
pub(crate) fn message(messages: &[&'static str], kind: Kind) -> &'static str {
    messages.get(usize::from(kind.0)).copied().unwrap_or("message")
}

/// What a timer is called, without what stands in brackets.
pub(crate) fn timer(timer: &dyn fmt::Debug) -> String {
    let mut name = format!("{timer:?}");
    let end = name.find(['(', '{', ' ']).unwrap_or(name.len());
    name.truncate(end);
    name
}

/// The names of the nodes, by index. Traces, errors and results use them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Names {
    nodes: Vec<String>,
}

impl Names {
    /// Names for so many nodes: A, B, …, Z, then n26 and so on.
    #[must_use]
    pub fn letters(nodes: u32) -> Self {
        Self { nodes: Vec::new() }.continued(nodes)
    }

    /// The names that a scenario gives.
    #[must_use]
    pub const fn new(nodes: Vec<String>) -> Self {
        Self { nodes }
    }

    /// At least so many names: a swarm may draw more nodes than the scenario has names for.
    #[must_use]
    pub fn continued(mut self, nodes: u32) -> Self {
        for index in u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)..nodes {
            let letter = char::from_u32(u32::from('A') + index).filter(char::is_ascii_uppercase);
            let letter = letter.map(String::from).filter(|letter| !self.nodes.contains(letter));
            self.nodes.push(letter.unwrap_or_else(|| numbered(index)));
        }
        self
    }

    /// How many nodes have a name.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node has a name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// What a node is called.
    #[must_use]
    pub fn node(&self, node: NodeId) -> String {
        self.nodes.get(node.index()).cloned().unwrap_or_else(|| numbered(node.0))
    }

    /// What a seat is called: as its node, with a prime if it is the node's second one.
    #[must_use]
    pub fn seat(&self, seat: Seat, world: &World) -> String {
        let node = self.node(world.identity(seat));
        if seat.0 < world.nodes { node } else { format!("{node}'") }
    }

    /// What a client is called.
    #[must_use]
    pub fn client(&self, client: ClientId) -> String {
        client.to_string()
    }

    /// What an end of a link is called.
    #[must_use]
    pub fn endpoint(&self, end: Endpoint, world: &World) -> String {
        match end {
            Endpoint::Seat(seat) => self.seat(seat, world),
            Endpoint::Client(client) => self.client(client),
        }
    }

    /// The node of a name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<NodeId> {
        let position = self.nodes.iter().position(|known| known == name)?;
        u32::try_from(position).ok().map(NodeId)
    }

    /// A text of the protocol's with the scenario's names: protocols know nodes by identity, and print
    /// `n0` for what the scenario calls `A`.
    ///
    /// A scenario whose own names look like identities keeps the text as it is, for nobody could tell
    /// which is meant.
    #[must_use]
    pub fn rename(&self, text: &str) -> String {
        if self.nodes.iter().any(|name| identity(name).is_some()) {
            return text.to_owned();
        }
        let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
        let mut renamed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let end = rest.find(|letter| is_word(letter) != is_word(first)).unwrap_or(rest.len());
            let (part, behind) = rest.split_at(end);
            let name = identity(part).and_then(|node| self.nodes.get(node.index()));
            renamed.push_str(name.map_or(part, String::as_str));
            rest = behind;
        }
        renamed
    }

    /// Every name, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.nodes.iter().map(String::as_str)
    }
}

/// The node of which this is the printed identity.
fn identity(word: &str) -> Option<NodeId> {
    let node = word.strip_prefix('n')?.parse().ok().map(NodeId)?;
    (node.to_string() == word).then_some(node)
}

fn numbered(index: u32) -> String {
    format!("n{index}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_core::time::Time;

    #[test]
    fn letters_then_numbers() {
        let names = Names::letters(28);
        assert_eq!(names.node(NodeId(0)), "A");
        assert_eq!(names.node(NodeId(25)), "Z");
        assert_eq!(names.node(NodeId(26)), "n26");
        assert_eq!(names.node(NodeId(99)), "n99", "beyond the names there are still names");
        assert_eq!(names.find("C"), Some(NodeId(2)));
    }

    #[test]
    fn names_continue_where_the_scenario_ends_and_never_twice() {
        let names = Names::new(vec!["D".into(), "pool1".into()]).continued(5);
        assert_eq!(names.iter().collect::<Vec<_>>(), ["D", "pool1", "C", "n3", "E"]);
    }

    #[test]
    fn texts_of_the_protocol_get_the_names_of_the_scenario() {
        let names = Names::letters(3);
        assert_eq!(names.rename("n0 and n2 both lead; {n1}"), "A and C both lead; {B}");
        assert_eq!(names.rename("n7, n01, in0, n0x and nobody"), "n7, n01, in0, n0x and nobody");
        let numbered = Names::new(vec!["n1".into(), "n0".into()]);
        assert_eq!(numbered.rename("n0 leads"), "n0 leads");
    }

    #[test]
    fn a_twin_has_a_prime() {
        let world = World { twins: vec![NodeId(1)], ..World::calm(3, Time::ZERO) };
        assert_eq!(Names::letters(3).seat(Seat(3), &world), "B'");
        assert_eq!(Names::letters(3).client(ClientId(0)), "c1");
    }
}
