//! What the attribute says: its syntax, to spanned values.

mod list;
mod target;
mod value;

use proc_macro2::{Ident, Span, TokenStream};
use syn::{Expr, ExprGroup, ExprParen, LitStr, Path, ext::IdentExt as _};

pub(crate) use self::target::{Evicted, Target};
use crate::{
    duration::{ClientMaxAge, Life, Period},
    errors::{Errors, listed, nearest},
};

/// Every option, in the order of the documentation.
const OPTIONS: [&str; 21] = [
    "expire",
    "ignore",
    "key",
    "vary",
    "methods",
    "stale_while_revalidate",
    "stale_if_error",
    "stale_if_slow",
    "not_found",
    "tags",
    "lazy",
    "private",
    "public",
    "client_max_age",
    "store_if",
    "max_body",
    "version",
    "name",
    "companion",
    "associated",
    "policy",
];

/// Which attribute was written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

/// What an attribute does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Caches; a preset says for how many seconds.
    Cache { expire: Option<u64> },
    /// Evicts when the handler has run.
    Evict,
}

/// An option that was given.
pub(crate) struct Given<T> {
    /// The option's name, for errors.
    pub(crate) name: Ident,
    pub(crate) value: T,
}

/// What the attributes of one handler say together, so far as it could be read.
#[derive(Default)]
pub(crate) struct Args {
    /// `#[cache]` or a preset, unless the handler is not cached.
    pub(crate) cache: Option<Attribute>,
    /// The targets of `#[cache_evict]`, if it is there.
    pub(crate) evict: Option<Vec<Target>>,
    /// The option `crate`: where the facade is, if not at `::handler_cache`.
    pub(crate) facade: Option<Path>,
    pub(crate) expire: Option<Given<Life>>,
    pub(crate) ignore: Option<Given<Vec<Ident>>>,
    pub(crate) key: Option<Given<Expr>>,
    pub(crate) vary: Option<Given<Vec<LitStr>>>,
    pub(crate) methods: Option<Given<Vec<Ident>>>,
    pub(crate) stale_while_revalidate: Option<Given<Period>>,
    pub(crate) stale_if_error: Option<Given<Period>>,
    pub(crate) stale_if_slow: Option<Given<Period>>,
    pub(crate) not_found: Option<Given<Period>>,
    pub(crate) tags: Option<Given<Vec<Expr>>>,
    pub(crate) lazy: Option<Given<Vec<Ident>>>,
    pub(crate) private: Option<Given<()>>,
    pub(crate) public: Option<Given<()>>,
    pub(crate) client_max_age: Option<Given<ClientMaxAge>>,
    pub(crate) store_if: Option<Given<Expr>>,
    pub(crate) max_body: Option<Given<Expr>>,
    pub(crate) version: Option<Given<Expr>>,
    pub(crate) name: Option<Given<Expr>>,
    pub(crate) companion: Option<Given<Ident>>,
    pub(crate) associated: Option<Given<()>>,
    pub(crate) policy: Option<Given<Expr>>,
}

impl Args {
    /// Adds what `attribute` says. What cannot be read is in `errors`, and left out.
    pub(crate) fn read(&mut self, attribute: Attribute, tokens: TokenStream, errors: &mut Errors) {
        let mut seen: Vec<Ident> = Vec::new();
        let options = match attribute.kind {
            Kind::Cache { .. } => {
                self.cache = Some(attribute);
                list::elements(tokens, errors, list::option)
            }
            Kind::Evict => self.read_targets(tokens, errors),
        };
        for option in options {
            if seen.contains(&option.name) {
                errors.at(
                    option.name.span(),
                    format!("`{}` is given twice; keep one", option.name),
                );
                continue;
            }
            seen.push(option.name.clone());
            let read = match attribute.kind {
                Kind::Cache { .. } => self.set(option, errors),
                Kind::Evict => self.set_beside_targets(option),
            };
            if let Err(error) = read {
                errors.push(error);
            }
        }
    }

    /// Whether `attribute`, or one that does the same, was read already.
    pub(crate) fn has(&self, attribute: Attribute) -> bool {
        match attribute.kind {
            Kind::Cache { .. } => self.cache.is_some(),
            Kind::Evict => self.evict.is_some(),
        }
    }

    /// Whether headers may join the key: by `vary`, or by a policy that is written elsewhere.
    pub(crate) fn may_vary(&self) -> bool {
        self.vary.is_some() || self.policy.is_some()
    }

    /// The life that a preset stands for, in seconds.
    pub(crate) fn preset(&self) -> Option<u64> {
        match self.cache?.kind {
            Kind::Cache { expire } => expire,
            Kind::Evict => None,
        }
    }

    /// Keeps the targets, and returns the options among them.
    fn read_targets(&mut self, tokens: TokenStream, errors: &mut Errors) -> Vec<list::Opt> {
        let before = errors.count();
        let (mut targets, mut options) = (Vec::new(), Vec::new());
        for element in list::elements(tokens, errors, target::element) {
            match element {
                target::Element::Target(target) => targets.push(target),
                target::Element::Option(option) => options.push(option),
            }
        }
        if targets.is_empty() && errors.count() == before && options.iter().all(target::is_option) {
            errors.at(
                Span::call_site(),
                format!("nothing is evicted; name what is, such as {}", target::EXAMPLES),
            );
        }
        self.evict = Some(targets);
        options
    }

    fn set_beside_targets(&mut self, option: list::Opt) -> syn::Result<()> {
        let list::Opt { name, value } = option;
        match (name.to_string().as_str(), value) {
            ("associated", value) => self.set_flag(name, value.as_ref()),
            ("crate", Some(value)) => {
                self.facade = Some(value::path(&name, &value)?);
                Ok(())
            }
            (_, value) => Err(target::no_option(&name, value.as_ref())),
        }
    }

    fn set(&mut self, option: list::Opt, errors: &mut Errors) -> syn::Result<()> {
        let list::Opt { name, value } = option;
        if matches!(name.to_string().as_str(), "private" | "public" | "associated") {
            return self.set_flag(name, value.as_ref());
        }
        let Some(value) = value else {
            return match unknown(&name) {
                Some(error) => Err(error),
                None => Err(syn::Error::new(
                    name.span(),
                    format!("`{name}` needs a value: `{name} = …`"),
                )),
            };
        };
        let name = &name;
        match name.to_string().as_str() {
            "expire" if self.preset().is_some() => {
                return Err(syn::Error::new(
                    name.span(),
                    format!(
                        "`#[{}]` already says how long; write `#[cache(expire = …)]` for another life",
                        self.cache.map_or("cache", |attribute| attribute.name)
                    ),
                ));
            }
            "expire" => self.expire = given(name, Life::parse(&value))?,
            "ignore" => self.ignore = given(name, Ok(value::names(name, &value, errors)))?,
            "key" => self.key = given(name, Ok(value))?,
            "vary" => self.vary = given(name, Ok(value::headers(name, &value, errors)))?,
            "methods" => self.methods = given(name, Ok(value::methods(name, &value, errors)))?,
            "stale_while_revalidate" => {
                self.stale_while_revalidate = given(name, Period::positive(&value))?;
            }
            "stale_if_error" => self.stale_if_error = given(name, Period::positive(&value))?,
            "stale_if_slow" => self.stale_if_slow = given(name, Period::positive(&value))?,
            "not_found" => self.not_found = given(name, Period::positive(&value))?,
            "tags" => self.tags = given(name, Ok(value::expressions(name, &value, errors)))?,
            "lazy" => self.lazy = given(name, Ok(value::names(name, &value, errors)))?,
            "client_max_age" => self.client_max_age = given(name, ClientMaxAge::parse(&value))?,
            "store_if" => self.store_if = given(name, Ok(value))?,
            "max_body" => self.max_body = given(name, value::bytes(value))?,
            "version" => self.version = given(name, value::version(value))?,
            "name" => self.name = given(name, value::text(name, value))?,
            "companion" => self.companion = given(name, value::identifier(name, &value))?,
            "policy" => self.policy = given(name, Ok(value))?,
            "crate" => self.facade = Some(value::path(name, &value)?),
            _ => return unknown(name).map_or(Ok(()), Err),
        }
        Ok(())
    }

    fn set_flag(&mut self, name: Ident, value: Option<&Expr>) -> syn::Result<()> {
        if let Some(value) = value {
            return Err(syn::Error::new_spanned(
                value,
                format!("`{name}` takes no value; write `{name}` alone, or leave it out"),
            ));
        }
        let slot = match name.to_string().as_str() {
            "private" => &mut self.private,
            "public" => &mut self.public,
            _ => &mut self.associated,
        };
        *slot = Some(Given { name, value: () });
        Ok(())
    }
}

fn given<T>(name: &Ident, value: syn::Result<T>) -> syn::Result<Option<Given<T>>> {
    value.map(|value| {
        Some(Given {
            name: name.clone(),
            value,
        })
    })
}

/// The error for a name that is no option.
fn unknown(name: &Ident) -> Option<syn::Error> {
    let text = name.unraw().to_string();
    let mut names = OPTIONS.into_iter().chain(["crate"]);
    if names.clone().any(|known| known == text) {
        return None;
    }
    let cure = match nearest(&text, names.by_ref()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the options are {}", listed(OPTIONS.into_iter().chain(["crate"]))),
    };
    Some(syn::Error::new(
        name.span(),
        format!("unknown option `{text}`; {cure}"),
    ))
}

/// Looks through parentheses and the invisible groups that `macro_rules!` puts around what it was given.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    while let Expr::Group(ExprGroup { expr: inner, .. }) | Expr::Paren(ExprParen { expr: inner, .. }) = expr {
        expr = inner;
    }
    expr
}
