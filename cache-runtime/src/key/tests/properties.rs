//! The grammar as a whole, with arbitrary values. `PROPTEST_CASES` sets their number.

use std::collections::HashMap;

use proptest::{collection::vec, prelude::*};

use super::{
    super::{
        cap::{MAX_KEY, cap},
        escape::{escape_handler, escape_tag},
        model::{Fields, Normal, Number, Shape, read, read_args, unescape},
    },
    strategies::{name, shape, string},
    text, write_args,
};

fn cases(committed: u32) -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(committed),
    }
}

fn list(args: &Fields) -> String {
    let mut out = String::new();
    write_args(&mut out, |list| {
        args.iter()
            .try_for_each(|(name, value)| list.arg(name).serialize(value))
    })
    .unwrap();
    out
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn p2_every_text_can_be_parsed(value in shape()) {
        let text = text(&value);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{}", text);
        let never = ['{', '}', '\\'];
        prop_assert!(!text.contains(never), "{}", text);
        prop_assert_eq!(read(&text), Normal::of(&value), "{}", text);
    }

    #[test]
    fn p2_every_argument_list_can_be_parsed(args in vec((name(), shape()), 0..5)) {
        let text = list(&args);
        prop_assert_eq!(read_args(&text), Normal::fields(&args), "{}", text);
    }

    #[test]
    fn p2_texts_are_equal_exactly_when_normal_forms_are(a in shape(), b in shape(), seed: u64) {
        // Random values are seldom similar, so the first is also compared with a changed copy of itself.
        for b in [b, changed(&a, &mut { seed })] {
            let (one, other) = (text(&a), text(&b));
            prop_assert_eq!(one == other, Normal::of(&a) == Normal::of(&b), "{} {}", one, other);
        }
    }

    #[test]
    fn p2_maps_in_any_order_have_one_text(
        entries in vec((shape(), shape()), 0..12),
        order in vec(any::<u32>(), 12),
    ) {
        let mut distinct: Vec<(Shape, Shape)> = Vec::new();
        for (key, value) in entries {
            if distinct.iter().all(|(seen, _)| Normal::of(seen) != Normal::of(&key)) {
                distinct.push((key, value));
            }
        }
        let mut shuffled: Vec<_> = distinct.iter().cloned().zip(order).collect();
        shuffled.sort_by_key(|(_, order)| *order);
        let shuffled = shuffled.into_iter().map(|(entry, _)| entry).collect();
        prop_assert_eq!(text(&Shape::Map(distinct)), text(&Shape::Map(shuffled)));
    }

    #[test]
    fn p2_handlers_and_tags_can_be_unescaped(raw in string()) {
        let escaped = escape_handler(&raw);
        prop_assert_eq!(unescape(&escaped), raw.clone());
        prop_assert_eq!(&*escape_tag(&raw), &escaped);
        prop_assert!(escaped.bytes().all(|byte| byte.is_ascii_graphic()));
        let meaning = ['(', ')', '@', ';', '#', '{', '}', '~'];
        prop_assert!(!escaped.contains(meaning), "{}", escaped);
    }

    #[test]
    fn p2_capped_keys_have_one_length_and_differ(
        head in "[a-z(),=\"]{150,300}",
        tails in ("[a-z]{0,40}", "[a-z]{0,40}"),
    ) {
        let keys = [format!("{head}{}", tails.0), format!("{head}{}", tails.1)];
        let capped = keys.clone().map(|mut key| { cap(&mut key); key });
        for (key, capped) in keys.iter().zip(&capped) {
            prop_assert_eq!(capped.len(), key.len().min(MAX_KEY));
            prop_assert_eq!(key == capped, key.len() < MAX_KEY);
        }
        prop_assert_eq!(keys[0] == keys[1], capped[0] == capped[1]);
    }
}

/// `value` with one change, which mostly its text must show.
fn changed(value: &Shape, seed: &mut u64) -> Shape {
    let mut draw = |below: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(*seed >> 33).unwrap() % below
    };
    let one = || vec![value.clone()];
    match draw(16) {
        0 => return Shape::Some(Box::new(value.clone())),
        1 => return Shape::Seq(one()),
        2 => return Shape::Tuple(one()),
        3 => return Shape::Newtype(Box::new(value.clone())),
        4 => return Shape::NewtypeVariant("some", Box::new(value.clone())),
        5 => return Shape::TupleVariant("some", one()),
        6 => return Shape::Text(text(value)),
        _ => {}
    }
    let name = ["true", "none", "a", ""][draw(4)];
    match value.clone() {
        Shape::Seq(values) => Shape::Tuple(values),
        Shape::Tuple(values) => [Shape::TupleStruct, Shape::Seq][draw(2)](values),
        Shape::TupleStruct(values) => Shape::TupleVariant(name, values),
        Shape::TupleVariant(name, mut values) => match values.pop() {
            Some(value) if values.is_empty() => Shape::NewtypeVariant(name, Box::new(value)),
            Some(_) => Shape::TupleVariant(name, values),
            None => Shape::StructVariant(name, Vec::new()),
        },
        Shape::Struct(fields) => Shape::StructVariant(name, fields),
        Shape::StructVariant(name, fields) => Shape::NewtypeVariant(name, Box::new(Shape::Struct(fields))),
        Shape::NewtypeVariant(name, value) => Shape::StructVariant(name, vec![("a", *value)]),
        Shape::UnitVariant(name) => match draw(3) {
            0 => Shape::Text(name.to_owned()),
            1 => Shape::TupleVariant(name, Vec::new()),
            _ => Shape::Bool(name == "true"),
        },
        Shape::Map(mut entries) => {
            entries.reverse();
            Shape::Map(entries)
        }
        Shape::Some(value) | Shape::Newtype(value) => *value,
        Shape::Text(value) => match value.chars().next() {
            Some(first) if draw(2) == 0 => Shape::Char(first),
            _ => Shape::Bytes(value.into_bytes()),
        },
        Shape::Displayed(value) => Shape::Text(value),
        Shape::Bytes(value) => Shape::Seq(
            value
                .into_iter()
                .map(|byte| Shape::Number(Number::U8(byte)))
                .collect(),
        ),
        Shape::Char(value) => Shape::Text(value.to_string()),
        Shape::Number(Number::F64(value)) => Shape::Number(Number::F64(-value)),
        Shape::Number(Number::F32(value)) => Shape::Number(Number::F64(f64::from(value))),
        Shape::Number(Number::U8(value)) => Shape::Number(Number::I128(i128::from(value))),
        Shape::Number(Number::I64(value)) => Shape::Number(Number::F64(value as f64)),
        Shape::Number(number) => Shape::Text(text(&number)),
        Shape::Unit => Shape::UnitStruct,
        Shape::UnitStruct => Shape::Tuple(Vec::new()),
        Shape::None => Shape::UnitVariant("none"),
        Shape::Bool(value) => Shape::UnitVariant(if value { "true" } else { "false" }),
    }
}

/// Covers all small values, where random ones might miss a collision.
#[test]
fn p2_no_two_small_values_have_one_text() {
    let leaves = vec![
        Shape::Unit,
        Shape::None,
        Shape::Bool(true),
        Shape::Number(Number::U8(1)),
        Shape::Number(Number::F64(1.0)),
        Shape::Text(String::new()),
        Shape::Text("1".to_owned()),
        Shape::Char('1'),
        Shape::Bytes(Vec::new()),
        Shape::UnitVariant("none"),
        Shape::UnitVariant("a"),
        Shape::UnitVariant(""),
    ];
    let mut values = leaves.clone();
    for _ in 0..2 {
        values = wrapped(&values, &leaves);
    }
    let mut seen: HashMap<String, Normal> = HashMap::new();
    for value in &values {
        let normal = Normal::of(value);
        if let Some(other) = seen.insert(text(value), normal.clone()) {
            assert_eq!(other, normal, "{}", text(value));
        }
    }
    assert!(seen.len() > 12_000, "{}", seen.len());
}

/// `values`, and all compounds of up to two members whose first member is one of `values`.
fn wrapped(values: &[Shape], leaves: &[Shape]) -> Vec<Shape> {
    let mut out = values.to_vec();
    let mut lists = vec![Vec::new()];
    for value in values {
        out.push(Shape::Some(Box::new(value.clone())));
        out.push(Shape::Newtype(Box::new(value.clone())));
        out.push(Shape::NewtypeVariant("a", Box::new(value.clone())));
        out.push(Shape::NewtypeVariant("some", Box::new(value.clone())));
        out.push(Shape::NewtypeVariant("", Box::new(value.clone())));
        lists.push(vec![value.clone()]);
        lists.extend(
            leaves
                .iter()
                .step_by(5)
                .map(|leaf| vec![value.clone(), leaf.clone()]),
        );
    }
    for list in lists {
        let fields: Fields = ["a", "none"].into_iter().zip(list.iter().cloned()).collect();
        let entries = list
            .first()
            .map(|key| (key.clone(), list.last().unwrap_or(key).clone()));
        out.push(Shape::Seq(list.clone()));
        out.push(Shape::Tuple(list.clone()));
        out.push(Shape::TupleVariant("a", list.clone()));
        out.push(Shape::TupleVariant("some", list));
        out.push(Shape::Struct(fields.clone()));
        out.push(Shape::StructVariant("a", fields));
        out.push(Shape::Map(entries.into_iter().collect()));
    }
    out
}
