//! `sim replay --html`: the page of one run. What it does in a browser, `tests/browser` knows.

use super::place::Place;

const FLAW: [&str; 2] = ["--set", "config.flaw=keeps_a_copy"];

#[test]
fn a_page_holds_everything_and_is_the_same_every_time() {
    let place = Place::new();
    let page = |file: &str| {
        let arguments =
            [&["replay", "scenarios/ring.yaml", "--seed", "0", "--html", file], &FLAW[..]];
        let said = place.ring(&arguments.concat()).ends_with(1);
        assert!(said.out.starts_with(&format!("{file}: ")), "{}", said.out);
        place.read(file)
    };
    let one = page("one.html");
    assert_eq!(one, page("other.html"));
    assert!(one.contains("\"verdict\":\"violated\",\"property\":\"one_holder\""));
    assert!(one.contains("sim replay scenarios/ring.yaml --seed 0 --set config.flaw=keeps_a_copy"));
    for outside in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!one.contains(outside), "{outside}");
    }
    for hole in ["title", "style", "data", "script"] {
        assert!(!one.contains(&format!("<!-- {hole} -->")));
    }
}

#[test]
fn what_a_run_says_stays_text() {
    let place = Place::new();
    let ring = place.read("scenarios/ring.yaml");
    let attack = "about: '</script><script>alert(1)</script><!-- script -->'";
    let ring = ring.lines().skip(1).fold(attack.to_owned(), |text, line| text + "\n" + line);
    place.write("scenarios/ring.yaml", &ring);
    place
        .ring(&["replay", "scenarios/ring.yaml", "--seed", "0", "--html", "page.html"])
        .ends_with(0);
    let page = place.read("page.html");
    assert!(!page.contains("</script><script>"));
    assert!(page.contains("\\u003c/script>\\u003cscript>alert(1)"));
    assert_eq!(page.matches("<script").count(), 2);
}

#[test]
fn a_kept_failure_has_a_page_too() {
    let place = Place::new();
    let run = [&["run", "scenarios/ring.yaml", "--seeds", "0..3"], &FLAW[..]].concat();
    place.ring(&run).ends_with(1);
    let kept = "results/ring/failures/one_holder-0.json";
    let said = place.ring(&["replay", kept, "--html", "page.html"]).ends_with(1);
    assert!(said.out.starts_with("page.html: "), "{}", said.out);
    assert!(place.read("page.html").contains("\"verdict\":\"violated\""));
}

#[test]
fn a_page_that_cannot_be_written_is_an_error() {
    let place = Place::new();
    let arguments = ["replay", "scenarios/ring.yaml", "--seed", "0", "--html", "no/such/page.html"];
    let said = place.ring(&arguments).ends_with(2);
    assert!(said.err.contains("cannot write no/such/page.html"), "{}", said.err);
}
