//! How single decisions are written: short, and without a blank.

use sim_core::decide::Left;
use sim_core::rng::Key;
use sim_core::{Duration, Fate};

/// A decision that can be written in a word.
pub(super) trait Token: Sized {
    fn print(&self) -> String;
    fn parse(text: &str) -> Option<Self>;
}

impl Token for u64 {
    fn print(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Token for usize {
    fn print(&self) -> String {
        self.to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Nanoseconds.
impl Token for Duration {
    fn print(&self) -> String {
        self.as_nanos().to_string()
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self::from_nanos)
    }
}

/// `cut`, `lost`, `2341234`, or with a copy `2341234+4545454`.
impl Token for Fate {
    fn print(&self) -> String {
        match self {
            Self::Cut => "cut".into(),
            Self::Lost => "lost".into(),
            Self::Arrives { after, copy: None } => after.print(),
            Self::Arrives { after, copy: Some(copy) } => {
                format!("{}+{}", after.print(), copy.print())
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "cut" => Some(Self::Cut),
            "lost" => Some(Self::Lost),
            _ => match text.split_once('+') {
                None => Some(Self::Arrives { after: Duration::parse(text)?, copy: None }),
                Some((after, copy)) => {
                    let (after, copy) = (Duration::parse(after)?, Duration::parse(copy)?);
                    Some(Self::Arrives { after, copy: Some(copy) })
                }
            },
        }
    }
}

/// How many writes are kept, and `torn` if a torn one follows: `2`, `0torn`.
impl Token for Left {
    fn print(&self) -> String {
        format!("{}{}", self.kept, if self.torn { "torn" } else { "" })
    }

    fn parse(text: &str) -> Option<Self> {
        let kept = text.strip_suffix("torn");
        let torn = kept.is_some();
        kept.unwrap_or(text).parse().ok().map(|kept| Self { kept, torn })
    }
}

/// Hexadecimal: nobody reads it.
impl Token for Key {
    fn print(&self) -> String {
        format!("{:x}", self.word())
    }

    fn parse(text: &str) -> Option<Self> {
        u64::from_str_radix(text, 16).ok().map(Self::new)
    }
}

/// Words with blanks between them; what is repeated stands once: `5 7*3`.
pub(super) fn gather(tokens: &[String]) -> String {
    let mut text = String::new();
    let mut rest = tokens;
    while let Some(first) = rest.first() {
        let times = rest.iter().take_while(|token| *token == first).count();
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(first);
        if times > 1 {
            text.push_str(&format!("*{times}"));
        }
        rest = &rest[times..];
    }
    text
}

/// The words again. Nobody repeats one more often than a run can last.
pub(super) fn spread(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in text.split_ascii_whitespace() {
        let (token, times) = match word.split_once('*') {
            Some((token, times)) => (token, times.parse().unwrap_or(1)),
            None => (word, 1),
        };
        let room = MOST_TOKENS.saturating_sub(tokens.len());
        tokens.extend(std::iter::repeat_n(token.to_owned(), room.min(times)));
    }
    tokens
}

/// More than any run makes that is kept.
const MOST_TOKENS: usize = 10_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_read_as_they_are_written() {
        let (after, copy) = (Duration::from_nanos(5), Some(Duration::from_nanos(7)));
        for fate in [Fate::Cut, Fate::Lost, Fate::Arrives { after, copy: None }] {
            assert_eq!(Fate::parse(&fate.print()), Some(fate));
        }
        assert_eq!(Fate::Arrives { after, copy }.print(), "5+7");
        assert_eq!(Fate::parse("5+7"), Some(Fate::Arrives { after, copy }));
        assert_eq!(Fate::parse("soon"), None);
        for left in [Left { kept: 0, torn: true }, Left { kept: 12, torn: false }] {
            assert_eq!(Left::parse(&left.print()), Some(left));
        }
        assert_eq!(Key::parse(&Key::new(u64::MAX).print()), Some(Key::new(u64::MAX)));
    }

    #[test]
    fn what_is_repeated_stands_once() {
        let tokens = ["5", "7", "7", "7", "5"].map(String::from);
        assert_eq!(gather(&tokens), "5 7*3 5");
        assert_eq!(spread("5 7*3 5"), tokens);
        assert_eq!(spread(&gather(&[])), [""; 0]);
        assert!(spread("7*99999999999999").len() <= MOST_TOKENS);
    }
}
