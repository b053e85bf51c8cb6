//! What becomes of a panic.
//!
//! In a run it is that seed's violation of `no_panic`: nothing is printed, the place is kept for the
//! message. The message says who it was: a handler, the run around it (an invariant, a workload, the
//! engine itself), or the judge of a history. Anywhere else it is a mistake of the tool, and is printed
//! as usual, with the line that brings it back.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::sync::OnceLock;

thread_local! {
    /// Whether panics are somebody's business who will report them.
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// Where the last quiet panic was: `protocols/src/raft/log.rs:112`.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
    /// The seed that this thread is at work on.
    static SEED: Cell<Option<u64>> = const { Cell::new(None) };
}

/// The line that replays a seed.
static HINT: OnceLock<Hint> = OnceLock::new();

/// What is done before anything is printed: somebody may have the screen for himself.
static FIRST: OnceLock<fn()> = OnceLock::new();

type Hint = Box<dyn Fn(u64) -> String + Send + Sync>;

/// From now on panics are treated as described above.
pub(crate) fn install() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if QUIET.get() {
            let place = panic.location().map(|place| format!("{}:{}", place.file(), place.line()));
            PLACE.with_borrow_mut(|last| *last = place);
        } else {
            if let Some(first) = FIRST.get() {
                first();
            }
            usual(panic);
            add_hint();
        }
    }));
}

/// Tells how a seed is replayed, should the tool itself fall over it.
pub(crate) fn hint_with(hint: impl Fn(u64) -> String + Send + Sync + 'static) {
    // A second sweep in one process keeps the first one's hint; there is none.
    let _ = HINT.set(Box::new(hint));
}

/// Does this before the tool's own mistakes are printed.
pub(crate) fn first(what: fn()) {
    // There is one screen, and it is given back in one way.
    let _ = FIRST.set(what);
}

/// Runs something that catches its own panics. Says where the last of them was.
pub(crate) fn quietly(run: impl FnOnce()) -> Option<String> {
    PLACE.with_borrow_mut(|last| *last = None);
    QUIET.set(true);
    run();
    QUIET.set(false);
    PLACE.with_borrow_mut(Option::take)
}

/// Until this is dropped, the thread is at work on a seed.
pub(crate) fn about(seed: u64) -> About {
    SEED.set(Some(seed));
    About
}

/// The thread is at work on a seed until this is dropped.
pub(crate) struct About;

impl Drop for About {
    fn drop(&mut self) {
        SEED.set(None);
    }
}

fn add_hint() {
    let Some(seed) = SEED.get() else { return };
    let line = HINT.get().map(|hint| format!("\nto see it again:\n{}", hint(seed)));
    let line = line.unwrap_or_default();
    // There is nobody left to whom a failure to write could be told.
    let _ = writeln!(std::io::stderr(), "this is a bug in the tool, met at seed {seed}{line}");
}
