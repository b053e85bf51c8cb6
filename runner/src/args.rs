//! What can be typed. Says what each word means and refuses what has no meaning; does nothing.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand, ValueEnum};
use sim_core::Duration;

use crate::export::Notation;
use crate::output::words::listed;
use crate::scenario::seeds::{self, NoNumber, Written};

/// Runs distributed protocols through partitions, crashes and lost messages: thousands of seeds at a
/// time, the same every time.
#[derive(Parser, Debug)]
#[command(name = "sim", version, max_term_width = 100, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Whether to colour what is printed
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

const EXIT_CODES: &str = "\
Exit codes: 0 as expected; 1 a property was violated, or something that should happen never did; 2 \
wrong usage, scenario or file; 3 inconclusive: too little was exercised or judged, or two runs of one \
seed differed; 130 interrupted, 143 terminated.";

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a scenario on many seeds and say what held
    Run(Run),
    /// Run one seed and tell what happened in it
    ///
    /// The file of a kept failure (results/…/failures/PROPERTY-SEED.json) needs nothing else. It is
    /// replayed by the decisions that it kept, whatever this build would draw. If the run is another one
    /// all the same, the replay says from which event on, what that was then and what it is now, and ends
    /// with 3.
    Replay(Replay),
    /// Shrink a failing seed to the smallest scenario that fails in the same way
    ///
    /// What the seed drew is written out: the world, the faults, what clients ask and, where it matters,
    /// single decisions. Then whatever can be taken away is: faults, requests, clients, nodes, time,
    /// chance. The result is an ordinary scenario that was read from its file and run before it is
    /// announced. It does not depend on the number of threads, unless the time runs out.
    Shrink(Shrink),
    /// Hunt the known flaws, and say how many seeds each takes to find
    ///
    /// Every flaw of the catalogue has a scenario that hunts it, which runs seed after seed until something
    /// is broken: that must be what the flaw is said to break. The correct version runs on the same seeds:
    /// it must break nothing, and come to the line that the flaw breaks in at least as many of them as the
    /// flaw was found in. Anything else ends with 1. Without names of flaws and without `--fast`, the
    /// table is written to zoo.md in the folder for results.
    Zoo(Zoo),
    /// Explain a failing seed: what led to it, what would have averted it, and when the run was lost
    ///
    /// The seed runs again and again with something otherwise: with single decisions changed, the latest
    /// first, until one lets it pass; and with other seeds from a time on, to see how many of its futures
    /// still fail. What is said does not depend on the number of threads, unless the time runs out.
    Explain(Explain),
    /// List what there is to run, and what it is judged by
    List(List),
}

/// Which scenario, and what is different about it.
#[derive(Args, Debug)]
pub(crate) struct Scenario {
    /// The scenario's file. `sim replay`, `shrink` and `explain` take the file of a kept failure too
    #[arg(value_name = "SCENARIO")]
    path: PathBuf,

    /// Change a value of the scenario: `config.flaw=vote_not_durable`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// How long a run lasts, in simulated time: `20s`. Short for `--set run.for=20s`; with a swarm, for
    /// `--set run.chaos=20s`: the calm after it stays as long as it is
    #[arg(long = "for", value_name = "DURATION")]
    lasting: Option<String>,
}

impl Scenario {
    /// The file, as it was typed.
    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// What is different, as `key=value`.
    pub(crate) fn set(&self) -> &[String] {
        &self.set
    }

    /// How long a run lasts, if that is different.
    pub(crate) fn lasting(&self) -> Option<&str> {
        self.lasting.as_deref()
    }
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) scenario: Scenario,

    /// Which seeds to run: how many, from the scenario's first on, or a range whose end is not
    /// included. As in the scenario if not given
    #[arg(long, value_name = "N|A..B")]
    pub(crate) seeds: Option<Seeds>,

    /// How many threads to use. The result does not depend on it [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Stop at the first seed that fails
    #[arg(long)]
    pub(crate) fail_fast: bool,

    /// Keep the files of this many failing seeds of each property: the cheapest of each way in which it
    /// was broken, the commonest way first, and then the lowest
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(crate) max_failures: usize,

    /// Say what the runs came to: which role handled what, which turned into which, and what of the
    /// protocol's words no run came to. Takes longer
    #[arg(long)]
    pub(crate) coverage: bool,

    /// Run the first N seeds (or `all`) a second time and compare
    #[arg(long, value_name = "N|all", num_args = 0..=1, require_equals = true,
          default_missing_value = "100")]
    pub(crate) verify_determinism: Option<Verify>,

    /// How to print the result
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,

    /// The folder for results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) out: PathBuf,

    /// Show no progress, and of the result only what failed and the verdict
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

/// As [`crate::story`] paints them.
const COLOURS: &str = "\
Colours: cyan a turn of the story (a role, a point, a note), yellow a fault and what comes of it, green \
an answer, magenta no answer or a warning, red a violation; bold is who acts, and grey a detail.";

#[derive(Args, Debug)]
#[command(after_help = COLOURS)]
pub(crate) struct Replay {
    #[command(flatten)]
    pub(crate) scenario: Scenario,

    /// The seed to run; a kept failure has its own
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(crate) seed: Option<u64>,

    /// Begin the story at this time: `5s`
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) from: Option<Duration>,

    /// End the story at this time
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(crate) until: Option<Duration>,

    /// Tell only of this node or client; may be given several times
    #[arg(long = "node", value_name = "NAME")]
    pub(crate) nodes: Vec<String>,

    /// Tell only of this kind of message or event; may be given several times
    #[arg(long = "kind", value_name = "KIND")]
    pub(crate) kinds: Vec<String>,

    /// Tell only what happened so shortly before a violation. Where there is one and nothing else is
    /// asked for, the story is cut like this by itself
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "all")]
    pub(crate) around_violation: Option<Duration>,

    /// Tell the plot alone: faults, roles, points, what scripted clients ask and are told, and what
    /// was violated. A run that broke nothing is told like this by itself
    #[arg(long, conflicts_with_all = ["all", "kinds", "around_violation"])]
    pub(crate) plot: bool,

    /// Tell everything
    #[arg(long)]
    pub(crate) all: bool,

    /// Tell nothing, and print the run as a scenario: what its seed drew of the world is written out as
    /// nodes, clocks and faults, and what a kept run decided otherwise than this build as a schedule. It
    /// is the same run
    #[arg(long, conflicts_with_all = ["all", "around_violation", "from", "until", "nodes", "kinds",
          "plot", "states"])]
    pub(crate) as_scenario: bool,

    /// Tell nothing, and draw the run: a page for the browser, with everything in it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["all", "around_violation", "from", "until",
          "nodes", "kinds", "plot", "states", "as_scenario"])]
    pub(crate) html: Option<PathBuf>,

    /// Step through the run in the terminal, event by event: forward, backward, to a violation, a node or a
    /// kind; look at states; decide otherwise, and keep that as a scenario
    #[arg(long, conflicts_with_all = ["as_scenario", "exports", "html", "from", "until", "nodes", "kinds",
          "around_violation", "plot", "all", "states"])]
    pub(crate) interactive: bool,

    /// Write the run in the notation of another tool; may be given several times
    #[arg(long = "export", value_name = "FORMAT[=FILE]", conflicts_with_all = ["as_scenario", "html"],
          long_help = exports_help())]
    pub(crate) exports: Vec<Export>,

    /// Tell what a node knew before a step, and what the step changed: of each step that is told, or
    /// of those of one node; `--state=NAME` may be given several times
    #[arg(long = "state", value_name = "NAME", num_args = 0..=1, require_equals = true,
          default_missing_value = "")]
    pub(crate) states: Vec<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Shrink {
    #[command(flatten)]
    pub(crate) scenario: Scenario,

    /// The seed that fails; a kept failure has its own
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(crate) seed: Option<u64>,

    /// The file to write [default: beside the kept failure, or where a sweep keeps those of the scenario:
    /// results/SCENARIO/failures/PROPERTY-SEED.yaml]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Write it as a lesson, which passes when the property is broken: `violated` in place of `always`
    #[arg(long)]
    pub(crate) lesson: bool,

    /// Try for so long, in real time
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub(crate) budget: Duration,

    /// Try so many runs at most
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(crate) runs: Option<u64>,

    /// How many threads to use [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Zoo {
    /// Which flaws; all of them if none is named
    #[arg(value_name = "FLAW")]
    pub(crate) flaws: Vec<String>,

    /// How often to search for each, from other seeds each time [default: 20, or 3 with --fast]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) searches: Option<u64>,

    /// Only whether each flaw is still found: three searches, and none with the swarm
    #[arg(long)]
    pub(crate) fast: bool,

    /// The folder in which the scenarios lie that flaws name
    #[arg(long, value_name = "DIR", default_value = "scenarios")]
    pub(crate) scenarios: PathBuf,

    /// The folder for results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) out: PathBuf,

    /// How many threads to use. The result does not depend on it [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Show no progress
    #[arg(long, short)]
    pub(crate) quiet: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) scenario: Scenario,

    /// The seed that fails; a kept failure has its own
    #[arg(long, value_name = "N", value_parser = seed)]
    pub(crate) seed: Option<u64>,

    /// Try for so long, in real time
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "60s")]
    pub(crate) budget: Duration,

    /// How many threads to use [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// How to print the explanation
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub(crate) format: Format,
}

#[derive(Args, Debug)]
pub(crate) struct List {
    /// Which list; all of them if not given
    pub(crate) what: Option<Topic>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Topic {
    /// The scenarios in the folder `scenarios`
    Scenarios,
    /// What can be simulated
    Protocols,
    /// What a scenario can expect: `always` and `eventually`
    Properties,
    /// Mistakes that a protocol can be configured to make
    Flaws,
    /// What a scenario can expect to happen `sometimes`
    Points,
    /// How a corrupted node can lie
    Lies,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Format {
    /// A summary for people
    Human,
    /// One JSON object
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which seeds to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Seeds {
    /// So many, from the scenario's first on.
    Count(u64),
    /// These.
    Range(Range<u64>),
}

impl Seeds {
    /// The seeds meant, for a scenario that begins at this one.
    pub(crate) fn starting_at(&self, first: u64) -> Range<u64> {
        match self {
            Self::Count(count) => first..first.saturating_add(*count),
            Self::Range(range) => range.clone(),
        }
    }
}

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match seeds::parse(text)? {
            Written::Count(count) => Self::Count(count),
            Written::Range(range) => Self::Range(range),
        })
    }
}

/// A notation, and where what is written in it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Export {
    pub(crate) notation: Notation,
    /// Standard output if there is none.
    pub(crate) file: Option<PathBuf>,
}

impl FromStr for Export {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        let known = Notation::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let known: Vec<String> = known.map(|value| value.get_name().to_owned()).collect();
        let notation = Notation::from_str(name, false);
        let notation = notation.map_err(|_| format!("the formats are {}", listed(&known)))?;
        match file {
            Some("") => Err(format!("which file? write {name}=FILE, or {name} alone")),
            _ => Ok(Self { notation, file: file.map(PathBuf::from) }),
        }
    }
}

/// What `--export` does, with every format.
fn exports_help() -> String {
    let mut help = String::from(
        "Write the run in the notation of another tool; may be given several times. Without a file it goes \
         to standard output, and the story is not told. FORMAT is one of:\n",
    );
    for value in Notation::value_variants().iter().filter_map(ValueEnum::to_possible_value) {
        let about = value.get_help().map(ToString::to_string).unwrap_or_default();
        help.push_str(&format!("\n- {}: {about}", value.get_name()));
    }
    help
}

/// How many seeds are run a second time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Verify(pub(crate) u64);

impl FromStr for Verify {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self(u64::MAX)),
            _ => match seed(text) {
                Ok(0) | Err(_) => Err(String::from("write how many seeds, 100, or all")),
                Ok(count) => Ok(Self(count)),
            },
        }
    }
}

fn seed(text: &str) -> Result<u64, String> {
    seeds::number(text).map_err(|wrong| match wrong {
        NoNumber::TooLarge => String::from("seeds end at 2^64 - 1"),
        NoNumber::Other => String::from("write a number, 1_000"),
    })
}

fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(jobs) if jobs.get() <= MOST_JOBS => Ok(jobs),
        _ => Err(format!("write how many threads, 1 to {MOST_JOBS}")),
    }
}

/// More threads than this are a slip of the finger.
const MOST_JOBS: usize = 1_024;

fn duration(text: &str) -> Result<Duration, impl std::error::Error + use<>> {
    text.parse::<Duration>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_grammar_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_a_count_or_a_half_open_range() {
        let range = |text: &str| text.parse::<Seeds>().map(|seeds| seeds.starting_at(100));
        assert_eq!(range("10_000"), Ok(100..10_100));
        assert_eq!(range("0"), Ok(100..100), "an empty sweep is inconclusive, not wrong");
        assert_eq!(range("3..1_0"), Ok(3..10));
        assert_eq!(range("5..5"), Ok(5..5));
        for wrong in [
            "", "-1", "1..", "..5", "9..3", "1..=5", "many", "1.5", "_1", " 0 .. 9 ", "0.._9", " 7",
        ] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn verification_is_for_some_seeds_or_all() {
        let verify = |arguments: &[&str]| {
            let line = ["sim", "run", "x.yaml"].iter().chain(arguments);
            match Cli::try_parse_from(line).map(|cli| cli.command) {
                Ok(Command::Run(run)) => Some(run.verify_determinism.map(|verify| verify.0)),
                _ => None,
            }
        };
        assert_eq!(verify(&[]), Some(None));
        assert_eq!(verify(&["--verify-determinism"]), Some(Some(100)));
        assert_eq!(verify(&["--verify-determinism=7"]), Some(Some(7)));
        assert_eq!(verify(&["--verify-determinism=all"]), Some(Some(u64::MAX)));
        assert_eq!(verify(&["--verify-determinism=0"]), None);
    }
}
