//! What is wrong with the configuration, and where. Faults are collected, so that a person mends all of them in one go.

use std::fmt;

/// One fault: the place, what is wrong there, what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// A file, with its line where that is known; a flag; an environment variable.
    pub(crate) place: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// What to do, where the problem does not say it already.
    pub(crate) cure: Option<String>,
}

impl Fault {
    pub(crate) fn new(place: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { place: place.to_string(), problem: problem.to_string(), cure: None }
    }

    pub(crate) fn cure(mut self, cure: impl fmt::Display) -> Self {
        self.cure = Some(cure.to_string());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        match &self.cure {
            Some(cure) => write!(f, ": {cure}"),
            None => Ok(()),
        }
    }
}

impl From<&wellhead::Problem> for Fault {
    fn from(problem: &wellhead::Problem) -> Self {
        let mut place = problem.file.display().to_string();
        if let Some(line) = problem.line {
            place = format!("{place}:{line}");
        }
        if let Some(key) = &problem.key {
            place = format!("{place}: {key}");
        }
        Self::new(place, &problem.reason)
    }
}

impl From<&wellhead::Rejection> for Fault {
    fn from(rejection: &wellhead::Rejection) -> Self {
        let (place, problem) = (rejection.path.display().to_string(), rejection.error.to_string());
        // The error may name another file than the rejected one: a sidecar.
        match problem.strip_prefix(&format!("{place}: ")) {
            Some(rest) => Self::new(&place, rest),
            None => Self::new(&place, problem),
        }
    }
}

/// At least one fault, as an error. The command ends with exit code 2.
#[derive(Debug)]
pub(crate) struct Faults(pub(crate) Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(f, "{only}"),
            several => {
                write!(f, "{} faults in the configuration", several.len())?;
                several.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for Faults {}
