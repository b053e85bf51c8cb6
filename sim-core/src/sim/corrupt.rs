//! Liars: how a node is corrupted, what it does then, and how it ends.

use super::Simulation;
use crate::adversary::{Adversary, How, Liar, Lie};
use crate::choice::Stream;
use crate::client::Client;
use crate::context::{Context, Effect};
use crate::fault::Family;
use crate::holders::Holder;
use crate::id::{NodeId, Seat};
use crate::node::{Corruption, Input, Status};
use crate::protocol::Protocol;
use crate::rng::Key;
use crate::trace::Happening;
use crate::world::Endpoint;

impl<P: Protocol, C: Client<P>> Simulation<P, C> {
    /// Hands a seat to a liar, from its next step on, until the run is over: see [`Adversary`].
    ///
    /// # Panics
    /// If the world has no such seat.
    pub fn corrupt(&mut self, seat: Seat, adversary: Box<dyn Adversary<P>>) {
        self.hand_over(seat, None, adversary, 0);
        self.distrust(self.world.identity(seat));
    }

    fn hand_over(
        &mut self,
        seat: Seat,
        fault: Option<u32>,
        adversary: Box<dyn Adversary<P>>,
        about: u64,
    ) {
        let choices = Stream::new(self.adversary_key(seat).about(about));
        let corruption = Corruption { fault, about, adversary, choices };
        self.nodes[seat.index()].adversaries.push(corruption);
        self.meddled = true;
    }

    /// Nobody judges a node any more that may lie.
    fn distrust(&mut self, node: NodeId) {
        let mut known = true;
        for seat in self.world.seats_of(node) {
            known &= std::mem::replace(&mut self.nodes[seat.index()].lied, true);
        }
        if !known {
            self.watch.corrupted(self.now, node);
        }
    }

    pub(super) fn begin_corruption(&mut self, fault: u32, seat: Seat, lie: &Lie) {
        if self.nodes[seat.index()].status == Status::Left {
            return;
        }
        self.counters.fault(Family::Corrupt);
        let node = self.world.identity(seat);
        self.distrust(node);
        match lie.how {
            How::Late(late) => {
                let (from, to) = (self.ends_of(node), self.listeners(lie));
                self.network.delay(fault as usize, &from, &to, late);
            }
            How::Twins => {
                if let Some(twin) = self.twin(node) {
                    self.start(twin);
                }
            }
            How::Amnesia => {
                self.nodes[seat.index()].forgets_by.hold(Holder::Fault(fault));
                if self.nodes[seat.index()].status.is_alive() {
                    self.crash(seat);
                    self.start(seat);
                }
            }
            How::Mute | How::Replay | How::Equivocate | How::Parrot | How::Forge(_) => {
                let forge = self.forgery(lie.how);
                // By whom, how and when, not by its number in the plan: another fault less changes
                // nothing.
                let about = Key::new(lie.how.word()).about(self.now.as_nanos()).word();
                self.hand_over(seat, Some(fault), Box::new(Liar::new(lie.clone(), forge)), about);
            }
        }
    }

    pub(super) fn end_corruption(&mut self, fault: u32, seat: Seat, lie: &Lie) {
        match lie.how {
            How::Late(_) => self.network.end(fault as usize),
            How::Twins => {
                let node = self.world.identity(seat);
                if let Some(twin) = self.twin(node) {
                    self.crash(twin);
                }
            }
            How::Amnesia => {
                self.nodes[seat.index()].forgets_by.let_go(Holder::Fault(fault));
            }
            How::Mute | How::Replay | How::Equivocate | How::Parrot | How::Forge(_) => {
                let adversaries = &mut self.nodes[seat.index()].adversaries;
                adversaries.retain(|corruption| corruption.fault != Some(fault));
            }
        }
    }

    /// The lie of the protocol that goes by this name; who equivocates takes the first.
    fn forgery(&self, how: How) -> Option<crate::adversary::Forge<P>> {
        let mut forgeries = self.forgeries.iter();
        let found = match how {
            How::Forge(name) => forgeries.find(|(known, _)| *known == name),
            How::Equivocate => forgeries.next(),
            _ => None,
        };
        found.map(|(_, forge)| *forge)
    }

    fn twin(&self, node: NodeId) -> Option<Seat> {
        self.world.seats_of(node).nth(1)
    }

    fn ends_of(&self, node: NodeId) -> Vec<Endpoint> {
        self.world.seats_of(node).map(Endpoint::Seat).collect()
    }

    /// Who is lied to, as ends of links.
    fn listeners(&self, lie: &Lie) -> Vec<Endpoint> {
        match &lie.towards {
            Some(nodes) => nodes.iter().flat_map(|node| self.ends_of(node)).collect(),
            None => (0..self.world.seats()).map(|seat| Endpoint::Seat(Seat(seat))).collect(),
        }
    }

    /// Lets the liars of a seat hear what its process is about to hear.
    pub(super) fn overhear(&mut self, seat: Seat, input: &Input<P>) {
        if let Input::Message { from, message } = input {
            let from = self.world.identity(*from);
            for corruption in &mut self.nodes[seat.index()].adversaries {
                corruption.adversary.hears(from, message);
            }
        }
    }

    /// Lets the liars of a seat rewrite what its process has just recorded.
    #[cold]
    pub(super) fn rewrite(&mut self, cx: &mut Context<P>, seat: Seat) {
        let honest: Option<Vec<Effect<P>>> = self.trace.is_some().then(|| cx.effects().to_vec());
        for corruption in &mut self.nodes[seat.index()].adversaries {
            // A liar's draws are nobody's decision.
            cx.choices_mut().decided_by(None, seat);
            cx.choices_mut().draw_from(corruption.choices);
            corruption.adversary.rewrite(cx);
            corruption.choices = cx.choices_mut().stream();
            cx.choices_mut().forget();
        }
        if let (Some(trace), Some(honest)) = (&mut self.trace, honest) {
            let lied = cx.effects();
            // Messages need not be comparable, but all can be printed.
            if format!("{honest:?}") != format!("{lied:?}") {
                trace.happened(self.now, &Happening::Lied { seat, honest: &honest, lied });
            }
        }
    }
}
