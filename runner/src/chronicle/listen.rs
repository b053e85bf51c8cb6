//! How a chronicle comes about: what happens, put down in order, each with what it came of.

use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use sim_core::check::Violation;
use sim_core::client::{Answer, Client};
use sim_core::context::Effect as Done;
use sim_core::fault::{Fault, FaultKind};
use sim_core::history::Outcome as Ending;
use sim_core::id::{ClientId, NodeId};
use sim_core::protocol::{DiskDone, Protocol, Tag};
use sim_core::trace::{Cause, Happening, Trace, Undelivered};
use sim_core::world::{Endpoint, World};
use sim_core::{Fate, RequestId, Seat, Time};

use super::post::Post;
use super::states::State;
use super::{Chronicle, Effect, End, Event, EventId, Message, MessageId, Operation, What};
use crate::names::{self, Names};
use crate::outcome::{Outcome, Verdict};
use crate::story::cast::Cast;
use crate::story::{self, notes, words};

/// Writes a chronicle while a run goes on.
pub(crate) struct Listener {
    cast: Cast,
    kinds: &'static [&'static str],
    events: Vec<Event>,
    messages: Vec<Message>,
    operations: Vec<Operation>,
    violation: Option<EventId>,
    post: Post,
    seats: Vec<SeatNow>,
    /// By client: what happened there last.
    clients: Vec<Option<EventId>>,
    /// The number of the last event of the queue that is over.
    number: u64,
    /// What happened last in this event of the queue: what follows comes of it.
    now: Option<EventId>,
    /// What was just sent, before it is known what becomes of it.
    sent: Option<Sent>,
    /// By request: where its operation is.
    known: BTreeMap<RequestId, usize>,
}

/// What is remembered of a seat.
#[derive(Default)]
struct SeatNow {
    last: Option<EventId>,
    role: &'static str,
    state: State,
    /// By name: what set each timer.
    timers: BTreeMap<Rc<str>, EventId>,
    /// What began each sync.
    syncs: BTreeMap<Tag, EventId>,
    /// The step that waits at a barrier.
    waiting: Option<EventId>,
}

/// Something that was sent.
struct Sent {
    from: Endpoint,
    kind: &'static str,
    text: Rc<str>,
    request: Option<RequestId>,
}

impl Listener {
    /// Nothing has happened yet in this world. The names of the kinds of messages are as the protocol
    /// counts them.
    pub(crate) fn new(names: &Names, kinds: &'static [&'static str], world: &World) -> Self {
        Self {
            cast: Cast::new(names.clone().continued(world.nodes), world.clone()),
            kinds,
            events: Vec::new(),
            messages: Vec::new(),
            operations: Vec::new(),
            violation: None,
            post: Post::default(),
            seats: (0..world.seats()).map(|_| SeatNow::default()).collect(),
            clients: Vec::new(),
            number: 0,
            now: None,
            sent: None,
            known: BTreeMap::new(),
        }
    }

    /// The chronicle of a run that is over, and ended like this.
    pub(crate) fn finish(mut self, outcome: Outcome) -> Chronicle {
        if let Verdict::Violated(violation) = &outcome.verdict {
            let blamed = story::operations_blamed(&violation.message);
            for operation in &mut self.operations {
                operation.is_blamed = blamed.contains(&operation.id);
            }
            if self.violation.is_none() {
                // What was judged after the run went wrong when the last of the operations that it
                // names was over.
                let blamed = self.operations.iter().filter(|it| it.is_blamed);
                self.now = blamed.filter_map(|operation| operation.completed).max();
                self.number = violation.event.saturating_sub(1);
                self.violated(violation.time, violation);
            }
        }
        let seats = (0..self.cast.world.seats()).map(|seat| Endpoint::Seat(Seat(seat)));
        let clients = (0..).map(ClientId).zip(&self.clients).map(|(id, _)| Endpoint::Client(id));
        Chronicle {
            places: seats.chain(clients).collect(),
            names: self.cast.names,
            world: self.cast.world,
            kinds: self.kinds,
            events: self.events,
            messages: self.messages,
            operations: self.operations,
            violation: self.violation,
            outcome,
        }
    }

    fn hear<P: Protocol, C: Client<P>>(&mut self, time: Time, what: &Happening<'_, P, C>) {
        let spoke_first = notes::come_before(what);
        if !spoke_first {
            self.take_notes();
        }
        match what {
            Happening::Input { seat, cause, state } => {
                self.seats[seat.index()].role = state.role();
                self.input(time, *seat, cause);
            }
            Happening::Effect { seat, effect } => self.effect(*seat, effect),
            Happening::Fate { to, fate } => self.fate(time, *to, *fate),
            Happening::Durable { seat } => {
                let step = self.seats[seat.index()].waiting.take();
                self.happens(time, Some(Endpoint::Seat(*seat)), What::Durable, step);
            }
            Happening::Stepped { seat, state } => {
                let printed = format!("{state:#?}");
                self.stepped(*seat, state.role(), printed);
            }
            Happening::Undelivered { to, from, why } => self.undelivered(time, *from, *to, *why),
            Happening::FaultBegins { fault } => {
                let text = words::fault_begins(&self.cast, fault);
                let what = What::FaultBegins { fault: Rc::new((*fault).clone()), text };
                self.fault(time, fault, what);
            }
            Happening::FaultEnds { fault } => {
                let text = words::fault_ends(&self.cast, fault);
                let what = What::FaultEnds { fault: Rc::new((*fault).clone()), text };
                self.fault(time, fault, what);
            }
            // The fault itself is told when it begins, and a message's fate next.
            Happening::Sprung { .. } | Happening::Tampered => {}
            Happening::Lied { honest, lied, .. } => {
                for line in words::lied(&self.cast, honest, lied) {
                    self.add(Effect::Lies(self.cast.names.rename(&line.text)));
                }
            }
            Happening::Crashed { seat, cut } => self.crashed(time, *seat, *cut),
            Happening::Invoked { id, asked } => self.invoked(time, *id, *asked),
            Happening::Asked { id, to: _ } => self.asked(time, *id),
            Happening::Answered { client, from, id, answer } => {
                self.answered(time, *client, *from, *id, answer);
            }
            Happening::Completed { id, asked: _, outcome } => self.completed(time, *id, outcome),
            Happening::Violated { violation } => self.violated(time, violation),
        }
        if spoke_first {
            self.take_notes();
        }
    }

    /// Puts down what happened; what follows comes of it.
    fn happens(
        &mut self,
        time: Time,
        place: Option<Endpoint>,
        what: What,
        cause: Option<EventId>,
    ) -> EventId {
        let id = EventId(self.events.len());
        let role = match place {
            Some(Endpoint::Seat(seat)) => self.seats[seat.index()].role,
            Some(Endpoint::Client(_)) | None => "",
        };
        // One fault does not bring about the next.
        let before = place.and_then(|place| self.last(place).replace(id));
        let cause = cause.filter(|cause| Some(*cause) != before);
        let (effects, changed) = (Vec::new(), Vec::new());
        let number = self.number + 1;
        self.events.push(Event {
            number,
            time,
            place,
            what,
            cause,
            before,
            role,
            effects,
            changed,
        });
        self.now = Some(id);
        self.sent = None;
        id
    }

    /// What happened last at a place.
    fn last(&mut self, place: Endpoint) -> &mut Option<EventId> {
        match place {
            Endpoint::Seat(seat) => &mut self.seats[seat.index()].last,
            Endpoint::Client(client) => {
                if self.clients.len() <= client.index() {
                    self.clients.resize(client.index() + 1, None);
                }
                &mut self.clients[client.index()]
            }
        }
    }

    fn add(&mut self, effect: Effect) {
        if let Some(now) = self.now {
            self.events[now.0].effects.push(effect);
        }
    }

    fn renamed(&self, value: &dyn fmt::Debug) -> String {
        self.cast.names.rename(&format!("{value:?}"))
    }

    fn input<P: Protocol>(&mut self, time: Time, seat: Seat, cause: &Cause<'_, P>) {
        let me = Endpoint::Seat(seat);
        let (what, why) = match cause {
            Cause::Start { found } => {
                self.forget(me, time, None);
                let line = words::cause(&self.cast, cause);
                let found = found.map(|_| self.cast.names.rename(&line.text));
                (What::Start { found }, self.now)
            }
            Cause::Message { from, message } => {
                let text = self.renamed(message);
                let is_it = |message: &Message| *message.text == *text;
                return self.received(time, Endpoint::Seat(*from), me, is_it);
            }
            Cause::Request { id, request } => {
                let is_it = |message: &Message| message.request == Some(*id);
                let text = self.renamed(request);
                self.received(time, Endpoint::Client(id.client), me, is_it);
                if let Some(What::Received(id)) = self.events.last().map(|event| &event.what) {
                    self.messages[id.0].text = text.into();
                }
                return;
            }
            Cause::Timer { timer } => {
                let name: Rc<str> = format!("{timer:?}").into();
                let set = self.seats[seat.index()].timers.remove(&name);
                (What::Timer(name), set)
            }
            Cause::Disk { done } => {
                let (DiskDone::Synced(tag) | DiskDone::Failed(tag)) = done;
                let began = self.seats[seat.index()].syncs.remove(tag);
                (What::Disk { text: words::cause(&self.cast, cause).text }, began)
            }
        };
        self.happens(time, Some(me), what, why);
    }

    /// Something that was sent arrives.
    fn received(
        &mut self,
        time: Time,
        from: Endpoint,
        to: Endpoint,
        is_it: impl Fn(&Message) -> bool,
    ) {
        let messages = &self.messages;
        let id = self.post.arrives(from, to, time, |id| is_it(&messages[id.0]));
        let id = id.expect("what arrives was sent");
        let sent = self.messages[id.0].sent;
        let received = self.happens(time, Some(to), What::Received(id), Some(sent));
        self.messages[id.0].end = End::Received(received);
    }

    fn effect<P: Protocol>(&mut self, seat: Seat, effect: &Done<P>) {
        let text = words::effect(&self.cast, effect).text;
        let text = self.cast.names.rename(&text);
        let from = Endpoint::Seat(seat);
        let answer = |kind, request: &RequestId, text: String| Sent {
            from,
            kind,
            text: text.into(),
            request: Some(*request),
        };
        let now = self.now;
        let seat = &mut self.seats[seat.index()];
        let effect = match effect {
            Done::Send { message, .. } => {
                let kind = names::message(self.kinds, P::kind(message));
                self.sent = Some(Sent { from, kind, text: text.into(), request: None });
                return;
            }
            Done::Reply { request, .. } => {
                self.sent = Some(answer("reply", request, text));
                return;
            }
            Done::Redirect { request, .. } => {
                self.sent = Some(answer("redirect", request, text));
                return;
            }
            Done::SetTimer { timer, delay } => {
                let timer: Rc<str> = format!("{timer:?}").into();
                seat.timers.extend(now.map(|now| (Rc::clone(&timer), now)));
                Effect::SetTimer { timer, delay: words::delay(*delay) }
            }
            Done::CancelTimer { timer } => {
                let timer: Rc<str> = format!("{timer:?}").into();
                seat.timers.remove(&timer);
                Effect::CancelTimer { timer }
            }
            Done::Write { .. } => Effect::Write { record: text },
            Done::Checkpoint { .. } => Effect::Checkpoint { text },
            Done::Sync { tag } => {
                seat.syncs.extend(now.map(|now| (*tag, now)));
                Effect::Sync { text }
            }
            Done::Flush => {
                seat.waiting = now;
                Effect::Flush
            }
            Done::Reached { point } => Effect::Reached(point),
        };
        self.add(effect);
    }

    fn fate(&mut self, time: Time, to: Endpoint, fate: Fate) {
        let Some(sent) = self.now else { return };
        let (arrivals, end) = match fate {
            Fate::Cut => ([None, None], End::Cut(None)),
            Fate::Lost => ([None, None], End::Lost),
            Fate::Arrives { after, copy } => ([Some(after), copy], End::UnderWay),
        };
        for (nth, latency) in arrivals.into_iter().enumerate() {
            let is_copy = nth > 0;
            if is_copy && latency.is_none() {
                continue;
            }
            let Some(Sent { from, kind, text, request }) = &self.sent else { return };
            let (from, id) = (*from, MessageId(self.messages.len()));
            let (kind, text, request) = (*kind, Rc::clone(text), *request);
            let message = Message { kind, text, request, from, to, sent, latency, is_copy, end };
            self.messages.push(message);
            if let Some(latency) = latency {
                self.post.sends(from, to, time.saturating_add(latency), id);
            }
            self.add(Effect::Sent(id));
        }
    }

    fn stepped(&mut self, seat: Seat, role: &'static str, printed: String) {
        let now = &mut self.seats[seat.index()];
        let changed = now.state.becomes(printed, &self.cast.names);
        if std::mem::replace(&mut now.role, role) != role {
            self.add(Effect::Becomes(role));
        }
        if let Some(event) = self.now.and_then(|now| self.events.get_mut(now.0)) {
            event.role = role;
            event.changed = changed;
        }
    }

    fn undelivered(&mut self, time: Time, from: Endpoint, to: Endpoint, why: Undelivered) {
        let Some(id) = self.post.fails(from, to, time) else { return };
        self.messages[id.0].end = match why {
            Undelivered::Cut => End::Cut(Some(time)),
            Undelivered::Down => End::Down(time),
            Undelivered::Held => {
                self.post.holds(from, to, id);
                match self.messages[id.0].end {
                    End::Held(since) => End::Held(since),
                    _ => End::Held(time),
                }
            }
        };
    }

    fn fault(&mut self, time: Time, fault: &Fault, what: What) {
        if matches!(what, What::FaultEnds { .. }) || fault.kind == FaultKind::Heal {
            self.post.releases(time);
        }
        self.happens(time, None, what, None);
    }

    fn crashed(&mut self, time: Time, seat: Seat, cut: Option<(usize, usize)>) {
        let me = Endpoint::Seat(seat);
        self.forget(me, time, Some(time));
        self.seats[seat.index()].role = "down";
        self.happens(time, Some(me), What::Crash { cut }, self.now);
    }

    /// What a process that is gone had before it is nobody's: what waited for it, its timers and syncs,
    /// and what it knew.
    fn forget(&mut self, me: Endpoint, before: Time, at: Option<Time>) {
        for (due, id) in self.post.forgets(me, before) {
            self.messages[id.0].end = End::Forgotten(at.unwrap_or(due));
        }
        if let Endpoint::Seat(seat) = me {
            let seat = &mut self.seats[seat.index()];
            *seat = SeatNow { last: seat.last, role: seat.role, ..SeatNow::default() };
        }
    }

    fn invoked(&mut self, time: Time, id: RequestId, asked: &dyn fmt::Debug) {
        let asked = self.renamed(asked);
        let place = Endpoint::Client(id.client);
        let invoked = self.happens(time, Some(place), What::Invoked(id), self.now);
        self.known.insert(id, self.operations.len());
        self.operations.push(Operation {
            id,
            asked,
            invoked,
            completed: None,
            told: None,
            is_ok: false,
            is_blamed: false,
        });
    }

    /// A client sends a request: when it begins an operation, or once more.
    fn asked(&mut self, time: Time, id: RequestId) {
        let from = Endpoint::Client(id.client);
        self.client_acts(time, id.client);
        let operation = self.known.get(&id).map(|&place| self.operations[place].asked.as_str());
        let text = operation.unwrap_or_default().into();
        self.sent = Some(Sent { from, kind: "request", text, request: Some(id) });
    }

    fn answered<R: fmt::Debug>(
        &mut self,
        time: Time,
        client: ClientId,
        from: NodeId,
        id: RequestId,
        answer: &Answer<R>,
    ) {
        let (text, _) = words::answer(&self.cast, answer);
        let text = self.cast.names.rename(&text);
        let seats = (0..self.cast.world.seats()).map(Seat);
        let mut seats = seats.filter(|seat| self.cast.world.identity(*seat) == from);
        let is_it = |message: &Message| message.request == Some(id) && *message.text == *text;
        let messages = &self.messages;
        let to = Endpoint::Client(client);
        let arrived = seats.find_map(|seat| {
            self.post.arrives(Endpoint::Seat(seat), to, time, |id| is_it(&messages[id.0]))
        });
        let arrived = arrived.expect("what is answered was sent");
        let sent = self.messages[arrived.0].sent;
        let received = self.happens(time, Some(to), What::Received(arrived), Some(sent));
        self.messages[arrived.0].end = End::Received(received);
    }

    fn completed<R: fmt::Debug>(&mut self, time: Time, id: RequestId, outcome: &Ending<R>) {
        self.client_acts(time, id.client);
        self.add(Effect::Completed(id));
        let told = self.cast.names.rename(&outcome.to_string());
        let Some(&place) = self.known.get(&id) else { return };
        let operation = &mut self.operations[place];
        operation.completed = self.now;
        operation.told = Some(told);
        operation.is_ok = matches!(outcome, Ending::Ok(_));
    }

    /// A client that does something in an event in which nothing has happened to it has waited for it.
    fn client_acts(&mut self, time: Time, client: ClientId) {
        let place = Some(Endpoint::Client(client));
        if self.now.is_none_or(|now| self.events[now.0].place != place) {
            self.happens(time, place, What::Waited, self.now);
        }
    }

    fn violated(&mut self, time: Time, violation: &Violation) {
        let place = violation.seat.map(Endpoint::Seat);
        let message = self.cast.names.rename(&violation.message);
        let what = What::Violation { property: violation.property, message };
        self.violation = Some(self.happens(time, place, what, self.now));
    }

    /// What handlers said since the last time belongs to what was put down last.
    fn take_notes(&mut self) {
        for note in notes::take() {
            self.add(Effect::Note(self.cast.names.rename(&note.text)));
        }
    }
}

impl<P: Protocol, C: Client<P>> Trace<P, C> for Listener {
    fn happened(&mut self, time: Time, what: &Happening<'_, P, C>) {
        self.hear(time, what);
    }

    fn event_over(&mut self, number: u64, _: Time, _: u64) {
        self.number = number;
        self.now = None;
        self.sent = None;
        notes::clear();
    }
}
