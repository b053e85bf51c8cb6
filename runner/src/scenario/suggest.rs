//! What somebody may have meant.

use crate::output::words::clipped;

/// How much of a name is told.
const WIDEST: usize = 60;

/// The candidate that a word was probably meant to be.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = (word.chars().count() / 3).max(1);
    let distance_to = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        // Who stops typing in the middle of a long name, types only its end, or goes on too long,
        // means that name.
        let part = word.len() >= 3 && (candidate.starts_with(&word) || candidate.ends_with(&word))
            || candidate.len() >= 2 && word.starts_with(&candidate);
        if part { 1 } else { distance(&word, &candidate) }
    };
    candidates
        .into_iter()
        .map(|candidate| (distance_to(candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= allowed && *distance < candidate.chars().count()
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to put in, take out, replace or swap with their neighbour.
pub(crate) fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    if from.len().abs_diff(to.len()) > MOST || from.len().max(to.len()) > LONGEST {
        return usize::MAX;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let replaced = last[j - 1] + usize::from(from[i - 1] != to[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

/// "A", "A and B", "A, B and C"; long lists are cut.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>, and: &str) -> String {
    // A name may be as long as its author likes; a line may not.
    let names: Vec<String> = names.into_iter().map(|name| clipped(name, WIDEST)).collect();
    match &names[..] {
        [] => "none".into(),
        [one] => one.clone(),
        [first @ .., last] if names.len() <= SHOWN => {
            format!("{} {and} {last}", first.join(", "))
        }
        _ => format!("{}, … ({} in all)", names[..SHOWN].join(", "), names.len()),
    }
}

/// "did you mean `B`? The nodes are A, B and C", or only the latter half.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
    what_they_are: &str,
) -> String {
    let known = list(candidates.clone(), "and");
    match closest(word, candidates) {
        Some(meant) => format!("did you mean `{meant}`? {what_they_are} {known}"),
        None => {
            let mut letters = what_they_are.chars();
            let first = letters.next().map(|first| first.to_lowercase().to_string());
            format!("{}{} {known}", first.unwrap_or_default(), letters.as_str())
        }
    }
}

/// Beyond this many changes nothing is a slip of the fingers.
const MOST: usize = 8;
/// Beyond this many letters nothing is a name.
const LONGEST: usize = 80;
/// How many names a message lists.
const SHOWN: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_fingers_are_recognised() {
        let known = ["latency", "loss", "duplicate", "reorder", "linearizable"];
        let meant = |word| closest(word, known);
        assert_eq!(meant("lattency"), Some("latency"));
        assert_eq!(meant("lsos"), Some("loss"));
        assert_eq!(meant("Loss"), Some("loss"));
        assert_eq!(meant("dup"), Some("duplicate"));
        assert_eq!(meant("loss_rate"), Some("loss"));
        assert_eq!(meant("linearisable"), Some("linearizable"));
        assert_eq!(meant("partition"), None);
        assert_eq!(closest("D", ["A", "B"]), None, "one letter for another is another name");
    }

    #[test]
    fn lists_read_as_sentences_do() {
        assert_eq!(list([], "and"), "none");
        assert_eq!(list(["A"], "and"), "A");
        assert_eq!(list(["A", "B", "C"], "or"), "A, B or C");
        let many: Vec<String> = (0..40).map(|number| number.to_string()).collect();
        assert!(list(many.iter().map(String::as_str), "and").ends_with("… (40 in all)"));
    }
}
