//! Durations of options: whole seconds, text such as `"1h 30m"`, or an expression of type `Duration`.

use std::time::Duration;

use quote::ToTokens as _;
use syn::{Expr, ExprLit, ExprUnary, Lit, LitInt, LitStr, UnOp, spanned::Spanned as _};

use crate::syntax::expression::ungrouped;

/// The TTL of entries, the option `expire`.
pub(crate) enum Ttl {
    For(DurationValue),
    /// `"never"`: entries do not expire.
    Never,
}

/// The `max-age` that clients are given, the option `client_max_age`.
pub(crate) enum ClientMaxAge {
    Fixed(DurationValue),
    /// `"remaining"`: the remaining TTL of the entry.
    Remaining,
}

/// A duration.
pub(crate) enum DurationValue {
    /// Its value is known to the macro.
    Literal(Duration, proc_macro2::Span),
    /// Its value is known to the compiler only.
    Expression(Expr),
}

/// The longest duration: stores count milliseconds in 63 bits.
const LONGEST: Duration = Duration::from_millis(i64::MAX as u64);

impl Ttl {
    /// Parses `expire`.
    pub(crate) fn parse(value: &Expr) -> syn::Result<Self> {
        match ungrouped(value) {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) if text.value().trim() == "never" => Ok(Self::Never),
            _ => DurationValue::positive_or(value, "remove the attribute").map(Self::For),
        }
    }
}

impl ClientMaxAge {
    /// Parses `client_max_age`. Zero is allowed; `max-age` counts whole seconds.
    pub(crate) fn parse(value: &Expr) -> syn::Result<Self> {
        match ungrouped(value) {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) if text.value().trim() == "remaining" => Ok(Self::Remaining),
            _ => DurationValue::seconds(value).map(Self::Fixed),
        }
    }

    /// Whether the macro knows that the duration is zero.
    pub(crate) fn is_zero(&self) -> bool {
        matches!(self, Self::Fixed(DurationValue::Literal(Duration::ZERO, _)))
    }
}

impl DurationValue {
    /// Parses a duration of at least one millisecond, the resolution of the stores.
    pub(crate) fn positive(value: &Expr) -> syn::Result<Self> {
        Self::positive_or(value, "remove the option")
    }

    fn positive_or(value: &Expr, instead: &str) -> syn::Result<Self> {
        let duration = Self::parse(value)?;
        match &duration {
            Self::Literal(Duration::ZERO, _) => Err(syn::Error::new_spanned(
                value,
                format!("a duration of zero stores nothing; write `\"1ms\"` or more, or {instead}"),
            )),
            Self::Literal(duration, _) if duration.as_millis() == 0 => Err(syn::Error::new_spanned(
                value,
                "this is below a millisecond, the shortest duration of a store; write `\"1ms\"` or more",
            )),
            _ => Ok(duration),
        }
    }

    /// Parses a duration of whole seconds, or zero.
    fn seconds(value: &Expr) -> syn::Result<Self> {
        let duration = Self::parse(value)?;
        match &duration {
            Self::Literal(duration, _) if duration.subsec_nanos() > 0 => Err(syn::Error::new_spanned(
                value,
                "`max-age` is in whole seconds; round this up or down",
            )),
            _ => Ok(duration),
        }
    }

    fn parse(value: &Expr) -> syn::Result<Self> {
        let literal = |duration| Self::Literal(duration, value.span());
        match ungrouped(value) {
            Expr::Lit(ExprLit {
                lit: Lit::Int(seconds),
                ..
            }) => whole_seconds(seconds).map(literal),
            Expr::Lit(ExprLit {
                lit: Lit::Str(text), ..
            }) => from_text(text).map(literal),
            Expr::Lit(ExprLit { lit, .. }) => Err(syn::Error::new_spanned(
                lit,
                format!(
                    "`{}` is not a duration; write whole seconds (`30`), text (`\"500ms\"`) or a constant of type `Duration`",
                    lit.to_token_stream()
                ),
            )),
            Expr::Unary(ExprUnary {
                op: UnOp::Neg(_),
                expr,
                ..
            }) if matches!(ungrouped(expr), Expr::Lit(_)) => Err(syn::Error::new_spanned(
                value,
                "a duration cannot be negative; write `\"1ms\"` or more",
            )),
            expression => Ok(Self::Expression(expression.clone())),
        }
    }
}

fn whole_seconds(literal: &LitInt) -> syn::Result<Duration> {
    let suffix = literal.suffix();
    let is_number = suffix.is_empty() || suffix.starts_with(['u', 'i']) && suffix != "us";
    if !is_number {
        return Err(syn::Error::new_spanned(literal, with_unit(literal)));
    }
    literal
        .base10_parse()
        .ok()
        .map(Duration::from_secs)
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| too_long(literal))
}

/// The error for a number with a suffix that is not a number's type.
fn with_unit(literal: &LitInt) -> String {
    if humantime::parse_duration(&literal.to_string()).is_ok() {
        format!("a duration with a unit is text; put it in quotes: `\"{literal}\"`")
    } else {
        let number = literal.base10_digits();
        format!("`{literal}` is not a duration; write `{number}` (seconds) or `\"{number}s\"`")
    }
}

fn from_text(literal: &LitStr) -> syn::Result<Duration> {
    let text = literal.value();
    let text = text.trim();
    match humantime::parse_duration(text) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        Ok(_) | Err(humantime::DurationError::NumberOverflow) => Err(too_long(literal)),
        Err(_) if text.starts_with('-') => Err(syn::Error::new_spanned(
            literal,
            "a duration cannot be negative; write `\"1ms\"` or more",
        )),
        Err(_) if text.eq_ignore_ascii_case("never") => Err(syn::Error::new_spanned(
            literal,
            "only `expire` takes `\"never\"`; write a duration such as `\"365 days\"`",
        )),
        Err(error) => Err(syn::Error::new_spanned(
            literal,
            format!(
                "`{}` is not a duration: {error}; write for example `\"90s\"`, `\"1h 30m\"` or `\"7 days\"`",
                literal.token()
            ),
        )),
    }
}

fn too_long(literal: impl quote::ToTokens) -> syn::Error {
    syn::Error::new_spanned(
        literal,
        "this duration is too long for a store; write a shorter one, or `expire = \"never\"` for entries that do not expire",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use syn::parse_quote;

    use super::{ClientMaxAge, DurationValue, Ttl};

    fn expire(value: syn::Expr) -> Result<Duration, String> {
        match Ttl::parse(&value) {
            Ok(Ttl::For(DurationValue::Literal(duration, _))) => Ok(duration),
            Ok(_) => Err("not a literal".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn seconds_and_text_are_durations() {
        assert_eq!(expire(parse_quote!(30)), Ok(Duration::from_secs(30)));
        assert_eq!(expire(parse_quote!(30_u64)), Ok(Duration::from_secs(30)));
        assert_eq!(expire(parse_quote!((30))), Ok(Duration::from_secs(30)));
        assert_eq!(expire(parse_quote!("1h 30m")), Ok(Duration::from_secs(5400)));
        assert_eq!(expire(parse_quote!(" 5ms ")), Ok(Duration::from_millis(5)));
        assert!(matches!(Ttl::parse(&parse_quote!("never")), Ok(Ttl::Never)));
    }

    #[test]
    fn expressions_are_left_to_the_compiler() {
        for value in [
            parse_quote!(TWO_HOURS),
            parse_quote!(Duration::from_millis(5)),
            parse_quote!(2 * DAY),
        ] {
            assert!(matches!(
                Ttl::parse(&value),
                Ok(Ttl::For(DurationValue::Expression(_)))
            ));
        }
    }

    #[test]
    fn invalid_durations_are_rejected_with_the_way_out() {
        let cases: [(syn::Expr, &str); 12] = [
            (parse_quote!(0), "zero"),
            (parse_quote!("0s"), "zero"),
            (parse_quote!(-5), "negative"),
            (parse_quote!("-5s"), "negative"),
            (parse_quote!("999us"), "below a millisecond"),
            (parse_quote!(99999999999999999999), "too long"),
            (parse_quote!("999999999999 years"), "too long"),
            (parse_quote!("soon"), "not a duration"),
            (parse_quote!(""), "not a duration"),
            (parse_quote!(1.5), "\"500ms\""),
            (parse_quote!(30s), "put it in quotes: `\"30s\"`"),
            (parse_quote!(30x), "write `30` (seconds) or `\"30s\"`"),
        ];
        for (value, expected) in cases {
            let error = expire(value).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn max_age_may_be_zero_but_not_a_fraction() {
        let max_age = |value| ClientMaxAge::parse(&value);
        assert!(max_age(parse_quote!(0)).is_ok_and(|max_age| max_age.is_zero()));
        assert!(max_age(parse_quote!("2 min")).is_ok_and(|max_age| !max_age.is_zero()));
        assert!(matches!(
            max_age(parse_quote!("remaining")),
            Ok(ClientMaxAge::Remaining)
        ));
        assert!(max_age(parse_quote!("1500ms")).is_err());
        assert!(max_age(parse_quote!("never")).is_err());
    }
}
