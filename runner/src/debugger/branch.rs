//! Decisions that somebody changed: how they are typed, and how they are kept as a scenario.

use std::path::Path;

use sim_core::Duration;
use sim_core::schedule::{Chosen, ChosenFate};

use super::model::Session;
use crate::catalogue::Retraced;
use crate::paths;
use crate::results;
use crate::variation::{Decision, Variation};

/// What was decided otherwise, in the order in which it was said.
#[derive(Default)]
pub(super) struct Branches {
    variation: Variation,
}

impl Branches {
    pub(super) const fn variation(&self) -> &Variation {
        &self.variation
    }

    pub(super) fn push(&mut self, chosen: Chosen) {
        self.variation.chosen.push(chosen);
    }

    /// Takes back the last one; nothing if there is none.
    pub(super) fn pop(&mut self) -> Option<Chosen> {
        self.variation.chosen.pop()
    }

    pub(super) fn chosen(&self) -> &[Chosen] {
        &self.variation.chosen
    }
}

/// What can be typed for a decision.
pub(super) fn hint(decision: &Decision) -> String {
    match &decision.chosen {
        Chosen::Message { .. } => String::from("drop, or a delay such as 5ms"),
        Chosen::Choice { .. } => format!("a number below {}", decision.of),
        _ => String::from("a length such as 5ms"),
    }
}

/// A decision as somebody typed it.
///
/// # Errors
/// What would have been right.
pub(super) fn parse(decision: &Decision, typed: &str) -> Result<Chosen, String> {
    let typed = typed.trim();
    let length = || typed.parse::<Duration>().map_err(|_| format!("write {}", hint(decision)));
    Ok(match &decision.chosen {
        Chosen::Message { sent, nth, .. } => {
            let fate = match typed {
                "drop" => ChosenFate::Lost,
                _ => ChosenFate::Arrives { after: Some(length()?), copy: None },
            };
            Chosen::Message { sent: *sent, nth: *nth, fate }
        }
        Chosen::Timer { seat, timer, nth, .. } => {
            Chosen::Timer { seat: *seat, timer: timer.clone(), nth: *nth, is: length()? }
        }
        Chosen::Sync { seat, nth, .. } => Chosen::Sync { seat: *seat, nth: *nth, is: length()? },
        Chosen::Choice { seat, nth, .. } => {
            let is = typed.parse().ok().filter(|is| *is < decision.of);
            let is = is.ok_or_else(|| format!("write {}", hint(decision)))?;
            Chosen::Choice { seat: *seat, nth: *nth, is }
        }
        Chosen::Crash { .. } | Chosen::Gap { .. } => return Err("that stays as it is".into()),
    })
}

/// Writes the run as a scenario, with what was decided otherwise as its schedule.
///
/// # Errors
/// If it cannot be written there.
pub(super) fn write(session: &Session<'_>, typed: &str) -> anyhow::Result<String> {
    let path = Path::new(typed.trim());
    if typed.trim().is_empty() {
        anyhow::bail!("which file? nothing was written");
    }
    if paths::absolute(path) == paths::absolute(&session.source.path) {
        anyhow::bail!("{} would take its own place: name another", paths::shown(path));
    }
    results::find_room_for(path)?;
    let chosen = session.branches.chosen();
    let entries = chosen.iter().map(|chosen| session.scenario.entry(chosen));
    let retraced = Retraced {
        outcome: session.run.outcome.clone(),
        departure: None,
        changed: chosen.len() as u64,
        entries: entries.collect(),
    };
    let text = &session.source.text;
    let text = session.scenario.as_scenario(text, session.seed, Some(&retraced));
    results::place_text(path, &text)?;
    Ok(format!("written: {}", paths::shown(path)))
}
