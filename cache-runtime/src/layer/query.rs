//! The query of a URI, as it is written into keys.

use std::borrow::Cow;

use http::Uri;
use percent_encoding::percent_decode;
use serde::Serialize;

/// The query parameters that are part of the key.
#[derive(Debug, Clone, Default)]
pub(super) enum QueryNames {
    #[default]
    All,
    Only(Vec<Glob>),
    AllBut(Vec<Glob>),
}

/// A parameter's name; with a `*` at its end, all names with that prefix.
#[derive(Debug, Clone)]
pub(super) struct Glob(String);

impl From<&str> for Glob {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Glob {
    fn matches(&self, name: &[u8]) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix.as_bytes()),
            None => name == self.0.as_bytes(),
        }
    }
}

impl QueryNames {
    fn contains(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Only(globs) => globs.iter().any(|glob| glob.matches(name)),
            Self::AllBut(globs) => !globs.iter().any(|glob| glob.matches(name)),
        }
    }
}

/// The parameters of the query, sorted by name; those of one name in their order. A parameter without `=` has no value.
pub(super) fn query_pairs<'a>(uri: &'a Uri, names: &QueryNames) -> Vec<(Text<'a>, Option<Text<'a>>)> {
    let parts = uri.query().into_iter().flat_map(|query| query.split('&'));
    let parts = parts.filter(|part| !part.is_empty());
    let mut pairs: Vec<_> = parts
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (Text::decode(name), Some(Text::decode(value))),
            None => (Text::decode(part), None),
        })
        .filter(|(name, _)| names.contains(&name.0))
        .collect();
    pairs.sort_by(|(one, _), (other, _)| one.0.cmp(&other.0));
    pairs
}

/// Bytes that are serialized as text if they are UTF-8.
#[derive(Debug)]
pub(super) struct Text<'a>(pub(super) Cow<'a, [u8]>);

impl<'a> Text<'a> {
    /// Decodes the escapes of form data, `+` and `%20`.
    fn decode(escaped: &'a str) -> Self {
        if !escaped.contains(['+', '%']) {
            return Self(escaped.as_bytes().into());
        }
        let spaced = escaped.replace('+', " ");
        Self(percent_decode(spaced.as_bytes()).collect::<Vec<u8>>().into())
    }
}

impl Serialize for Text<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => serializer.serialize_bytes(&self.0),
        }
    }
}
