//! Texts in a buffer, each behind its length in 4 bytes, big endian.

/// Of a text's length, in bytes.
#[cfg(any(feature = "redis", feature = "test-util", test))]
pub(super) const LENGTH: usize = 4;

/// Beyond 4 GiB it is a lie, which makes the entry a miss.
pub(super) fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

pub(super) fn write(text: &[u8], buffer: &mut Vec<u8>) {
    buffer.extend_from_slice(&length(text.len()).to_be_bytes());
    buffer.extend_from_slice(text);
}

pub(super) fn read<'b>(buffer: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(u32::from_be_bytes(take(buffer)?)).ok()?;
    let (text, rest) = buffer.split_at_checked(length)?;
    *buffer = rest;
    Some(text)
}

/// The next bytes, of a length that is known.
pub(super) fn take<const N: usize>(buffer: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = buffer.split_first_chunk::<N>()?;
    *buffer = rest;
    Some(*taken)
}
