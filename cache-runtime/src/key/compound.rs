//! The texts of values that hold others: their brackets, commas and order.

use super::{KeyError, escape::push_name};

/// `[v,…]`, `(v,…)`, and the fields of a tuple variant.
pub(super) struct List<'a> {
    out: &'a mut String,
    len: usize,
    close: &'static str,
    /// The end of a list of one element: `name(v,)`, a tuple variant, is no newtype variant.
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

    /// Begins the next element, which the caller appends.
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

/// `(name=v,…)`. Skipped fields are left out. Without fields it is `(=)`, since `()` is the empty tuple.
pub(super) struct Fields<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn open(out: &'a mut String) -> Self {
        out.push('(');
        Self { out, is_empty: true }
    }

    /// Begins a field, whose value the caller appends.
    pub(super) fn field(&mut self, name: &str) -> &mut String {
        if !std::mem::take(&mut self.is_empty) {
            self.out.push(',');
        }
        push_name(self.out, name);
        self.out.push('=');
        self.out
    }

    pub(super) fn close(self) {
        self.out.push_str(if self.is_empty { "=)" } else { ")" });
    }
}

/// `[v=v,…]`, sorted by key. Without entries it is `[=]`, since `[]` is the empty sequence.
pub(super) struct Map<'a> {
    out: &'a mut String,
    entries: Entries,
    /// Whether the last key has no value yet.
    needs_value: bool,
}

impl<'a> Map<'a> {
    pub(super) fn open(out: &'a mut String) -> Self {
        out.push('[');
        Self {
            out,
            entries: Entries::default(),
            needs_value: false,
        }
    }

    /// Begins an entry, whose key `write` appends.
    pub(super) fn key(
        &mut self,
        write: impl FnOnce(&mut String) -> Result<(), KeyError>,
    ) -> Result<(), KeyError> {
        self.set_needs_value(true)?;
        let start = self.entries.begin(self.out);
        write(self.out)?;
        self.entries.end_key(start, self.out);
        self.out.push('=');
        Ok(())
    }

    /// The text to which the caller appends the value of the last key.
    pub(super) fn value(&mut self) -> Result<&mut String, KeyError> {
        self.set_needs_value(false)?;
        Ok(self.out)
    }

    pub(super) fn close(mut self) -> Result<(), KeyError> {
        if self.needs_value {
            return Err(Self::incomplete());
        }
        self.entries.sort(self.out);
        self.out
            .push_str(if self.entries.is_empty() { "=]" } else { "]" });
        Ok(())
    }

    /// # Errors
    /// Keys and values do not alternate, as in a handwritten `Serialize` that loses a key.
    fn set_needs_value(&mut self, needs_value: bool) -> Result<(), KeyError> {
        if self.needs_value == needs_value {
            return Err(Self::incomplete());
        }
        self.needs_value = needs_value;
        Ok(())
    }

    fn incomplete() -> KeyError {
        KeyError::new("a map was serialized with a key or a value missing")
    }
}

/// The positions of the comma-separated entries of a map or set in the text.
#[derive(Default)]
pub(super) struct Entries {
    /// For each entry, the start of its key and the end of its key.
    keys: Vec<(usize, usize)>,
}

impl Entries {
    /// Begins an entry and returns its position.
    pub(super) fn begin(&self, out: &mut String) -> usize {
        if !self.keys.is_empty() {
            out.push(',');
        }
        out.len()
    }

    /// The key that begins at `start` is complete.
    pub(super) fn end_key(&mut self, start: usize, out: &str) {
        self.keys.push((start, out.len()));
    }

    fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Sorts the entries by the texts of their keys; the last entry ends the text. Entries with equal keys occur in multimaps
    /// only and keep their order, which is observable.
    pub(super) fn sort(&mut self, out: &mut String) {
        let Some(&(first, _)) = self.keys.first() else {
            return;
        };
        let key = |&(start, end): &(usize, usize)| &out[start..end];
        if self.keys.is_sorted_by_key(key) {
            return;
        }
        let mut order: Vec<usize> = (0..self.keys.len()).collect();
        order.sort_by_key(|&index| key(&self.keys[index]));
        let mut sorted = String::with_capacity(out.len() - first);
        for index in order {
            // The next entry follows a comma.
            let end = self.keys.get(index + 1).map_or(out.len(), |(next, _)| next - 1);
            if !sorted.is_empty() {
                sorted.push(',');
            }
            sorted.push_str(&out[self.keys[index].0..end]);
        }
        out.truncate(first);
        out.push_str(&sorted);
    }
}
