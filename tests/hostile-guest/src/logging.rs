//! Megabytes of log, by each of the ways there are.

use crate::deed::{self, Deed, Outcome};
use crate::wellhead::plugin::log::{self, Level};
use std::io::Write;

const LINES: usize = 50_000;

pub(crate) fn query(deed: &Deed) -> Option<Outcome> {
    let kilobyte = "x".repeat(1_000);
    match deed.name() {
        "log-flood" => (0..LINES).for_each(|_| log::write(Level::Error, "flood", &kilobyte, &[])),
        "log-line" => log::write(Level::Error, &"t".repeat(1 << 20), &"x".repeat(10 << 20), &[]),
        "log-fields" => {
            let fields: Vec<_> = (0..100_000).map(|n| (format!("k{n}"), "v".to_owned())).collect();
            log::write(Level::Error, "fields", "many", &fields);
        }
        "log-control" => {
            let forged = "\n2026-01-01T00:00:00Z ERROR wellhead: forged\u{1b}[31m\0";
            log::write(Level::Error, forged, forged, &[(forged.into(), forged.into())]);
        }
        "log-secret" => {
            let secret = deed::secret();
            log::write(Level::Error, &secret, &secret, &[(secret.clone(), secret.clone())]);
            let _ = writeln!(std::io::stdout(), "{secret}");
        }
        "stdout-flood" => (0..LINES).for_each(|_| drop(writeln!(std::io::stdout(), "{kilobyte}"))),
        "stderr-flood" => (0..LINES).for_each(|_| eprintln!("{kilobyte}")),
        "stdout-line" => {
            let _ = std::io::stdout().write_all(&vec![b'x'; 10 << 20]);
        }
        "stdout-bytes" => {
            let _ = std::io::stdout().write_all(&[0xff, 0, b'\n', 0x80, b'\r', b'\n'].repeat(100_000));
        }
        _ => return None,
    }
    Some(Outcome::Told("said it all".into()))
}
