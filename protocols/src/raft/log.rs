//! The log: entries counted from 1, each with the digest of everything up to it. Its beginning may
//! have been discarded, because a snapshot has what it did.
//!
//! It does not know which entries are committed, nor which are on disk.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::rc::Rc;

use sim_core::hash::content;
use sim_core::id::RequestId;

use super::members::Members;

/// A term, the logical clock by which stale leaders are told (Raft §5.1). Zero is before the first
/// election.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// A position in a log. The first entry has position 1; zero is before it.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Index(pub u64);

/// What identifies an entry among all logs of all times: its term, and its position in the log of
/// the leader of that term. Printed `term/index`.
///
/// The order is that of Raft §5.4.1: the later term is more up to date, and of equal terms the
/// longer log.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId {
    /// The term in which a leader made it.
    pub term: Term,
    /// Its position.
    pub index: Index,
}

/// An entry of a log: made once, by a leader, and from then on shared by all who hold it. So it is
/// read and hashed once, and a copy of it is one of a pointer.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry<C>(Rc<Content<C>>);

/// What is in an entry.
#[derive(PartialEq, Eq)]
pub struct Content<C> {
    /// The term in which a leader made it.
    pub term: Term,
    /// What to do once it is committed.
    pub action: Action<C>,
    /// The hash of both.
    digest: u64,
}

/// What an entry says to do.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Action<C> {
    /// Nothing: a new leader's first entry, with which it commits those before it (Raft §8).
    Noop,
    /// Others are members from now on, committed or not (Raft §6).
    Members(Rc<Members>),
    /// What a client asked for.
    Command {
        /// Which request of which client.
        id: RequestId,
        /// What it asked for.
        command: C,
    },
}

/// Entries on their way from one log to another, shared by all who are sent the same ones. No
/// entries take no memory: most messages are heartbeats.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Batch<C>(Option<Rc<[Entry<C>]>>);

/// A log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Log<C> {
    /// The last entry that was discarded; `0/0` if none was.
    base: EntryId,
    /// The digest of everything up to it.
    base_digest: u64,
    slots: Vec<Slot<C>>,
    /// The last entry, and the digest of everything up to it: what is asked most often.
    last: EntryId,
    digest: u64,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Slot<C> {
    entry: Entry<C>,
    /// A hash of this entry and of all before it, so that who compares two logs need not read them.
    /// It never leaves the node: the paper's check of term and index has to suffice.
    digest: u64,
}

impl Term {
    /// The term after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Index {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position before this one; zero has none before it, and stays.
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The position so many entries later.
    #[must_use]
    pub const fn plus(self, entries: usize) -> Self {
        Self(self.0 + entries as u64)
    }

    /// Where a table that begins with the first entry has this one; nowhere for zero.
    #[must_use]
    pub fn row(self) -> Option<usize> {
        usize::try_from(self.0).ok()?.checked_sub(1)
    }
}

impl<C: Hash> Entry<C> {
    /// An entry that a leader makes in its term.
    #[must_use]
    pub fn new(term: Term, action: Action<C>) -> Self {
        let digest = content(&(term, &action));
        Self(Rc::new(Content { term, action, digest }))
    }
}

impl<C> Deref for Entry<C> {
    type Target = Content<C>;

    fn deref(&self) -> &Content<C> {
        &self.0
    }
}

/// Its digest stands for it.
impl<C> Hash for Entry<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl<C> Content<C> {
    /// Whose request it is for, if it is for any.
    #[must_use]
    pub const fn request(&self) -> Option<RequestId> {
        match self.action {
            Action::Noop | Action::Members(_) => None,
            Action::Command { id, .. } => Some(id),
        }
    }
}

impl<C> Log<C> {
    /// An empty log.
    #[must_use]
    pub const fn new() -> Self {
        Self::behind(EntryId { term: Term(0), index: Index(0) }, EMPTY)
    }

    /// A log that has discarded everything up to an entry, of which this is the digest, and has
    /// nothing behind it.
    #[must_use]
    pub const fn behind(base: EntryId, base_digest: u64) -> Self {
        Self { base, base_digest, slots: Vec::new(), last: base, digest: base_digest }
    }

    /// The last entry that was discarded; `0/0` if none was. The log begins behind it.
    #[must_use]
    pub const fn base(&self) -> EntryId {
        self.base
    }

    /// The last entry's identity, discarded or not; `0/0` if there is none.
    #[must_use]
    pub const fn last(&self) -> EntryId {
        self.last
    }

    /// The entry at a position, if there is one and it was not discarded.
    #[must_use]
    pub fn entry(&self, index: Index) -> Option<&Entry<C>> {
        Some(&self.slots.get(self.row(index)?)?.entry)
    }

    /// The identity of the entry at a position, if it is known: that of the last discarded one is,
    /// and so is that of the beginning, at zero.
    #[must_use]
    pub fn id(&self, index: Index) -> Option<EntryId> {
        let term = if index == self.base.index { self.base.term } else { self.entry(index)?.term };
        Some(EntryId { term, index })
    }

    /// Whether it holds an entry. If it does, it also agrees with every log that holds it on all
    /// entries before: the Log Matching Property (Raft §5.3).
    #[must_use]
    pub fn contains(&self, entry: EntryId) -> bool {
        self.id(entry.index) == Some(entry)
    }

    /// The digest of the whole log.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        self.digest
    }

    /// The digest of the log up to a position, if it is so long and reaches back so far.
    #[must_use]
    pub fn digest_at(&self, index: Index) -> Option<u64> {
        if index == self.base.index {
            return Some(self.base_digest);
        }
        self.slots.get(self.row(index)?).map(|slot| slot.digest)
    }

    /// The entries behind a position, oldest first, as far as they were not discarded.
    pub fn entries_after(&self, index: Index) -> impl DoubleEndedIterator<Item = &Entry<C>> {
        let from = self.row(index.next()).unwrap_or(0).min(self.slots.len());
        self.slots[from..].iter().map(|slot| &slot.entry)
    }

    /// The first position whose entry has at least this term, of those that were not discarded; one
    /// past the end if none has. Terms never fall along a log, so it is found by halving.
    #[must_use]
    pub fn first_of(&self, term: Term) -> Index {
        self.base.index.plus(self.slots.partition_point(|slot| slot.entry.term < term)).next()
    }

    /// Takes away the entry at a position and all behind it.
    pub fn truncate(&mut self, from: Index) {
        self.slots.truncate(self.row(from).unwrap_or(0));
        let last = self.slots.last();
        let (term, digest) =
            last.map_or((self.base.term, self.base_digest), |slot| (slot.entry.term, slot.digest));
        self.last = EntryId { term, index: self.base.index.plus(self.slots.len()) };
        self.digest = digest;
    }

    /// Discards everything up to a position, if it is so long and reaches back so far.
    pub fn discard(&mut self, upto: Index) {
        let (Some(base), Some(digest)) = (self.id(upto), self.digest_at(upto)) else { return };
        let gone = self.row(upto.next()).expect("it was found, so it is not before the base");
        self.slots.drain(..gone);
        (self.base, self.base_digest) = (base, digest);
    }

    /// Where the entry at a position is kept, if it was not discarded.
    fn row(&self, index: Index) -> Option<usize> {
        usize::try_from(index.0.checked_sub(self.base.index.0)?).ok()?.checked_sub(1)
    }
}

impl<C: Clone + Hash> Log<C> {
    /// Adds an entry at the end, and says where that is.
    pub fn append(&mut self, entry: Entry<C>) -> Index {
        self.last = EntryId { term: entry.term, index: self.last.index.next() };
        self.digest = content(&(self.digest, &entry));
        self.slots.push(Slot { entry, digest: self.digest });
        self.last.index
    }

    /// At most so many entries from a position on.
    #[must_use]
    pub fn batch(&self, from: Index, most: usize) -> Batch<C> {
        let Some(rest) = self.row(from).and_then(|row| self.slots.get(row..)) else {
            return Batch::EMPTY;
        };
        if rest.is_empty() || most == 0 {
            return Batch::EMPTY;
        }
        rest[..rest.len().min(most)].iter().map(|slot| slot.entry.clone()).collect()
    }
}

impl<C> Default for Log<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> Batch<C> {
    /// No entries.
    pub const EMPTY: Self = Self(None);
}

impl<C> Deref for Batch<C> {
    type Target = [Entry<C>];

    fn deref(&self) -> &[Entry<C>] {
        self.0.as_deref().unwrap_or(&[])
    }
}

impl<C> FromIterator<Entry<C>> for Batch<C> {
    fn from_iter<I: IntoIterator<Item = Entry<C>>>(entries: I) -> Self {
        let entries: Rc<[_]> = entries.into_iter().collect();
        if entries.is_empty() { Self::EMPTY } else { Self(Some(entries)) }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.term, self.index)
    }
}

impl fmt::Debug for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<C: fmt::Debug> fmt::Debug for Action<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Noop => f.write_str("no-op"),
            Self::Members(members) => write!(f, "members {members:?}"),
            Self::Command { id, command } => write!(f, "{id} {command:?}"),
        }
    }
}

impl<C: fmt::Debug> fmt::Debug for Entry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of term {}", self.action, self.term)
    }
}

impl<C: fmt::Debug> fmt::Debug for Batch<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<C: fmt::Debug> fmt::Debug for Log<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            write!(f, "{}", self.last())?;
            let last = self.entry(self.last().index);
            return last.map_or(Ok(()), |last| write!(f, " {:?}", last.action));
        }
        write!(f, "log {}", self.last())
    }
}

/// The digest of a log without entries.
const EMPTY: u64 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log<u64> {
        let mut log = Log::new();
        for &term in terms {
            log.append(Entry::new(Term(term), Action::Noop));
        }
        log
    }

    #[test]
    fn an_empty_log_ends_where_it_begins() {
        let log = log(&[]);
        assert_eq!(log.last(), EntryId::default());
        assert!(log.contains(EntryId::default()), "everything follows the beginning");
        assert_eq!(log.digest(), log.digest_at(Index(0)).expect("the beginning"));
        assert!(log.batch(Index(1), 64).is_empty());
    }

    #[test]
    fn a_digest_tells_all_that_lies_before_it() {
        let (a, b) = (log(&[1, 1, 3]), log(&[1, 2, 3]));
        assert_eq!(a.digest_at(Index(1)), b.digest_at(Index(1)));
        assert_ne!(a.digest(), b.digest(), "only the last entries are alike");
        let mut cut = a.clone();
        cut.truncate(Index(3));
        assert_eq!(cut, log(&[1, 1]));
        assert_eq!(Some(cut.digest()), a.digest_at(Index(2)));
    }

    #[test]
    fn the_first_entry_of_a_term_is_found() {
        let log = log(&[1, 1, 3, 3, 4]);
        let first = [1, 2, 3, 4, 5].map(|term| log.first_of(Term(term)).0);
        assert_eq!(first, [1, 3, 3, 5, 6]);
    }

    #[test]
    fn a_batch_holds_no_more_than_it_may() {
        let log = log(&[1, 2, 3]);
        assert_eq!(log.batch(Index(2), 64).len(), 2);
        assert_eq!(log.batch(Index(1), 2).len(), 2);
        assert_eq!(log.batch(Index(4), 64), Batch::EMPTY);
        assert_eq!(log.batch(Index(9), 64), Batch::EMPTY);
    }

    #[test]
    fn a_log_whose_beginning_was_discarded_goes_on_as_before() {
        let whole = log(&[1, 1, 3, 3, 4]);
        let mut rest = whole.clone();
        rest.discard(Index(3));
        let id = |term, index| EntryId { term: Term(term), index: Index(index) };
        assert_eq!((rest.base(), rest.last()), (id(3, 3), id(4, 5)));
        assert_eq!(rest.digest(), whole.digest());
        assert_eq!(rest.digest_at(Index(3)), whole.digest_at(Index(3)));
        assert_eq!(rest.digest_at(Index(2)), None);
        assert!(rest.contains(id(3, 3)) && rest.contains(id(3, 4)) && !rest.contains(id(1, 2)));
        assert_eq!((rest.entry(Index(3)), rest.entry(Index(4))), (None, whole.entry(Index(4))));
        assert_eq!(rest.entries_after(Index(0)).count(), 2);
        assert_eq!(rest.entries_after(Index(4)).count(), 1);
        assert_eq!(rest.batch(Index(4), 64), whole.batch(Index(4), 64));
        assert!(rest.batch(Index(3), 64).is_empty());
        assert_eq!((rest.first_of(Term(2)), rest.first_of(Term(4))), (Index(4), Index(5)));
        rest.discard(Index(1));
        rest.discard(Index(9));
        assert_eq!(rest.base(), id(3, 3), "nothing of what is not there");
        rest.truncate(Index(5));
        assert_eq!(rest.last(), id(3, 4));
        rest.discard(Index(4));
        assert_eq!((rest.last(), Some(rest.digest())), (id(3, 4), whole.digest_at(Index(4))));
        rest.append(Entry::new(Term(4), Action::Noop));
        assert_eq!((rest.last(), rest.digest()), (id(4, 5), whole.digest()));
    }

    #[test]
    fn the_later_term_is_more_up_to_date_and_of_equal_terms_the_longer_log() {
        let id = |term, index| EntryId { term: Term(term), index: Index(index) };
        assert!(id(2, 1) > id(1, 9));
        assert!(id(2, 2) > id(2, 1));
        assert!(id(2, 2) >= id(2, 2));
    }
}
