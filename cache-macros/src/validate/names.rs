//! Options that name bindings: `ignore`, `lazy` and `key`.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;

use crate::{
    errors::Errors,
    model::Handler,
    parse::{Options, Setting},
    suggestions::{listed, nearest},
    syntax::variables::variables,
};

pub(super) fn check(handler: &Handler, options: &Options, errors: &mut Errors) {
    for names in [&options.ignore, &options.lazy].into_iter().flatten() {
        unbound(handler, names, errors);
    }
    key_of_ignored(options, errors);
}

fn unbound(handler: &Handler, names: &Setting<Vec<Ident>>, errors: &mut Errors) {
    let bound: Vec<String> = handler
        .params
        .iter()
        .flat_map(|param| &param.bindings)
        .map(|binding| binding.unraw().to_string())
        .collect();
    for name in &names.value {
        let text = name.unraw().to_string();
        if bound.contains(&text) {
            continue;
        }
        let way_out = match nearest(&text, bound.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the names are {}", listed(&bound)),
        };
        errors.at(
            name.span(),
            format!(
                "`{}` lists `{text}`, which is not a name in the parameters of `{}`; {way_out}",
                names.name,
                handler.name().unraw()
            ),
        );
    }
}

/// `key` must not use ignored bindings.
fn key_of_ignored(options: &Options, errors: &mut Errors) {
    let Some(key) = &options.key else { return };
    let used = variables(&key.value);
    for name in options.ignored() {
        if used.contains(&name.unraw().to_string()) {
            errors.at(
                name.span(),
                format!("`{name}` is in `key` and in `ignore`; remove it from one of them"),
            );
        }
    }
}
