//! A disk of typed records: what is durable, what is only buffered, and what a crash leaves.

use crate::decide::Left;
use crate::holders::Holders;
use crate::protocol::{Found, Recovered};
use crate::rng::Draw;
use crate::world::DiskSettings;

pub(crate) struct Disk<R> {
    durable: Vec<Found<R>>,
    /// What was written and not yet synced, oldest first.
    buffered: Vec<Written<R>>,
    /// How many writes of this process are no longer buffered, durable or forgotten: a sync covers the
    /// writes up to a number.
    settled: u64,
    /// What makes it refuse.
    pub(crate) refused_by: Holders,
}

enum Written<R> {
    Record(R),
    Checkpoint(Vec<R>),
}

impl<R: Clone> Disk<R> {
    pub(crate) const fn new() -> Self {
        Self { durable: Vec::new(), buffered: Vec::new(), settled: 0, refused_by: Holders::new() }
    }

    pub(crate) fn clear(&mut self) {
        self.wipe();
        self.refused_by.clear();
    }

    /// Everything on it is gone.
    pub(crate) fn wipe(&mut self) {
        self.durable.clear();
        self.buffered.clear();
        self.settled = 0;
    }

    /// Whether it makes nothing durable at the moment.
    pub(crate) const fn refuses(&self) -> bool {
        !self.refused_by.is_empty()
    }

    pub(crate) fn write(&mut self, record: R) {
        self.buffered.push(Written::Record(record));
    }

    pub(crate) fn checkpoint(&mut self, records: Vec<R>) {
        self.buffered.push(Written::Checkpoint(records));
    }

    /// The number of the last write: what a sync that begins now will cover.
    pub(crate) const fn written(&self) -> u64 {
        self.settled + self.buffered.len() as u64
    }

    /// Whether everything written is durable.
    pub(crate) const fn is_clean(&self) -> bool {
        self.buffered.is_empty()
    }

    /// Makes durable what was written up to a number.
    pub(crate) fn settle(&mut self, upto: u64) {
        let count = upto.saturating_sub(self.settled);
        self.keep(usize::try_from(count).expect("no more than are buffered"));
    }

    /// A sync failed: what it covered is gone, and no later one brings it back. Says whether there
    /// was any.
    pub(crate) fn forget(&mut self, upto: u64) -> bool {
        let count = usize::try_from(upto.saturating_sub(self.settled)).expect("in memory");
        let count = count.min(self.buffered.len());
        self.buffered.drain(..count);
        self.settled += count as u64;
        count > 0
    }

    /// Draws what a crash would leave of the unsynced tail, if there is one.
    pub(crate) fn left_by_a_crash(&self, settings: &DiskSettings, mut draw: Draw) -> Option<Left> {
        if self.buffered.is_empty() {
            return None;
        }
        let buffered = self.buffered.len() as u64;
        let lost = draw.chance(settings.lose_unsynced);
        let kept = if lost { 0 } else { draw.below(buffered + 1) };
        let may_tear = kept < buffered && !settings.torn_write.is_never();
        Some(Left { kept, torn: may_tear && draw.chance(settings.torn_write) })
    }

    /// The process is gone, and this is left of the unsynced tail.
    pub(crate) fn crash(&mut self, left: Left) {
        self.keep(usize::try_from(left.kept).unwrap_or(usize::MAX));
        self.buffered.clear();
        if left.torn {
            self.durable.push(Found::Torn);
        }
        self.settled = 0;
    }

    /// What a new process finds.
    pub(crate) fn read(&self) -> Recovered<R> {
        Recovered::new(self.durable.clone())
    }

    fn keep(&mut self, count: usize) {
        let count = count.min(self.buffered.len());
        for written in self.buffered.drain(..count) {
            match written {
                Written::Record(record) => self.durable.push(Found::Record(record)),
                Written::Checkpoint(records) => {
                    self.durable.clear();
                    self.durable.extend(records.into_iter().map(Found::Record));
                }
            }
        }
        self.settled += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::rng::Key;

    fn records(disk: &Disk<u32>) -> Vec<u32> {
        disk.read().records().collect()
    }

    fn crash(disk: &mut Disk<u32>, settings: DiskSettings, seed: u64) {
        let left = disk.left_by_a_crash(&settings, Key::new(seed).draw());
        left.into_iter().for_each(|left| disk.crash(left));
    }

    #[test]
    fn a_crash_loses_what_no_sync_covered() {
        let mut disk = Disk::new();
        disk.write(1);
        disk.write(2);
        let covered = disk.written();
        disk.write(3);
        disk.settle(covered);
        crash(&mut disk, DiskSettings::default(), 0);
        assert_eq!(records(&disk), [1, 2]);
    }

    #[test]
    fn where_the_tail_may_survive_a_crash_keeps_any_prefix_of_it() {
        let settings = DiskSettings { lose_unsynced: Chance::NEVER, ..DiskSettings::default() };
        let mut seen = [false; 4];
        for seed in 0..100 {
            let mut disk = Disk::new();
            (0..3).for_each(|record| disk.write(record));
            crash(&mut disk, settings, seed);
            let left = records(&disk);
            assert_eq!(left, (0..3).take(left.len()).collect::<Vec<_>>());
            seen[left.len()] = true;
        }
        assert_eq!(seen, [true; 4], "every length of prefix comes about");
    }

    #[test]
    fn a_torn_record_stands_where_one_was_lost() {
        let settings = DiskSettings { torn_write: Chance::ALWAYS, ..DiskSettings::default() };
        let mut disk = Disk::new();
        disk.write(1);
        disk.settle(disk.written());
        disk.write(2);
        crash(&mut disk, settings, 0);
        let found: Vec<_> = disk.read().into_iter().collect();
        assert_eq!(found, [Found::Record(1), Found::Torn]);
    }

    #[test]
    fn a_checkpoint_takes_the_place_of_all_before_it_once_it_is_durable() {
        let mut disk = Disk::new();
        disk.write(1);
        disk.settle(disk.written());
        disk.checkpoint(vec![7]);
        disk.write(8);
        assert_eq!(records(&disk), [1]);
        disk.settle(disk.written());
        assert_eq!(records(&disk), [7, 8]);
    }

    #[test]
    fn a_failed_sync_forgets_what_it_covered_for_ever() {
        let mut disk = Disk::new();
        disk.write(1);
        let covered = disk.written();
        disk.write(2);
        assert!(disk.forget(covered));
        assert!(!disk.forget(covered), "it is gone already");
        disk.settle(disk.written());
        assert_eq!(records(&disk), [2]);
    }
}
