//! Limits the length of keys.

/// The length of a capped key in bytes. Every other key is shorter.
///
/// Memcached takes 250 bytes, which leaves room for the suffix of a lease.
pub(crate) const MAX_KEY: usize = 240;

/// The length of `~` and a BLAKE3 hash in hexadecimal digits.
const SUFFIX: usize = 1 + 64;

/// Whether [`cap`] leaves the key unchanged.
pub(crate) fn is_short(key: &str) -> bool {
    key.len() < MAX_KEY
}

/// Replaces a key of [`MAX_KEY`] bytes or more by its readable beginning and the hash of the whole key, [`MAX_KEY`] bytes in
/// total.
///
/// Only capped keys have that length, so no argument can imitate one. Keys are ASCII.
pub(crate) fn cap(key: &mut String) {
    if is_short(key) {
        return;
    }
    debug_assert!(key.is_ascii(), "prefix, handler and arguments are escaped");
    let hash = blake3::hash(key.as_bytes());
    key.truncate(MAX_KEY - SUFFIX);
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
    fn shorter_keys_are_unchanged() {
        let longest = "x".repeat(MAX_KEY - 1);
        assert_eq!(capped(longest.clone()), longest);
        assert_eq!(capped(String::new()), "");
    }

    #[test]
    fn p2_longer_keys_keep_their_beginning_and_end_in_a_hash() {
        let long = format!("shop:api::search(text=\"{}\")", "x".repeat(1000));
        let key = capped(long.clone());
        assert_eq!(key.len(), MAX_KEY);
        assert_eq!(key[..MAX_KEY - SUFFIX], long[..MAX_KEY - SUFFIX]);
        assert_eq!(
            key[MAX_KEY - SUFFIX..],
            format!("~{}", blake3::hash(long.as_bytes()))
        );
        assert_ne!(key, capped(format!("{long}x")));
    }

    #[test]
    fn p2_capping_a_capped_key_changes_it() {
        let key = capped("x".repeat(MAX_KEY));
        assert_eq!(key.len(), MAX_KEY);
        assert_ne!(capped(key.clone()), key);
    }
}
