//! Faults: how each begins, and how it ends.

use super::Simulation;
use crate::client::Client;
use crate::fault::{Family, Fault, FaultKind};
use crate::holders::Holder;
use crate::id::Seat;
use crate::network::Passage;
use crate::node::Status;
use crate::protocol::Protocol;
use crate::trace::Happening;

/// Where in a step a crash falls is drawn under this; the families of a swarm are small numbers.
const MID_STEP: u64 = u64::MAX;

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    pub(super) fn begin_fault(&mut self, number: u32) {
        let fault = self.world.faults[number as usize].clone();
        self.tell(|| Happening::FaultBegins { fault: &fault });
        let id = number as usize;
        match &fault.kind {
            FaultKind::Partition { groups } => self.network.partition(id, groups),
            FaultKind::Cut { from, to } => self.network.cut(id, from, to),
            FaultKind::Clog { from, to } => self.network.clog(id, from, to),
            FaultKind::Link { from, to, link } => self.network.change(id, from, to, *link),
            FaultKind::Crash { seats, mid_step } => {
                for &seat in seats {
                    self.begin_crash(number, seat, *mid_step);
                }
                return;
            }
            FaultKind::Restart { seats } | FaultKind::Start { seats } => {
                return self.each(&fault, seats, |sim, seat| sim.restart_seat(seat));
            }
            FaultKind::Upgrade { seat, to } => {
                return self.begin_upgrade(number, *seat, *to, fault.until.is_none());
            }
            FaultKind::Pause { seats } => {
                return self.each(&fault, seats, |sim, seat| sim.pause(number, seat));
            }
            FaultKind::Resume { seats } => return self.each(&fault, seats, Self::resume),
            FaultKind::Leave { seats } => return self.each(&fault, seats, Self::leave),
            FaultKind::Jump { seats, by_nanos } => {
                for seat in seats {
                    self.nodes[seat.index()].clock.jump(*by_nanos);
                }
            }
            FaultKind::DiskFails { seats } => {
                for seat in seats {
                    self.nodes[seat.index()].disk.refused_by.hold(Holder::Fault(number));
                }
            }
            FaultKind::Corrupt { seats, lie } => {
                for &seat in seats {
                    self.begin_corruption(number, seat, lie);
                }
                return;
            }
            FaultKind::Heal => {
                self.network.heal();
                self.release_held();
            }
        }
        self.counters.fault(fault.kind.family());
    }

    pub(super) fn end_fault(&mut self, number: u32) {
        let fault = self.world.faults[number as usize].clone();
        self.tell(|| Happening::FaultEnds { fault: &fault });
        match &fault.kind {
            FaultKind::Partition { .. }
            | FaultKind::Cut { .. }
            | FaultKind::Clog { .. }
            | FaultKind::Link { .. } => {
                self.network.end(number as usize);
                self.release_held();
            }
            FaultKind::Crash { seats, mid_step } => {
                for &seat in seats {
                    // It was to fall in the midst of a step, and that has not come yet.
                    if *mid_step && self.nodes[seat.index()].is_doomed() {
                        self.crash(seat);
                    }
                    self.let_go(seat, Holder::Fault(number));
                }
            }
            FaultKind::Upgrade { seat, .. } => self.let_go(*seat, Holder::Fault(number)),
            FaultKind::Pause { seats } => {
                for &seat in seats {
                    if self.nodes[seat.index()].paused_by.let_go(Holder::Fault(number)) {
                        self.resume(seat);
                    }
                }
            }
            FaultKind::DiskFails { seats } => {
                for &seat in seats {
                    let disk = &mut self.nodes[seat.index()].disk;
                    if disk.refused_by.let_go(Holder::Fault(number)) {
                        self.let_go(seat, Holder::Disk);
                    }
                }
            }
            FaultKind::Corrupt { seats, lie } => {
                for &seat in seats {
                    self.end_corruption(number, seat, lie);
                }
            }
            FaultKind::Restart { .. }
            | FaultKind::Resume { .. }
            | FaultKind::Start { .. }
            | FaultKind::Leave { .. }
            | FaultKind::Jump { .. }
            | FaultKind::Heal => {}
        }
    }

    /// Does something to each seat, and counts those to which it made a difference.
    fn each(&mut self, fault: &Fault, seats: &[Seat], act: impl Fn(&mut Self, Seat) -> bool) {
        for &seat in seats {
            if act(self, seat) {
                self.counters.fault(fault.kind.family());
            }
        }
    }

    fn begin_crash(&mut self, fault: u32, seat: Seat, mid_step: bool) {
        let node = &mut self.nodes[seat.index()];
        if matches!(node.status, Status::Absent | Status::Left) {
            return;
        }
        node.down_by.hold(Holder::Fault(fault));
        if !node.status.is_alive() || (mid_step && node.is_doomed()) {
            return;
        }
        self.counters.fault(Family::Crash);
        if mid_step {
            // By when and whom, not by its number in the plan: another fault less changes nothing.
            let about = self.keys.nemesis.about(MID_STEP).about(self.now.as_nanos());
            self.nodes[seat.index()].doomed = Some(about.about(u64::from(seat.0)).draw());
        } else {
            self.crash(seat);
        }
    }

    /// Whoever is down already starts with the new constants when it starts.
    fn begin_upgrade(&mut self, fault: u32, seat: Seat, to: u32, at_once: bool) {
        let node = &mut self.nodes[seat.index()];
        if node.status == Status::Left {
            return;
        }
        self.cluster.upgrade(node.identity, self.upgrades[to as usize].clone());
        self.counters.fault(Family::Upgrade);
        if node.status == Status::Absent {
            return;
        }
        node.down_by.hold(Holder::Fault(fault));
        self.crash(seat);
        if at_once {
            self.let_go(seat, Holder::Fault(fault));
        }
    }

    /// One fault no longer holds a process down: it restarts if none does.
    pub(super) fn let_go(&mut self, seat: Seat, holder: Holder) {
        let node = &mut self.nodes[seat.index()];
        if node.down_by.let_go(holder) && node.status == Status::Down {
            self.start(seat);
        }
    }

    fn restart_seat(&mut self, seat: Seat) -> bool {
        let stopped = matches!(self.nodes[seat.index()].status, Status::Down | Status::Absent);
        self.start(seat);
        stopped
    }

    fn pause(&mut self, fault: u32, seat: Seat) -> bool {
        let node = &mut self.nodes[seat.index()];
        let up = node.status == Status::Up;
        if node.status.is_alive() {
            node.paused_by.hold(Holder::Fault(fault));
            node.status = Status::Paused;
        }
        up
    }

    fn resume(&mut self, seat: Seat) -> bool {
        let node = &mut self.nodes[seat.index()];
        let paused = node.status == Status::Paused;
        node.paused_by.clear();
        if paused {
            node.status = Status::Up;
            self.go_on(seat);
        }
        paused
    }

    fn leave(&mut self, seat: Seat) -> bool {
        let alive = self.nodes[seat.index()].status.is_alive();
        self.crash(seat);
        self.nodes[seat.index()].status = Status::Left;
        alive
    }

    /// What no clog holds any longer arrives now, in the order in which it was held.
    fn release_held(&mut self) {
        let held = std::mem::take(&mut self.held);
        for (link, event) in held {
            if self.network.passage(link) == Passage::Held {
                self.held.push((link, event));
            } else {
                self.queue.push(self.now, event);
            }
        }
    }
}
