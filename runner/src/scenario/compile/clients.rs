//! What clients do: the workload, and the script.

use sim_core::client::{Expected, Scripted};
use sim_core::id::{ClientId, NodeId};
use sim_core::subject::{Subject, TaskOf, ToldOf};
use sim_core::time::{Duration, Time};
use sim_core::units::Rate;
use sim_core::world::{ClientSettings, Pace};

use super::cast::{Cast, MOST_CLIENTS};
use super::checker::{Checker, given, section, span};
use crate::scenario::Ask;
use crate::scenario::de::{At, Entries};
use crate::scenario::schema::{ClientsSpec, Document, Maybe, ScriptLine, Share};
use crate::scenario::suggest;

pub(super) fn clients<S: Subject>(
    check: &mut Checker<'_>,
    document: &Document,
    end: Time,
) -> ClientSettings {
    let none = ClientSettings::none();
    let mut settings = ClientSettings { keys: DEFAULT_KEYS, ..none };
    let Some(at) = &document.clients else { return settings };
    let Some(spec) = &at.value else { return settings };
    settings.count = count(check, at, spec);
    settings.timeout = check.length(&spec.timeout).unwrap_or(settings.timeout);
    settings.retry = check.length(&spec.retry).unwrap_or(settings.retry);
    for (what, field) in [("timeout", &spec.timeout), ("retry", &spec.retry)] {
        if let Some(at) =
            field.as_ref().filter(|at| at.value.is_some_and(|length| length.is_zero()))
        {
            check.say(
                &at.span,
                format!("a {what} of nothing"),
                "clients have to wait a while: 250ms",
            );
        }
    }
    match &spec.keys {
        Some(at) if at.value == Some(0) => {
            check.say(&at.span, "there is nothing to ask about", "at least one key: keys: 5");
        }
        keys => settings.keys = given(keys).unwrap_or(settings.keys),
    }
    settings.from = check.instant(&spec.from).unwrap_or(settings.from);
    settings.until = check.instant(&spec.until).unwrap_or(settings.until);
    if settings.until <= settings.from
        && let Some(at) = spec.until.as_ref().or(spec.from.as_ref())
    {
        check.say(&at.span, "the clients end before they begin", "`until` is later than `from`");
    }
    if settings.from >= end
        && let Some(at) = spec.from.as_ref()
    {
        check.say(&at.span, "the clients begin after the end", format!("the run ends at {end:?}"));
    }
    let pace = match has_asks(document) {
        true => told(check, spec),
        false => pace(check, at, spec, settings.count),
    };
    settings.pace = pace.unwrap_or(settings.pace);
    settings.mix = mix::<S>(check, &spec.mix);
    if S::OPERATIONS.is_empty() {
        check.say(&at.span, "nobody can ask this protocol anything", "take `clients` away");
    }
    settings
}

fn count(check: &mut Checker<'_>, at: &At<ClientsSpec>, spec: &ClientsSpec) -> u32 {
    let Some(count) = &spec.count else {
        check.say(&at.span, "how many clients?", "say it: clients: { count: 3, … }");
        return 0;
    };
    match count.value {
        Some(0) => {
            check.say(&count.span, "there are no clients", "take `clients` away, or say count: 3");
            0
        }
        Some(many) if many > MOST_CLIENTS => {
            check.say(&count.span, format!("{many} clients are too many"), "10_000 are the most");
            0
        }
        count => count.unwrap_or(0),
    }
}

/// Whether the script says what the clients ask.
fn has_asks(document: &Document) -> bool {
    let lines = section(&document.script).map_or(&[][..], |lines| lines);
    lines.iter().any(|line| line.value.as_ref().is_some_and(|line| line.by.is_some()))
}

/// The pace of clients that ask what the script says: as it comes, answered or not.
fn told(check: &mut Checker<'_>, spec: &ClientsSpec) -> Option<Pace> {
    let others = [
        ("rate", span(&spec.rate)),
        ("think", span(&spec.think)),
        ("mix", span(&spec.mix)),
        ("from", span(&spec.from)),
        ("until", span(&spec.until)),
    ];
    for (key, span) in others {
        if let Some(span) = span {
            let what = format!("`{key}` beside a script that says what clients ask");
            check.say(
                &span,
                what,
                "either all of it is in the script, by whom and when, or nothing",
            );
        }
    }
    Some(Pace::Open { every: Duration::from_secs(1) })
}

fn pace(
    check: &mut Checker<'_>,
    at: &At<ClientsSpec>,
    spec: &ClientsSpec,
    count: u32,
) -> Option<Pace> {
    match (&spec.rate, &spec.think) {
        (Some(_), Some(think)) => {
            let help = "either a rate, in all and whether or not they are answered, or a pause to \
                        think after each answer";
            check.say(&think.span, "both a rate and a pause", help);
            None
        }
        (None, None) => {
            let help =
                "rate: 50/s for all of them together, or think: 10ms..20ms after each answer";
            check.say(&at.span, "how often do the clients ask?", help);
            None
        }
        (None, Some(think)) => think.value.map(|think| Pace::Closed { think }),
        (Some(rate), None) => {
            let gap = |rate: Rate| rate.gap(count.max(1));
            let every = rate.value.and_then(gap);
            if rate.value.is_some() && every.is_none() {
                let what = "this rate is out of bounds";
                check.say(&rate.span, what, "each client asks at most once a nanosecond");
            }
            every.map(|every| Pace::Open { every })
        }
    }
}

fn mix<S: Subject>(check: &mut Checker<'_>, mix: &Maybe<Entries<Share>>) -> Vec<u32> {
    let operations = S::OPERATIONS;
    let mut weights = vec![0; operations.len()];
    let Some(at) = mix else {
        weights[..S::USUAL_OPERATIONS].fill(1);
        return weights;
    };
    let entries = at.value.as_ref().map_or(&[][..], |entries| &entries.0);
    let (mut percents, mut plain, mut broken) = (0, 0, at.value.is_none());
    for (name, share) in entries {
        let Some(text) = name.value.as_deref() else { continue };
        let Some(operation) = operations.iter().position(|known| *known == text) else {
            let help =
                suggest::did_you_mean(text, operations.iter().copied(), "The operations are");
            check.say(&name.span, format!("there is no operation `{text}`"), help);
            broken = true;
            continue;
        };
        match share.value {
            Some(Share::Percent(chance)) => {
                percents += 1;
                weights[operation] = chance.ppm();
            }
            Some(Share::Weight(weight)) => {
                plain += 1;
                weights[operation] = weight;
            }
            None => broken = true,
        }
    }
    if broken {
        return weights;
    }
    let sum: u64 = weights.iter().map(|&weight| u64::from(weight)).sum();
    if percents > 0 && plain > 0 {
        check.say(&at.span, "percentages and plain weights are mixed", "give all of them one form");
    } else if percents > 0 && sum != WHOLE {
        let percent = format!("{}.{:04}", sum / 10_000, sum % 10_000);
        let percent = percent.trim_end_matches('0').trim_end_matches('.');
        let what = format!("these shares add up to {percent}%");
        check.say(&at.span, what, "they add up to 100%; plain numbers would be weights: put: 3");
    } else if sum == 0 {
        check.say(&at.span, "nothing is ever asked", "at least one operation has a share: put: 1");
    }
    weights
}

/// What is asked beside a node, in order of time.
type Script<S> = Vec<Scripted<TaskOf<S>, ToldOf<S>>>;
/// What each client of the workload asks, in order of time.
type Asks<S> = Vec<Vec<Ask<TaskOf<S>>>>;

pub(super) fn script<S: Subject>(
    check: &mut Checker<'_>,
    cast: &Cast,
    document: &Document,
    end: Time,
) -> (Script<S>, Asks<S>) {
    let lines = section(&document.script).map_or(&[][..], |lines| lines);
    let (mut script, mut asks) = (Vec::new(), Vec::new());
    if has_asks(document) {
        asks.resize_with(cast.workload as usize, Vec::new);
    }
    for line in lines {
        let Some((whom, at, task)) = scripted::<S>(check, cast, line, end) else { continue };
        let spec = line.value.as_ref();
        let expect = spec.and_then(|spec| spec.expect.as_ref());
        match whom {
            Whom::Beside(through) => {
                let expect = expect.and_then(|at| expected::<S>(check, at));
                script.push(Scripted { at, through, task, expect });
            }
            Whom::Client(client) => {
                if let Some(expect) = expect {
                    let what = "how this ends is not judged";
                    check.say(&expect.span, what, "only of a client beside a node: through: A");
                }
                asks[client.index()].push(Ask { at, task });
            }
        }
    }
    script.sort_by_key(|line| line.at);
    asks.iter_mut().for_each(|asks| asks.sort_by_key(|ask| ask.at));
    (script, asks)
}

/// Who asks.
enum Whom {
    /// The client that sits beside a node.
    Beside(NodeId),
    /// A client of the workload.
    Client(ClientId),
}

/// Who asks, when, and what.
fn scripted<S: Subject>(
    check: &mut Checker<'_>,
    cast: &Cast,
    line: &At<ScriptLine>,
    end: Time,
) -> Option<(Whom, Time, TaskOf<S>)> {
    let spec = line.value.as_ref()?;
    let example = "{ at: 1s, through: A, do: put x 1, expect: ok }";
    let keys = [
        ("`at`", spec.at.is_some()),
        ("`through`", spec.through.is_some() || spec.by.is_some()),
        ("`do`", spec.task.is_some()),
    ];
    let lacking: Vec<&str> =
        keys.into_iter().filter(|(_, given)| !given).map(|(key, _)| key).collect();
    if !lacking.is_empty() {
        let what = format!("this line of the script lacks {}", suggest::list(lacking, "and"));
        check.say(&line.span, what, example);
    }
    let at = check.instant(&spec.at);
    if let (Some(time), Some(field)) = (at, &spec.at)
        && time >= end
    {
        check.say(&field.span, "this is after the end", format!("the run ends at {end:?}"));
    }
    let whom = whom(check, cast, spec);
    let task = spec.task.as_ref().and_then(|at| {
        let text = at.value.as_deref()?;
        let what = format!("`{text}` is not an operation of {}", S::NAME);
        let node = |name: &str| cast.find(name);
        S::parse_task(text, &node).map_err(|help| check.say(&at.span, what, help)).ok()
    });
    Some((whom?, at?, task?))
}

fn whom(check: &mut Checker<'_>, cast: &Cast, spec: &ScriptLine) -> Option<Whom> {
    match (&spec.through, &spec.by) {
        (Some(_), Some(by)) => {
            let help = "either the client beside a node, through: A, or one of `clients`, by: c1";
            check.say(&by.span, "two clients for one line", help);
            None
        }
        (Some(at), None) => {
            let word = check.word(&at.span, at.value.as_deref()?);
            cast.node(check, &word).map(Whom::Beside)
        }
        (None, Some(at)) => {
            let word = check.word(&at.span, at.value.as_deref()?);
            cast.client(check, &word).map(Whom::Client)
        }
        (None, None) => None,
    }
}

fn expected<S: Subject>(check: &mut Checker<'_>, at: &At<String>) -> Option<Expected<ToldOf<S>>> {
    let text = at.value.as_deref()?;
    match text {
        "ok" => return Some(Expected::Ok),
        "refused" => return Some(Expected::Refused),
        "not_ok" => return Some(Expected::NotOk),
        _ => {}
    }
    let Some(value) = text.strip_prefix("value ") else {
        let what = format!("an operation cannot end as `{text}`");
        let help = suggest::did_you_mean(
            text,
            ["ok", "refused", "not_ok", "value …"],
            "It ends as one of",
        );
        check.say(&at.span, what, help);
        return None;
    };
    let told = S::parse_told(value.trim());
    let what = format!("`{}` is not an answer of {}", value.trim(), S::NAME);
    told.map_err(|help| check.say(&at.span, what, help)).ok().map(Expected::Value)
}

/// Enough that operations meet, and not so few that all of them do.
const DEFAULT_KEYS: u32 = 5;
/// 100% in parts per million.
const WHOLE: u64 = 1_000_000;
