//! Throw-away protocols: each is the shape of a system that the trait must carry, in as few lines
//! as it takes. What is not natural to write here is a fault of the trait.

#![expect(clippy::unwrap_used, reason = "tests, and what helps them")]

#[path = "common/mod.rs"]
mod common;

#[path = "throwaway/chooses.rs"]
mod chooses;
#[path = "throwaway/foreign.rs"]
mod foreign;
#[path = "throwaway/group_commit.rs"]
mod group_commit;
#[path = "throwaway/joins_later.rs"]
mod joins_later;
#[path = "throwaway/layers.rs"]
mod layers;
#[path = "throwaway/liar_and_twins.rs"]
mod liar_and_twins;
#[path = "throwaway/mining.rs"]
mod mining;
#[path = "throwaway/panics.rs"]
mod panics;
#[path = "throwaway/quorum_client.rs"]
mod quorum_client;
