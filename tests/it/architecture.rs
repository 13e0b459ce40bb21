//! What ARCHITECTURE.md says of the runtime's source, read off the source.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cache-runtime/src")
}

/// Every source file below `folder`, tests left out.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path
            .file_stem()
            .is_some_and(|stem| stem == "tests" || stem == "fixtures")
        {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// A file's code: no comments, and no unit tests, which stand last.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]");
    let code = lines.filter(|line| !line.trim_start().starts_with("//"));
    code.collect::<Vec<_>>().join("\n")
}

/// The modules that a file names through `crate::`, nested lists included.
fn named_modules(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut item = String::new();
            for character in list.chars() {
                match character {
                    '}' if depth == 0 => break,
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => named.push(std::mem::take(&mut item)),
                    _ if depth == 0 => item.push(character),
                    _ => {}
                }
            }
            named.push(item);
        } else {
            named.push(rest.to_owned());
        }
    }
    let first_word = |text: &String| {
        text.trim()
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
            .map(str::to_owned)
    };
    named.iter().filter_map(first_word).collect()
}

#[test]
fn imports_point_upward_in_the_table_of_modules() {
    let lib = code(&runtime().join("lib.rs"));
    let order: BTreeMap<&str, usize> = lib
        .lines()
        .filter_map(|line| {
            line.trim_start_matches("pub ")
                .strip_prefix("mod ")?
                .strip_suffix(';')
        })
        .zip(0..)
        .collect();
    assert!(order.len() > 10 && order["error"] < order["engine"], "{order:?}");

    for path in sources(&runtime()) {
        let inside = path.strip_prefix(runtime()).unwrap();
        let own = inside
            .iter()
            .next()
            .unwrap()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs");
        let Some(own) = order.get(own) else { continue };
        for module in named_modules(&code(&path)) {
            if let Some(other) = order.get(&*module) {
                assert!(
                    other <= own,
                    "{} names `crate::{module}`, which stands below it",
                    inside.display()
                );
            }
        }
    }
}

#[test]
fn architecture_lists_every_module_in_order() {
    let lib = code(&runtime().join("lib.rs"));
    let modules = lib.lines().filter_map(|line| {
        line.trim_start_matches("pub ")
            .strip_prefix("mod ")?
            .strip_suffix(';')
    });
    let map = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md")).unwrap();
    let map = map.split_once("### `cache-runtime`").unwrap().1;
    let mut last = 0;
    for module in modules {
        let at = [format!("`{module}`"), format!("`{module}/`")]
            .iter()
            .filter_map(|name| map.find(name))
            .min();
        let at = at.unwrap_or_else(|| panic!("`{module}` is missing in ARCHITECTURE.md"));
        assert!(
            at > last,
            "`{module}` stands elsewhere in ARCHITECTURE.md than in lib.rs"
        );
        last = at;
    }
}

#[test]
fn only_the_redis_store_names_its_client() {
    for path in sources(&runtime()) {
        let inside = path.strip_prefix(runtime()).unwrap().to_owned();
        if !inside.starts_with("store/redis") {
            let code = code(&path);
            assert!(
                !code.contains("use redis::") && !code.contains(" redis::"),
                "{}",
                inside.display()
            );
        }
    }
}

#[test]
fn rules_read_no_clock() {
    for path in sources(&runtime().join("http")) {
        let code = code(&path);
        for clock in ["Instant", "SystemTime::now", "Clock"] {
            assert!(!code.contains(clock), "{} names {clock}", path.display());
        }
    }
}

#[test]
fn no_file_outgrows_its_idea() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [
        "src",
        "cache-macros/src",
        "cache-runtime/src",
        "examples",
        "tests",
    ] {
        for path in sources(&root.join(folder)) {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            assert!(lines < 500, "{} has {lines} lines", path.display());
        }
    }
}

/// `docs/rfc9111.md` says which test stands for which requirement.
#[test]
fn tests_that_the_table_of_requirements_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut tests = String::new();
    for folder in ["tests/it", "cache-runtime/src"] {
        for path in all_sources(&root.join(folder)) {
            tests += &fs::read_to_string(path).unwrap();
        }
    }
    let table = fs::read_to_string(root.join("docs/rfc9111.md")).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| "));
    let last = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    let is_name =
        |text: &&str| text.contains('_') && text.chars().all(|one| one.is_ascii_alphanumeric() || one == '_');
    let mut count = 0;
    for name in last.flat_map(|cell| cell.split('`')).filter(is_name) {
        assert!(tests.contains(&format!("fn {name}(")), "no test is called {name}");
        count += 1;
    }
    assert!(count > 60, "the table is read: {count}");
}

fn all_sources(folder: &Path) -> Vec<PathBuf> {
    let items = fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    let found = items.map(|path| match path.is_dir() {
        true => all_sources(&path),
        false => vec![path],
    });
    found.flatten().collect()
}
