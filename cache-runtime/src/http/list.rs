//! Fields whose lines form one comma-separated list (RFC 9110 section 5.6.1).

use http::{HeaderMap, HeaderName};

/// The members of the list in all lines of the field, without empty ones.
pub(crate) fn list_members(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    members
        .map(<[u8]>::trim_ascii)
        .filter(|member| !member.is_empty())
}
