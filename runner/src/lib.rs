//! Runs protocols from scenario files: sweeps over thousands of seeds, replays told as a story, and
//! what both print.
//!
//! This is the only crate that touches files, threads, terminals and real time. What it runs is a
//! [`Catalogue`] of protocols, each a [`Subject`](sim_core::subject::Subject) whose config can be read
//! from a file. A program of your own with a protocol of your own has every command of `sim` when this
//! is its `main`, with `.with::<MyProtocol>()` behind `standard()`; `examples/own_protocol.rs` is one.
//!
//! ```no_run
//! # use sim_runner::Catalogue;
//! let exit_code = sim_runner::main(Catalogue::standard());
//! ```
//!
//! # From a file to a verdict
//!
//! - [`scenario`]: the text of a file becomes a world, or every mistake in it is told.
//! - [`catalogue`]: a protocol's name becomes its types, once a run.
//! - [`sweep`](mod@sweep): many seeds on all cores; [`summary`] adds them up, in the order of the seeds,
//!   so that nothing depends on how many threads there are.
//! - [`signature`]: what the failures of one bug have in common.
//! - [`coverage`]: which of a protocol's words runs came to.
//! - [`story`]: one run, as a person follows it.
//! - [`chronicle`]: one run, as data: every event with what caused it.
//! - [`history`](mod@history): what clients asked in a run, and were told.
//! - [`kept`]: a failing run in a file, to be seen again.
//! - [`variation`]: a run in which something is otherwise.
//! - [`determinism`]: whether a seed gives the same run twice.
//!
//! # Exit codes
//!
//! 0 as expected; 1 a property was violated, or something that should happen never did; 2 wrong usage,
//! scenario or file; 3 inconclusive; 130 interrupted, 143 terminated. A reader of standard output who
//! leaves early changes nothing.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod chronicle;
pub mod coverage;
pub mod determinism;
pub mod histogram;
pub mod history;
pub mod kept;
pub mod names;
pub mod outcome;
#[doc(hidden)]
pub mod proving;
pub mod scenario;
pub mod signature;
pub mod story;
pub mod summary;
pub mod sweep;
pub mod variation;

mod args;
mod commands;
mod debugger;
mod explain;
mod export;
mod fared;
mod invocation;
mod output;
mod page;
mod panics;
mod paths;
mod prepared;
mod progress;
mod report;
mod results;
mod shrink;
mod signals;
mod wall;
mod zoo;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser as _;

pub use catalogue::Catalogue;

/// The program `sim`, with these protocols: reads the command line, does what it says, and gives the
/// exit code. Called once, from `main`.
#[must_use = "it is the program's exit code"]
pub fn main(catalogue: Catalogue) -> ExitCode {
    panics::install();
    signals::a_file_too_large_is_an_error();
    match args::Cli::try_parse() {
        Ok(cli) => ExitCode::from(commands::execute(&catalogue, &cli)),
        Err(wrong) => {
            let is_wrong = wrong.use_stderr();
            // A reader who has gone, as in `sim --help | head -1`, has read enough.
            let is_lost = wrong.print().is_err_and(|error| error.kind() != ErrorKind::BrokenPipe);
            if is_wrong || is_lost { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
    }
}
