//! Numbers and sentences as people read them.

use sim_core::Duration;

/// How wide a text for people is.
pub(crate) const WIDTH: usize = 80;

/// A number in groups of three: `10,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// So many of something: `1 run`, `10,000 runs`.
pub(crate) fn many(number: u64, of: &str) -> String {
    format!("{} {of}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A length of time in three digits: `12.3ms`.
pub(crate) fn rough(length: Duration) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let nanos = length.as_nanos();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| nanos >= *size).unwrap_or((1, "ns"));
    let whole = nanos / size;
    let decimals = match whole {
        _ if size == 1 => 0,
        0..10 => 2,
        10..100 => 1,
        _ => 0,
    };
    let fraction = (nanos % size) * 10u64.pow(decimals) / size;
    match decimals {
        0 => format!("{}{unit}", grouped(whole)),
        _ => format!("{whole}.{fraction:0width$}{unit}", width = decimals as usize),
    }
}

/// A length of real time: `850ms`, `12.3s`, `2min 05s`, `3h 12min`.
pub(crate) fn spent(length: Duration) -> String {
    let seconds = length.as_nanos() / 1_000_000_000;
    match seconds {
        0..60 => rough(length),
        60..3_600 => format!("{}min {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}min", grouped(seconds / 3_600), seconds / 60 % 60),
    }
}

/// A text broken between words, so that no line is wider than so many columns. What is broken already
/// stays so; a line's own indentation is kept for what follows of it.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let mut current = indent.clone();
        let mut is_new = true;
        for word in line.split_whitespace() {
            let room = current.chars().count() + usize::from(!is_new) + word.chars().count();
            if !is_new && room > width {
                lines.push(std::mem::replace(&mut current, indent.clone()));
                is_new = true;
            }
            if !is_new {
                current.push(' ');
            }
            current.push_str(word);
            is_new = false;
        }
        lines.push(current.trim_end().into());
    }
    lines
}

/// The beginning of a text, up to so many columns.
pub(crate) fn clipped(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.into();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The first sentence of a text, on one line.
pub(crate) fn first_sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = text
        .match_indices(['.', '!', '?'])
        .map(|(at, mark)| at + mark.len())
        .find(|&end| text[end..].is_empty() || text[end..].starts_with(' '));
    text[..end.unwrap_or(text.len())].into()
}

/// Words as a sentence lists them: `a, b and c`.
pub(crate) fn listed(words: &[impl AsRef<str>]) -> String {
    match words {
        [] => String::new(),
        [only] => only.as_ref().into(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", first.join(", "), last.as_ref())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(many(1, "seed"), "1 seed");
        assert_eq!(many(2_000, "seed"), "2,000 seeds");
    }

    #[test]
    fn times_have_three_digits() {
        let nanos = [0, 7, 1_500, 12_345_678, 812_999_999, 1_000_000_000, 75_250_000_000];
        let shown = nanos.map(|nanos| rough(Duration::from_nanos(nanos)));
        assert_eq!(shown, ["0ns", "7ns", "1.50us", "12.3ms", "812ms", "1.00s", "75.2s"]);
        let spent = [850, 125_000, 11_520_000].map(|millis| spent(Duration::from_millis(millis)));
        assert_eq!(spent, ["850ms", "2min 05s", "3h 12min"]);
    }

    #[test]
    fn lines_are_broken_between_words() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("  ab cd ef\n\ng", 7), ["  ab cd", "  ef", "", "g"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }

    #[test]
    fn a_sentence_ends_where_a_space_follows() {
        assert_eq!(first_sentence(" A 1.5 s\n pause. Then"), "A 1.5 s pause.");
        assert_eq!(first_sentence("no end"), "no end");
    }

    #[test]
    fn lists_end_with_and() {
        assert_eq!(listed(&["a"]), "a");
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }
}
