//! What is said of a crash, as the plugin's author wants to read it: his own files as he names them, those of others by their
//! crate, and what merely called his code in a word.

use crate::words::counted;
use std::borrow::Cow;
use std::path::Path;

/// What begins the list of functions that a crash was in, the innermost first, and what stands between two of them.
const LIST: &str = "; in ";
const CALLED_BY: &str = " < ";
/// What stands before a path.
const BEFORE_PATHS: [char; 5] = [' ', '(', '=', ',', '\n'];
/// Folders below which others' sources lie, and how many folders further down a crate has its own.
const OTHERS: [(&str, usize); 3] = [("/registry/src/", 1), ("/rustc/", 2), ("/rustlib/src/rust/library/", 0)];

/// What tells a function of the SDK, or of what runs its futures, by its name or its file.
const GLUE: [&str; 6] = ["wellhead_sdk", "guest-sdk/", "wit_bindgen", "wit-bindgen-", "futures_util", "futures-util-"];
/// Where a project keeps the SDK it was made with.
const SDK: &str = "sdk/";

/// The text of a crash. One that is of something else stays as it is, but for the beginnings of paths.
pub(super) fn readable(text: &str, project: &Path) -> String {
    let own = format!("{}/", project.display());
    let mut text = match text.rsplit_once(LIST) {
        Some((message, functions)) => format!("{message}{LIST}{}", folded(functions, &own)),
        None => text.to_owned(),
    };
    for (folder, further) in OTHERS {
        text = without_way(&text, folder, further);
    }
    text.replace(&own, "")
}

/// Cuts the beginnings of paths through `folder`, and so many folders after it.
fn without_way(text: &str, folder: &str, further: usize) -> String {
    let mut cut = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(folder) {
        let Some(path) = after.splitn(further + 1, '/').nth(further) else { break };
        let start = before.rfind(BEFORE_PATHS).map_or(0, |at| at + 1);
        cut.push_str(before.get(..start).unwrap_or(before));
        rest = path;
    }
    cut.push_str(rest);
    cut
}

/// The functions, with a word for those of the SDK and what runs it, unless there are no others.
fn folded(functions: &str, project: &str) -> String {
    let all: Vec<&str> = functions.split(CALLED_BY).collect();
    let mut told: Vec<Cow<'_, str>> = Vec::new();
    for alike in all.chunk_by(|one, next| is_glue(one, project) == is_glue(next, project)) {
        if alike.len() < all.len() && alike.iter().all(|function| is_glue(function, project)) {
            told.push(format!("… {} of the SDK and the runtime", counted(alike.len(), "frame")).into());
        } else {
            told.extend(alike.iter().map(|function| Cow::from(*function)));
        }
    }
    told.join(CALLED_BY)
}

/// Whether it is neither of the author nor of a crate that he chose.
fn is_glue(function: &str, project: &str) -> bool {
    match function.split_once(project) {
        Some((_, file)) => file.starts_with(SDK),
        None => GLUE.iter().any(|glue| function.contains(glue)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a new project said of an assertion that failed, but for the folders of the machine it was on.
    const CRASH: &str = "plugin dev-rust-source: an instance for data source \"dev\" of org 1 ended: its instance crashed: \
        wasm trap: wasm `unreachable` instruction executed; \
        in {async_fn#0} (/home/me/my code/dev-rust-source/src/lib.rs:56) \
        < {async_block#0}<dev_rust_source::Source> (/home/me/my code/dev-rust-source/sdk/rust/src/reply/answer.rs:38) \
        < poll<wellhead_sdk::reply::answer::answer::{async_fn#0}::{async_block_env#0}<dev_rust_source::Source>> \
        (/home/me/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tracing-0.1.44/src/instrument.rs:321) \
        < {async_fn#0}<dev_rust_source::Source> (/home/me/my code/dev-rust-source/sdk/rust/src/reply/answer.rs:42)";

    fn read(text: &str) -> String {
        readable(text, Path::new("/home/me/my code/dev-rust-source"))
    }

    #[test]
    fn a_crash_names_the_authors_line_and_counts_the_functions_of_the_sdk() {
        let readable = read(CRASH);
        let (message, functions) = readable.split_once("; in ").unwrap();
        assert!(CRASH.starts_with(message));
        assert_eq!(functions, "{async_fn#0} (src/lib.rs:56) < … 3 frames of the SDK and the runtime");
    }

    #[test]
    fn files_of_others_are_named_by_their_crate() {
        for (long, short) in [
            ("in a (/r/.cargo/registry/src/index-1/csv-1.4.0/src/reader.rs:7)", "in a (csv-1.4.0/src/reader.rs:7)"),
            ("location=/rustc/4a2b/library/std/src/io/mod.rs:1:2", "location=std/src/io/mod.rs:1:2"),
            ("(/x/lib/rustlib/src/rust/library/core/src/str/mod.rs:9) < b", "(core/src/str/mod.rs:9) < b"),
            ("/home/me/my code/dev-rust-source/src/a.rs:1, /etc/rustc/", "src/a.rs:1, /etc/rustc/"),
            ("no path, and nothing else", "no path, and nothing else"),
        ] {
            assert_eq!(read(long), short);
        }
    }

    #[test]
    fn a_crash_of_the_sdk_alone_keeps_its_functions() {
        let all = "crashed; in wellhead_sdk::log::install < wit_bindgen::rt::run";
        assert_eq!(read(all), all);
        let mixed = "crashed; in serde_json::de::from_str < mine::query < wellhead_sdk::reply::answer";
        let folded = "crashed; in serde_json::de::from_str < mine::query < … 1 frame of the SDK and the runtime";
        assert_eq!(read(mixed), folded);
    }
}
