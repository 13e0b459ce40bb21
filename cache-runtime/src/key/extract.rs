//! The text of axum's extractors in keys.
//!
//! An extractor that wraps one value has the text of that value, so `page: Path<u64>` and `Path(page): Path<u64>` have the
//! same key. That includes `Extension`. `HeaderMap` and `Request` have no text, because only the handler knows which part of
//! them matters.

use axum::{
    Extension, Form, Json,
    body::Bytes,
    extract::{MatchedPath, OriginalUri, Path, Query, RawQuery},
};
use http::{Method, Uri};
use serde::Serialize;

use super::{CacheKeyPart, KeyError, KeyWriter, form::Wrapper};

macro_rules! wrappers {
    ($($name:ident),*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Serialize> CacheKeyPart for $name<T> {
            fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
                key.serialize(&self.0)
            }
        }

        impl<T> Wrapper for $name<T> {
            type Inner = T;

            fn inner(&self) -> &T {
                &self.0
            }
        }
    )*};
}

wrappers!(Extension, Form, Json, Path, Query);

impl CacheKeyPart for Uri {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.display(self)
    }
}

impl CacheKeyPart for OriginalUri {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        self.0.write_key(key)
    }
}

impl CacheKeyPart for RawQuery {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        self.0.write_key(key)
    }
}

impl CacheKeyPart for Method {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.str(self.as_str())
    }
}

impl CacheKeyPart for MatchedPath {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.str(self.as_str())
    }
}

/// A body, as a handler of `POST` takes it.
impl CacheKeyPart for Bytes {
    fn write_key(&self, key: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        key.bytes(self)
    }
}
