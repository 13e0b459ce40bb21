//! Values of serde's data model, drawn from bytes.

use super::source::Source;
use crate::key::model::{Fields, NAMES, Number, Shape};

/// The letters of the kinds of values. Any other byte is mapped to one of them. Kinds without inner values come first.
const KINDS: &[u8] = b"_UtficsdbnvSNqTPMRwWV";
const LEAVES: usize = 11;

/// How deep values are nested.
const DEPTH: u32 = 8;

/// The arguments of a call.
pub(super) fn fields(source: &mut Source<'_>) -> Fields {
    nested_fields(source, DEPTH)
}

fn nested_fields(source: &mut Source<'_>, depth: u32) -> Fields {
    source.list(|source| (name(source), shape(source, depth)))
}

fn shape(source: &mut Source<'_>, depth: u32) -> Shape {
    let kinds = if depth == 0 { &KINDS[..LEAVES] } else { KINDS };
    let letter = source.byte();
    let kind = match kinds.contains(&letter) {
        true => letter,
        false => kinds[usize::from(letter) % kinds.len()],
    };
    let inner = |source: &mut Source<'_>| shape(source, depth.saturating_sub(1));
    let boxed = |source: &mut Source<'_>| Box::new(inner(source));
    let fields = |source: &mut Source<'_>| nested_fields(source, depth.saturating_sub(1));
    match kind {
        b'U' => Shape::UnitStruct,
        b't' => Shape::Bool(true),
        b'f' => Shape::Bool(false),
        b'i' => Shape::Number(number(source)),
        b'c' => Shape::Char(source.text().chars().next().unwrap_or('\'')),
        b's' => Shape::Text(source.text()),
        b'd' => Shape::Displayed(source.text()),
        b'b' => Shape::Bytes(source.bytes().to_vec()),
        b'n' => Shape::None,
        b'v' => Shape::UnitVariant(name(source)),
        b'S' => Shape::Some(boxed(source)),
        b'N' => Shape::Newtype(boxed(source)),
        b'q' => Shape::Seq(source.list(inner)),
        b'T' => Shape::Tuple(source.list(inner)),
        b'P' => Shape::TupleStruct(source.list(inner)),
        b'M' => Shape::Map(source.list(|source| (inner(source), inner(source)))),
        b'R' => Shape::Struct(fields(source)),
        b'w' => Shape::NewtypeVariant(name(source), boxed(source)),
        b'W' => Shape::TupleVariant(name(source), source.list(inner)),
        b'V' => Shape::StructVariant(name(source), fields(source)),
        _ => Shape::Unit,
    }
}

fn name(source: &mut Source<'_>) -> &'static str {
    NAMES[usize::from(source.byte()) % NAMES.len()]
}

/// A byte for the type, then a length and the bytes of the number, little endian.
fn number(source: &mut Source<'_>) -> Number {
    let kind = source.byte();
    let bits = u128::from_le_bytes(Source::new(source.bytes()).array());
    match kind % 12 {
        0 => Number::I8(bits as i8),
        1 => Number::I16(bits as i16),
        2 => Number::I32(bits as i32),
        3 => Number::I64(bits as i64),
        4 => Number::I128(bits as i128),
        5 => Number::U8(bits as u8),
        6 => Number::U16(bits as u16),
        7 => Number::U32(bits as u32),
        8 => Number::U64(bits as u64),
        9 => Number::U128(bits),
        10 => Number::F32(f32::from_bits(bits as u32)),
        _ => Number::F64(f64::from_bits(bits as u64)),
    }
}
