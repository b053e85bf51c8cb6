//! A protocol that flips coins, and an enumerator that tries all of them: what an explorer does
//! with a single handler.

use std::collections::BTreeMap;

use sim_core::chance::Chance;
use sim_core::{Context, NodeId, Protocol};

use crate::common::*;

/// Throws until heads, at most three times; then tells that many peers, sampled, and picks a
/// colour.
fn flips(me: &mut Puppet, cx: &mut Context<Puppet>, _: On) {
    let throws = (1..=3).find(|_| cx.chance(Chance::from_percent(30))).unwrap_or(4);
    me.memory.push(throws);
    if throws < 3 {
        let told = cx.sample(2);
        cx.multicast(told, throws);
    } else {
        let colour = cx.choose(3);
        cx.reached(["red", "green", "blue"][usize::try_from(colour).unwrap()]);
    }
}

/// Calls a handler with every way in which its choices can come out, once each.
fn enumerate(mut handler: impl FnMut(&mut Context<Puppet>)) -> Vec<Vec<String>> {
    let mut outcomes = Vec::new();
    let mut picks: Vec<u64> = Vec::new();
    loop {
        let mut cx = Context::bare(NodeId(0), 4);
        cx.script(picks.clone());
        handler(&mut cx);
        outcomes.push(cx.effects().iter().map(|effect| format!("{effect:?}")).collect());
        // The last choice that has another way out takes it; what was chosen after it is open
        // again.
        let made = cx.choices();
        let Some(last) = made.iter().rposition(|choice| choice.picked + 1 < choice.of) else {
            return outcomes;
        };
        picks = made[..last].iter().map(|choice| choice.picked).collect();
        picks.push(made[last].picked + 1);
    }
}

#[test]
fn every_outcome_of_a_handler_is_enumerated_once() {
    let cluster = sim_core::protocol::Cluster::new(vec![flips as Act; 4]);
    let outcomes = enumerate(|cx| Puppet::new(NodeId(0), &cluster).on_start(cx));
    let mut count: BTreeMap<String, u32> = BTreeMap::new();
    outcomes.iter().for_each(|effects| *count.entry(effects.join(", ")).or_default() += 1);
    // Heads at the first or second throw: Floyd's sample of two of three peers makes 2 · 3 choices.
    // Heads at the third, or never: three colours each.
    assert_eq!(outcomes.len(), 2 * 6 + 2 * 3);
    let expected = [
        ("-> {n1, n2} 1", 2),
        ("-> {n1, n2} 2", 2),
        ("-> {n1, n3} 1", 2),
        ("-> {n1, n3} 2", 2),
        ("-> {n2, n3} 1", 2),
        ("-> {n2, n3} 2", 2),
        ("reached blue", 2),
        ("reached green", 2),
        ("reached red", 2),
    ];
    assert_eq!(count, expected.map(|(outcome, count)| (outcome.to_owned(), count)).into());
}

#[test]
fn each_sample_is_equally_likely_among_all_ways_to_choose() {
    let outcomes = enumerate(|cx| {
        let told = cx.sample(2);
        cx.multicast(told, 0);
    });
    let mut count: BTreeMap<Vec<String>, u32> = BTreeMap::new();
    outcomes.into_iter().for_each(|outcome| *count.entry(outcome).or_default() += 1);
    assert_eq!(count.into_values().collect::<Vec<_>>(), [2, 2, 2], "of three sets");
}
