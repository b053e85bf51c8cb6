//! One run as a page: what `sim replay --html` writes. It holds everything that it needs, asks nothing
//! of any network, and is the same, byte by byte, for the same run.
//!
//! The run is in it as JSON ([`data`]); what draws it is written by hand, in `page/*.js`.

mod bands;
mod data;

use std::io;

use serde::Serialize;

use crate::chronicle::Chronicle;

/// What the page says of the run besides what happened in it.
#[derive(Serialize)]
pub(crate) struct About<'a> {
    /// The scenario's file.
    pub(crate) scenario: String,
    pub(crate) about: &'a str,
    pub(crate) protocol: &'a str,
    /// What shows the run again.
    pub(crate) replay: String,
    /// What wrote the page.
    pub(crate) build: String,
}

/// Writes the page of a run.
pub(crate) fn write(
    chronicle: &Chronicle,
    about: &About<'_>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let data = serde_json::to_string(&data::Data::new(chronicle, about))?;
    let title = format!("{}, seed {}", about.scenario, chronicle.outcome.seed);
    let filled = [
        ("title", escaped(&title)),
        ("style", STYLE.into()),
        // Within a script's text only `<` can end it, or begin another.
        ("data", data.replace('<', "\\u003c")),
        ("script", SCRIPTS.concat()),
    ];
    let mut rest = FRAME;
    for (name, text) in filled {
        let hole = format!("<!-- {name} -->");
        let (before, after) = rest.split_once(&hole).expect("the frame has every hole, in order");
        out.write_all(before.as_bytes())?;
        out.write_all(text.as_bytes())?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// A text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

const FRAME: &str = include_str!("page/frame.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPTS: [&str; 8] = [
    include_str!("page/run.js"),
    include_str!("page/words.js"),
    include_str!("page/view.js"),
    include_str!("page/draw.js"),
    include_str!("page/marks.js"),
    include_str!("page/panel.js"),
    include_str!("page/main.js"),
    include_str!("page/touch.js"),
];
