//! Where output goes. Everything that this crate prints is written through here.

use std::io::{self, BufWriter, IsTerminal, Write};

use anstream::{AutoStream, ColorChoice};

use crate::args::Color;

/// Standard output: colours taken out where nobody wants them, and quiet when nobody reads any more.
/// After any other error it takes nothing.
pub(crate) struct Out {
    inner: Option<BufWriter<AutoStream<io::Stdout>>>,
    colored: bool,
}

impl Out {
    pub(crate) fn new(color: Color) -> Self {
        let stdout = AutoStream::new(io::stdout(), choice(color));
        let colored = stdout.current_choice() != ColorChoice::Never;
        Self { inner: Some(BufWriter::new(stdout)), colored }
    }

    /// Whether colours reach the reader.
    pub(crate) const fn is_colored(&self) -> bool {
        self.colored
    }

    /// Does something to the stream, unless its reader has gone.
    fn unless_gone<T: Default>(
        &mut self,
        act: impl FnOnce(&mut BufWriter<AutoStream<io::Stdout>>) -> io::Result<T>,
    ) -> io::Result<T> {
        let Some(inner) = &mut self.inner else { return Ok(T::default()) };
        let error = match act(inner) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        // What is still in the buffer will not be written either.
        if let Some(inner) = self.inner.take() {
            let _ = inner.into_parts();
        }
        match error.kind() {
            io::ErrorKind::BrokenPipe => Ok(T::default()),
            kind => Err(io::Error::new(kind, format!("cannot write to standard output: {error}"))),
        }
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unless_gone(|inner| inner.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone(Write::flush)
    }
}

/// What there is to say when everything ends at once: on standard error, and without colours.
pub(crate) fn last_words(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Tells the person at the terminal that something is wrong: on standard error.
pub(crate) fn complain(color: Color, text: &str) {
    let mut stderr = AutoStream::new(io::stderr(), choice(color));
    // If even this cannot be written there is nobody to tell.
    let _ = writeln!(stderr, "{text}");
}

/// How wide the lines on standard output may be: `None` if they go to a file or another program.
pub(crate) fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (columns, _) = terminal_size::terminal_size()?;
    Some(usize::from(columns.0))
}

fn choice(color: Color) -> ColorChoice {
    match color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}
