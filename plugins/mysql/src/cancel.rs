//! What runs at the server is killed there when nobody waits for it any more.

use crate::server::Login;
use crate::session::{Identity, Session};
use futures::channel::oneshot;
use std::time::Duration;
use wellhead_sdk::{Error, task, tracing};

/// How long killing may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The pause after the first log in that failed; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// Something that runs at the server. Dropped before [`over`](Self::over), it is killed, by a connection of its own, as
/// the protocol has nothing else; and the session's connection must go too, because the rest of its answer is still to
/// come.
pub(crate) struct Running(Option<Target>);

/// What is to be killed.
struct Target {
    login: Login,
    server: Option<Identity>,
    thread: u32,
    /// Dropped when it is over, or is killed; the session waits for it before its place is given away.
    _killed: oneshot::Sender<()>,
}

impl Running {
    pub(crate) fn on(session: &mut Session) -> Self {
        let (_killed, wait) = oneshot::channel();
        session.dies_with(wait);
        let (login, server, thread) = (session.login(), session.identity(), session.thread());
        Self(Some(Target { login, server, thread, _killed }))
    }

    /// The server has said its last word on it.
    pub(crate) fn over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(target) = self.0.take() else { return };
        // That it comes too late, or not at all, fails nothing: the server ends the statement by its time-out.
        task::spawn(async move {
            match task::timeout(PATIENCE, target.kill()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a statement could not be killed"),
                Err(_) => tracing::debug!("a statement could not be killed in time"),
            }
        });
    }
}

impl Target {
    async fn kill(&self) -> Result<(), Error> {
        let mut session = self.log_in().await?;
        // Behind a proxy, or a name of several addresses, the number is somebody else's at another server.
        if self.server.is_none() || session.identity() != self.server {
            session.quit().await;
            return Err(Error::downstream("it cannot be told whether the server is the same: its time limit ends it"));
        }
        session.kill(self.thread).await?;
        // It dies a moment later.
        while session.has(self.thread).await? {
            task::sleep(FIRST_PAUSE).await;
        }
        session.quit().await;
        Ok(())
    }

    /// Logs in, again and again where the server or the host has no room: each query that ends makes some.
    async fn log_in(&self) -> Result<Session, Error> {
        let mut pause = FIRST_PAUSE;
        loop {
            match Session::open(self.login.clone()).await {
                // A log in that is refused is refused the next time, too, and too many of them lock an account.
                Err(error) if error.status() != 401 => tracing::debug!(%error, "a statement cannot be killed yet"),
                opened_or_refused => return opened_or_refused,
            }
            task::sleep(pause).await;
            pause *= 2;
        }
    }
}
