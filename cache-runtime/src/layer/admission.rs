//! Which requests the layer caches, under which policy, and the keys of their entries.

use std::time::Duration;

use http::{HeaderMap, request};

use super::{config::LayerConfig, resource::Resource, uri::original_uri};
use crate::{
    http::{accepts_method, credentials::is_credential},
    key::{KeyArgs, KeyError, handler::Handler},
    policy::Policy,
};

/// Paths with more segments are not cached: each segment adds a tag, by which evictions of paths above reach the entry.
const MAX_SEGMENTS: usize = 16;

/// A request that the layer caches.
#[derive(Debug)]
pub(super) struct AdmittedRequest<'a> {
    pub(super) resource: Resource<'a>,
    pub(super) policy: Policy,
    pub(super) handler: Handler,
    /// The result of the layer's `partition`. The inner `None` is a partition, too.
    partition: Option<Option<String>>,
    /// The request carries credentials that neither `partition` nor `public` accounts for: only a response that allows sharing is
    /// stored.
    pub(super) has_credentials: bool,
}

impl LayerConfig {
    /// The request, if the layer caches it. Calls functions of the application, which may panic.
    pub(super) fn admit<'a>(&self, request: &'a request::Parts) -> Option<AdmittedRequest<'a>> {
        let resource = Resource::identify(request)?;
        if !self.is_selected(&resource) {
            return None;
        }
        let (mut policy, handler) = self.policy_for(resource.path())?;
        if resource.paths().any(has_too_many_segments)
            || self.admit.as_ref().is_some_and(|admit| !admit(request))
        {
            return None;
        }
        let partition = self.partition.as_ref().map(|partition| partition(request));
        if partition.is_some() {
            // The response is for one partition: outer caches must not share it, and a browser must not keep it when its user
            // changes.
            policy = policy.private().client_max_age(Duration::ZERO);
        }
        let has_credentials =
            !self.public && partition.is_none() && self.contains_credentials(&request.headers);
        Some(AdmittedRequest {
            resource,
            policy,
            handler,
            partition,
            has_credentials,
        })
    }

    /// Whether `only` and `exclude` select the resource.
    fn is_selected(&self, resource: &Resource<'_>) -> bool {
        let path = resource.path();
        let is_included = self
            .only
            .as_deref()
            .is_none_or(|only| only.iter().any(|pattern| pattern.matches(path)));
        let is_excluded = |path| {
            self.exclude
                .iter()
                .any(|pattern| pattern.matches_any_reading(path))
        };
        is_included && !resource.paths().any(is_excluded)
    }

    fn contains_credentials(&self, headers: &HeaderMap) -> bool {
        headers
            .keys()
            .any(|name| is_credential(name.as_str()) || self.credentials.contains(name))
    }

    /// Whether the layer caches responses to this request's method, even if it is an unsafe one.
    pub(super) fn caches_method(&self, request: &request::Parts) -> bool {
        let policy = self.policy_for(original_uri(request).path());
        policy.is_some_and(|(policy, _)| accepts_method(policy.methods, &request.method))
    }

    pub(super) fn write_key(
        &self,
        request: &request::Parts,
        admitted: &AdmittedRequest<'_>,
        key: &mut KeyArgs<'_>,
    ) -> Result<(), KeyError> {
        self.namespace.write_key(key);
        admitted.resource.write_key(&self.query_names, key)?;
        if let Some(extra) = &self.key {
            key.arg("key").str(&extra(request))?;
        }
        if let Some(partition) = &admitted.partition {
            let hash = |partition: &String| blake3::hash(partition.as_bytes()).to_hex().to_string();
            key.arg("partition").serialize(&partition.as_ref().map(hash))?;
        }
        if admitted.has_credentials {
            // Entries of their own: a response that is not stored for these requests must not keep others from filling.
            key.arg("credentials").serialize(&true)?;
        }
        Ok(())
    }
}

fn has_too_many_segments(path: &str) -> bool {
    path.bytes().filter(|byte| *byte == b'/').count() >= MAX_SEGMENTS
}
