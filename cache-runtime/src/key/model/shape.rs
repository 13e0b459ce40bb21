//! Values that use every part of serde's data model.

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

pub(crate) type Fields = Vec<(&'static str, Shape)>;

/// Names of fields, variants and arguments: plain ones, and ones that look like other parts of a key.
pub(crate) const NAMES: &[&str] = &[
    "", "_", "a", "b", "id", "A-b", "a_b", "_id", "true", "false", "none", "some", "nan", "inf", "-inf", "%",
    "%74rue", "%%", "25", "0x", "0x00", "1", "-1", "1.0", "1e5", "e5", "a=b", "a(b)", "a,b", "(", ")", "=",
    ",", "[", "]", "\"", "'", "a b", "ä", "öl", "€uro", "true(1)", "some(1)", "type", "\u{0}",
];

#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Unit,
    UnitStruct,
    Bool(bool),
    Number(Number),
    Char(char),
    Text(String),
    Displayed(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Shape>),
    Newtype(Box<Shape>),
    Seq(Vec<Shape>),
    Tuple(Vec<Shape>),
    TupleStruct(Vec<Shape>),
    Map(Vec<(Shape, Shape)>),
    Struct(Fields),
    UnitVariant(&'static str),
    NewtypeVariant(&'static str, Box<Shape>),
    TupleVariant(&'static str, Vec<Shape>),
    StructVariant(&'static str, Fields),
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(untagged)]
pub(crate) enum Number {
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(f32),
    F64(f64),
}

impl Serialize for Shape {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::UnitStruct => serializer.serialize_unit_struct("Unit"),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Displayed(value) => serializer.collect_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::None => serializer.serialize_none(),
            Self::Some(value) => serializer.serialize_some(value),
            Self::Newtype(value) => serializer.serialize_newtype_struct("Newtype", value),
            Self::Seq(values) => {
                let mut seq = serializer.serialize_seq(None)?;
                values.iter().try_for_each(|value| seq.serialize_element(value))?;
                seq.end()
            }
            Self::Tuple(values) => {
                let mut tuple = serializer.serialize_tuple(values.len())?;
                values
                    .iter()
                    .try_for_each(|value| tuple.serialize_element(value))?;
                tuple.end()
            }
            Self::TupleStruct(values) => {
                let mut tuple = serializer.serialize_tuple_struct("Tuple", values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                entries
                    .iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Self::Struct(fields) => {
                let mut structure = serializer.serialize_struct("Struct", fields.len())?;
                for (name, value) in fields {
                    structure.skip_field("skipped")?;
                    structure.serialize_field(name, value)?;
                }
                structure.end()
            }
            Self::UnitVariant(name) => serializer.serialize_unit_variant("Enum", 0, name),
            Self::NewtypeVariant(name, value) => serializer.serialize_newtype_variant("Enum", 1, name, value),
            Self::TupleVariant(name, values) => {
                let mut tuple = serializer.serialize_tuple_variant("Enum", 2, name, values.len())?;
                values.iter().try_for_each(|value| tuple.serialize_field(value))?;
                tuple.end()
            }
            Self::StructVariant(name, fields) => {
                let mut structure = serializer.serialize_struct_variant("Enum", 3, name, fields.len())?;
                for (name, value) in fields {
                    structure.serialize_field(name, value)?;
                }
                structure.end()
            }
        }
    }
}
