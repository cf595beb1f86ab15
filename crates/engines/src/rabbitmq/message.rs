//! An event as an AMQP message: CloudEvents in structured mode, what brokers and their tools look
//! at repeated in the properties.

use chassis::outbox::Envelope;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable};

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

pub(super) fn properties(event: &Envelope) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(event.id.to_string().into())
        .with_type(event.kind.as_str().into())
        .with_timestamp(event.time.timestamp().unsigned_abs())
        .with_app_id("cartwright".into());
    let Some(trace) = &event.traceparent else { return properties };
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(trace.as_str().into()));
    properties.with_headers(headers)
}
