//! The canonical text of a value that implements `Serialize`.
//!
//! ```text
//! value  = "_" (unit) | true | false | int | float | 'esc' (char) | "esc" | 0x hex (bytes)
//!        | none | some(value) | [v,…] seq | (v,…) tuple | (name=v,…) struct, empty (=)
//!        | [v=v,…] map, empty [=] | name of a unit variant
//!        | name(v) newtype variant | name(v,…) tuple variant, of one field (v,) | name(name=v,…) struct variant
//! float  = {:?} of f64 (f32 widened first) | nan | inf | -inf
//! name   = [A-Za-z][A-Za-z0-9_-]*, other bytes %XX; first byte also when the whole is a keyword; empty = %
//! esc    = 0x21..0x7E without " ' % { } \, others %XX
//! ```
//!
//! The text can be parsed from left to right, as the tests do. So two values have the same text only where that is intended:
//! the widths of integers and floats, the payloads of NaN, the names of types and the indices of variants, a newtype struct
//! and its value, unit structs and unit, tuple structs and tuples, and the order of a map's keys make no difference.

mod compound;

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer, ser};

use crate::key::{
    KeyError,
    compound::{Fields, List, Map},
    escape::{Quoted, push_bytes, push_name, push_quoted},
};

/// Appends the text of one value.
pub(super) struct Canonical<'a> {
    pub(super) out: &'a mut String,
}

/// Serializes integers as decimal digits.
macro_rules! integers {
    ($($method:ident($int:ty)),* $(,)?) => {$(
        fn $method(self, v: $int) -> Result<(), KeyError> {
            self.out.push_str(itoa::Buffer::new().format(v));
            Ok(())
        }
    )*};
}

impl<'a> Serializer for Canonical<'a> {
    type Ok = ();
    type Error = KeyError;
    type SerializeSeq = List<'a>;
    type SerializeTuple = List<'a>;
    type SerializeTupleStruct = List<'a>;
    type SerializeTupleVariant = List<'a>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    integers! {
        serialize_i8(i8), serialize_i16(i16), serialize_i32(i32), serialize_i64(i64), serialize_i128(i128),
        serialize_u8(u8), serialize_u16(u16), serialize_u32(u32), serialize_u64(u64), serialize_u128(u128),
    }

    fn serialize_bool(self, v: bool) -> Result<(), KeyError> {
        self.out.push_str(if v { "true" } else { "false" });
        Ok(())
    }

    fn serialize_f32(self, v: f32) -> Result<(), KeyError> {
        self.serialize_f64(f64::from(v))
    }

    fn serialize_f64(self, v: f64) -> Result<(), KeyError> {
        if v.is_nan() {
            self.out.push_str("nan");
            return Ok(());
        }
        // `{:?}` always writes a point or an exponent, so no float has the text of an integer.
        write!(self.out, "{v:?}").map_err(ser::Error::custom)
    }

    fn serialize_char(self, v: char) -> Result<(), KeyError> {
        self.out.push('\'');
        push_quoted(self.out, v.encode_utf8(&mut [0; 4]));
        self.out.push('\'');
        Ok(())
    }

    fn serialize_str(self, v: &str) -> Result<(), KeyError> {
        self.out.push('"');
        push_quoted(self.out, v);
        self.out.push('"');
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        self.out.push('"');
        write!(Quoted(self.out), "{value}").map_err(ser::Error::custom)?;
        self.out.push('"');
        Ok(())
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), KeyError> {
        push_bytes(self.out, v);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), KeyError> {
        self.out.push_str("none");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), KeyError> {
        self.out.push_str("some(");
        value.serialize(Canonical { out: self.out })?;
        self.out.push(')');
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), KeyError> {
        self.out.push('_');
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), KeyError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), KeyError> {
        push_name(self.out, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), KeyError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), KeyError> {
        push_name(self.out, variant);
        self.out.push('(');
        value.serialize(Canonical { out: self.out })?;
        self.out.push(')');
        Ok(())
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<List<'a>, KeyError> {
        Ok(List::seq(self.out))
    }

    fn serialize_tuple(self, _len: usize) -> Result<List<'a>, KeyError> {
        Ok(List::tuple(self.out))
    }

    fn serialize_tuple_struct(self, _name: &'static str, _len: usize) -> Result<List<'a>, KeyError> {
        Ok(List::tuple(self.out))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<List<'a>, KeyError> {
        push_name(self.out, variant);
        Ok(List::variant(self.out))
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Map<'a>, KeyError> {
        Ok(Map::open(self.out))
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Fields<'a>, KeyError> {
        Ok(Fields::open(self.out))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Fields<'a>, KeyError> {
        push_name(self.out, variant);
        Ok(Fields::open(self.out))
    }
}
