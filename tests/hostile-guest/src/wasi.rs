//! What a process would have: environment, arguments, files, standard input, clocks to block on, random numbers.

use crate::deed::{Deed, Outcome};
use std::io::Read;
use std::time::Duration;
use wasip2::clocks::monotonic_clock;
use wasip2::http::types::{Fields, OutgoingRequest, Scheme};
use wasip2::random::random;

const HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn query(deed: &Deed) -> Option<Outcome> {
    let words = match deed.name() {
        "environment" => {
            let (variables, arguments) = (std::env::vars().count(), std::env::args().count());
            let folder = std::env::current_dir().map_or_else(|error| error.kind().to_string(), |_| "there".into());
            format!("{variables} variables, {arguments} arguments, folder: {folder}")
        }
        "files" => {
            let read = std::fs::read("/etc/passwd").map(drop);
            let list = std::fs::read_dir("/").map(drop);
            let write = std::fs::write("/tmp/hostile", b"was here");
            let relative = std::fs::read("Cargo.toml").map(drop);
            let opened = wasip2::filesystem::preopens::get_directories().len();
            let kinds = [read, list, write, relative].map(|outcome| outcome.map_err(|error| error.kind()));
            format!("{kinds:?}, {opened} folders")
        }
        "stdin" => {
            let mut read = Vec::new();
            let outcome = std::io::stdin().read_to_end(&mut read).map_err(|error| error.kind());
            format!("{outcome:?}")
        }
        // All of these block in WASI 0.2, the whole Store with them.
        "block" => {
            std::thread::sleep(HOUR);
            "woke".into()
        }
        "poll" => {
            let hours: Vec<_> = (0..1_000).map(|_| monotonic_clock::subscribe_duration(u64::MAX)).collect();
            format!("{} ready", wasip2::io::poll::poll(&hours.iter().collect::<Vec<_>>()).len())
        }
        "poll-nothing" => format!("{} ready", wasip2::io::poll::poll(&[]).len()),
        "block-on-http" => block_on_http(deed.text("url")),
        "random-at-once" => {
            format!("{} bytes", random::get_random_bytes(deed.number("bytes").unsigned_abs()).len())
        }
        "random-at-once-0.3" => {
            let bytes = wasip3::random::random::get_random_bytes(deed.number("bytes").unsigned_abs());
            format!("at most what was asked for: {}", bytes.len() as u64 <= deed.number("bytes").unsigned_abs())
        }
        _ => return None,
    };
    Some(Outcome::Told(words))
}

/// Waits for a server that does not answer, as guests of 2023 do.
fn block_on_http(url: &str) -> String {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
    let request = OutgoingRequest::new(Fields::new());
    let named = request.set_scheme(Some(&Scheme::Http)).and_then(|()| request.set_authority(Some(authority)));
    let named = named.and_then(|()| request.set_path_with_query(Some("/hang")));
    if named.is_err() {
        return "not an authority".into();
    }
    let answer = match wasip2::http::outgoing_handler::handle(request, None) {
        Ok(answer) => answer,
        Err(error) => return format!("{error:?}"),
    };
    answer.subscribe().block();
    match answer.get() {
        Some(Ok(Ok(response))) => format!("{}", response.status()),
        Some(Ok(Err(error))) => format!("{error:?}"),
        _ => "taken before".into(),
    }
}
