//! The loader survives whatever it is given: every scenario there is, good or bad, mutilated from a seed.
//! Nothing panics or points nowhere, and what is accepted runs.
//!
//! `LOADER_SECONDS=60` goes on for so long, with other mutilations each time that `LOADER_SEED` is
//! another; without, a few thousand are tried. `fuzz/` gives the same function inputs of its own.

mod register;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sim_runner::Catalogue;
use sim_runner::proving::{Fared, survives};

use self::register::Register;

/// Tried where nobody says for how long.
const FEW: u64 = 6_000;

#[test]
#[expect(clippy::print_stdout, reason = "who asks for a minute of it is told what it did")]
fn no_mutilated_scenario_is_too_much_for_the_loader() {
    let catalogue = Catalogue::standard().with::<Register>();
    let corpus = corpus();
    let runs = |bytes: &&Vec<u8>| check(&catalogue, bytes) == Fared::Ran;
    let good: Vec<&Vec<u8>> = corpus.iter().filter(runs).collect();
    assert!(good.len() >= 10, "only {} are scenarios", good.len());
    let lasting = number("LOADER_SECONDS").map(Duration::from_secs);
    let mut chance = Chance(number("LOADER_SEED").unwrap_or(0).wrapping_add(0x9e37_79b9_7f4a_7c15));
    let begin = now();
    let (mut tried, mut ran) = (0, 0);
    while lasting.map_or(tried < FEW, |lasting| begin.elapsed() < lasting) {
        // The last checks are reached by what is nearly right.
        let mut bytes = match chance.below(4) {
            0 => corpus[chance.below(corpus.len())].clone(),
            _ => good[chance.below(good.len())].clone(),
        };
        for _ in 0..=chance.below(3) {
            chance.mutilate(&mut bytes, &corpus);
        }
        ran += u64::from(check(&catalogue, &bytes) == Fared::Ran);
        tried += 1;
    }
    println!("{tried} scenarios were tried, and {ran} of them ran");
    assert!(ran * 50 > tried, "only {ran} of {tried} were run: the rest proves little");
}

#[track_caller]
fn check(catalogue: &Catalogue, bytes: &[u8]) -> Fared {
    let survived = catch_unwind(AssertUnwindSafe(|| survives(catalogue, bytes)));
    let why = match survived {
        Ok(Ok(fared)) => return fared,
        Ok(Err(why)) => why,
        Err(_) => String::from("it panicked"),
    };
    panic!("{why}\n\n{}\n\n{bytes:?}", String::from_utf8_lossy(bytes));
}

/// Every scenario there is.
fn corpus() -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["tests/bad", "tests/good", "../scenarios", "../scenarios/raft"];
    let files = folders.iter().flat_map(|folder| files(&here.join(folder)));
    let corpus: Vec<Vec<u8>> = files.map(|path| fs::read(path).expect("a file")).collect();
    assert!(corpus.len() > 200, "{} files", corpus.len());
    corpus
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let is_scenario = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "yaml");
    let mut files: Vec<PathBuf> = paths.filter(is_scenario).collect();
    files.sort();
    files
}

/// What means something to a reader of YAML, or should mean nothing.
const SIGNS: &[u8] = b"\0\t\n\r #:,-[]{}'\"&*!|>%@`~0aZ\x7f\xc3\xff";

/// Xorshift: enough for this.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound as u64)).expect("small")
    }

    /// A part of something so long, and not a long one.
    fn part(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(60)).min(length)
    }

    fn mutilate(&mut self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = self.below(bytes.len() + 1);
        match self.below(11) {
            // Bytes that mean something, and bytes that mean nothing.
            0 => {
                let sign = SIGNS[self.below(SIGNS.len())];
                bytes.insert(place, sign);
            }
            1 => bytes.insert(place, u8::try_from(self.below(256)).expect("a byte")),
            2 => bytes.truncate(place),
            3 => drop(bytes.drain(self.part(bytes.len()))),
            // A part of another scenario, or once more of this one.
            4 => {
                let other = &corpus[self.below(corpus.len())];
                let part = other[self.part(other.len())].to_vec();
                bytes.splice(place..place, part);
            }
            5 => {
                let part = bytes[self.part(bytes.len())].repeat(1 + self.below(40));
                bytes.splice(place..place, part);
            }
            6 => self.lines(bytes, |chance, lines| {
                let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
                lines.swap(one, other);
            }),
            7 => self.lines(bytes, |chance, lines| drop(lines.remove(chance.below(lines.len())))),
            8 => self.lines(bytes, |chance, lines| {
                let (from, to) = (chance.below(lines.len()), chance.below(lines.len()));
                lines.insert(to, lines[from].clone());
            }),
            _ => self.number(bytes),
        }
    }

    fn lines(&mut self, bytes: &mut Vec<u8>, change: impl Fn(&mut Self, &mut Vec<Vec<u8>>)) {
        let mut lines: Vec<Vec<u8>> =
            bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
        change(self, &mut lines);
        *bytes = lines.join(&b'\n');
    }

    /// Another number in the place of one: quantities are where arithmetic goes wrong.
    fn number(&mut self, bytes: &mut Vec<u8>) {
        let is_digit = |place: &usize| bytes[*place].is_ascii_digit();
        let starts = (0..bytes.len()).filter(|place| is_digit(place));
        let starts: Vec<usize> = starts.filter(|&at| at == 0 || !is_digit(&(at - 1))).collect();
        if starts.is_empty() {
            return;
        }
        let start = starts[self.below(starts.len())];
        let length = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let numbers = [
            "0",
            "1",
            "2",
            "-1",
            "63",
            "64",
            "65",
            "1_000",
            "65536",
            "999999",
            "4294967295",
            "4294967296",
            "876000",
            "5124095",
            "9223372036854775807",
            "9223372036854775808",
            "18446744073709551615",
            "18446744073709551616",
            "1e9",
            "0.5",
            "0x10",
            "007",
            "1__0",
            "340282366920938463463374607431768211456",
        ];
        let number = numbers[self.below(numbers.len())].bytes();
        bytes.splice(start..start + length, number);
    }
}

#[expect(clippy::disallowed_methods, reason = "a test may be told what to do")]
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

#[expect(clippy::disallowed_methods, reason = "how long it goes on is a matter of real time")]
fn now() -> Instant {
    Instant::now()
}
