//! Which methods a policy caches.

use axum::routing::MethodFilter;
use http::Method;

/// Whether the set contains the method. HEAD is in every set that contains GET: it is answered from GET's entries.
pub(crate) fn accepts_method(set: MethodFilter, method: &Method) -> bool {
    let filter = match *method {
        Method::GET | Method::HEAD => MethodFilter::GET,
        _ => match MethodFilter::try_from(method.clone()) {
            Ok(filter) => filter,
            Err(_) => return false,
        },
    };
    set.or(filter) == set
}

/// A method of the set: GET, if the set contains it.
pub(crate) fn representative_method(set: MethodFilter) -> Method {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let mut accepted = known.into_iter().filter(|method| accepts_method(set, method));
    accepted.next().unwrap_or(Method::GET)
}
