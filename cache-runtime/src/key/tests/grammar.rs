//! One test for each production of the grammar.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{super::model::Shape, KeyError, text, try_text, write_args, written};

#[derive(Serialize)]
struct Unit;
#[derive(Serialize)]
struct Id(u64);
#[derive(Serialize)]
struct Pair(u64, &'static str);
#[derive(Serialize)]
struct NoElements();
#[derive(Serialize)]
struct NoFields {}

#[derive(Serialize, Default)]
struct Page {
    number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    #[serde(rename = "sort by")]
    sort: Option<&'static str>,
}

#[derive(Serialize)]
enum Choice {
    Plain,
    #[serde(rename = "none")]
    CalledNone,
    #[serde(rename = "some")]
    CalledSome(u8),
    #[serde(rename = "")]
    Nameless,
    One(u8),
    Inner((u8,)),
    Two(u8, u8),
    OneLeft(u8, #[serde(skip)] u8),
    Empty(),
    Fields {
        a: u8,
    },
    NoFields {},
    Nested(Id),
    Structure(Fields),
}

#[derive(Serialize)]
struct Fields {
    a: u8,
}

#[derive(Serialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(i64),
    Text(&'static str),
}

#[test]
fn p2_scalars() {
    assert_eq!(text(&()), "_");
    assert_eq!(text(&true), "true");
    assert_eq!(text(&false), "false");
    assert_eq!(text("shoes & socks"), "\"shoes%20&%20socks\"");
    assert_eq!(text(""), "\"\"");
    assert_eq!(text(&'x'), "'x'");
    assert_eq!(text(&'ß'), "'%C3%9F'");
    assert_eq!(text(&Some(5)), "some(5)");
    assert_eq!(text(&None::<u8>), "none");
    assert_eq!(text(&Some(None::<u8>)), "some(none)");
}

#[test]
fn p2_integers_of_any_width_have_one_text() {
    assert_eq!(text(&-1_i8), "-1");
    assert_eq!(text(&7_u8), text(&7_i128));
    assert_eq!(text(&i128::MIN), i128::MIN.to_string());
    assert_eq!(text(&u128::MAX), u128::MAX.to_string());
    assert_eq!(text(&i64::MIN), "-9223372036854775808");
}

#[test]
fn p2_floats_are_exact_and_never_read_like_integers() {
    assert_eq!(text(&1.0_f64), "1.0");
    assert_eq!(text(&0.5_f32), text(&0.5_f64));
    assert_ne!(text(&0.1_f32), text(&0.1_f64));
    assert_eq!(text(&-0.0_f64), "-0.0");
    assert_eq!(text(&1e16_f64), "1e16");
    assert_eq!(text(&f64::NAN), "nan");
    assert_eq!(text(&-f32::NAN), "nan");
    assert_eq!(text(&f64::INFINITY), "inf");
    assert_eq!(text(&f32::NEG_INFINITY), "-inf");
}

#[test]
fn p2_sequences_tuples_and_maps_differ() {
    assert_eq!(text(&vec![1, 2]), "[1,2]");
    assert_eq!(text(&Vec::<u8>::new()), "[]");
    assert_eq!(text(&vec![vec![1]]), "[[1]]");
    assert_eq!(text(&(1, "a")), "(1,\"a\")");
    assert_eq!(text(&(1,)), "(1)");
    assert_eq!(text(&[0_u8; 0]), "()");
    assert_eq!(text(&BTreeMap::<u8, u8>::new()), "[=]");
    assert_eq!(text(&BTreeMap::from([(1, 2)])), "[1=2]");
}

#[test]
fn p2_maps_are_sorted_by_the_text_of_their_keys() {
    assert_eq!(text(&BTreeMap::from([(2, "b"), (10, "a")])), "[10=\"a\",2=\"b\"]");
    let map: HashMap<String, Vec<u8>> = (0..50).map(|i| (format!("k{i}"), vec![i; 3])).collect();
    let mut entries: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{}={}", text(key), text(value)))
        .collect();
    entries.sort();
    assert_eq!(text(&map), format!("[{}]", entries.join(",")));
}

#[test]
fn p2_multimap_keeps_the_order_of_equal_keys() {
    let entries = |values: Vec<usize>| {
        let entry = |value: usize| {
            let key = if value.is_multiple_of(2) { "b" } else { "a" };
            (Shape::Text(key.to_owned()), Shape::Text(value.to_string()))
        };
        text(&Shape::Map(values.into_iter().map(entry).collect()))
    };
    let sorted: Vec<usize> = (1..100).step_by(2).chain((0..100).step_by(2)).collect();
    assert_eq!(entries((0..100).collect()), entries(sorted));
    assert_ne!(entries((0..100).collect()), entries((0..100).rev().collect()));
}

#[test]
fn p2_structs_name_the_fields_they_serialize() {
    assert_eq!(text(&Page::default()), "(number=0,sort%20by=none)");
    let page = Page {
        number: 2,
        size: Some(50),
        sort: Some("name"),
    };
    assert_eq!(text(&page), "(number=2,size=some(50),sort%20by=some(\"name\"))");
    assert_eq!(text(&NoFields {}), "(=)");
    assert_eq!(text(&NoElements()), "()");
    assert_eq!(text(&Unit), "_");
    assert_eq!(text(&Id(42)), "42");
    assert_eq!(text(&Pair(1, "x")), "(1,\"x\")");
}

#[test]
fn p2_variants_of_every_kind_differ() {
    assert_eq!(text(&Choice::Plain), "Plain");
    assert_eq!(text(&Choice::CalledNone), "%6Eone");
    assert_eq!(text(&Choice::CalledSome(1)), "%73ome(1)");
    assert_eq!(text(&Choice::Nameless), "%");
    assert_eq!(text(&Choice::One(1)), "One(1)");
    assert_eq!(text(&Choice::Inner((1,))), "Inner((1))");
    assert_eq!(text(&Choice::Two(1, 2)), "Two(1,2)");
    assert_eq!(text(&Choice::OneLeft(1, 2)), "OneLeft(1,)");
    assert_eq!(text(&Choice::Empty()), "Empty()");
    assert_eq!(text(&Choice::Fields { a: 1 }), "Fields(a=1)");
    assert_eq!(text(&Choice::NoFields {}), "NoFields(=)");
    assert_eq!(text(&Choice::Nested(Id(1))), "Nested(1)");
    assert_eq!(text(&Choice::Structure(Fields { a: 1 })), "Structure((a=1))");
    assert_eq!(text(&NumberOrText::Number(1)), "1");
    assert_eq!(text(&NumberOrText::Text("1")), "\"1\"");
}

struct Raw<F>(F);

impl<F: Fn(&mut String)> Serialize for Raw<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::new();
        self.0(&mut text);
        assert!(serializer.is_human_readable());
        match text.as_str() {
            "bytes" => serializer.serialize_bytes(&[0, 0xAB, 0xFF]),
            "display" => serializer.collect_str(&format_args!("{}-{}", "a b", 1)),
            "lone key" => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_key("k")?;
                map.end()
            }
            "two keys" => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_key("k")?;
                map.serialize_key("l")?;
                map.end()
            }
            "lone value" => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_value("v")?;
                map.end()
            }
            other => Err(serde::ser::Error::custom(format!("cannot do {other}"))),
        }
    }
}

fn raw(what: &'static str) -> Raw<impl Fn(&mut String)> {
    Raw(move |out: &mut String| out.push_str(what))
}

#[test]
fn p2_bytes_and_displayed_values() {
    assert_eq!(text(&raw("bytes")), "0x00ABFF");
    assert_eq!(text(&raw("display")), "\"a%20b-1\"");
}

#[test]
fn p2_value_that_fails_to_serialize_has_no_text() {
    assert_eq!(
        try_text(&raw("that")).unwrap_err(),
        KeyError::new("cannot do that")
    );
    for broken in ["lone key", "two keys", "lone value"] {
        assert!(try_text(&raw(broken)).is_err(), "{broken}");
    }
}

#[test]
fn p2_argument_lists_are_named_and_escaped() {
    let mut out = String::from("shop:api::get");
    write_args(&mut out, |args| {
        args.arg("id").serialize(&42)?;
        args.arg("größe").str("xl")?;
        args.arg("_raw").bytes(&[1])?;
        args.arg("at").display(&format_args!("{}:{}", 12, 30))
    })
    .unwrap();
    assert_eq!(
        out,
        "shop:api::get(id=42,gr%C3%B6%C3%9Fe=\"xl\",%5Fraw=0x01,at=\"12:30\")"
    );
    let mut out = String::new();
    write_args(&mut out, |_| Ok(())).unwrap();
    write_args(&mut out, |args| args.whole().serialize(&Unit)).unwrap();
    assert_eq!(out, "()(_)");
}

#[test]
fn p2_argument_that_writes_no_or_two_values_is_an_error() {
    let two = written(|key| {
        key.str("a")?;
        key.str("b")
    });
    assert_eq!(
        two.unwrap_err().to_string(),
        "an argument wrote two values into the key; write one tuple instead"
    );
    assert_eq!(
        written(|_| Ok(())).unwrap_err().to_string(),
        "an argument wrote nothing into the key"
    );
    // Between two arguments that write one value.
    let mut out = String::from("f");
    let list = write_args(&mut out, |args| {
        args.arg("a").serialize(&1)?;
        args.arg("b");
        args.arg("c").serialize(&3)
    });
    assert!(list.is_err());
    assert_eq!(out, "f", "no part of the list is kept");
}

#[test]
fn p2_ignored_error_is_an_error() {
    let swallowed = written(|key| {
        let _ = key.serialize(&raw("nothing"));
        Ok(())
    });
    assert!(swallowed.is_err());
    let replaced = written(|key| key.serialize(&raw("nothing")).or_else(|_| key.str("fallback")));
    assert!(replaced.is_err());
    let repeated = written(|key| {
        key.str("a")?;
        let _ = key.str("b");
        Ok(())
    });
    assert!(repeated.is_err());
}

#[test]
fn large_enough_buffer_is_not_reallocated() {
    let mut out = String::with_capacity(256);
    let place = out.as_ptr();
    for id in 0..100_u64 {
        out.clear();
        write_args(&mut out, |args| {
            args.arg("id").serialize(&id)?;
            args.arg("name").serialize("some name")?;
            args.arg("ratio").serialize(&0.5)
        })
        .unwrap();
    }
    assert_eq!((out.as_ptr(), out.capacity()), (place, 256));
}
