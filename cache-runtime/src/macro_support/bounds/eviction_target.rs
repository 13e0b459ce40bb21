//! What `#[cache_evict]` evicts.

use crate::{
    cache::evictor::Targets,
    key::{cache_key::CacheKey, handler::HandlerId},
};

/// A target of `#[cache_evict]`: the key of a handler with `#[cache]`, or all of its keys.
///
/// If the handler has no `#[cache]`, add it or remove the target. If its attribute has `companion = Name`, write `Name` in
/// place of the handler's name.
#[diagnostic::on_unimplemented(
    message = "this target of `#[cache_evict]` is not a handler with `#[cache]`",
    label = "no `#[cache]`",
    note = "add `#[cache]` to the handler, or remove the target: an uncached handler has no entries to evict",
    note = "if the attribute of the handler has `companion = Name`, write `Name(...)` here"
)]
pub trait EvictionTarget {
    #[doc(hidden)]
    fn add_to(self, targets: &mut Targets);
}

impl EvictionTarget for CacheKey {
    fn add_to(self, targets: &mut Targets) {
        targets.key(self);
    }
}

#[diagnostic::do_not_recommend]
impl EvictionTarget for HandlerId {
    fn add_to(self, targets: &mut Targets) {
        targets.all(self);
    }
}

/// In place of a key, for a handler without `#[cache]`.
#[derive(Debug)]
pub enum NotCached {}

/// In place of the companion, for a handler without `#[cache]`: one type for each number of arguments.
///
/// Generated code imports the type of a target under the name `__target`. If the handler has no companion, it finds the type
/// of this module in an outer scope.
pub mod not_cached {
    use super::NotCached;

    macro_rules! companions {
        ($($module:ident($($argument:ident)*))*) => {$(
            #[doc(hidden)]
            #[expect(missing_debug_implementations, non_camel_case_types, reason = "generated code has this name")]
            #[allow(non_snake_case, reason = "an argument is called as its type")]
            pub mod $module {
                use super::NotCached;

                pub enum __target {}

                impl __target {
                    pub fn key<$($argument),*>($($argument: $argument),*) -> NotCached {
                        $(drop($argument);)*
                        unreachable!("generated code does not compile for a handler without `#[cache]`")
                    }

                    pub fn __handler_id() -> NotCached {
                        unreachable!("generated code does not compile for a handler without `#[cache]`")
                    }
                }
            }
        )*};
    }

    companions! {
        arguments_0() arguments_1(A) arguments_2(A B) arguments_3(A B C) arguments_4(A B C D) arguments_5(A B C D E)
        arguments_6(A B C D E F) arguments_7(A B C D E F G)
    }
}
