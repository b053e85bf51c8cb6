//! Sets of small numbers, as words of bits in buffers that somebody else owns.

/// Whether a bit is set.
pub(super) fn has(bits: &[u64], bit: usize) -> bool {
    bits[bit / 64] & 1 << (bit % 64) != 0
}

/// Sets a bit.
pub(super) fn set(bits: &mut [u64], bit: usize) {
    bits[bit / 64] |= 1 << (bit % 64);
}

/// Clears a bit.
pub(super) fn unset(bits: &mut [u64], bit: usize) {
    bits[bit / 64] &= !(1 << (bit % 64));
}

/// Whether no bit is set but those that are set in another set as well.
pub(super) fn subset(bits: &[u64], other: &[u64]) -> bool {
    bits.iter().zip(other).all(|(bits, other)| bits & !other == 0)
}
