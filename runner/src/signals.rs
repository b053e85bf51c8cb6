//! What others tell this process to do: to end, and how.
//!
//! The first Ctrl-C, or the first polite request to terminate, ends a sweep with what ran until then;
//! the second one ends it at once.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Raised when somebody wants the sweep to end.
static STOP: AtomicBool = AtomicBool::new(false);

/// The exit code that says who: 128 and the number of the signal.
static CODE: AtomicU8 = AtomicU8::new(INTERRUPTED);

/// What a process ends with that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// From now on, whoever wants this process to end raises a flag.
pub(crate) fn heed() -> &'static AtomicBool {
    // Should somebody else have a handler already, then a signal does what they want.
    let _ = system::listen();
    &STOP
}

/// The exit code of a sweep that was ended early.
pub(crate) fn exit_code() -> u8 {
    CODE.load(Ordering::Relaxed)
}

/// Somebody wants it to end.
fn asked_to_end(code: u8) {
    if STOP.swap(true, Ordering::Relaxed) {
        crate::output::terminal::last_words("INTERRUPTED: twice, so at once, without a result");
        std::process::exit(i32::from(code));
    }
    CODE.store(code, Ordering::Relaxed);
}

pub(crate) use system::a_file_too_large_is_an_error;

#[cfg(unix)]
mod system {
    use std::io;
    use std::sync::Arc;
    use std::thread;

    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;

    pub(super) fn listen() -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let wait = move || {
            for signal in signals.forever() {
                super::asked_to_end(128 + u8::try_from(signal).unwrap_or(0));
            }
        };
        thread::Builder::new().name("signals".into()).spawn(wait).map(drop)
    }

    /// Who may write no file beyond a size (`ulimit -f`) is told so by the system's write, which can
    /// be reported, and not by a signal that ends the process in the midst of a file.
    pub(crate) fn a_file_too_large_is_an_error() {
        // `SIGXFSZ` on every Unix that Rust runs on. If this fails, the signal does what it did.
        const FILE_TOO_LARGE: i32 = 25;
        let _ = signal_hook::flag::register(FILE_TOO_LARGE, Arc::default());
    }
}

#[cfg(not(unix))]
mod system {
    pub(super) fn listen() -> Result<(), ctrlc::Error> {
        ctrlc::set_handler(|| super::asked_to_end(super::INTERRUPTED))
    }

    pub(crate) const fn a_file_too_large_is_an_error() {}
}
