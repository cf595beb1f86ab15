//! The text of a template that is in force, and filling it.

use chassis::db::{self, Session};
use contracts::language::Language;
use serde_json::Value;

use crate::builtin::{Definition, Key, LANGUAGES, Text};
use crate::model::one_line;
use crate::template::{self, Format, Wrong};
use crate::{App, markdown, store};

/// A template that was filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) subject: String,
    pub(crate) markdown: String,
    /// The same as plain text.
    pub(crate) text: String,
}

/// The shop's own language.
pub(crate) fn own_language(app: &App) -> String {
    let language = Language::parse(&app.shop.language);
    language.map_or_else(|| LANGUAGES[0].to_owned(), |it| it.as_str().to_owned())
}

/// The language a template is sent in: the recipient's if there is a text in it, built in or by
/// staff, else the shop's, else the first there is.
pub(crate) async fn language(
    app: &App,
    db: impl Session<'_>,
    template: &Definition,
    recipients: Option<&Language>,
) -> db::Result<String> {
    let shop = own_language(app);
    let recipients = recipients.map(|it| it.as_str().to_owned());
    if let Some(shipped) = recipients.as_ref().filter(|it| LANGUAGES.contains(&it.as_str())) {
        return Ok(shipped.clone());
    }
    let written = store::languages_of(db, template.key, template.channel).await?;
    let wanted = recipients.into_iter().chain([shop]);
    let found =
        wanted.into_iter().find(|it| LANGUAGES.contains(&it.as_str()) || written.contains(it));
    Ok(found.unwrap_or_else(|| LANGUAGES[0].to_owned()))
}

/// The text in force for a template in a language: what staff wrote, else the built-in one.
pub(crate) async fn text(
    db: impl Session<'_>,
    template: &Definition,
    language: &str,
) -> db::Result<Text> {
    let written = store::find_override(db, template.key, template.channel, language).await?;
    Ok(match written {
        Some(it) => Text { subject: it.subject, body: it.body },
        None => template.text_or_first(language),
    })
}

/// Fills a text. The error names the field (`subject` or `body`) it was found in.
pub(crate) fn fill(text: &Text, context: &Value) -> Result<Filled, (&'static str, Wrong)> {
    let subject = template::render(&text.subject, Format::Plain, context);
    let subject = one_line(&subject.map_err(|it| ("subject", it))?);
    let markdown = template::render(&text.body, Format::Markdown, context);
    let markdown = markdown.map_err(|it| ("body", it))?;
    let text = markdown::text(&markdown::parse(&markdown));
    Ok(Filled { subject, markdown, text })
}

/// Checks a text against samples. The errors name the field.
pub(crate) fn check(text: &Text, samples: &[Value]) -> Result<(), Vec<(&'static str, Wrong)>> {
    let fields =
        [("subject", &text.subject, Format::Plain), ("body", &text.body, Format::Markdown)];
    let wrongs: Vec<_> = fields
        .into_iter()
        .filter_map(|(field, source, format)| {
            Some((field, template::check(source, format, samples).err()?))
        })
        .collect();
    if wrongs.is_empty() { Ok(()) } else { Err(wrongs) }
}

/// Fills the template in force; where that does not work with this data, the built-in one, so
/// that a mistake in a text keeps nobody from a message.
pub(crate) async fn fill_in_force(
    app: &App,
    db: impl Session<'_>,
    template: &Definition,
    language: &str,
    data: &Value,
    key: &Key,
) -> db::Result<Result<Filled, Wrong>> {
    let context = template.context(data, &app.shop, key);
    let text = text(db, template, language).await?;
    Ok(match fill(&text, &context) {
        Ok(filled) => Ok(filled),
        Err((field, wrong)) => {
            tracing::warn!(template = template.key, language, field, %wrong,
                           "invalid template; using the built-in text");
            metrics::counter!("notification_templates_failed_total", "template" => template.key)
                .increment(1);
            fill(&template.text_or_first(language), &context).map_err(|(_, wrong)| wrong)
        }
    })
}
