//! `sim zoo`: whether every known flaw is still found, and how soon.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::thread;

use anstyle::{AnsiColor, Style};

use crate::args::{Color, Zoo};
use crate::catalogue::Catalogue;
use crate::output::terminal::Out;
use crate::output::words::{WIDTH, many, wrapped};
use crate::results;
use crate::signals;
use crate::zoo::{self, Order};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();

pub(super) fn zoo(catalogue: &Catalogue, args: &Zoo, color: Color) -> anyhow::Result<u8> {
    let quarries = zoo::quarries(catalogue, &args.flaws, &args.scenarios)?;
    let file = args.out.join("zoo.md");
    // A table of some flaws, or of a few searches, would take the place of a better one.
    let is_kept = args.flaws.is_empty() && !args.fast;
    if is_kept {
        results::find_room_for(&file)?;
    }
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok());
    let order = Order {
        searches: args.searches.unwrap_or(if args.fast { 3 } else { 20 }),
        swarm_searches: if args.fast { 0 } else { 5 },
        most: 10_000,
        swarm_most: 1_000,
        jobs: jobs.map_or(1, NonZeroUsize::get),
        stop: signals::heed(),
        is_quiet: args.quiet,
    };
    let hunted = zoo::hunt(&quarries, &order);
    let interrupted = order.stop.load(Ordering::Relaxed);
    let mut out = Out::new(color);
    for line in zoo::for_people(&hunted, &order) {
        writeln!(out, "{line}")?;
    }
    let wrong: Vec<String> = hunted.iter().flat_map(zoo::Hunted::wrong).collect();
    writeln!(out)?;
    for text in &wrong {
        for line in wrapped(text, WIDTH) {
            writeln!(out, "{line}")?;
        }
    }
    if is_kept && !interrupted {
        results::place_text(&file, &zoo::markdown(&hunted, &order))?;
        writeln!(out, "{}", file.display())?;
    }
    let flaws = many(hunted.len() as u64, "flaw");
    let code = if interrupted {
        writeln!(out, "{DOUBTFUL}INTERRUPTED{DOUBTFUL:#}: what was measured until then")?;
        signals::exit_code()
    } else if hunted.is_empty() {
        writeln!(out, "{DOUBTFUL}INCONCLUSIVE{DOUBTFUL:#}: there is no flaw to hunt")?;
        3
    } else if wrong.is_empty() {
        writeln!(out, "{GOOD}PASSED{GOOD:#}: {flaws} found in every search, and no other")?;
        0
    } else {
        let said = many(wrong.len() as u64, "thing");
        writeln!(out, "{BAD}FAILED{BAD:#}: of {flaws}, {said} not as they should be")?;
        1
    };
    out.flush()?;
    Ok(code)
}
