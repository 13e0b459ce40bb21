//! The paths that `evict_on` evicts, with parameters that are filled in from the path of a request.

use http::{Method, request};

use super::{
    path_pattern::readings,
    route::{Route, assert_is_path},
    uri::resource_paths,
};

/// The targets that a successful request of this method and route evicts.
#[derive(Debug, Clone)]
pub(super) struct EvictOn {
    pub(super) method: Method,
    pub(super) route: Route,
    pub(super) targets: Vec<TargetTemplate>,
}

impl EvictOn {
    /// The paths that the request evicts, for all readings of its own path.
    pub(super) fn targets_of(&self, request: &request::Parts) -> Vec<TargetPath> {
        if !self.applies_to(&request.method) {
            return Vec::new();
        }
        let mut targets = Vec::new();
        for path in resource_paths(request).flat_map(readings) {
            if let Some(parameters) = self.route.captures(&path) {
                let fill =
                    |target: &TargetTemplate| target.fill(|name| parameters.get(name).unwrap_or_default());
                targets.extend(self.targets.iter().map(fill));
            }
        }
        targets
    }

    /// HEAD runs the handler of GET.
    fn applies_to(&self, method: &Method) -> bool {
        self.method == *method || (self.method == Method::GET && *method == Method::HEAD)
    }
}

/// A path to evict.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TargetPath {
    /// The path itself.
    Exact(String),
    /// The path and all paths below it.
    Below(String),
}

/// A path with parameters in braces, optionally with all paths below it.
#[derive(Debug, Clone)]
pub(super) struct TargetTemplate {
    segments: Vec<Segment>,
    and_below: bool,
}

#[derive(Debug, Clone)]
enum Segment {
    Text(String),
    Parameter(String),
}

impl TargetTemplate {
    /// # Panics
    /// If the text is not a path, or has a parameter that the route does not have.
    #[track_caller]
    pub(super) fn new(text: &str, route: &Route) -> Self {
        assert_is_path(text);
        let (mut rest, and_below) = match text.strip_suffix("/*") {
            Some(path) => (path, true),
            None => (text, false),
        };
        let mut segments = Vec::new();
        while let Some((before, inside)) = rest.split_once('{') {
            let Some((name, after)) = inside.split_once('}') else {
                panic!("{text:?} has a `{{` without `}}`");
            };
            let name = name.trim_start_matches('*');
            let parameters = [format!("{{{name}}}"), format!("{{*{name}}}")];
            assert!(
                parameters
                    .iter()
                    .any(|parameter| route.text().contains(parameter)),
                "{text:?} names `{name}`, which {:?} does not",
                route.text()
            );
            segments.extend([
                Segment::Text(before.to_owned()),
                Segment::Parameter(name.to_owned()),
            ]);
            rest = after;
        }
        segments.push(Segment::Text(rest.to_owned()));
        Self { segments, and_below }
    }

    fn fill<'v>(&self, value: impl Fn(&str) -> &'v str) -> TargetPath {
        let path = self.segments.iter().map(|segment| match segment {
            Segment::Text(text) => text,
            Segment::Parameter(name) => value(name),
        });
        let path = path.collect();
        match self.and_below {
            true => TargetPath::Below(path),
            false => TargetPath::Exact(path),
        }
    }
}
