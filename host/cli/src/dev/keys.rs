//! Keys of the terminal, one by one and without Return. Everything else stays as it is: output needs no care, and Ctrl-C is
//! a signal as ever.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, IsTerminal, Read};
use tokio::sync::mpsc;

/// What a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `r`: ask the queries again.
    Rerun,
    /// `q`: end.
    Quit,
}

/// The keyboard, for as long as this is there.
pub(super) struct Keys {
    keys: mpsc::Receiver<Key>,
    /// How the terminal was, if there is one.
    before: Option<Termios>,
}

impl Keys {
    /// Takes the keyboard, if a person sits at both ends.
    pub(super) fn take() -> Self {
        let (tell, keys) = mpsc::channel(16);
        let person = io::stdin().is_terminal() && io::stdout().is_terminal();
        let before = person.then(|| tcgetattr(io::stdin()).ok()).flatten();
        if let Some(before) = &before {
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
            if tcsetattr(io::stdin(), OptionalActions::Now, &modes).is_ok() {
                // Ends with the process: nothing ends a read.
                std::thread::spawn(move || read(&tell));
            }
        }
        Self { keys, before }
    }

    /// Whether keys can come.
    pub(super) fn any(&self) -> bool {
        self.before.is_some()
    }

    /// The next key; never comes where there is no keyboard.
    pub(super) async fn next(&mut self) -> Key {
        match self.keys.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
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

fn read(tell: &mpsc::Sender<Key>) {
    for byte in io::stdin().lock().bytes() {
        let key = match byte {
            Ok(b'r' | b'R') => Key::Rerun,
            Ok(b'q' | b'Q') => Key::Quit,
            Ok(_) => continue,
            Err(_) => return,
        };
        if tell.blocking_send(key).is_err() {
            return;
        }
    }
}
