//! Values that the application stores: their keys, and their encoding in the body of an entry.

use std::{
    any::type_name,
    fmt, io,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use bytes::Bytes;
use rmp::{Marker, decode::read_marker};
use serde::{Serialize, de::DeserializeOwned};

use crate::{entry::Entry, key::cache_key::CacheKey, policy::Policy, slot::Fingerprint};

/// The limit of nesting, as that of serde_json: other programs that write to the store must not overflow a stack.
const MAX_DEPTH: usize = 128;

/// The key of a value of type `T` that the application stores in a [`Cache`](crate::Cache).
///
/// It consists of a name and arguments, like the key of a handler: `shop:$rate(("EUR","USD"))`. Keys of handlers are
/// never equal to it. A value that was stored under this key as another type, or by a release in which `T` had other
/// fields, is not found, and the next fill replaces it.
///
/// ```
/// # async fn example(cache: handler_cache::Cache) {
/// use handler_cache::ValueKey;
///
/// let key = ValueKey::<f64>::new("rate", &("EUR", "USD"));
/// let rate: Option<f64> = cache.get(&key).await;
/// # }
/// ```
pub struct ValueKey<T> {
    pub(crate) key: CacheKey,
    value: PhantomData<fn(T) -> T>,
}

impl<T: Serialize + DeserializeOwned> ValueKey<T> {
    /// The key of the value with this name and these arguments: anything that serializes; `&()` for none, a tuple for
    /// several.
    ///
    /// Arguments that `Serialize` distinguishes have different keys. If the serialization fails, there is no key:
    /// nothing is found or stored, and `set` and `evict` return the reason.
    pub fn new<A: Serialize + ?Sized>(name: &str, arguments: &A) -> Self {
        let owner = Fingerprint::of_bytes(type_name::<T>().as_bytes());
        Self {
            key: CacheKey::of_value(name, owner, is::<T>, |args| args.whole().serialize(arguments)),
            value: PhantomData,
        }
    }
}

impl<T> ValueKey<T> {
    /// The key with these tags instead of its own: [`Cache::evict_tag`](crate::Cache::evict_tag) with any of them
    /// evicts the value.
    ///
    /// Use the same tags in the same order wherever you build the key: with other tags the value may not be found.
    ///
    /// ```
    /// use handler_cache::ValueKey;
    ///
    /// fn rate(from: &str, to: &str) -> ValueKey<f64> {
    ///     ValueKey::new("rate", &(from, to)).tags(["rates"])
    /// }
    /// ```
    #[must_use]
    pub fn tags(self, tags: impl IntoIterator<Item: Into<String>>) -> Self {
        let tags = tags.into_iter().map(Into::into).collect();
        Self {
            key: self.key.with_tags(Some(tags)),
            ..self
        }
    }
}

impl<T> Clone for ValueKey<T> {
    fn clone(&self) -> Self {
        Self {
            key: self.key.clone(),
            value: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ValueKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ValueKey").field(&self.key).finish()
    }
}

impl<T> fmt::Display for ValueKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)
    }
}

impl<T> From<ValueKey<T>> for CacheKey {
    fn from(key: ValueKey<T>) -> Self {
        key.key
    }
}

impl<T> From<&ValueKey<T>> for CacheKey {
    fn from(key: &ValueKey<T>) -> Self {
        key.key.clone()
    }
}

/// How a value is stored: with a TTL, given as a `Duration`, or with a [`Policy`].
///
/// Of a policy, the TTL, the stale windows, `stale_if_slow` and `max_body` apply. The other options are about
/// responses.
///
/// ```
/// use std::time::Duration;
/// use handler_cache::{Policy, policy::ValuePolicy};
///
/// let minute = ValuePolicy::from(Duration::from_secs(60));
/// let resilient = ValuePolicy::from(Policy::new().expire(Duration::from_secs(60)).stale_if_error(Duration::from_secs(3600)));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ValuePolicy(pub(crate) Policy);

impl From<Policy> for ValuePolicy {
    fn from(policy: Policy) -> Self {
        Self(Policy {
            expiration: policy.expiration,
            stale_while_revalidate: policy.stale_while_revalidate,
            stale_if_error: policy.stale_if_error,
            stale_if_slow: policy.stale_if_slow,
            max_body: policy.max_body,
            ..Policy::new()
        })
    }
}

impl From<Duration> for ValuePolicy {
    /// A TTL below a millisecond stores nothing.
    fn from(ttl: Duration) -> Self {
        Self(Policy::with_ttl(ttl))
    }
}

/// Encodes a value as MessagePack with the names of fields. Unlike JSON it represents NaN, bytes, and maps with any
/// keys.
///
/// # Errors
/// If the serialization fails or panics, or the result is not read back as the same.
pub(crate) fn encode<T: Serialize + DeserializeOwned>(value: &T) -> Result<Bytes, Unfit> {
    let mut encoded = Vec::new();
    match catch_unwind(AssertUnwindSafe(|| write(value, &mut encoded))) {
        Ok(written) => written.map_err(Unfit::Refused)?,
        Err(_) => return Err(Unfit::Panicked),
    }
    decode::<T>(&encoded).ok_or(Unfit::Unreadable)?;
    // The spare capacity of the buffer would stay allocated, and no limit counts it.
    Ok(encoded.into_boxed_slice().into())
}

/// Whether the entry contains a value of this type.
fn is<T: Serialize + DeserializeOwned>(entry: &Entry) -> bool {
    decode::<T>(&entry.body).is_some()
}

/// The value, if `encoded` is exactly one value of this type.
///
/// serde tolerates some fields that were added, removed or renamed. So the value is encoded again: the same type writes
/// the same bytes, except that maps and sets may change their order. A field that serde leaves out is not noticed.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(encoded: &[u8]) -> Option<T> {
    if !is_shallow(encoded) {
        return None;
    }
    let mut rest = encoded;
    let mut deserializer = rmp_serde::Deserializer::new(&mut rest).with_human_readable();
    let mut again = Tally::default();
    // Code of the application, which may panic.
    let read = catch_unwind(AssertUnwindSafe(|| {
        let value = T::deserialize(&mut deserializer).ok()?;
        write(&value, &mut again).ok()?;
        Some(value)
    }));
    let value = read.ok()??;
    (rest.is_empty() && again == Tally::of(encoded)).then_some(value)
}

/// Whether nothing is nested deeper than [`MAX_DEPTH`], as far as the bytes are MessagePack.
///
/// Checked before decoding, and without recursion, because the deserializer's own limit does not count enum variants.
fn is_shallow(encoded: &[u8]) -> bool {
    let mut rest = encoded;
    // For each open array or map, how many values follow.
    let mut open = vec![1_u64];
    while let Some(left) = open.last_mut() {
        let Some(now) = left.checked_sub(1) else {
            open.pop();
            continue;
        };
        *left = now;
        let Some((bytes, values)) = read_marker(&mut rest)
            .ok()
            .and_then(|marker| behind(marker, &mut rest))
        else {
            return true;
        };
        let Some(next) = usize::try_from(bytes).ok().and_then(|bytes| rest.get(bytes..)) else {
            return true;
        };
        rest = next;
        if values > 0 {
            open.push(values);
            if open.len() > MAX_DEPTH {
                return false;
            }
        }
    }
    true
}

/// The number of bytes, and then of values, that follow a marker with its length.
fn behind(marker: Marker, rest: &mut &[u8]) -> Option<(u64, u64)> {
    let mut length = |bytes: usize| {
        let (length, left) = rest.split_at_checked(bytes)?;
        *rest = left;
        Some(
            length
                .iter()
                .fold(0_u64, |length, byte| length << 8 | u64::from(*byte)),
        )
    };
    Some(match marker {
        Marker::U8 | Marker::I8 => (1, 0),
        Marker::U16 | Marker::I16 | Marker::FixExt1 => (2, 0),
        Marker::FixExt2 => (3, 0),
        Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
        Marker::FixExt4 => (5, 0),
        Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
        Marker::FixExt8 => (9, 0),
        Marker::FixExt16 => (17, 0),
        Marker::FixStr(bytes) => (bytes.into(), 0),
        Marker::Str8 | Marker::Bin8 => (length(1)?, 0),
        Marker::Str16 | Marker::Bin16 => (length(2)?, 0),
        Marker::Str32 | Marker::Bin32 => (length(4)?, 0),
        Marker::Ext8 => (length(1)? + 1, 0),
        Marker::Ext16 => (length(2)? + 1, 0),
        Marker::Ext32 => (length(4)? + 1, 0),
        Marker::FixArray(values) => (0, values.into()),
        Marker::Array16 => (0, length(2)?),
        Marker::Array32 => (0, length(4)?),
        Marker::FixMap(pairs) => (0, 2 * u64::from(pairs)),
        Marker::Map16 => (0, 2 * length(2)?),
        Marker::Map32 => (0, 2 * length(4)?),
        _ => (0, 0),
    })
}

/// Encodes in the human-readable form, because serde's buffer for untagged and flattened types always reads that form.
fn write<T: Serialize>(value: &T, out: impl io::Write) -> Result<(), rmp_serde::encode::Error> {
    let mut serializer = rmp_serde::Serializer::new(out)
        .with_struct_map()
        .with_human_readable();
    value.serialize(&mut serializer)
}

/// The number and the sum of bytes, which do not depend on their order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    count: u64,
    sum: u64,
}

impl Tally {
    fn of(bytes: &[u8]) -> Self {
        let mut tally = Self::default();
        tally.add(bytes);
        tally
    }

    fn add(&mut self, bytes: &[u8]) {
        self.count += bytes.len() as u64;
        self.sum += bytes.iter().copied().map(u64::from).sum::<u64>();
    }
}

impl io::Write for Tally {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.add(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a value cannot be stored.
#[derive(Debug)]
pub(crate) enum Unfit {
    Refused(rmp_serde::encode::Error),
    Panicked,
    Unreadable,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::Panicked => f.write_str("its serialization panicked"),
            Self::Unreadable => f.write_str("its serialization is not read back as the same value"),
        }
    }
}

impl std::error::Error for Unfit {}

#[cfg(test)]
mod tests;
