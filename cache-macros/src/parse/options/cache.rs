//! Options of `#[cache]` and its presets.

use proc_macro2::Ident;
use syn::Expr;

use super::{
    settings::{Options, Setting},
    unknown::{is_option, unknown_option},
};
use crate::{
    errors::Errors,
    parse::{
        arguments::{RawOption, missing_value},
        duration::{ClientMaxAge, DurationValue, Ttl},
        value,
    },
};

/// Parses the value of `option` and sets it.
pub(super) fn set(options: &mut Options, option: RawOption, errors: &mut Errors) -> syn::Result<()> {
    let RawOption { name, value } = option;
    if matches!(name.to_string().as_str(), "private" | "public" | "associated") {
        return set_flag(options, name, value.as_ref());
    }
    match value {
        Some(value) => set_value(options, &name, value, errors),
        None if is_option(&name) => Err(missing_value(&name)),
        None => Err(unknown_option(&name)),
    }
}

fn set_value(options: &mut Options, name: &Ident, value: Expr, errors: &mut Errors) -> syn::Result<()> {
    match name.to_string().as_str() {
        "expire" => {
            without_preset(options, name)?;
            options.expire = setting(name, Ttl::parse(&value))?;
        }
        "ignore" => options.ignore = setting(name, Ok(value::names(name, &value, errors)))?,
        "key" => options.key = setting(name, Ok(value))?,
        "vary" => options.vary = setting(name, Ok(value::headers(name, &value, errors)))?,
        "methods" => options.methods = setting(name, Ok(value::methods(name, &value, errors)))?,
        "stale_while_revalidate" => {
            options.stale_while_revalidate = setting(name, DurationValue::positive(&value))?;
        }
        "stale_if_error" => options.stale_if_error = setting(name, DurationValue::positive(&value))?,
        "stale_if_slow" => options.stale_if_slow = setting(name, DurationValue::positive(&value))?,
        "not_found" => options.not_found = setting(name, DurationValue::positive(&value))?,
        "tags" => options.tags = setting(name, Ok(value::expressions(name, &value, errors)))?,
        "lazy" => options.lazy = setting(name, Ok(value::names(name, &value, errors)))?,
        "client_max_age" => options.client_max_age = setting(name, ClientMaxAge::parse(&value))?,
        "store_if" => options.store_if = setting(name, Ok(value))?,
        "max_body" => options.max_body = setting(name, value::byte_count(value))?,
        "version" => options.version = setting(name, value::version(value))?,
        "name" => options.name = setting(name, value::text(name, value))?,
        "companion" => options.companion = setting(name, value::identifier(name, &value))?,
        "policy" => options.policy = setting(name, Ok(value))?,
        "crate" => options.facade = Some(value::path(name, &value)?),
        _ => return Err(unknown_option(name)),
    }
    Ok(())
}

/// An error below a preset, which has a TTL of its own.
fn without_preset(options: &Options, expire: &Ident) -> syn::Result<()> {
    let (Some(attribute), Some(_)) = (options.cache, options.preset_ttl()) else {
        return Ok(());
    };
    Err(syn::Error::new(
        expire.span(),
        format!(
            "`#[{}]` sets the TTL; write `#[cache(expire = …)]` for another one",
            attribute.name
        ),
    ))
}

/// Sets an option that takes no value.
pub(super) fn set_flag(options: &mut Options, name: Ident, value: Option<&Expr>) -> syn::Result<()> {
    if let Some(value) = value {
        return Err(syn::Error::new_spanned(
            value,
            format!("`{name}` takes no value; write `{name}`, or remove it"),
        ));
    }
    let flag = match name.to_string().as_str() {
        "private" => &mut options.private,
        "public" => &mut options.public,
        _ => &mut options.associated,
    };
    *flag = Some(Setting { name, value: () });
    Ok(())
}

fn setting<T>(name: &Ident, value: syn::Result<T>) -> syn::Result<Option<Setting<T>>> {
    value.map(|value| {
        Some(Setting {
            name: name.clone(),
            value,
        })
    })
}
