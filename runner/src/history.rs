//! What clients asked in a run and what they were told, with the protocol's types left behind.

use sim_core::history::{History, Moment, Outcome as Ending, Reading};
use sim_core::id::{ClientId, RequestId};
use sim_core::subject::{AskedOf, Subject, ToldOf};

use crate::names::Names;

/// One operation of one client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Which.
    pub id: RequestId,
    /// What was asked, as it is printed.
    pub asked: String,
    /// When it was invoked.
    pub invoked: Moment,
    /// When its client was told, or gave up; `None` if it still waited as the run ended.
    pub ended: Option<Moment>,
    /// How it ended.
    pub how: How,
    /// What it was told, as it is printed, if it was told something.
    pub told: Option<String>,
    /// The same in words that are nobody's own, if the protocol says it.
    pub reading: Option<Reading>,
}

/// How an operation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// It was answered.
    Ok,
    /// It certainly had no effect.
    Refused,
    /// Nobody can say.
    Unknown,
}

impl How {
    /// `ok`, `refused` or `unknown`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

impl Operation {
    /// Who asked.
    #[must_use]
    pub const fn client(&self) -> ClientId {
        self.id.client
    }
}

/// The operations of a history, in order of invocation.
pub(crate) fn told<S: Subject>(
    history: &History<AskedOf<S>, ToldOf<S>>,
    names: &Names,
) -> Vec<Operation> {
    let operations = history.operations().iter();
    let told = operations.map(|operation| {
        let told = match &operation.outcome {
            Ending::Ok(told) => Some(told),
            Ending::Refused | Ending::Unknown => None,
        };
        Operation {
            id: operation.id,
            asked: names.rename(&format!("{:?}", operation.asked)),
            invoked: operation.invoked,
            ended: operation.ended,
            how: match &operation.outcome {
                Ending::Ok(_) => How::Ok,
                Ending::Refused => How::Refused,
                Ending::Unknown => How::Unknown,
            },
            told: told.map(|told| names.rename(&format!("{told:?}"))),
            reading: S::reading(&operation.asked, told),
        }
    });
    told.collect()
}
