//! Steps: a handler is called, its effects take place one after another, and it is judged.

use super::unplanned::Why;
use super::{Event, Simulation, done};
use crate::client::{Answer, Client};
use crate::context::{Destination, Effect};
use crate::decide::{Decider, Parcel, Sent, ask};
use crate::fault::Family;
use crate::hash::content;
use crate::holders::Holder;
use crate::id::{NodeId, RequestId, Seat};
use crate::network::{Fate, Link, Port};
use crate::node::{Input, Status, Suspended};
use crate::protocol::{Protocol, Tag};
use crate::time::Duration;
use crate::trace::{Cause, Happening};
use crate::world::Endpoint;

/// What came of beginning a barrier.
enum Barrier {
    /// Everything is durable already.
    Over,
    /// The process has to wait.
    Waits,
    /// The disk refuses.
    Refused,
}

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// A new process takes the seat, with what the last one left on disk.
    pub(super) fn start(&mut self, seat: Seat) {
        let node = &mut self.nodes[seat.index()];
        if node.status.is_alive() || node.status == Status::Left {
            return;
        }
        if node.status == Status::Down {
            node.incarnation += 1;
        }
        node.status = Status::Up;
        node.down_by.clear();
        node.syncs = 0;
        node.key = self.keys.nodes.about(u64::from(seat.0)).about(u64::from(node.incarnation));
        node.choices.rekey(node.key, seat, self.decider.as_ref());
        self.running = Some(seat);
        let mut process = P::new(node.identity, &self.cluster);
        if node.incarnation > 0 {
            process.restore(node.disk.read());
        }
        node.process = Some(process);
        self.input(seat, Input::Start);
    }

    /// Hands an input to a process, or lets it wait until the process can take it.
    pub(super) fn input(&mut self, seat: Seat, input: Input<P>) {
        let node = &mut self.nodes[seat.index()];
        if node.is_ready() {
            self.step(seat, input);
            self.catch_up(seat);
        } else if node.status.is_alive() {
            node.waiting.push_back(input);
        }
    }

    /// Handles what waited while the process was busy or paused.
    pub(super) fn catch_up(&mut self, seat: Seat) {
        while self.violation.is_none() && self.nodes[seat.index()].is_ready() {
            let Some(input) = self.nodes[seat.index()].waiting.pop_front() else { return };
            self.step(seat, input);
        }
    }

    fn step(&mut self, seat: Seat, input: Input<P>) {
        let timer = match &input {
            Input::Timer { slot, due } => {
                match self.nodes[seat.index()].timers.ring(*slot, *due) {
                    // Cancelled or set anew while it waited.
                    None => return,
                    timer => timer,
                }
            }
            _ => None,
        };
        self.counters.steps += 1;
        self.running = Some(seat);
        let cause = self.decider.is_some().then(|| Why::of(&input, timer));
        self.tell_input(seat, &input, timer);
        self.call(seat, input, timer);
        self.running = None;
        let mut effects = self.spare.pop().unwrap_or_default();
        self.cx.swap_effects(&mut effects);
        // A step without effects has no midst: the crash waits for one that has.
        let doomed = self.nodes[seat.index()].doomed.take_if(|_| !effects.is_empty());
        let mut crash_after = doomed.map(|mut draw| {
            let drawn = draw.below(effects.len() as u64 + 1);
            let drawn = usize::try_from(drawn).expect("below a usize");
            ask(self.decider.as_ref(), drawn, |decider, drawn| {
                decider.crash_point(seat, effects.len(), drawn).min(effects.len())
            })
        });
        if let Some(cause) = cause {
            crash_after = self.crash_in_this_step(seat, &cause, effects.len(), crash_after);
        }
        self.apply(seat, Suspended { effects, applied: 0, crash_after, durable: false });
    }

    fn call(&mut self, seat: Seat, input: Input<P>, timer: Option<P::Timer>) {
        let identity = |from: Seat| self.world.identity(from);
        let node = &mut self.nodes[seat.index()];
        let cx = &mut self.cx;
        cx.load(node.identity, node.clock.now(self.now), node.clock.wall(self.now));
        cx.swap_choices(&mut node.choices);
        let process = node.process.as_mut().expect("a process that is up");
        match input {
            Input::Start => process.on_start(cx),
            Input::Message { from, message } => process.on_message(cx, identity(from), message),
            Input::Timer { .. } => {
                process.on_timer(cx, timer.expect("it was looked up before the step"));
            }
            Input::Request { id, request } => process.on_request(cx, id, request),
            Input::Disk { done } => process.on_disk(cx, done),
        }
        cx.swap_choices(&mut node.choices);
        for choice in node.choices.made() {
            self.fingerprint.absorb(choice.picked);
        }
        node.choices.forget();
        if let Some(corruption) = &mut node.adversary {
            cx.swap_choices(&mut corruption.choices);
            corruption.adversary.rewrite(cx);
            cx.swap_choices(&mut corruption.choices);
            corruption.choices.forget();
        }
    }

    /// Lets effects take place, in order, up to a barrier or a crash.
    fn apply(&mut self, seat: Seat, mut step: Suspended<P>) {
        loop {
            if step.crash_after == Some(step.applied) {
                self.nodes[seat.index()].suspended = Some(step);
                return self.crash(seat);
            }
            let Some(effect) = step.effects.get(step.applied) else { break };
            self.tell(|| Happening::Effect { seat, effect });
            self.fingerprint.absorb(effect.discriminant());
            if let Effect::Flush = effect {
                match self.begin_flush(seat) {
                    Barrier::Over => {}
                    Barrier::Waits => {
                        self.nodes[seat.index()].suspended = Some(step);
                        return;
                    }
                    Barrier::Refused => {
                        self.nodes[seat.index()].suspended = Some(step);
                        return self.refused(seat);
                    }
                }
            } else {
                // Hashing and copying are the protocol's own code too.
                self.running = Some(seat);
                self.perform(seat, effect);
                self.running = None;
            }
            step.applied += 1;
        }
        self.judge(seat, &step.effects, true);
        self.recycle(step.effects);
    }

    fn perform(&mut self, seat: Seat, effect: &Effect<P>) {
        match effect {
            Effect::Send { to, message } => self.send(seat, to, message),
            Effect::SetTimer { timer, delay } => {
                let node = &mut self.nodes[seat.index()];
                let (slot, name, count) = node.timers.about_to_set(*timer);
                let drawn = delay.draw(&mut node.key.about(name).about(count).draw());
                let shown = ask(self.decider.as_ref(), drawn, |decider, drawn| {
                    decider.timer(seat, timer, drawn)
                });
                let deadline = self.now.saturating_add(node.clock.true_length(shown));
                let place = self.queue.arrive();
                self.fingerprint.absorb(name);
                self.fingerprint.absorb(deadline.as_nanos());
                if self.nodes[seat.index()].timers.set(slot, (deadline, place)) {
                    self.queue.push_as(deadline, place, Event::Timer { seat, slot });
                }
            }
            Effect::CancelTimer { timer } => {
                self.fingerprint.absorb(content(timer));
                self.nodes[seat.index()].timers.cancel(*timer);
            }
            Effect::Write { record } => {
                self.fingerprint.absorb(content(record));
                self.nodes[seat.index()].disk.write(record.clone());
            }
            Effect::Checkpoint { records } => {
                self.fingerprint.absorb(content(records));
                self.nodes[seat.index()].disk.checkpoint(records.clone());
            }
            Effect::Sync { tag } => {
                self.fingerprint.absorb(tag.0);
                self.begin_sync(seat, *tag);
            }
            Effect::Flush => unreachable!("a barrier is not an effect like others"),
            Effect::Reply { request, reply } => {
                self.answer(seat, *request, Answer::Reply(reply.clone()));
            }
            Effect::Redirect { request, to } => {
                let known = to.is_none_or(|node| node.0 < self.world.nodes);
                assert!(known, "{request} is sent on to {to:?}, which is not a node");
                self.answer(seat, *request, Answer::Redirect(*to));
            }
            Effect::Reached { point } => {
                self.fingerprint.absorb(content(*point));
                self.counters.reached(point);
            }
        }
    }

    fn send(&mut self, from: Seat, to: &Destination, message: &P::Message) {
        let hash = content(message);
        self.fingerprint.absorb(hash);
        self.fingerprint.absorb(content(to));
        let before = self.counters.sent;
        let me = self.nodes[from.index()].identity;
        match to {
            Destination::One(node) => self.send_to(from, *node, hash, message),
            Destination::Many(nodes) => {
                nodes.iter().for_each(|node| self.send_to(from, node, hash, message));
            }
            Destination::Others => {
                let others = (0..self.world.nodes).map(NodeId).filter(|&node| node != me);
                others.for_each(|node| self.send_to(from, node, hash, message));
            }
        }
        let receivers = self.counters.sent - before;
        self.counters.kind(P::kind(message).0, receivers);
    }

    /// Twins share an identity: each of its seats gets what is sent to it.
    fn send_to(&mut self, from: Seat, node: NodeId, hash: u64, message: &P::Message) {
        assert!(node.0 < self.world.nodes, "a message to {node}, which does not exist");
        self.send_to_seat(from, Seat(node.0), hash, message);
        for twin in 0..self.world.twins.len() {
            if self.world.twins[twin] == node {
                let twin = u32::try_from(twin).expect("fewer than 2³² twins");
                self.send_to_seat(from, Seat(self.world.nodes + twin), hash, message);
            }
        }
    }

    fn send_to_seat(&mut self, from: Seat, to: Seat, hash: u64, message: &P::Message) {
        self.counters.sent += 1;
        let link = Link { from: Port(from.0), to: Port(to.0) };
        let position = self.nodes[from.index()].positions.next(self.now, link.to);
        let drawn = self.network.fate(link, self.now, position);
        let fate = ask(self.decider.as_ref(), drawn, |decider, drawn| {
            let (from, to) = (Endpoint::Seat(from), Endpoint::Seat(to));
            decider.fate(&Sent { from, to, what: Parcel::Message(P::kind(message)) }, drawn)
        });
        self.travel(Endpoint::Seat(to), fate, || Event::Message {
            from,
            to,
            hash,
            message: message.clone(),
        });
    }

    /// Plans the arrival of something that was sent, as its fate will have it.
    pub(super) fn travel(&mut self, to: Endpoint, fate: Fate, event: impl Fn() -> Event<P>) {
        self.tell(|| Happening::Fate { to, fate });
        match fate {
            Fate::Cut => self.counters.cut += 1,
            Fate::Lost => self.counters.lost += 1,
            Fate::Arrives { after, copy } => {
                self.queue.push(self.now.saturating_add(after), event());
                if let Some(after) = copy {
                    self.counters.duplicated += 1;
                    self.queue.push(self.now.saturating_add(after), event());
                }
            }
        }
    }

    fn answer(&mut self, from: Seat, request: RequestId, answer: Answer<P::Reply>) {
        let hash = content(&answer);
        self.fingerprint.absorb(hash);
        self.fingerprint.absorb(content(&request));
        self.send_answer(from, request, hash, answer);
    }

    fn fsync_latency(&mut self, seat: Seat) -> Duration {
        self.counters.syncs += 1;
        let node = &mut self.nodes[seat.index()];
        node.syncs += 1;
        let about = self.keys.disks.about(u64::from(seat.0)).about(u64::from(node.incarnation));
        let drawn = self.world.disk.fsync.draw(&mut about.about(node.syncs).draw());
        ask(self.decider.as_ref(), drawn, |decider, drawn| decider.fsync(seat, drawn))
    }

    fn begin_flush(&mut self, seat: Seat) -> Barrier {
        if self.nodes[seat.index()].disk.is_clean() {
            return Barrier::Over;
        }
        let latency = self.fsync_latency(seat);
        let node = &mut self.nodes[seat.index()];
        let upto = node.disk.written();
        if !latency.is_zero() {
            let event = Event::Durable { seat, incarnation: node.incarnation, upto };
            self.queue.push(self.now.saturating_add(latency), event);
            return Barrier::Waits;
        }
        if node.disk.refuses() {
            return Barrier::Refused;
        }
        node.disk.settle(upto);
        Barrier::Over
    }

    fn begin_sync(&mut self, seat: Seat, tag: Tag) {
        let latency = self.fsync_latency(seat);
        let node = &self.nodes[seat.index()];
        let (incarnation, upto) = (node.incarnation, node.disk.written());
        let event = Event::Synced { seat, incarnation, upto, tag };
        self.queue.push(self.now.saturating_add(latency), event);
    }

    /// A barrier is over, and the effects behind it take place.
    pub(super) fn durable(&mut self, seat: Seat, incarnation: u32, upto: u64) {
        let node = &mut self.nodes[seat.index()];
        if node.incarnation != incarnation || !node.status.is_alive() {
            return;
        }
        if node.disk.refuses() {
            return self.refused(seat);
        }
        node.disk.settle(upto);
        if let Some(step) = &mut node.suspended {
            step.durable = true;
        }
        // The disk works on while the process sleeps.
        if node.status == Status::Up {
            self.go_on(seat);
        }
    }

    /// The effects behind a barrier that is over.
    pub(super) fn go_on(&mut self, seat: Seat) {
        let node = &mut self.nodes[seat.index()];
        if node.suspended.as_ref().is_some_and(|step| !step.durable) {
            return;
        }
        if let Some(mut step) = node.suspended.take() {
            step.durable = false;
            // Only now has the barrier taken place: a crash before would have cut it off (rule 13).
            step.applied += 1;
            self.tell(|| Happening::Durable { seat });
            self.apply(seat, step);
        }
        self.catch_up(seat);
    }

    pub(super) fn synced(&mut self, seat: Seat, incarnation: u32, upto: u64, tag: Tag) {
        let node = &mut self.nodes[seat.index()];
        if node.incarnation != incarnation || !node.status.is_alive() {
            return;
        }
        let refused = node.disk.refuses();
        if !refused {
            node.disk.settle(upto);
        } else if node.disk.forget(upto) && node.suspended.is_some() {
            // What the barrier waits for will never be durable (rule 3).
            return self.refused(seat);
        }
        self.input(seat, Input::Disk { done: done(tag, refused) });
    }

    /// A process that cannot make durable what it must has to crash (rule 3).
    fn refused(&mut self, seat: Seat) {
        self.counters.fault(Family::Crash);
        self.nodes[seat.index()].down_by.hold(Holder::Disk);
        self.crash(seat);
    }

    /// A crash is `drop`: only what reached the disk survives (rule 4).
    pub(super) fn crash(&mut self, seat: Seat) {
        let node = &mut self.nodes[seat.index()];
        if !node.status.is_alive() {
            return;
        }
        node.status = Status::Down;
        let cut = node.suspended.take();
        let about = self.keys.disks.about(u64::from(seat.0)).about(u64::from(node.incarnation));
        if let Some(drawn) = node.disk.left_by_a_crash(&self.world.disk, about.about(0).draw()) {
            let say = |decider: &mut dyn Decider, drawn| decider.left(seat, drawn);
            node.disk.crash(ask(self.decider.as_ref(), drawn, say));
        }
        node.process = None;
        node.forget();
        let unplanned = node.unplanned.take();
        self.absorb(13, seat.0, 0);
        let parts = cut.as_ref().map(|step| (step.applied, step.effects.len()));
        self.tell(|| Happening::Crashed { seat, cut: parts });
        if let Some(step) = cut {
            self.counters.cut_steps += 1;
            self.judge(seat, &step.effects[..step.applied], false);
            self.recycle(step.effects);
        }
        let identity = self.nodes[seat.index()].identity;
        self.watch.crashed(self.now, identity);
        if let Some((crash, lasting)) = unplanned {
            self.begin_unplanned_crash(seat, crash, lasting);
        }
    }

    fn recycle(&mut self, mut effects: Vec<Effect<P>>) {
        effects.clear();
        self.spare.push(effects);
    }

    fn tell_input(&mut self, seat: Seat, input: &Input<P>, timer: Option<P::Timer>) {
        let Some(trace) = &mut self.trace else { return };
        let node = &self.nodes[seat.index()];
        let restarts = matches!(input, Input::Start) && node.incarnation > 0;
        let found = restarts.then(|| node.disk.read());
        let cause = match input {
            Input::Start => Cause::Start { found: found.as_ref() },
            Input::Message { from, message } => Cause::Message { from: *from, message },
            Input::Timer { .. } => {
                Cause::Timer { timer: timer.expect("it was looked up before the step") }
            }
            Input::Request { id, request } => Cause::Request { id: *id, request },
            Input::Disk { done } => Cause::Disk { done: *done },
        };
        let state = node.process.as_ref().expect("a process that is up");
        trace.happened(self.now, &Happening::Input { seat, cause, state });
    }
}
