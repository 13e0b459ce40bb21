//! Names the entries of one layer, so that two layers on one cache never share any.

use std::{
    collections::HashMap,
    panic::Location,
    path::{Component, Path},
    sync::{LazyLock, Mutex, PoisonError},
};

use crate::{
    key::{self, KeyArgs},
    slot::Fingerprint,
};

/// A longer text stands in keys as its hash; bytes.
const LONGEST: usize = 48;

/// What the keys of one layer's entries have in common.
///
/// The same in every process that runs the same build, so that replicas share entries: it is made of what the source says,
/// never of an address or a random number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Namespace {
    /// An argument of a key: `layer="pages"` by the user's name, otherwise `at="src/main.rs:20:9"`, the place in the source and
    /// the ordinal among the layers that were made there.
    argument: String,
}

impl Namespace {
    /// That of the layer that is made by the caller.
    #[track_caller]
    pub(super) fn here() -> Self {
        let place = place(Location::caller());
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = made.entry(place.clone()).or_insert(0_usize);
        *ordinal += 1;
        let text = match *ordinal {
            1 => place,
            ordinal => format!("{place}#{ordinal}"),
        };
        Self::new("at", text)
    }

    /// The one that the user gave a name.
    pub(super) fn named(name: &str) -> Self {
        Self::new("layer", name.to_owned())
    }

    /// Writes the argument, since every request that follows has the same.
    fn new(name: &'static str, text: String) -> Self {
        let text = match text.len() > LONGEST {
            true => Fingerprint::of_bytes(text.as_bytes()).hex(),
            false => text,
        };
        let mut argument = String::new();
        key::write_args(&mut argument, |key| key.arg(name).str(&text))
            .expect("text can be written into a key");
        Self {
            argument: argument[1..argument.len() - 1].to_owned(),
        }
    }

    pub(super) fn write_key(&self, key: &mut KeyArgs<'_>) {
        key.written(&self.argument);
    }
}

/// How many layers each place in the source has made. It grows with the program, not with its requests.
static MADE: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// `src/main.rs:20:9`, as far as that goes the same on every machine that builds the source.
fn place(location: &Location<'_>) -> String {
    format!(
        "{}:{}:{}",
        portable(location.file()),
        location.line(),
        location.column()
    )
}

/// The compiler knows files of the workspace by their relative paths, and files of other crates by where the machine keeps
/// them. Of those, the part from the crate's own folder on is kept.
fn portable(file: &str) -> String {
    let parts: Vec<_> = Path::new(file)
        .components()
        .filter_map(|part| match part {
            Component::Normal(part) => part.to_str(),
            _ => None,
        })
        .collect();
    let sources = parts.iter().rposition(|part| *part == "src");
    match sources {
        Some(sources) if Path::new(file).is_absolute() => parts[sources.saturating_sub(1)..].join("/"),
        _ => parts.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_that_a_place_makes_has_its_own() {
        let made: Vec<_> = (0..3).map(|_| Namespace::here()).collect();
        assert_ne!(made[0], made[1]);
        assert_ne!(made[1], made[2]);
        assert_eq!(
            made[2].argument,
            format!("{}#3\"", made[0].argument.trim_end_matches('"'))
        );
        assert_ne!(Namespace::here(), Namespace::here());
    }

    #[test]
    fn no_name_is_taken_for_a_place() {
        assert_eq!(
            Namespace::named("src/main.rs:1:1").argument,
            r#"layer="src/main.rs:1:1""#
        );
        assert!(Namespace::here().argument.starts_with("at=\""));
        assert_eq!(Namespace::named("a"), Namespace::named("a"));
    }

    #[test]
    fn long_names_stand_in_keys_as_hashes() {
        let [one, other] = ["a", "b"].map(|end| Namespace::named(&format!("{}{end}", "x".repeat(100))));
        assert_ne!(one, other);
        assert_eq!(one.argument.len(), r#"layer="""#.len() + 32);
    }

    #[cfg(unix)]
    #[test]
    fn file_does_not_depend_on_the_machine() {
        for (file, portable_file) in [
            ("src/main.rs", "src/main.rs"),
            ("gateway/src/main.rs", "gateway/src/main.rs"),
            (
                "/home/a/.cargo/registry/src/index-1/pages-1.0.0/src/a.rs",
                "pages-1.0.0/src/a.rs",
            ),
            ("/builds/7/pages/src/a/b.rs", "pages/src/a/b.rs"),
            ("/builds/7/pages/tests/a.rs", "builds/7/pages/tests/a.rs"),
        ] {
            assert_eq!(portable(file), portable_file);
        }
    }
}
