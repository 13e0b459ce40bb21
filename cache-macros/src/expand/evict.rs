//! The targets of `#[cache_evict]`, which are named before the body runs.

use proc_macro2::{Delimiter, Group, Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Path, PathArguments, spanned::Spanned as _, token::Paren};

use super::{
    bindings::{bind, borrow},
    context::{Context, HANDLER_ID},
    owned::owned,
};
use crate::{
    parse::{Entries, Target},
    syntax::span::{hidden, macro_span},
};

/// The longest list of arguments for which the runtime has a type in place of a missing companion.
const LONGEST_NOT_CACHED: usize = 7;

/// Input: `get_product(Path(id)), list_products::<Db>(..), tag = format!("product:{id}")`
/// Output:
/// ```text
/// evictor.begin(|targets| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     EvictionTarget::add_to(get_product::key(Path(Clone::clone(id))), targets);
///     EvictionTarget::add_to(list_products::__handler_id::<Db>(), targets);
///     targets.tag(IntoTag::into_tag(format!("product:{id}")));
/// })
/// ```
/// One statement for each target, so that errors are shown at its tokens.
pub(super) fn begin(cx: &Context<'_>, targets: &[Target], evictor: &Ident) -> TokenStream {
    let list = hidden("__targets");
    let statements = targets.iter().map(|target| statement(cx, target, &list));
    let expressions: TokenStream = targets.iter().filter_map(expressions).collect();
    let bind = cx.handler.used_in(&expressions).into_iter().map(|used| {
        let (borrow, bind) = (borrow(&used), bind(&used));
        quote!(#borrow #bind)
    });
    quote_spanned! {cx.span=>
        #evictor.begin(|#list| {
            #(#bind)*
            #(#statements)*
        })
    }
}

/// The user's expressions in a target, which may use bindings of the handler.
fn expressions(target: &Target) -> Option<TokenStream> {
    // The comma separates the last name of one target from the first of the next.
    match target {
        Target::Handler {
            entries: Entries::Of(arguments),
            ..
        } => Some(quote!(#arguments,)),
        Target::Handler { .. } => None,
        Target::Tag { value, .. } => Some(quote!(#value,)),
    }
}

fn statement(cx: &Context<'_>, target: &Target, list: &Ident) -> TokenStream {
    match target {
        Target::Tag { name, value } => {
            let span = macro_span(name.span());
            let private = cx.private(macro_span(value.span()));
            let tag = owned(value, cx.handler);
            let tag = quote_spanned!(macro_span(value.span())=> #private::IntoTag::into_tag(#tag));
            quote_spanned!(span=> #list.tag(#tag);)
        }
        Target::Handler {
            companion,
            paren,
            entries,
        } => match entries {
            Entries::Of(arguments) => {
                let count = arguments.len();
                let arguments = arguments.iter().map(|argument| owned(argument, cx.handler));
                let call = Call {
                    function: "key",
                    arguments: quote!(#(#arguments),*),
                    count,
                };
                call.statement(cx, companion, paren, list)
            }
            Entries::All => {
                let call = Call {
                    function: HANDLER_ID,
                    arguments: TokenStream::new(),
                    count: 0,
                };
                call.statement(cx, companion, paren, list)
            }
        },
    }
}

/// A call of a function of a companion.
struct Call {
    function: &'static str,
    arguments: TokenStream,
    count: usize,
}

impl Call {
    /// Output:
    /// ```text
    /// {
    ///     use not_cached::arguments_1::*;
    ///     {
    ///         use get_product as __target;
    ///         EvictionTarget::add_to(__target::key::<Db>(Path(id)), targets);
    ///     }
    /// }
    /// ```
    /// The first import is the type of that name for handlers without a companion, that is, without `#[cache]`.
    fn statement(self, cx: &Context<'_>, companion: &Path, paren: &Paren, list: &Ident) -> TokenStream {
        let mut companion = companion.clone();
        let is_single = companion.segments.len() == 1;
        let Some(last) = companion.segments.last_mut() else {
            return TokenStream::new();
        };
        let turbofish = std::mem::replace(&mut last.arguments, PathArguments::None);
        let user_span = last.ident.span();
        let span = macro_span(user_span);
        if is_single {
            // Without a companion the import is unused; the error says enough.
            last.ident.set_span(span);
        }
        let private = cx.private(span);
        // With the span of the user, the compiler suggests missing arguments.
        let (target, function) = (
            Ident::new("__target", user_span),
            Ident::new(self.function, user_span),
        );
        let mut arguments = Group::new(Delimiter::Parenthesis, self.arguments);
        arguments.set_span(paren.span.join());
        let not_cached = (self.count <= LONGEST_NOT_CACHED).then(|| {
            let module = format_ident!("arguments_{}", self.count, span = span);
            quote_spanned!(span=> use #private::not_cached::#module::*;)
        });
        quote_spanned! {span=>
            {
                #not_cached
                {
                    use #companion as #target;
                    #private::EvictionTarget::add_to(#target::#function #turbofish #arguments, #list);
                }
            }
        }
    }
}
