//! A history as transactions, as Elle reads it (<https://github.com/jepsen-io/elle>): lines as
//! [`jepsen`](super::jepsen) writes them, whose values are lists of accesses. With `[:w x 1]` among them
//! they are of its model `rw-register`, with `[:append x 1]` of `list-append`.

use sim_core::history::Access;

use super::edn::Edn;
use super::jepsen::{self, Words};
use crate::history::Operation;

/// The history in lines. What is about no object is left out.
///
/// # Errors
/// The first operation that no access can say. One left out that wrote would make Elle judge another
/// history.
pub(super) fn text(history: &[Operation]) -> Result<String, String> {
    let mut transactions = Vec::with_capacity(history.len());
    for operation in history {
        match &operation.reading {
            None => {}
            Some(reading) if reading.accesses.is_none() => {
                return Err(format!(
                    "Elle knows reads, writes and appends, and has no words for `{}` ({}): choose \
                     what clients ask, as in --set 'clients.mix={{ put: 50%, get: 50% }}'",
                    operation.asked, operation.id
                ));
            }
            Some(_) => transactions.push(operation.clone()),
        }
    }
    Ok(jepsen::written(&transactions, words))
}

fn words(operation: &Operation) -> Words {
    let reading = operation.reading.as_ref();
    let accesses = reading.and_then(|reading| reading.accesses.as_deref()).unwrap_or_default();
    let transaction =
        |access: fn(&Access) -> Edn| Edn::Vector(accesses.iter().map(access).collect());
    Words {
        function: "txn".to_owned(),
        invoked: transaction(|access| written(access, false)),
        returned: transaction(|access| written(access, true)),
    }
}

/// `[:r :x 7]`; before it is told, nobody knows what is read.
fn written(access: &Access, is_told: bool) -> Edn {
    let (function, object, value) = match access {
        Access::Read { object, found } => {
            ("r", object, Edn::or_nil(found.as_ref().filter(|_| is_told)))
        }
        Access::Write { object, value } => ("w", object, Edn::from(value)),
        Access::Append { object, value } => ("append", object, Edn::from(value)),
    };
    Edn::Vector(vec![Edn::keyword(function), Edn::from(object), value])
}
