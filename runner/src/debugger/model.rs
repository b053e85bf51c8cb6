//! Where somebody is in a run, and what is there.

use std::collections::BTreeMap;
use std::rc::Rc;

use sim_core::Time;
use sim_core::world::Endpoint;

use super::branch::Branches;
use crate::catalogue::Prepared;
use crate::chronicle::{Chronicle, Effect, End, EventId, Message, What};
use crate::scenario::Source;
use crate::variation::Decision;

/// A run that is looked at.
pub(super) struct Session<'a> {
    pub(super) scenario: &'a dyn Prepared,
    pub(super) source: &'a Source,
    pub(super) seed: u64,
    pub(super) run: Chronicle,
    /// The event that happened last.
    pub(super) at: EventId,
    /// The place that is chosen, as the run counts them.
    pub(super) place: usize,
    /// Whether the state of that place is shown.
    pub(super) shows_state: bool,
    pub(super) branches: Branches,
    /// What was looked for last.
    pub(super) sought: String,
    /// What is being asked, if something is.
    pub(super) prompt: Option<Prompt>,
    /// What there is to say.
    pub(super) status: String,
}

/// A question to whoever sits there, with what was typed until now.
pub(super) struct Prompt {
    pub(super) question: Question,
    pub(super) typed: String,
}

/// What is asked.
pub(super) enum Question {
    /// What to look for.
    Seek,
    /// Which of these decisions, that one being marked.
    Which { decisions: Vec<Decision>, marked: usize },
    /// How this one is to come out.
    How(Decision),
    /// Where to write the scenario.
    Where,
}

/// Something that is still to happen.
pub(super) struct Pending {
    /// When, if that is certain.
    pub(super) due: Option<Time>,
    pub(super) what: String,
}

impl<'a> Session<'a> {
    pub(super) fn new(scenario: &'a dyn Prepared, source: &'a Source, seed: u64) -> Self {
        let branches = Branches::default();
        let run = scenario.chronicle_otherwise(seed, branches.variation());
        Self {
            scenario,
            source,
            seed,
            run,
            at: EventId(0),
            place: 0,
            shows_state: false,
            branches,
            sought: String::new(),
            prompt: None,
            status: String::new(),
        }
    }

    /// The time.
    pub(super) fn now(&self) -> Time {
        self.run.events.get(self.at.0).map_or(Time::ZERO, |event| event.time)
    }

    pub(super) fn last(&self) -> EventId {
        EventId(self.run.events.len().saturating_sub(1))
    }

    /// So many events ahead or back, as far as there are any.
    pub(super) fn step(&mut self, by: isize) {
        let to = self.at.0.saturating_add_signed(by);
        self.go(EventId(to));
    }

    pub(super) fn go(&mut self, to: EventId) {
        self.at = to.min(self.last());
    }

    /// To the next event, or the one before, of which that is so; says whether there is one.
    pub(super) fn seek(&mut self, is_ahead: bool, is_it: impl Fn(&Self, EventId) -> bool) -> bool {
        let ahead = (self.at.0 + 1..self.run.events.len()).map(EventId);
        let back = (0..self.at.0).rev().map(EventId);
        let found = match is_ahead {
            true => ahead.into_iter().find(|id| is_it(self, *id)),
            false => back.into_iter().find(|id| is_it(self, *id)),
        };
        self.at = found.unwrap_or(self.at);
        found.is_some()
    }

    /// Whether an event is of a kind, breaks a property, or says something.
    pub(super) fn is_about(&self, id: EventId, sought: &str) -> bool {
        let text = format!("{} {}", self.run.whose(id), self.run.headline(id)).to_lowercase();
        let says = text.contains(&sought.to_lowercase());
        let is_kind = match &self.run.event(id).what {
            What::Received(message) => self.run.message(*message).kind.eq_ignore_ascii_case(sought),
            _ => false,
        };
        let becomes = |effect: &Effect| match effect {
            Effect::Becomes(word) | Effect::Reached(word) => word.eq_ignore_ascii_case(sought),
            _ => false,
        };
        says || is_kind || self.run.event(id).effects.iter().any(becomes)
    }

    /// What a place is now: the role of a node, or nothing.
    pub(super) fn role(&self, place: Endpoint) -> &'static str {
        let events = self.run.events.iter().take(self.at.0 + 1).rev();
        let mut here = events.filter(|event| event.place == Some(place));
        here.next().map_or("", |event| event.role)
    }

    /// What the chosen place knows, part by part, and which of that the last event there changed.
    pub(super) fn state(&self) -> Vec<(Rc<str>, Rc<str>, bool)> {
        let place = self.run.places[self.place];
        let mut parts: BTreeMap<Rc<str>, (Rc<str>, usize)> = BTreeMap::new();
        let mut last = 0;
        for (id, event) in self.run.events.iter().take(self.at.0 + 1).enumerate() {
            if event.place != Some(place) {
                continue;
            }
            last = id;
            if matches!(event.what, What::Crash { .. } | What::Start { .. }) {
                parts.clear();
            }
            for part in &event.changed {
                match &part.is {
                    Some(is) => drop(parts.insert(Rc::clone(&part.path), (Rc::clone(is), id))),
                    None => drop(parts.remove(&part.path)),
                }
            }
        }
        parts.into_iter().map(|(path, (is, since))| (path, is, since == last)).collect()
    }

    /// What is still to happen, as far as it is certain, the first thing first.
    pub(super) fn queue(&self) -> Vec<Pending> {
        let messages = self.run.messages.iter().filter(|message| self.is_under_way(message));
        let mut queue: Vec<Pending> = messages
            .map(|message| {
                let sent = self.run.event(message.sent).time;
                let due = message.latency.map(|latency| sent.saturating_add(latency));
                let (from, to) = (self.run.name(message.from), self.run.name(message.to));
                Pending { due, what: format!("{from} -> {to} {}", self.run.said(message)) }
            })
            .collect();
        queue.extend(self.timers());
        queue.sort_by_key(|pending| pending.due.unwrap_or(Time::MAX));
        queue
    }

    fn is_under_way(&self, message: &Message) -> bool {
        let now = self.now();
        let ends_later = match message.end {
            End::Received(event) => event > self.at,
            End::Lost | End::Cut(None) => false,
            End::Cut(Some(time)) | End::Down(time) | End::Forgotten(time) => time > now,
            End::Held(_) | End::UnderWay => true,
        };
        message.sent <= self.at && ends_later
    }

    fn timers(&self) -> Vec<Pending> {
        let mut set: BTreeMap<(Endpoint, Rc<str>), EventId> = BTreeMap::new();
        for (id, event) in (0..).map(EventId).zip(&self.run.events).take(self.at.0 + 1) {
            let Some(place) = event.place else { continue };
            match &event.what {
                What::Crash { .. } => set.retain(|(of, _), _| *of != place),
                What::Timer(timer) => drop(set.remove(&(place, Rc::clone(timer)))),
                _ => {}
            }
            for effect in &event.effects {
                match effect {
                    Effect::SetTimer { timer, .. } => {
                        set.insert((place, Rc::clone(timer)), id);
                    }
                    Effect::CancelTimer { timer } => drop(set.remove(&(place, Rc::clone(timer)))),
                    _ => {}
                }
            }
        }
        // It rings when that setting of it does, if it is not set anew before.
        let later = (0..).map(EventId).zip(&self.run.events).skip(self.at.0 + 1);
        let mut rings: BTreeMap<(EventId, Rc<str>), Time> = BTreeMap::new();
        for (_, event) in later {
            if let (What::Timer(timer), Some(setting)) = (&event.what, event.cause.or(event.before))
            {
                rings.entry((setting, Rc::clone(timer))).or_insert(event.time);
            }
        }
        let pending = set.into_iter().map(|((place, timer), setting)| Pending {
            due: rings.get(&(setting, Rc::clone(&timer))).copied(),
            what: format!("{} timer {timer}", self.run.name(place)),
        });
        pending.collect()
    }

    /// The decisions that were made in the last event.
    pub(super) fn decisions(&self) -> Vec<Decision> {
        let Some(event) = self.run.events.get(self.at.0) else { return Vec::new() };
        let made = self.scenario.decisions(self.seed, self.branches.variation());
        made.into_iter().filter(|decision| decision.event == event.number).collect()
    }

    /// Runs once more, with what is decided otherwise, and stays where it was.
    pub(super) fn run_again(&mut self) {
        self.run = self.scenario.chronicle_otherwise(self.seed, self.branches.variation());
        self.place = self.place.min(self.run.places.len().saturating_sub(1));
        self.go(self.at);
    }
}
