//! What is next among keys that are all different: a ladder queue (Tang, Goh & Thng 2005).
//!
//! The next few keys are sorted. The rest is not: it lies in buckets, each a stretch of time, and what
//! is beyond the last bucket in a heap without order. A bucket is sorted when its turn comes, or spread
//! over narrower ones if it holds too many. So a key is moved a few times in all, whatever is pending.

/// Beyond how many keys a bucket is spread rather than sorted, unless all are of one instant.
const SORTED: usize = 64;
/// While there are no more keys than this, all of them lie sorted.
const FEW: usize = 16;
/// How many keys a bucket is to hold.
const SHARE: usize = 2;
/// How many buckets there are at most on one rung.
const BUCKETS: usize = 1024;

/// The end of a bucket.
const NONE: u32 = u32::MAX;

pub(super) struct Ladder {
    /// The next keys, the very next last.
    near: Vec<u128>,
    /// What is no later than this belongs to `near`.
    horizon: u64,
    /// Each rung divides a stretch that its predecessor gave up; those in use are the first.
    rungs: Vec<Rung>,
    used: usize,
    cells: Cells,
    /// What is beyond all rungs.
    far: Vec<u128>,
}

/// A stretch of time, divided into buckets of equal width.
#[derive(Default)]
struct Rung {
    start: u64,
    /// The last instant of the last bucket.
    last: u64,
    /// The width of a bucket, as a power of two.
    width: u32,
    /// The first bucket whose turn has not come.
    next: usize,
    /// Where in the cells each begins.
    buckets: Vec<u32>,
}

/// Where the keys of all buckets lie, each bucket a list: what one gives back another can have, so that
/// the memory is that of the most keys that ever were in buckets.
struct Cells {
    cells: Vec<Cell>,
    free: u32,
}

#[derive(Clone, Copy)]
struct Cell {
    key: u128,
    next: u32,
}

/// When it is due.
const fn time(key: u128) -> u64 {
    (key >> 64) as u64
}

impl Ladder {
    pub(super) const fn new() -> Self {
        Self {
            near: Vec::new(),
            horizon: 0,
            rungs: Vec::new(),
            used: 0,
            cells: Cells { cells: Vec::new(), free: NONE },
            far: Vec::new(),
        }
    }

    /// Forgets everything and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.near.clear();
        self.far.clear();
        self.cells.cells.clear();
        self.cells.free = NONE;
        self.used = 0;
        self.horizon = 0;
    }

    #[inline(always)]
    pub(super) fn push(&mut self, key: u128) {
        if time(key) > self.horizon {
            if self.near.len() >= FEW || !self.far.is_empty() || self.used > 0 {
                return self.put_off(key);
            }
            self.horizon = time(key);
        } else if self.near.len() >= SORTED {
            return self.crowd(key);
        }
        self.insert(key);
    }

    /// Puts a key among those that lie sorted. Most are late ones, but few are passed.
    #[inline(always)]
    fn insert(&mut self, key: u128) {
        let mut place = self.near.len();
        self.near.push(key);
        let near = self.near.as_mut_slice();
        while let Some(earlier) = place.checked_sub(1).filter(|&earlier| near[earlier] < key) {
            near[place] = near[earlier];
            place = earlier;
        }
        near[place] = key;
    }

    /// The least key.
    #[inline(always)]
    pub(super) fn first(&mut self) -> Option<u128> {
        if self.near.is_empty() {
            self.refill();
        }
        self.near.last().copied()
    }

    /// Takes the least key out, when [`first`](Self::first) has told which it is.
    #[inline]
    pub(super) fn remove_first(&mut self) {
        self.near.pop();
    }

    #[inline(never)]
    fn put_off(&mut self, key: u128) {
        for rung in self.rungs[..self.used].iter_mut().rev() {
            if time(key) <= rung.last {
                return rung.push(key, &mut self.cells);
            }
        }
        self.far.push(key);
    }

    /// Fills `near`, which is empty, with what is next.
    #[inline(never)]
    fn refill(&mut self) {
        loop {
            let Some(rung) = self.rungs[..self.used].last_mut() else {
                // Not swapped: each keeps the memory that it has come to need (rule 12).
                self.near.append(&mut self.far);
                if self.near.len() <= SORTED {
                    self.sort_near();
                    self.horizon = self.near.first().map_or(self.horizon, |&key| time(key));
                    return;
                }
                let times = self.near.iter().map(|&key| time(key));
                let (first, last) =
                    times.fold((u64::MAX, 0), |(first, last), at| (first.min(at), last.max(at)));
                if first == last {
                    self.sort_near();
                    self.horizon = last;
                    return;
                }
                self.spread_near(first, last);
                continue;
            };
            let Some(bucket) = rung.next_bucket() else {
                self.horizon = rung.last;
                self.used -= 1;
                continue;
            };
            let (first, last) = rung.stretch_of(bucket);
            let mut list = std::mem::replace(&mut rung.buckets[bucket], NONE);
            while list != NONE {
                let cell = self.cells.take(list);
                self.near.push(cell.key);
                list = cell.next;
            }
            if self.near.len() <= SORTED || first == last {
                self.sort_near();
                self.horizon = last;
                return;
            }
            self.spread_near(first, last);
        }
    }

    fn sort_near(&mut self) {
        self.near.sort_unstable_by(|one, other| other.cmp(one));
    }

    /// With this key, too many would lie sorted; those of one instant have to.
    #[cold]
    fn crowd(&mut self, key: u128) {
        let first = time(key).min(time(*self.near.last().expect("there are too many")));
        if first == self.horizon {
            return self.insert(key);
        }
        self.near.push(key);
        self.spread_near(first, self.horizon);
        self.refill();
    }

    /// Makes a rung of the keys in `near`, which are all of those between two instants.
    fn spread_near(&mut self, first: u64, last: u64) {
        if self.used == self.rungs.len() {
            self.rungs.push(Rung::default());
        }
        let rung = &mut self.rungs[self.used];
        self.used += 1;
        rung.stretch(first, last, (self.near.len() / SHARE).clamp(2, BUCKETS));
        self.near.drain(..).for_each(|key| rung.push(key, &mut self.cells));
    }
}

impl Rung {
    /// Divides a stretch of more than one instant into two buckets or more, up to so many.
    fn stretch(&mut self, first: u64, last: u64, buckets: usize) {
        let length = last - first;
        self.width = u64::BITS - (length / buckets as u64).leading_zeros();
        self.buckets.clear();
        self.buckets.resize((length >> self.width) as usize + 1, NONE);
        (self.start, self.last, self.next) = (first, last, 0);
    }

    /// The first and the last instant of a bucket.
    fn stretch_of(&self, bucket: usize) -> (u64, u64) {
        let first = self.start + ((bucket as u64) << self.width);
        // The last bucket may reach beyond the rung, where other keys are already.
        (first, first.saturating_add((1 << self.width) - 1).min(self.last))
    }

    #[inline(always)]
    fn push(&mut self, key: u128, cells: &mut Cells) {
        let bucket = &mut self.buckets[((time(key) - self.start) >> self.width) as usize];
        *bucket = cells.put(Cell { key, next: *bucket });
    }

    /// The next bucket that holds something; its turn has come then.
    fn next_bucket(&mut self) -> Option<usize> {
        let full = self.buckets.get(self.next..)?.iter().position(|&list| list != NONE)?;
        let bucket = self.next + full;
        self.next = bucket + 1;
        Some(bucket)
    }
}

impl Cells {
    #[inline]
    fn put(&mut self, cell: Cell) -> u32 {
        if self.free == NONE {
            return self.put_behind(cell);
        }
        let place = self.free;
        let free = &mut self.cells[place as usize];
        self.free = free.next;
        *free = cell;
        place
    }

    #[inline(never)]
    fn put_behind(&mut self, cell: Cell) -> u32 {
        self.cells.push(cell);
        u32::try_from(self.cells.len() - 1).expect("fewer than 2³² keys")
    }

    #[inline]
    fn take(&mut self, place: u32) -> Cell {
        let cell = self.cells[place as usize];
        self.cells[place as usize].next = self.free;
        self.free = place;
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Key;
    use std::collections::BTreeSet;

    /// Pushes and takes out in turns, each key beyond what was taken out, and compares with a tree.
    fn agrees(seed: u64, pending: u64, mut spread: impl FnMut(u64) -> u128) {
        let mut draw = Key::new(seed).draw();
        let (mut ladder, mut tree) = (Ladder::new(), BTreeSet::new());
        let (mut now, mut arrivals) = (0, 0);
        for number in 0..20_000 {
            while draw.below(pending + 1) >= tree.len() as u64 {
                arrivals += 1;
                let key = ((now + spread(draw.word())) & !0xFFFF_FFFF) | arrivals;
                tree.insert(key);
                ladder.push(key);
            }
            assert_eq!(ladder.first(), tree.first().copied(), "after {number}");
            now = tree.pop_first().unwrap_or(now);
            ladder.remove_first();
        }
    }

    #[test]
    fn the_least_key_comes_first_however_many_are_pending() {
        for pending in [1, 10, 100, 1_000, 10_000] {
            agrees(pending, pending, |word| u128::from(word) << 32);
        }
    }

    #[test]
    fn keys_that_crowd_are_spread_again_and_again() {
        // Half of the keys lie in a stretch 2⁶⁰ times shorter than that of the others.
        agrees(1, 5_000, |word| u128::from(word) << if word % 2 == 0 { 60 } else { 0 });
        agrees(2, 5_000, |word| u128::from(word % 7) << 32);
        agrees(3, 5_000, |_| 0);
    }

    #[test]
    fn a_cleared_ladder_is_an_empty_one() {
        let mut ladder = Ladder::new();
        (0..1_000).for_each(|key| ladder.push(key << 40));
        assert_eq!(ladder.first(), Some(0));
        ladder.clear();
        assert_eq!(ladder.first(), None);
        ladder.push(5);
        assert_eq!(ladder.first(), Some(5));
    }
}
