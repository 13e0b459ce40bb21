//! Texts in a buffer, each after its length: 4 bytes, big endian.

/// The size of a length, in bytes.
pub(super) const LENGTH: usize = 4;

/// A number of bytes as a length. It is wrong beyond 4 GiB, which makes the entry a miss.
pub(super) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

pub(super) fn write(text: &[u8], buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&length(text.len()).to_be_bytes());
    buffer.extend_from_slice(text);
}

/// Takes the next text off the front of the buffer.
pub(super) fn read<'b>(buffer: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(u32::from_be_bytes(take(buffer)?)).ok()?;
    let (text, rest) = buffer.split_at_checked(length)?;
    *buffer = rest;
    Some(text)
}

/// Takes the next `N` bytes off the front of the buffer.
pub(super) fn take<const N: usize>(buffer: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = buffer.split_first_chunk::<N>()?;
    *buffer = rest;
    Some(*taken)
}
