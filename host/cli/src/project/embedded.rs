//! Files of this repository that the command brings with it, by their path in it. `build.rs` says which.

/// A file's path below the repository's root, and what it holds.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// One file as text. What is compiled in is there and is UTF-8; were it not, it is empty, which the tests would see.
pub(super) fn text(path: &str) -> &'static str {
    let found = FILES.iter().find(|(name, _)| *name == path);
    found.and_then(|(_, bytes)| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The files below a folder, or the one file of that name: the path below `place` ("" for the file itself), and the bytes.
pub(super) fn below(place: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(name, bytes)| {
        let rest = name.strip_prefix(place)?;
        let rest = if rest.is_empty() { rest } else { rest.strip_prefix('/')? };
        Some((rest, *bytes))
    })
}
