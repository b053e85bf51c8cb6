//! Whether each fault finds its node as it must be: only who is up can crash, and only who is down
//! can restart.

use sim_core::fault::FaultKind;
use sim_core::id::{NodeId, Seat};
use sim_core::time::Time;

use super::cast::Cast;
use super::checker::Checker;
use super::faults::Placed;

/// How a node is, as far as the plan says.
#[derive(Clone, Copy)]
enum State {
    NotStarted,
    Up,
    Paused(Option<Time>),
    Down(Option<Time>),
    Gone(Time),
}

/// Something that begins or ends.
struct Turn<'a> {
    time: Time,
    begins: bool,
    placed: &'a Placed,
}

/// Checks a plan. Where a swarm or a failing disk takes nodes down as well, a restart or a
/// resumption may well find somebody.
pub(super) fn timeline(check: &mut Checker<'_>, cast: &Cast, faults: &[Placed], unplanned: bool) {
    let disks = |placed: &Placed| matches!(placed.fault.kind, FaultKind::DiskFails { .. });
    let mut plan = Plan {
        states: vec![State::Up; cast.names.len()],
        unplanned: unplanned || faults.iter().any(disks),
        cast,
    };
    for late in &cast.late {
        plan.states[late.index()] = State::NotStarted;
    }
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for placed in faults {
        turns.push(Turn { time: placed.fault.at, begins: true, placed });
        turns.extend(placed.fault.until.map(|time| Turn { time, begins: false, placed }));
    }
    turns.sort_by_key(|turn| (turn.time, turn.begins));
    for turn in turns {
        plan.take(check, &turn);
    }
    let started = |node: NodeId| {
        faults.iter().any(|placed| match &placed.fault.kind {
            FaultKind::Start { seats } => seats.contains(&Seat(node.0)),
            _ => false,
        })
    };
    for &late in cast.late.iter().filter(|late| !started(**late)) {
        let name = cast.names.node(late);
        let what = format!("nothing ever starts `{name}`, which starts later");
        let help = format!("add a fault: `- start: {name}` with its `at`");
        check.missing(&what, &help);
    }
}

struct Plan<'a> {
    states: Vec<State>,
    unplanned: bool,
    cast: &'a Cast,
}

impl Plan<'_> {
    fn take(&mut self, check: &mut Checker<'_>, turn: &Turn<'_>) {
        if let FaultKind::Upgrade { seat, .. } = turn.placed.fault.kind {
            return self.turn(check, turn, seat);
        }
        let (FaultKind::Crash { seats, .. }
        | FaultKind::Restart { seats }
        | FaultKind::Pause { seats }
        | FaultKind::Resume { seats }
        | FaultKind::Start { seats }
        | FaultKind::Leave { seats }
        | FaultKind::Jump { seats, .. }
        | FaultKind::DiskFails { seats }
        | FaultKind::Corrupt { seats, .. }) = &turn.placed.fault.kind
        else {
            return;
        };
        seats.iter().for_each(|&seat| self.turn(check, turn, seat));
    }

    fn turn(&mut self, check: &mut Checker<'_>, turn: &Turn<'_>, seat: Seat) {
        let Some(&state) = self.states.get(seat.index()) else { return };
        let next = if turn.begins { self.begin(state, turn) } else { Ok(end(state, turn)) };
        match next {
            Err(_) if turn.placed.regardless => {}
            Ok(next) => self.states[seat.index()] = next,
            Err((what, help)) => {
                let name = self.cast.names.node(NodeId(seat.0));
                let what = format!("at {:?} `{name}` {what}", turn.time);
                check.say(&turn.placed.span, what, help);
            }
        }
    }

    fn begin(&self, state: State, turn: &Turn<'_>) -> Result<State, (String, String)> {
        let fault = &turn.placed.fault;
        let wrong = |what: &str, help: &str| Err((what.to_owned(), help.to_owned()));
        match (state, &fault.kind) {
            (State::Gone(when), _) => Err((
                format!("is gone: it left at {when:?}"),
                "who leaves does not come back".into(),
            )),
            (State::NotStarted, FaultKind::Start { .. }) => Ok(State::Up),
            (State::NotStarted, _) => wrong("is not up yet", "its `start` comes first"),
            (_, FaultKind::Start { .. }) => wrong(
                "is up already",
                "only who is `{ name: …, start: later }` among the nodes can be started",
            ),
            // What is down already is another when it comes up.
            (State::Down(_), FaultKind::Upgrade { .. }) if fault.until.is_none() => Ok(state),
            (_, FaultKind::Upgrade { .. }) if fault.until.is_none() => Ok(State::Up),
            (
                State::Down(until),
                FaultKind::Crash { .. } | FaultKind::Upgrade { .. } | FaultKind::Pause { .. },
            ) => Err((
                format!("is down already{}", until_when(until)),
                "one node's outages do not overlap".into(),
            )),
            (State::Paused(until), FaultKind::Pause { .. }) => Err((
                format!("pauses already{}", until_when(until)),
                "one node's outages do not overlap".into(),
            )),
            (_, FaultKind::Crash { .. } | FaultKind::Upgrade { .. }) => {
                Ok(State::Down(fault.until))
            }
            (_, FaultKind::Pause { .. }) => Ok(State::Paused(fault.until)),
            (State::Down(Some(until)), FaultKind::Restart { .. }) => Err((
                format!("restarts twice: it is down until {until:?}"),
                "take that `until` away, or this restart".into(),
            )),
            (State::Down(None), FaultKind::Restart { .. }) => Ok(State::Up),
            (_, FaultKind::Restart { .. }) if !self.unplanned => {
                wrong("is not down, and cannot restart", "its `crash` comes first, without `until`")
            }
            (State::Paused(Some(until)), FaultKind::Resume { .. }) => Err((
                format!("resumes twice: its pause lasts until {until:?}"),
                "take that `until` away, or this resume".into(),
            )),
            (State::Paused(None), FaultKind::Resume { .. }) => Ok(State::Up),
            (_, FaultKind::Resume { .. }) if !self.unplanned => wrong(
                "does not pause, and cannot resume",
                "its `pause` comes first, without `until`",
            ),
            (_, FaultKind::Leave { .. }) => Ok(State::Gone(fault.at)),
            (state, _) => Ok(state),
        }
    }
}

fn end(state: State, turn: &Turn<'_>) -> State {
    match (state, &turn.placed.fault.kind) {
        (State::Down(until), FaultKind::Crash { .. } | FaultKind::Upgrade { .. })
        | (State::Paused(until), FaultKind::Pause { .. })
            if until == Some(turn.time) =>
        {
            State::Up
        }
        (state, _) => state,
    }
}

fn until_when(until: Option<Time>) -> String {
    until.map_or_else(String::new, |until| format!(", until {until:?}"))
}
