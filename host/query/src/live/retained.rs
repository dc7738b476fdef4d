//! What a channel shows to a new subscriber: its last frames, and what is wrong with it.

use super::log::Item;
use std::collections::VecDeque;

pub(super) struct Retained {
    frames: VecDeque<Item>,
    bytes: usize,
    trouble: Option<Item>,
    max_frames: usize,
    max_bytes: usize,
}

impl Retained {
    pub(super) fn new(max_frames: usize, max_bytes: usize) -> Self {
        Self { frames: VecDeque::new(), bytes: 0, trouble: None, max_frames, max_bytes }
    }

    /// Keeps a frame in the place of the oldest.
    pub(super) fn keep(&mut self, item: &Item) {
        if self.max_frames == 0 {
            return;
        }
        self.bytes = self.bytes.saturating_add(weight(item));
        self.frames.push_back(item.clone());
        while self.frames.len() > self.max_frames || (self.bytes > self.max_bytes && self.frames.len() > 1) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.frames.pop_front() {
            self.bytes = self.bytes.saturating_sub(weight(&oldest));
        }
    }

    /// Keeps nothing any more.
    pub(super) fn forget(&mut self) {
        (self.frames, self.bytes, self.trouble) = (VecDeque::new(), 0, None);
    }

    /// Keeps a frame that says what is wrong.
    pub(super) fn keep_trouble(&mut self, item: &Item) {
        self.trouble = Some(item.clone());
    }

    pub(super) fn forget_trouble(&mut self) {
        self.trouble = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What a new subscriber reads first; without the frames where it has something else to begin with.
    pub(super) fn for_newcomer(&self, with_frames: bool) -> VecDeque<Item> {
        let frames = with_frames.then_some(&self.frames).into_iter().flatten();
        frames.chain(&self.trouble).cloned().collect()
    }
}

/// Of the values; the same as long as it is kept.
fn weight(item: &Item) -> usize {
    item.message.weight()
}
