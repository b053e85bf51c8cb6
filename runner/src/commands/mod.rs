//! What each command does, a file each.

mod explain;
mod failing;
mod list;
mod replay;
mod run;
mod shrink;
mod zoo;

use crate::args::{Cli, Color, Command, Scenario};
use crate::catalogue::{Catalogue, Prepared};
use crate::output::terminal::complain;
use crate::scenario::{ScenarioErrors, Source};

/// Does what was asked for; gives the exit code.
pub(crate) fn execute(catalogue: &Catalogue, cli: &Cli) -> u8 {
    let done = match &cli.command {
        Command::Run(args) => run::run(catalogue, args, cli.color),
        Command::Replay(args) => replay::replay(catalogue, args, cli.color),
        Command::Shrink(args) => shrink::shrink(catalogue, args, cli.color),
        Command::Zoo(args) => zoo::zoo(catalogue, args, cli.color),
        Command::Explain(args) => explain::explain(catalogue, args, cli.color),
        Command::List(args) => list::list(catalogue, args, cli.color),
    };
    done.unwrap_or_else(|error| {
        refuse(cli.color, &error);
        WRONG
    })
}

/// The exit code for wrong usage, a wrong scenario, and files that cannot be read or written.
const WRONG: u8 = 2;

/// Reads a scenario, with what is different about it.
fn prepare(
    catalogue: &Catalogue,
    scenario: &Scenario,
) -> Result<(Source, Box<dyn Prepared>), ScenarioErrors> {
    let source = change(Source::read(scenario.path())?, scenario)?;
    let prepared = catalogue.prepare(&source)?;
    Ok((source, prepared))
}

/// Puts into a scenario what is different about it.
fn change(source: Source, scenario: &Scenario) -> Result<Source, ScenarioErrors> {
    let source = source.with_overrides(scenario.set())?;
    let Some(lasting) = scenario.lasting() else { return Ok(source) };
    let key = if source.has_swarm() { "run.chaos" } else { "run.for" };
    source.with_overrides(&[format!("{key}={lasting}")])
}

/// Says what is wrong, and for a scenario where.
fn refuse(color: Color, error: &anyhow::Error) {
    match error.downcast_ref::<ScenarioErrors>() {
        Some(errors) => complain(color, &errors.to_string()),
        None => {
            let style = anstyle::AnsiColor::Red.on_default().bold();
            complain(color, &format!("{style}error:{style:#} {error:#}"));
        }
    }
}
