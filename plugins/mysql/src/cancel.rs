//! What runs at the server is killed there when nobody waits for it any more.

use crate::server::Login;
use crate::session::Session;
use std::time::Duration;
use wellhead_sdk::{task, tracing};

/// How long killing may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that runs at the server. Dropped before [`over`](Self::over), it is killed, by a connection of its own, as
/// the protocol has nothing else; and the session's connection must go too, because the rest of its answer is still to
/// come.
pub(crate) struct Running(Option<(Login, u32)>);

impl Running {
    pub(crate) fn on(session: &Session) -> Self {
        Self(Some((session.login(), session.thread())))
    }

    /// The server has said its last word on it.
    pub(crate) fn over(&mut self) {
        self.0 = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((login, thread)) = self.0.take() else { return };
        // That it comes too late, or not at all, fails nothing: the server ends the statement by its time-out.
        task::spawn(async move {
            let killed = task::timeout(PATIENCE, async {
                let mut session = Session::open(login).await?;
                session.kill(thread).await?;
                session.quit().await;
                Ok::<(), wellhead_sdk::Error>(())
            });
            match killed.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a statement could not be killed"),
                Err(_) => tracing::debug!("a statement could not be killed in time"),
            }
        });
    }
}
