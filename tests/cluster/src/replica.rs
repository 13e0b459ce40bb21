//! The program that every replica runs: pages of registers, cached in every way there is.

use std::{env, fmt, io, time::Duration};

use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use handler_cache::{Cache, Error, Tags, ValueKey, cache, layer::CacheLayer};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::history::{Kind, Register};

/// The settings of a replica, passed in its environment.
pub(crate) const REDIS: &str = "CLUSTER_REDIS";
pub(crate) const DATABASE: &str = "CLUSTER_DATABASE";
pub(crate) const PROCESS: &str = "CLUSTER_PROCESS";
pub(crate) const AHEAD: &str = "CLUSTER_AHEAD";
pub(crate) const BUDGET: &str = "CLUSTER_BUDGET";

const HOUR: Duration = Duration::from_secs(3600);

/// The reply of the database to a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DatabaseReply {
    pub(crate) run: usize,
    pub(crate) value: u64,
    pub(crate) takes: Duration,
    pub(crate) fails: bool,
}

impl fmt::Display for DatabaseReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            run,
            value,
            takes,
            fails,
        } = self;
        write!(f, "{run} {value} {} {fails}", takes.as_micros())
    }
}

impl DatabaseReply {
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace();
        Some(Self {
            run: words.next()?.parse().ok()?,
            value: words.next()?.parse().ok()?,
            takes: Duration::from_micros(words.next()?.parse().ok()?),
            fails: words.next()?.parse().ok()?,
        })
    }
}

/// The replicas' client of the database.
#[derive(Debug, Clone)]
struct Database {
    port: u16,
    process: String,
}

/// `<fill> <value>`; 500 with the number of the fill if the handler fails.
type Page = Result<String, (StatusCode, String)>;

impl Database {
    async fn page(&self, kind: Kind, id: u32) -> Page {
        let question = format!("read {} {}\n", Register { kind, id }, self.process);
        let (stream, line) = self.ask(&question).await.map_err(unreachable_database)?;
        let reply = DatabaseReply::parse(&line)
            .ok_or_else(|| unreachable_database(io::ErrorKind::InvalidData.into()))?;
        sleep(reply.takes).await;
        // The database records the end of the fill.
        drop(stream);
        if reply.fails {
            return Err((StatusCode::INTERNAL_SERVER_ERROR, reply.run.to_string()));
        }
        Ok(format!("{} {}", reply.run, reply.value))
    }

    /// Increments, then evicts: `<value> evicted`, or `<value> retrying`.
    async fn written(
        &self,
        kind: Kind,
        id: u32,
        eviction: impl Future<Output = Result<(), Error>>,
    ) -> Result<String, (StatusCode, String)> {
        let question = format!("add {}\n", Register { kind, id });
        let (_, line) = self.ask(&question).await.map_err(unreachable_database)?;
        let outcome = match eviction.await {
            Ok(()) => "evicted",
            Err(_) => "retrying",
        };
        Ok(format!("{} {outcome}", line.trim()))
    }

    async fn ask(&self, question: &str) -> io::Result<(TcpStream, String)> {
        let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await?);
        stream.write_all(question.as_bytes()).await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        Ok((stream.into_inner(), line))
    }
}

/// Not a number, so that it is not mistaken for a fill that was made to fail.
fn unreachable_database(error: io::Error) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("database: {error}"))
}

#[cache(expire = "1h")]
async fn plain(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Plain, id).await
}

#[cache(expire = "1h", vary = ["accept-language"])]
async fn varied(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Varied, id).await
}

#[cache(expire = "1h", tags = [format!("tagged-{id}")])]
async fn tagged(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Tagged, id).await
}

#[cache(expire = "1h")]
async fn named(
    Path(id): Path<u32>,
    State(database): State<Database>,
) -> Result<(Tags<[String; 1]>, String), (StatusCode, String)> {
    let page = database.page(Kind::Named, id).await?;
    Ok((Tags([format!("named-{id}")]), page))
}

#[cache(expire = "1h")]
async fn whole(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Whole, id).await
}

#[cache(expire = "300ms", stale_while_revalidate = "1s", stale_if_error = "2s")]
async fn short(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Short, id).await
}

async fn routed(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Routed, id).await
}

/// Sends its own `Cache-Control`, and answers validations.
async fn rfc9111(Path(id): Path<u32>, headers: HeaderMap, State(database): State<Database>) -> Response {
    let page = match database.page(Kind::Rfc9111, id).await {
        Ok(page) => page,
        Err(failure) => return failure.into_response(),
    };
    let value = page.split(' ').nth(1).unwrap_or_default();
    let tag = format!("\"{value}\"");
    let control = "max-age=1, stale-while-revalidate=1, stale-if-error=2";
    let fields = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, control.to_owned()),
    ];
    match headers.get(header::IF_NONE_MATCH) {
        Some(stored) if *stored == tag => (StatusCode::NOT_MODIFIED, fields).into_response(),
        _ => (fields, page).into_response(),
    }
}

async fn value(Path(id): Path<u32>, cache: Cache, State(database): State<Database>) -> Page {
    let fill = async move || database.page(Kind::Value, id).await;
    let page = cache.get_or_try_fill(&value_key(id), HOUR, fill).await;
    page.map_err(|failure| failure.as_ref().clone())
}

fn value_key(id: u32) -> ValueKey<String> {
    ValueKey::new("value", &id)
}

/// The same without a cache.
async fn bare(Path(id): Path<u32>, State(database): State<Database>) -> Page {
    database.page(Kind::Plain, id).await
}

async fn write(
    Path((kind, id)): Path<(String, u32)>,
    cache: Cache,
    State(database): State<Database>,
) -> Result<String, (StatusCode, String)> {
    let kind = Kind::ALL.into_iter().find(|known| known.name() == kind);
    let kind = kind.ok_or((StatusCode::NOT_FOUND, String::new()))?;
    let eviction = async {
        match kind {
            Kind::Plain => cache.evict(plain::key(Path(id))).await,
            Kind::Varied => cache.evict(varied::key(Path(id))).await,
            Kind::Tagged => cache.evict_tag(&format!("tagged-{id}")).await,
            Kind::Named => cache.evict_tag(&format!("named-{id}")).await,
            Kind::Whole => whole::evict_all().await,
            Kind::Short => cache.evict(short::key(Path(id))).await,
            Kind::Routed | Kind::Rfc9111 => cache.evict_path(&format!("/{}/{id}", kind.name())).await,
            Kind::Value => cache.evict(value_key(id)).await,
        }
    };
    database.written(kind, id, eviction).await
}

fn setting<T: std::str::FromStr>(name: &str) -> T {
    let value = env::var(name).ok().and_then(|value| value.parse().ok());
    value.unwrap_or_else(|| panic!("{name} says how the replica is set up"))
}

/// Serves until it is killed.
///
/// # Errors
/// When it cannot be set up.
///
/// # Panics
/// When its environment does not say how.
pub async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt()
        .with_env_filter("handler_cache=info")
        .with_ansi(false)
        .init();
    Cache::builder()
        .prefix("cluster")
        .url(setting::<String>(REDIS))
        .store_budget(Duration::from_millis(setting(BUDGET)))
        .cache_status(true)
        .clock_ahead(setting(AHEAD))
        .init()
        .await?;
    let database = Database {
        port: setting(DATABASE),
        process: setting(PROCESS),
    };
    let router = Router::new()
        .route("/plain/{id}", get(plain))
        .route("/varied/{id}", get(varied))
        .route("/tagged/{id}", get(tagged))
        .route("/named/{id}", get(named))
        .route("/whole/{id}", get(whole))
        .route("/short/{id}", get(short))
        .route("/routed/{id}", get(routed).layer(CacheLayer::new().expire(HOUR)))
        .route("/rfc9111/{id}", get(rfc9111).layer(CacheLayer::new().http()))
        .route("/value/{id}", get(value))
        .route("/bare/{id}", get(bare))
        .route("/write/{kind}/{id}", post(write))
        .with_state(database);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("port {}", listener.local_addr()?.port());
    axum::serve(listener, router).await?;
    Ok(())
}
