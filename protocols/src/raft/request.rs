//! What a cluster can be asked, and what it says.

use std::fmt;
use std::hash::{Hash, Hasher};

use sim_core::check::linearizable::Model;
use sim_core::history::Reading;
use sim_core::id::{NodeId, NodeSet, RequestId};
use sim_core::rng::Draw;
use sim_core::subject::Scope;

use crate::kv::{self, Command, Key, Kv, Output};

/// What clients and administrators ask.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Request<C> {
    /// Something for the machine to do.
    Command(C),
    /// Something about the cluster itself.
    Order(Order),
}

/// What an administrator can order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Order {
    /// That a node have a vote.
    Add(NodeId),
    /// That a node be no member.
    Remove(NodeId),
    /// That a node be a member without a vote.
    Learn(NodeId),
    /// That these nodes, and no others, have a vote.
    Members(NodeSet),
    /// That a node lead (dissertation §3.10).
    Transfer(NodeId),
}

/// What they are told.
#[derive(Clone)]
pub enum Reply<O> {
    /// What the machine said as the command was applied, in its place in the log.
    Applied(O),
    /// What the machine said to a read that went around the log.
    Read(O),
    /// It is as ordered.
    Done,
}

/// Two replies are equal if they say the same: how the answer was found is not part of it.
impl<O: PartialEq> PartialEq for Reply<O> {
    fn eq(&self, other: &Self) -> bool {
        self.output() == other.output()
    }
}

impl<O: Eq> Eq for Reply<O> {}

impl<O: Hash> Hash for Reply<O> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.output().hash(state);
    }
}

impl<O> Reply<O> {
    /// What the machine said.
    pub const fn output(&self) -> Option<&O> {
        match self {
            Self::Applied(output) | Self::Read(output) => Some(output),
            Self::Done => None,
        }
    }
}

/// The names of what can be asked, as a scenario's `mix` has them: those of the store, then those of
/// the administrator.
pub(super) const OPERATIONS: &[&str] =
    &["put", "get", "delete", "cas", "transfer", "add", "remove"];

/// A random request of a kind, as an index into [`OPERATIONS`].
pub(super) fn task(
    operation: usize,
    scope: Scope,
    id: RequestId,
    draw: &mut Draw,
) -> Request<Command> {
    if operation < kv::OPERATIONS.len() {
        return Request::Command(kv::task(operation, scope.keys, id, draw));
    }
    let node = u32::try_from(draw.below(u64::from(scope.nodes))).expect("below a u32");
    let node = NodeId(node);
    Request::Order(match OPERATIONS[operation] {
        "transfer" => Order::Transfer(node),
        "add" => Order::Add(node),
        _ => Order::Remove(node),
    })
}

/// A request as a script writes it: a command of the store, or an order such as `add D`,
/// `remove A`, `learn D`, `members A,B,D` or `transfer B`.
pub(super) fn parse(
    text: &str,
    node: &dyn Fn(&str) -> Option<NodeId>,
) -> Result<Request<Command>, String> {
    let one = |name: &str| node(name).ok_or_else(|| format!("there is no node `{name}`"));
    let words: Vec<&str> = text.split_whitespace().collect();
    let order = match *words.as_slice() {
        ["add", name] => Order::Add(one(name)?),
        ["remove", name] => Order::Remove(one(name)?),
        ["learn", name] => Order::Learn(one(name)?),
        ["members", names] => Order::Members(names.split(',').map(one).collect::<Result<_, _>>()?),
        ["transfer", to] => Order::Transfer(one(to)?),
        [verb, ..] if kv::OPERATIONS.contains(&verb) => {
            return kv::parse_command(text).map(Request::Command);
        }
        _ => {
            let store = "write `put x 1`, `get x`, `delete x`, `cas x 1 2`";
            let orders = "`add D`, `remove A`, `learn D`, `members A,B,D` or `transfer B`";
            return Err(format!("{store}, {orders}"));
        }
    };
    Ok(Request::Order(order))
}

/// How a request reads: an order touches nothing of what the store holds.
pub(super) fn reading(request: &Request<Command>, told: Option<&Reply<Output>>) -> Option<Reading> {
    match request {
        Request::Command(command) => Some(kv::reading(command, told.and_then(Reply::output))),
        Request::Order(_) => None,
    }
}

/// Histories of the store are judged key by key, and orders change none of it.
#[derive(Debug)]
pub(super) struct Store;

/// What a request is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Key(Key),
    Cluster,
}

impl Model for Store {
    type Operation = Request<Command>;
    type Result = Reply<Output>;
    type Key = Subject;
    type State = Option<u64>;

    fn key(request: &Self::Operation) -> Subject {
        match request {
            Request::Command(command) => Subject::Key(command.key()),
            Request::Order(_) => Subject::Cluster,
        }
    }

    fn initial(_: &Subject) -> Option<u64> {
        None
    }

    fn apply(state: &Option<u64>, request: &Self::Operation) -> (Option<u64>, Self::Result) {
        match request {
            Request::Command(command) => {
                let (state, output) = <Kv as Model>::apply(state, command);
                (state, Reply::Applied(output))
            }
            Request::Order(_) => (*state, Reply::Done),
        }
    }

    fn is_read(request: &Self::Operation) -> bool {
        match request {
            Request::Command(command) => <Kv as Model>::is_read(command),
            Request::Order(_) => true,
        }
    }

    fn overwrites(request: &Self::Operation) -> bool {
        matches!(request, Request::Command(command) if <Kv as Model>::overwrites(command))
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Cluster => f.write_str("the cluster"),
        }
    }
}

/// As a script writes it.
impl<C: fmt::Debug> fmt::Debug for Request<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command(command) => command.fmt(f),
            Self::Order(order) => order.fmt(f),
        }
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(node) => write!(f, "add {node}"),
            Self::Remove(node) => write!(f, "remove {node}"),
            Self::Learn(node) => write!(f, "learn {node}"),
            Self::Members(voters) => write!(f, "members {voters:?}"),
            Self::Transfer(to) => write!(f, "transfer {to}"),
        }
    }
}

impl<O: fmt::Debug> fmt::Debug for Reply<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applied(output) | Self::Read(output) => output.fmt(f),
            Self::Done => f.write_str("done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str) -> Option<NodeId> {
        ["A", "B", "C"].iter().position(|known| *known == name).map(|at| NodeId(at as u32))
    }

    #[test]
    fn requests_are_written_as_in_a_script() {
        let parsed = |text| parse(text, &node).map(|request| format!("{request:?}"));
        assert_eq!(parsed("put x 1"), Ok("put x 1".into()));
        for (order, means) in [
            ("transfer B", "transfer n1"),
            ("add C", "add n2"),
            ("remove A", "remove n0"),
            ("learn C", "learn n2"),
            ("members A,C", "members {n0, n2}"),
        ] {
            assert_eq!(parsed(order), Ok(means.into()));
        }
        assert_eq!(parsed("members A,E"), Err("there is no node `E`".into()));
        assert_eq!(parsed("transfer E"), Err("there is no node `E`".into()));
        assert!(parsed("put x").expect_err("half a command").starts_with("write `put x 1`"));
        assert!(parsed("resign").expect_err("no order").ends_with("or `transfer B`"));
    }

    #[test]
    fn how_an_answer_was_found_is_not_what_it_says() {
        assert_eq!(Reply::Applied(Output::Value(1)), Reply::Read(Output::Value(1)));
        assert_ne!(Reply::Applied(Output::Value(1)), Reply::Read(Output::Value(2)));
        assert_ne!(Reply::Applied(Output::Done), Reply::Done, "a command is no order");
    }
}
