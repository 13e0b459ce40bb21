//! Replays the fuzz targets in seconds: each seed, each of its prefixes, and each seed with one byte changed.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    thread,
};

use handler_cache_runtime::fuzz::TARGETS;

/// One bit, another case, another half of the bytes, and all bits.
const CHANGES: [u8; 4] = [0x01, 0x20, 0x80, 0xff];

#[test]
fn cache_control_holds_for_its_seeds() {
    replay("cache_control");
}

#[test]
fn p8_entry_holds_for_its_seeds() {
    replay("entry");
}

#[test]
fn if_none_match_holds_for_its_seeds() {
    replay("if_none_match");
}

#[test]
fn p2_keys_hold_for_their_seeds() {
    replay("keys");
}

#[test]
fn every_property_has_a_target_and_seeds() {
    let properties: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    for folder in ["fuzz_targets", "seeds"] {
        let found = files(&fuzz().join(folder));
        let found = found.iter().map(|path| path.file_stem().unwrap());
        let found: BTreeSet<String> = found.map(|stem| stem.to_str().unwrap().to_owned()).collect();
        assert_eq!(found, properties, "fuzz/{folder}");
    }
}

fn replay(target: &str) {
    let (_, holds) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seeds = files(&fuzz().join("seeds").join(target));
    assert!(!seeds.is_empty(), "fuzz/seeds/{target} is empty");
    for path in seeds {
        let seed = fs::read(&path).unwrap();
        let run = |input: &[u8]| {
            let _shown = Shown { path: &path, input };
            holds(input);
        };
        run(&seed);
        for length in 0..seed.len() {
            run(&seed[..length]);
        }
        for at in 0..seed.len() {
            for change in CHANGES {
                let mut changed = seed.clone();
                changed[at] ^= change;
                run(&changed);
            }
        }
    }
}

/// Prints the input when a property does not hold.
struct Shown<'a> {
    path: &'a Path,
    input: &'a [u8],
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}: \"{}\"", self.path.display(), self.input.escape_ascii());
        }
    }
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found: Vec<PathBuf> = found.map(|file| file.unwrap().path()).collect();
    found.sort();
    found
}
