//! Against the scripted server in `tests/smtp-server`: what becomes of a message, and what staff
//! read of it.

mod connections;
mod faults;
mod security;
mod server;

use std::sync::Arc;

use chassis::clock::Clock;
use chassis::shop::ShopProfile;
use chassis::testing::noon;

use super::{Smtp, SmtpConfig};
use crate::Config;
use crate::transport::{DeliveryError, OutgoingMessage, Setup, Transport};

/// A shop that sends by this server.
fn smtp(config: SmtpConfig) -> Arc<Smtp> {
    let config = Config { smtp: config, ..Config::default() };
    let shop = ShopProfile {
        name: "Bücher & Co".to_owned(),
        email_from: "shop@example.com".to_owned(),
        ..ShopProfile::default()
    };
    let setup = Setup { config: &config, shop: &shop, clock: Clock::Fixed(noon()) };
    Arc::new(Smtp::new(&setup).unwrap())
}

fn message(recipient: &str) -> OutgoingMessage {
    OutgoingMessage {
        id: chassis::id::new(),
        channel: crate::model::Channel::Email,
        template: None,
        recipient: recipient.to_owned(),
        subject: Some("Your order".to_owned()),
        text: "Good day.".to_owned(),
        html: None,
        language: None,
        order_number: None,
        link: None,
        unsubscribe: None,
        attachments: vec![],
    }
}

#[test]
fn the_queue_id_is_found_in_the_answers_of_usual_servers() {
    for (answer, id) in [
        ("250 2.0.0 Ok: queued as 4XyZ9k1", Some("4XyZ9k1")),
        ("250 OK id=1tABcD-000000001Ab-2xYz", Some("1tABcD-000000001Ab-2xYz")),
        ("250 Ok 0100019a1b2c3d4e-aaaa-bbbb-000000", Some("0100019a1b2c3d4e-aaaa-bbbb-000000")),
        (
            "250 2.6.0 <7@shop.example> [InternalId=12345, Hostname=A.PROD] Queued mail for delivery",
            Some("12345"),
        ),
        ("250 Message queued as <abc123@mail.test>", Some("abc123@mail.test")),
        ("250 2.0.0 Ok", None),
        ("250 OK: message queued", None),
        ("250 2.0.0 Message accepted for delivery", None),
    ] {
        let response = format!("{answer}\r\n").parse().unwrap();
        assert_eq!(super::queue_id(&response).as_deref(), id, "{answer}");
    }
}

/// What staff read of a message to Ada that this server does not get.
async fn reason(smtp: &Smtp) -> String {
    match smtp.deliver(&message("ada@example.com")).await {
        Err(DeliveryError::Unavailable { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}
