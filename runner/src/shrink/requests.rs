//! What clients ask: line by line in a script, fewer lines, and in the end from beside a node, where no
//! message of a client's is on its way to anybody.

use std::collections::{BTreeMap, BTreeSet};

use crate::scenario::Node;

use super::draft::{Draft, entry, entry_of, path};
use super::lists::drop_entries;
use super::search::Search;
use super::trial::Seeds;

/// Lets nobody ask anything, or only those of the script, or only those of the workload.
pub(super) fn ask_nothing(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let without = |keys: &[&str]| {
        let has_any = keys.iter().any(|key| best.has(key));
        has_any.then(|| keys.iter().fold(best.clone(), |draft, key| draft.with(key, None)))
    };
    let none = [without(&["clients", "script"]), without(&["clients"]), without(&["script"])];
    let candidates: Vec<Draft> = none.into_iter().flatten().collect();
    search.first_of(search.seeds, &candidates).is_some()
}

/// Writes the workload into the script, where its requests can be taken away one by one.
pub(super) fn spell_out(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let Some(clients) = best.get("clients").filter(|_| !asks_by_client(&best)) else {
        return false;
    };
    let Some(scenario) = search.judge.load(&best) else { return false };
    let Some(asked) = scenario.spell_out(best.seed).asked else { return false };
    let mut script = best.list("script").to_vec();
    script.extend(asked.into_iter().map(|asked| {
        let at = asked.at.since(sim_core::Time::ZERO).to_string();
        entry_of(&[("at", at), ("by", asked.by), ("do", asked.what)])
    }));
    let mut quiet = clients.clone();
    for key in ["rate", "think", "mix", "from", "until", "keys"] {
        quiet.set(key, None);
    }
    let spelt = best.with("clients", Some(quiet)).with_list("script", script);
    search.first_of(Seeds::Own, &[spelt]).is_some()
}

/// Drops requests, and clients that ask nothing any more.
pub(super) fn drop_requests(search: &mut Search<'_>) -> bool {
    let dropped = drop_entries(search, "script");
    let renumbered = renumbered(&search.best);
    dropped | renumbered.is_some_and(|draft| search.takes(draft))
}

/// Seats clients beside nodes: all of them beside one, or one request after another.
pub(super) fn sit_beside(search: &mut Search<'_>) -> bool {
    let mut changed = move_lines(search, None);
    let mut number = 0;
    while number < search.best.list("script").len() && !search.is_over() {
        changed |= move_lines(search, Some(number));
        number += 1;
    }
    changed
}

/// Moves one line of the script, or all, from clients of the workload to one beside a node.
fn move_lines(search: &mut Search<'_>, number: Option<usize>) -> bool {
    let best = search.best.clone();
    let lines = best.list("script").iter().enumerate();
    let mut moved =
        lines.filter(|(line, _)| number.is_none_or(|number| number == *line)).map(|(_, line)| line);
    if !moved.any(|line| line.get("by").is_some()) {
        return false;
    }
    let nodes = best.nodes();
    // What was decided about the messages of clients may be in the way.
    search
        .first(2 * nodes.len(), |candidate| {
            let draft = match candidate < nodes.len() {
                true => best.clone(),
                false => without_decisions_about_clients(&best)?,
            };
            Some(beside(&draft, number, &nodes[candidate % nodes.len()]))
        })
        .is_some()
}

/// The same without decisions about what clients say and are told; nothing if there are none.
fn without_decisions_about_clients(draft: &Draft) -> Option<Draft> {
    let schedule = draft.list("schedule");
    let is_about_one = |entry: &&Node| {
        let message = entry.get("message").and_then(Node::text).unwrap_or_default();
        [" request#", " reply#"].iter().any(|word| message.contains(word))
    };
    let left: Vec<Node> = schedule.iter().filter(|it| !is_about_one(it)).cloned().collect();
    (left.len() < schedule.len()).then(|| draft.with_list("schedule", left))
}

/// Gives what is asked short names: values are counted, and keys are as few as possible.
pub(super) fn say_it_shortly(search: &mut Search<'_>) -> bool {
    let best = search.best.clone();
    let renamed = |shorter: &mut dyn FnMut(&str, usize) -> Option<String>| {
        let mut draft = best.clone();
        for number in 0..best.list("script").len() {
            let path = entry("script", number, "do");
            let Some(text) = best.text_at(&path) else { continue };
            let words = text.split(' ').enumerate();
            let words =
                words.map(|(place, word)| shorter(word, place).unwrap_or_else(|| word.into()));
            draft = draft.with_text(&path, words.collect::<Vec<_>>().join(" "));
        }
        draft
    };
    let mut values = BTreeMap::new();
    let counted = renamed(&mut |word, place| {
        let is_value = place > 0 && word.parse::<u64>().is_ok();
        let next = values.len() + 1;
        is_value.then(|| values.entry(word.to_owned()).or_insert(next).to_string())
    });
    let mut key = None;
    let one_key = renamed(&mut |word, place| {
        let is_key =
            place == 1 && word.parse::<u64>().is_err() && !best.nodes().contains(&word.into());
        is_key.then(|| key.get_or_insert_with(|| word.to_owned()).clone())
    });
    let candidates: Vec<Draft> =
        [one_key, counted].into_iter().filter(|shorter| shorter.text() != best.text()).collect();
    search.first_of(search.seeds, &candidates).is_some()
}

/// Lets everybody ask the same, or at least something that is shorter to say.
pub(super) fn ask_the_same(search: &mut Search<'_>) -> bool {
    let tasks = |draft: &Draft| {
        let tasks = draft.list("script").iter().filter_map(|line| line.get("do")?.text());
        let mut tasks: Vec<String> = tasks.map(str::to_owned).collect();
        tasks.sort_by_key(|task| (task.split(' ').count(), task.len(), task.clone()));
        tasks.dedup();
        tasks
    };
    let mut changed = false;
    let best = search.best.clone();
    let known = tasks(&best);
    if known.len() > 1 {
        let same = |number: usize| {
            let lines = 0..best.list("script").len();
            Some(lines.fold(best.clone(), |draft, line| {
                draft.with_text(&entry("script", line, "do"), known[number].as_str())
            }))
        };
        changed |= search.first(known.len(), same).is_some();
    }
    let mut line = 0;
    while line < search.best.list("script").len() && !search.is_over() {
        let best = search.best.clone();
        let path = entry("script", line, "do");
        let task = best.text_at(&path).unwrap_or_default().to_owned();
        let words = |task: &str| task.split(' ').count();
        let shorter: Vec<String> =
            tasks(&best).into_iter().filter(|other| words(other) < words(&task)).collect();
        let other = |number: usize| Some(best.with_text(&path, shorter[number].as_str()));
        changed |= search.first(shorter.len(), other).is_some();
        line += 1;
    }
    changed
}

/// Whether the script says what clients of the workload ask.
fn asks_by_client(draft: &Draft) -> bool {
    draft.list("script").iter().any(|line| line.get("by").is_some())
}

/// The same with one line, or all, asked from beside a node.
fn beside(draft: &Draft, number: Option<usize>, node: &str) -> Draft {
    let mut script = draft.list("script").to_vec();
    for (line, asked) in script.iter_mut().enumerate() {
        if number.is_none_or(|number| number == line) && asked.get("by").is_some() {
            *asked = in_order(asked, node);
        }
    }
    without_idle_clients(&draft.with_list("script", script))
}

/// A line as people write it: when, through whom, what.
fn in_order(line: &Node, node: &str) -> Node {
    let text = |key: &str| line.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    entry_of(&[("at", text("at")), ("through", node.into()), ("do", text("do"))])
}

/// Without clients, if none of them asks anything any more.
fn without_idle_clients(draft: &Draft) -> Draft {
    if asks_by_client(draft) {
        return draft.clone();
    }
    renumbered(draft).unwrap_or_else(|| draft.with("clients", None))
}

/// The same with no more clients than ask something; nothing if there are no more. Those that sit beside
/// a node are counted behind them, and so get other numbers.
fn renumbered(draft: &Draft) -> Option<Draft> {
    let script = draft.list("script");
    let count = path(&["clients", "count"]);
    let known: usize = draft.text_at(&count)?.parse().ok()?;
    let is_told = ["rate", "think"].iter().all(|key| draft.at(&path(&["clients", key])).is_none());
    let texts = |key: &'static str| {
        script.iter().filter_map(move |line| line.get(key).and_then(Node::text).map(str::to_owned))
    };
    let asking: BTreeSet<String> = texts("by").collect();
    if !is_told || asking.len() >= known {
        return None;
    }
    let beside: BTreeSet<String> = texts("through").collect();
    let clients = (1..=known).map(|number| format!("c{number}"));
    let clients = clients.filter(|client| asking.contains(client));
    let all = clients.chain((1..=beside.len()).map(|number| format!("c{}", known + number)));
    let names: BTreeMap<String, String> =
        all.zip(1..).map(|(client, number)| (client, format!("c{number}"))).collect();
    let draft = draft.renamed(&names);
    Some(match asking.len() {
        0 => draft.with("clients", None),
        some => draft.with_text(&count, some.to_string()),
    })
}
