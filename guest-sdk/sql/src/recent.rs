//! What a connection remembers of the statements it has prepared.

use std::collections::VecDeque;

/// Statements kept a connection. Most dashboards put their time range into the text, so few come again.
const KEPT: usize = 32;
/// Texts that are longer are not kept, bytes.
const LONGEST: usize = 16 << 10;

/// The statements used last, by their texts: a few dozen, so that the server holds no more for a connection.
///
/// ```
/// # use wellhead_sql::RecentStatements;
/// let mut recent = RecentStatements::default();
/// assert_eq!(recent.put("SELECT 1", 7), None);
/// assert_eq!((recent.get("SELECT 1"), recent.get("SELECT 2")), (Some(7), None));
/// ```
#[derive(Debug)]
pub struct RecentStatements<T>(
    /// The latest at the end.
    VecDeque<(String, T)>,
);

impl<T> Default for RecentStatements<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T> RecentStatements<T> {
    /// A copy of the one of this text, which counts as used.
    pub fn get(&mut self, text: &str) -> Option<T>
    where
        T: Clone,
    {
        let found = self.place(text).and_then(|at| self.0.remove(at))?;
        self.0.push_back(found);
        self.0.back().map(|(_, known)| known.clone())
    }

    /// Keeps a new one. What has no place any more comes back, the new one itself where its text is too long: the server
    /// may forget it.
    pub fn put(&mut self, text: &str, prepared: T) -> Option<T> {
        if text.len() > LONGEST {
            return Some(prepared);
        }
        let retired = match self.remove(text) {
            None if self.0.len() == KEPT => self.0.pop_front().map(|(_, oldest)| oldest),
            replaced => replaced,
        };
        self.0.push_back((text.to_owned(), prepared));
        retired
    }

    /// Takes out one that is of no more use.
    pub fn remove(&mut self, text: &str) -> Option<T> {
        let at = self.place(text)?;
        self.0.remove(at).map(|(_, found)| found)
    }

    fn place(&self, text: &str) -> Option<usize> {
        self.0.iter().position(|(known, _)| known == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statements_used_last_are_kept_and_the_others_come_back() {
        let mut recent = RecentStatements::default();
        for number in 0..KEPT {
            assert_eq!(recent.put(&number.to_string(), number), None);
        }
        assert_eq!(recent.get("0"), Some(0));
        assert_eq!(recent.put("new", 99), Some(1), "the oldest");
        assert_eq!(recent.put(&"x".repeat(LONGEST + 1), 100), Some(100), "too long");
        assert_eq!(recent.put("3", 33), Some(3), "replaced");
        assert_eq!((recent.remove("2"), recent.remove("2")), (Some(2), None));
        assert_eq!((recent.get("1"), recent.get("0"), recent.get("3")), (None, Some(0), Some(33)));
    }
}
