//! The mistakes that reliable broadcast can be configured to make.

use serde::Deserialize;
use sim_core::subject;

/// A mistake to make: `config: { flaw: echo_by_majority }`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Half of the nodes are enough echoes.
    EchoByMajority,
    /// Nobody joins those who are ready.
    NoAmplification,
    /// A second echo of the same node counts as another's.
    DuplicateEchoesCounted,
    /// Whoever says so began a broadcast in whatever name.
    SenderNotChecked,
}

/// What a scenario can name.
pub(super) const FLAWS: &[subject::Flaw] = &[
    subject::Flaw {
        name: "echo_by_majority",
        about: "half of the nodes are enough echoes: two halves share nobody but liars",
        breaks: "one_ready_value",
        or_breaks: &[],
        trigger: "Echo",
        scenario: "bracha/equivocation",
        swarm: Some("bracha/swarm"),
    },
    subject::Flaw {
        name: "no_amplification",
        about: "nobody joins f + 1 that are ready: a liar lets one node deliver alone",
        breaks: "totality",
        or_breaks: &[],
        trigger: "joined_the_ready",
        scenario: "bracha/mute_towards_some",
        swarm: Some("bracha/swarm"),
    },
    subject::Flaw {
        name: "duplicate_echoes_counted",
        about: "a second echo of the same node counts as another's",
        breaks: "one_ready_value",
        or_breaks: &["integrity"],
        trigger: "copied_echo",
        scenario: "bracha/equivocation_and_replay",
        swarm: Some("bracha/swarm"),
    },
    subject::Flaw {
        name: "sender_not_checked",
        about: "a value is taken for a node's own, whoever sends it",
        breaks: "integrity",
        or_breaks: &[],
        trigger: "false_name",
        scenario: "bracha/in_anothers_name",
        swarm: Some("bracha/swarm"),
    },
];

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;

    #[test]
    fn every_flaw_that_is_listed_can_be_configured() {
        for flaw in FLAWS {
            let name: StrDeserializer<'_, Error> = flaw.name.into_deserializer();
            assert!(Flaw::deserialize(name).is_ok(), "{}", flaw.name);
        }
    }
}
