//! What surrounds every e-mail: the shop's logo above, its address and the footer below, the colours
//! of light and dark mode. At most 600 pixels wide, and as narrow as the screen is.

use std::fmt::Write;

use chassis::shop::ShopProfile;

use crate::colour::{Colour, on, readable};
use crate::markdown::{self, Block, Document, Inline, Style, escaped};

/// The background of the text, in light and in dark mode.
const LIGHT: Colour = Colour(255, 255, 255);
const DARK: Colour = Colour(22, 27, 34);
const FONT: &str =
    "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/// The longest text that mail programs show next to the subject, in characters.
const PREVIEW: usize = 140;

/// An e-mail in both of its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    pub(crate) text: String,
    /// A whole HTML document.
    pub(crate) html: String,
}

/// What an e-mail is laid out with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) shop: &'a ShopProfile,
    /// A language tag.
    pub(crate) language: &'a str,
    pub(crate) subject: &'a str,
    /// The page that ends messages like this one: for those that are not transactional.
    pub(crate) unsubscribe: Option<&'a str>,
}

impl Layout<'_> {
    /// Lays out what a template was filled to.
    pub(crate) fn markdown(&self, markdown: &str) -> Mail {
        let document = markdown::parse(markdown);
        self.document(&markdown::text(&document), &document)
    }

    /// Lays out a plain text: its lines and paragraphs stay, and its URLs become links.
    pub(crate) fn plain(&self, text: &str) -> Mail {
        self.document(text, &markdown::of_plain(text))
    }

    fn document(&self, text: &str, document: &Document) -> Mail {
        Mail { text: self.text(text), html: self.html(document) }
    }

    fn text(&self, body: &str) -> String {
        let shop = self.shop;
        let mut text = format!("{}\n\n{}\n{}", body.trim_end(), shop.name, shop.public_url);
        for lines in [&shop.address, &shop.footer] {
            if !lines.trim().is_empty() {
                let _ = write!(text, "\n\n{}", lines.trim());
            }
        }
        if let Some(url) = self.unsubscribe {
            let _ = write!(text, "\n\n{}: {url}", self.unsubscribe_label());
        }
        text.push('\n');
        text
    }

    fn unsubscribe_label(&self) -> &'static str {
        match self.language {
            "de" => "Abbestellen",
            _ => "Unsubscribe",
        }
    }

    fn html(&self, document: &Document) -> String {
        let accent = Colour::parse(&self.shop.accent_color).unwrap_or_default();
        let on_accent = on(accent).to_string();
        let [button, link] = [accent, readable(accent, LIGHT)].map(|it| it.to_string());
        let style = Style { button: &button, on_button: &on_accent, link: &link };
        let body = markdown::html(document, style);
        let head = self.head(&readable(accent, DARK).to_string());
        let (logo, footer) = (self.logo(), self.footer());
        let preview = escaped(&preview(document));
        let [language, width] = [escaped(self.language), "600".to_owned()];
        format!(
            "<!DOCTYPE html>\n<html lang=\"{language}\">\n{head}\
             <body class=\"page\" style=\"margin:0;padding:0;background:#f6f8fa\">\n\
             <div style=\"display:none;max-height:0;overflow:hidden\">{preview}</div>\n\
             <table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" \
             cellspacing=\"0\" bgcolor=\"#f6f8fa\" style=\"width:100%;background:#f6f8fa\">\n\
             <tr><td class=\"edge\" align=\"center\" style=\"padding:24px 16px\">\n\
             <table role=\"presentation\" width=\"{width}\" cellpadding=\"0\" cellspacing=\"0\" \
             style=\"width:100%;max-width:600px;table-layout:fixed\">\n\
             <tr><td class=\"ink\" style=\"padding:0 0 16px;{FONT};color:#1f2328\">{logo}</td></tr>\n\
             <tr><td class=\"card ink\" bgcolor=\"#ffffff\" style=\"padding:32px 32px 16px;\
             background:#ffffff;border-radius:8px;{FONT};color:#1f2328;overflow-wrap:anywhere\">\n\
             {body}</td></tr>\n\
             <tr><td class=\"muted\" style=\"padding:16px 0;{FONT};font-size:13px;line-height:20px;\
             color:#59636e;overflow-wrap:anywhere\">{footer}</td></tr>\n\
             </table>\n</td></tr>\n</table>\n</body>\n</html>\n"
        )
    }

    /// `link`: the colour of links in dark mode.
    fn head(&self, link: &str) -> String {
        let title = escaped(self.subject);
        format!(
            "<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"supported-color-schemes\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>\n\
             :root {{ color-scheme: light dark; supported-color-schemes: light dark; }}\n\
             @media (prefers-color-scheme: dark) {{\n\
             .page {{ background: #0d1117 !important; }}\n\
             .card {{ background: {DARK} !important; }}\n\
             .ink {{ color: #e6edf3 !important; }}\n\
             .muted {{ color: #9198a1 !important; }}\n\
             .line {{ border-color: #3d444d !important; }}\n\
             .link {{ color: {link} !important; }}\n\
             }}\n\
             @media (max-width: 480px) {{\n\
             .edge {{ padding: 16px 8px !important; }}\n\
             .card {{ padding: 24px 16px 8px !important; }}\n\
             }}\n</style>\n</head>\n"
        )
    }

    fn logo(&self) -> String {
        let ShopProfile { name, public_url, logo_url, .. } = self.shop;
        let [name, url, logo] = [name, public_url, logo_url].map(|it| escaped(it));
        let content = if logo.is_empty() {
            name
        } else {
            format!(
                "<img src=\"{logo}\" alt=\"{name}\" height=\"40\" style=\"display:block;height:40px;\
                 max-width:100%;border:0\">"
            )
        };
        format!(
            "<a class=\"ink\" href=\"{url}\" style=\"font-size:20px;line-height:28px;\
             font-weight:700;color:#1f2328;text-decoration:none\">{content}</a>"
        )
    }

    fn footer(&self) -> String {
        let ShopProfile { name, public_url, address, footer, .. } = self.shop;
        let link = |url: &str, label: &str| {
            let (url, label) = (escaped(url), escaped(label));
            format!("<a class=\"muted\" href=\"{url}\" style=\"color:#59636e\">{label}</a>")
        };
        let mut parts = vec![link(public_url, name)];
        for lines in [address, footer] {
            let lines: Vec<_> = lines.trim().lines().map(|it| escaped(it.trim())).collect();
            parts.push(lines.join("<br>\n"));
        }
        parts.extend(self.unsubscribe.map(|url| link(url, self.unsubscribe_label())));
        parts.retain(|it| !it.is_empty());
        parts.join("<br><br>\n")
    }
}

/// What mail programs show next to the subject: the first paragraph after the greeting.
fn preview(document: &Document) -> String {
    let paragraphs = document.0.iter().filter_map(|it| match it {
        Block::Paragraph(content) if !matches!(content.as_slice(), [Inline::Link(..)]) => {
            Some(content)
        }
        _ => None,
    });
    let paragraphs: Vec<_> = paragraphs.take(2).collect();
    let Some(content) = paragraphs.last() else { return String::new() };
    let text = markdown::text(&Document(vec![Block::Paragraph((*content).clone())]));
    text.replace('\n', " ").chars().take(PREVIEW).collect()
}

#[cfg(test)]
mod tests;
