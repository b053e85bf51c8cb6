//! The configurations that a search has seen (Lowe 2017), and the question whether a new one is
//! worth a visit.
//!
//! A configuration is where a search stands: the next return, which open operations are placed
//! ahead of their returns, which optional operations are spent, and the state. Of two that agree in
//! all but what they spent, the one that spent a subset can do whatever the other can: the other
//! is *dominated*, and is not visited.
//!
//! Hashes decide where a configuration is kept and nothing else: no verdict depends on them.

use std::hash::Hash;

use crate::hash::content;

use super::bits::subset;
use super::plan::small;

/// A set of configurations, numbered in the order in which they came.
pub(super) struct Memo<S> {
    configurations: Vec<Configuration<S>>,
    /// The bits of every configuration: `slot_words` of open operations that are placed, and up to
    /// `width` of optional ones that are spent.
    bits: Vec<u64>,
    slot_words: usize,
    width: usize,
    /// Open addressing: a power of two, at most half full.
    table: Vec<Bucket>,
    /// Buckets of other epochs are empty. Clearing a table that one hard history made large would
    /// cost every easy one after it.
    epoch: u32,
}

struct Configuration<S> {
    event: usize,
    state: S,
    hash: u64,
}

#[derive(Clone, Copy, Default)]
struct Bucket {
    epoch: u32,
    configuration: u32,
}

impl<S> Default for Memo<S> {
    fn default() -> Self {
        Self {
            configurations: Vec::new(),
            bits: Vec::new(),
            slot_words: 0,
            width: 0,
            table: vec![Bucket::default(); 256],
            epoch: 0,
        }
    }
}

impl<S: Eq + Hash> Memo<S> {
    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self, slot_words: usize, optional_words: usize) {
        self.configurations.clear();
        self.bits.clear();
        self.slot_words = slot_words;
        self.width = slot_words + optional_words;
        self.epoch = self.epoch.checked_add(1).unwrap_or_else(|| {
            self.table.fill(Bucket::default());
            1
        });
    }

    /// How many configurations there are.
    pub(super) fn len(&self) -> usize {
        self.configurations.len()
    }

    /// The next return, and the state.
    pub(super) fn get(&self, configuration: u32) -> (usize, &S) {
        let Configuration { event, state, .. } = &self.configurations[configuration as usize];
        (*event, state)
    }

    /// What is placed, and what is spent.
    pub(super) fn bits(&self, configuration: u32) -> &[u64] {
        let start = configuration as usize * self.width;
        &self.bits[start..start + self.width]
    }

    /// Adds a configuration, unless one that is there dominates it.
    pub(super) fn insert(&mut self, event: usize, bits: &[u64], state: S) -> Option<u32> {
        let hash = hash(event, &bits[..self.slot_words], &state);
        let mut bucket = self.first(hash);
        while self.table[bucket].epoch == self.epoch {
            let other = self.table[bucket].configuration;
            if self.dominates(other, hash, event, bits, &state) {
                return None;
            }
            bucket = (bucket + 1) & (self.table.len() - 1);
        }
        let configuration = small(self.configurations.len());
        self.table[bucket] = Bucket { epoch: self.epoch, configuration };
        self.configurations.push(Configuration { event, state, hash });
        self.bits.extend_from_slice(bits);
        if self.configurations.len() * 2 > self.table.len() {
            self.grow();
        }
        Some(configuration)
    }

    fn dominates(&self, other: u32, hash: u64, event: usize, bits: &[u64], state: &S) -> bool {
        let there = &self.configurations[other as usize];
        if there.hash != hash || there.event != event || there.state != *state {
            return false;
        }
        let (placed, spent) = self.bits(other).split_at(self.slot_words);
        let (new_placed, new_spent) = bits.split_at(self.slot_words);
        placed == new_placed && subset(spent, new_spent)
    }

    fn grow(&mut self) {
        let size = self.table.len() * 2;
        self.table.clear();
        self.table.resize(size, Bucket::default());
        for position in 0..self.configurations.len() {
            let mut bucket = self.first(self.configurations[position].hash);
            while self.table[bucket].epoch == self.epoch {
                bucket = (bucket + 1) & (size - 1);
            }
            self.table[bucket] = Bucket { epoch: self.epoch, configuration: small(position) };
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "a table has fewer than 2^32 buckets")]
    fn first(&self, hash: u64) -> usize {
        hash as usize & (self.table.len() - 1)
    }
}

fn hash<S: Hash>(event: usize, placed: &[u64], state: &S) -> u64 {
    content(&(event, placed, state))
}
