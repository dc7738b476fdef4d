//! Answers from a recording in the place of the network. What was not recorded fails, and is said; what was recorded and
//! never asked for is said too.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use wellhead_secrets::Redactor;

use super::{Recording, replay_http::KnownRequest, replay_script::KnownScript};
use crate::EgressError;

/// Most misses that are kept: the first ones say what is wrong.
const MOST_MISSES: usize = 20;

/// What comes of a request that was not recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Otherwise {
    /// It fails, with the difference to what is nearest to it.
    #[default]
    Fail,
    /// It is never answered, as by an upstream that hangs.
    Stall,
    /// Connection refused, as by an upstream that is down.
    Refuse,
}

/// Plays a recording back. Clones share what was played.
///
/// A request is told by method, URL and body, secrets blanked; of several that are equal the first comes first. A byte
/// connection is told by its endpoint and by what is written to it; of several that are alike the first comes first. Each
/// is played once, unless it [repeats](Self::repeating).
#[derive(Clone)]
pub struct Replay(Arc<Shared>);

struct Shared {
    redactor: Redactor,
    http: Vec<KnownRequest>,
    net: Vec<KnownScript>,
    otherwise: Otherwise,
    repeats: bool,
    played: Mutex<Played>,
}

#[derive(Default)]
pub(super) struct Played {
    /// How often each request and each connection was played.
    pub(super) http: Vec<usize>,
    pub(super) net: Vec<usize>,
    /// Requests and connections that were asked for.
    asked: usize,
    misses: Vec<String>,
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay").field("http", &self.0.http.len()).field("net", &self.0.net.len()).finish()
    }
}

impl Replay {
    /// Plays each exchange once; what was not recorded fails. `redactor` blanks in what is asked the secrets of the data
    /// source that asks, which may be others than those of the recording: both are blank.
    #[must_use]
    pub fn new(recording: Recording, redactor: Redactor) -> Self {
        Self::with(recording, redactor, Otherwise::Fail, false)
    }

    /// An upstream that was never recorded: every request and every connection comes to this.
    #[must_use]
    pub fn of_nothing(otherwise: Otherwise) -> Self {
        Self::with(Recording::default(), Redactor::new(), otherwise, false)
    }

    /// Plays exchanges as often as they are asked for, in turn where several are equal.
    #[must_use]
    pub fn repeating(recording: Recording, redactor: Redactor) -> Self {
        Self::with(recording, redactor, Otherwise::Fail, true)
    }

    fn with(recording: Recording, redactor: Redactor, otherwise: Otherwise, repeats: bool) -> Self {
        let http: Vec<_> = recording.http.into_iter().map(KnownRequest::from).collect();
        let net: Vec<_> = recording.net.into_iter().map(KnownScript::from).collect();
        let played = Played { http: vec![0; http.len()], net: vec![0; net.len()], ..Played::default() };
        Self(Arc::new(Shared { redactor, http, net, otherwise, repeats, played: Mutex::new(played) }))
    }

    /// What was asked for and not recorded, the first twenty, each with its difference to what is nearest to it.
    #[must_use]
    pub fn misses(&self) -> Vec<String> {
        self.played().misses.clone()
    }

    /// The names of what was recorded and not asked for.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        let played = self.played();
        let http = self.0.http.iter().map(|known| &known.name).zip(&played.http);
        let net = self.0.net.iter().map(|known| &known.name).zip(&played.net);
        http.chain(net).filter(|(_, times)| **times == 0).map(|(name, _)| name.clone()).collect()
    }

    /// How many requests and connections were asked for.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.played().asked
    }

    pub(super) fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    pub(super) fn http(&self) -> &[KnownRequest] {
        &self.0.http
    }

    pub(super) fn net(&self) -> &[KnownScript] {
        &self.0.net
    }

    /// Whether something that was played so often may be played once more.
    pub(super) fn may_play(&self, times: usize) -> bool {
        self.0.repeats || times == 0
    }

    pub(super) fn otherwise(&self) -> Otherwise {
        self.0.otherwise
    }

    pub(super) fn asks(&self) {
        let mut played = self.played();
        played.asked = played.asked.saturating_add(1);
    }

    /// The error for what was not recorded, which is kept.
    pub(super) fn miss(&self, reason: String) -> EgressError {
        let mut played = self.played();
        if played.misses.len() < MOST_MISSES {
            played.misses.push(reason.clone());
        }
        EgressError::NotRecorded { reason }
    }

    pub(super) fn played(&self) -> MutexGuard<'_, Played> {
        self.0.played.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
