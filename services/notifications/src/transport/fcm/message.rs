//! A message in FCM's form.

use serde_json::{Value, json};

use crate::transport::OutgoingMessage;

/// The body of a request. A message that is sent twice takes the place of itself on the device.
/// Android's `collapse_key` is none of this: a device keeps only four of them at a time.
pub(super) fn body(message: &OutgoingMessage) -> Value {
    let id = message.id.to_string();
    let mut data = json!({ "message_id": id });
    if let Some(number) = &message.order_number {
        data["order_number"] = json!(number);
    }
    let mut notification = json!({ "body": message.text });
    if let Some(title) = &message.subject {
        notification["title"] = json!(title);
    }
    json!({
        "message": {
            "token": message.recipient,
            "notification": notification,
            "data": data,
            "android": { "notification": { "tag": id } },
            "apns": { "headers": { "apns-collapse-id": id } },
            "webpush": { "notification": { "tag": id } },
        }
    })
}
