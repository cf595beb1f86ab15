use chassis::testing::noon;
use insta::assert_snapshot;

use super::*;
use crate::model::Channel;

fn shop() -> ShopProfile {
    ShopProfile {
        name: "Bücher, \"Wein\" & Co".to_owned(),
        email_from: "Shop@BÜCHER.example".to_owned(),
        email_reply_to: "help@example.com".to_owned(),
        ..ShopProfile::default()
    }
}

fn message() -> OutgoingMessage {
    OutgoingMessage {
        id: Uuid::from_u128(7),
        channel: Channel::Email,
        template: Some("order_confirmed".to_owned()),
        recipient: "ada@example.com".to_owned(),
        subject: Some(
            "Ihre Bestellung CW-100001 ist bestätigt – vielen Dank für den Einkauf!".to_owned(),
        ),
        text: "Grüße,\nder Shop.".to_owned(),
        html: None,
        language: Some("de".to_owned()),
        order_number: None,
        link: None,
        unsubscribe: None,
        attachments: vec![],
    }
}

fn composed(config: &SmtpConfig, message: &OutgoingMessage) -> String {
    let mail = Composer::new(config, &shop()).unwrap().compose(message, noon()).unwrap();
    String::from_utf8(mail.bytes).unwrap()
}

/// As staff of a mail server would read it.
fn shown(message: &OutgoingMessage) -> String {
    composed(&SmtpConfig::default(), message).replace("\r\n", "\n")
}

#[test]
fn a_text_is_a_message_of_one_part() {
    assert_snapshot!(shown(&message()), @r#"
    From: =?utf-8?b?QsO8Y2hlciwgIldlaW4iICYgQ28=?= <shop@xn--bcher-kva.example>
    To: ada@example.com
    Subject: Ihre Bestellung CW-100001 ist =?utf-8?b?YmVzdMOkdGlndCDigJM=?=
     vielen Dank =?utf-8?b?ZsO8cg==?= den Einkauf!
    Date: Fri, 02 Jan 2026 12:00:00 +0000
    Message-ID: <00000000-0000-0000-0000-000000000007@xn--bcher-kva.example>
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    Reply-To: help@example.com
    Content-Language: de
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    Gr=C3=BC=C3=9Fe,
    der Shop.
    "#);
}

#[test]
fn html_and_files_are_parts_and_who_can_unsubscribe_is_told_how() {
    let file = Attachment {
        filename: "Rechnung Nº 7.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        content: b"%PDF-1.7".to_vec(),
    };
    let message = OutgoingMessage {
        html: Some("<p style=\"color: red\">Grüße</p>".to_owned()),
        unsubscribe: Some("https://shop.example/api/v1/notifications/unsubscribe/abc".to_owned()),
        attachments: vec![file],
        ..message()
    };
    assert_snapshot!(shown(&message), @r#"
    From: =?utf-8?b?QsO8Y2hlciwgIldlaW4iICYgQ28=?= <shop@xn--bcher-kva.example>
    To: ada@example.com
    Subject: Ihre Bestellung CW-100001 ist =?utf-8?b?YmVzdMOkdGlndCDigJM=?=
     vielen Dank =?utf-8?b?ZsO8cg==?= den Einkauf!
    Date: Fri, 02 Jan 2026 12:00:00 +0000
    Message-ID: <00000000-0000-0000-0000-000000000007@xn--bcher-kva.example>
    Auto-Submitted: auto-generated
    X-Auto-Response-Suppress: All
    Reply-To: help@example.com
    Content-Language: de
    List-Unsubscribe: <https://shop.example/api/v1/notifications/unsubscribe/abc>
    List-Unsubscribe-Post: List-Unsubscribe=One-Click
    MIME-Version: 1.0
    Content-Type: multipart/mixed;
     boundary="mixed-00000000000000000000000000000007"

    --mixed-00000000000000000000000000000007
    Content-Type: multipart/alternative;
     boundary="alternative-00000000000000000000000000000007"

    --alternative-00000000000000000000000000000007
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    Gr=C3=BC=C3=9Fe,
    der Shop.
    --alternative-00000000000000000000000000000007
    Content-Type: text/html; charset=utf-8
    Content-Transfer-Encoding: quoted-printable

    <p style=3D"color: red">Gr=C3=BC=C3=9Fe</p>
    --alternative-00000000000000000000000000000007--
    --mixed-00000000000000000000000000000007
    Content-Disposition: attachment;
     filename*0*=utf-8''Rechnung%20N%C2%BA%207.pdf
    Content-Type: application/pdf
    Content-Transfer-Encoding: base64

    JVBERi0xLjc=
    --mixed-00000000000000000000000000000007--
    "#);
}

#[test]
fn nothing_that_somebody_wrote_becomes_a_header() {
    let lines = "Hi\r\nBcc: eve@example.org\r\n\r\nbody";
    let file = Attachment {
        filename: "a\r\nBcc: eve@example.org\".pdf".to_owned(),
        content_type: "text/plain\r\nBcc: eve@example.org".to_owned(),
        content: vec![],
    };
    let message = OutgoingMessage {
        subject: Some(lines.to_owned()),
        language: Some(lines.to_owned()),
        unsubscribe: Some(lines.to_owned()),
        attachments: vec![file],
        ..message()
    };
    let mail = composed(&SmtpConfig::default(), &message);
    assert!(!mail.lines().any(|it| it.starts_with("Bcc")), "{mail}");
    let bad =
        OutgoingMessage { recipient: "ada@example.com>\r\nRCPT TO:<eve".to_owned(), ..message };
    let composer = Composer::new(&SmtpConfig::default(), &shop()).unwrap();
    assert!(matches!(composer.compose(&bad, noon()), Err(NotComposed::Recipient)));
}

#[test]
fn a_message_is_signed_for_the_shops_domain_or_another_in_the_settings() {
    let mut config = SmtpConfig {
        dkim_private_key: crate::transport::smtp::dkim::ED25519.into(),
        dkim_selector: "shop".to_owned(),
        ..SmtpConfig::default()
    };
    let signature = |config: &SmtpConfig| {
        let mail = composed(config, &message());
        mail.lines().take_while(|it| !it.starts_with("From")).collect::<String>()
    };
    let own = signature(&config);
    assert!(own.starts_with("DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;"), "{own}");
    assert!(own.contains("d=xn--bcher-kva.example; s=shop;"), "{own}");
    config.dkim_domain = "example.com".to_owned();
    assert!(signature(&config).contains("d=example.com;"));
}

#[test]
fn a_shop_without_an_address_sends_nothing() {
    let error = Composer::new(&SmtpConfig::default(), &ShopProfile::default()).unwrap_err();
    assert_eq!(error.setting, "shop.email_from");
}
