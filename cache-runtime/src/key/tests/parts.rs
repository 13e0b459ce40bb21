//! Which text an argument has, and that all ways to it agree.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use axum::{
    Extension, Form, Json,
    body::Bytes,
    extract::{OriginalUri, Path, Query, RawQuery, State},
};
use http::{Method, Uri};
use serde::Serialize;

use super::{
    super::{CacheKeyPart, KeyError, KeyWriter, Part, ViaServerSide, ViaText},
    part, text, write_args,
};

/// The text as generated code writes it.
macro_rules! argument {
    ($value:expr) => {{
        let value = $value;
        let mut out = String::new();
        write_args(&mut out, |args| {
            let form = (&&&&&Part(&(), &value)).form();
            CacheKeyPart::write_key(&*form, args.arg_for("x", &form))
        })
        .map(|()| out[1..out.len() - 1].trim_start_matches("x=").to_owned())
    }};
}

#[derive(Serialize, Clone)]
struct User {
    tenant: u32,
    name: &'static str,
}

/// Abbreviates the value, so no key may use it.
impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// Does not implement `Serialize`.
struct Locale(&'static str);

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl CacheKeyPart for Locale {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.display(self)
    }
}

/// Implements both; `CacheKeyPart` takes precedence.
#[derive(Serialize, Clone)]
struct Tenant {
    id: u32,
    secret: &'static str,
}

impl CacheKeyPart for Tenant {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.serialize(&self.id)
    }
}

struct Rejection;

const BOB: User = User {
    tenant: 1,
    name: "bob",
};

#[test]
fn p2_types_without_their_own_text_have_that_of_serialize() {
    assert_eq!(argument!(BOB).unwrap(), "(tenant=1,name=\"bob\")");
    assert_eq!(argument!(Some(BOB)).unwrap(), "some((tenant=1,name=\"bob\"))");
    assert_eq!(argument!(vec![BOB]).unwrap(), "[(tenant=1,name=\"bob\")]");
    assert_eq!(argument!(&BOB).unwrap(), "(tenant=1,name=\"bob\")");
    assert_eq!(argument!(Duration::from_secs(1)).unwrap(), "(secs=1,nanos=0)");
    assert_eq!(argument!("some text").unwrap(), "\"some%20text\"");
}

#[test]
fn p2_values_in_an_arc_have_their_own_text() {
    let other = User { tenant: 2, ..BOB };
    let texts = [Arc::new(BOB), Arc::new(other)].map(|user| argument!(user).unwrap());
    assert_eq!(texts, ["(tenant=1,name=\"bob\")", "(tenant=2,name=\"bob\")"]);
    assert_eq!(
        argument!(Some(Arc::new(BOB))).unwrap(),
        "some((tenant=1,name=\"bob\"))"
    );
}

#[test]
fn p2_own_text_takes_precedence_also_in_a_wrapper() {
    let tenant = Tenant {
        id: 7,
        secret: "hunter2",
    };
    assert_eq!(tenant.secret, "hunter2");
    assert_eq!(argument!(tenant.clone()).unwrap(), "7");
    assert_eq!(argument!(Arc::new(tenant.clone())).unwrap(), "7");
    assert_eq!(argument!(Extension(tenant.clone())).unwrap(), "7");
    assert_eq!(argument!(Some(tenant.clone())).unwrap(), "some(7)");
    assert_eq!(argument!(Ok::<_, Rejection>(tenant)).unwrap(), "Ok(7)");
    assert_eq!(argument!(Locale("de at")).unwrap(), "\"de%20at\"");
    assert_eq!(argument!(Path(Locale("de"))).unwrap(), "\"de\"");
    assert_eq!(argument!(Arc::new(Locale("de"))).unwrap(), "\"de\"");
    assert_eq!(
        argument!([Locale("de"), Locale("fr")]).unwrap(),
        "(\"de\",\"fr\")"
    );
    assert_eq!(argument!((Locale("de"), 1)).unwrap(), "(\"de\",1)");
}

#[test]
fn p2_reference_has_the_text_of_its_value() {
    let tenant = Tenant { id: 7, secret: "" };
    assert_eq!(argument!(&Arc::new(tenant)).unwrap(), "7");
    assert_eq!(argument!(&Path(Locale("de"))).unwrap(), "\"de\"");
    assert_eq!(argument!(&Arc::new(BOB)).unwrap(), argument!(BOB).unwrap());
    assert_eq!(
        argument!(&Ok::<_, Rejection>(BOB)).unwrap(),
        argument!(Ok::<_, Rejection>(BOB)).unwrap()
    );
    assert!(argument!(&Err::<User, _>("bad request")).is_err());
}

/// As in a generic handler, which knows only the bound.
fn generic<T: CacheKeyPart>(value: T) -> [Result<String, KeyError>; 2] {
    [argument!(&value), argument!(Query(value))]
}

#[test]
fn p2_type_parameter_requires_only_the_bound() {
    assert_eq!(generic(Locale("de")).map(Result::unwrap), ["\"de\"", "\"de\""]);
    assert_eq!(generic(5_u64).map(Result::unwrap), ["5", "5"]);
}

#[test]
fn p2_rejections_have_no_key() {
    assert_eq!(
        argument!(Ok::<_, Rejection>(Query(BOB))).unwrap(),
        "Ok((tenant=1,name=\"bob\"))"
    );
    assert!(argument!(Err::<Query<User>, _>(Rejection)).is_err());
    // The value has no text of its own; the error has none at all, or one of its own.
    assert_eq!(
        argument!(Ok::<_, Rejection>(BOB)).unwrap(),
        "Ok((tenant=1,name=\"bob\"))"
    );
    assert!(argument!(Err::<User, _>(Rejection)).is_err());
    let rejected = argument!(Err::<User, _>("bad request")).unwrap_err();
    assert_eq!(
        rejected.to_string(),
        "an argument is an error, so the request was rejected"
    );
}

#[test]
fn p2_nested_part_writes_exactly_one_value() {
    struct Writes(usize);
    impl CacheKeyPart for Writes {
        fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
            (0..self.0).try_for_each(|_| key.serialize(&1))
        }
    }
    assert_eq!(argument!(vec![Writes(1), Writes(1)]).unwrap(), "[1,1]");
    for wrong in [0, 2] {
        assert!(argument!(vec![Writes(1), Writes(wrong)]).is_err());
        assert!(argument!(Some(Writes(wrong))).is_err());
        assert!(argument!((1, Writes(wrong))).is_err());
        assert!(argument!([Writes(wrong)]).is_err());
        assert!(argument!(Ok::<_, Rejection>(Writes(wrong))).is_err());
    }
}

#[test]
fn p2_extractors_have_the_text_of_their_value() {
    let user = "(tenant=1,name=\"bob\")";
    assert_eq!(part(&Path(42_u64)), "42");
    assert_eq!(part(&Path((1, "a"))), "(1,\"a\")");
    assert_eq!(part(&Query(BOB)), user);
    assert_eq!(part(&Json(BOB)), user);
    assert_eq!(part(&Form(BOB)), user);
    assert_eq!(part(&Extension(BOB)), user);
    assert_eq!(part(&Some(Path(42))), "some(42)");
    assert_eq!(part(&None::<Path<u64>>), "none");
    let uri = Uri::from_static("/items?a=1&b={2}");
    assert_eq!(part(&uri), "\"/items?a=1&b=%7B2%7D\"");
    assert_eq!(part(&OriginalUri(uri.clone())), part(&uri));
    assert_eq!(part(&RawQuery(Some("a=1".to_owned()))), "some(\"a=1\")");
    assert_eq!(part(&RawQuery(None)), "none");
    assert_eq!(part(&Method::POST), "\"POST\"");
    assert_eq!(part(&Bytes::from_static(b"\x00hi")), "0x006869");
}

#[test]
fn p2_none_and_an_empty_string_differ() {
    assert_ne!(part(&None::<String>), part(&Some(String::new())));
}

#[test]
fn p2_path_and_query_stay_separate() {
    // `/items?a=1` and `/itemsa=1`.
    let (path, other) = (Uri::from_static("/items?a=1"), Uri::from_static("/itemsa=1"));
    assert_ne!(part(&path), part(&other));
    // `a=x,b=y` with `b=z`, and `a=x` with `b=y,b=z`.
    let keys = [("x,b=y", "z"), ("x", "y,b=z")].map(|pair| part(&Query(pair)));
    assert_ne!(keys[0], keys[1]);
}

#[test]
fn p2_own_text_equals_that_of_serialize() {
    fn same<T: CacheKeyPart + Serialize + ?Sized>(value: &T) {
        assert_eq!(part(value), text(value));
    }
    same(&());
    same(&true);
    same(&'ß');
    same("a b");
    same(&String::from("ü"));
    same(&Cow::Borrowed("x"));
    same(&-5_i8);
    same(&5_usize);
    same(&u128::MAX);
    same(&0.1_f32);
    same(&f64::NAN);
    same(&Some(1));
    same(&None::<u8>);
    same(&Some(Some("x")));
    same(&Ok::<u8, u8>(1));
    same(&vec![1, 2]);
    same(&Vec::<u8>::new());
    same([1, 2].as_slice());
    same(&[1, 2]);
    same(&[0_u8; 0]);
    same(&(1,));
    same(&(1, "a", 'b', 2.0, (), true, Some(1), vec![1]));
    same(&Box::new(1));
    same(&&1);
    same(&BTreeSet::from([10, 9]));
    same(&BTreeMap::from([(10, 'a'), (9, 'b')]));
    same(&HashMap::from([(10, 'a'), (9, 'b')]));
    same(&HashSet::from([10]));
    same(&HashSet::<u8>::new());
}

#[test]
fn p2_sets_are_sorted_by_the_texts_of_their_values() {
    let words = ["pear", "apple", "fig", "a b", "", "é"];
    let mut sorted = words.map(text);
    sorted.sort();
    for turn in 0..words.len() {
        let mut words = words;
        words.rotate_left(turn);
        let set: HashSet<&str> = words.into_iter().collect();
        assert_eq!(part(&set), format!("[{}]", sorted.join(",")));
        assert_eq!(part(&Some(set)), format!("some([{}])", sorted.join(",")));
    }
}

/// An extractor that wraps another.
struct Cached<E>(E);

/// The text of a value from an extractor, and from one within another, as generated code selects it.
macro_rules! of_two {
    ($outer:expr, $inner:expr, $value:expr) => {{
        #[allow(unused_imports, reason = "the outer one may not be the server's")]
        use super::super::OuterFirst as _;
        use super::super::Within;
        let mut out = String::new();
        let (outer, inner, value) = (&$outer, &$inner, &$value);
        let written = write_args(&mut out, |args| {
            let form = (&&&&&Part((&&Within(outer)).or(inner), value)).form();
            CacheKeyPart::write_key(&*form, args.arg_for("x", &form))
        });
        written.map(|()| out)
    }};
}

#[test]
fn p2_values_of_the_server_are_not_written() {
    let state = || State(BOB);
    assert_eq!(argument!(state()).unwrap(), "");
    assert_eq!(argument!(&state()).unwrap(), "");
    assert_eq!(argument!(Extension(state())).unwrap(), "");
    assert_eq!(argument!(Some(state())).unwrap(), "");
    assert_eq!(argument!(Ok::<_, Rejection>(state())).unwrap(), "");
    for text in [
        of_two!(state(), BOB, BOB),
        of_two!(Cached(state()), state(), BOB),
        of_two!(state(), Cached(1), 1),
        of_two!(Cached(1), Cached(1), state()),
        // These have no text.
        of_two!(State(Rejection), Rejection, Rejection),
    ] {
        assert_eq!(text.unwrap(), "()");
    }
    assert_eq!(of_two!(Cached(Path(1)), Path(1), 1).unwrap(), "(x=1)");
}
