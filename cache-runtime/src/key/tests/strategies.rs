//! Arbitrary values.

use proptest::{collection::vec, prelude::*, sample::select};

use super::super::model::{NAMES, Number, Shape};

/// Any shape, up to three levels deep, of few and awkward pieces, so that similar values are frequent.
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

/// Any text, or one that looks like another part of a key.
pub(super) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"'%{}\\\\(),=\\[\\]0x_~;@#: a1\n\u{0}\u{7f}é€]{0,6}",
        name().prop_map(str::to_owned),
    ]
}

/// Names of fields, variants and arguments.
pub(super) fn name() -> impl Strategy<Value = &'static str> {
    select(NAMES)
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
        // Small numbers, so that equal values of different widths occur.
        (-2_i64..12).prop_map(I64),
        (0_u8..12).prop_map(U8),
        any::<u32>().prop_map(|bits| F32(f32::from_bits(bits))),
        float.clone().prop_map(|value| F32(value as f32)),
        float.prop_map(F64),
    ]
}
