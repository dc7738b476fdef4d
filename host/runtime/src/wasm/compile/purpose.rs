//! What code is compiled for: to be run much, or to be run soon.

/// What plugins are compiled for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompileFor {
    /// To answer many calls: compiling takes its time and optimises.
    #[default]
    Serving,
    /// To be tried and changed: compiled in a fraction of the time, functions that are as they were not again, and several
    /// times slower when it runs. Backtraces name source lines, where the component has them.
    Development,
}

impl CompileFor {
    /// As an order to a worker has it.
    pub(super) fn number(self) -> u64 {
        match self {
            Self::Serving => 0,
            Self::Development => 1,
        }
    }

    pub(super) fn from_number(number: u64) -> Option<Self> {
        [Self::Serving, Self::Development].into_iter().find(|purpose| purpose.number() == number)
    }
}
