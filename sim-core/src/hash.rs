//! The fingerprint of a run, and the hasher of what messages contain (rule 11).
//!
//! Widths and byte order are fixed, so a fingerprint is the same on every platform; the standard
//! library's hashers promise no such thing. Not for tables that an opponent fills.

use std::hash::{Hash, Hasher};

const MULTIPLIER: u64 = 0x9FB2_1C65_1E98_DF25;
const START: u64 = 0x243F_6A88_85A3_08D3;

/// A rolling hash over everything that happened.
///
/// ```
/// use sim_core::hash::Fingerprint;
///
/// let mut run = Fingerprint::default();
/// run.absorb(7);
/// let kept = run.value();
/// run.absorb(8);
/// let mut other = Fingerprint::from_value(kept);
/// other.absorb(9);
/// assert_ne!(run, other, "from here on the two runs differ");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(START)
    }
}

impl Fingerprint {
    /// Takes one more word in.
    #[inline]
    pub const fn absorb(&mut self, word: u64) {
        self.0 = step(self.0, word);
    }

    /// Takes two more words in, for the price of one.
    #[inline]
    pub const fn absorb_both(&mut self, one: u64, other: u64) {
        self.0 = fold(self.0 ^ one, other ^ MULTIPLIER);
    }

    /// Goes on from a hash of earlier.
    #[must_use]
    pub const fn from_value(value: u64) -> Self {
        Self(value)
    }

    /// The hash so far.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// Hashes the content of a message, record or request, through its derived [`Hash`].
///
/// Integers of one width count the same whatever the machine, lengths count as 64 bits. Slices of integers
/// reach it as the platform lays them out: the same on every little-endian machine of one pointer
/// width, and for all but `usize` on those of another width too.
///
/// ```
/// use std::hash::{Hash, Hasher};
///
/// use sim_core::hash::content;
///
/// /// A block carries its own digest: the rest of it need not be hashed again.
/// struct Block {
///     digest: u64,
///     body: Vec<u8>,
/// }
///
/// impl Hash for Block {
///     fn hash<H: Hasher>(&self, state: &mut H) {
///         self.digest.hash(state);
///     }
/// }
/// let hash = |digest, body| content(&Block { digest, body });
/// assert_eq!(hash(7, vec![]), hash(7, vec![1]));
/// assert_ne!(hash(7, vec![]), hash(8, vec![]));
/// ```
#[derive(Clone, Debug)]
pub struct ContentHasher(u64);

/// The hash of one value's content.
///
/// ```
/// use sim_core::hash::content;
///
/// assert_eq!(content(&(7_u8, "vote")), content(&(7_u8, "vote")));
/// assert_ne!(content(&("ab", "c")), content(&("a", "bc")));
/// ```
#[inline]
pub fn content<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = ContentHasher(START);
    value.hash(&mut hasher);
    hasher.finish()
}

impl Hasher for ContentHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            self.write_u64(u64::from_le_bytes(word.try_into().expect("a chunk of eight")));
        }
        let rest = words.remainder();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.write_u64(u64::from_le_bytes(last) ^ ((bytes.len() as u64) << 56));
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.write_u64(u64::from(value));
    }
    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.write_u64(u64::from(value));
    }
    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }
    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.0 = step(self.0, value);
    }
    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
    #[inline]
    fn write_i8(&mut self, value: i8) {
        self.write_i64(i64::from(value));
    }
    #[inline]
    fn write_i16(&mut self, value: i16) {
        self.write_i64(i64::from(value));
    }
    #[inline]
    fn write_i32(&mut self, value: i32) {
        self.write_i64(i64::from(value));
    }
    #[inline]
    fn write_i64(&mut self, value: i64) {
        self.write_u64(value.cast_unsigned());
    }
    /// How the standard library hashes an enum's discriminant.
    #[inline]
    fn write_isize(&mut self, value: isize) {
        self.write_i64(value as i64);
    }
}

#[inline]
const fn step(state: u64, word: u64) -> u64 {
    fold(state ^ word, MULTIPLIER)
}

/// The halves of the product, one over the other.
#[inline]
const fn fold(one: u64, other: u64) -> u64 {
    let product = one as u128 * other as u128;
    (product as u64) ^ ((product >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_hashed_the_same_everywhere() {
        let message = (7u8, "vote", Some(3u32), vec![1u64, 2]);
        assert_eq!(content(&message), 13_129_835_886_115_316_864);
    }

    #[test]
    fn order_and_boundaries_count() {
        assert_ne!(content(&(1u64, 2u64)), content(&(2u64, 1u64)));
        assert_ne!(content(&("ab", "c")), content(&("a", "bc")));
        assert_ne!(content(&[0u8; 3]), content(&[0u8; 4]));
        assert_ne!(content(&0u64), content(&(0u64, 0u64)));
    }

    #[test]
    fn a_fingerprint_tells_one_differing_word() {
        let (mut a, mut b) = (Fingerprint::default(), Fingerprint::default());
        for word in 0..1_000 {
            a.absorb(word);
            b.absorb(if word == 500 { 501 } else { word });
        }
        assert_ne!(a, b);
        let both = |one, other| {
            let mut fingerprint = Fingerprint::default();
            fingerprint.absorb_both(one, other);
            fingerprint
        };
        assert_ne!(both(1, 2), both(2, 1));
        assert_ne!(both(0, 2), both(0, 3));
        assert_ne!(both(1, 0), both(0, 0));
    }
}
