//! Derive and attribute macros. They are used through the crate that needs them:
//! `chassis::db::Record`.

mod cases;
mod problem;
mod record;
mod sql;
mod word;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemFn, parse_macro_input};

/// Reads a struct from a row: every field is the column of its name. With
/// `#[record(table = "orders", key("id"))]` it is inserted and updated there, too.
///
/// `#[record(rename = "type")]` gives a field's column another name. `#[record(flatten)]` takes the
/// columns of a field that is a record itself. `#[record(computed)]` is read from a column of that
/// name which the table does not have. `#[record(json)]` is kept as JSON. `#[record(skip)]` is not
/// of the row: it is read as its default.
#[proc_macro_derive(Record, attributes(record))]
pub fn record(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::record(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The half of [`macro@Record`] that writes, for rows that are not read as they are written.
#[proc_macro_derive(Insert, attributes(record))]
pub fn insert(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    record::insert(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A statement with its values: `sql!("SELECT {Order.*} FROM orders WHERE id = {id}")`.
///
/// `{value}` binds any expression. `IN ({values..})` binds each of a list, which may be empty.
/// `VALUES {rows..*}` binds records, of which there must be at least one: `($1, $2), ($3, $4)`.
/// `{Record.*}` are the columns of a record, `o.{Record.*}` those of the table called `o`. Where
/// the databases disagree there is a text for each: `sql!(sqlite: "..", postgres: "..")`.
#[proc_macro]
pub fn sql(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as sql::Input);
    sql::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// An enum without fields that is stored and shown as a word: the variant's name in snake case.
///
/// Gives it `as_str`, `Display`, `FromStr`, `TryFrom<String>`, and a place in a column of text.
#[proc_macro_derive(Word)]
pub fn word(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    word::derive(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A function that makes a `Problem`, and what the description of the API says about that.
///
/// ```ignore
/// /// The order has been shipped.
/// #[problem(CONFLICT)]
/// pub fn order_shipped() -> Problem {
///     order_shipped::problem("the order has been shipped; it can no longer be cancelled")
/// }
/// ```
///
/// Status and code stand here only. The code is the function's name, or `code = ".."`. The function
/// makes its problem with `NAME::problem(detail)`; a handler that can answer with it lists it:
/// `responses(.., problems::order_shipped)`. Clients are shown the first paragraph of its doc
/// comment. (A type and a function may share a name: the type is what is listed.)
#[proc_macro_attribute]
pub fn problem(arguments: TokenStream, function: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as problem::Arguments);
    let function = parse_macro_input!(function as ItemFn);
    problem::expand(&arguments, &function).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A test on each database, as a case of its own: `name::sqlite` and `name::postgres`.
///
/// The test is a function of a `chassis::testing::Database`, async or not, and each case opens only
/// that one. `#[databases(flavor = "multi_thread")]` passes an option on to `#[tokio::test]`.
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
