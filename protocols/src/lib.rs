//! The catalogue: distributed protocols as pure state machines, one file or folder each, with what
//! they promise, the invariants that say so, and the mistakes that are known to break them.
//!
//! Every protocol is laid out alike, so who has read one knows where everything is in the next: a
//! header (*What it promises · How it works · What it assumes · Where it differs from the paper ·
//! Read first*), the wire and disk types, the state, `impl Protocol` (which only dispatches), the
//! handlers in the order of a happy run, the checks, the tests.
//!
//! Nothing here knows files, threads, clocks or YAML (rule 10), and nothing here prints: a protocol
//! does what its [`Context`](sim_core::Context) lets it do. Protocols export equal names (`Config`,
//! `Message`, `Timer`), so they are never imported with a glob: write `raft::Message`.

#![forbid(unsafe_code)]

pub mod bracha;
pub mod kv;
pub mod machine;
pub mod raft;
