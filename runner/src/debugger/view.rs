//! What is on the screen: who takes part, what is still to happen, what happened, and what a node knows.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::branch;
use super::keys::said;
use super::model::{Question, Session};
use crate::chronicle::{EventId, What};
use crate::output::words::wrapped;

/// On a smaller screen nothing of it can be read.
const SMALLEST: (u16, u16) = (60, 16);

pub(super) fn draw(frame: &mut Frame<'_>, session: &Session<'_>, is_colored: bool) {
    let area = frame.area();
    let (columns, rows) = SMALLEST;
    if area.width < columns || area.height < rows {
        let text = format!(
            "too small: {columns} columns and {rows} rows are needed, and there are {} and {}. q quits",
            area.width, area.height
        );
        let paragraph = Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true });
        return frame.render_widget(paragraph, area);
    }
    let pen = Pen { is_colored };
    let [head, body, status, keys] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(2),
    ])
    .areas(area);
    frame.render_widget(Paragraph::new(title(session, pen)), head);
    let [left, right] =
        Layout::horizontal([Constraint::Percentage(36), Constraint::Min(0)]).areas(body);
    let places = u16::try_from(session.run.places.len()).unwrap_or(u16::MAX).saturating_add(2);
    let [above, below] =
        Layout::vertical([Constraint::Length(places.min(body.height / 2)), Constraint::Min(0)])
            .areas(left);
    frame.render_widget(panel("nodes", nodes(session, pen)), above);
    frame.render_widget(panel("still to happen", queue(session)), below);
    draw_right(frame, session, pen, right);
    frame.render_widget(Paragraph::new(status_line(session, pen)), status);
    frame.render_widget(Paragraph::new(KEYS).style(pen.dim()), keys);
}

const KEYS: &str = "\
←→ step  ↑↓ node  n/N its events  / find  ., again
v violation  s state  b branch  u undo  w write  q quit";

/// How things look; without colours, by weight alone.
#[derive(Clone, Copy)]
struct Pen {
    is_colored: bool,
}

impl Pen {
    fn with(self, color: Color, else_with: Modifier) -> Style {
        match self.is_colored {
            true => Style::new().fg(color),
            false => Style::new().add_modifier(else_with),
        }
    }

    fn bad(self) -> Style {
        self.with(Color::Red, Modifier::BOLD).add_modifier(Modifier::BOLD)
    }

    fn turn(self) -> Style {
        self.with(Color::Cyan, Modifier::empty())
    }

    fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    fn marked(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }
}

fn panel<'a>(title: &'a str, lines: Vec<Line<'a>>) -> Paragraph<'a> {
    Paragraph::new(lines).block(Block::bordered().title(title))
}

fn title(session: &Session<'_>, pen: Pen) -> Line<'static> {
    let Session { run, at, seed, .. } = session;
    let place = format!("event {} of {}  {}  ", at.0 + 1, run.events.len(), session.now());
    let violated = run.violation.map(|id| &run.event(id).what);
    let end = match violated {
        Some(What::Violation { property, .. }) => {
            Span::styled(format!("VIOLATED: {property}"), pen.bad())
        }
        _ => Span::raw("nothing is violated"),
    };
    let scenario = format!("  {}, seed {seed}", session.source.name);
    Line::from(vec![Span::styled(place, pen.strong()), end, Span::raw(scenario)])
}

fn nodes(session: &Session<'_>, pen: Pen) -> Vec<Line<'static>> {
    let places = session.run.places.iter().enumerate();
    let lines = places.map(|(number, place)| {
        let line = format!("{:<6} {}", session.run.name(*place), session.role(*place));
        let acts = session.run.events.get(session.at.0).is_some_and(|it| it.place == Some(*place));
        let mut style = if acts { pen.strong() } else { Style::new() };
        if number == session.place {
            style = style.patch(pen.marked());
        }
        Line::styled(line, style)
    });
    lines.collect()
}

fn queue(session: &Session<'_>) -> Vec<Line<'static>> {
    let pending = session.queue().into_iter().map(|pending| {
        let due = pending.due.map_or_else(|| String::from("-"), |due| due.to_string());
        Line::raw(format!("{due:>10} {}", pending.what))
    });
    pending.collect()
}

fn draw_right(frame: &mut Frame<'_>, session: &Session<'_>, pen: Pen, area: Rect) {
    if let Some(prompt) = &session.prompt
        && let Question::Which { decisions, marked } = &prompt.question
    {
        let lines = decisions.iter().enumerate().map(|(number, decision)| {
            let style = if number == *marked { pen.marked() } else { Style::new() };
            Line::styled(said(session, &decision.chosen), style)
        });
        return frame.render_widget(panel("which decision?", lines.collect()), area);
    }
    if !session.shows_state {
        return frame.render_widget(panel("what happened", events(session, pen, area)), area);
    }
    let [above, below] =
        Layout::vertical([Constraint::Percentage(50), Constraint::Min(0)]).areas(area);
    frame.render_widget(panel("what happened", events(session, pen, above)), above);
    let name = session.run.places.get(session.place).map(|place| session.run.name(*place));
    let title = format!("what {} knows", name.unwrap_or_default());
    let state = session.state().into_iter().map(|(path, is, is_new)| {
        let style = if is_new { pen.turn().patch(pen.strong()) } else { Style::new() };
        Line::styled(format!("{path}: {is}"), style)
    });
    frame.render_widget(panel(&title, state.collect()), below);
}

/// The last events, and what came of the last of them: that one whole, the others as far as there is room.
fn events(session: &Session<'_>, pen: Pen, area: Rect) -> Vec<Line<'static>> {
    let run = &session.run;
    let Some(event) = run.events.get(session.at.0) else { return Vec::new() };
    let (rows, columns) = (area.height.saturating_sub(2), area.width.saturating_sub(2));
    let (rows, columns) = (usize::from(rows), usize::from(columns));
    let whose =
        |id: EventId| format!("{:>11} {:<4} ", run.event(id).time.to_string(), run.whose(id));
    let style = match event.what {
        What::Violation { .. } => pen.bad(),
        _ => pen.strong(),
    };
    let mut lines: Vec<Line<'static>> = Vec::new();
    let before = session.at.0.saturating_sub(rows)..session.at.0;
    lines.extend(before.map(EventId).map(|id| {
        let headline = run.headline(id);
        let headline = headline.lines().next().unwrap_or_default();
        Line::styled(format!("{}{headline}", whose(id)), pen.dim())
    }));
    let first = lines.len();
    let margin = whose(session.at).chars().count();
    let width = columns.saturating_sub(margin).max(20);
    for (number, line) in wrapped(&run.headline(session.at), width).into_iter().enumerate() {
        let margin = if number == 0 { whose(session.at) } else { " ".repeat(margin) };
        lines.push(Line::styled(format!("{margin}{line}"), style));
    }
    for effect in &event.effects {
        let texts = wrapped(&run.in_words(effect), width);
        lines.extend(texts.into_iter().map(|line| Line::raw(format!("{:margin$}{line}", ""))));
    }
    let hidden = lines.len().saturating_sub(rows).min(first);
    lines.split_off(hidden)
}

fn status_line(session: &Session<'_>, pen: Pen) -> Line<'static> {
    let Some(prompt) = &session.prompt else {
        let branches = session.branches.chosen().len();
        let text = match (session.status.as_str(), branches) {
            ("", 0) => String::new(),
            ("", branches) => format!("{branches} decided otherwise"),
            (status, _) => status.to_owned(),
        };
        return Line::styled(text, pen.turn());
    };
    let question = match &prompt.question {
        Question::Seek => String::from("find (a kind, a property, a word): "),
        Question::Which { .. } => String::from("which? ↑↓ and Enter, Esc for none"),
        Question::How(decision) => format!("how? {}: ", branch::hint(decision)),
        Question::Where => String::from("write the scenario to: "),
    };
    // What was wrong with the last answer stands before the question.
    let wrong = match session.status.as_str() {
        "" => String::new(),
        status => format!("{status}  "),
    };
    Line::from(vec![
        Span::styled(wrong, pen.turn()),
        Span::styled(format!("{question}{}", prompt.typed), pen.strong()),
    ])
}
