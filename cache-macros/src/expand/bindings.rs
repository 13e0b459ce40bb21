//! The bindings of a parameter, by reference.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Pat, spanned::Spanned as _};

use crate::{
    model::{Param, UsedParam},
    syntax::{pattern::by_reference, span::macro_span},
};

/// Output: `let arg0 = &arg0;`
pub(super) fn borrow(used: &UsedParam<'_>) -> TokenStream {
    let (cfgs, local) = (&used.param.cfgs, &used.param.local);
    quote!(#(#cfgs)* let #local = &#local;)
}

/// Output: `let Path(id) = arg0;`, with the user's names
pub(super) fn bind(used: &UsedParam<'_>) -> TokenStream {
    if used.whole {
        return TokenStream::new();
    }
    bind_pattern(used, &by_reference(&used.param.pat, &used.bindings, false))
}

/// Output: `let Path(__part_id) = arg0;`
pub(super) fn bind_pattern(used: &UsedParam<'_>, pattern: &Pat) -> TokenStream {
    let Param { cfgs, local, pat, .. } = used.param;
    quote_spanned!(macro_span(pat.span())=> #(#cfgs)* let #pattern = #local;)
}
