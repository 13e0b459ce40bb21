//! Which variant of a resource a request selects (RFC 9111 section 4.1).

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{http::vary::vary_names, slot::Fingerprint};

/// The variant that a response with these fields is, as a response to this request. `None` if it has no `Vary`.
pub(crate) fn variant(response: &HeaderMap, request: &HeaderMap) -> Option<Fingerprint> {
    let fields = selecting_fields(response, request)?;
    Some(Fingerprint::of_bytes(fields.as_bytes()))
}

/// The fields that `Vary` names, with their values in the request: the same text for exactly those requests that select the
/// same variant.
fn selecting_fields(response: &HeaderMap, request: &HeaderMap) -> Option<String> {
    let mut names: Vec<_> = vary_names(response)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    names.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    names.dedup();
    let fields = names.iter().map(|name| {
        let lines: Vec<_> = request.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        match &lines[..] {
            [] => name.to_string(),
            lines => format!(
                "{name}=\"{}\"",
                normalized(name, &lines.join(&b", "[..])).escape_ascii()
            ),
        }
    });
    let fields: Vec<_> = fields.collect();
    (!fields.is_empty()).then(|| fields.join(","))
}

/// One spelling for all values of the field that mean the same: in the lists of content negotiation, whitespace around members
/// is removed, case is folded where it has no meaning, and encodings and character sets are sorted.
///
/// Languages are not sorted: some servers choose the first one of those with equal weight.
fn normalized(name: &HeaderName, value: &[u8]) -> Vec<u8> {
    let (folds_case, sorts) = match name.as_str() {
        "accept-encoding" | "accept-charset" => (true, true),
        "accept-language" => (true, false),
        "accept" => (false, false),
        _ => return value.trim_ascii().to_vec(),
    };
    let members = value.split(|&byte| byte == b',').map(|member| {
        let parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
        let member = parts.collect::<Vec<_>>().join(&b';');
        if folds_case {
            member.to_ascii_lowercase()
        } else {
            member
        }
    });
    let mut members: Vec<_> = members.filter(|member| !member.is_empty()).collect();
    if sorts {
        members.sort_unstable();
    }
    members.join(&b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fixtures::headers;

    fn of(vary: &[&str], request: &[(&str, &str)]) -> Option<String> {
        let vary: Vec<_> = vary.iter().map(|line| ("vary", *line)).collect();
        selecting_fields(&headers(&vary), &headers(request))
    }

    #[test]
    fn a_response_without_vary_has_no_variants() {
        assert_eq!(of(&[], &[("accept", "text/html")]), None);
        assert_eq!(of(&["", " , "], &[]), None);
    }

    #[test]
    fn the_fields_in_vary_distinguish_requests() {
        let of = |request: &[(&str, &str)]| of(&["X-B, x-a", "x-b"], request).unwrap();
        assert_eq!(of(&[]), "x-a,x-b");
        assert_eq!(of(&[("x-a", ""), ("x-c", "1")]), "x-a=\"\",x-b");
        let [one, other] = [[("x-a", "1\",x-b=\"2")], [("x-a", "1")]].map(|request| of(&request));
        assert_ne!(one, other);
        assert_ne!(one, of(&[("x-a", "1"), ("x-b", "2")]));
    }

    #[test]
    fn equivalent_values_select_one_variant() {
        let pairs = [
            ("accept-encoding", "gzip, br", "BR,gzip"),
            ("accept-encoding", "gzip;q=1.0 , br", "br, gzip; q=1.0"),
            ("accept-language", "de, en;q=0.5", "DE,en ; q=0.5"),
            ("accept", "text/html , */*;q=0.1", "text/html,*/*; q=0.1"),
            ("x-a", " 1 ", "1"),
        ];
        for (name, one, other) in pairs {
            assert_eq!(
                of(&[name], &[(name, one)]),
                of(&[name], &[(name, other)]),
                "{one}"
            );
        }
        let lines = [("accept-encoding", "gzip"), ("accept-encoding", "br")];
        assert_eq!(
            of(&["accept-encoding"], &lines),
            of(&["accept-encoding"], &[("accept-encoding", "br,gzip")])
        );
    }

    #[test]
    fn values_that_may_differ_in_meaning_select_different_variants() {
        let pairs = [
            ("accept-language", "de, en", "en, de"),
            ("accept", "text/html, text/plain", "text/plain, text/html"),
            ("accept", "a/b;v=A", "a/b;v=a"),
            ("x-a", "A", "a"),
            ("x-a", "1,2", "1, 2"),
            ("user-agent", "one", "One"),
        ];
        for (name, one, other) in pairs {
            assert_ne!(
                of(&[name], &[(name, one)]),
                of(&[name], &[(name, other)]),
                "{one}"
            );
        }
    }
}
