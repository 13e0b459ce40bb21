//! Expressions as durations.

use std::time::Duration;

/// The type [`Duration`].
///
/// Options such as `expire` take a literal (`30` seconds, `"1h 30m"`) or an expression of type [`Duration`]. For a number
/// of seconds in a constant, write `Duration::from_secs(SECONDS)`.
#[diagnostic::on_unimplemented(
    message = "this option takes a `Duration`, not `{Self}`",
    label = "expected a `Duration`",
    note = "for a number of seconds in a constant or an expression, write `Duration::from_secs(...)`; literals are a \
            number of seconds (`30`) or text (`\"1h 30m\"`)"
)]
pub trait IsDuration: Sized {
    #[doc(hidden)]
    type Duration;
}

impl IsDuration for Duration {
    type Duration = Self;
}

/// The duration that an option was given, an expression of type [`Duration`]: see [`IsDuration`].
pub const fn duration<T: IsDuration<Duration = T>>(value: T) -> T::Duration {
    value
}
