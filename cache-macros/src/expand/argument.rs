//! One argument, as text of the key.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Ident, LitStr, ext::IdentExt as _, spanned::Spanned as _};

use super::{bindings::bind_pattern, context::Context};
use crate::{
    model::{Param, UsedParam},
    syntax::{
        pattern::{by_reference, may_be_constant, name_extractors, renamed},
        span::macro_span,
        types::mentions_type_parameter,
    },
};

/// The code that writes an argument into the key.
pub(super) struct Argument<'a> {
    /// Binds the values.
    pub(super) bind: TokenStream,
    /// Writes each of them.
    pub(super) writes: Vec<Write<'a>>,
}

/// Writes one value. Errors are shown at its binding.
pub(super) struct Write<'a> {
    cfgs: &'a [Attribute],
    span: Span,
    /// Selects the text of the value.
    form: Option<TokenStream>,
    /// Writes it.
    expression: TokenStream,
}

impl Write<'_> {
    pub(super) fn statement(self) -> TokenStream {
        let Self {
            cfgs,
            span,
            form,
            expression,
        } = self;
        let form = form.map(|form| quote!(#(#cfgs)* #form));
        quote_spanned!(span=> #form #(#cfgs)* #expression?;)
    }

    /// The write as the result of the function. Most handlers have one argument, and `?` makes their function noticeably
    /// more expensive to compile.
    pub(super) fn result(self) -> TokenStream {
        if self.cfgs.is_empty() {
            let Self { form, expression, .. } = self;
            return quote!(#form #expression);
        }
        let write = self.statement();
        quote!(#write ::core::result::Result::Ok(()))
    }
}

/// The code for one parameter; `key` is the writer's name.
pub(super) fn argument<'a>(cx: &Context<'_>, used: &UsedParam<'a>, key: &Ident) -> Argument<'a> {
    let argument = if used.whole {
        whole(cx, used, key)
    } else {
        destructured(cx, used, key)
    };
    if used.not_in_companion {
        optional(cx, used, argument)
    } else {
        argument
    }
}

/// The argument without destructuring, because a macro call hides what its pattern binds.
fn whole<'a>(cx: &Context<'_>, used: &UsedParam<'a>, key: &Ident) -> Argument<'a> {
    let Param { local, ty, .. } = used.param;
    let name = local.to_string();
    let value = Value {
        extractors: &[],
        reference: quote!(#local),
        name: name.trim_start_matches('_'),
        span: macro_span(ty.span()),
    };
    Argument {
        bind: TokenStream::new(),
        writes: vec![value.write(cx, used, key)],
    }
}

/// Each binding of the argument's pattern.
fn destructured<'a>(cx: &Context<'_>, used: &UsedParam<'a>, key: &Ident) -> Argument<'a> {
    let Param { local, pat, .. } = used.param;
    let mut pattern = by_reference(pat, &used.bindings, true);
    let extractors = name_extractors(&mut pattern, local);
    let writes = used.bindings.iter().map(|binding| {
        let value = renamed(binding);
        let around = extractors.iter().find(|(name, _)| *name == value);
        // A constant in a pattern is a value, not a reference.
        let borrow = may_be_constant(binding).then(|| quote!(&));
        let value = Value {
            extractors: around.map_or(&[], |(_, around)| around),
            reference: quote!(#borrow #value),
            name: &binding.unraw().to_string(),
            span: value.span(),
        };
        value.write(cx, used, key)
    });
    Argument {
        writes: writes.collect(),
        bind: bind_pattern(used, &pattern),
    }
}

/// Input: `State(db): State<Db>`
/// Output:
/// ```text
/// match arg1 {
///     Some(arg1) => { let State(db) = arg1; … }
///     None => Ok(()),
/// }
/// ```
fn optional<'a>(cx: &Context<'_>, used: &UsedParam<'a>, argument: Argument<'a>) -> Argument<'a> {
    let Param { cfgs, local, ty, .. } = used.param;
    let span = macro_span(ty.span());
    let Argument { bind, writes } = argument;
    let mut writes = writes.into_iter();
    let last = writes
        .next_back()
        .map(|Write { form, expression, .. }| quote!(#form #expression));
    let write = writes.map(Write::statement);
    let absent = if cfgs.is_empty() {
        quote_spanned!(span=> ::core::result::Result::Ok(()))
    } else {
        let private = cx.private(span);
        quote_spanned!(span=> <#ty as #private::AxumState>::left_out())
    };
    let expression = quote_spanned! {span=>
        match #local {
            ::core::option::Option::Some(#local) => {
                #bind
                #(#write)*
                #last
            }
            ::core::option::Option::None => #absent,
        }
    };
    Argument {
        bind: TokenStream::new(),
        writes: vec![Write {
            cfgs,
            span,
            form: None,
            expression,
        }],
    }
}

/// A value of the key.
struct Value<'v> {
    /// The extractors that the value comes from, outermost first.
    extractors: &'v [Ident],
    /// The value, by reference.
    reference: TokenStream,
    name: &'v str,
    span: Span,
}

impl Value<'_> {
    /// Output:
    /// ```text
    /// let form = (&&&&&Part(arg0, id)).form();
    /// CacheKeyPart::write_key(&*form, key.arg_for("id", &form))
    /// ```
    fn write<'a>(self, cx: &Context<'_>, used: &UsedParam<'a>, key: &Ident) -> Write<'a> {
        let Self { reference, span, .. } = &self;
        let span = *span;
        let private = cx.private(span);
        let extractor = self.extractor(&private);
        let name = LitStr::new(self.name, span);
        let is_generic = mentions_type_parameter(&used.param.ty, cx.handler.generics());
        let method = Ident::new(if is_generic { "own_form" } else { "form" }, span);
        let form = Ident::new("__form", span);
        Write {
            cfgs: &used.param.cfgs,
            span,
            form: Some(quote_spanned! {span=>
                let #form = (&&&&&#private::Part(#extractor, #reference)).#method();
            }),
            expression: quote_spanned! {span=>
                #private::CacheKeyPart::write_key(&*#form, #key.arg_for(#name, &#form))
            },
        }
    }

    /// The extractor whose type decides whether the value is in the key: the outermost server-side one, or the innermost.
    ///
    /// Output: `&()`, `arg0`, or `{ use OuterFirst as _; (&&Within(arg0)).or(arg0_0) }`
    fn extractor(&self, private: &TokenStream) -> TokenStream {
        let span = self.span;
        match self.extractors {
            [] => quote_spanned!(span=> &()),
            [innermost] => quote!(#innermost),
            [outer @ .., innermost] => {
                let within = |inner, outer| quote_spanned!(span=> (&&#private::Within(#outer)).or(#inner));
                let whole = outer.iter().rev().fold(quote!(#innermost), within);
                quote_spanned!(span=> { use #private::OuterFirst as _; #whole })
            }
        }
    }
}
