//! Real time: the only place that reads a clock. It times progress and speed, and never reaches a
//! results file.

use std::time::Instant;

use sim_core::Duration;

/// Measures real time from its creation on.
#[derive(Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "how fast a sweep goes is about real time")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// How much faster than real time it went.
pub(crate) fn speed_up(simulated_ns: u128, real: Duration) -> u64 {
    u64::try_from(simulated_ns / u128::from(real.as_nanos().max(1))).unwrap_or(u64::MAX)
}

/// How many of something there were in each second.
pub(crate) fn per_second(count: u64, in_all: Duration) -> u64 {
    let nanos = u128::from(in_all.as_nanos().max(1));
    let rate = u128::from(count) * 1_000_000_000 / nanos;
    u64::try_from(rate).unwrap_or(u64::MAX)
}
