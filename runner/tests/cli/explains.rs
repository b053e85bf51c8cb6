//! `sim explain`: a failing seed, in words and as data.

use serde_json::Value;

use super::place::Place;

/// Two of four are a majority with the flaw `half_quorum_of_even`: each half elects a leader.
const EVEN: &str = include_str!("../../../scenarios/raft/even_cluster.yaml");
/// Clients read from leaders that were cut off.
const STALE: &str = include_str!("../../../scenarios/raft/stale_leader_reads.yaml");

fn place() -> Place {
    let place = Place::new();
    place.write("even.yaml", EVEN);
    place.write("stale.yaml", STALE);
    place
}

const OF_EVEN: [&str; 6] =
    ["explain", "even.yaml", "--set", "config.flaw=half_quorum_of_even", "--seed", "0"];
const OF_STALE: [&str; 6] =
    ["explain", "stale.yaml", "--set", "config.flaw=no_read_index", "--seed", "3"];

fn explained(place: &Place, arguments: &[&str]) -> Value {
    let said = place.sim(&[arguments, &["--format", "json"]].concat()).ends_with(0);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}", said.out))
}

#[test]
fn an_explanation_has_its_three_parts_in_80_columns() {
    let place = place();
    let said = place.sim(&OF_EVEN).ends_with(0);
    for part in [
        "VIOLATED: one_leader_per_term",
        "How it came about",
        "  what led to B:",
        "  what led to D:",
        "(world) partition A,B | C,D",
        "What would have averted it",
        "When the run was lost",
        " <- lost",
    ] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let wide = said.out.lines().filter(|line| !line.contains(" replay "));
    assert!(wide.clone().all(|line| line.chars().count() <= 80), "{}", said.out);
    assert!(!said.out.contains('\u{1b}'), "no colours in a pipe");
}

#[test]
fn it_does_not_depend_on_the_number_of_threads() {
    let place = place();
    for arguments in [OF_EVEN, OF_STALE] {
        let with =
            |jobs: &str| place.sim(&[&arguments[..], &["--jobs", jobs]].concat()).ends_with(0).out;
        assert_eq!(with("1"), with("3"));
    }
}

#[test]
fn each_chain_leads_from_what_nothing_but_time_brought_about() {
    let place = place();
    let explanation = explained(&place, &OF_EVEN);
    let chains = explanation["chains"].as_array().expect("a list");
    assert_eq!(chains.iter().map(|chain| &chain["to"]).collect::<Vec<_>>(), ["B", "D"]);
    for chain in chains {
        let links = chain["links"].as_array().expect("a list");
        assert_eq!(links[0]["what"], "timer Election rings");
        let times: Vec<u64> = links.iter().filter_map(|link| link["time_ns"].as_u64()).collect();
        assert!(times.is_sorted() && times.len() == links.len(), "{links:?}");
        assert!(links.iter().any(|link| link["becomes"] == "leader"), "{links:?}");
    }
}

#[test]
fn a_stale_read_is_explained_by_the_read_and_what_it_missed() {
    let place = place();
    let explanation = explained(&place, &OF_STALE);
    let names = explanation["chains"].as_array().expect("a list");
    let names: Vec<&Value> = names.iter().map(|chain| &chain["to"]).collect();
    assert_eq!(names, ["c5#171", "c1#199"]);
    let time = |key: &str| explanation[key].as_u64().expect("a time");
    assert_eq!((time("broken_ns"), time("seen_ns")), (9_358_541_322, 16_000_000_000));
    let futures = &explanation["futures"];
    let points = futures["points"].as_array().expect("a list");
    let failing: Vec<u64> = points.iter().filter_map(|point| point["failing"].as_u64()).collect();
    assert!(failing[0] < 20 && failing.last() == Some(&40), "{failing:?}");
    let lost = usize::try_from(futures["lost"]["point"].as_u64().expect("one")).expect("small");
    assert!(failing[lost] - failing[lost - 1] >= 10, "{failing:?}");
}

/// The sibling is a run of the scenario with one more line.
#[test]
fn the_nearest_sibling_passes_when_its_decision_is_written_into_the_scenario() {
    let place = place();
    let sibling = &explained(&place, &OF_STALE)["sibling"];
    assert!(sibling["breaks_ns"].is_null(), "{sibling}");
    let entry = sibling["entry"].as_array().expect("a list").iter();
    let entry = entry.map(|pair| {
        let text = |place: usize| pair[place].as_str().expect("a text");
        format!("{}: {}", text(0), text(1))
    });
    let entry = entry.collect::<Vec<_>>().join("\n    ");
    let flaw = ["--set", "config.flaw=no_read_index", "--seed", "3"];
    place.write("sibling.yaml", &format!("{STALE}schedule:\n  - {entry}\n"));
    let said = place.sim(&[&["replay", "sibling.yaml"], &flaw[..]].concat());
    assert!(said.ends_with(0).out.contains("passed: "), "{entry}");
}

#[test]
fn what_fails_in_nothing_cannot_be_explained() {
    let place = place();
    let said = place.sim(&["explain", "even.yaml", "--seed", "0"]).ends_with(3);
    assert!(said.err.contains("breaks nothing: there is nothing to explain"), "{}", said.err);
    let said = place.sim(&["explain", "even.yaml"]).ends_with(2);
    assert!(said.err.contains("which seed?"), "{}", said.err);
}

#[test]
fn a_kept_failure_is_explained_like_its_seed() {
    let place = place();
    let flaw = ["--set", "config.flaw=half_quorum_of_even", "--seeds", "0..1", "--quiet"];
    let _ = place.sim(&[&["run", "even.yaml"], &flaw[..]].concat()).ends_with(1);
    let kept = "results/even/failures/one_leader_per_term-0.json";
    let explanation = explained(&place, &["explain", kept]);
    assert_eq!(explanation["chains"], explained(&place, &OF_EVEN)["chains"]);
}
