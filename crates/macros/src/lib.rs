//! What the compiler writes for us. Named through the crate that needs it: `chassis::db::Record`.

mod cases;
mod record;
mod word;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

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

/// A test on each database, as a case of its own: `name::sqlite` and `name::postgres`.
///
/// The test is a function of a `chassis::testing::Database`, async or not, and each case opens only that one.
/// `#[databases(flavor = "multi_thread")]` passes an option on to `#[tokio::test]`.
#[proc_macro_attribute]
pub fn databases(arguments: TokenStream, test: TokenStream) -> TokenStream {
    let cases = parse_macro_input!(arguments as cases::Cases).or_databases();
    let test = parse_macro_input!(test as ItemFn);
    cases::expand(&cases, &test).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A test on what is named, as a case each: `#[on(postgres)]`, `#[on(rabbitmq, redis)]`.
///
/// A case is the variant of that name of what the test takes, a `chassis::testing::Case`; of
/// `chassis::testing::Engine` if it takes nothing. A case whose engines are in `TEST_WITHOUT` is
/// left out and says so; otherwise they must be there.
#[proc_macro_attribute]
pub fn on(arguments: TokenStream, test: TokenStream) -> TokenStream {
    let cases = parse_macro_input!(arguments as cases::Cases);
    let test = parse_macro_input!(test as ItemFn);
    cases::expand(&cases, &test).unwrap_or_else(syn::Error::into_compile_error).into()
}
