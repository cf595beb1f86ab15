//! Parameters of a request, as Stripe reads them: `application/x-www-form-urlencoded`, with names
//! such as `metadata[order_id]` for what is nested.

use std::fmt;

use form_urlencoded::Serializer;

/// Parameters in order. It shows their names only: a value may be a token.
#[derive(Clone, Default)]
pub(in super::super) struct Form(Vec<(String, String)>);

impl Form {
    pub(in super::super) fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.set(name, value);
        self
    }

    /// A parameter within others.
    pub(in super::super) fn with_nested(self, path: &[&str], value: impl ToString) -> Self {
        let Some((outer, inner)) = path.split_first() else { return self };
        let name = inner.iter().fold((*outer).to_owned(), |name, it| name + "[" + it + "]");
        self.with(name, value)
    }

    /// Sets a parameter, whatever it was before.
    pub(in super::super) fn set(&mut self, name: impl Into<String>, value: impl ToString) {
        let (name, value) = (name.into(), value.to_string());
        match self.0.iter_mut().find(|it| it.0 == name) {
            Some(parameter) => parameter.1 = value,
            None => self.0.push((name, value)),
        }
    }
}

/// Encoded.
impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Serializer::new(String::new()).extend_pairs(&self.0).finish())
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|it| &it.0)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_encoded_and_nested_by_brackets() {
        let mut form = Form::default()
            .with("amount", 1_999)
            .with("expand[]", "latest_charge")
            .with_nested(&["payment_method_options", "card", "capture_method"], "manual")
            .with("return_url", "https://shop.test/?a=1&b=ä");
        form.set("amount", 2_000);
        assert_eq!(
            form.to_string(),
            "amount=2000&expand%5B%5D=latest_charge\
             &payment_method_options%5Bcard%5D%5Bcapture_method%5D=manual\
             &return_url=https%3A%2F%2Fshop.test%2F%3Fa%3D1%26b%3D%C3%A4"
        );
        assert_eq!(format!("{:?}", Form::default().with("token", "hunter2")), r#"["token"]"#);
    }
}
