//! The values that hold others, written part by part.

use serde::{Serialize, ser};

use super::{KeyError, escape::push_name, serializer::Canonical};

/// `[v,…]`, `(v,…)`, and the fields of a tuple variant.
pub(super) struct List<'a> {
    out: &'a mut String,
    len: usize,
    close: &'static str,
    /// The end when there is one element. `name(v,)` sets a variant of one field apart from a newtype variant.
    close_one: &'static str,
}

impl<'a> List<'a> {
    pub(super) fn seq(out: &'a mut String) -> Self {
        Self::open(out, '[', "]", "]")
    }

    pub(super) fn tuple(out: &'a mut String) -> Self {
        Self::open(out, '(', ")", ")")
    }

    pub(super) fn variant(out: &'a mut String) -> Self {
        Self::open(out, '(', ")", ",)")
    }

    fn open(out: &'a mut String, open: char, close: &'static str, close_one: &'static str) -> Self {
        out.push(open);
        Self {
            out,
            len: 0,
            close,
            close_one,
        }
    }

    /// The place for the next element.
    pub(super) fn next(&mut self) -> &mut String {
        if self.len > 0 {
            self.out.push(',');
        }
        self.len += 1;
        self.out
    }

    pub(super) fn close(self) {
        self.out
            .push_str(if self.len == 1 { self.close_one } else { self.close });
    }
}

/// The same for sequences and the three kinds of tuples.
macro_rules! list {
    ($($kind:ident::$method:ident),* $(,)?) => {$(
        impl ser::$kind for List<'_> {
            type Ok = ();
            type Error = KeyError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
                value.serialize(Canonical { out: self.next() })
            }

            fn end(self) -> Result<(), KeyError> {
                self.close();
                Ok(())
            }
        }
    )*};
}

list! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field,
}

/// `(name=v,…)`, without the fields that were skipped. None at all is `(=)`, for `()` is the empty tuple.
pub(super) struct Fields<'a> {
    out: &'a mut String,
    empty: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        out.push('(');
        Self { out, empty: true }
    }
}

macro_rules! fields {
    ($($kind:ident),*) => {$(
        impl ser::$kind for Fields<'_> {
            type Ok = ();
            type Error = KeyError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), KeyError> {
                if !std::mem::take(&mut self.empty) {
                    self.out.push(',');
                }
                push_name(self.out, name);
                self.out.push('=');
                value.serialize(Canonical { out: self.out })
            }

            fn end(self) -> Result<(), KeyError> {
                self.out.push_str(if self.empty { "=)" } else { ")" });
                Ok(())
            }
        }
    )*};
}

fields!(SerializeStruct, SerializeStructVariant);

/// `[v=v,…]`, sorted. None at all is `[=]`, for `[]` is the empty sequence.
pub(super) struct Map<'a> {
    out: &'a mut String,
    entries: Entries,
    /// Whether a key waits for its value.
    pending: bool,
}

impl<'a> Map<'a> {
    pub(super) fn new(out: &'a mut String) -> Self {
        out.push('[');
        Self {
            out,
            entries: Entries::default(),
            pending: false,
        }
    }

    /// Some implementations of `Serialize` are written by hand; one that loses a key must not get a text.
    fn expect_pending(&mut self, pending: bool) -> Result<(), KeyError> {
        if self.pending == pending {
            self.pending = !pending;
            return Ok(());
        }
        Err(KeyError::new(
            "a map was serialized with a key or a value missing",
        ))
    }
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = KeyError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), KeyError> {
        self.expect_pending(false)?;
        let start = self.entries.next(self.out);
        key.serialize(Canonical { out: self.out })?;
        self.entries.key(start, self.out);
        self.out.push('=');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), KeyError> {
        self.expect_pending(true)?;
        value.serialize(Canonical { out: self.out })
    }

    fn end(mut self) -> Result<(), KeyError> {
        self.expect_pending(false)?;
        self.entries.sort(self.out);
        self.out
            .push_str(if self.entries.spans.is_empty() { "=]" } else { "]" });
        Ok(())
    }
}

/// Where the comma-separated entries of a map or set stand in the text.
#[derive(Default)]
pub(super) struct Entries {
    /// Where each entry begins, and where its key ends.
    spans: Vec<(usize, usize)>,
}

impl Entries {
    /// Where the next entry begins.
    pub(super) fn next(&self, out: &mut String) -> usize {
        if !self.spans.is_empty() {
            out.push(',');
        }
        out.len()
    }

    /// The key that begins at `start` is complete.
    pub(super) fn key(&mut self, start: usize, out: &str) {
        self.spans.push((start, out.len()));
    }

    /// Puts the entries, the last of which ends the text, in the order of their keys' texts. Entries of one key, which
    /// only a multimap has, keep theirs: it can be seen from outside.
    pub(super) fn sort(&mut self, out: &mut String) {
        let Some(&(first, _)) = self.spans.first() else {
            return;
        };
        let key = |&(start, end): &(usize, usize)| &out[start..end];
        if self.spans.is_sorted_by_key(key) {
            return;
        }
        let mut order: Vec<usize> = (0..self.spans.len()).collect();
        order.sort_by_key(|&index| key(&self.spans[index]));
        let mut sorted = String::with_capacity(out.len() - first);
        for index in order {
            // The next entry begins behind a comma.
            let end = self.spans.get(index + 1).map_or(out.len(), |(next, _)| next - 1);
            if !sorted.is_empty() {
                sorted.push(',');
            }
            sorted.push_str(&out[self.spans[index].0..end]);
        }
        out.truncate(first);
        out.push_str(&sorted);
    }
}
