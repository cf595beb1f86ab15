//! `#[databases]` and `#[on(..)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, FnArg, Ident, ItemFn, Meta, Result, Token};

/// The names of the cases, and what is for `#[tokio::test]`.
pub struct Cases {
    names: Vec<Ident>,
    runtime: Vec<Meta>,
}

impl Parse for Cases {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let (mut names, mut runtime) = (vec![], vec![]);
        for it in Punctuated::<Meta, Token![,]>::parse_terminated(input)? {
            match it {
                Meta::Path(path) => names.push(path.require_ident()?.clone()),
                it => runtime.push(it),
            }
        }
        Ok(Self { names, runtime })
    }
}

impl Cases {
    /// Both databases, where none is named.
    #[must_use]
    pub fn or_databases(mut self) -> Self {
        if self.names.is_empty() {
            self.names = ["sqlite", "postgres"].map(|it| format_ident!("{it}")).to_vec();
        }
        self
    }
}

pub fn expand(cases: &Cases, test: &ItemFn) -> Result<TokenStream> {
    let (names, name, runtime) = (&cases.names, &test.sig.ident, &cases.runtime);
    let runtime = quote! { #(#runtime),* };
    if names.is_empty() || test.sig.inputs.len() > 1 {
        let message = "a test of some cases names them, and takes one of them at most";
        return Err(Error::new_spanned(&test.sig, message));
    }
    // One that is not async has a runtime of its own.
    let (attribute, awaited) = match test.sig.asyncness {
        Some(_) => (quote! { ::tokio::test(#runtime) }, Some(quote! { .await })),
        None => (quote! { test }, None),
    };
    let word = &test.sig.asyncness;
    let (of, given) = match test.sig.inputs.first() {
        Some(FnArg::Typed(argument)) => (argument.ty.clone(), Some(quote! { case })),
        _ => (syn::parse_quote!(::chassis::testing::Engine), None),
    };
    let variants = names.iter().map(camel_case);
    Ok(quote! {
        // Said once more, so that clippy knows it in an integration test as well.
        #[cfg(test)]
        #test

        mod #name {
            #[allow(unused_imports, clippy::wildcard_imports)]
            use super::*;

            #(
                #[#attribute]
                #word fn #names() {
                    let case = <#of>::#variants;
                    if !::chassis::testing::is_left_out(&case) {
                        super::#name(#given)#awaited;
                    }
                }
            )*
        }
    })
}

/// The variant of a case.
fn camel_case(name: &Ident) -> Ident {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    let words = name.to_string().split('_').map(capital).collect::<String>();
    Ident::new(&words, name.span())
}
