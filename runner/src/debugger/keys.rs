//! What each key does.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::branch;
use super::model::{Prompt, Question, Session};
use crate::chronicle::EventId;

/// What whoever pressed a key wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    GoOn,
    Quit,
    Interrupt,
}

/// How far a page is.
const PAGE: isize = 10;

pub(super) fn press(session: &mut Session<'_>, key: KeyEvent) -> Asked {
    if key.kind == KeyEventKind::Release {
        return Asked::GoOn;
    }
    if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
        return Asked::Interrupt;
    }
    session.status.clear();
    match session.prompt.take() {
        Some(prompt) => answer(session, prompt, key.code),
        None => return command(session, key.code),
    }
    Asked::GoOn
}

fn command(session: &mut Session<'_>, key: KeyCode) -> Asked {
    match key {
        KeyCode::Char('q') | KeyCode::Esc => return Asked::Quit,
        KeyCode::Right | KeyCode::Char('l' | ' ') => session.step(1),
        KeyCode::Left | KeyCode::Char('h') => session.step(-1),
        KeyCode::PageDown => session.step(PAGE),
        KeyCode::PageUp => session.step(-PAGE),
        KeyCode::Home | KeyCode::Char('g') => session.go(EventId(0)),
        KeyCode::End | KeyCode::Char('G') => session.go(session.last()),
        KeyCode::Down | KeyCode::Tab => choose_place(session, 1),
        KeyCode::Up | KeyCode::BackTab => choose_place(session, -1),
        KeyCode::Char('n') => seek_place(session, true),
        KeyCode::Char('N') => seek_place(session, false),
        KeyCode::Char('/') => ask(session, Question::Seek),
        KeyCode::Char('.') => seek_again(session, true),
        KeyCode::Char(',') => seek_again(session, false),
        KeyCode::Char('v') => match session.run.violation {
            Some(violation) => session.go(violation),
            None => session.status = String::from("nothing is violated in this run"),
        },
        KeyCode::Char('s') => session.shows_state = !session.shows_state,
        KeyCode::Char('b') => {
            let decisions = session.decisions();
            if decisions.is_empty() {
                session.status = String::from("nothing was decided in this event");
            } else {
                ask(session, Question::Which { decisions, marked: 0 });
            }
        }
        KeyCode::Char('u') => match session.branches.pop() {
            Some(chosen) => {
                session.run_again();
                session.status = format!("as before: {}", said(session, &chosen));
            }
            None => session.status = String::from("nothing is decided otherwise"),
        },
        KeyCode::Char('w') => ask(session, Question::Where),
        _ => {}
    }
    Asked::GoOn
}

fn ask(session: &mut Session<'_>, question: Question) {
    session.prompt = Some(Prompt { question, typed: String::new() });
}

/// A decision as a schedule says it, in a line.
pub(super) fn said(session: &Session<'_>, chosen: &sim_core::schedule::Chosen) -> String {
    let entry = session.scenario.entry(chosen);
    let words = entry.iter().map(|(key, value)| format!("{key}: {value}"));
    words.collect::<Vec<_>>().join(", ")
}

fn choose_place(session: &mut Session<'_>, by: isize) {
    let count = session.run.places.len().max(1);
    session.place = (session.place + count).saturating_add_signed(by) % count;
}

fn seek_place(session: &mut Session<'_>, is_ahead: bool) {
    let place = session.run.places.get(session.place).copied();
    if !session.seek(is_ahead, |session, id| session.run.event(id).place == place) {
        session.status = String::from("nothing more happens there");
    }
}

fn seek_again(session: &mut Session<'_>, is_ahead: bool) {
    let sought = session.sought.clone();
    if sought.is_empty() {
        session.status = String::from("look for something first: /");
    } else if !session.seek(is_ahead, |session, id| session.is_about(id, &sought)) {
        session.status = format!("nothing more is about `{sought}`");
    }
}

/// A key while something is asked.
fn answer(session: &mut Session<'_>, mut prompt: Prompt, key: KeyCode) {
    match (key, &mut prompt.question) {
        (KeyCode::Esc, _) => return,
        (KeyCode::Enter, _) => return answered(session, prompt),
        (KeyCode::Down | KeyCode::Tab, Question::Which { decisions, marked }) => {
            *marked = (*marked + 1).min(decisions.len() - 1);
        }
        (KeyCode::Up | KeyCode::BackTab, Question::Which { marked, .. }) => {
            *marked = marked.saturating_sub(1);
        }
        (KeyCode::Backspace, _) => drop(prompt.typed.pop()),
        (KeyCode::Char(letter), _) => prompt.typed.push(letter),
        _ => {}
    }
    session.prompt = Some(prompt);
}

fn answered(session: &mut Session<'_>, prompt: Prompt) {
    let Prompt { question, typed } = prompt;
    match question {
        Question::Seek => {
            if !typed.is_empty() {
                session.sought = typed;
            }
            seek_again(session, true);
        }
        Question::Which { mut decisions, marked } => {
            let decision = decisions.swap_remove(marked);
            ask(session, Question::How(decision));
        }
        Question::How(decision) => match branch::parse(&decision, &typed) {
            Ok(chosen) => {
                session.status = format!("otherwise: {}", said(session, &chosen));
                session.branches.push(chosen);
                session.run_again();
            }
            Err(wrong) => {
                session.status = wrong;
                session.prompt = Some(Prompt { question: Question::How(decision), typed });
            }
        },
        Question::Where => {
            let written = branch::write(session, &typed);
            session.status = written.unwrap_or_else(|error| format!("{error:#}"));
        }
    }
}
