//! A histogram of durations, exact enough for percentiles and exact when merged.

use sim_core::Duration;

/// Buckets of a relative width below 1/32 (as HdrHistogram has them), so that adding up runs gives the
/// same percentiles in whatever order they are added.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: Duration,
}

const SUB_BITS: u32 = 5;

impl Histogram {
    /// Adds one.
    pub fn add(&mut self, duration: Duration) {
        let bucket = bucket(duration.as_nanos());
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
        self.count += 1;
        self.longest = self.longest.max(duration);
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The longest of all.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// A duration that so many of a thousand do not exceed, up to the width of a bucket; `None` if there
    /// are none.
    #[must_use]
    pub fn permille(&self, permille: u64) -> Option<Duration> {
        let rank = (self.count * permille).div_ceil(1_000).max(1);
        let mut below = 0;
        let bucket = self.buckets.iter().position(|count| {
            below += count;
            below >= rank
        })?;
        Some(Duration::from_nanos(upper_end(bucket)).min(self.longest))
    }
}

/// The bucket of a value: its highest bit, and the five below it.
fn bucket(value: u64) -> usize {
    let exponent = (value | 1).ilog2().max(SUB_BITS) - SUB_BITS;
    let sub = value >> exponent;
    usize::try_from(u64::from(exponent) << SUB_BITS).expect("at most 1,920")
        + usize::try_from(sub).expect("below 64")
}

/// The largest value of a bucket.
fn upper_end(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let exponent = (bucket >> SUB_BITS).saturating_sub(1);
    let sub = bucket - (exponent << SUB_BITS);
    ((sub + 1) << exponent) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_its_bucket_and_buckets_are_narrow() {
        let mut last = 0;
        for value in (0..4_000).chain((0..50).map(|power| 12_345u64 << (power % 45))) {
            let end = upper_end(bucket(value));
            assert!(end >= value, "{value} is above the end {end} of its bucket");
            assert!(end - value <= value / 32, "{value} lies in a bucket that ends at {end}");
            if value < 4_000 && value > 0 {
                assert!(bucket(value) >= last);
                last = bucket(value);
            }
        }
    }

    #[test]
    fn percentiles_are_those_of_the_values() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.permille(500), None);
        (1..=1_000).for_each(|ms| histogram.add(Duration::from_millis(ms)));
        let median = histogram.permille(500).unwrap().as_nanos() / 1_000_000;
        let p99 = histogram.permille(990).unwrap().as_nanos() / 1_000_000;
        assert!((500..=516).contains(&median), "{median}");
        assert!((990..=1_000).contains(&p99), "{p99}");
        assert_eq!(histogram.permille(1_000), Some(Duration::from_secs(1)));
    }
}
