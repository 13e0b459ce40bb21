//! The names of a request's entry: its key, and the tags that can retire it.

use std::{
    borrow::Cow,
    cell::RefCell,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use http::{HeaderMap, HeaderValue, Method};

use crate::{
    http::{credentials::is_credential, path::normalize, request_head::RequestHead},
    key::{
        self, KeyArgs, KeyError, KeyWriter,
        cache_key::{CacheKey, Keyed},
        handler::Handler,
    },
    policy::Policy,
    store::{Fingerprint, Slot},
};

/// The longest buffer that a thread keeps between requests, in bytes.
const KEPT: usize = 16 * 1024;

/// What all names of a cache begin with.
#[derive(Debug)]
pub(crate) struct Names {
    /// `shop`, and `shop@7` where the cache has a version: only keys bear it, so that an eviction reaches every version.
    prefix: String,
    entry_prefix: String,
    versioned: bool,
    root: Arc<str>,
    tag_epoch: Arc<str>,
    /// For each handler that was asked for, by its number: the tags that all its entries bear.
    common: RwLock<Vec<Option<Tags>>>,
}

type Tags = Arc<[Arc<str>]>;

/// One argument list of one handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) handler: &'a str,
    /// With the parentheses.
    pub(crate) text: &'a str,
}

impl Names {
    pub(crate) fn new(prefix: &str, version: Option<&str>) -> Self {
        Self {
            prefix: prefix.to_owned(),
            entry_prefix: match version {
                Some(version) => format!("{prefix}@{}", escape_version(version)),
                None => prefix.to_owned(),
            },
            versioned: version.is_some(),
            root: format!("{prefix}:#root").into(),
            tag_epoch: format!("{prefix}:#any").into(),
            common: RwLock::default(),
        }
    }

    /// Builds the key of a request in a buffer that the thread keeps, and passes it to `with`.
    ///
    /// # Errors
    /// When an argument has no text form.
    pub(crate) fn with_key<T>(
        &self,
        handler: &'static str,
        policy: &Policy,
        request: &RequestHead,
        write: impl FnOnce(&mut KeyArgs<'_>) -> Result<(), KeyError>,
        with: impl FnOnce(&str, Arguments<'_>) -> T,
    ) -> Result<T, KeyError> {
        thread_local!(static BUFFER: RefCell<String> = RefCell::default());
        // Taken, not borrowed: writing an argument runs the user's code, which may come back here, or panic.
        let mut key = BUFFER.take();
        key.clear();
        self.push_handler(&mut key, handler, policy.version);
        let begin = key.len();
        key::write_args(&mut key, write)?;
        let end = key.len();
        push_variant(&mut key, policy, request)?;
        let value = if key::is_short(&key) {
            let arguments = Arguments {
                handler,
                text: &key[begin..end],
            };
            with(&key, arguments)
        } else {
            let text = key[begin..end].to_owned();
            key::cap(&mut key);
            with(&key, Arguments { handler, text: &text })
        };
        // Arguments may be whole request bodies; a thread does not keep room for one for ever.
        if key.capacity() <= KEPT {
            BUFFER.set(key);
        }
        Ok(value)
    }

    /// The slot of a request, once it needs one.
    pub(crate) fn slot(
        &self,
        key: &str,
        handler: Handler,
        arguments: Arguments<'_>,
        has_variants: bool,
        owner: Fingerprint,
    ) -> Slot {
        let mut tags = self.common_tags(handler);
        if self.versioned || has_variants {
            let arguments = self.arguments_tag(arguments);
            tags = tags.iter().cloned().chain([arguments]).collect();
        }
        Slot {
            key: key.into(),
            tags,
            tag_epoch: self.tag_epoch(),
            owner,
        }
    }

    /// The key of a variant of what has this key.
    pub(crate) fn variant_key(&self, key: &str, variant: Fingerprint) -> String {
        let mut key = format!("{key};variant={}", variant.hex());
        key::cap(&mut key);
        key
    }

    /// The slot of a key that the application has; of its variants that of `request`.
    pub(crate) fn slot_of(&self, key: &CacheKey, request: &RequestHead) -> Result<Slot, KeyError> {
        let Keyed {
            handler,
            owner,
            variant,
            policy,
            arguments,
            tags,
            ..
        } = key.keyed.as_ref().map_err(Clone::clone)?;
        let arguments = Arguments {
            handler: &key.name,
            text: arguments,
        };
        let mut text = String::new();
        self.push_handler(&mut text, arguments.handler, policy.version);
        text.push_str(arguments.text);
        push_variant(&mut text, policy, request)?;
        if let Some(variant) = variant {
            text.push(';');
            text.push_str(variant);
        }
        key::cap(&mut text);
        let has_variants = variant.is_some() || policy.has_variants();
        let slot = self.slot(&text, *handler, arguments, has_variants, *owner);
        Ok(self.tagged(slot, tags.iter().flatten()))
    }

    /// The slot with more tags, of the user's.
    pub(crate) fn tagged<'a>(&self, mut slot: Slot, tags: impl IntoIterator<Item = &'a String>) -> Slot {
        let own = tags.into_iter().map(|tag| self.user_tag(tag));
        slot.tags = slot.tags.iter().cloned().chain(own).collect();
        slot
    }

    /// What to take away so that no entry of `key` is left: its plain entry, and the tag of all its variants.
    ///
    /// Both, whatever this release has: another that runs beside it may have `vary`, a version or neither.
    pub(crate) fn eviction(&self, key: &CacheKey) -> Result<Eviction, KeyError> {
        let keyed = key.keyed.as_ref().map_err(Clone::clone)?;
        let arguments = Arguments {
            handler: &key.name,
            text: &keyed.arguments,
        };
        let mut plain = format!("{}:{}{}", self.prefix, arguments.handler, arguments.text);
        key::cap(&mut plain);
        Ok(Eviction::Key {
            handler: keyed.handler,
            plain: plain.into(),
            variants: self.arguments_tag(arguments),
        })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Every entry bears it.
    pub(crate) fn root_tag(&self) -> Arc<str> {
        Arc::clone(&self.root)
    }

    /// A tag of the user's.
    pub(crate) fn user_tag(&self, tag: &str) -> Arc<str> {
        self.tag('t', &key::escape_tag(tag), "")
    }

    /// Every entry of this path and a safe method bears it, however the path is spelled, whatever its host, query and variant.
    pub(crate) fn path_tag(&self, path: &str) -> Arc<str> {
        self.tag('p', &key::escape_tag(&normalize(path)), "")
    }

    /// Every entry of this path and an unsafe method bears it.
    pub(crate) fn unsafe_path_tag(&self, path: &str) -> Arc<str> {
        self.tag('u', &key::escape_tag(&normalize(path)), "")
    }

    /// What to take away so that no entry of a path is left, whatever its method.
    pub(crate) fn evictions_of_path(&self, path: &str) -> [Eviction; 2] {
        [self.path_tag(path), self.unsafe_path_tag(path)].map(Eviction::Path)
    }

    /// Every entry at or below this path bears it.
    pub(crate) fn below_tag(&self, path: &str) -> Arc<str> {
        match &*normalize(path) {
            // All entries with paths have their handler in common.
            "/" => self.handler_tag(Handler::ROUTES),
            path => self.tag('b', &key::escape_tag(path), ""),
        }
    }

    /// Retired with every tag of the user's.
    pub(crate) fn tag_epoch(&self) -> Arc<str> {
        Arc::clone(&self.tag_epoch)
    }

    /// What to take away so that no entry of a handler is left.
    pub(crate) fn eviction_of_all(&self, handler: Handler) -> Eviction {
        Eviction::Handler {
            handler,
            tag: self.handler_tag(handler.name),
        }
    }

    /// Made once for each handler, for every request that memory cannot answer needs them.
    fn common_tags(&self, handler: Handler) -> Tags {
        let known = self.common.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(tags)) = known.get(handler.number) {
            return Arc::clone(tags);
        }
        drop(known);
        let tags = Tags::from([self.root_tag(), self.handler_tag(handler.name)]);
        let mut known = self.common.write().unwrap_or_else(PoisonError::into_inner);
        let room = known.len().max(handler.number + 1);
        known.resize(room, None);
        known[handler.number] = Some(Arc::clone(&tags));
        tags
    }

    /// Every entry of a handler bears it.
    fn handler_tag(&self, handler: &str) -> Arc<str> {
        self.tag('h', handler, "")
    }

    /// Every variant of an argument list bears it.
    fn arguments_tag(&self, arguments: Arguments<'_>) -> Arc<str> {
        self.tag('a', arguments.handler, arguments.text)
    }

    /// `#` cannot begin an entry's key, and the letter tells the kinds apart.
    fn tag(&self, kind: char, handler: &str, arguments: &str) -> Arc<str> {
        let mut name = format!("{}:#{kind}:{handler}{arguments}", self.prefix);
        key::cap(&mut name);
        name.into()
    }

    fn push_handler(&self, key: &mut String, handler: &str, version: Option<&str>) {
        key.push_str(&self.entry_prefix);
        key.push(':');
        key.push_str(handler);
        if let Some(version) = version {
            key.push('@');
            key.push_str(&escape_version(version));
        }
    }
}

/// What an eviction takes away.
#[derive(Debug, Clone)]
pub(crate) enum Eviction {
    /// The entries of one argument list of a handler.
    Key {
        handler: Handler,
        plain: Arc<str>,
        variants: Arc<str>,
    },
    /// Every entry of a handler.
    Handler { handler: Handler, tag: Arc<str> },
    /// Those that bear a tag of the user's, which handlers may name only in their answers.
    UserTag(Arc<str>),
    /// Those of a path, or below one.
    Path(Arc<str>),
    /// Every entry.
    Root(Arc<str>),
}

impl Eviction {
    /// Whose entries alone it takes away.
    pub(crate) fn handler(&self) -> Option<Handler> {
        match *self {
            Self::Key { handler, .. } | Self::Handler { handler, .. } => Some(handler),
            Self::UserTag(_) | Self::Path(_) | Self::Root(_) => None,
        }
    }
}

impl fmt::Display for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { plain: name, .. }
            | Self::Handler { tag: name, .. }
            | Self::UserTag(name)
            | Self::Path(name)
            | Self::Root(name) => f.write_str(name),
        }
    }
}

/// Without the colon that ends it in a key.
fn escape_version(version: &str) -> String {
    key::escape_tag(version).replace(':', "%3A")
}

/// Appends what else tells the entries of one argument list apart: the method, if it is another than GET, and the
/// headers of `vary`.
fn push_variant(key: &mut String, policy: &Policy, request: &RequestHead) -> Result<(), KeyError> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        key.push(';');
        key.push_str(request.method.as_str());
    }
    if policy.http.is_some() {
        // Other rules decide what is stored, and for whom.
        key.push_str(";http");
    }
    for name in policy.vary {
        key.push(';');
        key.push_str(name);
        key.push('=');
        push_field(key, &request.fields().headers, name)?;
    }
    Ok(())
}

/// The field's value: several lines are one list (RFC 9110 section 5.3).
fn push_field(key: &mut String, headers: &HeaderMap, name: &str) -> Result<(), KeyError> {
    let mut lines = headers.get_all(name).iter().map(HeaderValue::as_bytes);
    let Some(first) = lines.next() else {
        key.push_str("none");
        return Ok(());
    };
    let value = lines.fold(Cow::Borrowed(first), |list, line| {
        Cow::Owned([&*list, b", ", line].concat())
    });
    let mut writer = KeyWriter::new(key);
    if is_credential(name) {
        // Keys are logged, and listed by whoever looks into the store: credentials are told apart, not shown.
        return writer.bytes(&Fingerprint::of_bytes(&value).0);
    }
    match str::from_utf8(&value) {
        Ok(text) => writer.str(text),
        Err(_) => writer.bytes(&value),
    }
}
