//! Every error notifications can return, besides those of the chassis.

use chassis::policy;
use chassis::problem::{FieldError, Problem, problem};

use crate::model::Channel;
use crate::template::Wrong;

/// The notification does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn notification_not_found() -> Problem {
    notification_not_found::problem("there is no such notification")
}

/// The device does not exist or is not yours.
#[problem(NOT_FOUND)]
pub(crate) fn device_not_found() -> Problem {
    device_not_found::problem("you have no such device")
}

/// The suppression does not exist, or has been lifted.
#[problem(NOT_FOUND)]
pub(crate) fn suppression_not_found() -> Problem {
    suppression_not_found::problem("there is no such suppression")
}

/// The token is not that of a message, or the message's recipient is gone.
#[problem(NOT_FOUND)]
pub(crate) fn unsubscribe_token_invalid() -> Problem {
    unsubscribe_token_invalid::problem(
        "this link to unsubscribe is not valid; use the whole link of the message",
    )
}

/// The template does not exist.
#[problem(NOT_FOUND)]
pub(crate) fn template_not_found() -> Problem {
    template_not_found::problem("there is no such template; GET /notifications/templates lists all")
}

/// The notification has already been sent.
#[problem(CONFLICT)]
pub(crate) fn notification_already_sent() -> Problem {
    notification_already_sent::problem("this notification has already been sent")
}

/// The shop only logs notifications of this channel. Name a provider in the settings first.
#[problem(CONFLICT)]
pub(crate) fn notifications_not_delivered(channel: Channel) -> Problem {
    let setting = channel.providers_setting();
    notifications_not_delivered::problem(format!(
        "these notifications are only logged; name a provider in the setting {setting} first"
    ))
}

/// The notification was skipped and is not sent, for example because the user does not want it.
#[problem(CONFLICT)]
pub(crate) fn notification_skipped(reason: Option<&str>) -> Problem {
    let reason = reason.unwrap_or("it is not to be sent");
    notification_skipped::problem(format!("this notification is not sent: {reason}"))
}

/// Texts with secrets can be turned against accounts, so they need a permission over accounts.
pub(crate) fn secret_template() -> Problem {
    let detail =
        "this template contains a one-time token; changing it needs the permission users:write";
    Problem { detail: detail.into(), ..policy::forbidden("users:write") }
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
