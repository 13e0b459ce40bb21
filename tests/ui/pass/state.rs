//! `State` by its type, whatever it is called; and other types of that name.
#![deny(warnings, missing_docs)]

use std::sync::Arc;

use axum::{Router, debug_handler, extract::{self, Path, State as AppState}, routing::get};
use handler_cache::{Cache, cache, cache_evict};

/// No text form.
#[derive(Clone)]
struct Settings {
    password: Arc<str>,
}

trait Db: Send + Sync {
    fn name(&self) -> String;
}

type Shared = extract::State<Arc<dyn Db>>;
type SettingsState = extract::State<Settings>;
type Of<T> = extract::State<T>;

#[debug_handler(state = Arc<dyn Db>)]
#[cache(expire = 30)]
async fn debugged(Path(id): Path<u64>, AppState(db): Shared) -> String {
    format!("{id} {}", db.name())
}

/// Documented.
#[utoipa::path(get, path = "/{id}", responses((status = OK, body = String)))]
#[cache(expire = 30)]
pub async fn documented(Path(id): Path<u64>, AppState(mut db): AppState<Arc<dyn Db>>) -> String {
    db = Arc::clone(&db);
    format!("{id} {}", db.name())
}

/// As public as its parts are not.
#[allow(private_interfaces)]
#[cache(expire = 30)]
pub async fn public(Path(id): Path<u64>, extract::State(settings): extract::State<Settings>) -> String {
    format!("{id} {}", settings.password.len())
}

#[cache(expire = 30, ignore = [settings])]
async fn ignored(Path(id): Path<u64>, AppState(settings): SettingsState) -> String {
    format!("{id} {}", settings.password.len())
}

#[cache(expire = 30, lazy = [settings])]
async fn lazy(Path(id): Path<u64>, AppState(settings): SettingsState) -> String {
    format!("{id} {}", settings.password.len())
}

#[cache(expire = 30, key = (id, password), tags = [password.as_ref()])]
async fn named(Path(id): Path<u64>, AppState(Settings { password }): SettingsState) -> String {
    format!("{id} {}", password.len())
}

#[cache(expire = 30, tags = [settings.password.as_ref()])]
async fn tagged(Path(id): Path<u64>, whole @ AppState(_): SettingsState, extract::State(settings): extract::State<Settings>) -> String {
    format!("{id} {} {}", whole.password.len(), settings.password.len())
}

#[cache(expire = 30)]
async fn conditional(
    #[cfg(all())] Path(id): Path<u64>,
    #[cfg(all())] extract::State(settings): extract::State<Settings>,
    #[cfg(any())] AppState(gone): AppState<Missing>,
    #[cfg(any())] extract::State(gone): extract::State<Missing>,
) -> String {
    format!("{id} {}", settings.password.len())
}

#[cache(expire = 30)]
async fn generic<T: Clone + Send + Sync>(Path(id): Path<u64>, AppState(value): Of<T>, extract::State(other): extract::State<T>) -> String {
    drop((value, other));
    id.to_string()
}

#[cache(expire = 30)]
async fn the_cache(_cache: Cache, Path(id): Path<u64>) -> String {
    id.to_string()
}

struct Api;

impl Api {
    #[cache(expire = 30, associated)]
    async fn one(Path(id): Path<u64>, (AppState(settings), extract::State(other)): (SettingsState, extract::State<Settings>)) -> String {
        format!("{id} {} {}", settings.password.len(), other.password.len())
    }

    #[cache(expire = 30, associated)]
    async fn other(Path(id): Path<u64>, extract::State(settings): extract::State<Settings>) -> String {
        format!("{id} {}", settings.password.len())
    }
}

#[cache_evict(public(Path(id)), ignored(Path(id)), named(Path(id), AppState(settings)))]
async fn change(Path(id): Path<u64>, AppState(settings): SettingsState) -> String {
    format!("{id} {}", settings.password.len())
}

mod own {
    use axum::{extract::{FromRequestParts, Path}, http::{StatusCode, request::Parts}};
    use handler_cache::cache;

    /// Of the USA.
    #[derive(serde::Serialize)]
    pub struct State(pub String);

    impl<S: Sync> FromRequestParts<S> for State {
        type Rejection = StatusCode;

        async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, StatusCode> {
            Ok(Self(String::from("Ohio")))
        }
    }

    /// Its companion's `key` cannot be called.
    #[cache(expire = 30)]
    pub async fn capital(State(name): State, Path(id): Path<u64>) -> String {
        format!("{id} {name}")
    }

    #[cache(expire = 30, ignore = [name])]
    pub async fn ignoring(State(name): State, Path(id): Path<u64>) -> String {
        format!("{id} {name}")
    }

    use State as Region;

    #[cache(expire = 30)]
    pub async fn renamed(State(name): Region, Path(id): Path<u64>) -> String {
        format!("{id} {name}")
    }
}

fn main() {
    let _: Router<Arc<dyn Db>> = Router::new()
        .route("/debugged/{id}", get(debugged))
        .route("/documented/{id}", get(documented));
    let _: Router<Settings> = Router::new()
        .route("/public/{id}", get(public))
        .route("/ignored/{id}", get(ignored))
        .route("/lazy/{id}", get(lazy))
        .route("/named/{id}", get(named))
        .route("/tagged/{id}", get(tagged))
        .route("/conditional/{id}", get(conditional))
        .route("/generic/{id}", get(generic::<Settings>))
        .route("/cache/{id}", get(the_cache))
        .route("/api/{id}", get(Api::one))
        .route("/api/other/{id}", get(Api::other))
        .route("/change/{id}", get(change))
        .route("/capital/{id}", get(own::capital))
        .route("/ignoring/{id}", get(own::ignoring))
        .route("/renamed/{id}", get(own::renamed));
    let settings = || Settings { password: "hunter2".into() };
    let _ = public::key(Path(1));
    let _ = ignored::evict(Path(1));
    let _ = tagged::key(Path(1), AppState(settings()));
    let _ = conditional::key(Path(1));
    let _ = generic::key::<Settings>(Path(1), AppState(settings()));
    let _ = own::ignoring::key(Path(1));
    let _ = own::capital::evict_all();
    let key = own::renamed::key(own::State("Utah".into()), Path(1)).to_string();
    assert!(key.ends_with("renamed(name=\"Utah\",id=1)"), "{key}");
}
