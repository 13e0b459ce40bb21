//! Reads the source: its files, their code, and which module names which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The folder of the whole project.
pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder`, in the order of their paths.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for item in fs::read_dir(folder).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All Rust files below `folder`, without unit tests and what belongs to them.
pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let is_test = |path: &PathBuf| {
        let inside = path.strip_prefix(folder).unwrap().with_extension("");
        inside
            .iter()
            .any(|name| name == "tests" || name == "fixtures" || name == "interleavings")
    };
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    let mut found = files(folder);
    found.retain(|path| is_rust(path) && !is_test(path));
    found
}

/// How a path reads in messages: from the project's folder.
pub(super) fn display(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().display().to_string()
}

/// A file's code, without comments and without items for tests only.
pub(super) fn code(path: &Path) -> String {
    let text = read(path);
    let mut code = String::new();
    let mut lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line.starts_with("#[cfg(") && line.contains("test)") || line.starts_with("#[cfg(all(test") {
            for line in lines.by_ref() {
                if line == "}" || !line.starts_with([' ', '#']) && line.ends_with([';', '}']) {
                    break;
                }
            }
        } else {
            code.push_str(line);
            code.push('\n');
        }
    }
    code
}

/// The identifiers of some code.
pub(super) fn words(code: &str) -> BTreeSet<&str> {
    code.split(|one: char| !one.is_alphanumeric() && one != '_')
        .collect()
}

/// The modules that lib.rs lists, in its order.
pub(super) fn modules_in_order(lib: &Path) -> Vec<String> {
    let module = |line: &str| {
        let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
    };
    code(lib).lines().filter_map(module).collect()
}

/// A module's path from the crate's root.
pub(super) type Module = Vec<String>;

/// One crate: its modules, and which of them name which.
pub(super) struct Crate {
    code: BTreeMap<Module, String>,
    /// The names that a module takes over from its own modules.
    exports: BTreeMap<Module, BTreeMap<String, String>>,
}

impl Crate {
    pub(super) fn read(folder: &Path) -> Self {
        let module = |path: &PathBuf| {
            let inside = path.strip_prefix(folder).unwrap().with_extension("");
            let mut names: Module = inside
                .iter()
                .map(|name| name.to_str().unwrap().to_owned())
                .collect();
            if ["mod", "lib"].contains(&&**names.last().unwrap()) {
                names.pop();
            }
            names
        };
        let code: BTreeMap<_, _> = sources(folder)
            .iter()
            .map(|path| (module(path), code(path)))
            .collect();
        let mut this = Self {
            code,
            exports: BTreeMap::new(),
        };
        for module in this.code.keys() {
            this.exports.insert(module.clone(), this.exports_of(module));
        }
        this
    }

    fn child(&self, module: &[String], name: &str) -> Option<Module> {
        let mut child = module.to_vec();
        child.push(name.to_owned());
        self.code.contains_key(&child).then_some(child)
    }

    fn exports_of(&self, module: &Module) -> BTreeMap<String, String> {
        let mut exports = BTreeMap::new();
        let code = &self.code[module];
        for (at, _) in code.match_indices("use ") {
            let mut paths = Vec::new();
            expand(&code[at + "use ".len()..], &mut Vec::new(), &mut paths);
            for path in paths {
                let path = path.strip_prefix(&["self".to_owned()][..]).unwrap_or(&path);
                if let [child, .., item] = path
                    && self.child(module, child).is_some()
                {
                    exports.insert(item.clone(), child.clone());
                }
            }
        }
        exports
    }

    /// The module that a path leads to from `from`, as far as modules go.
    fn resolve(&self, from: &[String], path: &[String]) -> Module {
        let mut module = from.to_vec();
        for name in path {
            match &**name {
                "crate" => module.clear(),
                "super" => drop(module.pop()),
                "self" => {}
                _ => {
                    if let Some(child) = self.child(&module, name) {
                        module = child;
                    } else {
                        if let Some(child) = self.exports.get(&module).and_then(|own| own.get(name)) {
                            module.push(child.clone());
                        }
                        break;
                    }
                }
            }
        }
        module
    }

    /// For each folder, which of its modules name which of their siblings, themselves or in what is below them.
    pub(super) fn siblings(&self) -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
        let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, code) in &self.code {
            for path in paths(code) {
                let to = self.resolve(from, &path);
                let common = from.iter().zip(&to).take_while(|(one, other)| one == other);
                let common = common.count();
                if let (Some(own), Some(other)) = (from.get(common), to.get(common)) {
                    let folder = folders.entry(from[..common].to_vec()).or_default();
                    folder.entry(own.clone()).or_default().insert(other.clone());
                }
            }
        }
        folders
    }
}

/// The paths in some code that begin with `crate` or `super`.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            let is_inside = before.is_some_and(|one| one.is_alphanumeric() || "_:$".contains(one));
            if !is_inside {
                expand(&code[at..], &mut Vec::new(), &mut found);
            }
        }
    }
    found
}

/// Reads one path, with the paths of a list in braces at its end; returns what follows.
fn expand<'a>(mut code: &'a str, prefix: &mut Vec<String>, found: &mut Vec<Vec<String>>) -> &'a str {
    let depth = prefix.len();
    loop {
        code = code.trim_start();
        if let Some(mut list) = code.strip_prefix('{') {
            loop {
                list = expand(list, prefix, found).trim_start();
                match list.strip_prefix(',') {
                    Some(rest) => list = rest,
                    None => break,
                }
            }
            prefix.truncate(depth);
            return list.strip_prefix('}').unwrap_or(list);
        }
        let end = code
            .find(|one: char| !one.is_alphanumeric() && one != '_')
            .unwrap_or(code.len());
        if end > 0 {
            prefix.push(code[..end].to_owned());
        }
        code = &code[end..];
        match code.strip_prefix("::") {
            Some(rest) => code = rest,
            None => break,
        }
    }
    if prefix.len() > depth {
        found.push(prefix.clone());
    }
    prefix.truncate(depth);
    // An alias.
    if let Some(rest) = code.trim_start().strip_prefix("as ") {
        let end = rest.find([',', '}', ';']).unwrap_or(rest.len());
        return &rest[end..];
    }
    code.strip_prefix('*').unwrap_or(code)
}

#[test]
fn paths_are_read_with_their_lists() {
    let code = "use crate::{a::{self, b::C as D}, e::*};\n let f = super::g::<u8>();";
    let found: Vec<String> = paths(code).iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        ["crate::a::self", "crate::a::b::C", "crate::e", "super::g"]
    );
}
