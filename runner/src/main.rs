//! The program `sim`: every command, with the protocols that come with it.

use std::process::ExitCode;

use sim_runner::Catalogue;

fn main() -> ExitCode {
    sim_runner::main(Catalogue::standard())
}
