//! `sim replay --interactive`, in a terminal as a person has it: keys in, screen out.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::place::{Place, SIM};

/// Two of four are a majority with the flaw `half_quorum_of_even`: each half elects a leader.
const EVEN: &str = include_str!("../../../scenarios/raft/even_cluster.yaml");
const REPLAY: [&str; 6] =
    ["replay", "even.yaml", "--set", "config.flaw=half_quorum_of_even", "--seed", "0"];

/// The program in a terminal.
struct Terminal {
    pty: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn std::io::Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    child: Box<dyn Child + Send + Sync>,
}

/// What a key sends.
const ENTER: &str = "\r";
const RIGHT: &str = "\x1b[C";
const DOWN: &str = "\x1b[B";
const LEFT: &str = "\x1b[D";
const CTRL_C: &str = "\x03";

/// Nothing takes longer than this unless it never comes.
const PATIENCE: Duration = Duration::from_secs(60);

impl Terminal {
    #[expect(clippy::disallowed_methods, reason = "a terminal is read while keys are pressed")]
    fn new(place: &Place, (rows, cols): (u16, u16), more: &[&str]) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(SIM);
        command.args(REPLAY);
        command.arg("--interactive");
        command.args(more);
        command.cwd(place.folder.path());
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("it starts");
        let mut reader = pair.master.try_clone_reader().expect("its output");
        let keyboard = pair.master.take_writer().expect("its input");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let screen = vt100::Parser::new(some(rows), some(cols), 0);
        Self { pty: pair.master, keyboard, output, screen, child }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("it reads");
        self.keyboard.flush().expect("it reads");
    }

    /// Waits until the screen shows something.
    #[track_caller]
    fn shows(&mut self, text: &str) -> String {
        loop {
            let shown = self.screen.screen().contents();
            if shown.contains(text) {
                return shown;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => panic!("no `{text}` on the screen:\n{shown}"),
            }
        }
    }

    fn resize(&mut self, rows: u16, cols: u16) {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.pty.resize(size).expect("a size");
        self.screen.screen_mut().set_size(some(rows), some(cols));
    }

    /// Waits for its end; gives its exit code.
    fn ends(&mut self) -> u32 {
        let code = self.child.wait().expect("it ends").exit_code();
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.screen.process(&bytes);
        }
        assert!(!self.screen.screen().alternate_screen(), "the screen is given back");
        code
    }
}

fn some(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has rows and columns")
}

fn place() -> Place {
    let place = Place::new();
    place.write("even.yaml", EVEN);
    place
}

#[test]
fn a_run_is_stepped_through_forward_and_backward() {
    let place = place();
    let mut terminal = Terminal::new(&place, (24, 80), &[]);
    let shown = terminal.shows("event 1 of ");
    assert!(shown.contains("VIOLATED: one_leader_per_term"), "{shown}");
    assert!(shown.contains("still to happen"), "{shown}");
    terminal.press(RIGHT);
    let shown = terminal.shows("event 2 of ");
    assert!(shown.contains("A timer Election"), "{shown}");
    terminal.press(RIGHT);
    terminal.shows("event 3 of ");
    terminal.press(LEFT);
    terminal.shows("event 2 of ");
    // To the violation, and what the node knows that saw it.
    terminal.press("v");
    let shown = terminal.shows("188.194ms D    VIOLATED");
    assert!(shown.contains("D      leader") && shown.contains("B      leader"), "{shown}");
    // To a kind, back from there.
    terminal.press("/Vote");
    terminal.shows("find (a kind, a property, a word): Vote");
    terminal.press(ENTER);
    terminal.shows("nothing more is about `Vote`");
    terminal.press(",");
    terminal.shows("<- C Vote(term 1, granted)");
    terminal.press("s");
    terminal.shows("what A knows");
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn a_branch_is_taken_taken_back_and_kept_as_a_scenario() {
    let place = place();
    let mut terminal = Terminal::new(&place, (30, 110), &[]);
    terminal.shows("event 1 of ");
    terminal.press("/becomes candidate");
    terminal.press(ENTER);
    terminal.shows("nothing more is about");
    terminal.press("/candidate");
    terminal.press(ENTER);
    terminal.shows("-> A RequestVote(term 1, last 0/0)");
    terminal.press("b");
    terminal.shows("message: B -> A RequestVote#1");
    // Below the timer that is set anew.
    terminal.press(DOWN);
    terminal.press(ENTER);
    terminal.shows("how? drop, or a delay such as 5ms:");
    terminal.press("soon");
    terminal.press(ENTER);
    terminal.shows("write drop, or a delay such as 5ms");
    terminal.press("\x7f\x7f\x7f\x7fdrop");
    terminal.press(ENTER);
    terminal.shows("otherwise: message: B -> A RequestVote#1, drop: true");
    terminal.shows("-> A RequestVote(term 1, last 0/0) (lost)");
    terminal.press("w");
    terminal.shows("write the scenario to:");
    terminal.press("branch.yaml");
    terminal.press(ENTER);
    terminal.shows("written: branch.yaml");
    terminal.press("u");
    terminal.shows("as before: message: B -> A RequestVote#1");
    terminal.press(CTRL_C);
    assert_eq!(terminal.ends(), 130);
    let kept = place.read("branch.yaml");
    assert!(kept.contains("- message: B -> A RequestVote#1\n    drop: true"), "{kept}");
    let said = place.sim(&["replay", "branch.yaml", "--seed", "0", "--all"]);
    assert!(said.out.contains("RequestVote"), "{}", said.out);
}

#[test]
fn a_screen_that_is_too_small_says_so_and_one_that_grows_is_used() {
    let place = place();
    let mut terminal = Terminal::new(&place, (8, 40), &[]);
    terminal.shows("too small");
    terminal.resize(24, 100);
    terminal.shows("still to happen");
    terminal.press("q");
    assert_eq!(terminal.ends(), 0);
}

#[test]
fn without_a_terminal_it_is_refused() {
    let place = place();
    let said = place.sim(&[&REPLAY[..], &["--interactive"]].concat()).ends_with(2);
    assert!(said.err.contains("--interactive needs a terminal"), "{}", said.err);
    let both = ["--interactive", "--export", "jepsen"];
    let said = place.sim(&[&REPLAY[..], &both].concat()).ends_with(2);
    assert!(said.err.contains("cannot be used with"), "{}", said.err);
}
