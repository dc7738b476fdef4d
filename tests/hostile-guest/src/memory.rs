//! Linear memory: asked for until it is refused, politely and not, kept and not.

use crate::deed::{Deed, Outcome};
use std::cell::RefCell;
use std::hint::black_box;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn query(deed: &Deed) -> Option<Outcome> {
    match deed.name() {
        // Infallible: the allocator's failure is an abort.
        "allocate" => {
            let hoard: Vec<Vec<u8>> = (0..1_024).map(|_| vec![1_u8; 1 << 20]).collect();
            Some(Outcome::Told(format!("got {} MiB", black_box(hoard).len())))
        }
        "allocate-at-once" => Some(Outcome::Told(format!("got {} bytes", black_box(vec![1_u8; 2_000_000_000]).len()))),
        // Fallible: it goes on, and may use what it got.
        "try-reserve" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                let mut block: Vec<u8> = Vec::new();
                if hoard.try_reserve(1).is_err() || block.try_reserve_exact(1 << 20).is_err() {
                    break;
                }
                block.resize(1 << 20, 1);
                hoard.push(black_box(block));
            }
            Some(Outcome::Told(format!("refused after {} MiB", hoard.len())))
        }
        "grow" => {
            let mut pages = 0_usize;
            while core::arch::wasm32::memory_grow(0, 16) != usize::MAX {
                pages += 16;
            }
            Some(Outcome::Told(format!("refused after {} MiB", pages / 16)))
        }
        "grow-huge" => {
            let refused = (0..100_000).all(|_| core::arch::wasm32::memory_grow(0, 65_536) == usize::MAX);
            Some(Outcome::Told(format!("refused each time: {refused}")))
        }
        // 8 MiB a call, never given back.
        "hoard" => {
            KEPT.with_borrow_mut(|kept| kept.push(vec![1_u8; 8 << 20]));
            Some(Outcome::Told(format!("keeps {} MiB", KEPT.with_borrow(|kept| kept.len() * 8))))
        }
        _ => None,
    }
}
