//! What processes know, noted as what each step changed of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::names::Names;
use crate::story::state;

/// A part of a state that is new, is another than before, or is gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// Where in the state: `commit`, `log[3].term`.
    pub path: Rc<str>,
    /// What it is now.
    pub is: Option<Rc<str>>,
}

/// What one process knows.
#[derive(Default)]
pub(super) struct State {
    printed: String,
    parts: BTreeMap<Rc<str>, Rc<str>>,
}

impl State {
    /// Takes what is printed of the state now; tells what is different, in the order of the print.
    pub(super) fn becomes(&mut self, printed: String, names: &Names) -> Vec<Part> {
        if printed == self.printed {
            return Vec::new();
        }
        let now = state::parts(&printed);
        self.printed = printed;
        let mut changed = Vec::new();
        let mut parts = BTreeMap::new();
        for (path, is) in now {
            let is = names.rename(&is);
            let (path, is) = match self.parts.remove_entry(path.as_str()) {
                Some((path, was)) if *was == is => (path, was),
                known => {
                    let path = known.map_or_else(|| path.into(), |(path, _)| path);
                    let is: Rc<str> = is.into();
                    changed.push(Part { path: Rc::clone(&path), is: Some(Rc::clone(&is)) });
                    (path, is)
                }
            };
            parts.insert(path, is);
        }
        let gone = std::mem::replace(&mut self.parts, parts);
        changed.extend(gone.into_keys().map(|path| Part { path, is: None }));
        changed
    }
}
