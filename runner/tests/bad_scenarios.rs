//! What the loader says to those who make mistakes.
//!
//! Every file of `bad/` has beside it what is said to who wrote it; `BLESS=1` writes that anew, and the
//! diff is the review. A first line `# set: a=1` gives overrides.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sim_core::Context;
use sim_core::chance::Delay;
use sim_core::check::{Goal, Invariant, Judge, Judgement, Step};
use sim_core::client::OneReply;
use sim_core::history::History;
use sim_core::id::{NodeId, RequestId};
use sim_core::protocol::{Cluster, Never, Protocol};
use sim_core::rng::Draw;
use sim_core::subject::{Check, Flaw, Point, Property, Scope, Subject};
use sim_core::time::{Duration, Time};
use sim_runner::Catalogue;
use sim_runner::scenario::{Scenario, ScenarioErrors, Source, load, protocol_of};

#[test]
fn every_mistake_is_explained() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    let files = yaml_files("tests/bad");
    assert!(files.len() >= 60, "{} files", files.len());
    for path in files {
        let said = match read(&path) {
            Ok(scenario) => panic!("{} is accepted: {scenario:?}", path.display()),
            // Paths look different on Windows.
            Err(errors) => format!("{errors}\n").replace('\\', "/"),
        };
        for line in said.lines() {
            assert!(line.chars().count() <= 80, "{}: too wide: {line}", path.display());
        }
        let beside = path.with_extension("txt");
        if bless {
            fs::write(&beside, &said).expect("written");
        }
        if fs::read_to_string(&beside).unwrap_or_default() != said {
            different.push(format!("{}:\n{said}", path.display()));
        }
    }
    assert!(different.is_empty(), "not as expected:\n{}", different.join("\n"));
}

#[test]
fn good_scenarios_are_accepted() {
    for path in yaml_files("tests/good") {
        if let Err(errors) = read(&path) {
            panic!("{errors}");
        }
    }
}

#[test]
fn overrides_change_what_is_loaded() {
    let source = Source::read("tests/good/everything.yaml").expect("a scenario");
    let overrides = ["network.loss=7%", "run.for=30s", "config.flaw=forgets"].map(str::to_owned);
    let source = source.with_overrides(&overrides).expect("overrides");
    let scenario = load::<Register>(&source).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.world.network.link.loss.ppm(), 70_000);
    assert_eq!(scenario.world.end, Time::ZERO + Duration::from_secs(30));
    assert_eq!(scenario.configs.of(NodeId(0)).flaw, Some(Mistake::Forgets));
}

#[test]
fn a_nodes_own_config_is_the_clusters_but_for_what_it_says() {
    let source = Source::read("tests/good/everything.yaml").expect("a scenario");
    let scenario = load::<Register>(&source).unwrap_or_else(|errors| panic!("{errors}"));
    let ms = Duration::from_millis;
    let own = scenario.configs.of(NodeId(3));
    assert_eq!((own.heartbeat, own.timeout), (ms(10), Delay::Fixed(ms(200))));
    assert_eq!(scenario.configs.of(NodeId(0)).heartbeat, ms(50));
    assert_eq!(scenario.configs.cluster(9).len(), 9, "a swarm may draw more nodes than are named");
}

#[test]
fn what_an_upgrade_does_not_say_stays_as_it_was() {
    let source = Source::read("tests/good/everything.yaml").expect("a scenario");
    let scenario = load::<Register>(&source).unwrap_or_else(|errors| panic!("{errors}"));
    let ms = Duration::from_millis;
    let upgrades = scenario.configs.upgrades().iter();
    let upgrades: Vec<_> = upgrades.map(|config| (config.heartbeat, config.timeout)).collect();
    let usual = scenario.configs.of(NodeId(0)).timeout;
    let second = Delay::Fixed(ms(100));
    assert_eq!(upgrades, [(ms(20), usual), (ms(20), usual), (ms(20), second)]);
}

/// Byte flips, truncations and lost lines of good scenarios: all are refused or accepted, with no
/// panic, and no message is wider than a terminal or points nowhere.
#[test]
fn no_mutilated_scenario_panics() {
    let catalogue = Catalogue::empty().with::<Register>();
    let mut accepted = 0;
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % (bound as u64)).expect("small")
    };
    for path in yaml_files("tests/good") {
        let good = fs::read_to_string(&path).expect("read");
        for _ in 0..1_500 {
            let mut bytes = good.clone().into_bytes();
            for _ in 0..=below(3) {
                let at = below(bytes.len());
                match below(5) {
                    0 => bytes[at] = b"\0\t\n #:,-[]{}'\"&*!|>%@`~0aZ\x7f\xc3"[below(28)],
                    1 => bytes.truncate(at.max(1)),
                    2 => {
                        let end = (at + below(40)).min(bytes.len());
                        bytes.drain(at..end);
                    }
                    3 => {
                        let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
                        lines.remove(below(lines.len()));
                        bytes = lines.join(&b'\n');
                    }
                    _ => {
                        let end = (at + below(40)).min(bytes.len());
                        let part = bytes[at..end].to_vec();
                        let to = below(bytes.len());
                        bytes.splice(to..to, part);
                    }
                }
                if bytes.is_empty() {
                    bytes.push(b'a');
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let source = Source::new("x.yaml", text);
            check_refusal(&source, load::<Register>(&source).map(drop));
            // So few events are over at once, however long the run would be.
            let set = ["network.loss=1%", "limits.events=500"].map(str::to_owned);
            match source.clone().with_overrides(&set) {
                Ok(source) => match catalogue.prepare(&source) {
                    Ok(scenario) => {
                        accepted += 1;
                        drop(scenario.worker().run(scenario.seeds().start));
                    }
                    Err(errors) => check_refusal(&source, Err(errors)),
                },
                Err(errors) => check_refusal(&source, Err(errors)),
            }
        }
    }
    assert!(accepted > 100, "only {accepted} were run");
}

#[track_caller]
fn check_refusal(source: &Source, read: Result<(), ScenarioErrors>) {
    let Err(errors) = read else { return };
    let said = errors.to_string();
    assert!(!said.is_empty());
    for line in said.lines() {
        assert!(line.chars().count() <= 80, "too wide: {line}\n{}", source.text);
        // `x.yaml:LINE:COLUMN: …`
        let Some(place) = line.strip_prefix("x.yaml:") else { continue };
        let mut numbers = place.split(':').map_while(|number| number.parse::<usize>().ok());
        let Some(number) = numbers.next() else { continue };
        let column = numbers.next().expect("a line comes with a column");
        let there = source.text.split('\n').nth(number.wrapping_sub(1));
        let there = there.unwrap_or_else(|| panic!("no such line: {line}\n{}", source.text));
        let width = there.chars().count();
        assert!((1..=width + 1).contains(&column), "no such column: {line}\n{}", source.text);
    }
}

fn read(path: &Path) -> Result<Scenario<Register>, ScenarioErrors> {
    let mut source = Source::read(path)?;
    let first = source.text.lines().next().unwrap_or_default();
    if let Some(given) = first.strip_prefix("# set: ") {
        let overrides: Vec<String> = given.split(" ; ").map(str::to_owned).collect();
        source = source.with_overrides(&overrides)?;
    }
    protocol_of(&source, &["gossip", "raft", "register"])?;
    load(&source)
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|ending| ending == "yaml")).collect();
    files.sort();
    files
}

#[derive(Debug)]
struct Register;

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Constants {
    heartbeat: Duration,
    timeout: Delay,
    replicas: u32,
    flaw: Option<Mistake>,
}

#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mistake {
    Forgets,
    AnswersEarly,
}

impl Default for Constants {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { heartbeat: ms(50), timeout: ms(200).into(), replicas: 3, flaw: None }
    }
}

impl Protocol for Register {
    type Config = Constants;
    type Message = ();
    type Timer = Never;
    type Request = String;
    type Reply = u32;
    type Record = Never;

    fn new(_: NodeId, _: &Cluster<Constants>) -> Self {
        Self
    }

    fn on_message(&mut self, _: &mut Context<Self>, _: NodeId, (): ()) {}
}

struct Nothing;

impl Invariant<Register> for Nothing {
    fn observe(&mut self, _: &Step<'_, Register>) -> Result<(), String> {
        Ok(())
    }
}

impl Goal<Register> for Nothing {
    fn observe(&mut self, _: &Step<'_, Register>) {}

    fn met_since(&self) -> Option<Time> {
        None
    }

    fn waiting_for(&self) -> String {
        "everything".into()
    }
}

impl<O, R> Judge<O, R> for Nothing {
    fn judge(&mut self, _: &History<O, R>) -> Judgement {
        Judgement::Holds
    }
}

impl Subject for Register {
    type Protocol = Self;
    type Client = OneReply<Self>;

    const NAME: &'static str = "register";
    const PROMISE: &'static str = "One value, as if in one place.";
    const MESSAGES: &'static [&'static str] = &["Nothing"];
    const TIMERS: &'static [&'static str] = &["Election", "Retry"];
    const ROLES: &'static [&'static str] = &["node"];
    const OPERATIONS: &'static [&'static str] = &["put", "get"];
    const POINTS: &'static [Point] = &[
        Point { name: "leader_deposed", about: "A leader lost its office." },
        Point { name: "log_truncated", about: "Entries were thrown away." },
    ];
    const PROPERTIES: &'static [Property<Self>] = &[
        Property {
            name: "one_leader_per_term",
            about: "At most one.",
            check: Check::Invariant(|_| Box::new(Nothing)),
        },
        Property {
            name: "linearizable",
            about: "As if in one place.",
            check: Check::History(|| Box::new(Nothing)),
        },
        Property {
            name: "same_log",
            about: "All agree.",
            check: Check::Goal(|_| Box::new(Nothing)),
        },
    ];
    const FLAWS: &'static [Flaw] = &[
        Flaw { name: "forgets", about: "It forgets.", breaks: "linearizable", scenario: "x" },
        Flaw { name: "answers_early", about: "It hurries.", breaks: "linearizable", scenario: "x" },
    ];

    fn task(_: usize, _: Scope, _: RequestId, _: &mut Draw) -> String {
        String::new()
    }

    fn parse_task(text: &str, _: &dyn Fn(&str) -> Option<NodeId>) -> Result<String, String> {
        match text.split(' ').next() {
            Some("put" | "get") => Ok(text.into()),
            _ => Err("an operation is `put KEY VALUE` or `get KEY`".into()),
        }
    }

    fn parse_told(text: &str) -> Result<u32, String> {
        text.parse().map_err(|_| "an answer is a number".into())
    }
}
