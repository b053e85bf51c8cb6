//! The program as people and scripts use it: what it prints where, what it leaves behind, and its
//! exit code.

mod place;

mod explains;
mod exports;
#[cfg(unix)]
mod interactive;
mod lists;
mod own;
mod pages;
mod replays;
mod results;
mod scenarios;
mod schedules;
mod shrinks;
#[cfg(unix)]
mod signals;
mod streams;
mod sweeps;
mod usage;
mod zoo;
