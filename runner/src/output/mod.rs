//! What is printed, for people and for programs.

pub(crate) mod human;
pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod terminal;
pub(crate) mod words;
