//! The arguments, to the text of the key: one function that the handler, `key` and `evict` share.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Expr, Ident, LitStr, ext::IdentExt as _, spanned::Spanned as _};

use super::Cx;
use crate::{
    handler::Keyed,
    pattern::{by_reference, may_be_constant, renamed},
    span::{hidden, macro_span},
};

/// Input: `Path(id): Path<u64>, Query(Page { number, .. }): Query<Page>`
/// Output:
/// ```text
/// fn key(key: &mut KeyArgs<'_>, (arg0, arg1): (&Path<u64>, &Query<Page>)) -> Result<(), KeyError> {
///     let Path(id) = arg0;
///     let Query(Page { number: number, .. }) = arg1;
///     (&&&Part(id)).form().write(id, key.arg("id"))?;
///     (&&&Part(number)).form().write(number, key.arg("number"))
/// }
/// ```
pub(super) fn writer(cx: &Cx<'_>) -> TokenStream {
    let private = cx.private(cx.span);
    let name = &cx.names.key;
    let (generics, _, bounds) = cx.generics.split_for_impl();
    let locals = cx.keyed.iter().map(|keyed| &keyed.param.local);
    let types = cx.keyed.iter().map(|keyed| &keyed.param.ty);
    let arguments = if is_joined(cx) {
        quote_spanned!(cx.span=> (#(#locals,)*): (#(&#types,)*))
    } else {
        let cfgs = cx.keyed.iter().map(|keyed| &keyed.param.cfgs);
        quote_spanned!(cx.span=> #(#(#cfgs)* #locals: &#types),*)
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

/// `context.key(product::itself(), (&arg0, &arg1), product::key)`, with the arguments by these names.
///
/// Handlers with arguments of the same types share what is compiled of it. A closure that knows the arguments is one
/// more function for each handler: it stands where some of them may be absent.
pub(super) fn call(cx: &Cx<'_>, of: &TokenStream, function: &str, names: &[Ident]) -> TokenStream {
    let (itself, write) = (cx.itself(), cx.call(&cx.names.key));
    if is_joined(cx) {
        let function = Ident::new(function, cx.span);
        return quote_spanned!(cx.span=> #of #function(#itself, (#(&#names,)*), #write));
    }
    let function = format_ident!("{function}_by", span = cx.span);
    let key = hidden("__key");
    let cfgs = cx.keyed.iter().map(|keyed| &keyed.param.cfgs);
    quote_spanned!(cx.span=> #of #function(#itself, &|#key| #write(#key, #(#(#cfgs)* &#names),*)))
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
    let imports = quote_spanned! {cx.span=>
        use #private::{ViaKeyPart as _, ViaNothing as _, ViaSerialize as _};
    };
    if let Some(expression) = &cx.args.key {
        let bind = cx.keyed.iter().map(|keyed| bind(keyed, false));
        let expression = &expression.value;
        let span = macro_span(expression.span());
        let value = Ident::new("__value", span);
        let private = cx.private(span);
        return quote_spanned! {span=>
            #imports
            #(#bind)*
            let #value = #expression;
            (&&&#private::Part(&#value)).form().write(&#value, #key.whole())
        };
    }
    if cx.keyed.is_empty() {
        return quote_spanned! {cx.span=>
            let _ = #key;
            ::core::result::Result::Ok(())
        };
    }
    let bind = cx.keyed.iter().map(|keyed| bind(keyed, true));
    let mut writes = cx.keyed.iter().flat_map(|keyed| {
        let whole = keyed.whole.then(|| {
            let (local, ty) = (&keyed.param.local, &keyed.param.ty);
            let name = local.to_string();
            write(
                cx,
                keyed,
                key,
                quote!(#local),
                name.trim_start_matches('_'),
                macro_span(ty.span()),
            )
        });
        let bindings = keyed.bindings.iter().map(|binding| {
            let value = renamed(binding);
            // A constant stands there by value.
            let by_value = may_be_constant(binding).then(|| quote!(&));
            let name = binding.unraw().to_string();
            write(cx, keyed, key, quote!(#by_value #value), &name, value.span())
        });
        whole.into_iter().chain(bindings).collect::<Vec<_>>()
    });
    let last = writes.next_back();
    let write = writes.map(Write::statement);
    let last = last.map(Write::result);
    quote_spanned! {cx.span=>
        #imports
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
            .keyed
            .iter()
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
    let Keyed {
        param,
        bindings,
        whole,
    } = keyed;
    if *whole {
        return TokenStream::new();
    }
    let (cfgs, local) = (&param.cfgs, &param.local);
    let pattern = by_reference(&param.pat, bindings, hygienic);
    quote_spanned!(macro_span(param.pat.span())=> #(#cfgs)* let #pattern = #local;)
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

fn write<'a>(
    cx: &Cx<'_>,
    keyed: &Keyed<'a>,
    key: &Ident,
    value: TokenStream,
    name: &str,
    span: Span,
) -> Write<'a> {
    let private = cx.private(span);
    let name = LitStr::new(name, span);
    let expression = if cx.handler.is_generic_in(&keyed.param.ty) {
        // Method lookup would settle on what the bounds promise; the trait is what the instance has.
        quote_spanned!(span=> #private::CacheKeyPart::write_key(#value, #key.arg(#name)))
    } else {
        quote_spanned!(span=> (&&&#private::Part(#value)).form().write(#value, #key.arg(#name)))
    };
    Write {
        cfgs: &keyed.param.cfgs,
        span,
        expression,
    }
}
