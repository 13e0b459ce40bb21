//! The normal form of a value: what its text in a key must preserve.

use super::shape::{Fields, Number, Shape};

/// A value without the distinctions that keys ignore. Two values have the same text exactly if their normal forms are equal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Normal {
    Unit,
    Bool(bool),
    /// In decimal, with its sign.
    Integer(String),
    /// Its bits; all NaN have the same.
    Float(u64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Normal>),
    Seq(Vec<Normal>),
    Tuple(Vec<Normal>),
    Struct(Vec<(String, Normal)>),
    /// Sorted by key; entries with equal keys keep their order.
    Map(Vec<(Normal, Normal)>),
    UnitVariant(String),
    NewtypeVariant(String, Box<Normal>),
    TupleVariant(String, Vec<Normal>),
    StructVariant(String, Vec<(String, Normal)>),
}

impl Normal {
    pub(crate) fn float(value: f64) -> Self {
        let value = if value.is_nan() { f64::NAN } else { value };
        Self::Float(value.to_bits())
    }

    pub(crate) fn map(mut entries: Vec<(Self, Self)>) -> Self {
        entries.sort_by(|(a, _), (b, _)| a.cmp(b));
        Self::Map(entries)
    }

    pub(crate) fn of(shape: &Shape) -> Self {
        match shape {
            Shape::Unit | Shape::UnitStruct => Self::Unit,
            Shape::Bool(value) => Self::Bool(*value),
            Shape::Number(number) => Self::of_number(*number),
            Shape::Char(value) => Self::Char(*value),
            Shape::Text(value) | Shape::Displayed(value) => Self::Text(value.clone()),
            Shape::Bytes(value) => Self::Bytes(value.clone()),
            Shape::None => Self::None,
            Shape::Some(value) => Self::Some(Self::boxed(value)),
            Shape::Newtype(value) => Self::of(value),
            Shape::Seq(values) => Self::Seq(Self::all(values)),
            Shape::Tuple(values) | Shape::TupleStruct(values) => Self::Tuple(Self::all(values)),
            Shape::Map(entries) => Self::map(
                entries
                    .iter()
                    .map(|(key, value)| (Self::of(key), Self::of(value)))
                    .collect(),
            ),
            Shape::Struct(fields) => Self::Struct(Self::fields(fields)),
            Shape::UnitVariant(name) => Self::UnitVariant((*name).to_owned()),
            Shape::NewtypeVariant(name, value) => {
                Self::NewtypeVariant((*name).to_owned(), Self::boxed(value))
            }
            Shape::TupleVariant(name, values) => Self::TupleVariant((*name).to_owned(), Self::all(values)),
            Shape::StructVariant(name, fields) => {
                Self::StructVariant((*name).to_owned(), Self::fields(fields))
            }
        }
    }

    fn of_number(number: Number) -> Self {
        match number {
            Number::I8(value) => Self::Integer(value.to_string()),
            Number::I16(value) => Self::Integer(value.to_string()),
            Number::I32(value) => Self::Integer(value.to_string()),
            Number::I64(value) => Self::Integer(value.to_string()),
            Number::I128(value) => Self::Integer(value.to_string()),
            Number::U8(value) => Self::Integer(value.to_string()),
            Number::U16(value) => Self::Integer(value.to_string()),
            Number::U32(value) => Self::Integer(value.to_string()),
            Number::U64(value) => Self::Integer(value.to_string()),
            Number::U128(value) => Self::Integer(value.to_string()),
            Number::F32(value) => Self::float(f64::from(value)),
            Number::F64(value) => Self::float(value),
        }
    }

    fn boxed(value: &Shape) -> Box<Self> {
        Box::new(Self::of(value))
    }

    fn all(values: &[Shape]) -> Vec<Self> {
        values.iter().map(Self::of).collect()
    }

    pub(crate) fn fields(fields: &Fields) -> Vec<(String, Self)> {
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Self::of(value)))
            .collect()
    }
}
