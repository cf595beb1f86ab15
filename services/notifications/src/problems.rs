//! Every error notifications can return, besides those of the chassis.

use chassis::problem::{FieldError, Problem};

use crate::template::Wrong;

pub(crate) fn notification_not_found() -> Problem {
    Problem::not_found("notification_not_found", "there is no such notification")
}

pub(crate) fn template_not_found() -> Problem {
    Problem::not_found(
        "template_not_found",
        "there is no such template; GET /notifications/templates lists them",
    )
}

pub(crate) fn already_sent() -> Problem {
    Problem::conflict("notification_already_sent", "this notification has been sent already")
}

/// A message that only the log has seen stays there as long as there is nobody else.
pub(crate) fn no_delivery() -> Problem {
    Problem::conflict(
        "notifications_not_delivered",
        "messages are only logged: change the setting notifications.carrier first",
    )
}

pub(crate) fn skipped(reason: Option<&str>) -> Problem {
    let reason = reason.unwrap_or("it is not to be sent");
    Problem::conflict("notification_skipped", format!("this notification is not sent: {reason}"))
}

/// Texts with secrets can be turned against accounts, so they need a right over accounts.
pub(crate) fn secret_template() -> Problem {
    Problem::forbidden(
        "forbidden",
        "this template carries a one-time token; changing it needs the permission users:write",
    )
    .with("permission", "users:write")
}

pub(crate) fn template_invalid(wrongs: Vec<(&'static str, Wrong)>) -> Problem {
    let errors = wrongs.into_iter();
    Problem::fields(
        errors
            .map(|(field, wrong)| FieldError { field: field.to_owned(), detail: wrong.to_string() })
            .collect(),
    )
}

/// The template is fine, but not with this data.
pub(crate) fn data_invalid(field: &str, wrong: &Wrong) -> Problem {
    Problem::field("data", format!("does not fill the template's {field}: {wrong}"))
}
