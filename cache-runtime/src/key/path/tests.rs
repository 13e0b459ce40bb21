use proptest::prelude::*;

use super::*;

#[test]
fn each_byte_has_one_encoding() {
    for (path, normal) in [
        ("/users/7", "/users/7"),
        ("/users/%37", "/users/7"),
        ("/%7euser", "/~user"),
        ("/%40me", "/@me"),
        ("/caf\u{e9} x", "/caf%C3%A9%20x"),
        ("/caf%c3%a9%20x", "/caf%C3%A9%20x"),
        ("/a%2fb", "/a%2Fb"),
        ("/a;b", "/a;b"),
        ("/a%3bb", "/a%3Bb"),
        ("/a%2", "/a%252"),
        ("/a%zz", "/a%25zz"),
        ("/a%25zz", "/a%25zz"),
        ("/a\\b", "/a%5Cb"),
        ("/{id}", "/%7Bid%7D"),
        ("/a//b/", "/a//b/"),
        ("/a/../b", "/a/../b"),
    ] {
        assert_eq!(normal_encoding(path), normal, "{path}");
    }
}

#[test]
fn each_resource_has_one_name() {
    for (path, normal) in [
        ("/", "/"),
        ("", "/"),
        ("//", "/"),
        ("/..", "/"),
        ("/users/7", "/users/7"),
        ("/users/7/", "/users/7"),
        ("//users//7//", "/users/7"),
        ("/users/%37", "/users/7"),
        ("/users/../users/7", "/users/7"),
        ("/users/%2e%2E/users/./7", "/users/7"),
        ("/users/7;v=1", "/users/7"),
        ("/static/..;/users/7", "/users/7"),
        ("/users%2F7", "/users/7"),
        ("/users\\7", "/users/7"),
        ("/a//../b", "/a/b"),
        ("/%2541", "/%2541"),
        ("/a?", "/a%3F"),
        ("/caf\u{e9} x", "/caf%C3%A9%20x"),
        ("/...", "/..."),
        ("/.well-known/x", "/.well-known/x"),
        ("/a%zz", "/a%25zz"),
    ] {
        assert_eq!(normalize(path), normal, "{path}");
    }
}

#[test]
fn ancestors_are_whole_segments() {
    let of = |path| ancestors(path).collect::<Vec<_>>();
    assert_eq!(of("/a/bc/d"), ["/a", "/a/bc", "/a/bc/d"]);
    assert_eq!(of("/a"), ["/a"]);
    assert!(of("/").is_empty());
}

/// What may be written into a path so that it stays the same resource.
#[derive(Debug, Clone)]
enum Detour {
    None,
    Dot,
    Empty,
    Back(String),
    BackEscaped(String),
    Parameter(String),
}

fn detour() -> impl Strategy<Value = Detour> {
    prop_oneof![
        4 => Just(Detour::None),
        1 => Just(Detour::Dot),
        1 => Just(Detour::Empty),
        1 => "[a-z]{1,3}".prop_map(Detour::Back),
        1 => "[a-z]{1,3}".prop_map(Detour::BackEscaped),
        1 => "[a-z=]{0,3}".prop_map(Detour::Parameter),
    ]
}

/// How a byte is written, where there is a choice.
fn spelling() -> impl Strategy<Value = Vec<(Vec<u8>, Detour)>> {
    prop::collection::vec((prop::collection::vec(0..3_u8, 24), detour()), 6)
}

fn spelled(segments: &[String], spelling: &[(Vec<u8>, Detour)]) -> String {
    let mut path = String::new();
    for (segment, (bytes, detour)) in segments.iter().zip(spelling) {
        match detour {
            Detour::Dot => path.push_str("/."),
            Detour::Empty => path.push('/'),
            Detour::Back(name) => path.push_str(&format!("/{name}/..")),
            Detour::BackEscaped(name) => path.push_str(&format!("/{name}/%2e.;")),
            Detour::None | Detour::Parameter(_) => {}
        }
        path.push('/');
        let mut choice = bytes.iter().cycle();
        for character in segment.chars() {
            let mut buffer = [0; 4];
            let how = choice.next().copied().unwrap_or(0);
            // These would end the segment, or begin an escape.
            let must = matches!(character, '%');
            for byte in character.encode_utf8(&mut buffer).bytes() {
                match how {
                    1 => path.push_str(&format!("%{byte:02x}")),
                    2 => path.push_str(&format!("%{byte:02X}")),
                    _ if must => path.push_str("%25"),
                    _ => {}
                }
            }
            if how == 0 && !must {
                path.push(character);
            }
        }
        if let Detour::Parameter(parameter) = detour {
            path.push_str(&format!(";{parameter}"));
        }
    }
    path
}

proptest! {
    #[test]
    fn p2_every_spelling_has_one_name(
        segments in prop::collection::vec("[^/\\\\;.\u{0}]{1,8}", 1..6),
        (one, other) in (spelling(), spelling()),
    ) {
        let (one, other) = (spelled(&segments, &one), spelled(&segments, &other));
        prop_assert_eq!(normalize(&one), normalize(&other), "{} and {}", one, other);
    }

    #[test]
    fn normal_forms_are_idempotent(path in "(/|[^?#]){0,12}") {
        let name = normalize(&path).into_owned();
        prop_assert_eq!(normalize(&name), name.as_str());
        prop_assert_eq!(normal_encoding(&name), name.as_str());
        let encoded = normal_encoding(&path).into_owned();
        prop_assert_eq!(normal_encoding(&encoded), encoded.as_str());
        prop_assert_eq!(normalize(&encoded), name.as_str(), "one is coarser than the other");
    }

    #[test]
    fn different_segments_have_different_names(
        one in prop::collection::vec("[a-c% \u{e9}]{1,2}", 1..3),
        other in prop::collection::vec("[a-c% \u{e9}]{1,2}", 1..3),
    ) {
        prop_assume!(one != other);
        let path = |segments: &[String]| format!("/{}", segments.join("/").replace('%', "%25"));
        let (one, other) = (path(&one), path(&other));
        prop_assert_ne!(normalize(&one), normalize(&other));
    }
}
