//! `/notifications/templates`: the texts of the messages the shop sends by itself.

use axum::extract::State;
use axum::response::Response;
use chassis::auth::Principal;
use chassis::extract::{Json, LARGE_BODY, Path, Query};
use chassis::idempotency::IdempotencyKey;
use chassis::page::Page;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use contracts::language::Language;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::send::{self, Letter, Names, address, not_blank, not_too_much, single_line};
use crate::builtin::{self, Definition, Key, LANGUAGES, Text};
use crate::layout::Layout;
use crate::model::{Channel, Message, Topic, one_line};
use crate::queue::{About, Content};
use crate::store::Override;
use crate::template::{Wrong, variables};
use crate::texts::Filled;
use crate::{App, problems, store, texts};

/// A template in a language. The subject is plain text, the body Markdown; `{{ value }}`, `{% if %}`
/// and `{% for %}` are replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Template {
    key: &'static str,
    channel: Channel,
    #[schema(example = "en")]
    language: String,
    /// The languages there is a text in, built in or written by staff.
    #[schema(example = json!(["en", "de"]))]
    languages: Vec<String>,
    topic: Topic,
    /// When it is sent.
    description: &'static str,
    subject: String,
    body: String,
    /// Whether staff have written a text in this language.
    customized: bool,
    updated_at: Option<DateTime<Utc>>,
    /// Why the text that staff have written can no longer be used. The built-in one is sent instead.
    last_error: Option<String>,
    /// The variables available in subject and body.
    variables: Vec<String>,
}

#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LanguageQuery {
    /// The language of the text. Defaults to the shop's.
    #[garde(skip)]
    #[param(value_type = Option<String>, example = "de")]
    language: Option<Language>,
}

impl LanguageQuery {
    fn or_own(self, app: &App) -> String {
        or_own(app, self.language.as_ref())
    }
}

/// A new text of a template.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = NewTemplate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewText {
    #[garde(length(chars, max = 500), custom(single_line))]
    subject: String,
    /// Markdown.
    #[garde(length(chars, max = 16_384), custom(not_blank))]
    body: String,
}

/// What to preview: a language, a text that is not stored yet, data other than the sample.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = TemplateDraft)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// Defaults to the shop's.
    #[garde(skip)]
    language: Option<Language>,
    #[garde(length(chars, max = 500), inner(custom(single_line)))]
    subject: Option<String>,
    #[garde(length(chars, max = 16_384), inner(custom(not_blank)))]
    body: Option<String>,
    /// Replaces parts of the sample data.
    #[garde(custom(not_too_much))]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

/// Whom to send a test message, and what is in it.
#[derive(Debug, Serialize, Deserialize, ToSchema, Validate)]
#[schema(as = TemplateTest)]
#[serde(deny_unknown_fields)]
pub(crate) struct TestMessage {
    #[garde(custom(address(Channel::Email)))]
    #[schema(example = "ada@example.com")]
    to: String,
    /// Defaults to the shop's.
    #[garde(skip)]
    language: Option<Language>,
    #[garde(length(chars, max = 500), inner(custom(single_line)))]
    subject: Option<String>,
    #[garde(length(chars, max = 16_384), inner(custom(not_blank)))]
    body: Option<String>,
    /// Replaces parts of the sample data.
    #[garde(custom(not_too_much))]
    #[schema(value_type = Option<Object>)]
    data: Option<Map<String, Value>>,
}

/// A rendered template. One-time tokens are masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TemplatePreview)]
pub(crate) struct Preview {
    subject: String,
    /// The plain text of the e-mail.
    text: String,
    /// The whole HTML document of the e-mail.
    html: String,
}

/// List the templates.
#[utoipa::path(
    get, path = "/notifications/templates", operation_id = "templates.list", tag = "notifications",
    params(LanguageQuery),
    responses(
        (status = 200, body = Page<Template>),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<LanguageQuery>,
) -> Result<Json<Page<Template>>> {
    let language = query.or_own(&app);
    let written = store::overrides(&app.db).await?;
    let items = builtin::ALL.iter().map(|it| Template::of(&app, it, &language, &written));
    Ok(Json(Page { items: items.collect(), next_cursor: None, total: None }))
}

/// Get a template.
#[utoipa::path(
    get, path = "/notifications/templates/{key}", operation_id = "templates.get", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template."), LanguageQuery),
    responses(
        (status = 200, body = Template),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn get(
    State(app): State<App>,
    Path(key): Path<String>,
    Query(query): Query<LanguageQuery>,
) -> Result<Json<Template>> {
    let template = find(&key)?;
    show(&app, template, &query.or_own(&app)).await
}

/// Change the text of a template in a language.
///
/// The text is checked for syntax, unknown variables, and whether it can be rendered; `errors` names
/// the field and the line. Templates with a one-time token also need the permission `users:write`.
#[utoipa::path(
    put, path = "/notifications/templates/{key}", operation_id = "templates.replace", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template."), LanguageQuery),
    request_body = NewText,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 200, body = Template),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn replace(
    State(app): State<App>,
    principal: Principal,
    Path(key): Path<String>,
    Query(query): Query<LanguageQuery>,
    Json(text): Json<NewText>,
) -> Result<Json<Template>> {
    let template = find_to_change(&key, &principal)?;
    let language = query.or_own(&app);
    let text = Text { subject: text.subject, body: text.body };
    check(&app, template, &language, &text).map_err(problems::template_invalid)?;
    let (by, now) = (principal.id(), app.clock.now());
    let which = (template.key, template.channel, language.as_str());
    store::set_override(&app.db, which, &text, by, now).await?;
    show(&app, template, &language).await
}

/// Restore the built-in text of a template in a language.
#[utoipa::path(
    delete, path = "/notifications/templates/{key}", operation_id = "templates.restore", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template."), LanguageQuery),
    responses(
        (status = 200, description = "The built-in text.", body = Template),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn restore(
    State(app): State<App>,
    principal: Principal,
    Path(key): Path<String>,
    Query(query): Query<LanguageQuery>,
) -> Result<Json<Template>> {
    let template = find_to_change(&key, &principal)?;
    let language = query.or_own(&app);
    store::delete_override(&app.db, template.key, template.channel, &language).await?;
    show(&app, template, &language).await
}

/// Render a template with sample data, without sending anything.
#[utoipa::path(
    post, path = "/notifications/templates/{key}/preview", operation_id = "templates.preview", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template.")),
    request_body = Draft,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 200, body = Preview),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn preview(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(draft): Json<Draft>,
) -> Result<Json<Preview>> {
    let template = find(&key)?;
    let language = or_own(&app, draft.language.as_ref());
    let Filled { subject, markdown, .. } = fill(&app, template, &language, draft).await?;
    let layout =
        Layout { shop: &app.shop, language: &language, subject: &subject, unsubscribe: None };
    let mail = layout.markdown(&markdown);
    Ok(Json(Preview { text: mail.text, html: mail.html, subject }))
}

/// Send a template with sample data to an address, as a test.
///
/// The subject begins with `[Test]`. One-time tokens are masked, so its links open nothing.
#[utoipa::path(
    post, path = "/notifications/templates/{key}/test", operation_id = "templates.test", tag = "notifications",
    params(
        ("key" = String, Path, description = "The key of the template."),
        ("Idempotency-Key" = Option<String>, Header, description = "A unique value, to retry the \
                                                                    request safely."),
    ),
    request_body = TestMessage,
    extensions(("x-body-limit" = json!(LARGE_BODY))),
    responses(
        (status = 202, description = "The message is queued.", body = Message),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:send"]))
)]
pub(crate) async fn test(
    State(app): State<App>,
    principal: Principal,
    Path(key): Path<String>,
    idempotency_key: Option<IdempotencyKey>,
    Json(test): Json<TestMessage>,
) -> Result<Response> {
    let template = find(&key)?;
    let names = Names::of(&principal, idempotency_key, template.channel, &(template.key, &test))?;
    let TestMessage { to, language, subject, body, data } = test;
    let chosen = or_own(&app, language.as_ref());
    let draft = Draft { language, subject, body, data };
    let filled = fill(&app, template, &chosen, draft).await?;
    // Without its template the sender has nothing to unmask, and no news that could be outdated.
    let content = Content {
        template: None,
        data: Value::Object(Map::new()),
        language: Some(chosen),
        subject: Some(one_line(&format!("[Test] {}", filled.subject))),
        body: filled.text,
        markdown: Some(filled.markdown),
    };
    let (topic, about, attachments) = (template.topic, About::default(), vec![]);
    let letter = Letter { to, topic, content, about, attachments };
    send::send(&app, names, letter).await
}

impl Template {
    fn of(app: &App, template: &'static Definition, language: &str, written: &[Override]) -> Self {
        let written: Vec<_> = written.iter().filter(|it| it.key == template.key).collect();
        let mut languages = LANGUAGES.map(str::to_owned).to_vec();
        languages.extend(written.iter().map(|it| it.locale.clone()));
        languages
            .sort_by_key(|it| LANGUAGES.iter().position(|own| own == it).unwrap_or(usize::MAX));
        languages.dedup();
        let [sample, _] = template.samples(language);
        let sample = template.context(&sample, &app.shop, &Key::Masked);
        let own = written.into_iter().find(|it| it.locale == language);
        let text = match own {
            Some(it) => Text { subject: it.subject.clone(), body: it.body.clone() },
            None => template.text_or_first(language),
        };
        let wrongs = own.and_then(|_| check(app, template, language, &text).err());
        let says = |(field, wrong): &(&str, Wrong)| format!("{field}: {wrong}");
        Self {
            key: template.key,
            channel: template.channel,
            language: language.to_owned(),
            languages,
            topic: template.topic,
            description: template.description,
            subject: text.subject,
            body: text.body,
            customized: own.is_some(),
            updated_at: own.map(|it| it.updated_at),
            last_error: wrongs.map(|it| it.iter().map(says).collect::<Vec<_>>().join("; ")),
            variables: variables(&sample),
        }
    }
}

async fn show(app: &App, template: &'static Definition, language: &str) -> Result<Json<Template>> {
    let written = store::overrides(&app.db).await?;
    Ok(Json(Template::of(app, template, language, &written)))
}

fn or_own(app: &App, language: Option<&Language>) -> String {
    language.map_or_else(|| texts::own_language(app), |it| it.as_str().to_owned())
}

fn find(key: &str) -> Result<&'static Definition> {
    builtin::find(key).ok_or_else(problems::template_not_found)
}

fn find_to_change(key: &str, principal: &Principal) -> Result<&'static Definition> {
    let template = find(key)?;
    if template.secret.is_some() && !principal.may("users:write") {
        return Err(problems::secret_template());
    }
    Ok(template)
}

fn check(
    app: &App,
    template: &Definition,
    language: &str,
    text: &Text,
) -> Result<(), Vec<(&'static str, Wrong)>> {
    let context = |it| template.context(&it, &app.shop, &Key::Masked);
    texts::check(text, &template.samples(language).map(context))
}

/// Fills a draft, or the text in force where it has none, with sample data.
async fn fill(app: &App, template: &Definition, language: &str, draft: Draft) -> Result<Filled> {
    let current = texts::text(&app.db, template, language).await?;
    let text = Text {
        subject: draft.subject.unwrap_or(current.subject),
        body: draft.body.unwrap_or(current.body),
    };
    check(app, template, language, &text).map_err(problems::template_invalid)?;
    let [mut data, _] = template.samples(language);
    merge(&mut data, Value::Object(draft.data.unwrap_or_default()));
    let context = template.context(&data, &app.shop, &Key::Masked);
    texts::fill(&text, &context).map_err(|(field, it)| problems::data_invalid(field, &it))
}

/// Puts `changes` over `data`, object by object.
fn merge(data: &mut Value, changes: Value) {
    match (data, changes) {
        (Value::Object(data), Value::Object(changes)) => {
            for (name, change) in changes {
                merge(data.entry(name).or_insert(Value::Null), change);
            }
        }
        (data, change) => *data = change,
    }
}
