//! Keys of the terminal, one by one and without Return. Everything else stays as it is: output needs no care, and Ctrl-C is
//! a signal as ever.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Read};
use tokio::sync::{mpsc, oneshot};

/// The keyboard, for as long as this is there.
pub(super) struct Keys {
    rerun: mpsc::Receiver<()>,
    /// How the terminal was, if there is one.
    before: Option<Termios>,
}

/// The key `q`, which is waited for whatever else goes on.
pub(super) struct Quit(oneshot::Receiver<()>);

impl Keys {
    /// Takes the keyboard, if a person sits at both ends.
    pub(super) fn take() -> (Self, Quit) {
        // One that waits to be taken says all there is to say.
        let (rerun_pressed, rerun) = mpsc::channel(1);
        let (quit_pressed, quit) = oneshot::channel();
        let person = io::stdin().is_terminal() && io::stdout().is_terminal();
        let before = person.then(|| tcgetattr(io::stdin()).ok()).flatten();
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            if tcsetattr(io::stdin(), OptionalActions::Now, &modes).is_ok() {
                // Ends with the process: nothing ends a read.
                std::thread::spawn(move || read(&rerun_pressed, quit_pressed));
            }
        }
        (Self { rerun, before }, Quit(quit))
    }

    /// Whether keys can come.
    pub(super) fn any(&self) -> bool {
        self.before.is_some()
    }

    /// Waits for `r`: the queries are to be asked again. Never comes where there is no keyboard.
    pub(super) async fn rerun(&mut self) {
        if self.rerun.recv().await.is_none() {
            std::future::pending().await
        }
    }
}

impl Quit {
    /// Waits for it; never comes where there is no keyboard.
    pub(super) async fn pressed(self) {
        if self.0.await.is_err() {
            std::future::pending().await
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            // There is nobody left to tell.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

fn read(rerun: &mpsc::Sender<()>, quit: oneshot::Sender<()>) {
    for byte in io::stdin().lock().bytes() {
        match byte {
            Ok(b'r' | b'R') => {
                let _ = rerun.try_send(());
            }
            Ok(b'q' | b'Q') => {
                // Where it is not waited for any more, everything is ending.
                let _ = quit.send(());
                return;
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
