//! `#[derive(Record)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result};

/// A field and the column it is.
struct Column<'a> {
    field: &'a Ident,
    name: String,
    flatten: bool,
}

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new_spanned(input, "only a struct is a record"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(input, "a record has fields with names"));
    };
    let columns: Vec<_> = fields.named.iter().map(Column::of).collect::<Result<_>>()?;
    let reads = columns.iter().map(|it| {
        let (field, name) = (it.field, &it.name);
        match it.flatten {
            true => quote! { #field: ::chassis::db::Record::from_row(row)? },
            false => quote! { #field: row.get(#name)? },
        }
    });
    let (name, (of, with, bounds)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        impl #of ::chassis::db::Record for #name #with #bounds {
            fn from_row(row: &::chassis::db::Row<'_>) -> ::chassis::db::Result<Self> {
                Ok(Self { #(#reads),* })
            }
        }
    })
}

impl<'a> Column<'a> {
    fn of(field: &'a Field) -> Result<Self> {
        let ident = field.ident.as_ref().ok_or_else(|| Error::new_spanned(field, "no name"))?;
        let mut column = Self { field: ident, name: ident.to_string(), flatten: false };
        for attribute in field.attrs.iter().filter(|it| it.path().is_ident("record")) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("flatten") {
                    column.flatten = true;
                } else if meta.path.is_ident("rename") {
                    column.name = meta.value()?.parse::<LitStr>()?.value();
                } else {
                    return Err(meta.error("a field knows `rename` and `flatten`"));
                }
                Ok(())
            })?;
        }
        Ok(column)
    }
}
