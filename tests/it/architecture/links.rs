//! Links of the README and the guides. Their targets are defined twice: in each document, for readers of the repository,
//! and in `src/links.md`, for rustdoc.

use std::{collections::BTreeMap, path::Path};

use super::source::{display, files, read, root};

/// The lines outside of code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    text.lines().filter(move |line| {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

/// The definitions `[label]: target`.
fn definitions(text: &str) -> BTreeMap<&str, &str> {
    let definitions = prose(text).filter_map(|line| line.strip_prefix('[')?.split_once("]: "));
    definitions.collect()
}

/// The anchors of a document's headings.
fn anchors(path: &Path) -> Vec<String> {
    let is_kept = |one: &char| one.is_alphanumeric() || matches!(one, ' ' | '-' | '_');
    let anchor = |heading: &str| {
        let text: String = heading.to_lowercase().chars().filter(is_kept).collect();
        text.trim().replace(' ', "-")
    };
    let text = read(path);
    let headings = prose(&text).filter_map(|line| line.strip_prefix('#'));
    headings
        .map(|heading| anchor(heading.trim_start_matches('#')))
        .collect()
}

#[test]
fn links_of_the_documentation_lead_to_headings_in_the_repository_and_in_rustdoc() {
    let rustdoc = read(&root().join("src/links.md"));
    let rustdoc = definitions(&rustdoc);
    let guides = files(&root().join("docs"));
    let guides = guides
        .iter()
        .filter(|path| path.extension().is_some_and(|one| one == "md"));
    let mut count = 0;
    for path in guides.chain([&root().join("README.md")]) {
        let text = read(path);
        for (label, target) in definitions(&text) {
            let place = format!("[{label}] of {}", display(path));
            assert!(rustdoc.contains_key(label), "{place} is not in src/links.md");
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = path.with_file_name("").join(file);
            assert!(file.exists(), "{place} leads to no file");
            let exists = anchor.is_empty() || anchors(&file).iter().any(|one| one == anchor);
            assert!(exists, "{place} leads to no heading: {anchor}");
            count += 1;
        }
    }
    assert!(count > 40, "the documents are read: {count}");
}

#[test]
fn readme_has_200_lines_at_most() {
    let readme = read(&root().join("README.md"));
    assert!(readme.lines().count() <= 200);
}
