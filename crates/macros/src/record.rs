//! `#[derive(Record)]` and `#[derive(Insert)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result, Token};

/// A field and the column it is.
struct Column<'a> {
    field: &'a Ident,
    kind: &'a syn::Type,
    name: String,
    flatten: bool,
    /// Worked out by the statements that read it; not of the table.
    computed: bool,
    /// Kept as JSON.
    json: bool,
    /// Not a column: the reader fills it in.
    skip: bool,
}

/// Where the rows are kept.
#[derive(Default)]
struct Table {
    name: Option<String>,
    key: Vec<String>,
}

/// A row that is read, and written if it says where it is kept.
pub fn record(input: &DeriveInput) -> Result<TokenStream> {
    let (columns, table) = (columns(input)?, Table::of(input)?);
    let reads = columns.iter().map(|it| {
        let (field, name) = (it.field, &it.name);
        match () {
            () if it.skip => quote! { #field: ::std::default::Default::default() },
            () if it.flatten => quote! { #field: ::chassis::db::Record::from_row(row)? },
            () if it.json => quote! { #field: row.get::<::chassis::db::Json<_>>(#name)?.0 },
            () => quote! { #field: row.get(#name)? },
        }
    });
    let (name, (of, with, bounds)) = (&input.ident, input.generics.split_for_impl());
    let (listed, written) = (listed(input, &columns), table.written(input, &columns));
    Ok(quote! {
        impl #of ::chassis::db::Record for #name #with #bounds {
            fn from_row(row: &::chassis::db::Row<'_>) -> ::chassis::db::Result<Self> {
                Ok(Self { #(#reads),* })
            }
        }
        #listed
        #written
    })
}

/// A row, or a part of one, that is only written.
pub fn insert(input: &DeriveInput) -> Result<TokenStream> {
    let (columns, table) = (columns(input)?, Table::of(input)?);
    let (listed, bound) = (listed(input, &columns), bound(input, &columns));
    let table = table.kept(input);
    Ok(quote! { #listed #bound #table })
}

fn columns(input: &DeriveInput) -> Result<Vec<Column<'_>>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "only a struct is a record"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "a record has fields with names"));
    };
    fields.named.iter().map(Column::of).collect()
}

fn listed(input: &DeriveInput, columns: &[Column<'_>]) -> TokenStream {
    let listed = columns.iter().filter(|it| it.is_kept()).map(|it| {
        let (name, kind) = (&it.name, it.kind);
        if it.flatten {
            quote! { <#kind as ::chassis::db::Columns>::columns(columns) }
        } else {
            quote! { columns.push(#name) }
        }
    });
    let (name, (of, with, bounds)) = (&input.ident, input.generics.split_for_impl());
    quote! {
        impl #of ::chassis::db::Columns for #name #with #bounds {
            fn columns(columns: &mut Vec<&'static str>) {
                #(#listed;)*
            }
        }
    }
}

fn bound(input: &DeriveInput, columns: &[Column<'_>]) -> TokenStream {
    let binds = columns.iter().filter(|it| it.is_kept()).map(|it| {
        let field = it.field;
        match () {
            () if it.flatten => {
                quote! { let query = ::chassis::db::Bind::bind_to(&self.#field, query); }
            }
            () if it.json => quote! { let query = query.bind(::chassis::db::Json(&self.#field)); },
            () => quote! { let query = query.bind(&self.#field); },
        }
    });
    let (name, (of, with, bounds)) = (&input.ident, input.generics.split_for_impl());
    quote! {
        impl #of ::chassis::db::Bind for #name #with #bounds {
            fn bind_to<'query>(
                &self,
                query: ::chassis::db::Query<'query>,
            ) -> ::chassis::db::Query<'query> {
                #(#binds)*
                query
            }
        }
    }
}

impl Table {
    fn of(input: &DeriveInput) -> Result<Self> {
        let mut table = Self::default();
        for attribute in input.attrs.iter().filter(|it| it.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("table") {
                    table.name = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("key") {
                    let inner;
                    syn::parenthesized!(inner in meta.input);
                    let key = Punctuated::<LitStr, Token![,]>::parse_terminated(&inner)?;
                    table.key = key.iter().map(LitStr::value).collect();
                } else {
                    return Err(meta.error("a record knows `table = \"..\"` and `key(\"..\")`"));
                }
                Ok(())
            })?;
        }
        Ok(table)
    }

    /// What it takes to write a row that is read as well.
    fn written(&self, input: &DeriveInput, columns: &[Column<'_>]) -> TokenStream {
        match self.name {
            None => TokenStream::new(),
            Some(_) => {
                let (bound, kept) = (bound(input, columns), self.kept(input));
                quote! { #bound #kept }
            }
        }
    }

    fn kept(&self, input: &DeriveInput) -> TokenStream {
        let Some(table) = &self.name else { return TokenStream::new() };
        let (key, name) = (&self.key, &input.ident);
        let (of, with, bounds) = input.generics.split_for_impl();
        quote! {
            impl #of ::chassis::db::Table for #name #with #bounds {
                fn texts() -> &'static ::chassis::db::text::Texts {
                    static TEXTS: ::std::sync::OnceLock<::chassis::db::text::Texts> =
                        ::std::sync::OnceLock::new();
                    TEXTS.get_or_init(|| {
                        ::chassis::db::text::Texts::of::<Self>(#table, &[#(#key),*])
                    })
                }
            }
        }
    }
}

impl<'a> Column<'a> {
    /// Whether it is a column of the table.
    fn is_kept(&self) -> bool {
        !self.computed && !self.skip
    }

    fn of(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "no name"))?;
        let name = ident.to_string().trim_start_matches("r#").to_owned();
        let (flatten, computed, json, skip) = (false, false, false, false);
        let kind = &field.ty;
        let mut column = Self { field: ident, kind, name, flatten, computed, json, skip };
        for attribute in field.attrs.iter().filter(|it| it.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("flatten") {
                    column.flatten = true;
                } else if meta.path.is_ident("computed") {
                    column.computed = true;
                } else if meta.path.is_ident("json") {
                    column.json = true;
                } else if meta.path.is_ident("skip") {
                    column.skip = true;
                } else if meta.path.is_ident("rename") {
                    column.name = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    let known = "a field knows `rename`, `flatten`, `computed`, `json` and `skip`";
                    return Err(meta.error(known));
                }
                Ok(())
            })?;
        }
        Ok(column)
    }
}
