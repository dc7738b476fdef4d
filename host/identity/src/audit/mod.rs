//! The audit log: who changed what, one JSON object a line, in the file before the client has its answer.

use crate::{Identity, Who};
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap, Serializer};
use std::io::{self, Write};
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Longest text of an entry, in characters: what clients send is cut there.
const MAX_CHARS: usize = 256;
/// Most details of an entry.
const MAX_DETAILS: usize = 16;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It was done.
    Done,
    /// The caller was not allowed to, or not let in.
    Denied,
    /// It could not be done.
    Failed,
}

/// One thing that somebody did or tried. No field is ever to hold a password, a token or a secret.
#[derive(Clone, Debug)]
pub struct AuditEntry<'a> {
    /// Who; `None` where nobody was let in.
    pub who: Option<&'a Identity>,
    /// From where.
    pub client: Option<IpAddr>,
    /// What, as `datasource.update`.
    pub action: &'a str,
    /// To what, by a uid, an id or a name.
    pub target: &'a str,
    /// How it ended.
    pub outcome: Outcome,
    /// What else there is to say, by name.
    pub details: &'a [(&'a str, &'a str)],
}

/// Where entries go. Cheap to clone; clones are the same.
///
/// ```
/// use wellhead_identity::{AuditEntry, AuditLog, Identity, Outcome};
///
/// let log = AuditLog::in_memory();
/// log.record(&AuditEntry {
///     who: Some(&Identity::operator(1)),
///     client: Some([127, 0, 0, 1].into()),
///     action: "datasource.delete",
///     target: "prom",
///     outcome: Outcome::Done,
///     details: &[],
/// });
/// assert!(log.lines()[0].contains(r#""who":"operator","login":"operator","org":1"#));
/// ```
#[derive(Clone, Debug, Default)]
pub struct AuditLog {
    sink: Option<Arc<Mutex<Sink>>>,
}

#[derive(Debug)]
enum Sink {
    File {
        file: std::fs::File,
        /// Whether the last line was cut short, so that the next must begin a new one.
        is_torn: bool,
    },
    Memory(Vec<String>),
}

impl AuditLog {
    /// One that appends to the file at `path`, made with mode 0600 where it is missing. Who rotates it copies and truncates.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = std::fs::OpenOptions::new();
        options.append(true).read(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        let is_torn = !ends_a_line(&mut file)?;
        Ok(Self { sink: Some(Arc::new(Mutex::new(Sink::File { file, is_torn }))) })
    }

    /// One that is gone with its last clone.
    pub fn in_memory() -> Self {
        Self { sink: Some(Arc::new(Mutex::new(Sink::Memory(Vec::new())))) }
    }

    /// One that keeps nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Writes an entry, in one write. What cannot be written is told to the log of the program, as an error.
    pub fn record(&self, entry: &AuditEntry<'_>) {
        let Some(sink) = &self.sink else { return };
        let line = Line { time: Timestamp::now(), entry };
        let written = serde_json::to_string(&line).map_err(io::Error::from).and_then(|line| lock(sink).write(line));
        if let Err(error) = written {
            let (action, target) = (cut(entry.action), cut(entry.target));
            tracing::error!(%error, action, ?target, "the audit log cannot be written: make room on its disk");
        }
    }

    /// What one in memory has been told; empty for others.
    pub fn lines(&self) -> Vec<String> {
        match self.sink.as_ref().map(|sink| lock(sink)).as_deref() {
            Some(Sink::Memory(lines)) => lines.clone(),
            Some(Sink::File { .. }) | None => Vec::new(),
        }
    }
}

fn lock(sink: &Mutex<Sink>) -> MutexGuard<'_, Sink> {
    sink.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sink {
    fn write(&mut self, line: String) -> io::Result<()> {
        match self {
            Self::Memory(lines) => lines.push(line),
            Self::File { file, is_torn } => {
                let line = if *is_torn { format!("\n{line}\n") } else { format!("{line}\n") };
                let written = file.write(line.as_bytes());
                *is_torn = match &written {
                    Ok(0) | Err(_) => *is_torn,
                    Ok(bytes) => *bytes < line.len(),
                };
                if written? < line.len() {
                    return Err(io::Error::new(io::ErrorKind::StorageFull, "only a part of the line fitted"));
                }
            }
        }
        Ok(())
    }
}

fn ends_a_line(file: &mut (impl io::Read + io::Seek)) -> io::Result<bool> {
    if file.seek(io::SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(io::SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

struct Line<'a> {
    time: Timestamp,
    entry: &'a AuditEntry<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.entry;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &self.time)?;
        match entry.who.map(|identity| (identity, identity.who)) {
            None => line.serialize_entry("who", "nobody")?,
            Some((_, Who::Anonymous)) => line.serialize_entry("who", "anonymous")?,
            Some((_, Who::Operator)) => line.serialize_entry("who", "operator")?,
            Some((_, Who::User { id })) => {
                line.serialize_entry("who", "user")?;
                line.serialize_entry("id", &id)?;
            }
            Some((_, Who::ServiceAccount { id, token_id })) => {
                line.serialize_entry("who", "serviceAccount")?;
                line.serialize_entry("id", &id)?;
                line.serialize_entry("token", &token_id)?;
            }
        }
        if let Some(identity) = entry.who {
            line.serialize_entry("login", &cut(&identity.login))?;
            line.serialize_entry("org", &identity.org_id)?;
        }
        if let Some(client) = entry.client {
            line.serialize_entry("client", &client)?;
        }
        line.serialize_entry("action", &cut(entry.action))?;
        line.serialize_entry("target", &cut(entry.target))?;
        line.serialize_entry("outcome", &entry.outcome)?;
        if !entry.details.is_empty() {
            let details = entry.details.iter().take(MAX_DETAILS).map(|(name, value)| (cut(name), cut(value)));
            line.serialize_entry("details", &details.collect::<std::collections::BTreeMap<_, _>>())?;
        }
        line.end()
    }
}

/// `text`, or its beginning and a sign that there is more.
fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests;
