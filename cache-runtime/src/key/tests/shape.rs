//! Values that make every call of serde's data model.

use proptest::{collection::vec, prelude::*, sample::select};
use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

pub(super) type Fields = Vec<(&'static str, Shape)>;

#[derive(Debug, Clone)]
pub(super) enum Shape {
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
pub(super) enum Number {
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

/// Any shape, three levels deep, made of few and awkward pieces so that near misses are common.
pub(super) fn shape() -> BoxedStrategy<Shape> {
    leaf()
        .prop_recursive(4, 24, 4, |inner| {
            let boxed = || inner.clone().prop_map(Box::new);
            let list = || vec(inner.clone(), 0..4);
            let fields = || vec((name(), inner.clone()), 0..4);
            prop_oneof![
                boxed().prop_map(Shape::Some),
                boxed().prop_map(Shape::Newtype),
                list().prop_map(Shape::Seq),
                list().prop_map(Shape::Tuple),
                list().prop_map(Shape::TupleStruct),
                vec((inner.clone(), inner.clone()), 0..4).prop_map(Shape::Map),
                fields().prop_map(Shape::Struct),
                (name(), boxed()).prop_map(|(name, value)| Shape::NewtypeVariant(name, value)),
                (name(), list()).prop_map(|(name, values)| Shape::TupleVariant(name, values)),
                (name(), fields()).prop_map(|(name, fields)| Shape::StructVariant(name, fields)),
            ]
        })
        .boxed()
}

fn leaf() -> impl Strategy<Value = Shape> {
    prop_oneof![
        select(vec![Shape::Unit, Shape::UnitStruct, Shape::None]),
        any::<bool>().prop_map(Shape::Bool),
        number().prop_map(Shape::Number),
        prop_oneof![
            any::<char>(),
            "[\"'%{}(),=\\[\\]a ]".prop_map(|c| c.parse().unwrap())
        ]
        .prop_map(Shape::Char),
        string().prop_map(Shape::Text),
        string().prop_map(Shape::Displayed),
        vec(any::<u8>(), 0..4).prop_map(Shape::Bytes),
        name().prop_map(Shape::UnitVariant),
    ]
}

/// Anything, or an attempt to look like something else.
pub(super) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"'%{}\\\\(),=\\[\\]0x_~;@#: a1\n\u{0}\u{7f}é€]{0,6}",
        name().prop_map(str::to_owned),
    ]
}

/// Names of fields, variants and arguments.
pub(super) fn name() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "", "_", "a", "b", "id", "A-b", "a_b", "_id", "true", "false", "none", "some", "nan", "inf",
            "-inf", "%", "%74rue", "%%", "25", "0x", "0x00", "1", "-1", "1.0", "1e5", "e5", "a=b", "a(b)",
            "a,b", "(", ")", "=", ",", "[", "]", "\"", "'", "a b", "ä", "öl", "€uro", "true(1)", "some(1)",
            "type", "\u{0}",
        ][..],
    )
}

fn number() -> impl Strategy<Value = Number> {
    use Number::{F32, F64, I8, I16, I32, I64, I128, U8, U16, U32, U64, U128};
    let float = prop_oneof![
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits),
        select(vec![
            0.0,
            -0.0,
            1.0,
            10.0,
            -1.0,
            1e16,
            1e-7,
            0.1,
            f64::MIN_POSITIVE
        ]),
        select(vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ];
    prop_oneof![
        any::<i8>().prop_map(I8),
        any::<i16>().prop_map(I16),
        any::<i32>().prop_map(I32),
        any::<i64>().prop_map(I64),
        any::<i128>().prop_map(I128),
        any::<u8>().prop_map(U8),
        any::<u16>().prop_map(U16),
        any::<u32>().prop_map(U32),
        any::<u64>().prop_map(U64),
        any::<u128>().prop_map(U128),
        // Small ones, so that equal values of different widths meet.
        (-2_i64..12).prop_map(I64),
        (0_u8..12).prop_map(U8),
        any::<u32>().prop_map(|bits| F32(f32::from_bits(bits))),
        float.clone().prop_map(|value| F32(value as f32)),
        float.prop_map(F64),
    ]
}
