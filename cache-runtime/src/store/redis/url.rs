//! The URL of the server: parsed for the client, and shown without its password.

use std::fmt;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, io::tcp::TcpSettings};

use crate::Error;

const EXPECTED: &str = "expected `redis://[user:password@]host[:port][/database]` or \
     `redis+unix:///path/to/socket[?db=0&user=name&pass=password]`, \
     with `/`, `?`, `#`, `@` and `%` in a password percent-encoded";

/// The URL without user name and password.
#[derive(Clone)]
pub(super) struct DisplayUrl(String);

impl fmt::Debug for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DisplayUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client for the server at `url`, not yet connected.
///
/// # Errors
/// The URL is not that of a Redis server. The text repeats no part of it but the scheme.
pub(super) fn client(url: &str) -> Result<(Client, DisplayUrl), Error> {
    let parsed =
        redis::parse_redis_url(url).ok_or_else(|| invalid("its scheme, host or port is not valid"))?;
    let scheme = parsed.scheme();
    if matches!(scheme, "rediss" | "valkeys") {
        return Err(Error::settings(format!(
            "`{scheme}://` asks for TLS, which this version of handler-cache does not support; \
             use `redis://` inside a trusted network, `redis+unix://`, or a local TLS proxy such as stunnel",
        )));
    }
    let known: &[&str] = if scheme.ends_with("unix") {
        &["db", "user", "pass", "protocol"]
    } else {
        &["protocol"]
    };
    // An unescaped `#` or `?` in a password ends the host early: rejected, not sent to the wrong host.
    if parsed.fragment().is_some() || parsed.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
        return Err(invalid(
            "it has a fragment or a parameter that Redis URLs do not have",
        ));
    }
    let info = parsed
        .into_connection_info()
        .map_err(|error| invalid(&reason(&error)))?;
    let display_url = display_url(&info);
    // Commands are small and wait for their replies: Nagle's algorithm would add the peer's delayed ACK.
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    // The documented permissions do not include `CLIENT SETINFO`, and Redis 7.2 and later log each denial.
    let settings = info.redis_settings().clone().set_skip_set_lib_name();
    let info = info.set_redis_settings(settings);
    let client = Client::open(info).map_err(|error| invalid(&reason(&error)))?;
    Ok((client, display_url))
}

fn display_url(info: &ConnectionInfo) -> DisplayUrl {
    let database = info.redis_settings().db();
    DisplayUrl(match info.addr() {
        ConnectionAddr::Tcp(host, port) if host.contains(':') => {
            format!("redis://[{host}]:{port}/{database}")
        }
        ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}/{database}"),
        ConnectionAddr::Unix(path) => format!("redis+unix://{}?db={database}", path.display()),
        _ => "redis".into(),
    })
}

/// The fixed part of the driver's error text. The part after it may quote the URL.
fn reason(error: &redis::RedisError) -> String {
    let text = error.to_string();
    text.split(" - ").next().unwrap_or_default().to_lowercase()
}

fn invalid(reason: &str) -> Error {
    Error::settings(format!("the Redis URL cannot be used: {reason}; {EXPECTED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_a_database() {
        for (url, expected) in [
            ("redis://cache", "redis://cache:6379/0"),
            ("redis://127.0.0.1:7000/3", "redis://127.0.0.1:7000/3"),
            ("redis://[::1]:7000", "redis://[::1]:7000/0"),
            ("redis://ann:pa%2Fss@cache/1", "redis://cache:6379/1"),
            (
                "redis+unix:///run/redis.sock?db=2&pass=pa%2Fss",
                "redis+unix:///run/redis.sock?db=2",
            ),
        ] {
            let (client, shown) = client(url).expect(url);
            assert_eq!(shown.to_string(), expected);
            if url.contains("pa%2Fss") {
                let password = client.get_connection_info().redis_settings().password();
                assert_eq!(password, Some("pa/ss"));
            }
        }
    }

    #[test]
    fn errors_name_what_is_expected_and_never_the_password() {
        for url in [
            "",
            "cache:6379",
            "http://:s3cret@cache",
            "redis://:s3cret@",
            "redis://:s3cret@0.0.0.0",
            "redis://:s3cret@cache:port",
            "redis://:s3cret@cache:70000",
            "redis://:s3cret@cache/s3cret",
            "redis://:s3cret@cache?s3cret",
            "redis://:s3cret@cache?protocol=s3cret",
            "redis://cache:6379#s3cret@cache",
            "redis://cache:6379?s3cret@cache",
            "redis://cache:6379/s3cret@cache",
            "redis+unix:///run/redis.sock?password=s3cret",
            "redis+unix:///run/redis.sock?db=s3cret",
        ] {
            let error = client(url).map(|(_, display_url)| display_url).expect_err(url);
            assert!(error.is_settings(), "{url}");
            let text = error.to_string();
            assert!(text.contains("expected `redis://"), "{url}: {text}");
            assert!(!format!("{text} {error:?}").contains("s3cret"), "{url}: {text}");
        }
    }

    #[test]
    fn tls_is_rejected_by_its_scheme() {
        let error = client("rediss://:s3cret@cache:6379").map(|(_, display_url)| display_url);
        let error = error.expect_err("TLS is not supported");
        let text = format!("{error} {error:?}");
        assert!(text.contains("`rediss://` asks for TLS"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
