//! Namespaces of entries, so that two layers with one cache never share an entry.

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

/// A longer text, in bytes, is written into keys as its hash.
const MAX_LENGTH: usize = 48;

/// The part of the keys that all entries of a layer have in common.
///
/// It is the same in every process of one build, so that replicas share entries: it derives from the source code, never from an
/// address or a random number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Namespace {
    /// An argument of the key: `layer="pages"` if the application named the layer, otherwise `at="src/main.rs:20:9"`, the source
    /// location, with the ordinal among the layers that were created there.
    argument: String,
}

impl Namespace {
    /// The namespace of a layer that the caller creates.
    #[track_caller]
    pub(super) fn here() -> Self {
        let location = source_location(Location::caller());
        let mut layers = LAYERS.lock().unwrap_or_else(PoisonError::into_inner);
        let ordinal = layers.entry(location.clone()).or_insert(0_usize);
        *ordinal += 1;
        let text = match *ordinal {
            1 => location,
            ordinal => format!("{location}#{ordinal}"),
        };
        Self::new("at", text)
    }

    /// The namespace with this name.
    pub(super) fn named(name: &str) -> Self {
        Self::new("layer", name.to_owned())
    }

    /// Writes the argument once, for the keys of all requests.
    fn new(name: &'static str, text: String) -> Self {
        let text = match text.len() > MAX_LENGTH {
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

/// The number of layers that were created at each source location. It grows with the program, not with its requests.
static LAYERS: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// The location, `src/main.rs:20:9`, the same on every machine that builds the source.
fn source_location(location: &Location<'_>) -> String {
    format!(
        "{}:{}:{}",
        portable_path(location.file()),
        location.line(),
        location.column()
    )
}

/// The path of a source file without the parts that depend on the machine.
///
/// The compiler has relative paths for files of the workspace, and absolute ones for files of other crates. Of those, the part from
/// the crate's folder on is kept.
fn portable_path(file: &str) -> String {
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
    fn layers_of_one_source_location_differ() {
        let layers: Vec<_> = (0..3).map(|_| Namespace::here()).collect();
        assert_ne!(layers[0], layers[1]);
        assert_ne!(layers[1], layers[2]);
        assert_eq!(
            layers[2].argument,
            format!("{}#3\"", layers[0].argument.trim_end_matches('"'))
        );
        assert_ne!(Namespace::here(), Namespace::here());
    }

    #[test]
    fn a_name_is_not_mistaken_for_a_source_location() {
        assert_eq!(
            Namespace::named("src/main.rs:1:1").argument,
            r#"layer="src/main.rs:1:1""#
        );
        assert!(Namespace::here().argument.starts_with("at=\""));
        assert_eq!(Namespace::named("a"), Namespace::named("a"));
    }

    #[test]
    fn long_names_are_hashed() {
        let [one, other] = ["a", "b"].map(|end| Namespace::named(&format!("{}{end}", "x".repeat(100))));
        assert_ne!(one, other);
        assert_eq!(one.argument.len(), r#"layer="""#.len() + 32);
    }

    #[cfg(unix)]
    #[test]
    fn source_locations_do_not_depend_on_the_machine() {
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
            assert_eq!(portable_path(file), portable_file);
        }
    }
}
