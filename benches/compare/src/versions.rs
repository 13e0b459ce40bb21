//! The versions of the crates, from the lock file that this program was built with.

const LOCK: &str = include_str!("../Cargo.lock");

/// `moka 0.12.16`; the name alone for what was not built.
pub fn with_version(name: &str) -> String {
    version(LOCK, name).map_or_else(|| name.to_owned(), |version| format!("{name} {version}"))
}

/// The highest version where there are several: the lock file lists them ascending, and peers of ours bring older ones.
fn version<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let head = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.rsplit_once(&head)?;
    rest.split_once('"').map(|(version, _)| version)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::VARIANTS;

    #[test]
    fn version_is_that_of_the_lock_file() {
        let lock = "[[package]]\nname = \"cached\"\nversion = \"1.1.0\"\n\n[[package]]\nname = \"cached\"\nversion = \"4.1.0\"\n";
        assert_eq!(version(lock, "cached"), Some("4.1.0"));
        assert_eq!(version(lock, "cache"), None);
    }

    #[test]
    fn every_crate_of_every_variant_was_built() {
        for name in VARIANTS.iter().flat_map(|variant| variant.crates) {
            assert!(version(LOCK, name).is_some(), "{name}");
        }
    }
}
