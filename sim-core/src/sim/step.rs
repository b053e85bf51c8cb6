//! Steps: a handler is called, its effects take place one after another, and it is judged.

use super::unplanned::Why;
use super::{Event, Simulation, count, done};
use crate::chance::Delay;
use crate::choice::Stream;
use crate::client::{Answer, Client};
use crate::context::{Context, Destination, Effect};
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

/// These effects in the fingerprint, as [`Effect::discriminant`] counts them.
const SEND: u64 = 1 << 56;
const SET_TIMER: u64 = 2 << 56;
const FLUSH: u64 = 7 << 56;

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
        let key = self.process_key(seat);
        let node = &mut self.nodes[seat.index()];
        node.key = key;
        node.choices = Stream::new(key);
        if !node.forgets_by.is_empty() {
            node.disk.wipe();
        }
        self.running = Some(seat);
        let mut process = P::new(node.identity, &self.cluster);
        if node.incarnation > 0 {
            process.restore(node.disk.read());
        }
        node.process = Some(process);
        self.input(seat, || Input::Start);
    }

    /// Hands an input to a process, or lets it wait until the process can take it. Says whether there
    /// is a process.
    #[inline(always)]
    pub(super) fn input(&mut self, seat: Seat, input: impl FnOnce() -> Input<P>) -> bool {
        let node = &mut self.nodes[seat.index()];
        if node.is_ready() {
            // Nothing waits: whoever made it ready let it catch up.
            self.step(seat, input());
            return true;
        }
        let alive = node.status.is_alive();
        if alive {
            node.waiting.push_back(input());
        }
        alive
    }

    /// Handles what waited while the process was busy or paused.
    pub(super) fn catch_up(&mut self, seat: Seat) {
        while self.violation.is_none() && self.nodes[seat.index()].is_ready() {
            let Some(input) = self.nodes[seat.index()].waiting.pop_front() else { return };
            self.step(seat, input);
        }
    }

    // What the input is decides what happens here: known where it is called, most of this goes away.
    #[inline(always)]
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
        count(&mut self.counters.steps);
        self.running = Some(seat);
        let mut cx = self.take_context();
        if self.meddled | self.trace.is_some() {
            self.announce_and_call(&mut cx, seat, input, timer);
        } else {
            self.call(&mut cx, seat, input, timer);
        }
        self.end_step(&mut cx, seat);
        self.cx = Some(cx);
    }

    /// The context, for a step; whoever takes it puts it back.
    #[inline(always)]
    fn take_context(&mut self) -> Box<Context<P>> {
        self.cx.take().expect("it lies here between two steps")
    }

    /// Tells of a step that begins whoever has a say in it or follows it.
    #[cold]
    fn announce_and_call(
        &mut self,
        cx: &mut Context<P>,
        seat: Seat,
        input: Input<P>,
        timer: Option<P::Timer>,
    ) {
        self.overhear(seat, &input);
        let matters = self.decider.is_some() || self.traps.is_some();
        self.cause = matters.then(|| Why::of(&input, timer));
        cx.choices_mut().decided_by(self.decider.as_ref(), seat);
        if self.trace.is_some() {
            self.tell_input(seat, &input, timer);
        }
        self.call(cx, seat, input, timer);
    }

    /// The handler has returned: what it recorded takes place.
    #[inline(never)]
    fn end_step(&mut self, cx: &mut Context<P>, seat: Seat) {
        let node = &mut self.nodes[seat.index()];
        node.choices = cx.choices_mut().stream();
        let disturbed = node.doomed.is_some() | self.meddled;
        if !cx.choices().is_empty() {
            cx.choices().iter().for_each(|choice| self.fingerprint.absorb(choice.picked));
            cx.choices_mut().forget();
        }
        if disturbed {
            let crash_after = self.disturb(cx, seat);
            return self.apply_rest(cx, seat, 0, crash_after);
        }
        self.apply(cx, seat, 0, None);
    }

    /// A liar rewrites what was recorded, or a crash falls in its midst: after how many effects?
    #[cold]
    fn disturb(&mut self, cx: &mut Context<P>, seat: Seat) -> Option<usize> {
        if !self.nodes[seat.index()].adversaries.is_empty() {
            self.rewrite(cx, seat);
        }
        let node = &self.nodes[seat.index()];
        let effects = cx.effects().len();
        // A step without effects has no midst: the crash waits for one that has.
        let doomed = node.doomed.is_some() && effects > 0;
        let crash_after = if doomed { self.doom(seat, effects) } else { None };
        match self.cause.take() {
            Some(cause) => self.crash_in_this_step(seat, &cause, cx.effects(), crash_after),
            None => crash_after,
        }
    }

    /// After how many of its effects a step crashes that is the next one of a doomed process.
    fn doom(&mut self, seat: Seat, effects: usize) -> Option<usize> {
        let mut draw = self.nodes[seat.index()].doomed.take()?;
        let drawn = usize::try_from(draw.below(effects as u64 + 1)).expect("below a usize");
        Some(ask(self.decider.as_ref(), drawn, |decider, drawn| {
            decider.crash_point(seat, effects, drawn).min(effects)
        }))
    }

    #[inline(always)]
    fn call(&mut self, cx: &mut Context<P>, seat: Seat, input: Input<P>, timer: Option<P::Timer>) {
        let identity = |from: Seat| self.world.identity(from);
        let node = &mut self.nodes[seat.index()];
        cx.load(node.identity, node.clock.now(self.now), node.clock.wall(self.now));
        cx.choices_mut().draw_from(node.choices);
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
    }

    /// Lets what is left of a step take place, where it is not the whole.
    #[inline(never)]
    fn apply_rest(
        &mut self,
        cx: &mut Context<P>,
        seat: Seat,
        applied: usize,
        crash_after: Option<usize>,
    ) {
        self.apply(cx, seat, applied, crash_after);
    }

    /// Lets what is left of a step take place, in order, up to a barrier or a crash.
    #[inline(always)]
    fn apply(
        &mut self,
        cx: &mut Context<P>,
        seat: Seat,
        applied: usize,
        crash_after: Option<usize>,
    ) {
        let end = crash_after.unwrap_or_else(|| cx.effects().len());
        let mut left = cx.effects()[applied..end].iter();
        while let Some(effect) = left.next() {
            self.tell(|| Happening::Effect { seat, effect });
            // Hashing and copying are the protocol's own code too: it still runs.
            let barrier = self.perform(seat, effect);
            if !matches!(barrier, Barrier::Over) {
                let applied = end - left.len() - 1;
                self.suspend(cx, seat, applied, crash_after);
                if matches!(barrier, Barrier::Refused) {
                    self.refused(seat);
                }
                return;
            }
        }
        if crash_after.is_some() {
            self.suspend(cx, seat, end, crash_after);
            return self.crash(seat);
        }
        self.running = None;
        if self.watched {
            self.judge(seat, cx.effects(), true);
        }
        cx.effects_mut().clear();
    }

    #[inline(always)]
    fn perform(&mut self, seat: Seat, effect: &Effect<P>) -> Barrier {
        match effect {
            Effect::Send { to, message } => self.send(seat, to, message),
            Effect::SetTimer { timer, delay } => self.set_timer(seat, *timer, *delay),
            Effect::Flush => {
                self.fingerprint.absorb(FLUSH);
                return self.begin_flush(seat);
            }
            _ => self.perform_other(seat, effect),
        }
        Barrier::Over
    }

    #[inline]
    fn set_timer(&mut self, seat: Seat, timer: P::Timer, delay: Delay) {
        let node = &mut self.nodes[seat.index()];
        let (slot, named) = node.timers.slot(timer, node.key);
        let drawn = delay.draw(&mut named.about_to_set().draw());
        let shown =
            ask(self.decider.as_ref(), drawn, |decider, drawn| decider.timer(seat, &timer, drawn));
        let deadline = self.now.saturating_add(node.clock.true_length(shown));
        let place = self.queue.arrive();
        self.fingerprint.absorb_both(deadline.as_nanos(), SET_TIMER ^ named.name);
        if named.alarm.set((deadline, place)) {
            self.queue.push_as(deadline, place, Event::Timer { seat, slot });
        }
    }

    #[inline(never)]
    fn perform_other(&mut self, seat: Seat, effect: &Effect<P>) {
        let what = effect.discriminant() << 56;
        match effect {
            Effect::CancelTimer { timer } => {
                self.fingerprint.absorb_both(content(timer), what);
                self.nodes[seat.index()].timers.cancel(*timer);
            }
            Effect::Write { record } => {
                self.fingerprint.absorb_both(content(record), what);
                self.nodes[seat.index()].disk.write(record.clone());
            }
            Effect::Checkpoint { records } => {
                self.fingerprint.absorb_both(content(records), what);
                self.nodes[seat.index()].disk.checkpoint(records.clone());
            }
            Effect::Sync { tag } => {
                self.fingerprint.absorb_both(tag.0, what);
                self.begin_sync(seat, *tag);
            }
            Effect::Send { .. } | Effect::SetTimer { .. } | Effect::Flush => {
                unreachable!("performed without a call")
            }
            Effect::Reply { request, reply } => {
                self.answer(seat, *request, Answer::Reply(reply.clone()), what);
            }
            Effect::Redirect { request, to } => {
                let known = to.is_none_or(|node| node.0 < self.world.nodes);
                assert!(known, "{request} is sent on to {to:?}, which is not a node");
                self.answer(seat, *request, Answer::Redirect(*to), what);
            }
            Effect::Reached { point } => {
                self.fingerprint.absorb_both(content(*point), what);
                self.counters.reached(point);
                if self.traps.is_some() {
                    self.notice_point(seat, point);
                }
            }
        }
    }

    #[inline(always)]
    fn send(&mut self, from: Seat, to: &Destination, message: &P::Message) {
        let hash = content(message);
        let kind = P::kind(message).0;
        match to {
            Destination::One(node) if self.world.twins.is_empty() => {
                self.check_receiver(*node);
                self.fingerprint.absorb_both(hash, SEND ^ u64::from(node.0));
                self.send_to_seat(from, Seat(node.0), hash, message);
                self.counters.kind(kind, 1);
            }
            _ => {
                let before = self.counters.sent;
                self.fingerprint.absorb_both(hash, SEND ^ to.word());
                self.send_to_several(from, to, hash, message);
                self.counters.kind(kind, self.counters.sent - before);
            }
        }
    }

    #[inline(never)]
    fn send_to_several(&mut self, from: Seat, to: &Destination, hash: u64, message: &P::Message) {
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
    }

    #[inline]
    fn check_receiver(&self, node: NodeId) {
        assert!(node.0 < self.world.nodes, "a message to {node}, which does not exist");
    }

    /// Twins share an identity: each of its seats gets what is sent to it.
    #[inline]
    fn send_to(&mut self, from: Seat, node: NodeId, hash: u64, message: &P::Message) {
        self.check_receiver(node);
        self.send_to_seat(from, Seat(node.0), hash, message);
        for twin in (self.world.nodes..).map(Seat).take(self.world.twins.len()) {
            if self.world.identity(twin) == node {
                self.send_to_seat(from, twin, hash, message);
            }
        }
    }

    #[inline(always)]
    fn send_to_seat(&mut self, from: Seat, to: Seat, hash: u64, message: &P::Message) {
        count(&mut self.counters.sent);
        let link = Link { from: Port(from.0), to: Port(to.0) };
        let position = self.nodes[from.index()].positions.next(self.now, link.to);
        if self.decider.is_none()
            && self.trace.is_none()
            && let Some(after) = self.network.calm_delay(link, self.now, position)
        {
            let message = message.clone();
            let event = Event::Message { from, to, hash, message };
            return self.queue.push(self.now.saturating_add(after), event);
        }
        self.send_on(from, to, hash, message, position);
    }

    #[inline(never)]
    fn send_on(&mut self, from: Seat, to: Seat, hash: u64, message: &P::Message, position: u32) {
        let link = Link { from: Port(from.0), to: Port(to.0) };
        let mut drawn = self.network.fate(link, self.now, position);
        if self.traps.is_some() {
            drawn = self.notice_message(from, to, P::kind(message), drawn);
        }
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
    #[inline(always)]
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

    fn answer(&mut self, from: Seat, request: RequestId, answer: Answer<P::Reply>, what: u64) {
        let hash = content(&answer);
        self.fingerprint.absorb_both(hash, what ^ content(&request));
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
        if self.traps.is_some() {
            self.notice_persisted(seat);
        }
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
        if self.traps.is_some() {
            self.notice_persisted(seat);
        }
        let node = &self.nodes[seat.index()];
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
        if let Some(step) = node.suspended.take() {
            self.tell(|| Happening::Durable { seat });
            self.running = Some(seat);
            let mut cx = self.take_context();
            self.spare.push(std::mem::replace(cx.effects_mut(), step.effects));
            // Only now has the barrier taken place: a crash before would have cut it off (rule 13).
            self.apply_rest(&mut cx, seat, step.applied + 1, step.crash_after);
            self.cx = Some(cx);
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
        self.input(seat, || Input::Disk { done: done(tag, refused) });
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
        self.running = None;
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

    /// Keeps a buffer for a step that will go on, or crash, while a process waits with its own.
    fn recycle(&mut self, mut effects: Vec<Effect<P>>) {
        effects.clear();
        self.spare.push(effects);
    }

    /// The process waits in the midst of a step, or crashes in it.
    fn suspend(
        &mut self,
        cx: &mut Context<P>,
        seat: Seat,
        applied: usize,
        crash_after: Option<usize>,
    ) {
        let spare = self.spare.pop().unwrap_or_default();
        let effects = std::mem::replace(cx.effects_mut(), spare);
        self.nodes[seat.index()].suspended =
            Some(Suspended { effects, applied, crash_after, durable: false });
        self.running = None;
    }

    #[cold]
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
