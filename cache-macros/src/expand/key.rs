//! The arguments, to the text of the key: one function that the handler, `key` and `evict` share.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Expr, Ident, LitStr, Pat, ext::IdentExt as _, spanned::Spanned as _};

use super::Cx;
use crate::{
    handler::{Keyed, Param},
    pattern::{by_reference, may_be_constant, name_extractors, renamed},
    span::{hidden, macro_span},
};

/// Input: `Path(id): Path<u64>, State(db): State<Db>`
/// Output:
/// ```text
/// fn key(key: &mut KeyArgs<'_>, (arg0, arg1): (&Path<u64>, Option<&State<Db>>)) -> Result<(), KeyError> {
///     let Path(id) = arg0;
///     (&&&&&Part(arg0, id)).form().write(id, key.place("id"))?;
///     match arg1 {
///         Some(arg1) => {
///             let State(db) = arg1;
///             (&&&&&Part(arg1, db)).form().write(db, key.place("db"))
///         }
///         None => Ok(()),
///     }
/// }
/// ```
/// Whether an argument is axum's `State`, and leaves no trace in the key, is decided by its type: see `key::form` of the
/// runtime. The companion has no value for what is called `State`, so its functions are there only where that is axum's.
pub(super) fn writer(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let name = &cx.names.key;
    let (generics, _, bounds) = cx.generics.split_for_impl();
    let locals = cx.keyed.iter().map(|keyed| &keyed.param.local);
    let types = cx.keyed.iter().map(|keyed| {
        let ty = &keyed.param.ty;
        if keyed.unknown_to_companion {
            quote_spanned!(cx.span=> ::core::option::Option<&#ty>)
        } else {
            quote!(&#ty)
        }
    });
    let arguments = if is_joined(cx) {
        quote_spanned!(cx.span=> (#(#locals,)*): (#(#types,)*))
    } else {
        let cfgs = cx.keyed.iter().map(|keyed| &keyed.param.cfgs);
        quote_spanned!(cx.span=> #(#(#cfgs)* #locals: #types),*)
    };
    let key = hidden("__key");
    let body = body(cx, &key);
    quote_spanned! {cx.span=>
        #[doc(hidden)]
        fn #name #generics (
            #key: &mut #private::KeyArgs<'_>,
            #arguments
        ) -> ::core::result::Result<(), #private::KeyError> #bounds {
            #body
        }
    }
}

/// `context.key(product::handler_id(), (&arg0, Some(&arg1)), product::key)`, with what `argument` makes of each.
///
/// Handlers with arguments of the same types share what is compiled of it. A closure that knows the arguments is one
/// more function for each handler: it stands where some of them may be absent.
pub(super) fn call<'a>(
    cx: &'a Cx<'_>,
    of: &TokenStream,
    function: &str,
    argument: impl FnMut(&'a Keyed<'_>) -> TokenStream,
) -> TokenStream {
    let (handler_id, write) = (cx.handler_id(), cx.call(&cx.names.key));
    let arguments = cx.keyed.iter().map(argument);
    if is_joined(cx) {
        let function = Ident::new(function, cx.span);
        return quote_spanned!(cx.span=> #of #function(#handler_id, (#(#arguments,)*), #write));
    }
    let function = format_ident!("{function}_by", span = cx.span);
    let key = hidden("__key");
    let cfgs = cx.keyed.iter().map(|keyed| &keyed.param.cfgs);
    quote_spanned!(cx.span=> #of #function(#handler_id, &|#key| #write(#key, #(#(#cfgs)* #arguments),*)))
}

/// Whether the arguments are a tuple, in which `cfg` cannot stand.
fn is_joined(cx: &Cx<'_>) -> bool {
    cx.keyed.iter().all(|keyed| keyed.param.cfgs.is_empty())
}

/// The same as a closure, for an associated handler, which alone needs it.
pub(super) fn closure(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let key = hidden("__key");
    let body = body(cx, &key);
    let borrow = cx.keyed.iter().map(borrow);
    quote_spanned! {cx.span=>
        &|#key: &mut #private::KeyArgs<'_>| -> ::core::result::Result<(), #private::KeyError> {
            #(#borrow)*
            #body
        }
    }
}

fn body(cx: &Cx<'_>, key: &Ident) -> TokenStream {
    let private = cx.private(cx.span);
    if let Some(expression) = &cx.args.key {
        let bind = cx.keyed.iter().map(|keyed| bind(keyed, false));
        let expression = &expression.value;
        let span = macro_span(expression.span());
        let value = Ident::new("__value", span);
        let private = cx.private(span);
        // Not `ViaServerSide`: who names a `State` here means it.
        return quote_spanned! {span=>
            use #private::{ViaNothing as _, ViaText as _};
            #(#bind)*
            let #value = #expression;
            (&&&&#private::Part(&(), &#value)).form().write(&#value, #key.place_of_all())
        };
    }
    if cx.keyed.is_empty() {
        return quote_spanned! {cx.span=>
            let _ = #key;
            ::core::result::Result::Ok(())
        };
    }
    let arguments: Vec<Argument<'_>> = cx.keyed.iter().map(|keyed| argument(cx, keyed, key)).collect();
    let (bind, writes): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .map(|argument| (argument.bind, argument.writes))
        .unzip();
    let mut writes = writes.into_iter().flatten();
    let last = writes.next_back();
    let write = writes.map(Write::statement);
    let last = last.map(Write::result);
    quote_spanned! {cx.span=>
        use #private::{ViaNothing as _, ViaServerSide as _, ViaText as _};
        #(#bind)*
        #(#write)*
        #last
    }
}

/// Input: `tags = ["products", format!("product:{id}")]`
/// Output:
/// ```text
/// let waiting = waiting.tags(&|tags| {
///     let arg0 = &arg0;
///     let Path(id) = arg0;
///     tags.add("products");
///     tags.add(format!("product:{id}"));
/// });
/// ```
pub(super) fn tags(cx: &Cx<'_>, waiting: &Ident) -> TokenStream {
    let Some(given) = &cx.args.tags else {
        return TokenStream::new();
    };
    let list = hidden("__tags");
    let named = tag_arguments(cx, &given.value);
    let borrow = named.iter().map(borrow);
    let add = add_tags(&list, &given.value, &named);
    quote_spanned! {cx.span=>
        let #waiting = #waiting.tags(&|#list| {
            #(#borrow)*
            #add
        });
    }
}

/// Input: `tags = [format!("product:{id}")]`, and what `key(id: Path<u64>)` makes of its parameters
/// Output:
/// ```text
/// tagged(cache_key(…), &|tags| {
///     let arg0 = &id;
///     let Path(id) = arg0;
///     tags.add(format!("product:{id}"));
/// })
/// ```
/// Where the tags name what is not in the key: `with_unknown_tags(cache_key(…))`.
pub(super) fn tagged(cx: &Cx<'_>, key: TokenStream, parameters: &[Ident]) -> TokenStream {
    let Some(given) = &cx.args.tags else {
        return key;
    };
    let private = cx.private(cx.span);
    let list = hidden("__tags");
    let named = tag_arguments(cx, &given.value);
    let parameter_of = |Keyed { param, .. }: &Keyed<'_>| {
        let at = cx
            .in_companion()
            .position(|keyed| keyed.param.local == param.local)?;
        let (cfgs, local, name) = (&param.cfgs, &param.local, &parameters[at]);
        Some(quote!(#(#cfgs)* let #local = &#name;))
    };
    let Some(borrow) = named.iter().map(parameter_of).collect::<Option<Vec<_>>>() else {
        return quote_spanned!(cx.span=> #private::with_unknown_tags(#key));
    };
    let add = add_tags(&list, &given.value, &named);
    quote_spanned! {cx.span=>
        #private::tagged(#key, &|#list| {
            #(#borrow)*
            #add
        })
    }
}

/// The parameters that the tags mention.
fn tag_arguments<'a>(cx: &Cx<'a>, expressions: &[Expr]) -> Vec<Keyed<'a>> {
    cx.handler.mentioned_in(&quote!(#(#expressions),*))
}

fn add_tags(list: &Ident, expressions: &[Expr], named: &[Keyed<'_>]) -> TokenStream {
    let bind = named.iter().map(|keyed| bind(keyed, false));
    let add = expressions
        .iter()
        .map(|expression| quote_spanned!(macro_span(expression.span())=> #list.add(#expression);));
    quote!(#(#bind)* #(#add)*)
}

/// `let arg0 = &arg0;`
pub(super) fn borrow(keyed: &Keyed<'_>) -> TokenStream {
    let (cfgs, local) = (&keyed.param.cfgs, &keyed.param.local);
    quote!(#(#cfgs)* let #local = &#local;)
}

/// `let Path(id) = arg0;`
pub(super) fn bind(keyed: &Keyed<'_>, hygienic: bool) -> TokenStream {
    if keyed.whole {
        return TokenStream::new();
    }
    let pattern = by_reference(&keyed.param.pat, &keyed.bindings, hygienic);
    bind_to(keyed, &pattern)
}

fn bind_to(keyed: &Keyed<'_>, pattern: &Pat) -> TokenStream {
    let Param { cfgs, local, pat, .. } = keyed.param;
    quote_spanned!(macro_span(pat.span())=> #(#cfgs)* let #pattern = #local;)
}

/// What becomes of one parameter.
struct Argument<'a> {
    bind: TokenStream,
    writes: Vec<Write<'a>>,
}

fn argument<'a>(cx: &Cx<'_>, keyed: &Keyed<'a>, key: &Ident) -> Argument<'a> {
    let Param {
        cfgs, local, ty, pat, ..
    } = keyed.param;
    let mut argument = if keyed.whole {
        let name = local.to_string();
        let name = name.trim_start_matches('_');
        let span = macro_span(ty.span());
        Argument {
            bind: TokenStream::new(),
            writes: vec![write(cx, keyed, key, &[], &quote!(#local), name, span)],
        }
    } else {
        let mut pattern = by_reference(pat, &keyed.bindings, true);
        let extractors = name_extractors(&mut pattern, local);
        let writes = keyed.bindings.iter().map(|binding| {
            let value = renamed(binding);
            let around = extractors.iter().find(|(name, _)| *name == value);
            let around = around.map_or(&[][..], |(_, around)| around);
            // A constant stands there by value.
            let by_value = may_be_constant(binding).then(|| quote!(&));
            let (name, span) = (binding.unraw().to_string(), value.span());
            write(cx, keyed, key, around, &quote!(#by_value #value), &name, span)
        });
        Argument {
            bind: bind_to(keyed, &pattern),
            writes: writes.collect(),
        }
    };
    if keyed.unknown_to_companion {
        let span = macro_span(ty.span());
        let bind = std::mem::take(&mut argument.bind);
        let mut writes = argument.writes.into_iter();
        let last = writes.next_back().map(|write| write.expression);
        let write = writes.map(Write::statement);
        let absent = if cfgs.is_empty() {
            quote_spanned!(span=> ::core::result::Result::Ok(()))
        } else {
            let private = cx.private(span);
            quote_spanned!(span=> #private::left_out::<#ty>())
        };
        argument.writes = vec![Write {
            cfgs,
            span,
            expression: quote_spanned! {span=>
                match #local {
                    ::core::option::Option::Some(#local) => {
                        #bind
                        #(#write)*
                        #last
                    }
                    ::core::option::Option::None => #absent,
                }
            },
        }];
    }
    argument
}

/// Writes one argument's text. Its errors stand on the binding.
struct Write<'a> {
    cfgs: &'a [Attribute],
    span: Span,
    expression: TokenStream,
}

impl Write<'_> {
    fn statement(self) -> TokenStream {
        let Self {
            cfgs,
            span,
            expression,
        } = self;
        quote_spanned!(span=> #(#cfgs)* #expression?;)
    }

    /// As what the function returns: a `?` that most handlers do without is a good part of what their function costs to
    /// compile.
    fn result(self) -> TokenStream {
        if self.cfgs.is_empty() {
            return self.expression;
        }
        let write = self.statement();
        quote!(#write ::core::result::Result::Ok(()))
    }
}

/// `around` are the extractors that the value is from.
fn write<'a>(
    cx: &Cx<'_>,
    keyed: &Keyed<'a>,
    key: &Ident,
    around: &[Ident],
    value: &TokenStream,
    name: &str,
    span: Span,
) -> Write<'a> {
    let private = cx.private(span);
    let name = LitStr::new(name, span);
    let whole = match around {
        [] => quote_spanned!(span=> &()),
        [innermost] => quote!(#innermost),
        [outer @ .., innermost] => {
            let within = |inner, outer| quote_spanned!(span=> (&&#private::Within(#outer)).or(#inner));
            let whole = outer.iter().rev().fold(quote!(#innermost), within);
            quote_spanned!(span=> { use #private::OuterFirst as _; #whole })
        }
    };
    let form = Ident::new(
        if cx.handler.is_generic_in(&keyed.param.ty) {
            "own_form"
        } else {
            "form"
        },
        span,
    );
    Write {
        cfgs: &keyed.param.cfgs,
        span,
        expression: quote_spanned! {span=>
            (&&&&&#private::Part(#whole, #value)).#form().write(#value, #key.place(#name))
        },
    }
}
