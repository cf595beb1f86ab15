//! `/notifications/templates`: the texts of the messages the shop sends by itself.

use axum::extract::State;
use chassis::auth::Principal;
use chassis::extract::{Json, LARGE_BODY, Path};
use chassis::page::Page;
use chassis::problem::Result;
use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::send::{not_blank, not_too_much, single_line};
use crate::builtin::{self, Definition, Key, LOCALE, Text};
use crate::model::{Channel, Topic};
use crate::store::Override;
use crate::template::{self, variables};
use crate::{App, problems, queue, store};

/// A template. Bodies are plain text; `{{ value }}`, `{% if %}` and `{% for %}` are replaced.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Template {
    key: &'static str,
    channel: Channel,
    locale: &'static str,
    topic: Topic,
    /// When it is sent.
    description: &'static str,
    subject: String,
    body: String,
    /// Whether staff have changed the built-in text.
    customized: bool,
    updated_at: Option<DateTime<Utc>>,
    /// The variables available in subject and body.
    variables: Vec<String>,
}

/// A new text of a template.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = NewTemplate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewText {
    #[garde(length(chars, max = 500), custom(single_line))]
    subject: String,
    #[garde(length(chars, max = 16_384), custom(not_blank))]
    body: String,
}

/// What to preview: a text that is not stored yet, data other than the sample, or both.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[schema(as = TemplateDraft)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
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
    body: String,
}

/// List the templates.
#[utoipa::path(
    get, path = "/notifications/templates", operation_id = "templates.list", tag = "notifications",
    responses(
        (status = 200, body = Page<Template>),
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Page<Template>>> {
    let written = store::overrides(&app.db).await?;
    let items = builtin::ALL.iter().map(|template| {
        let written = written.iter().find(|it| it.key == template.key).cloned();
        Template::of(&app, template, written)
    });
    Ok(Json(Page { items: items.collect(), next_cursor: None, total: None }))
}

/// Get a template.
#[utoipa::path(
    get, path = "/notifications/templates/{key}", operation_id = "templates.get", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template.")),
    responses(
        (status = 200, body = Template),
        problems::template_not_found,
    ),
    security(("bearer" = ["notifications:read"]))
)]
pub(crate) async fn get(State(app): State<App>, Path(key): Path<String>) -> Result<Json<Template>> {
    let template = find(&key)?;
    let written = store::find_override(&app.db, template.key, template.channel).await?;
    Ok(Json(Template::of(&app, template, written)))
}

/// Change the text of a template.
///
/// The text is checked for syntax, unknown variables, and whether it can be rendered; `errors` names
/// the field and the line. Templates with a one-time token also need the permission `users:write`.
#[utoipa::path(
    put, path = "/notifications/templates/{key}", operation_id = "templates.replace", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template.")),
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
    Json(text): Json<NewText>,
) -> Result<Json<Template>> {
    let template = find_to_change(&key, &principal)?;
    let text = Text { subject: text.subject, body: text.body };
    check(&app, template, &text)?;
    let (by, now) = (principal.id(), app.clock.now());
    store::set_override(&app.db, template.key, template.channel, &text, by, now).await?;
    let written = store::find_override(&app.db, template.key, template.channel).await?;
    Ok(Json(Template::of(&app, template, written)))
}

/// Restore the built-in text of a template.
#[utoipa::path(
    delete, path = "/notifications/templates/{key}", operation_id = "templates.restore", tag = "notifications",
    params(("key" = String, Path, description = "The key of the template.")),
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
) -> Result<Json<Template>> {
    let template = find_to_change(&key, &principal)?;
    store::delete_override(&app.db, template.key, template.channel).await?;
    Ok(Json(Template::of(&app, template, None)))
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
    let current = queue::text(&app.db, template).await?;
    let text = Text {
        subject: draft.subject.unwrap_or(current.subject),
        body: draft.body.unwrap_or(current.body),
    };
    check(&app, template, &text)?;
    let [mut data, _] = template.samples();
    merge(&mut data, Value::Object(draft.data.unwrap_or_default()));
    let context = template.context(&data, &app.shop, &Key::Masked);
    let Text { subject, body } =
        queue::fill(&text, &context).map_err(|(field, it)| problems::data_invalid(field, &it))?;
    Ok(Json(Preview { subject, body }))
}

impl Template {
    fn of(app: &App, template: &'static Definition, written: Option<Override>) -> Self {
        let [sample, _] = template.samples();
        let sample = template.context(&sample, &app.shop, &Key::Masked);
        let (customized, updated_at) =
            (written.is_some(), written.as_ref().map(|it| it.updated_at));
        let text = match written {
            Some(it) => Text { subject: it.subject, body: it.body },
            None => template.text(),
        };
        Self {
            key: template.key,
            channel: template.channel,
            locale: LOCALE,
            topic: template.topic,
            description: template.description,
            subject: text.subject,
            body: text.body,
            customized,
            updated_at,
            variables: variables(&sample),
        }
    }
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

fn check(app: &App, template: &Definition, text: &Text) -> Result<()> {
    let samples = template.samples().map(|it| template.context(&it, &app.shop, &Key::Masked));
    let fields = [("subject", &text.subject), ("body", &text.body)];
    let wrongs: Vec<_> = fields
        .into_iter()
        .filter_map(|(field, source)| Some((field, template::check(source, &samples).err()?)))
        .collect();
    if wrongs.is_empty() { Ok(()) } else { Err(problems::template_invalid(wrongs)) }
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
