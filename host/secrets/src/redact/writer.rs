//! A writer that blanks secrets in whole lines, for logs. How lines are made and where they go is not its affair.

use std::fmt;
use std::io::{self, Write};

use super::Redactor;

/// Bytes of a line without an end that are kept before its beginning is let go.
const LONGEST_LINE: usize = 64 * 1024;

/// Passes lines on to another writer, with known secret values blanked.
///
/// A line is kept back until it ends, so that a value split over two calls is still found; `flush` does not let half a
/// line go, dropping the writer does. Of a line beyond 64 KiB the beginning goes early, but never a piece that a value
/// could still begin in.
///
/// ```
/// use std::io::Write;
/// use wellhead_secrets::{Redactor, SecretOwner, SecretValues};
///
/// let redactor = Redactor::new();
/// redactor.learn(&SecretOwner::new(1, "db"), &SecretValues::from_iter([("password", "hunter2!")]));
/// let mut log = Vec::new();
/// let mut writer = redactor.writer(&mut log);
/// writer.write_all(b"wrong password hunt")?;
/// writer.write_all(b"er2!\n")?;
/// drop(writer);
/// assert_eq!(log, b"wrong password [secret]\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct RedactingWriter<W: Write> {
    redactor: Redactor,
    pub(super) inner: W,
    /// What has come of a line that has not ended.
    pub(super) begun: Vec<u8>,
}

impl<W: Write> RedactingWriter<W> {
    pub(super) fn new(redactor: Redactor, inner: W) -> Self {
        Self { redactor, inner, begun: Vec::new() }
    }

    /// Lets go what is sure to hold no beginning of a value.
    fn let_beginning_go(&mut self) -> io::Result<()> {
        let longest = self.redactor.longest_form();
        if self.begun.len() < LONGEST_LINE.max(longest.saturating_mul(2)) {
            return Ok(());
        }
        let mut cut = self.begun.len() - longest.saturating_sub(1).min(self.begun.len());
        if let Some(across) = self.redactor.spans(&self.begun).iter().find(|span| span.start < cut && cut < span.end) {
            cut = if across.start > 0 { across.start } else { across.end };
        }
        let kept = self.begun.split_off(cut);
        let gone = std::mem::replace(&mut self.begun, kept);
        self.inner.write_all(&self.redactor.redact_bytes(&gone))
    }
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let lines = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let (lines, begun) = bytes.split_at_checked(lines).unwrap_or((bytes, &[]));
        if !lines.is_empty() {
            let mut whole = std::mem::take(&mut self.begun);
            whole.extend_from_slice(lines);
            self.inner.write_all(&self.redactor.redact_bytes(&whole))?;
        }
        self.begun.extend_from_slice(begun);
        self.let_beginning_go()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W: Write> Drop for RedactingWriter<W> {
    fn drop(&mut self) {
        if !self.begun.is_empty() {
            // Nobody is left to hear of an error.
            let _ = self.inner.write_all(&self.redactor.redact_bytes(&self.begun)).and_then(|()| self.inner.flush());
        }
    }
}

impl<W: Write> fmt::Debug for RedactingWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedactingWriter").field("redactor", &self.redactor).finish_non_exhaustive()
    }
}
