//! Whether a handler's arguments come from the URL alone, proven by their types.

use std::marker::PhantomData;

use axum::extract::{MatchedPath, OriginalUri, Path, Query, RawQuery, State};
use http::{Method, Uri};

use crate::{cache::Cache, policy::Policy};

/// An extractor that reads nothing of a request but its method and URL.
///
/// With `client_max_age`, browsers reuse a response for every request to its URL. So all parameters of the handler must come
/// from the URL, or the attribute must say who may share the response: `public`, if it is the same for every user, or
/// `vary = [...]`, with the headers that it depends on.
#[diagnostic::on_unimplemented(
    message = "`client_max_age` needs parameters that come from the URL, or an option that says who may share the response",
    label = "may read more of the request than its URL",
    note = "a browser would show its copy of the response, without asking, to the next user who signs in there",
    note = "add `public` if the response is the same for every user, or list the headers that it depends on in `vary = [...]`",
    note = "without `client_max_age`, browsers ask each time, and get a 304 while the response is unchanged"
)]
pub trait FromUrl {
    #[doc(hidden)]
    const PROVEN: () = ();
}

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
/// `None` and `Err` mean that the URL did not match.
impl<T: FromUrl> FromUrl for Option<T> {}
impl<T: FromUrl, E> FromUrl for Result<T, E> {}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[diagnostic::do_not_recommend]
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

/// The type of an argument. `Argument::<T>::FROM_URL` is the inherent constant if `T` implements [`FromUrl`], and that of
/// [`NotFromUrl`] otherwise, also for type parameters.
#[derive(Debug)]
pub struct Argument<T: ?Sized>(PhantomData<T>);

impl<T: FromUrl + ?Sized> Argument<T> {
    /// The argument comes from the URL.
    pub const FROM_URL: bool = true;
}

/// For arguments that may come from elsewhere.
pub trait NotFromUrl {
    /// The argument may come from elsewhere.
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

/// The check of [`FromUrl`] where a policy, whose value only the compiler knows, may send a `max-age`.
///
/// # Panics
/// If the policy sends a `max-age`, the argument may come from elsewhere, and the policy has neither `public` nor `vary`.
pub const fn may_send_max_age(policy: &Policy, is_from_url: bool) {
    assert!(
        is_from_url || policy.names_what_decides() || !policy.grants_max_age(),
        "`client_max_age` of the policy needs parameters that come from the URL: add `public` if the response is the same \
         for every user, list the headers that it depends on in `vary`, or write `client_max_age = 0` here"
    );
}
