//! Everything that generated code may name. Not part of the public API.

mod bounds;
mod context;
mod response;
mod tags;
mod lookup;
mod lazy;
mod companion;

pub use axum::{
    response::{IntoResponse, Response},
    routing::MethodFilter,
};

pub use self::{
    bounds::{
        Argument, AxumState, EvictionTarget, FromUrl, IntoTag, IsDuration, NotCached, NotFromUrl, all,
        duration, may_send_max_age, not_cached,
    },
    companion::{
        Call, Evicting, Refreshing, cache_key, cache_key_by, evict, evict_all, handler_call, refresh, tagged,
        with_unknown_tags,
    },
    context::{Associated, CacheContext, Companion, Varying},
    lazy::{Deferred, DeferredBeside, unshared},
    lookup::{Ready, ResponseFuture, Waiting, WriteArguments, WriteKey},
    response::{HandlerFuture, NotAResult},
    tags::ListTags,
};
pub use crate::{
    cache::{
        HandlerCall,
        evictor::{Evictor, Pending, Targets},
    },
    error::Error,
    http::request_head::KeptHeaders,
    key::{
        CacheKeyPart, KeyArgs, KeyError, OuterFirst, Part, ViaNothing, ViaServerSide, ViaText, Within,
        cache_key::CacheKey,
        handler::{HandlerId, HandlerMeta},
    },
    origin::http::TagList,
    policy::Policy,
};
