//! The rules of ARCHITECTURE.md, checked against the source.

mod exceptions;
mod links;
mod source;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use source::{Crate, code, display, files, modules_in_order, read, root, sources, words};

/// The crates whose structure is checked.
const CRATES: [&str; 2] = ["cache-macros/src", "cache-runtime/src"];

const RUNTIME: &str = "cache-runtime/src";

/// Fails for each place that breaks a rule without being listed, and for each listed one that keeps it.
#[track_caller]
fn assert_only(found: &[String], exceptions: &[&str], rule: &str) {
    let unlisted: Vec<_> = found
        .iter()
        .filter(|one| !exceptions.contains(&&***one))
        .collect();
    let outdated: Vec<_> = exceptions
        .iter()
        .filter(|one| !found.iter().any(|found| found == **one))
        .collect();
    assert!(
        unlisted.is_empty() && outdated.is_empty(),
        "{rule}.\nThese break the rule: {unlisted:#?}\nThese keep it now, so delete them in exceptions.rs: {outdated:#?}"
    );
}

#[test]
fn modules_use_only_those_before_them_in_lib_rs() {
    let order = modules_in_order(&root().join(RUNTIME).join("lib.rs"));
    let position: BTreeMap<&str, usize> = order.iter().map(|module| &**module).zip(0..).collect();
    assert!(
        order.len() > 10 && position["error"] < position["engine"],
        "{order:?}"
    );

    let mut later = Vec::new();
    let crate_ = Crate::read(&root().join(RUNTIME));
    for (own, others) in &crate_.siblings()[&Vec::new()] {
        for other in others {
            if position[&**other] > position[&**own] {
                later.push(format!("{own}: {other}"));
            }
        }
    }
    assert_only(
        &later,
        exceptions::LATER_MODULES,
        "Modules use only those before them in lib.rs",
    );
}

#[test]
fn no_folder_holds_a_circle_of_modules() {
    let mut circles = Vec::new();
    for folder in CRATES {
        for (module, uses) in Crate::read(&root().join(folder)).siblings() {
            let reached: BTreeMap<&str, BTreeSet<&str>> = uses
                .keys()
                .map(|from| (&**from, reachable(&uses, from)))
                .collect();
            let mut seen = BTreeSet::new();
            for (from, to) in &reached {
                let circle: Vec<&str> = to
                    .iter()
                    .copied()
                    .filter(|other| reached.get(other).is_some_and(|back| back.contains(from)))
                    .collect();
                if circle.len() > 1 && seen.insert(circle.clone()) {
                    let folder = [&[folder.to_owned()], &*module].concat().join("/");
                    circles.push(format!("{folder}: {}", circle.join(", ")));
                }
            }
        }
    }
    assert_only(
        &circles,
        exceptions::CIRCLES,
        "No modules of one folder use each other in a circle",
    );
}

fn reachable<'a>(uses: &'a BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(module) = next.pop() {
        for other in uses.get(module).into_iter().flatten() {
            if reached.insert(&**other) {
                next.push(other);
            }
        }
    }
    reached
}

#[test]
fn engine_and_stores_know_no_http() {
    let mut named = Vec::new();
    for folder in ["engine", "store"] {
        for path in sources(&root().join(RUNTIME).join(folder)) {
            let code = code(&path);
            let words = words(&code);
            if ["axum", "http", "http_body", "http_body_util"]
                .iter()
                .any(|word| words.contains(word))
            {
                named.push(display(&path));
            }
        }
    }
    assert_only(
        &named,
        exceptions::NAMES_HTTP,
        "The engine and the stores name neither `http` nor `axum`",
    );
}

#[test]
fn files_are_short() {
    let lines = |path: &PathBuf| read(path).lines().count();
    let mut long = Vec::new();
    for folder in [
        "src",
        "cache-macros/src",
        "cache-runtime/src",
        "examples",
        "tests",
    ] {
        for path in files(&root().join(folder)) {
            if path.extension().is_some_and(|extension| extension == "rs") && lines(&path) > 400 {
                long.push(display(&path));
            }
        }
    }
    assert_only(&long, exceptions::LONG_FILES, "A file has at most 400 lines");

    let mut medians = Vec::new();
    for folder in CRATES {
        let mut all: Vec<usize> = sources(&root().join(folder)).iter().map(lines).collect();
        all.sort_unstable();
        if all[all.len() / 2] >= 150 {
            medians.push(folder.to_owned());
        }
    }
    assert_only(
        &medians,
        exceptions::LONG_MEDIANS,
        "The median file of a crate has fewer than 150 lines",
    );
}

#[test]
fn architecture_lists_every_module_in_order() {
    let map = read(&root().join("ARCHITECTURE.md"));
    let (_, map) = map.split_once("### `cache-runtime`").unwrap();
    let mut last = 0;
    for module in modules_in_order(&root().join(RUNTIME).join("lib.rs")) {
        let at = [format!("`{module}`"), format!("`{module}/`")]
            .iter()
            .filter_map(|name| map.find(name))
            .min();
        let at = at.unwrap_or_else(|| panic!("`{module}` is missing in ARCHITECTURE.md"));
        assert!(
            at > last,
            "`{module}` has another place in ARCHITECTURE.md than in lib.rs"
        );
        last = at;
    }
}

#[test]
fn only_the_redis_store_names_its_client() {
    for path in sources(&root().join(RUNTIME)) {
        if !display(&path).starts_with("cache-runtime/src/store/redis") {
            let code = code(&path);
            assert!(
                !code.contains("use redis::") && !code.contains(" redis::"),
                "{}",
                display(&path)
            );
        }
    }
}

#[test]
fn rules_of_http_read_no_clock() {
    for path in sources(&root().join(RUNTIME).join("http")) {
        let code = code(&path);
        for clock in ["Instant", "SystemTime::now", "Clock"] {
            assert!(!code.contains(clock), "{} names {clock}", display(&path));
        }
    }
}

/// `docs/rfc9111.md` names the test of each requirement.
#[test]
fn tests_that_the_table_of_requirements_names_exist() {
    let mut tests = String::new();
    for folder in ["tests/it", RUNTIME] {
        for path in files(&root().join(folder)) {
            tests += &read(&path);
        }
    }
    let table = read(&root().join("docs/rfc9111.md"));
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
