//! A run in the notations of other tools, so that they can judge it or draw it.
//!
//! Each notation is a file of its own below, and says where it is described. All of them are functions
//! of the run alone: the same bytes on every machine.

mod edn;
mod elle;
mod events;
mod jepsen;
mod lines;
mod mermaid;
mod perfetto;
mod shiviz;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;

use crate::catalogue::Prepared;
use crate::kept::Recording;

/// A notation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub(crate) enum Notation {
    /// The history as Jepsen writes it (EDN): for Knossos and its kin
    Jepsen,
    /// The history as transactions (EDN): for Elle, with --model rw-register, or list-append where clients append
    Elle,
    /// The history, a JSON object a line for each operation
    History,
    /// The end of the run as a sequence diagram of Mermaid's: for issues and chats
    Mermaid,
    /// The run as a Chrome trace (JSON): for ui.perfetto.dev
    Perfetto,
    /// The run as a log with vector clocks: for ShiViz
    Shiviz,
    /// Everything that happened, a JSON object a line for each event, message and operation
    Events,
}

/// A run in notations.
///
/// # Errors
/// What of the run a notation cannot say.
pub(crate) fn texts(
    notations: impl Iterator<Item = Notation>,
    scenario: &dyn Prepared,
    seed: u64,
    recording: Option<&Recording>,
) -> Result<Vec<String>, String> {
    // Each is noted once, and only if somebody wants it.
    let (history, chronicle) = (OnceCell::new(), OnceCell::new());
    let history = || history.get_or_init(|| scenario.history(seed, recording)).as_slice();
    let run = || chronicle.get_or_init(|| scenario.chronicle(seed, recording));
    let text = |notation| {
        Ok(match notation {
            Notation::Jepsen => jepsen::text(history()),
            Notation::Elle => elle::text(history())?,
            Notation::History => lines::history(history()),
            Notation::Mermaid => mermaid::text(run()),
            Notation::Perfetto => perfetto::text(run()),
            Notation::Shiviz => shiviz::text(run()),
            Notation::Events => events::text(run()),
        })
    };
    notations.map(text).collect()
}
