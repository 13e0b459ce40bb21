//! Which content a slot has.

use std::fmt;

/// Identifies the content of a slot, for compare-and-set: the first bytes of the entry's wire format, or the token of its
/// fill in stores without a wire format. Empty for an empty slot.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    /// Zeros from `len` on.
    bytes: [u8; Self::LONGEST],
    len: u8,
}

impl Head {
    /// The length of the longest head, in bytes.
    pub const LONGEST: usize = 21;

    /// The head of a slot whose content begins with these bytes.
    pub fn of(content: &[u8]) -> Self {
        let mut head = Self::default();
        for (byte, content) in head.bytes.iter_mut().zip(content) {
            *byte = *content;
            head.len += 1;
        }
        head
    }

    /// The head as bytes; none for an empty slot.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head(\"{}\")", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p8_head_of_a_short_content_is_the_whole_content() {
        let long = [7; 64];
        for length in 0..=64 {
            let head = Head::of(&long[..length]);
            assert_eq!(head.as_bytes(), &long[..length.min(Head::LONGEST)]);
        }
        assert_ne!(Head::of(b""), Head::of(b"\0"));
        assert_ne!(Head::of(b"a"), Head::of(b"a\0"));
    }
}
