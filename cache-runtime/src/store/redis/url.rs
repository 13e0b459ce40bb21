//! Where the server is: the URL as the user wrote it.

use std::fmt;

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, io::tcp::TcpSettings};

use crate::Error;

const EXPECTED: &str = "expected `redis://[user:password@]host[:port][/database]` or \
     `redis+unix:///path/to/socket[?db=0&user=name&pass=password]`, \
     with `/`, `?`, `#`, `@` and `%` in a password percent-encoded";

/// What may be told of a server: not who logs in, nor how.
#[derive(Clone)]
pub(super) struct Address(String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A client for the server at `url`, not yet connected. No error repeats any part of the URL but its scheme.
pub(super) fn client(url: &str) -> Result<(Client, Address), Error> {
    let parsed = redis::parse_redis_url(url)
        .ok_or_else(|| refuse("its scheme, host or port is none of a Redis server"))?;
    let scheme = parsed.scheme();
    if matches!(scheme, "rediss" | "valkeys") {
        return Err(Error::settings(format!(
            "`{scheme}://` asks for TLS, which this version of handler-cache does not have: \
             use `redis://` inside a trusted network, `redis+unix://`, or a local TLS proxy such as stunnel",
        )));
    }
    let known: &[&str] = if scheme.ends_with("unix") {
        &["db", "user", "pass", "protocol"]
    } else {
        &["protocol"]
    };
    // A password with a bare `#` or `?` ends the host early: better refused than sent to the wrong place.
    if parsed.fragment().is_some() || parsed.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
        return Err(refuse(
            "there is something in it after the address that Redis URLs do not have",
        ));
    }
    let info = parsed
        .into_connection_info()
        .map_err(|error| refuse(&reason(&error)))?;
    let address = address(&info);
    // Requests are small and wait for their answers: coalescing them would add the peer's delayed ACK.
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true));
    let client = Client::open(info).map_err(|error| refuse(&reason(&error)))?;
    Ok((client, address))
}

fn address(info: &ConnectionInfo) -> Address {
    let database = info.redis_settings().db();
    Address(match info.addr() {
        ConnectionAddr::Tcp(host, port) if host.contains(':') => {
            format!("redis://[{host}]:{port}/{database}")
        }
        ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}/{database}"),
        ConnectionAddr::Unix(path) => format!("redis+unix://{}?db={database}", path.display()),
        _ => "redis".into(),
    })
}

/// The fixed part of the crate's text. What may quote the URL stands behind it.
fn reason(error: &redis::RedisError) -> String {
    let text = error.to_string();
    text.split(" - ").next().unwrap_or_default().to_lowercase()
}

fn refuse(reason: &str) -> Error {
    Error::settings(format!("the Redis URL cannot be used, {reason}; {EXPECTED}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_a_server_and_a_database() {
        for (url, address) in [
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
            assert_eq!(shown.to_string(), address);
            if url.contains("pa%2Fss") {
                let password = client.get_connection_info().redis_settings().password();
                assert_eq!(password, Some("pa/ss"));
            }
        }
    }

    #[test]
    fn bad_urls_are_refused_with_what_is_expected_and_never_with_the_password() {
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
            let error = client(url).map(|(_, address)| address).expect_err(url);
            assert!(error.is_settings(), "{url}");
            let text = error.to_string();
            assert!(text.contains("expected `redis://"), "{url}: {text}");
            assert!(!format!("{text} {error:?}").contains("s3cret"), "{url}: {text}");
        }
    }

    #[test]
    fn tls_is_refused_by_its_name() {
        let error = client("rediss://:s3cret@cache:6379").map(|(_, address)| address);
        let error = error.expect_err("there is no TLS yet");
        let text = format!("{error} {error:?}");
        assert!(text.contains("`rediss://` asks for TLS"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}
