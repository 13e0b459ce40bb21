//! Keys of bounded length.

/// The length of a capped key, in bytes; every other key is shorter.
///
/// Memcached takes 250 bytes, which leaves room for the suffix of a lease.
pub(crate) const MAX_KEY: usize = 240;

/// `~` and a BLAKE3 in hex.
const TAIL: usize = 1 + 64;

/// Whether the key stays as it is.
pub(crate) fn is_short(key: &str) -> bool {
    key.len() < MAX_KEY
}

/// Replaces a key of [`MAX_KEY`] bytes or more by a readable head and the hash of the whole, [`MAX_KEY`] bytes together.
///
/// The length tells capped keys from all others, so no argument can be made to imitate one. Keys are ASCII.
pub(crate) fn cap(key: &mut String) {
    if is_short(key) {
        return;
    }
    debug_assert!(key.is_ascii(), "prefix, handler and arguments are escaped");
    let hash = blake3::hash(key.as_bytes());
    key.truncate(MAX_KEY - TAIL);
    key.push('~');
    key.push_str(&hash.to_hex());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capped(mut key: String) -> String {
        cap(&mut key);
        key
    }

    #[test]
    fn shorter_keys_stay_as_they_are() {
        let longest = "x".repeat(MAX_KEY - 1);
        assert_eq!(capped(longest.clone()), longest);
        assert_eq!(capped(String::new()), "");
    }

    #[test]
    fn p2_longer_keys_keep_a_head_and_differ_by_their_end() {
        let long = format!("shop:api::search(text=\"{}\")", "x".repeat(1000));
        let key = capped(long.clone());
        assert_eq!(key.len(), MAX_KEY);
        assert_eq!(key[..MAX_KEY - TAIL], long[..MAX_KEY - TAIL]);
        assert_eq!(
            key[MAX_KEY - TAIL..],
            format!("~{}", blake3::hash(long.as_bytes()))
        );
        assert_ne!(key, capped(format!("{long}x")));
    }

    #[test]
    fn p2_a_capped_key_given_as_a_key_becomes_another() {
        let key = capped("x".repeat(MAX_KEY));
        assert_eq!(key.len(), MAX_KEY);
        assert_ne!(capped(key.clone()), key);
    }
}
