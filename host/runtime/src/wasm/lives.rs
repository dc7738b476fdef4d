//! Which generations of a plugin there are and which one new instances are made of.
//!
//! Bookkeeping only: nothing here waits, compiles or ends an instance.

use super::generation::Generation;
use crate::events::Events;
use crate::load::Candidate;
use crate::{
    GenerationId, GenerationStatus, Manifest, OperatorState, PluginChange, PluginError, PluginRejection, PluginState,
    PluginStore,
};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::SystemTime;

/// Shared by a plugin and those who make its instances.
pub(super) struct Lives {
    plugin_id: String,
    events: Events,
    /// Where the plugin's record is.
    store: Arc<PluginStore>,
    book: RwLock<Book>,
}

struct Book {
    /// What the plugin is called and asks for, also when it has no code.
    manifest: Arc<Manifest>,
    current: Option<Arc<Generation>>,
    /// Kept for rolling back, and for data sources whose settings the current one refuses.
    previous: Option<Arc<Generation>>,
    /// The one that is being compiled or tried.
    candidate: Option<Arc<Generation>>,
    last_number: u64,
    out: Option<Out>,
    pinned: Option<Arc<str>>,
    auto_reload: bool,
    waiting: Option<Arc<str>>,
    /// What an operator went back from.
    put_aside: Option<Arc<str>>,
    last_rejection: Option<PluginRejection>,
}

/// Why a plugin takes no calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Out {
    /// An operator said so.
    Disabled,
    /// Its file is gone, or it was taken out of service.
    Decommissioned(String),
}

/// Whether new code may be loaded now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is what serves already, or what an operator went back from: nothing is to be done by itself.
    Same,
    Load,
    /// Not now: why.
    Wait(&'static str),
    /// It was refused before, as was told then: why.
    Refused(String),
}

impl Lives {
    pub(super) fn new(manifest: Arc<Manifest>, events: Events, store: Arc<PluginStore>) -> Self {
        let book = Book {
            manifest: manifest.clone(),
            current: None,
            previous: None,
            candidate: None,
            last_number: 0,
            out: None,
            pinned: None,
            auto_reload: true,
            waiting: None,
            put_aside: None,
            last_rejection: None,
        };
        Self { plugin_id: manifest.id.clone(), events, store, book: RwLock::new(book) }
    }

    pub(super) fn manifest(&self) -> Arc<Manifest> {
        self.read().manifest.clone()
    }

    /// The generation that new instances are made of.
    ///
    /// # Errors
    /// [`PluginError::Unavailable`] where the plugin takes no calls.
    pub(super) fn target(&self) -> Result<Arc<Generation>, PluginError> {
        let book = self.read();
        let reason = match (&book.out, &book.current) {
            (None, Some(current)) => return Ok(current.clone()),
            (Some(Out::Disabled), _) => "it is disabled; enable it to use it again".to_owned(),
            (Some(Out::Decommissioned(reason)), _) => reason.clone(),
            (None, None) => match &book.pinned {
                Some(pinned) => {
                    format!("it is pinned to {pinned} and its file has other code: put that back, or unpin it")
                }
                None => "it has no code".to_owned(),
            },
        };
        drop(book);
        Err(PluginError::Unavailable { plugin_id: self.plugin_id.clone(), reason })
    }

    /// What served before `generation`, if that is current and it is still there.
    pub(super) fn predecessor(&self, generation: &Arc<Generation>) -> Option<Arc<Generation>> {
        let book = self.read();
        book.current.as_ref().filter(|current| Arc::ptr_eq(current, generation))?;
        book.previous.clone()
    }

    pub(super) fn current(&self) -> Option<Arc<Generation>> {
        self.read().current.clone()
    }

    /// Whether new instances are made of `generation`.
    pub(super) fn is_current(&self, generation: &Arc<Generation>) -> bool {
        self.read().current.as_ref().is_some_and(|current| Arc::ptr_eq(current, generation))
    }

    pub(super) fn previous(&self) -> Option<Arc<Generation>> {
        self.read().previous.clone()
    }

    pub(super) fn out(&self) -> Option<Out> {
        self.read().out.clone()
    }

    /// A number and a place for new code.
    pub(super) fn discover(&self, candidate: Candidate) -> Arc<Generation> {
        let Candidate { manifest, wasm, hash, code_hash } = candidate;
        let mut book = self.write();
        book.last_number = book.last_number.saturating_add(1);
        let version = manifest.info.version.clone();
        let id = GenerationId { number: book.last_number, hash: hash.into(), version };
        let generation = Generation::new(id, manifest, wasm, code_hash);
        book.candidate = Some(generation.clone());
        book.waiting = None;
        drop(book);
        self.tell(PluginChange::Discovered { generation: generation.id.clone() });
        generation
    }

    /// Makes `generation` the one that new instances are made of; what was current is what there was before.
    pub(super) fn promote(&self, generation: &Arc<Generation>) -> Option<Arc<Generation>> {
        let mut book = self.write();
        book.candidate = None;
        book.manifest = generation.manifest.clone();
        book.put_aside = None;
        if !matches!(book.out, Some(Out::Disabled)) {
            book.out = None;
        }
        let before = book.current.replace(generation.clone());
        book.previous.clone_from(&before);
        before
    }

    /// Tells that `generation` serves, once the plugin's record says so too: whoever hears of it may look.
    pub(super) fn active(&self, generation: &Generation) {
        self.store.became(&generation.manifest, &generation.id.hash);
        self.tell(PluginChange::Active { generation: generation.id.clone() });
    }

    /// Notes what an operator went back from: its file may be looked at again at any moment, and must not undo that.
    pub(super) fn put_aside(&self, hash: Arc<str>) {
        self.write().put_aside = Some(hash);
    }

    /// Puts `generation` aside for good: the one before serves on. False where it has proven itself, or where there is
    /// nothing before it.
    pub(super) fn reject(&self, generation: &Arc<Generation>, reason: &str) -> bool {
        !generation.is_proven() && self.demote(generation, reason)
    }

    /// As [`reject`](Self::reject), whether it has proven itself or not.
    pub(super) fn demote(&self, generation: &Arc<Generation>, reason: &str) -> bool {
        let mut book = self.write();
        let is_current = book.current.as_ref().is_some_and(|current| Arc::ptr_eq(current, generation));
        let Some(previous) = book.previous.take_if(|_| is_current) else { return false };
        book.manifest = previous.manifest.clone();
        self.store.became(&previous.manifest, &previous.id.hash);
        book.current = Some(previous);
        drop(book);
        self.rejected(None, Some(generation.id.hash.clone()), format!("configure failed: {reason}"));
        true
    }

    /// Notes and tells that code was refused.
    pub(super) fn rejected(&self, file: Option<&std::path::Path>, hash: Option<Arc<str>>, reason: String) {
        let mut book = self.write();
        book.candidate = None;
        book.last_rejection =
            Some(PluginRejection { at: SystemTime::now(), hash: hash.clone(), reason: reason.clone() });
        drop(book);
        self.tell(PluginChange::Rejected { file: file.map(Into::into), hash, reason });
    }

    /// Whether code with this hash may be loaded; `by_hand` where somebody asked for it.
    pub(super) fn admits(&self, hash: &str, by_hand: bool) -> Admission {
        let book = self.read();
        if book.current.as_ref().is_some_and(|current| *current.id.hash == *hash) {
            return Admission::Same;
        }
        let refused = book.last_rejection.as_ref().filter(|rejection| rejection.hash.as_deref() == Some(hash));
        match () {
            () if book.pinned.as_deref().is_some_and(|pinned| pinned != hash) => Admission::Wait("it is pinned"),
            () if matches!(book.out, Some(Out::Disabled)) => Admission::Wait("it is disabled"),
            () if by_hand => Admission::Load,
            () if book.put_aside.as_deref() == Some(hash) => Admission::Same,
            () if !book.auto_reload => Admission::Wait("reloading by itself is off"),
            // Only somebody's word tries it again.
            () => refused.map_or(Admission::Load, |rejection| Admission::Refused(rejection.reason.clone())),
        }
    }

    pub(super) fn waits(&self, hash: Arc<str>) {
        let news = self.write().waiting.replace(hash.clone()).is_none_or(|before| before != hash);
        if news {
            self.tell(PluginChange::Waiting { hash });
        }
    }

    /// Stays at `hash`, or follows the file again; true where that is news.
    pub(super) fn pin(&self, hash: Option<Arc<str>>) -> bool {
        let before = std::mem::replace(&mut self.write().pinned, hash.clone());
        if before == hash {
            return false;
        }
        self.tell(match hash {
            Some(hash) => PluginChange::Pinned { hash },
            None => PluginChange::Unpinned,
        });
        true
    }

    /// Takes over what operators said before this process; nobody is told again.
    pub(super) fn restore(&self, said: OperatorState) {
        let OperatorState { pinned, disabled, auto_reload } = said;
        let mut book = self.write();
        book.pinned = pinned.map(Into::into);
        book.out = disabled.then_some(Out::Disabled);
        book.auto_reload = auto_reload;
    }

    pub(super) fn auto_reload(&self, on: bool) {
        self.write().auto_reload = on;
    }

    /// Takes no calls any more; true where it did before.
    pub(super) fn disable(&self) -> bool {
        let before = self.write().out.replace(Out::Disabled);
        let news = before != Some(Out::Disabled);
        if news {
            self.tell(PluginChange::Disabled);
        }
        news
    }

    pub(super) fn enable(&self) -> bool {
        let enabled = self.write().out.take_if(|out| *out == Out::Disabled).is_some();
        if enabled {
            self.tell(PluginChange::Enabled);
        }
        enabled
    }

    /// Lets go of all code. What served, for its last instances to be waited for; `None` where there was none.
    pub(super) fn decommission(&self, reason: &str) -> Option<Arc<Generation>> {
        let mut book = self.write();
        book.out = Some(Out::Decommissioned(reason.to_owned()));
        book.previous = None;
        book.put_aside = None;
        let current = book.current.take();
        drop(book);
        if current.is_some() {
            self.tell(PluginChange::Decommissioned { reason: reason.to_owned() });
        }
        current
    }

    pub(super) fn tell(&self, change: PluginChange) {
        self.events.tell(&self.plugin_id, change);
    }

    /// Where the plugin is in its life, but for what its data sources make of it.
    pub(super) fn state(&self) -> PluginState {
        let book = self.read();
        match (&book.out, &book.current) {
            (Some(Out::Disabled), _) => PluginState::Disabled,
            (Some(Out::Decommissioned(_)), _) | (None, None) => PluginState::Retired,
            (None, Some(current)) => current.state(),
        }
    }

    pub(super) fn describe(&self) -> Description {
        let book = self.read();
        let status = |generation: &Arc<Generation>| generation.status();
        Description {
            current: book.current.as_ref().map(status),
            previous: book.previous.as_ref().map(|previous| {
                let drained = previous.instances() == 0;
                let state = if drained { PluginState::Retired } else { PluginState::Draining };
                GenerationStatus { state, ..status(previous) }
            }),
            candidate: book.candidate.as_ref().map(status),
            pinned: book.pinned.clone(),
            auto_reload: book.auto_reload,
            waiting: book.waiting.clone(),
            last_rejection: book.last_rejection.clone(),
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Book> {
        self.book.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Book> {
        self.book.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The book as others may see it.
pub(super) struct Description {
    pub(super) current: Option<GenerationStatus>,
    pub(super) previous: Option<GenerationStatus>,
    pub(super) candidate: Option<GenerationStatus>,
    pub(super) pinned: Option<Arc<str>>,
    pub(super) auto_reload: bool,
    pub(super) waiting: Option<Arc<str>>,
    pub(super) last_rejection: Option<PluginRejection>,
}
