//! axum's `State` and the cache itself are not in the key, however the parameter is written.

mod companion;

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router, extract,
    extract::{FromRef, FromRequestParts, Path, Query, State as AppState},
    http::{StatusCode, request::Parts},
    routing::get,
};
use handler_cache::{Cache, attach::CacheRejection, cache};
use serde::{Deserialize, Serialize};

use crate::{handlers::origin::stored, keys::options::entries, support::app::Bench};

/// A value that must not be in any key.
const SECRET: &str = "hunter2";

#[derive(Clone, Serialize, Deserialize)]
struct Settings {
    admin_password: String,
}

trait Db: Send + Sync {
    fn name(&self) -> &'static str;
}

struct Memory;

impl Db for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }
}

#[derive(Clone, FromRef)]
struct Site {
    settings: Settings,
    shared: Arc<Settings>,
    db: Arc<dyn Db>,
}

fn settings() -> Settings {
    Settings {
        admin_password: SECRET.into(),
    }
}

fn site() -> Site {
    Site {
        settings: settings(),
        shared: Arc::new(settings()),
        db: Arc::new(Memory),
    }
}

type SettingsState = extract::State<Arc<Settings>>;
type Of<T> = extract::State<T>;
type Database = extract::State<Arc<dyn Db>>;
type Both = (extract::State<Settings>, Path<u64>);

#[cache(expire = 60)]
async fn aliased(AppState(settings): SettingsState, Path(id): Path<u64>) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn generic_alias(extract::State(settings): Of<Settings>, Path(id): Path<u64>) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn renamed(Path(id): Path<u64>, AppState(mut settings): AppState<Settings>) -> String {
    settings.admin_password.push('!');
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn by_path(Path(id): Path<u64>, extract::State(settings): extract::State<Settings>) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn with_turbofish(Path(id): Path<u64>, AppState::<Settings>(settings): SettingsOf) -> String {
    format!("{id} {}", settings.admin_password.len())
}

type SettingsOf = AppState<Settings>;

#[cache(expire = 60)]
async fn by_field(Path(id): Path<u64>, SettingsOf { 0: settings }: SettingsOf) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn undestructured(Path(id): Path<u64>, settings: SettingsState) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn destructured_further(
    Path(id): Path<u64>,
    AppState(Settings { admin_password, .. }): AppState<Settings>,
) -> String {
    format!("{id} {}", admin_password.len())
}

#[cache(expire = 60)]
async fn at(Path(id): Path<u64>, whole @ AppState(_): AppState<Settings>) -> String {
    format!("{id} {}", whole.admin_password.len())
}

#[derive(Clone, Copy, Serialize)]
struct Number(u64);

impl FromRef<Site> for Number {
    fn from_ref(_: &Site) -> Self {
        Self(7)
    }
}

#[cache(expire = 60)]
async fn at_with_both(Path(id): Path<u64>, whole @ AppState(Number(inner)): AppState<Number>) -> String {
    format!("{id} {} {inner}", whole.0.0)
}

#[cache(expire = 60)]
async fn in_a_tuple((AppState(settings), Path(id)): (AppState<Settings>, Path<u64>)) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn in_an_aliased_tuple((AppState(settings), Path(id)): Both) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn in_a_nested_tuple(
    ((AppState(settings), Path(id)), whole, (Query(_), Of { 0: other })): (
        Both,
        AppState<Settings>,
        (Query<()>, Of<Settings>),
    ),
) -> String {
    format!(
        "{id} {}",
        settings.admin_password.len() + whole.admin_password.len() + other.admin_password.len()
    )
}

#[cache(expire = 60)]
async fn with_a_rejection_undestructured(
    Path(id): Path<u64>,
    settings: Result<SettingsOf, Infallible>,
) -> String {
    format!("{id} {}", settings.is_ok())
}

#[cache(expire = 60)]
async fn without_a_text(Path(id): Path<u64>, AppState(db): Database) -> String {
    format!("{id} {}", db.name())
}

/// An extractor of the application, as `#[derive(FromRequestParts)]` makes them.
struct Arguments {
    settings: AppState<Settings>,
    database: Database,
    id: Path<u64>,
}

impl FromRequestParts<Site> for Arguments {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, StatusCode> {
        let id = Path::from_request_parts(parts, site).await;
        Ok(Self {
            settings: AppState(site.settings.clone()),
            database: AppState(Arc::clone(&site.db)),
            id: id.map_err(|_| StatusCode::BAD_REQUEST)?,
        })
    }
}

#[cache(expire = 60)]
async fn in_an_extractor(
    Arguments {
        settings: AppState(settings),
        database,
        id: Path(id),
    }: Arguments,
) -> String {
    format!("{id} {} {}", settings.admin_password.len(), database.name())
}

/// An extractor around another, as `Cached` and `WithRejection` of axum-extra are.
struct Cached<E>(E);

impl<S: Sync, E: FromRequestParts<S>> FromRequestParts<S> for Cached<E> {
    type Rejection = E::Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, E::Rejection> {
        E::from_request_parts(parts, state).await.map(Self)
    }
}

#[cache(expire = 60)]
async fn in_a_wrapper(
    Cached(AppState(settings)): Cached<AppState<Settings>>,
    Cached(other): Cached<SettingsOf>,
    Cached(Path(id)): Cached<Path<u64>>,
) -> String {
    format!(
        "{id} {}",
        settings.admin_password.len() + other.admin_password.len()
    )
}

macro_rules! made_by_a_macro {
    ($name:ident($pattern:pat => $type:ty), $settings:ident) => {
        #[cache(expire = 60)]
        async fn $name(Path(id): Path<u64>, $pattern: $type) -> String {
            format!("{id} {}", $settings.admin_password.len())
        }
    };
}
made_by_a_macro!(by_a_macro(AppState(settings) => SettingsState), settings);
made_by_a_macro!(by_a_macro_too(settings => AppState<Settings>), settings);

macro_rules! hidden {
    ($name:ident) => {
        AppState($name)
    };
}

#[cache(expire = 60)]
async fn hidden_in_the_pattern(hidden!(settings): AppState<Settings>, Path(id): Path<u64>) -> String {
    format!("{id} {}", settings.admin_password.len())
}

trait Repo: Clone + Send + Sync {
    fn name(&self) -> String;
}

impl Repo for Settings {
    fn name(&self) -> String {
        self.admin_password.len().to_string()
    }
}

#[cache(expire = 60)]
async fn generic<R: Repo>(Path(id): Path<u64>, AppState(repo): Of<R>) -> String {
    format!("{id} {}", repo.name())
}

#[cache(expire = 60)]
async fn generic_tuple<R: Repo>((AppState(repo), Path(id)): (AppState<R>, Path<u64>)) -> String {
    format!("{id} {}", repo.name())
}

struct Api;

impl Api {
    #[cache(expire = 60, associated)]
    async fn associated(Path(id): Path<u64>, AppState(settings): SettingsState) -> String {
        format!("{id} {}", settings.admin_password.len())
    }
}

#[cache(expire = 60)]
async fn under_cfg(
    #[cfg(test)] Path(id): Path<u64>,
    #[cfg(test)] AppState(settings): SettingsState,
) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60, lazy = [settings])]
async fn lazy(Path(id): Path<u64>, AppState(settings): SettingsState) -> String {
    format!("{id} {}", settings.admin_password.len())
}

#[cache(expire = 60)]
async fn with_the_cache(
    Path(id): Path<u64>,
    cache: Cache,
    other: Result<Cache, CacheRejection>,
    optional: Option<Cache>,
    (_, again): (Query<()>, Cache),
) -> String {
    let _ = (cache, again);
    format!("{id} {}", other.is_ok() && optional.is_some())
}

#[tokio::test]
async fn p2_state_leaves_no_trace_in_redis_keys() {
    let bench = Bench::redis().await;
    let server = bench.redis.as_ref().unwrap();
    let router = Router::new()
        .route("/aliased/{id}", get(aliased))
        .route("/generic_alias/{id}", get(generic_alias))
        .route("/renamed/{id}", get(renamed))
        .route("/by_path/{id}", get(by_path))
        .route("/with_turbofish/{id}", get(with_turbofish))
        .route("/by_field/{id}", get(by_field))
        .route("/undestructured/{id}", get(undestructured))
        .route("/destructured_further/{id}", get(destructured_further))
        .route("/at/{id}", get(at))
        .route("/at_with_both/{id}", get(at_with_both))
        .route("/in_a_tuple/{id}", get(in_a_tuple))
        .route("/in_an_aliased_tuple/{id}", get(in_an_aliased_tuple))
        .route("/in_a_nested_tuple/{id}", get(in_a_nested_tuple))
        .route(
            "/with_a_rejection_undestructured/{id}",
            get(with_a_rejection_undestructured),
        )
        .route("/without_a_text/{id}", get(without_a_text))
        .route("/in_an_extractor/{id}", get(in_an_extractor))
        .route("/in_a_wrapper/{id}", get(in_a_wrapper))
        .route("/by_a_macro/{id}", get(by_a_macro))
        .route("/by_a_macro_too/{id}", get(by_a_macro_too))
        .route("/hidden_in_the_pattern/{id}", get(hidden_in_the_pattern))
        .route("/generic/{id}", get(generic::<Settings>))
        .route("/generic_tuple/{id}", get(generic_tuple::<Settings>))
        .route("/associated/{id}", get(Api::associated))
        .route("/under_cfg/{id}", get(under_cfg))
        .route("/lazy/{id}", get(lazy))
        .route("/with_the_cache/{id}", get(with_the_cache))
        .with_state(site());
    let app = bench.app(router);
    for (handler, text) in [
        ("aliased", "7 7"),
        ("generic_alias", "7 7"),
        ("renamed", "7 8"),
        ("by_path", "7 7"),
        ("with_turbofish", "7 7"),
        ("by_field", "7 7"),
        ("undestructured", "7 7"),
        ("destructured_further", "7 7"),
        ("at", "7 7"),
        ("at_with_both", "7 7 7"),
        ("in_a_tuple", "7 7"),
        ("in_an_aliased_tuple", "7 7"),
        ("in_a_nested_tuple", "7 21"),
        ("with_a_rejection_undestructured", "7 true"),
        ("without_a_text", "7 memory"),
        ("in_an_extractor", "7 7 memory"),
        ("in_a_wrapper", "7 14"),
        ("by_a_macro", "7 7"),
        ("by_a_macro_too", "7 7"),
        ("hidden_in_the_pattern", "7 7"),
        ("generic", "7 7"),
        ("generic_tuple", "7 7"),
        ("associated", "7 7"),
        ("under_cfg", "7 7"),
        ("lazy", "7 7"),
        ("with_the_cache", "7 true"),
    ] {
        let path = format!("/{handler}/7");
        assert_eq!(app.get(&path).await.text(), text, "{handler}");
        stored(&app, &path).await;
        let keys = entries(server);
        let key = keys.iter().find(|key| {
            let name = key.rsplit("::").next().unwrap();
            // `generic::<http::state::Settings>`
            name.starts_with(&format!("{handler}(")) || key.contains(&format!("::{handler}<"))
        });
        let key = key.unwrap_or_else(|| panic!("{handler} in {keys:?}"));
        assert!(key.ends_with("(id=7)"), "{key}");
        assert!(!key.contains(SECRET), "{key}");
    }
}
