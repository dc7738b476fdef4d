//! A renewed certificate takes effect without a restart.
//!
//! The files are read every so often rather than watched: they are small, and so neither network file systems nor
//! symlinks that are turned (as Kubernetes renews mounted secrets) are a case of their own.

use super::pair::Pair;
use super::{Tls, TlsFiles};
use rustls::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

/// How often the files are read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Puts what the files come to hold into `current`, for as long as it is polled. What is no good changes nothing, and
/// the log says so once.
pub(crate) async fn follow(tls: Tls, current: watch::Sender<Arc<ServerConfig>>) {
    let mut follower = Follower { files: tls.files, tried: Ok(tls.pair), before: None };
    let path = follower.files.certificate.display().to_string();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        match follower.look().await {
            None => {}
            Some(Ok(config)) => {
                current.send_replace(config);
                tracing::info!(target: "wellhead::http", "{path}: the TLS certificate changed, and serves new connections");
            }
            Some(Err(reason)) => {
                tracing::warn!(target: "wellhead::http", "the TLS certificate before it goes on serving: {reason}");
            }
        }
    }
}

/// What a look at the files found: what they hold, or why they cannot be read.
type Seen = Result<Pair, String>;

/// Tells a change from what was there already.
struct Follower {
    files: TlsFiles,
    /// What was acted upon last, whether it was any good or not.
    tried: Seen,
    /// What the last look found, if that was something else.
    before: Option<Seen>,
}

impl Follower {
    /// What a change came to, once for each. Two files are not replaced in one step: only what two looks see alike is
    /// no half of a change.
    async fn look(&mut self) -> Option<Result<Arc<ServerConfig>, String>> {
        let files = self.files.clone();
        let read = spawn_blocking(move || Pair::read(&files).map_err(|error| error.to_string()));
        // An error says that the look was cut off, because the process ends.
        let seen = read.await.ok()?;
        if seen == self.tried {
            self.before = None;
            return None;
        }
        if self.before.as_ref() != Some(&seen) {
            self.before = Some(seen);
            return None;
        }
        self.before = None;
        let config = match &seen {
            Ok(pair) => pair.config(&self.files).map_err(|error| error.to_string()),
            Err(reason) => Err(reason.clone()),
        };
        self.tried = seen;
        Some(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use std::fs;
    use tempfile::TempDir;

    fn issue() -> (String, String) {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    fn follower() -> (TempDir, Follower) {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificate: folder.path().join("tls.crt"), key: folder.path().join("tls.key") };
        let (certificate, key) = issue();
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.key, key).unwrap();
        let Tls { files, pair, .. } = Tls::read(files).unwrap();
        (folder, Follower { files, tried: Ok(pair), before: None })
    }

    #[tokio::test]
    async fn a_renewed_pair_is_taken_once_when_both_files_are_there() {
        let (_folder, mut follower) = follower();
        assert!(follower.look().await.is_none(), "nothing changed");
        let (certificate, key) = issue();
        fs::write(&follower.files.certificate, certificate).unwrap();
        assert!(follower.look().await.is_none(), "half of a change");
        fs::write(&follower.files.key, key).unwrap();
        assert!(follower.look().await.is_none(), "seen for the first time");
        assert!(follower.look().await.unwrap().is_ok());
        assert!(follower.look().await.is_none(), "nothing changed since");
    }

    #[tokio::test]
    async fn each_pair_that_is_no_good_is_told_of_once() {
        let (_folder, mut follower) = follower();
        let good = fs::read(&follower.files.key).unwrap();
        for (bad, says) in [
            (Some(issue().1), "the TLS key is not that of the certificate"),
            (Some("no key".to_owned()), "no TLS key can be read"),
            (None, "the TLS key cannot be read: No such file"),
        ] {
            match bad {
                Some(bad) => fs::write(&follower.files.key, bad).unwrap(),
                None => fs::remove_file(&follower.files.key).unwrap(),
            }
            assert!(follower.look().await.is_none());
            let reason = follower.look().await.unwrap().unwrap_err();
            assert!(reason.contains(says), "{reason}");
            for _ in 0..3 {
                assert!(follower.look().await.is_none(), "said already");
            }
        }
        fs::write(&follower.files.key, good).unwrap();
        assert!(follower.look().await.is_none());
        assert!(follower.look().await.unwrap().is_ok());
    }
}
