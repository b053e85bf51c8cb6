//! What clients ask, and what they are told.

use std::fmt;

use sim_core::client::Answer;
use sim_core::history::Outcome;
use sim_core::id::{ClientId, NodeId};
use sim_core::world::Endpoint;
use sim_core::{RequestId, Seat, Time};

use super::super::block::{Block, Line, Sort};
use super::super::paint::Ink;
use super::super::{Story, words};
use super::{Actor, Asking, Letter, Sent};

impl Story {
    /// An operation begins.
    pub(super) fn invoked(&mut self, time: Time, id: RequestId, asked: &str) {
        self.memory.open.insert(id, time);
        let line =
            Line::new("asks", format!("{id} {asked}"), Sort::Operation, Ink::Plain).about(id);
        self.begin(time, Actor::Client(id.client), line);
        self.memory.asking = Some(Asking { id, line: 0, nodes: 0 });
    }

    /// A request goes to a node, or to one more.
    pub(super) fn asked(&mut self, time: Time, id: RequestId, to: NodeId) {
        let name = self.cast.node(to);
        match self.memory.asking {
            Some(asking) if asking.id == id => {
                let Some(block) = self.blocks.back_mut() else { return };
                let line = &mut block.lines[asking.line];
                match asking.nodes + 1 {
                    1 => line.op = format!("=> {name}"),
                    all if all == self.cast.world.nodes => line.op = "=> *".into(),
                    _ => {
                        line.op.push(',');
                        line.op.push_str(&name);
                    }
                }
                self.memory.asking = Some(Asking { nodes: asking.nodes + 1, ..asking });
            }
            _ => {
                let (op, text) = (format!("=> {name}"), format!("{id} again"));
                let line = Line::new(op, text, Sort::Client, Ink::Plain).about(id);
                let line = self.follow(time, Actor::Client(id.client), line);
                self.memory.asking = Some(Asking { id, line, nodes: 1 });
            }
        }
        let line = self.memory.asking.map_or(0, |asking| asking.line);
        let text = self.blocks.back().map_or("", |block| block.lines[line].text.as_str());
        let letter = Letter { text: text.into(), sort: Sort::Client };
        self.memory.sent = Some(Sent { from: Endpoint::Client(id.client), line, letter });
    }

    pub(super) fn answered<R: fmt::Debug>(
        &mut self,
        time: Time,
        client: ClientId,
        from: NodeId,
        id: RequestId,
        answer: &Answer<R>,
    ) {
        let (told, ink) = words::answer(&self.cast, answer);
        let (op, text) = (format!("<= {}", self.cast.node(from)), format!("{id} {told}"));
        let line = Line::new(op, text, Sort::Client, ink).about(id);
        self.begin(time, Actor::Client(client), line);
        self.involve([Endpoint::Seat(Seat(from.0))]);
    }

    pub(super) fn completed<R: fmt::Debug>(
        &mut self,
        time: Time,
        id: RequestId,
        asked: &str,
        outcome: &Outcome<R>,
    ) {
        let began = self.memory.open.remove(&id).unwrap_or(time);
        let after = words::length(time.since(began));
        let (op, text, ink) = match outcome {
            Outcome::Ok(told) => {
                let text = format!("{id} {asked} = {told:?} after {after}");
                // Where the answer is the result, one line says both.
                let answer = format!("{id} {told:?}");
                if let Some(Block { lines, .. }) = self.blocks.back_mut()
                    && self.memory.actor == Some(Actor::Client(id.client))
                    && let [line] = lines.as_mut_slice()
                    && line.text == answer
                {
                    line.text = text;
                    line.ink = Ink::Good;
                    line.sort = Sort::Operation;
                    return;
                }
                ("ok", text, Ink::Good)
            }
            Outcome::Refused => {
                let text = format!("{id} {asked}: nobody did it, in {after}");
                ("refused", text, Ink::Doubt)
            }
            Outcome::Unknown => {
                let text = format!("{id} {asked}: no answer in {after}, it may yet be done");
                ("unknown", text, Ink::Doubt)
            }
        };
        let line = Line::new(op, text, Sort::Operation, ink).about(id);
        self.follow(time, Actor::Client(id.client), line);
    }
}
