//! What holds a process down, makes it pause or makes its disk refuse: several things may at once.

/// Something that holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Holder {
    /// The fault of this number in the plan.
    Fault(u32),
    /// The crash of this number that no fault of the plan asked for.
    Unplanned(u32),
    /// The process's own disk, which refused.
    Disk,
}

/// All that hold at the moment: what they do lasts until the last of them lets go.
#[derive(Default)]
pub(crate) struct Holders(Vec<Holder>);

impl Holders {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn hold(&mut self, holder: Holder) {
        self.0.push(holder);
    }

    /// Lets go; says whether it held, and was the last.
    pub(crate) fn let_go(&mut self, holder: Holder) -> bool {
        let before = self.0.len();
        self.0.retain(|held| *held != holder);
        self.0.len() < before && self.0.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_that_holds_lets_go() {
        let mut holders = Holders::new();
        holders.hold(Holder::Fault(1));
        holders.hold(Holder::Disk);
        holders.hold(Holder::Disk);
        assert!(!holders.let_go(Holder::Fault(2)), "it never held");
        assert!(!holders.let_go(Holder::Disk));
        assert!(holders.let_go(Holder::Fault(1)));
        assert!(!holders.let_go(Holder::Fault(1)), "it holds no longer");
    }
}
