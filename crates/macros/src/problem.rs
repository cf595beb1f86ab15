//! `#[problem(STATUS)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Expr, ExprLit, Ident, ItemFn, Lit, LitStr, Meta, Result, Token};

/// `CONFLICT`, or `CONFLICT, code = "hold_limit"`.
pub struct Arguments {
    status: Ident,
    code: Option<LitStr>,
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let status = input.parse()?;
        if input.parse::<Option<Token![,]>>()?.is_none() {
            return Ok(Self { status, code: None });
        }
        let key: Ident = input.parse()?;
        if key != "code" {
            return Err(Error::new(key.span(), "expected `code = \"..\"`"));
        }
        input.parse::<Token![=]>()?;
        Ok(Self { status, code: Some(input.parse()?) })
    }
}

pub fn expand(arguments: &Arguments, function: &ItemFn) -> Result<TokenStream> {
    let (name, visibility) = (&function.sig.ident, &function.vis);
    let description = first_paragraph(&function.attrs);
    if description.is_empty() {
        let message = "a problem needs a doc comment: the API's description shows it to clients";
        return Err(Error::new_spanned(name, message));
    }
    let status = &arguments.status;
    let code = arguments.code.as_ref().map_or_else(|| name.to_string(), LitStr::value);
    let about = format!("What the description of the API says about [`{name}()`].");
    Ok(quote! {
        #function

        #[doc = #about]
        #[allow(non_camel_case_types)]
        #[derive(Debug)]
        #visibility enum #name {}

        #[allow(dead_code)]
        impl #name {
            #visibility const DOCUMENTED: ::chassis::problem::Documented =
                ::chassis::problem::Documented {
                    status: ::chassis::problem::StatusCode::#status,
                    code: #code,
                    description: #description,
                };

            fn problem(
                detail: impl Into<::std::borrow::Cow<'static, str>>,
            ) -> ::chassis::problem::Problem {
                ::chassis::problem::Problem::new(
                    Self::DOCUMENTED.status,
                    Self::DOCUMENTED.code,
                    detail,
                )
            }
        }

        impl ::utoipa::IntoResponses for #name {
            fn responses() -> ::std::collections::BTreeMap<
                String,
                ::utoipa::openapi::RefOr<::utoipa::openapi::Response>,
            > {
                Self::DOCUMENTED.responses()
            }
        }
    })
}

/// The first paragraph of the doc comments, as one line.
fn first_paragraph(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|it| it.path().is_ident("doc")).filter_map(|it| match &it.meta {
            Meta::NameValue(it) => match &it.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        });
    let lines = lines.map(|it| it.trim().to_owned()).take_while(|it| !it.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}
