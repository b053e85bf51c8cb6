//! How a story comes about: what happens, put down as causes with what came of them.

mod clients;

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use sim_core::client::Client;
use sim_core::context::Effect;
use sim_core::fault::{Fault, FaultKind};
use sim_core::id::ClientId;
use sim_core::trace::{Cause, Happening, Undelivered};
use sim_core::world::Endpoint;
use sim_core::{Fate, Protocol, RequestId, Seat, Time};
use tracing::Level;

use super::block::{Block, Line, Odd, Sort};
use super::paint::Ink;
use super::state::Change;
use super::{Story, notes, words};

/// What has to be remembered from one event to the next.
#[derive(Default)]
pub(super) struct Memory {
    /// The number of the last event that is over.
    event: u64,
    /// Who acts, if what happens now may come of it.
    actor: Option<Actor>,
    seats: Vec<SeatNow>,
    /// Operations that are not over: when each began.
    open: BTreeMap<RequestId, Time>,
    /// What the last line of the last block says was sent.
    sent: Option<Sent>,
    /// The line that says what a client asks, while it asks.
    asking: Option<Asking>,
    /// What is under way, by (when it is due, from, to), in the order of sending.
    flying: BTreeMap<(Time, Endpoint, Endpoint), VecDeque<Letter>>,
    /// What a clog holds.
    held: BTreeMap<(Endpoint, Endpoint), VecDeque<Letter>>,
    /// Whose last line says that it waits for its disk.
    flushing: Option<Seat>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Actor {
    Seat(Seat),
    Client(ClientId),
    World,
}

#[derive(Clone, Default)]
struct SeatNow {
    role: &'static str,
    /// When its last step began.
    since: Time,
    /// Its disk makes nothing durable.
    refuses: bool,
    /// What it was before its last step, if that is to be told.
    before: Option<Rc<str>>,
}

/// Something that was sent, as it is told of if it does not arrive.
#[derive(Clone)]
struct Letter {
    text: Rc<str>,
    sort: Sort,
}

struct Sent {
    from: Endpoint,
    line: usize,
    letter: Letter,
}

#[derive(Clone, Copy)]
struct Asking {
    id: RequestId,
    line: usize,
    /// How many nodes it asked.
    nodes: u32,
}

impl Memory {
    pub(super) fn event_over(&mut self, number: u64, now: Time) {
        self.event = number;
        self.actor = None;
        self.sent = None;
        self.asking = None;
        self.flushing = None;
        while let Some(entry) = self.flying.first_entry()
            && entry.key().0 < now
        {
            entry.remove();
        }
    }

    fn seat(&mut self, seat: Seat) -> &mut SeatNow {
        if self.seats.len() <= seat.index() {
            self.seats.resize(seat.index() + 1, SeatNow::default());
        }
        &mut self.seats[seat.index()]
    }

    fn role(&self, end: Endpoint) -> &'static str {
        match end {
            Endpoint::Seat(seat) => self.seats.get(seat.index()).map_or("", |now| now.role),
            Endpoint::Client(_) => "",
        }
    }
}

impl Story {
    /// Puts down what happened.
    pub(super) fn hear<P: Protocol, C: Client<P>>(
        &mut self,
        time: Time,
        what: &Happening<'_, P, C>,
    ) {
        let spoke_first = notes::come_before(what);
        if !spoke_first {
            self.take_notes();
        }
        match what {
            Happening::Input { seat, cause, state } => {
                self.memory.seat(*seat).role = role(*state);
                self.memory.seat(*seat).since = time;
                let from = match cause {
                    Cause::Message { from, .. } => Some(Endpoint::Seat(*from)),
                    Cause::Request { id, .. } => Some(Endpoint::Client(id.client)),
                    Cause::Start { .. } | Cause::Timer { .. } | Cause::Disk { .. } => None,
                };
                let line = words::cause(&self.cast, cause);
                self.begin(time, Actor::Seat(*seat), line);
                self.involve(from);
                self.memory.seat(*seat).before = self.state_of(*seat, *state);
            }
            Happening::Effect { seat, effect } => self.effect(*seat, effect),
            Happening::Fate { to, fate } => self.fate(time, *to, *fate),
            Happening::Durable { seat } => {
                let since = self.memory.seat(*seat).since;
                let text = format!("durable: the step of {since} goes on");
                let line = Line::new("disk", text, Sort::Disk, Ink::Plain);
                self.begin(time, Actor::Seat(*seat), line);
            }
            Happening::Stepped { seat, state } => {
                self.stepped(*seat, role(*state));
                let after = self.state_of(*seat, *state);
                self.changed(*seat, after);
            }
            Happening::Undelivered { to, from, why } => self.undelivered(time, *from, *to, *why),
            Happening::FaultBegins { fault } => self.fault(time, fault, true),
            Happening::FaultEnds { fault } => self.fault(time, fault, false),
            Happening::Sprung { seat, fault } => {
                let text = words::sprung(&self.cast, fault);
                let line = Line::new("springs", text, Sort::Fault, Ink::Fault);
                self.follow(time, Actor::Seat(*seat), line);
            }
            // What becomes of the message is told next.
            Happening::Tampered => {}
            Happening::Lied { honest, lied, .. } => {
                for line in words::lied(&self.cast, honest, lied) {
                    self.add(line);
                }
            }
            Happening::Crashed { seat, cut } => self.crashed(time, *seat, *cut),
            Happening::Invoked { id, asked } => self.invoked(time, *id, &format!("{asked:?}")),
            Happening::Asked { id, to } => self.asked(time, *id, *to),
            Happening::Answered { client, from, id, answer } => {
                self.answered(time, *client, *from, *id, answer);
            }
            Happening::Completed { id, asked, outcome } => {
                self.completed(time, *id, &format!("{asked:?}"), outcome);
            }
            Happening::Violated { violation } => {
                let line =
                    Line::new("VIOLATED", violation.property, Sort::Violation, Ink::Violation);
                let actor = violation.seat.map_or(Actor::World, Actor::Seat);
                self.follow(time, actor, line);
            }
        }
        if spoke_first {
            self.take_notes();
        }
    }

    fn effect<P: Protocol>(&mut self, seat: Seat, effect: &Effect<P>) {
        self.did_not_wait(seat, "durable at once");
        let line = words::effect(&self.cast, effect);
        let text = match effect {
            Effect::Send { .. } => Some(line.text.clone()),
            Effect::Reply { request, .. } | Effect::Redirect { request, .. } => {
                Some(format!("{request} {}", line.text))
            }
            Effect::Flush => {
                self.memory.flushing = Some(seat);
                None
            }
            Effect::SetTimer { .. }
            | Effect::CancelTimer { .. }
            | Effect::Write { .. }
            | Effect::Checkpoint { .. }
            | Effect::Sync { .. }
            | Effect::Reached { .. } => None,
        };
        let sort = line.sort;
        let line = self.add(line);
        self.memory.sent = text.map(|text| Sent {
            from: Endpoint::Seat(seat),
            line,
            letter: Letter { text: text.into(), sort },
        });
    }

    /// What was said to wait for the disk went on at the same instant.
    fn did_not_wait(&mut self, seat: Seat, instead: &str) {
        if self.memory.flushing.take() == Some(seat)
            && let Some(line) = self.blocks.back_mut().and_then(|block| block.lines.last_mut())
        {
            line.text = instead.into();
        }
    }

    fn fate(&mut self, time: Time, to: Endpoint, fate: Fate) {
        let Some(Sent { from, line, letter }) = &self.memory.sent else { return };
        let Some(block) = self.blocks.back_mut() else { return };
        let line = &mut block.lines[*line];
        block.involved.insert(to);
        line.receivers += 1;
        let odd = match fate {
            Fate::Cut => Some(Odd::Cut),
            Fate::Lost => Some(Odd::Lost),
            Fate::Arrives { copy: Some(_), .. } => Some(Odd::Twice),
            Fate::Arrives { copy: None, .. } => None,
        };
        line.fates.extend(odd.map(|odd| (to, odd)));
        if let Fate::Arrives { after, copy } = fate {
            for after in [Some(after), copy].into_iter().flatten() {
                let due = (time.saturating_add(after), *from, to);
                self.memory.flying.entry(due).or_default().push_back(letter.clone());
            }
        }
    }

    fn stepped(&mut self, seat: Seat, role: &'static str) {
        self.did_not_wait(seat, "durable at once");
        let before = std::mem::replace(&mut self.memory.seat(seat).role, role);
        if before != role {
            let now = if role.is_empty() { "node" } else { role };
            let text = if before.is_empty() { now.into() } else { format!("{now}, was {before}") };
            self.add(Line::new("becomes", text, Sort::Role, Ink::Turn));
        }
    }

    /// What a process knows, if that is to be told.
    fn state_of<P: Protocol>(&self, seat: Seat, state: &P) -> Option<Rc<str>> {
        let is_told = self.options.tells_state_of(&self.cast, seat);
        is_told.then(|| format!("{state:#?}").into())
    }

    fn changed(&mut self, seat: Seat, after: Option<Rc<str>>) {
        let before = self.memory.seat(seat).before.take();
        let (Some(before), Some(mut after)) = (before, after) else { return };
        if before == after {
            // What is told of thousands of steps is kept once.
            after = Rc::clone(&before);
        }
        // A state takes the room of some lines.
        self.lines += Block::STATE_LINES;
        if let Some(block) = self.blocks.back_mut() {
            block.state = Some(Change { before, after });
        }
    }

    fn undelivered(&mut self, time: Time, from: Endpoint, to: Endpoint, why: Undelivered) {
        let letter = match self.memory.flying.get_mut(&(time, from, to)) {
            Some(letters) if !letters.is_empty() => letters.pop_front(),
            _ => self.memory.held.get_mut(&(from, to)).and_then(VecDeque::pop_front),
        };
        let (what, sort) = match &letter {
            Some(letter) => (&*letter.text, letter.sort),
            None => ("something", Sort::Fault),
        };
        let why_not = words::undelivered(&self.cast.endpoint(to), why);
        let op = format!("x  {}", self.cast.endpoint(from));
        let line = Line::new(op, format!("{what}: {why_not}"), sort, Ink::Dim);
        let actor = match to {
            Endpoint::Seat(seat) => Actor::Seat(seat),
            Endpoint::Client(client) => Actor::Client(client),
        };
        self.begin(time, actor, line);
        self.involve([from]);
        if why == Undelivered::Held {
            self.memory.held.entry((from, to)).or_default().extend(letter);
        }
    }

    fn fault(&mut self, time: Time, fault: &Fault, begins: bool) {
        let text = if begins {
            words::fault_begins(&self.cast, fault)
        } else {
            words::fault_ends(&self.cast, fault)
        };
        if let FaultKind::DiskFails { seats } = &fault.kind {
            seats.iter().for_each(|&seat| self.memory.seat(seat).refuses = begins);
        }
        if !begins || fault.kind == FaultKind::Heal {
            // What a clog held is on its way again.
            for ((from, to), letters) in std::mem::take(&mut self.memory.held) {
                self.memory.flying.entry((time, from, to)).or_default().extend(letters);
            }
        }
        self.begin(time, Actor::World, Line::new("", text, Sort::Fault, Ink::Fault));
    }

    fn crashed(&mut self, time: Time, seat: Seat, cut: Option<(usize, usize)>) {
        let SeatNow { since, refuses, .. } = *self.memory.seat(seat);
        self.memory.seat(seat).before = None;
        let in_step = self.memory.actor == Some(Actor::Seat(seat));
        if refuses {
            self.did_not_wait(seat, "refused");
        }
        let effects =
            |all: usize| if all == 1 { "1 effect".into() } else { format!("{all} effects") };
        let rest = match cut {
            None => "what was only in its memory is gone".into(),
            Some((0, 0)) => "after a step without effects".into(),
            Some((done, all)) if done == all => format!("after all of its {}", effects(all)),
            Some((done, all)) => {
                format!("after {done} of {}: the rest never happens", effects(all))
            }
        };
        let text = match cut {
            Some(_) if refuses => format!("the disk refused, {rest}"),
            Some(_) if !in_step => format!("in the step of {since}, {rest}"),
            _ => rest,
        };
        let line = Line::new("crash", text, Sort::Fault, Ink::Fault);
        if in_step && cut.is_some() {
            self.add(line);
        } else {
            self.begin(time, Actor::Seat(seat), line);
        }
        self.memory.seat(seat).role = "down";
    }

    /// What handlers said since the last time belongs to what was put down last.
    fn take_notes(&mut self) {
        if self.memory.actor.is_none() {
            return;
        }
        for note in notes::take() {
            let (op, ink) = match note.level {
                Level::ERROR => ("error", Ink::Doubt),
                Level::WARN => ("warning", Ink::Doubt),
                _ => ("note", Ink::Turn),
            };
            let mut line = Line::new(op, note.text, Sort::Note, ink);
            line.is_detail = note.level > Level::INFO;
            self.add(line);
        }
    }

    /// A cause.
    fn begin(&mut self, time: Time, actor: Actor, line: Line) {
        let end = match actor {
            Actor::Seat(seat) => Some(Endpoint::Seat(seat)),
            Actor::Client(client) => Some(Endpoint::Client(client)),
            Actor::World => None,
        };
        self.memory.actor = Some(actor);
        self.memory.asking = None;
        self.memory.sent = None;
        self.lines += 1;
        self.blocks.push_back(Block {
            time,
            event: self.memory.event + 1,
            actor: end,
            who: end.map(|end| self.cast.endpoint(end)).unwrap_or_default(),
            role: end.map_or("", |end| self.memory.role(end)),
            involved: end.into_iter().collect(),
            lines: vec![line],
            state: None,
        });
    }

    /// What comes of the last cause; says which of its lines this is.
    fn add(&mut self, line: Line) -> usize {
        let Some(block) = self.blocks.back_mut() else { return 0 };
        self.lines += 1;
        block.lines.push(line);
        block.lines.len() - 1
    }

    /// What comes of the last cause, if that belongs to this event; else a cause.
    fn follow(&mut self, time: Time, actor: Actor, line: Line) -> usize {
        if self.memory.actor.is_some() {
            return self.add(line);
        }
        self.begin(time, actor, line);
        0
    }

    fn involve(&mut self, ends: impl IntoIterator<Item = Endpoint>) {
        if let Some(block) = self.blocks.back_mut() {
            block.involved.extend(ends);
        }
    }
}

/// What a process is, if there is a word for it.
fn role<P: Protocol>(state: &P) -> &'static str {
    match state.role() {
        "node" => "",
        role => role,
    }
}
