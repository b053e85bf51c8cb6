//! The linearizability checker against histories written by hand, and against the definition.
//!
//! The reference (`reference.rs`) tries all orders and has no idea in it but the definition: it knows no keys,
//! remembers nothing and prunes nothing. It is right by inspection, and hopeless beyond ten
//! operations.

mod by_hand;
mod by_the_thousand;
mod models;
mod reference;
mod sizes;
mod text;

use std::collections::BTreeMap;
use std::fmt::Debug;

use sim_core::check::linearizable::{Checker, Counterexample, Model, Verdict};
use sim_core::history::{History, Operation, Outcome};
use sim_core::id::{ClientId, RequestId};
use sim_core::time::Time;

use models::*;
use reference::*;
use text::*;
