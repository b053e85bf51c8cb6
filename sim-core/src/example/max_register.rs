use sim_core::check::linearizable::Model;

/// One number, which only grows. Who asks with a number is told the highest asked with so far.
#[derive(Debug)]
pub struct MaxRegister;

impl Model for MaxRegister {
    type Operation = u64;
    type Result = u64;
    type Key = ();
    type State = u64;

    fn key(_: &u64) {}

    fn initial((): &()) -> u64 {
        0
    }

    fn apply(highest: &u64, number: &u64) -> (u64, u64) {
        let highest = *highest.max(number);
        (highest, highest)
    }
}
