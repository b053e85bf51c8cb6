//! The loader, given whatever libFuzzer comes upon.

#![no_main]

#[path = "../../tests/register/mod.rs"]
mod register;

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sim_runner::Catalogue;
use sim_runner::proving::survives;

static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| Catalogue::standard().with::<register::Register>());

fuzz_target!(|bytes: &[u8]| {
    if let Err(why) = survives(&CATALOGUE, bytes) {
        panic!("{why}");
    }
});
