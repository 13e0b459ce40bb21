//! Keys: equal exactly for requests that share an entry, free of special characters, and short.

use http::{HeaderMap, HeaderName, Method};

use super::{
    shape,
    source::{Source, field_value, request},
};
use crate::{
    http::write_key_variant,
    key::{
        self,
        model::{Fields, Normal, read, read_args, unescape},
        names::Names,
    },
    policy::Policy,
};

/// The length of the longest key in bytes.
const MAX_KEY: usize = 240;

const HANDLER: &str = "shop::page";
/// One header that keys contain, and one whose hash they contain.
const VARY: [&str; 2] = ["accept-language", "cookie"];
const POLICY: Policy = Policy::new().vary(&VARY);

/// The text of arguments can be parsed; two calls have the same key exactly if they are equal; keys are short and free of
/// special characters.
///
/// The second call is made from the input with one byte changed, since unrelated calls are never similar.
pub fn keys(data: &[u8]) {
    let mut source = Source::new(data);
    let [at, change] = source.array();
    let first = source.rest();
    let mut second = first.to_vec();
    if let Some(byte) = second.get_mut(usize::from(at)) {
        *byte ^= change;
    }
    let names = Names::new("shop", None);
    let [a, b] = [first, &second].map(|bytes| Call::draw(&mut Source::new(bytes)));
    let (one, other) = (Written::of(&names, &a), Written::of(&names, &b));
    one.check(&a);
    other.check(&b);
    assert_eq!(one, Written::of(&names, &a), "a key depends on the key before it");

    let same_arguments = Normal::fields(&a.arguments) == Normal::fields(&b.arguments);
    assert_eq!(
        one.arguments == other.arguments,
        same_arguments,
        "{one:?} {other:?}"
    );
    let same_call = same_arguments && VARY.iter().all(|name| a.line(name) == b.line(name));
    assert_eq!(one.key == other.key, same_call, "{one:?} {other:?}");
    assert_eq!(one.tag == other.tag, a.tag == b.tag, "{one:?} {other:?}");
}

/// The parts of a key, and a tag.
struct Call {
    arguments: Fields,
    headers: HeaderMap,
    tag: String,
}

impl Call {
    fn draw(source: &mut Source<'_>) -> Self {
        let arguments = shape::fields(source);
        let mut headers = HeaderMap::new();
        for name in VARY {
            for line in source.list(|source| field_value(source.bytes())) {
                headers.append(HeaderName::from_static(name), line);
            }
        }
        Self {
            arguments,
            headers,
            tag: source.text(),
        }
    }

    /// The field as one line (RFC 9110 section 5.3).
    fn line(&self, name: &str) -> Option<Vec<u8>> {
        let lines: Vec<&[u8]> = self
            .headers
            .get_all(name)
            .iter()
            .map(|line| line.as_bytes())
            .collect();
        (!lines.is_empty()).then(|| lines.join(&b", "[..]))
    }

    fn normal_line(&self, name: &str) -> Normal {
        match self.line(name).map(String::from_utf8) {
            None => Normal::None,
            Some(Ok(text)) => Normal::Text(text),
            Some(Err(error)) => Normal::Bytes(error.into_bytes()),
        }
    }
}

/// The names that a call results in.
#[derive(Debug, PartialEq)]
struct Written {
    arguments: String,
    key: String,
    tag: String,
}

impl Written {
    fn of(names: &Names, call: &Call) -> Self {
        let request = request(Method::GET, call.headers.clone());
        let written = names.with_key(
            HANDLER,
            POLICY.version,
            |list| {
                let mut arguments = call.arguments.iter();
                arguments.try_for_each(|(name, value)| list.arg(name).serialize(value))
            },
            |key| write_key_variant(key, &POLICY, &request),
            |key, arguments| (key.to_owned(), arguments.text.to_owned()),
        );
        let (key, arguments) = written.expect("every value of the data model has a text");
        Self {
            arguments,
            key,
            tag: names.user_tag(&call.tag).to_string(),
        }
    }

    fn check(&self, call: &Call) {
        let text = &self.arguments;
        assert_eq!(read_args(text), Normal::fields(&call.arguments), "{text}");
        assert_safe(text);
        assert_capped(text);
        assert_safe(&self.key);
        assert!(self.key.len() <= MAX_KEY, "{}", self.key);
        if self.key.len() < MAX_KEY {
            let plain = format!("shop:{HANDLER}{text};accept-language=");
            let variant = self
                .key
                .strip_prefix(&plain)
                .and_then(|rest| rest.rsplit_once(";cookie="));
            let (language, cookie) = variant.expect("the headers follow the arguments");
            assert_eq!(read(language), call.normal_line("accept-language"));
            assert!(
                matches!(read(cookie), Normal::None | Normal::Bytes(_)),
                "{cookie}"
            );
        }
        assert_escaped(&call.tag);
        assert_safe(&self.tag);
        assert!(self.tag.len() <= MAX_KEY, "{}", self.tag);
    }
}

/// The text is printable and has no character that is special to a store or a log.
fn assert_safe(text: &str) {
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text:?}");
    assert!(!text.contains(['{', '}', '\\']), "{text}");
}

/// A short text is unchanged; a long one becomes its readable beginning and the hash of the whole.
fn assert_capped(text: &str) {
    let mut capped = text.to_owned();
    key::cap(&mut capped);
    if text.len() < MAX_KEY {
        assert_eq!(capped, text);
        return;
    }
    assert_eq!(capped.len(), MAX_KEY);
    let (head, hash) = capped.split_once('~').map_or(("", ""), |_| capped.split_at(175));
    assert!(text.starts_with(head), "{capped} {text}");
    assert_eq!(hash, format!("~{}", blake3::hash(text.as_bytes())));
}

/// The names of handlers and tags can be unescaped and contain no delimiter.
fn assert_escaped(raw: &str) {
    let escaped = key::escape_handler(raw);
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-:.,/<>&=+%".contains(&byte);
    assert!(escaped.bytes().all(allowed), "{escaped}");
    assert_eq!(unescape(&escaped), raw);
    assert_eq!(key::escape_tag(raw), escaped);
}
