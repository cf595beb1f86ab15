//! `#[derive(Word)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result};

pub fn derive(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(input, "only an enum is a word"));
    };
    if let Some(variant) = data.variants.iter().find(|it| it.fields != Fields::Unit) {
        return Err(Error::new_spanned(variant, "a word has no fields"));
    }
    let variants: Vec<_> = data.variants.iter().map(|it| &it.ident).collect();
    let words: Vec<_> = variants.iter().map(|it| snake_case(&it.to_string())).collect();
    let name = &input.ident;
    Ok(quote! {
        impl #name {
            #[allow(dead_code, missing_docs)]
            pub const fn as_str(self) -> &'static str {
                match self { #(Self::#variants => #words),* }
            }
        }

        impl ::std::fmt::Display for #name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ::std::str::FromStr for #name {
            type Err = ::chassis::db::UnknownWord;

            fn from_str(word: &str) -> ::std::result::Result<Self, Self::Err> {
                match word {
                    #(#words => Ok(Self::#variants),)*
                    _ => Err(::chassis::db::UnknownWord {
                        word: word.to_owned(),
                        allowed: &[#(#words),*],
                    }),
                }
            }
        }

        impl TryFrom<String> for #name {
            type Error = ::chassis::db::UnknownWord;

            fn try_from(word: String) -> ::std::result::Result<Self, Self::Error> {
                word.parse()
            }
        }

        impl From<#name> for String {
            fn from(word: #name) -> Self {
                word.as_str().to_owned()
            }
        }

        ::chassis::stored_as!(#name as String);
    })
}

/// As serde's and sqlx's `rename_all = "snake_case"` write it.
fn snake_case(name: &str) -> String {
    let mut word = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.extend(letter.to_lowercase());
    }
    word
}
