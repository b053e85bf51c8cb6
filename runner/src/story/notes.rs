//! What a protocol's author writes with `tracing` inside a handler: it appears in the story at its
//! place.

use std::cell::RefCell;
use std::fmt::{self, Write as _};

use sim_core::Protocol;
use sim_core::client::Client;
use sim_core::trace::{Cause, Happening};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

thread_local! {
    static HEARD: RefCell<Vec<Note>> = const { RefCell::new(Vec::new()) };
}

/// Something that a handler said.
pub(crate) struct Note {
    pub(crate) level: Level,
    pub(crate) text: String,
}

/// While this lives, what handlers of this thread say is heard.
#[must_use = "what is said is heard as long as this lives"]
pub(crate) struct Guard {
    _subscriber: DefaultGuard,
}

/// Hears what handlers say on this thread, until the guard is dropped.
pub(crate) fn listen() -> Guard {
    clear();
    let subscriber = tracing_subscriber::registry().with(Ear);
    Guard { _subscriber: tracing::subscriber::set_default(subscriber) }
}

/// Whether notes belong to what is told next, and not to what went before: a new process speaks before it
/// is known to have started, and a client likewise.
pub(crate) const fn come_before<P: Protocol, C: Client<P>>(what: &Happening<'_, P, C>) -> bool {
    matches!(what, Happening::Input { cause: Cause::Start { .. }, .. } | Happening::Invoked { .. })
}

impl Drop for Guard {
    fn drop(&mut self) {
        clear();
    }
}

/// What was said since the last time.
pub(crate) fn take() -> Vec<Note> {
    HEARD.take()
}

/// Forgets what was said.
pub(crate) fn clear() {
    HEARD.with_borrow_mut(Vec::clear);
}

struct Ear;

impl<S: Subscriber> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let note = Note { level: *event.metadata().level(), text: words.0 };
        HEARD.with_borrow_mut(|heard| heard.push(note));
    }
}

/// The message, then the fields, as `tracing` prints them elsewhere.
#[derive(Default)]
struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail; and whose note it is, its place says.
        let _ = match field.name() {
            "message" => {
                let fields = std::mem::replace(&mut self.0, format!("{value:?}"));
                self.0.write_str(&fields)
            }
            "node" => Ok(()),
            name => write!(self.0, " {name}={value:?}"),
        };
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.record_debug(field, &format_args!("{value}"));
        } else {
            self.record_debug(field, &value);
        }
    }
}
