//! Who takes part: nodes, groups of them, clients; and the lists in which they are named.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use sim_core::id::{ClientId, NodeId, Seat};
use sim_core::trap;
use sim_core::world::{ClockError, Endpoint};

use super::checker::{Checker, Word, given, section, span};
use crate::names::Names;
use crate::scenario::de::At;
use crate::scenario::schema::{Document, FullNode, Listed, NodeList, NodeSpec, Nodes};
use crate::scenario::suggest;

/// Who takes part.
#[derive(Clone)]
pub(super) struct Cast {
    pub(super) names: Names,
    /// How many nodes the scenario itself names or counts.
    pub(super) count: u32,
    /// How many there may be: what a swarm draws from, or the scenario's own number.
    pub(super) sizes: Vec<u32>,
    /// How many there are at least, whatever a swarm draws.
    fewest: u32,
    groups: BTreeMap<String, Vec<NodeId>>,
    /// Clients of the workload, and one for each node that a script goes through.
    clients: u32,
    /// Clients of the workload alone.
    pub(super) workload: u32,
    pub(super) late: Vec<NodeId>,
    /// The region of each node that has one.
    pub(super) regions: Vec<(NodeId, String, Range<usize>)>,
    pub(super) clocks: BTreeMap<Seat, ClockError>,
    /// Whether words may stand for nodes.
    stand_ins: Option<StandIns>,
}

/// Which words stand for nodes.
#[derive(Clone)]
struct StandIns {
    has_receiver: bool,
    /// How many others are named already.
    others: Cell<u32>,
}

impl Cast {
    pub(super) fn new(check: &mut Checker<'_>, document: &Document) -> Self {
        let mut cast = Self {
            names: Names::new(Vec::new()),
            count: 0,
            sizes: Vec::new(),
            fewest: 0,
            groups: BTreeMap::new(),
            clients: clients(document),
            workload: workload(document),
            late: Vec::new(),
            regions: Vec::new(),
            clocks: BTreeMap::new(),
            stand_ins: None,
        };
        cast.add_nodes(check, document);
        let drawn = drawn_counts(check, document);
        cast.fewest = drawn.iter().copied().min().unwrap_or(cast.count).min(cast.count);
        let most = drawn.iter().copied().max().unwrap_or(0).max(cast.count);
        cast.names = cast.names.continued(most);
        cast.sizes = if drawn.is_empty() { vec![cast.count] } else { drawn };
        cast.add_groups(check, document);
        cast
    }

    fn add_nodes(&mut self, check: &mut Checker<'_>, document: &Document) {
        let Some(nodes) = &document.nodes else {
            return check.missing(
                "the scenario has no `nodes`",
                "name them, nodes: [A, B, C], or count them, nodes: 3",
            );
        };
        match &nodes.value {
            None => {}
            Some(Nodes::Count(0)) => {
                check.say(&nodes.span, "there are no nodes", "at least one: nodes: 3");
            }
            Some(Nodes::Count(count)) if *count > MOST_NODES => {
                check.say(
                    &nodes.span,
                    format!("{count} nodes are too many"),
                    "10_000 are the most",
                );
            }
            Some(Nodes::Count(count)) => {
                self.count = *count;
                self.names = Names::letters(*count);
            }
            Some(Nodes::List(list)) if list.is_empty() => {
                check.say(&nodes.span, "there are no nodes", "at least one: nodes: [A, B, C]");
            }
            Some(Nodes::List(list)) => self.add_named(check, list),
        }
    }

    fn add_named(&mut self, check: &mut Checker<'_>, list: &[At<NodeSpec>]) {
        let mut names: Vec<String> = Vec::new();
        for (node, index) in list.iter().zip(0..) {
            let node_id = NodeId(index);
            let (name, span) = match &node.value {
                // A stand-in keeps the count, so that other names are not blamed.
                None => ("", node.span.clone()),
                Some(NodeSpec::Name(name)) => (name.as_str(), node.span.clone()),
                Some(NodeSpec::Full(full)) => {
                    self.add_details(check, node_id, full);
                    match &full.name {
                        Some(name) => {
                            (name.value.as_deref().unwrap_or_default(), name.span.clone())
                        }
                        None => {
                            check.say(&node.span, "this node has no name", "add one: { name: A }");
                            ("", node.span.clone())
                        }
                    }
                }
            };
            if !name.is_empty() {
                check_name(check, name, &span);
                if names.iter().any(|known| known == name) {
                    let what = format!("a second node is called `{name}`");
                    check.say(&span, what, "each node has a name of its own");
                    names.push(String::new());
                    continue;
                }
            }
            names.push(name.to_owned());
        }
        self.count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        self.names = Names::new(names);
    }

    fn add_details(&mut self, check: &mut Checker<'_>, node: NodeId, full: &FullNode) {
        if let Some((start, text)) =
            full.start.as_ref().and_then(|at| Some((at, at.value.as_ref()?)))
        {
            if text == "later" {
                self.late.push(node);
            } else {
                let what = format!("a node cannot start `{text}`");
                check.say(
                    &start.span,
                    what,
                    "the only choice is `start: later`, which waits for a `start` fault",
                );
            }
        }
        if let Some(region) =
            full.region.as_ref().and_then(|at| Some((at.value.clone()?, at.span.clone())))
        {
            self.regions.push((node, region.0, region.1));
        }
        if let Some(clock) = section(&full.clock) {
            let error = ClockError {
                offset_nanos: given(&clock.skew).map_or(0, |skew| skew.0),
                drift_ppm: given(&clock.drift).map_or(0, |drift| drift.0),
            };
            self.clocks.insert(Seat(node.0), error);
        }
    }

    fn add_groups(&mut self, check: &mut Checker<'_>, document: &Document) {
        for (name, members) in section(&document.groups).map_or(&[][..], |entries| &entries.0) {
            let Some(text) = name.value.as_deref() else { continue };
            check_name(check, text, &name.span);
            if self.names.find(text).is_some() {
                let what = format!("`{text}` is a node already");
                check.say(&name.span, what, "a group has a name of its own");
            }
            let nodes = members.value.as_ref().map(|list| self.nodes(check, list));
            self.groups.insert(text.to_owned(), nodes.unwrap_or_default());
        }
    }

    /// The same, for a fault that waits: `it` is who does what it waits for, `receiver` who is sent that
    /// message, if it is one, `another` somebody else, and `rest` all the others.
    pub(super) fn with_stand_ins(&self, has_receiver: bool) -> Self {
        let stand_ins = StandIns { has_receiver, others: Cell::new(0) };
        Self { stand_ins: Some(stand_ins), ..self.clone() }
    }

    /// The node that a word stands for. A node of that name goes first.
    fn stand_in(&self, word: &str) -> Option<Seat> {
        let stand_ins = self.stand_ins.as_ref().filter(|_| self.names.find(word).is_none())?;
        match word {
            "it" => Some(trap::IT),
            "receiver" if stand_ins.has_receiver => Some(trap::RECEIVER),
            "rest" => Some(trap::REST),
            "another" => {
                let number = stand_ins.others.get();
                stand_ins.others.set((number + 1).min(trap::MOST_OTHERS - 1));
                Some(trap::another(number))
            }
            _ => None,
        }
    }

    /// The nodes of a list, each once.
    pub(super) fn nodes(&self, check: &mut Checker<'_>, list: &NodeList) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        for item in &list.0 {
            let Some(Listed(text)) = &item.value else { continue };
            for word in check.word(&item.span, text).split(",") {
                let Some(ends) = self.ends(check, &word) else { continue };
                for end in ends {
                    match end {
                        Endpoint::Client(_) => {
                            let what =
                                format!("`{}` is a client, and nodes belong here", word.text);
                            check.say(&word.span, what, self.known());
                        }
                        Endpoint::Seat(seat) if nodes.contains(&NodeId(seat.0)) => {
                            let name = self.name(end);
                            let what = format!("`{name}` is named twice");
                            check.say(&word.span, what, "name each node once");
                        }
                        Endpoint::Seat(seat) => nodes.push(NodeId(seat.0)),
                    }
                }
            }
        }
        nodes
    }

    /// The one node that a word names.
    pub(super) fn node(&self, check: &mut Checker<'_>, word: &Word<'_>) -> Option<NodeId> {
        let ends = if word.text.contains(',') { Vec::new() } else { self.ends(check, word)? };
        match ends[..] {
            [Endpoint::Seat(seat)] => Some(NodeId(seat.0)),
            _ => {
                let what = format!("`{}` is not one node", word.text);
                check.say(&word.span, what, self.known());
                None
            }
        }
    }

    /// The client of the workload that a word names.
    pub(super) fn client(&self, check: &mut Checker<'_>, word: &Word<'_>) -> Option<ClientId> {
        let number = client_number(word.text).filter(|number| (1..=self.workload).contains(number));
        if number.is_none() {
            let help = match self.workload {
                0 => "there are no `clients`: add { count: 1, timeout: 1s }".into(),
                1 => "the only one is c1".into(),
                count => format!("they are c1 to c{count}"),
            };
            check.say(&word.span, format!("there is no client `{}`", word.text), help);
        }
        number.map(|number| ClientId(number - 1))
    }

    /// The node of this name, if there is one in every seed.
    pub(super) fn find(&self, name: &str) -> Option<NodeId> {
        let nodes = (0..self.fewest).map(NodeId);
        nodes.zip(self.names.iter()).find(|(_, known)| *known == name).map(|(node, _)| node)
    }

    /// The nodes and clients of a list with commas, each once.
    pub(super) fn endpoints(&self, check: &mut Checker<'_>, list: &Word<'_>) -> Vec<Endpoint> {
        let mut all = Vec::new();
        for word in list.split(",") {
            for end in self.ends(check, &word).unwrap_or_default() {
                if all.contains(&end) {
                    let what = format!("`{}` is named twice", self.name(end));
                    check.say(&word.span, what, "name each once");
                } else {
                    all.push(end);
                }
            }
        }
        all
    }

    /// What a link joins: `A,B -> C`.
    pub(super) fn arrow(
        &self,
        check: &mut Checker<'_>,
        word: &Word<'_>,
    ) -> Option<(Vec<Endpoint>, Vec<Endpoint>)> {
        let sides = word.split("->");
        let [from, to] = &sides[..] else {
            let what = format!("`{}` is not a link", word.text);
            check.say(&word.span, what, "a link goes from a node to another: A -> B, or A,B -> C");
            return None;
        };
        if from.text.ends_with('<') {
            let what = "a link has one direction";
            check.say(&word.span, what, "write A -> B, and B -> A as another entry");
            return None;
        }
        let (from, to) = (self.endpoints(check, from), self.endpoints(check, to));
        if let Some(both) = from.iter().find(|end| to.contains(end)) {
            let what = format!("`{}` is on both sides", self.name(*both));
            check.say(&word.span, what, "a link joins two different nodes");
            return None;
        }
        (!from.is_empty() && !to.is_empty()).then_some((from, to))
    }

    fn ends(&self, check: &mut Checker<'_>, word: &Word<'_>) -> Option<Vec<Endpoint>> {
        if word.text.is_empty() {
            check.say(&word.span, "a name is missing here", self.known());
            return None;
        }
        if let Some(seat) = self.stand_in(word.text) {
            return Some(vec![Endpoint::Seat(seat)]);
        }
        if let Some(group) = self.groups.get(word.text) {
            let exists = group.iter().all(|&node| self.check_exists(check, word, node));
            let seats = group.iter().map(|node| Endpoint::Seat(Seat(node.0)));
            return exists.then(|| seats.collect());
        }
        if let Some(node) = self.names.find(word.text) {
            let exists = self.check_exists(check, word, node);
            return exists.then(|| vec![Endpoint::Seat(Seat(node.0))]);
        }
        if let Some(number) = client_number(word.text) {
            if (1..=self.clients).contains(&number) {
                return Some(vec![Endpoint::Client(ClientId(number - 1))]);
            }
            let what = format!("there is no client `{}`", word.text);
            let help = match self.clients {
                0 => "the scenario has no `clients`".into(),
                1 => "the only client is c1".into(),
                count => format!("the clients are c1 to c{count}"),
            };
            check.say(&word.span, what, help);
            return None;
        }
        // Who names no node has one complaint already.
        if self.count > 0 {
            let what = format!("there is no node `{}`", word.text);
            check.say(&word.span, what, self.meant(word.text));
        }
        None
    }

    /// A swarm may draw fewer nodes than the scenario names.
    fn check_exists(&self, check: &mut Checker<'_>, word: &Word<'_>, node: NodeId) -> bool {
        let exists = node.0 < self.fewest;
        if !exists {
            let name = self.names.node(node);
            let what = format!("`{name}` does not exist in every seed");
            let help = format!("`node_count` draws clusters of as few as {} nodes", self.fewest);
            check.say(&word.span, what, help);
        }
        exists
    }

    /// What a node or client is called.
    pub(super) fn name(&self, end: Endpoint) -> String {
        match end {
            Endpoint::Seat(trap::IT) => "it".into(),
            Endpoint::Seat(trap::RECEIVER) => "receiver".into(),
            Endpoint::Seat(trap::REST) => "rest".into(),
            Endpoint::Seat(seat) => self.names.node(NodeId(seat.0)),
            Endpoint::Client(client) => self.names.client(client),
        }
    }

    /// The names, without the stand-ins for those that are refused.
    fn named(&self) -> impl Iterator<Item = &str> + Clone {
        self.names.iter().filter(|name| !name.is_empty())
    }

    fn known(&self) -> String {
        format!("the nodes are {}", suggest::list(self.named(), "and"))
    }

    fn meant(&self, word: &str) -> String {
        let groups = self.groups.keys().map(String::as_str);
        match suggest::closest(word, groups) {
            Some(group) => format!("did you mean the group `{group}`?"),
            None => suggest::did_you_mean(word, self.named(), "The nodes are"),
        }
    }
}

/// The sizes that a swarm may draw.
fn drawn_counts(check: &mut Checker<'_>, document: &Document) -> Vec<u32> {
    let Some(swarm) = section(&document.swarm) else { return Vec::new() };
    let counts = section(&swarm.node_count).map_or(&[][..], |counts| &counts.0);
    let mut drawn = Vec::new();
    for count in counts {
        match count.value {
            Some(0) => check.say(&count.span, "a cluster without nodes", "at least one: 3"),
            Some(many) if many > MOST_NODES => {
                check.say(&count.span, format!("{many} nodes are too many"), "10_000 are the most");
            }
            Some(number) => drawn.push(number),
            None => {}
        }
    }
    if counts.is_empty()
        && let Some(span) = span(&swarm.node_count)
    {
        check.say(&span, "there is no size to draw", "sizes of the cluster: [3, 5, 7]");
    }
    drawn
}

fn workload(document: &Document) -> u32 {
    let count = section(&document.clients).and_then(|clients| given(&clients.count)).unwrap_or(0);
    // More are a mistake that is told where they are counted; nobody makes room for them.
    count.min(MOST_CLIENTS)
}

fn clients(document: &Document) -> u32 {
    let lines = section(&document.script).map_or(&[][..], |lines| lines);
    let mut through: Vec<&str> = lines
        .iter()
        .filter_map(|line| line.value.as_ref()?.through.as_ref()?.value.as_deref())
        .collect();
    through.sort_unstable();
    through.dedup();
    workload(document).saturating_add(u32::try_from(through.len()).unwrap_or(u32::MAX))
}

fn check_name(check: &mut Checker<'_>, name: &str, span: &Range<usize>) {
    let letter = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let help = "a name is one word of letters, digits, _ and -: A, pool1";
    if name.is_empty() || !name.chars().all(letter) || name.starts_with('-') {
        check.say(span, format!("`{name}` cannot be a name"), help);
    } else if client_number(name).is_some() {
        check.say(span, format!("`{name}` is what a client is called"), "choose another name");
    } else if name.chars().count() > LONGEST_NAME {
        check.say(span, "this name is too long", "traces are read in columns: 20 letters at most");
    }
}

fn client_number(word: &str) -> Option<u32> {
    let digits = word.strip_prefix('c')?;
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    number.then(|| digits.parse().unwrap_or(u32::MAX))
}

const MOST_NODES: u32 = 10_000;
pub(super) const MOST_CLIENTS: u32 = 10_000;
const LONGEST_NAME: usize = 20;
