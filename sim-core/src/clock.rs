//! A node's clocks, which may be wrong (rule 6). True time is for checkers only.

use crate::rng::Key;
use crate::time::{Duration, Time};
use crate::world::{ClockError, ClockSettings};

const MILLION: i128 = 1_000_000;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    drift_ppm: i32,
    offset_nanos: i64,
}

impl Clock {
    /// A clock that is off by so much.
    pub(crate) const fn off_by(error: ClockError) -> Self {
        Self { drift_ppm: error.drift_ppm, offset_nanos: error.offset_nanos }
    }

    /// A clock, drawn within the settings.
    pub(crate) fn drawn(settings: &ClockSettings, key: Key) -> Self {
        let signed = |what: u64, from: u64, to: u64| {
            if to == 0 {
                return 0;
            }
            let mut draw = key.about(what).draw();
            let (from, to) = (Duration::from_nanos(from), Duration::from_nanos(to));
            let size = draw.between(from, to).as_nanos();
            let size = i64::try_from(size).unwrap_or(i64::MAX);
            if draw.below(2) == 0 { size } else { -size }
        };
        let (skew_from, skew_to) = settings.skew;
        let (drift_from, drift_to) = settings.drift_ppm;
        let drift = signed(2, u64::from(drift_from), u64::from(drift_to));
        Self {
            drift_ppm: i32::try_from(drift).expect("within what the scenario may say"),
            offset_nanos: signed(1, skew_from.as_nanos(), skew_to.as_nanos()),
        }
    }

    /// How far it is off.
    pub(crate) const fn error(self) -> ClockError {
        ClockError { offset_nanos: self.offset_nanos, drift_ppm: self.drift_ppm }
    }

    /// What the monotonic clock shows.
    #[inline(always)]
    pub(crate) fn now(self, time: Time) -> Time {
        if self.drift_ppm == 0 { time } else { self.drifted(time) }
    }

    fn drifted(self, time: Time) -> Time {
        let nanos = i128::from(time.as_nanos());
        nanos_since_zero(nanos + nanos * i128::from(self.drift_ppm) / MILLION)
    }

    /// What the wall clock shows; never before the beginning.
    #[inline(always)]
    pub(crate) fn wall(self, time: Time) -> Time {
        if self.offset_nanos == 0 { self.now(time) } else { self.shifted(time) }
    }

    fn shifted(self, time: Time) -> Time {
        nanos_since_zero(i128::from(self.now(time).as_nanos()) + i128::from(self.offset_nanos))
    }

    /// How long it truly takes until this clock has advanced by a length.
    #[inline]
    pub(crate) fn true_length(self, shown: Duration) -> Duration {
        if self.drift_ppm == 0 {
            return shown;
        }
        let nanos = i128::from(shown.as_nanos()) * MILLION;
        let rate = MILLION + i128::from(self.drift_ppm);
        Duration::from_nanos(nanos_since_zero((nanos + rate - 1) / rate).as_nanos())
    }

    pub(crate) const fn jump(&mut self, by_nanos: i64) {
        self.offset_nanos = self.offset_nanos.saturating_add(by_nanos);
    }
}

fn nanos_since_zero(nanos: i128) -> Time {
    Time::from_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn clock(drift_ppm: i32, offset_nanos: i64) -> Clock {
        Clock { drift_ppm, offset_nanos }
    }

    #[test]
    fn a_clock_that_runs_fast_rings_early() {
        let fast = clock(100_000, 0);
        assert_eq!(fast.now(Time::ZERO + SECOND), Time::from_nanos(1_100_000_000));
        let rings = Time::ZERO + fast.true_length(SECOND);
        assert!(rings < Time::ZERO + SECOND);
        assert!(fast.now(rings) >= Time::ZERO + SECOND, "never before its own clock says so");
    }

    #[test]
    fn a_jump_moves_the_wall_clock_and_not_the_monotonic_one() {
        let mut clock = clock(0, 0);
        clock.jump(-5_000_000_000);
        clock.jump(2_000_000_000);
        let time = Time::from_nanos(10_000_000_000);
        assert_eq!(clock.now(time), time);
        assert_eq!(clock.wall(time), Time::from_nanos(7_000_000_000));
        assert_eq!(clock.wall(Time::ZERO), Time::ZERO);
    }

    #[test]
    fn skew_and_drift_are_drawn_within_bounds_and_to_both_sides() {
        let settings = ClockSettings {
            skew: (Duration::from_millis(1), Duration::from_millis(5)),
            drift_ppm: (10, 200),
            ..ClockSettings::default()
        };
        let mut signs = [0; 2];
        for seat in 0..200 {
            let clock = Clock::drawn(&settings, Key::new(seat));
            assert!((1_000_000..=5_000_000).contains(&clock.offset_nanos.abs()));
            assert!((10..=200).contains(&clock.drift_ppm.abs()));
            signs[usize::from(clock.offset_nanos < 0)] += 1;
        }
        assert!(signs.iter().all(|&count| count > 60), "{signs:?}");
    }
}
