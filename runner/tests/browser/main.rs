//! The page of a run in a real browser. `cargo test` passes these tests over; `.ci/run` installs
//! Chromium, where it can be had, and runs them: `cargo test --test browser -- --ignored`.

mod chromium;

use std::path::{Path, PathBuf};
use std::process::Command;

use chromium::Chromium;

/// The page of a run, in a folder that goes with it.
struct Page {
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Page {
    fn of(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("page.html");
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let sim = Command::new(env!("CARGO_BIN_EXE_sim"))
            .arg("replay")
            .args(arguments)
            .arg("--html")
            .arg(&file)
            .current_dir(root)
            .output()
            .expect("it runs");
        assert!(file.exists(), "{}", String::from_utf8_lossy(&sim.stderr));
        Self { file, _folder: folder }
    }

    /// A read that went back in time: thirty events.
    fn stale_read() -> Self {
        Self::of(&["scenarios/raft/flaws/no_read_index.yaml", "--seed", "0"])
    }
}

/// The place of an event in the window.
fn place_of(browser: &mut Chromium, event: &str) -> (f64, f64) {
    let at = browser.eval(&format!(
        "(() => {{ const box = page.canvas.getBoundingClientRect(), id = {event}; \
         return [box.x + page.painter.x.get(page.run.place[id]), box.y + page.view.y(id) - page.view.top]; }})()"
    ));
    (at[0].as_f64().expect("a place"), at[1].as_f64().expect("a place"))
}

/// The number of the first event that is so; `id` is its number.
fn first(browser: &mut Chromium, is: &str) -> String {
    let found = browser.number(&format!(
        "[...page.run.what].findIndex((what, id) => page.view.isShown[id] && ({is}))"
    ));
    assert!(found >= 0.0, "no event is so: {is}");
    found.to_string()
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn it_opens_where_it_went_wrong_and_complains_of_nothing() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    assert_eq!(browser.text("document.querySelector('.badge').textContent"), "violated");
    assert_eq!(browser.text("document.querySelector('.property').textContent"), "linearizable");
    let text = browser.text("page.painter.caption(page.view.selected)");
    assert_eq!(text, "c2#1 = absent");
    let (_, y) = place_of(&mut browser, "page.view.selected");
    assert!((60.0..800.0).contains(&y), "{y}");
    assert!(
        browser.text("document.getElementById('body').textContent").contains("fit in no order")
    );
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn arrow_keys_step_through_the_run_and_along_a_lane() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    let chosen = browser.number("page.view.selected");
    browser.key("ArrowUp");
    assert_eq!(browser.number("page.view.selected"), chosen - 1.0);
    assert_eq!(browser.text("document.querySelector('#body h2 .who').textContent"), "C");
    assert!(
        browser
            .text("document.querySelector('#body .card').textContent")
            .contains("request from c2")
    );
    browser.key("ArrowLeft");
    assert!(browser.number("page.view.selected") < chosen - 2.0);
    assert_eq!(browser.text("document.querySelector('#body h2 .who').textContent"), "C");
    browser.key("ArrowRight");
    browser.key("ArrowDown");
    assert_eq!(browser.number("page.view.selected"), chosen);
    browser.key("Escape");
    assert_eq!(browser.number("page.view.selected"), -1.0);
    browser.key("v");
    assert_eq!(browser.number("page.view.selected"), chosen);
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn kinds_nodes_and_requests_are_filtered() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    let all = browser.number("page.view.rows.length");
    let of_kind = "[...page.view.rows].filter(id => page.run.received(id) >= 0 \
                   && page.run.kindOf(page.run.received(id)) === 'AppendEntries').length";
    let appended = browser.number(of_kind);
    assert!(appended > 0.0);
    browser.click_on("#filter summary");
    browser.click_on(".chip:nth-child(3)");
    assert!(browser.is("page.view.hiddenKinds.has('AppendEntries')"));
    assert_eq!(browser.number("page.view.rows.length"), all - appended);
    browser.click_on(".chip:nth-child(3)");
    assert_eq!(browser.number("page.view.rows.length"), all);
    browser.click_on("#filter summary");
    browser.click_on(".lane");
    let of_a = "[...page.view.rows].filter(id => page.run.place[id] === 0).length";
    assert_eq!(browser.number(of_a), 0.0);
    assert!(browser.number("page.view.rows.length") < all);
    browser.eval("document.querySelectorAll('#kinds .chip').forEach(it => it.textContent === 'A' && it.click())");
    assert_eq!(browser.number("page.view.rows.length"), all);
    browser.key("/");
    for letter in ["c", "2", "#", "1"] {
        browser.key(letter);
    }
    browser.eval("new Promise(done => setTimeout(done, 250))");
    let found = browser.number("page.view.rows.length");
    assert!(found > 1.0 && found < all / 2.0, "{found} of {all}");
    let about = "[...page.view.rows].every(id => page.run.what[id] === VIOLATION \
                 || page.words.whole(id).includes('c2#1'))";
    assert!(browser.is(about));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn a_pointer_is_told_the_message_and_the_state() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    assert!(browser.is("page.tip.hidden"));
    let append = first(
        &mut browser,
        "page.run.received(id) >= 0 && page.run.changed[id].length > 0 \
                        && page.run.kindOf(page.run.received(id)) === 'AppendEntries'",
    );
    browser.eval(&format!("page.view.center({append})"));
    let (x, y) = place_of(&mut browser, &append);
    browser.point(x, y);
    assert!(!browser.is("page.tip.hidden"));
    let tip = browser.text("page.tip.textContent");
    assert!(tip.contains("AppendEntries from C") && tip.contains("term 1"), "{tip}");
    assert!(browser.is("page.tip.querySelector('.was') !== null"), "{tip}");
    let middle = format!(
        "(() => {{ const arrow = page.painter.drawn.find(it => it.message === page.run.received({append})); \
         const box = page.canvas.getBoundingClientRect(); \
         return [box.x + (arrow.x1 * 0.4 + arrow.x2 * 0.6), box.y + (arrow.y1 * 0.4 + arrow.y2 * 0.6) - page.view.top]; }})()"
    );
    let at = browser.eval(&middle);
    browser.point(at[0].as_f64().expect("a place"), at[1].as_f64().expect("a place"));
    let tip = browser.text("page.tip.textContent");
    assert!(tip.contains("arrived after 1ms"), "{tip}");
    browser.point(2.0, 2.0);
    assert!(browser.is("page.tip.hidden"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn a_click_lights_what_an_event_depends_on_and_what_depends_on_it() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    let vote = first(
        &mut browser,
        "page.run.received(id) >= 0 && page.run.kindOf(page.run.received(id)) === 'Vote'",
    );
    browser.eval(&format!("page.view.center({vote})"));
    let (x, y) = place_of(&mut browser, &vote);
    browser.click(x, y);
    assert_eq!(browser.number("page.view.selected").to_string(), vote);
    // The same, found by walking from event to event.
    let walked = "(() => { const run = page.run, of = page.view.selected; \
        const causes = id => [run.cause[id], run.before[id]].filter(it => it >= 0); \
        const past = new Set(); const walk = id => causes(id).forEach(it => { if (!past.has(it)) { past.add(it); walk(it); } }); walk(of); \
        const depends = id => id === of || (id > of && causes(id).some(depends)); \
        return [...run.what].every((_, id) => page.view.cone[id] === (id === of ? 3 : past.has(id) ? 1 : depends(id) ? 2 : 0)); })()";
    assert!(browser.is(walked));
    let lit = browser.number("[...page.view.cone].filter(Boolean).length");
    assert!(lit > 4.0 && lit < browser.number("page.run.count"));
    browser.key("o");
    let shown =
        browser.number("[...page.view.rows].filter(id => page.run.what[id] !== VIOLATION).length");
    assert_eq!(
        shown,
        browser.number(
            "[...page.view.cone].filter((it, id) => it && page.run.what[id] !== VIOLATION).length"
        )
    );
    browser.key("o");
    browser.key("c");
    assert!(browser.is("page.view.cone === null"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn it_zooms_where_the_pointer_is_and_scrolls() {
    let page = Page::of(&["scenarios/raft/stale_leader_reads.yaml", "--seed", "0"]);
    let mut browser = Chromium::open(&page.file, 1280, 800);
    let under = "page.view.rowAt(page.view.top + 300 - page.canvas.getBoundingClientRect().y)";
    let (row, scale) = (browser.number(under), browser.number("page.view.perRow"));
    browser.wheel(400.0, 300.0, -100.0, true);
    assert!(browser.number("page.view.perRow") > scale * 1.3);
    assert_eq!(browser.number(under), row);
    browser.key("-");
    let top = browser.number("page.view.top");
    browser.wheel(400.0, 300.0, 240.0, false);
    assert_eq!(browser.number("page.view.top"), top + 240.0);
    browser.key("0");
    assert!(browser.number("page.view.whole") < browser.number("page.view.height"));
    browser.key("t");
    assert!(browser.is("page.view.toScale"));
    // To scale, twice as late is twice as far down.
    assert!(browser.is("Math.abs(page.view.yOfTime(2e9) - 2 * page.view.yOfTime(1e9)) < 1e-6"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn the_history_marks_what_fits_in_no_order() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    browser.click_on("#tab-history");
    let blamed = browser
        .eval("[...document.querySelectorAll('.blamed')].map(it => it.cells[0].textContent)");
    assert_eq!(blamed, serde_json::json!(["c1#1", "c2#1"]));
    browser.click_on(".blamed .link");
    assert_eq!(browser.text("page.words.event(page.view.selected)"), "c1#1 put z 1");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn in_the_dark_it_is_dark() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    let light = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, it) => sum + +it, 0)";
    assert!(browser.number(light) > 600.0);
    browser.prefers("dark");
    assert!(browser.number(light) < 150.0);
    assert!(browser.is("page.painter.isDark"));
    // What is written on the canvas is light now.
    assert!(browser.is("page.painter.colour.ink.toLowerCase() > '#c'"));
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn on_a_phone_nothing_sticks_out_and_a_tap_chooses() {
    for arguments in [
        ["scenarios/raft/flaws/no_read_index.yaml", "--seed", "0"],
        ["scenarios/raft/seven_nodes_lossy.yaml", "--seed", "1"],
    ] {
        let page = Page::of(&arguments);
        let mut browser = Chromium::start();
        browser.size(390, 844, true);
        browser.go(&page.file);
        assert_eq!(browser.number("document.documentElement.scrollWidth"), 390.0);
        let out = "[...document.querySelectorAll('body *')].filter(it => it.getBoundingClientRect().right > 391 \
                   && !it.closest('#kinds, .lane, #body')).map(it => it.outerHTML.slice(0, 80))";
        assert_eq!(browser.eval(out), serde_json::json!([]));
        let cut = "[...document.querySelectorAll('.lane')].filter(it => it.scrollWidth > it.clientWidth).length";
        assert_eq!(browser.number(cut), 0.0, "every name is whole");
        let some = first(&mut browser, "page.run.place[id] >= 0 && id > page.run.opens - 6");
        browser.eval(&format!("page.view.center({some}); page.redraw()"));
        browser.settle();
        let (x, y) = place_of(&mut browser, &some);
        browser.tap(x, y);
        assert_eq!(browser.number("page.view.selected").to_string(), some);
        assert_eq!(browser.complaints(), [""; 0]);
    }
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn a_hundred_thousand_events_are_not_too_many() {
    let page = Page::of(&["scenarios/raft/swarm.yaml", "--for", "600s", "--seed", "3"]);
    let size = page.file.metadata().expect("it is there").len();
    let mut browser = Chromium::start();
    browser.size(1280, 800, false);
    browser.go(&page.file);
    // Milliseconds since it began to load.
    let loaded = browser.number("performance.now()");
    let count = browser.number("page.run.count");
    assert!(count > 100_000.0, "{count}");
    let timed = |what: &str| {
        format!(
            "(() => {{ const before = performance.now(); {what}; return performance.now() - before; }})()"
        )
    };
    let near = browser.number(&timed("page.drawNow()"));
    let step = browser.number(&timed("page.step(1, false); page.drawNow()"));
    let filter = browser
        .number(&timed("page.toggle(page.view.hiddenKinds, 'AppendEntries'); page.drawNow()"));
    let far = browser.number(&timed("page.view.fit(); page.drawNow()"));
    assert!(size < 12_000_000, "{size}");
    // Ten times what it takes on two busy cores.
    let took = format!("ms: load {loaded}, window {near}, step {step}, filter {filter}, all {far}");
    assert!(loaded < 10_000.0 && near < 200.0 && step < 1_000.0, "{took}");
    assert!(filter < 2_000.0 && far < 2_000.0, "{took}");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn it_is_printed_with_its_picture_and_its_words() {
    let page = Page::stale_read();
    let mut browser = Chromium::open(&page.file, 1280, 800);
    browser.eval("addEventListener('beforeprint', () => { window.seen = { \
        width: document.querySelector('#print img').width, text: document.getElementById('print').textContent }; })");
    let top = browser.number("page.view.top");
    let document = browser.print();
    browser.settle();
    assert_eq!(browser.number("page.view.top"), top, "the window is where it was");
    // In base64, so more than twenty kilobytes.
    assert!(document.len() > 27_000, "{}", document.len());
    assert!(browser.text("window.seen.text").contains("fit in no order"));
    assert_eq!(browser.text("document.getElementById('print').textContent"), "");
    assert_eq!(browser.complaints(), [""; 0]);
}

#[test]
#[ignore = "needs Chromium; .ci/run has it"]
fn what_a_scenario_says_is_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("x.yaml");
    let attack = "about: '</script><script>alert(1)</script><img src=x onerror=alert(2)>'\n\
        protocol: raft\nnodes: [\"A\", \"B\", \"C\"]\nnetwork: { latency: 1ms }\nrun: { for: 1s, seeds: 0..1 }\n\
        expect: { always: [one_leader_per_term] }\n";
    std::fs::write(&scenario, attack).expect("a file");
    let page = Page::of(&[scenario.to_str().expect("a name"), "--seed", "0"]);
    let mut browser = Chromium::open(&page.file, 1280, 800);
    browser.click_on("#tab-why");
    assert!(
        browser.text("document.querySelector('.about').textContent").contains("onerror=alert(2)")
    );
    assert_eq!(browser.number("document.images.length"), 0.0);
    assert_eq!(browser.complaints(), [""; 0]);
}
