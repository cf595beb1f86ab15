//! What the compiler writes for us. Named through the crate that needs it: `chassis::db::Record`.

mod record;
mod word;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Reads and writes a struct as a row: every field is the column of its name.
///
/// `#[record(rename = "type")]` gives a field's column another name. `#[record(flatten)]` takes the
/// columns of a field that is a record itself.
#[proc_macro_derive(Record, attributes(record))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// An enum without fields that is stored and shown as a word: the variant's name in snake case.
///
/// Gives it `as_str`, `Display`, `FromStr`, `TryFrom<String>`, and a place in a column of text.
#[proc_macro_derive(Word)]
pub fn word(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    word::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
