//! Gives generations to tags that have none.

use std::time::Duration;

use redis::Pipeline;

use super::{scripts, ttl::px};
use crate::slot::{Digest, Generation, Slot};

/// Adds the commands that set new generations to a pipeline, before any other.
pub(super) struct NewGenerations<'a> {
    commands: &'a mut Pipeline,
    count: usize,
}

impl<'a> NewGenerations<'a> {
    pub(super) fn new(commands: &'a mut Pipeline) -> Self {
        Self { commands, count: 0 }
    }

    /// The digest of the slot's generations. A tag without one is given a new generation.
    pub(super) fn digest(&mut self, slot: &Slot, read: &[Option<Generation>], ttl: Duration) -> Digest {
        let tags = slot.tags.iter().zip(read);
        slot.digest(tags.map(|(tag, read)| self.generation(tag, *read, ttl)))
    }

    /// The tag's generation: the one that was read, or a new one.
    pub(super) fn generation(&mut self, tag: &str, read: Option<Generation>, ttl: Duration) -> Generation {
        read.unwrap_or_else(|| {
            let new = Generation::new();
            self.count += 1;
            self.commands
                .add_command(scripts::SET_GENERATION.with(&[tag.as_bytes(), &new.0, &px(ttl)]));
            new
        })
    }

    /// The number of commands that were added. The reply to each is 1, or 0 if another process was first to give the tag a
    /// generation.
    pub(super) fn count(self) -> usize {
        self.count
    }
}
