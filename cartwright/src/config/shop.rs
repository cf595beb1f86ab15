//! Whether the settings of `[shop]` are such that customers can be written to: they are in every
//! message, where a wrong one cannot be called back. Notifications checks its e-mail addresses.

use chassis::config::SettingError;
use contracts::language::Language;

use super::Shop;

/// The longest text at the foot of messages, in characters.
const MAX_TEXT: usize = 2_000;

impl Shop {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let wrong = |setting: &str, value: &str, allowed: &str| {
            Err(SettingError::new(setting, format!("{value:?}"), allowed))
        };
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            return wrong("shop.name", &self.name, "one line that is not blank");
        }
        if !is_url(&self.public_url) || self.public_url.contains(['?', '#']) {
            let allowed = "a URL without query, such as https://shop.example.com";
            return wrong("shop.public_url", &self.public_url, allowed);
        }
        if !self.logo_url.is_empty() && !is_url(&self.logo_url) {
            let allowed = "a URL such as https://shop.example.com/logo.png, or empty";
            return wrong("shop.logo_url", &self.logo_url, allowed);
        }
        if !is_color(&self.accent_color) {
            let allowed = "a color such as #1f6feb";
            return wrong("shop.accent_color", &self.accent_color, allowed);
        }
        if Language::parse(&self.language).is_none() {
            return wrong("shop.language", &self.language, "a language tag such as en or de");
        }
        for (setting, value) in [("shop.address", &self.address), ("shop.footer", &self.footer)] {
            if value.chars().count() > MAX_TEXT {
                let value = format!("{} characters long", value.chars().count());
                return Err(SettingError::new(setting, value, format!("at most {MAX_TEXT}")));
            }
        }
        Ok(())
    }
}

/// Of a web page or a picture: nothing that ends a link in a message.
fn is_url(text: &str) -> bool {
    let odd =
        |it: char| it.is_whitespace() || it.is_control() || matches!(it, '<' | '>' | '"' | '\\');
    let Ok(uri) = text.parse::<http::Uri>() else { return false };
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    is_web && uri.host().is_some_and(|it| !it.is_empty()) && !text.contains(odd)
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.bytes().all(|it| it.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Shop)) -> String {
        let mut shop = Shop::default();
        change(&mut shop);
        shop.check().expect_err("a wrong setting").to_string()
    }

    #[test]
    fn what_is_in_every_message_is_checked() {
        for url in ["", "shop.example", "ftp://shop.example", "http://", "https://a b", "/shop"] {
            assert!(
                refused(|it| it.public_url = url.to_owned()).contains("shop.public_url"),
                "{url}"
            );
        }
        for url in ["https://shop.example/?a=1", "https://shop.example/#a"] {
            assert!(
                refused(|it| it.public_url = url.to_owned()).contains("shop.public_url"),
                "{url}"
            );
        }
        for url in ["logo.png", "javascript:alert(1)", "https://a/\">", "data:image/png;base64,x"] {
            assert!(refused(|it| it.logo_url = url.to_owned()).contains("shop.logo_url"), "{url}");
        }
        for color in ["", "red", "#fff", "1f6feb", "#1f6fe", "#1f6febf", "#1f6feg"] {
            let error = refused(|it| it.accent_color = color.to_owned());
            assert!(error.contains("shop.accent_color"), "{color}: {error}");
        }
        for language in ["", "german", "d", "de_DE"] {
            let error = refused(|it| it.language = language.to_owned());
            assert!(error.contains("shop.language"), "{language}: {error}");
        }
        assert!(refused(|it| it.name = " ".to_owned()).contains("shop.name"));
        assert!(refused(|it| it.name = "A\nB".to_owned()).contains("shop.name"));
        assert!(refused(|it| it.footer = "x".repeat(2_001)).contains("shop.footer"));
        assert!(refused(|it| it.address = "x".repeat(2_001)).contains("shop.address"));
    }

    #[test]
    fn a_shop_with_everything_is_accepted_and_so_is_one_with_nothing() {
        assert!(Shop::default().check().is_ok());
        let shop = Shop {
            name: "Lamps & Co".to_owned(),
            public_url: "https://shop.example/lamps/".to_owned(),
            logo_url: "https://cdn.example/l.png?v=2".to_owned(),
            accent_color: "#FFd700".to_owned(),
            language: "de-AT".to_owned(),
            address: "Lamps Ltd\n1 Light Street".to_owned(),
            ..Shop::default()
        };
        shop.check().expect("good settings");
    }
}
