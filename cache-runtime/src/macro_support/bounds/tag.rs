//! Expressions as tags.

/// A value that is a tag: text, that is, any type that converts into `String`.
///
/// For a tag with a number, write `format!("product:{id}")`.
#[diagnostic::on_unimplemented(
    message = "a tag is text, and `{Self}` is not",
    label = "expected text",
    note = "write for example `format!(\"product:{{id}}\")`"
)]
pub trait IntoTag {
    #[doc(hidden)]
    fn into_tag(self) -> String;
}

#[diagnostic::do_not_recommend]
impl<T: Into<String>> IntoTag for T {
    fn into_tag(self) -> String {
        self.into()
    }
}
