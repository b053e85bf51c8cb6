//! Clients: when they get something to do, and what becomes of it.

use std::collections::VecDeque;

use super::{Event, Simulation};
use crate::check::builtin;
use crate::client::{Answer, Client, ClientAct, ClientContext, ClientSetup, Scripted};
use crate::decide::{Parcel, Sent, ask};
use crate::hash::content;
use crate::history::Outcome;
use crate::id::{ClientId, NodeId, RequestId, Seat};
use crate::network::{Fate, Link, Passage, Port, Positions};
use crate::node::Input;
use crate::protocol::Protocol;
use crate::rng::Key;
use crate::time::{Duration, Time};
use crate::timers::{Alarm, Deadline, Surfaced};
use crate::trace::Happening;
use crate::world::{Endpoint, Pace};

/// Messages of clients are told from those of the seat beside which they sit by their position.
const CLIENT_POSITION: u32 = 1 << 23;

/// One client: its machine, and what it has still to do.
pub(super) struct ClientSeat<P: Protocol, C: Client<P>> {
    machine: C,
    cx: ClientContext<P, C>,
    /// The seat that it shares a place in the network with.
    beside: Option<Seat>,
    key: Key,
    /// Tasks that came while it was busy, each with its line of the script.
    queue: VecDeque<(C::Task, Option<u32>)>,
    /// Whether an operation is under way, and of which line.
    busy: Option<Option<u32>>,
    /// How many tasks the workload gave it.
    tasks: u32,
    /// How many operations it began.
    operations: u64,
    alarm: Alarm,
    positions: Positions,
    /// Whether what it asks must be answered: a script may say otherwise.
    counts: bool,
}

impl<P: Protocol, C: Client<P>> ClientSeat<P, C> {
    fn new(setup: ClientSetup, beside: Option<Seat>, key: Key) -> Self {
        Self {
            machine: C::new(&setup),
            cx: ClientContext { setup, now: Time::ZERO, draw: key.draw(), acts: Vec::new() },
            beside,
            key,
            queue: VecDeque::new(),
            busy: None,
            tasks: 0,
            operations: 0,
            alarm: Alarm::default(),
            positions: Positions::default(),
            counts: true,
        }
    }

    pub(super) const fn me(&self) -> ClientId {
        self.cx.setup.me
    }

    /// From here on its draws start from another key of all clients.
    pub(super) fn draw_from(&mut self, clients: Key) {
        self.key = key(clients, self.me());
    }

    pub(super) const fn counts(&self) -> bool {
        self.counts
    }
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    pub(super) fn seat_clients(&mut self) {
        self.clients.clear();
        for client in 0..self.world.clients.count {
            self.seat_client(ClientId(client), None);
        }
        let mut beside: Vec<NodeId> = self.script.iter().map(|line| line.through).collect();
        beside.sort();
        beside.dedup();
        for (client, node) in (self.world.clients.count..).zip(beside) {
            self.seat_client(ClientId(client), Some(Seat(node.0)));
        }
    }

    fn seat_client(&mut self, me: ClientId, beside: Option<Seat>) {
        let setup = ClientSetup {
            me,
            nodes: self.world.nodes,
            beside: beside.map(|seat| NodeId(seat.0)),
            timeout: self.world.clients.timeout,
            retry: self.world.clients.retry,
        };
        let key = key(self.keys.clients, me);
        self.clients.push(ClientSeat::new(setup, beside, key));
    }

    pub(super) fn plan_clients(&mut self) {
        for client in (0..self.world.clients.count).map(ClientId) {
            self.plan_arrival(client, self.world.clients.from);
        }
        for (number, line) in (0..).zip(&self.script) {
            self.queue.push(line.at, Event::Scripted { line: number });
        }
    }

    /// A client's next task comes so long after an instant.
    fn plan_arrival(&mut self, client: ClientId, after: Time) {
        if self.workload.is_none() {
            return;
        }
        let seat = &self.clients[client.index()];
        let mut draw = seat.key.about(u64::from(seat.tasks)).about(1).draw();
        let drawn = match self.world.clients.pace {
            Pace::Open { every } => crate::chance::Delay::exponential(every).draw(&mut draw),
            Pace::Closed { think } => think.draw(&mut draw),
        };
        let gap = ask(self.decider.as_ref(), drawn, |decider, drawn| decider.gap(client, drawn));
        let at = after.saturating_add(gap);
        if at < self.world.clients.until {
            self.queue.push(at, Event::Arrival { client });
        }
    }

    pub(super) fn task_arrives(&mut self, client: ClientId) {
        let Some(workload) = self.workload.clone() else { return };
        let seat = &mut self.clients[client.index()];
        seat.tasks += 1;
        let id = RequestId { client, number: seat.tasks };
        let drawn = seat.key.about(u64::from(seat.tasks)).about(2);
        let key = ask(self.decider.as_ref(), drawn, |decider, drawn| decider.stream(client, drawn));
        let task = workload(id, &mut key.draw());
        seat.queue.push_back((task, None));
        if let Pace::Open { .. } = self.world.clients.pace {
            self.plan_arrival(client, self.now);
        }
        self.next_task(client);
    }

    pub(super) fn scripted(&mut self, number: u32) {
        let line = &self.script[number as usize];
        let beside = Some(Seat(line.through.0));
        let client = self.clients.iter().position(|seat| seat.beside == beside);
        let client = client.expect("each line of the script has a client");
        self.clients[client].queue.push_back((line.task.clone(), Some(number)));
        let me = self.clients[client].me();
        self.next_task(me);
    }

    fn next_task(&mut self, client: ClientId) {
        while self.violation.is_none() && self.clients[client.index()].busy.is_none() {
            let Some((task, line)) = self.clients[client.index()].queue.pop_front() else { return };
            let expects = line.is_some_and(|line| self.script[line as usize].expect.is_some());
            let seat = &mut self.clients[client.index()];
            seat.busy = Some(line);
            seat.counts = !expects;
            seat.operations += 1;
            let drawn = seat.key.about(seat.operations).about(3);
            let key =
                ask(self.decider.as_ref(), drawn, |decider, drawn| decider.stream(client, drawn));
            seat.cx.draw = key.draw();
            self.drive(client, |machine, cx| machine.next(cx, task));
        }
    }

    pub(super) fn surface_client_timer(&mut self, client: ClientId, due: Deadline) -> Surfaced {
        self.clients[client.index()].alarm.surface(due)
    }

    pub(super) fn client_timer(&mut self, client: ClientId, due: Deadline) {
        if !self.clients[client.index()].alarm.ring(due) {
            return;
        }
        self.drive(client, Client::on_timer);
        self.next_task(client);
    }

    pub(super) fn deliver_request(
        &mut self,
        from: ClientId,
        to: Seat,
        id: RequestId,
        hash: u64,
        request: P::Request,
    ) {
        let link = Link { from: self.port_beside(from), to: Port(to.0) };
        let ends = (Endpoint::Client(from), Endpoint::Seat(to));
        match self.passage(link) {
            Passage::Open if self.nodes[to.index()].status.is_alive() => {
                self.input(to, || Input::Request { id, request });
            }
            Passage::Open => self.reach_nobody(ends),
            Passage::Cut => self.cut_in_flight(ends),
            Passage::Held => {
                self.hold(link, ends, Event::Request { from, to, id, hash, request });
            }
        }
    }

    pub(super) fn deliver_answer(
        &mut self,
        from: Seat,
        id: RequestId,
        hash: u64,
        answer: Answer<P::Reply>,
    ) {
        let client = id.client;
        let link = Link { from: Port(from.0), to: self.port_beside(client) };
        let ends = (Endpoint::Seat(from), Endpoint::Client(client));
        match self.passage(link) {
            Passage::Open => {
                let from = self.nodes[from.index()].identity;
                self.tell(|| Happening::Answered { client, from, id, answer: &answer });
                self.drive(client, |machine, cx| machine.on_answer(cx, from, id, answer));
                self.next_task(client);
            }
            Passage::Cut => self.cut_in_flight(ends),
            Passage::Held => self.hold(link, ends, Event::Answer { from, id, hash, answer }),
        }
    }

    pub(super) fn send_answer(
        &mut self,
        from: Seat,
        id: RequestId,
        hash: u64,
        answer: Answer<P::Reply>,
    ) {
        let link = Link { from: Port(from.0), to: self.port_beside(id.client) };
        let position = self.nodes[from.index()].positions.next(self.now, link.to);
        let (from_end, to_end) = (Endpoint::Seat(from), Endpoint::Client(id.client));
        let sent = Sent { from: from_end, to: to_end, what: Parcel::Reply };
        let fate = self.fate(link, position, &sent);
        self.travel(to_end, fate, || Event::Answer { from, id, hash, answer: answer.clone() });
    }

    /// Calls a client's handler, and does what it says.
    fn drive(&mut self, client: ClientId, call: impl FnOnce(&mut C, &mut ClientContext<P, C>)) {
        let seat = &mut self.clients[client.index()];
        seat.cx.now = self.now;
        call(&mut seat.machine, &mut seat.cx);
        let mut acts = std::mem::take(&mut seat.cx.acts);
        for act in acts.drain(..) {
            self.act(client, act);
        }
        self.clients[client.index()].cx.acts = acts;
    }

    fn act(&mut self, client: ClientId, act: ClientAct<P, C>) {
        match act {
            ClientAct::Invoke { id, asked } => {
                self.fingerprint.absorb(content(&asked));
                self.tell(|| Happening::Invoked { id, asked: &asked });
                self.history.invoke(id, asked, self.now);
            }
            ClientAct::Complete { outcome } => self.complete(client, outcome),
            ClientAct::Send { to, id, request } => self.send_request(client, to, id, &request),
            ClientAct::SetTimer { after } => self.set_client_timer(client, after),
            ClientAct::CancelTimer => self.clients[client.index()].alarm.cancel(),
        }
    }

    fn set_client_timer(&mut self, client: ClientId, after: Duration) {
        let deadline = (self.now.saturating_add(after), self.queue.arrive());
        if self.clients[client.index()].alarm.set(deadline) {
            self.queue.push_as(deadline.0, deadline.1, Event::ClientTimer { client });
        }
    }

    fn send_request(&mut self, from: ClientId, to: NodeId, id: RequestId, request: &P::Request) {
        self.tell(|| Happening::Asked { id, to });
        let hash = content(request);
        // Twins share an identity: whoever asks the one asks the other too.
        self.send_request_to_seat(from, Seat(to.0), id, hash, request);
        for twin in (self.world.nodes..).map(Seat).take(self.world.twins.len()) {
            if self.world.identity(twin) == to {
                self.send_request_to_seat(from, twin, id, hash, request);
            }
        }
    }

    fn send_request_to_seat(
        &mut self,
        from: ClientId,
        to: Seat,
        id: RequestId,
        hash: u64,
        request: &P::Request,
    ) {
        let seat = &mut self.clients[from.index()];
        let position = CLIENT_POSITION + seat.positions.next(self.now, Port(to.0));
        let link = Link { from: self.port_beside(from), to: Port(to.0) };
        let (from_end, to_end) = (Endpoint::Client(from), Endpoint::Seat(to));
        let sent = Sent { from: from_end, to: to_end, what: Parcel::Request };
        let fate = self.fate(link, position, &sent);
        self.travel(to_end, fate, || Event::Request {
            from,
            to,
            id,
            hash,
            request: request.clone(),
        });
    }

    fn complete(&mut self, client: ClientId, outcome: Outcome<C::Told>) {
        let answered = matches!(outcome, Outcome::Ok(_));
        let invoked = self.history.open(client).map_or(self.now, |open| open.invoked.time);
        let unkept = self.judge_answer(invoked, answered);
        let operation = self.history.complete(client, outcome, self.now);
        let id = operation.id;
        self.fingerprint.absorb(content(&operation.outcome));
        if let Some(trace) = &mut self.trace {
            let (asked, outcome) = (&operation.asked, &operation.outcome);
            trace.happened(self.now, &Happening::Completed { id, asked, outcome });
        }
        let line = self.clients[client.index()].busy.take().flatten();
        let expected = line.and_then(|line| self.script[line as usize].expect.as_ref());
        let (asked, told) = (&operation.asked, &operation.outcome);
        let wrong = match (expected, unkept) {
            (Some(expected), _) if !expected.is_met_by(told) => {
                let message = format!("{id} {asked:?} was to end {expected}, and ended {told}");
                Some((builtin::SCRIPT, message))
            }
            (None, Some(unkept)) => {
                Some((builtin::REPLY, format!("{id} {asked:?} {unkept}: it ended {told}")))
            }
            _ => None,
        };
        if let Some((property, message)) = wrong {
            self.violate(property, None, message);
        }
        if line.is_none() && matches!(self.world.clients.pace, Pace::Closed { .. }) {
            self.plan_arrival(client, self.now);
        }
    }

    /// A line of the script that is not over when the run is has not ended as it was to, unless it
    /// was never to be acknowledged.
    pub(super) fn judge_open_script(&mut self) {
        let open = self.clients.iter().filter_map(|seat| seat.busy.flatten());
        let queued = self.clients.iter().flat_map(|seat| &seat.queue).filter_map(|task| task.1);
        let late = (0..).zip(&self.script).filter(|(_, line)| line.at > self.world.end);
        let unfinished = open.chain(queued).chain(late.map(|(number, _)| number));
        let unmet = |line: &Scripted<C::Task, C::Told>| {
            let expected = line.expect.as_ref()?;
            let unmet = !expected.is_met_by(&Outcome::Unknown);
            unmet.then(|| format!("{:?} was to end {expected}, and did not end", line.task))
        };
        if let Some(message) =
            unfinished.filter_map(|line| unmet(&self.script[line as usize])).next()
        {
            self.violate(builtin::SCRIPT, None, message);
        }
    }

    /// Where in the network a client is.
    fn port_beside(&self, client: ClientId) -> Port {
        match self.clients[client.index()].beside {
            Some(seat) => Port(seat.0),
            None => self.network.port(Endpoint::Client(client)),
        }
    }

    /// What passes between a client and the node that it sits beside takes no network.
    fn passage(&self, link: Link) -> Passage {
        if link.from == link.to { Passage::Open } else { self.network.passage(link) }
    }

    fn fate(&self, link: Link, position: u32, sent: &Sent) -> Fate {
        if link.from == link.to {
            return Fate::Arrives { after: Duration::ZERO, copy: None };
        }
        let drawn = match self.network.fate(link, self.now, position) {
            // A client speaks over a connection: what it says may be lost or late, but is not doubled.
            // Else a redirection would settle one copy of a request while the other takes effect.
            Fate::Arrives { after, copy: _ } => Fate::Arrives { after, copy: None },
            fate => fate,
        };
        ask(self.decider.as_ref(), drawn, |decider, drawn| decider.fate(sent, drawn))
    }
}

/// Where the draws of a client start from.
const fn key(clients: Key, me: ClientId) -> Key {
    clients.about(me.0 as u64)
}
