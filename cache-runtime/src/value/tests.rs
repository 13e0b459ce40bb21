#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fmt::Debug,
    net::IpAddr,
    thread,
    time::{Duration, SystemTime},
};

use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::IgnoredAny, ser};

use super::*;

#[track_caller]
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let encoded = encode(&value).unwrap();
    assert_eq!(decode::<T>(&encoded), Some(value));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newtype(u8);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Any {
    Unit,
    Newtype(u8),
    Tuple(u8, String),
    Struct { a: Option<u8>, b: () },
    Nested(Box<Any>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Address(IpAddr),
    Text(String),
    Number { a: f64 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    Address { at: IpAddr },
    Map { map: BTreeMap<u8, u8> },
    Unit,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "content")]
enum Adjacent {
    One(u8),
    Optional(Option<u8>),
    Unit,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Flat {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    a: Option<u8>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// As bytes, not as a sequence.
#[derive(Debug, Clone, PartialEq)]
struct Raw(Vec<u8>);

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

#[test]
fn what_json_would_lose_comes_back() {
    let nan = decode::<f64>(&encode(&f64::NAN).unwrap()).unwrap();
    assert_eq!(nan.to_bits(), f64::NAN.to_bits());
    survives((f64::INFINITY, f64::NEG_INFINITY, f32::MIN_POSITIVE));
    let zero = decode::<f64>(&encode(&-0.0_f64).unwrap()).unwrap();
    assert!(zero.is_sign_negative());
    survives(Raw(vec![0, 255, 128]));
    survives(BTreeMap::from(
        [((1_u8, 'x'), "one"), ((2, 'y'), "two")].map(|(key, value)| (key, value.to_owned())),
    ));
    survives(HashMap::from([(Some(1_i64), ()), (None, ())]));
    survives((u128::MAX, i128::MIN, u64::MAX, i64::MIN));
}

#[test]
fn every_shape_of_type_comes_back() {
    survives((Unit, Newtype(1), (), 'é', String::from("\0"), true));
    survives(vec![
        Any::Unit,
        Any::Newtype(1),
        Any::Tuple(1, "x".to_owned()),
        Any::Struct { a: None, b: () },
        Any::Nested(Box::new(Any::Struct { a: Some(0), b: () })),
    ]);
    survives(vec![
        Untagged::Address("::1".parse().unwrap()),
        Untagged::Text("home".to_owned()),
        Untagged::Number { a: 1.0 },
    ]);
    survives(vec![
        Tagged::Address {
            at: "127.0.0.1".parse().unwrap(),
        },
        Tagged::Map { map: [(1, 2)].into() },
        Tagged::Unit,
    ]);
    survives(vec![Adjacent::One(1), Adjacent::Optional(None), Adjacent::Unit]);
    let json = serde_json::json!({"b": [1, -2, 2.5, null, "x", u64::MAX, {"c": true}]});
    survives(Flat {
        a: None,
        rest: serde_json::from_value(json.clone()).unwrap(),
    });
    survives(json);
    survives((Duration::new(1, 5), SystemTime::UNIX_EPOCH, HashSet::from([1, 2])));
    survives(Ok::<u8, String>(3));
}

/// What the documentation says is lost, and nothing else of the kind.
#[test]
fn some_around_nothing_reads_as_none() {
    assert_eq!(decode::<Option<()>>(&encode(&Some(())).unwrap()), Some(None));
    assert_eq!(
        decode::<Option<Option<u8>>>(&encode(&Some(None::<u8>)).unwrap()),
        Some(None)
    );
    survives(Some(Unit));
    survives(Some(Some(1)));
    survives(Some(Any::Unit));
    survives(Some(String::new()));
    survives(Some(Vec::<u8>::new()));
}

/// One type in several releases of a program.
mod releases {
    use super::{Deserialize, Serialize};

    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    pub(super) struct User {
        pub(super) name: String,
        pub(super) nick: Option<String>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct OtherType {
        name: u64,
        nick: Option<String>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Renamed {
        name: String,
        nickname: Option<String>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Fewer {
        name: String,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct More {
        name: String,
        nick: Option<String>,
        age: u8,
    }

    #[derive(Debug, Serialize, Deserialize)]
    pub(super) struct Extended {
        name: String,
        nick: Option<String>,
        age: Option<u8>,
        #[serde(default)]
        tags: Vec<String>,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Swapped {
        pub(super) nick: Option<String>,
        pub(super) name: String,
    }
}

#[test]
fn p8_value_of_a_changed_type_is_not_read() {
    let user = releases::User {
        name: "alice".to_owned(),
        nick: Some("al".to_owned()),
    };
    let encoded = encode(&user).unwrap();
    assert!(decode::<releases::OtherType>(&encoded).is_none());
    assert!(decode::<releases::Renamed>(&encoded).is_none());
    assert!(decode::<releases::Fewer>(&encoded).is_none());
    assert!(decode::<releases::More>(&encoded).is_none());
    assert!(decode::<releases::Extended>(&encoded).is_none());
    assert!(decode::<String>(&encoded).is_none());
    assert!(decode::<Vec<u8>>(&encoded).is_none());
    assert!(decode::<(String, Option<String>)>(&encoded).is_none());
    assert!(decode::<(u8, u8)>(&encode(&(1, 2, 3)).unwrap()).is_none());
    // The order of fields is no change: they have names.
    let swapped = decode::<releases::Swapped>(&encoded).unwrap();
    assert_eq!((swapped.name, swapped.nick), (user.name, user.nick));
}

#[test]
fn p8_bytes_behind_the_value_are_no_value() {
    let mut encoded = encode(&1_u8).unwrap().to_vec();
    encoded.push(1);
    assert!(decode::<u8>(&encoded).is_none());
    assert!(decode::<u8>(&[]).is_none());
    assert!(decode::<()>(&[]).is_none());
}

/// Within the stack of a thread of Tokio's.
#[test]
fn p8_value_nested_without_end_is_not_read() {
    let deep = vec![0x91; 1_000_000];
    let read = thread::Builder::new().stack_size(2 * 1024 * 1024);
    let read = read.spawn(move || decode::<serde_json::Value>(&deep).is_none());
    assert!(read.unwrap().join().unwrap());
}

/// The deserializer itself does not count variants.
#[test]
fn p8_enum_nested_without_end_is_not_read() {
    let mut deep = b"\x81\xa6Nested".repeat(100_000);
    deep.extend(b"\xa4Unit");
    let read = thread::Builder::new().stack_size(2 * 1024 * 1024);
    let read = read.spawn(move || decode::<Any>(&deep).is_none());
    assert!(read.unwrap().join().unwrap());
    let nested = |depth| (0..depth).fold(Any::Unit, |inner, _| Any::Nested(Box::new(inner)));
    survives(nested(100));
    assert!(matches!(encode(&nested(200)), Err(Unfit::Unreadable)));
}

struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("not me"))
    }
}

struct Panics;

impl Serialize for Panics {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("not me either")
    }
}

impl<'de> Deserialize<'de> for Panics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer)?;
        panic!("nor here")
    }
}

impl<'de> Deserialize<'de> for Refuses {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Self)
    }
}

/// It is written, and forgets what was written.
#[derive(Debug, Serialize, Deserialize)]
struct Forgets {
    #[serde(skip_deserializing)]
    name: String,
}

#[test]
fn refusal_and_panic_are_errors() {
    assert_eq!(encode(&Refuses).unwrap_err().to_string(), "not me");
    assert_eq!(
        encode(&Panics).unwrap_err().to_string(),
        "its serialization panicked"
    );
    assert!(decode::<Panics>(&encode(&1).unwrap()).is_none());
    let name = "alice".to_owned();
    let unreadable = encode(&Forgets { name }).unwrap_err();
    assert_eq!(
        unreadable.to_string(),
        "its serialization is not read back as the same value"
    );
    let nested = (0..200).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
    assert!(matches!(encode(&nested), Err(Unfit::Unreadable)));
}

proptest! {
    #[test]
    fn p8_arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode::<serde_json::Value>(&bytes);
        let _ = decode::<Any>(&bytes);
        let _ = decode::<Tagged>(&bytes);
        let _ = decode::<HashMap<String, Flat>>(&bytes);
    }

    #[test]
    fn whatever_was_encoded_is_decoded(
        value in any::<(Vec<Option<i64>>, BTreeMap<String, (u8, String)>, Option<char>, [u16; 3])>()
    ) {
        survives(value);
    }
}

#[test]
fn p6_an_encoded_value_has_no_spare_room() {
    for length in [0, 1, 100, 129, 70_000, (1 << 20) + 1] {
        let encoded = encode(&vec![1_u8; length]).unwrap();
        let bytes = encoded.len();
        let buffer = encoded.try_into_mut().expect("nobody else has it");
        assert_eq!(buffer.capacity(), bytes, "{length}");
    }
}
