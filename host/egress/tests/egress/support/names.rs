//! A resolver whose answers a test sets, and counts.

use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use wellhead_egress::{Resolve, Resolving};

#[derive(Clone, Default)]
pub(crate) struct Names {
    known: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    pub(crate) fn of(names: &[(&str, &str)]) -> Self {
        let known = Self::default();
        for (name, addresses) in names {
            known.set(name, addresses);
        }
        known
    }

    /// Sets the addresses (separated by blanks) of a name.
    pub(crate) fn set(&self, name: &str, addresses: &str) {
        let addresses = addresses.split_whitespace().map(|address| address.parse().unwrap()).collect();
        self.known.lock().unwrap().insert(name.to_owned(), addresses);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> Resolving {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let found = self.known.lock().unwrap().get(host).cloned();
        Box::pin(async move { found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name")) })
    }
}
