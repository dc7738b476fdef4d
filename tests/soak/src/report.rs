//! What a scenario has to say.

use std::fmt;
use std::time::Duration;

/// Figures beside their aims, and promises that were broken.
#[derive(Debug)]
pub struct Report {
    title: String,
    rows: Vec<[String; 3]>,
    broken: Vec<String>,
}

impl Report {
    pub(crate) fn new(title: impl Into<String>) -> Self {
        let head = ["what", "aim", "seen"].map(str::to_owned);
        Self { title: title.into(), rows: vec![head], broken: Vec::new() }
    }

    pub(crate) fn row(&mut self, what: impl Into<String>, aim: impl Into<String>, seen: impl Into<String>) {
        self.rows.push([what.into(), aim.into(), seen.into()]);
    }

    /// A row of a promise that must hold anywhere.
    pub(crate) fn promise(&mut self, what: &str, aim: &str, seen: impl Into<String>, kept: bool) {
        let seen = seen.into();
        if !kept {
            self.broken.push(format!("{what}: {aim} was promised, {seen} was seen"));
        }
        self.row(what, aim, seen);
    }

    /// Something went wrong that no row is about, or a row only counts.
    pub(crate) fn broke(&mut self, what: impl Into<String>) {
        self.broken.push(what.into());
    }

    /// The promises that were broken, as sentences.
    pub fn broken(&self) -> &[String] {
        &self.broken
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &String| text.chars().count();
        let [mut what_width, mut aim_width] = [0; 2];
        for [what, aim, _] in &self.rows {
            what_width = what_width.max(width(what));
            aim_width = aim_width.max(width(aim));
        }
        writeln!(f, "{}\n", self.title)?;
        for [what, aim, seen] in &self.rows {
            writeln!(f, "  {what:what_width$}  {aim:aim_width$}  {seen}")?;
        }
        writeln!(f)?;
        self.broken.iter().try_for_each(|promise| writeln!(f, "  BROKEN: {promise}"))
    }
}

/// A duration in milliseconds, as all figures here are.
pub(crate) fn ms(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

/// Bytes in MiB.
pub(crate) fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
