//! Whether a handler's arguments come from the URL alone, by their types.

use std::marker::PhantomData;

use axum::extract::{MatchedPath, OriginalUri, Path, Query, RawQuery, State};
use http::{Method, Uri};

use crate::{cache::Cache, policy::Policy};

/// An extractor that reads nothing of the request but its URL and method.
#[diagnostic::on_unimplemented(
    message = "`client_max_age` needs arguments that come from the URL, or a word on who may share the response",
    label = "may read more of the request than its URL",
    note = "a browser would show its cached page, without asking, to the next user who signs in there",
    note = "add `public` if the response is for everybody, name the headers it depends on in `vary = [...]`, \
            or leave `client_max_age` out: then browsers ask each time, and get a 304 while nothing changed"
)]
pub trait FromUrl {}

impl<T> FromUrl for Path<T> {}
impl<T> FromUrl for Query<T> {}
impl FromUrl for RawQuery {}
impl FromUrl for Uri {}
impl FromUrl for OriginalUri {}
impl FromUrl for MatchedPath {}
impl FromUrl for Method {}
/// The same for every request.
impl<T> FromUrl for State<T> {}
impl FromUrl for Cache {}
/// `None` and `Err` say that the URL did not fit.
impl<T: FromUrl> FromUrl for Option<T> {}
impl<T: FromUrl, E> FromUrl for Result<T, E> {}

macro_rules! tuples {
    ($($name:ident)*) => {
        impl<$($name: FromUrl),*> FromUrl for ($($name,)*) {}
    };
    ($first:ident $($name:ident)*; all) => {
        tuples!($first $($name)*);
        tuples!($($name)*; all);
    };
    (; all) => {
        tuples!();
    };
}
tuples!(A B C D E F G H I J K L M N O P; all);

/// An argument of a handler. `Argument::<T>::FROM_URL` is the inherent constant where `T` is known to come from the URL,
/// and that of [`NotFromUrl`] everywhere else, so also for type parameters.
#[derive(Debug)]
pub struct Argument<T: ?Sized>(PhantomData<T>);

impl<T: FromUrl + ?Sized> Argument<T> {
    /// It is known to.
    pub const FROM_URL: bool = true;
}

/// For arguments that may come from elsewhere.
pub trait NotFromUrl {
    /// Nothing is known.
    const FROM_URL: bool = false;
}

impl<T: ?Sized> NotFromUrl for Argument<T> {}

/// Whether all are true.
pub const fn all(facts: &[bool]) -> bool {
    let mut index = 0;
    while index < facts.len() {
        if !facts[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Compiles for arguments that are known to come from the URL.
pub fn is_from_url<T: FromUrl + ?Sized>() {}

/// For a policy that is written elsewhere than the attribute.
///
/// # Panics
/// When it grants a `max-age`, and neither this argument's type nor the policy proves that browsers may keep the response.
pub const fn may_grant_max_age(policy: &Policy, is_from_url: bool) {
    assert!(
        is_from_url || policy.names_what_decides() || !policy.grants_max_age(),
        "`client_max_age` of the policy needs arguments that come from the URL: add `public` if the response is for \
         everybody, name the headers it depends on in `vary`, or say `client_max_age = 0` here"
    );
}
