//! The companion's functions, and application types with the names of axum's extractors.

use std::sync::Arc;

use axum::{
    Router, extract,
    extract::{Path, State as AppState},
    routing::get,
};
use handler_cache::cache;

use super::{
    Both, Memory, Number, Settings, aliased, by_path, in_a_tuple, renamed, settings, without_a_text,
};
use crate::{answers::miss_then_hit, support::app::Bench};

/// The companion's functions count the parameters by what the attribute can read.
#[tokio::test]
async fn p2_the_companion_and_the_handler_make_one_key() {
    for key in [
        aliased::key(AppState(Arc::new(settings())), Path(7)),
        renamed::key(Path(7), AppState(settings())),
        in_a_tuple::key((AppState(settings()), Path(7))),
        without_a_text::key(Path(7), AppState(Arc::new(Memory))),
    ] {
        assert!(key.to_string().ends_with("(id=7)"), "{key}");
    }
    assert_eq!(
        by_path::key(Path(7)).to_string(),
        "it::attribute::state::by_path(id=7)"
    );
    assert_eq!(
        under_cfg_by_name::key().to_string(),
        "it::attribute::state::companion::under_cfg_by_name()"
    );
}

#[cache(expire = 60)]
async fn under_cfg_by_name(#[cfg(test)] extract::State(settings): extract::State<Settings>) -> String {
    settings.admin_password.len().to_string()
}

#[cache(expire = 60, key = (id, &settings.admin_password, number), tags = [format!("number:{number}")])]
async fn in_the_expression(
    (AppState(settings), Path(id)): Both,
    AppState(Number(number)): AppState<Number>,
) -> String {
    format!("{id} {} {number}", settings.admin_password)
}

#[tokio::test]
async fn a_key_expression_uses_the_parameters_it_names() {
    let key = in_the_expression::key((AppState(settings()), Path(7)), AppState(Number(3)));
    assert_eq!(
        key.to_string(),
        "it::attribute::state::companion::in_the_expression((7,\"hunter2\",3))"
    );
}

/// Types of the application that are called as axum's are.
mod own {
    use axum::{
        extract::{FromRequestParts, Path},
        http::{StatusCode, request::Parts},
    };
    use handler_cache::cache;
    use serde::Serialize;

    /// The state of the USA that the request is about.
    #[derive(Serialize)]
    pub(super) struct State<T>(T);

    impl<S: Sync> FromRequestParts<S> for State<String> {
        type Rejection = StatusCode;

        async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            let state = parts.uri.query().ok_or(StatusCode::BAD_REQUEST)?;
            Ok(Self(state.to_owned()))
        }
    }

    #[cache(expire = 60)]
    pub(super) async fn capital(State(name): State<String>, Path(id): Path<u64>) -> String {
        format!("{id} of {name}")
    }
}

#[tokio::test]
async fn p2_another_type_called_state_is_in_the_key() {
    for bench in Bench::every().await {
        let app = bench.app(Router::new().route("/{id}", get(own::capital)));
        assert_eq!(miss_then_hit(&app, "/1?Ohio").await.text(), "1 of Ohio");
        assert_eq!(miss_then_hit(&app, "/1?Utah").await.text(), "1 of Utah");
        assert_eq!(miss_then_hit(&app, "/2?Utah").await.text(), "2 of Utah");
    }
}
