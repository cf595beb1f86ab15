//! `sql!`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Expr, Ident, LitStr, Result, Token, Type};

/// One text, or one for each database.
pub struct Input {
    sqlite: LitStr,
    postgres: LitStr,
}

/// What a text is made of.
enum Piece {
    Text(String),
    /// The place of a value, from 0 on.
    Value(usize),
    /// The place of the values of a list.
    List(usize),
    /// The place of the rows of a list, value by value.
    Rows(usize),
    /// The columns of a record, each behind the name of its table, if that was given.
    Columns(String, Box<Type>),
}

/// The values of all texts; one that is named twice is bound once.
#[derive(Default)]
struct Values {
    names: Vec<String>,
    values: Vec<(Expr, Kind)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Value,
    List,
    Rows,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            return Ok(Self { sqlite: text.clone(), postgres: text });
        }
        let of = |name: &str| {
            let found: Ident = input.parse()?;
            if found != name {
                return Err(Error::new_spanned(found, format!("expected `{name}:`")));
            }
            input.parse::<Token![:]>()?;
            let text: LitStr = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok(text)
        };
        Ok(Self { sqlite: of("sqlite")?, postgres: of("postgres")? })
    }
}

pub fn expand(input: &Input) -> Result<TokenStream> {
    let mut values = Values::default();
    let sqlite = pieces(&input.sqlite, &mut values)?;
    let postgres = pieces(&input.postgres, &mut values)?;
    let lists = values.values.iter().any(|(_, kind)| *kind != Kind::Value);
    let (sqlite, postgres) = (tokens(&sqlite), tokens(&postgres));
    let bind = values.values.iter().map(|(value, kind)| match kind {
        Kind::Value => quote! { let query = query.bind(&(#value)); },
        Kind::List => quote! { let query = query.bind_list(&(#value)); },
        Kind::Rows => quote! { let query = query.bind_rows(&(#value)); },
    });
    let lengths = values.values.iter().map(|(value, kind)| match kind {
        Kind::Value => quote! { ::chassis::db::text::Length::ONE },
        Kind::List => quote! { ::chassis::db::text::Length::list(&(#value)) },
        Kind::Rows => quote! { ::chassis::db::text::Length::rows(&(#value)) },
    });
    let text = if lists {
        quote! { ::chassis::db::text::with_lists(&SQLITE, &POSTGRES, &[#(#lengths),*]) }
    } else {
        quote! {{
            static TEXT: ::std::sync::OnceLock<::chassis::db::Sql> = ::std::sync::OnceLock::new();
            *TEXT.get_or_init(|| ::chassis::db::text::without_lists(&SQLITE, &POSTGRES))
        }}
    };
    Ok(quote! {{
        static SQLITE: &[::chassis::db::text::Piece] = &[#(#sqlite),*];
        static POSTGRES: &[::chassis::db::text::Piece] = &[#(#postgres),*];
        ::chassis::db::text::statement(#text, |query| { #(#bind)* query })
    }})
}

fn tokens(pieces: &[Piece]) -> Vec<TokenStream> {
    let token = |piece: &Piece| match piece {
        Piece::Text(text) => quote! { ::chassis::db::text::Piece::Text(#text) },
        Piece::Value(at) => quote! { ::chassis::db::text::Piece::Value(#at) },
        Piece::List(at) => quote! { ::chassis::db::text::Piece::List(#at) },
        Piece::Rows(at) => quote! { ::chassis::db::text::Piece::Rows(#at) },
        Piece::Columns(table, record) => quote! {
            ::chassis::db::text::Piece::Columns(
                #table, <#record as ::chassis::db::Columns>::columns,
            )
        },
    };
    pieces.iter().map(token).collect()
}

/// Takes a text apart: `{value}`, `{values..}`, `{rows..*}`, `{Record.*}`, `{{` for a brace.
fn pieces(text: &LitStr, values: &mut Values) -> Result<Vec<Piece>> {
    let (all, mut pieces, mut plain) = (text.value(), Vec::new(), String::new());
    let mut rest = all.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        plain.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            plain.push_str(brace);
            rest = after;
            continue;
        }
        let (inner, after) = rest
            .split_once('}')
            .filter(|_| brace == "{")
            .ok_or_else(|| Error::new_spanned(text, "a brace without its other half"))?;
        rest = after;
        let piece = if let Some(rows) = inner.strip_suffix("..*") {
            Piece::Rows(values.place(rows, Kind::Rows, text)?)
        } else if let Some(record) = inner.strip_suffix(".*") {
            let table = table_before(&mut plain);
            Piece::Columns(table, Box::new(parse(record, text)?))
        } else if let Some(list) = inner.strip_suffix("..") {
            Piece::List(values.place(list, Kind::List, text)?)
        } else {
            Piece::Value(values.place(inner, Kind::Value, text)?)
        };
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(piece);
    }
    plain.push_str(rest);
    pieces.push(Piece::Text(plain));
    Ok(pieces)
}

/// Takes the `p.` before `{Product.*}` off the text.
fn table_before(plain: &mut String) -> String {
    if !plain.ends_with('.') {
        return String::new();
    }
    let name = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '.';
    let begin = plain.trim_end_matches(name).len();
    plain.split_off(begin)
}

fn parse<T: Parse>(code: &str, text: &LitStr) -> Result<T> {
    LitStr::new(code, text.span()).parse()
}

impl Values {
    fn place(&mut self, code: &str, kind: Kind, text: &LitStr) -> Result<usize> {
        let known = self.names.iter().zip(&self.values);
        if let Some(at) = known.into_iter().position(|(it, (_, of))| it == code && *of == kind) {
            return Ok(at);
        }
        self.values.push((parse(code, text)?, kind));
        self.names.push(code.to_owned());
        Ok(self.names.len() - 1)
    }
}
