//! The allocator, which the host enters too: it asks for room (`cabi_realloc`) wherever it hands a list over.

use crate::spin;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU8, Ordering};

/// What the next allocation does.
#[derive(Clone, Copy)]
pub(crate) enum Next {
    Serve = 0,
    Spin = 1,
    /// Answers an address outside the memory.
    Lie = 2,
    Trap = 3,
}

static NEXT: AtomicU8 = AtomicU8::new(Next::Serve as u8);

/// Arms the allocator: what allocates next should be the host, on the guest's behalf.
pub(crate) fn arm(next: Next) {
    NEXT.store(next as u8, Ordering::Relaxed);
}

struct Trapdoor;

#[global_allocator]
static ALLOCATOR: Trapdoor = Trapdoor;

// SAFETY: unarmed it is the system's allocator. Armed it answers at most once, with an address that the host checks.
unsafe impl GlobalAlloc for Trapdoor {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match NEXT.swap(Next::Serve as u8, Ordering::Relaxed) {
            1 => spin::forever(),
            2 => return std::ptr::without_provenance_mut(0xffff_ff00),
            3 => core::arch::wasm32::unreachable(),
            _ => {}
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}
