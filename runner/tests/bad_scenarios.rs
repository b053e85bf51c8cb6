//! What the loader says to those who make mistakes.
//!
//! Every file of `bad/` has beside it what is said to who wrote it; `BLESS=1` writes that anew, and the
//! diff is the review. A first line `# set: a=1` gives overrides.

mod register;

use std::fs;
use std::path::{Path, PathBuf};

use sim_core::chance::Delay;
use sim_core::id::NodeId;
use sim_core::time::{Duration, Time};
use sim_runner::scenario::{Scenario, ScenarioErrors, Source, load, protocol_of};

use self::register::{Mistake, Register};

#[test]
fn every_mistake_is_explained() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut different = Vec::new();
    let files = yaml_files("tests/bad");
    assert!(files.len() >= 200, "{} files", files.len());
    for path in files {
        let said = match read(&path) {
            Ok(_) => {
                different.push(format!("{} is accepted\n", path.display()));
                continue;
            }
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
