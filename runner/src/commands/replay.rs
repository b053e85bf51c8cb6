//! `sim replay`: one seed, told as a story, or written as a scenario.

mod export;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use sim_core::{Duration, Time};

use super::{change, prepare};
use crate::args::{Color, Replay};
use crate::catalogue::{Catalogue, Prepared, Retraced};
use crate::debugger::{self, Ended, Order};
use crate::invocation::Invocation;
use crate::kept::{self, Departure, Event, Kept, Recording};
use crate::outcome::{Outcome, Verdict};
use crate::output::json::{Build, hex};
use crate::output::terminal::{Out, columns, complain};
use crate::output::words::{WIDTH, grouped, many, wrapped};
use crate::page;
use crate::paths;
use crate::scenario::Source;
use crate::signals;
use crate::story::{States, StoryOptions};

pub(super) fn replay(catalogue: &Catalogue, args: &Replay, color: Color) -> anyhow::Result<u8> {
    let run = what(catalogue, args)?;
    let mut out = Out::new(color);
    if args.as_scenario {
        return as_scenario(&run, &mut out, color);
    }
    if args.interactive {
        return interactive(&run, out.is_colored());
    }
    let options = options(args, &out);
    run.scenario.check_story(&options).map_err(|wrong| anyhow!(wrong))?;
    let written = export::all(&run, &args.exports)?;
    let is_told = written.is_none();
    let (outcome, difference) = match (&args.html, written) {
        (Some(file), _) => drawn(&run, args, file, &mut out)?,
        (None, None) => tell(&run, options.clone(), &mut out)?,
        (None, Some(text)) => {
            write!(out, "{text}")?;
            tell(&run, options.clone(), &mut io::sink())?
        }
    };
    let idle = idle(&run, &outcome);
    for text in difference.iter().chain(&idle) {
        let lines = wrapped(text, options.width).join("\n");
        if is_told {
            writeln!(out, "\n{lines}")?;
        } else {
            complain(color, &lines);
        }
    }
    out.flush()?;
    let lessons = run.scenario.expectations().violated;
    Ok(match outcome.verdict {
        _ if difference.is_some() => INCONCLUSIVE,
        Verdict::Violated(violation) if !lessons.contains(&violation.property) => 1,
        Verdict::Inconclusive { .. } => INCONCLUSIVE,
        Verdict::Violated(_) | Verdict::Passed if idle.is_some() => INCONCLUSIVE,
        Verdict::Violated(_) | Verdict::Passed => 0,
    })
}

const INCONCLUSIVE: u8 = 3;

/// A run that is to be seen again.
struct Run {
    scenario: Box<dyn Prepared>,
    source: Source,
    seed: u64,
    /// How it was, if a kept failure says so.
    kept: Option<Kept>,
}

impl Run {
    /// What was decided in it, if that is known.
    fn recording(&self) -> Option<&Recording> {
        self.kept.as_ref()?.run.as_ref().map(|(_, recording)| recording)
    }
}

/// Lets somebody step through the run.
fn interactive(run: &Run, is_colored: bool) -> anyhow::Result<u8> {
    // What is decided otherwise is decided by this build.
    if let (Some(kept), Some(recording)) = (&run.kept, run.recording())
        && (retrace(run, recording)?.changed > 0 || !recording.is_complete)
    {
        bail!(
            "this build draws otherwise than {}, which kept the run: write it with --as-scenario, and \
             step through that",
            kept.build
        );
    }
    let stop = signals::heed();
    let (scenario, source, seed) = (&*run.scenario, &run.source, run.seed);
    Ok(match debugger::show(&Order { scenario, source, seed, is_colored, stop })? {
        Ended::Quit => 0,
        Ended::Interrupted => signals::exit_code(),
    })
}

/// What is to be replayed.
fn what(catalogue: &Catalogue, args: &Replay) -> anyhow::Result<Run> {
    let path = args.scenario.path();
    if !kept::is_one(path) {
        let seed = args.seed.ok_or_else(|| anyhow!("which seed? say it: --seed 0"))?;
        let (source, scenario) = prepare(catalogue, &args.scenario)?;
        return Ok(Run { scenario, source, seed, kept: None });
    }
    let kept = kept::read(path)?;
    let changed = change(kept.source.clone(), &args.scenario)?;
    let seed = args.seed.unwrap_or(kept.seed);
    // Another seed or another scenario is another run, and nobody wonders.
    let is_same = seed == kept.seed && changed.overrides.is_empty();
    let source = match &kept.run {
        Some((plan, _)) if is_same => plan.clone(),
        _ => changed,
    };
    let scenario = catalogue.prepare(&source)?;
    Ok(Run { scenario, source, seed, kept: is_same.then_some(kept) })
}

/// Prints the run as a scenario. Of a kept one, what this build would draw otherwise goes into the
/// schedule, as far as that can say it.
fn as_scenario(run: &Run, out: &mut Out, color: Color) -> anyhow::Result<u8> {
    let recording = run.kept.as_ref().and_then(|kept| Some((kept, &kept.run.as_ref()?.1)));
    let retraced = recording.map(|(kept, recording)| anyhow::Ok((kept, retrace(run, recording)?)));
    let retraced: Option<(&Kept, Retraced)> = retraced.transpose()?;
    let text = run.scenario.as_scenario(
        &run.source.text,
        run.seed,
        retraced.as_ref().map(|(_, retraced)| retraced),
    );
    write!(out, "{text}")?;
    out.flush()?;
    let Some((kept, retraced)) = retraced else { return Ok(0) };
    let unsaid = retraced.changed - retraced.entries.len() as u64;
    let note = match difference(kept, &retraced) {
        Some(difference) => difference,
        None if unsaid > 0 => format!(
            "{} of the kept run cannot be said in a schedule, and this build draws them otherwise: the \
             scenario is not quite that run",
            many(unsaid, "decision")
        ),
        None => return Ok(0),
    };
    complain(color, &wrapped(&format!("note: {note}"), WIDTH).join("\n"));
    Ok(INCONCLUSIVE)
}

fn retrace(run: &Run, recording: &Recording) -> anyhow::Result<Retraced> {
    let retraced = run.scenario.retrace(run.seed, recording);
    retraced.map_err(anyhow::Error::msg).context("the file is damaged")
}

fn options(args: &Replay, out: &Out) -> StoryOptions {
    let at = |since_start: Duration| Time::ZERO.saturating_add(since_start);
    StoryOptions {
        from: args.from.map(at),
        until: args.until.map(at),
        nodes: args.nodes.clone(),
        kinds: args.kinds.clone(),
        around_violation: args.around_violation,
        everything: args.all,
        plot: args.plot,
        states: states(&args.states),
        color: out.is_colored(),
        width: columns().unwrap_or(WIDTH),
    }
}

/// Writes the page of the run; says in what it is not what was kept.
fn drawn(
    run: &Run,
    args: &Replay,
    file: &Path,
    out: &mut Out,
) -> anyhow::Result<(Outcome, Option<String>)> {
    let recording = run.kept.as_ref().and_then(|kept| Some((kept, &kept.run.as_ref()?.1)));
    let chronicle = run.scenario.chronicle(run.seed, recording.map(|(_, recording)| recording));
    let difference = match (recording, &run.kept) {
        (Some((kept, recording)), _) => difference(kept, &retrace(run, recording)?),
        (None, Some(kept)) if kept.fingerprint != hex(chronicle.outcome.fingerprint) => {
            Some(another_fingerprint(kept, &chronicle.outcome))
        }
        (None, _) => None,
    };
    let scenario = paths::anywhere(args.scenario.path());
    let about = page::About {
        about: run.scenario.about(),
        protocol: run.scenario.protocol(),
        replay: Invocation::installed().replay(&scenario, run.seed, &run.source.overrides),
        scenario,
        build: Build::this().to_string(),
    };
    let mut written = Vec::new();
    page::write(&chronicle, &about, &mut written)?;
    fs::write(file, written).with_context(|| format!("cannot write {}", file.display()))?;
    writeln!(out, "{}: {}", file.display(), many(chronicle.events.len() as u64, "event"))?;
    Ok((chronicle.outcome, difference))
}

/// Tells the story of a run, and in what it is not what was kept.
fn tell(
    run: &Run,
    options: StoryOptions,
    out: &mut dyn io::Write,
) -> anyhow::Result<(Outcome, Option<String>)> {
    match &run.kept {
        Some(kept) => tell_kept(run, kept, options, out),
        None => Ok((run.scenario.replay(run.seed, None, &options, out)?, None)),
    }
}

/// Tells the story of a kept failure, and in what it is not what was kept.
fn tell_kept(
    run: &Run,
    kept: &Kept,
    mut options: StoryOptions,
    out: &mut dyn io::Write,
) -> anyhow::Result<(Outcome, Option<String>)> {
    let Some((_, recording)) = &kept.run else {
        let outcome = run.scenario.replay(run.seed, None, &options, out)?;
        let is_other = kept.fingerprint != hex(outcome.fingerprint);
        let difference = is_other.then(|| another_fingerprint(kept, &outcome));
        return Ok((outcome, difference));
    };
    let retraced = retrace(run, recording)?;
    if let Some(departure) = retraced.departure.as_ref().filter(|_| options.is_default()) {
        // Of a run that is another one, only what leads up to that is of interest.
        let until = departure.time();
        let from = until.as_nanos().saturating_sub(BEFORE_A_DEPARTURE.as_nanos());
        (options.from, options.until) = (Some(Time::from_nanos(from)), Some(until));
    }
    let outcome = run.scenario.replay(run.seed, Some(recording), &options, out)?;
    let difference = difference(kept, &retraced);
    if difference.is_none() && retraced.changed > 0 {
        let (changed, build) = (many(retraced.changed, "decision"), &kept.build);
        let text = format!(
            "It is the run that {build} kept, event by event. {changed} were taken from there that \
             this build would draw otherwise."
        );
        writeln!(out)?;
        for line in wrapped(&text, options.width) {
            writeln!(out, "{line}")?;
        }
    }
    Ok((outcome, difference))
}

/// How much is told before the event at which a run is no longer what was kept.
const BEFORE_A_DEPARTURE: Duration = Duration::from_millis(50);

/// In what a run is not what was kept.
fn difference(kept: &Kept, retraced: &Retraced) -> Option<String> {
    if let Some(departure) = &retraced.departure {
        return Some(format!("{} {}", not_the_same(kept), parts(departure)));
    }
    let (property, message) = match &retraced.outcome.verdict {
        Verdict::Violated(violation) => (violation.property, violation.message.as_str()),
        Verdict::Passed => ("nothing", ""),
        Verdict::Inconclusive { property, .. } => (*property, "that could not be decided"),
    };
    let was = kept.property.as_deref().unwrap_or_default();
    (was != property).then(|| {
        let colon = if message.is_empty() { "" } else { ": " };
        format!(
            "{} Event by event it is as it was, but then {was} was broken ({}), and now {property} \
             is{colon}{message}.",
            not_the_same(kept),
            kept.message
        )
    })
}

/// Whose state is told: of those who are named, or of all.
fn states(given: &[String]) -> States {
    match given {
        [] => States::None,
        names if names.iter().any(String::is_empty) => States::All,
        names => States::Of(names.to_vec()),
    }
}

fn not_the_same(kept: &Kept) -> String {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    format!("NOT THE SAME RUN as {} kept (this is {name} {version}).", kept.build)
}

/// `It parts at event 17. Then: at 21.3ms, A timer Election, … Now: it is over.`
fn parts(departure: &Departure) -> String {
    let told = |event: &Option<Event>| match event {
        Some(event) => format!("at {}, {}.", event.time, event.label),
        None => String::from("the run was over."),
    };
    format!(
        "They part at event {}. Then: {} Now: {}",
        grouped(departure.event as u64),
        told(&departure.then),
        told(&departure.now)
    )
}

fn another_fingerprint(kept: &Kept, outcome: &Outcome) -> String {
    format!(
        "{} Its fingerprint is {}, and that of the failure {}. A file of schema 1 says nothing more: its \
         seed is good for one build, and what lies between the two changed what happens. Schema 2 \
         keeps the run itself.",
        not_the_same(kept),
        hex(outcome.fingerprint),
        kept.fingerprint
    )
}

/// Which decisions of the schedule were none.
fn idle(run: &Run, outcome: &Outcome) -> Option<String> {
    let schedule = run.scenario.expectations().schedule;
    let idle = schedule.iter().zip(&outcome.taken).filter(|(_, taken)| !**taken);
    let idle: Vec<String> =
        idle.map(|((line, anchor), _)| format!("`{anchor}` (line {line})")).collect();
    (!idle.is_empty())
        .then(|| format!("Of the schedule this run did not take {}.", idle.join(", ")))
}
