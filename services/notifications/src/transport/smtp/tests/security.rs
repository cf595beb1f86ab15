//! Encryption, certificates and logins: nothing is said to a server that is not the right one.

use chassis::testing::{in_time, on};
use lettre::transport::smtp::client::TlsParameters;
use serde_json::json;

use super::super::{Authentication, Encryption, SmtpConfig};
use super::server::{Certificate, MailServer};
use super::{message, reason, smtp};
use crate::transport::{DeliveryError, Transport};

async fn is_sent(config: SmtpConfig) {
    let smtp = smtp(config);
    let sent = in_time("a delivery", smtp.deliver(&message("ada@example.com"))).await;
    assert!(sent.unwrap().provider_message_id.is_some());
}

#[on(smtp)]
async fn messages_go_out_encrypted_from_the_start_or_after_starttls() {
    let upgraded = MailServer::encrypted(json!({})).await;
    is_sent(upgraded.config()).await;
    let secure = MailServer::encrypted(json!({ "secure": true })).await;
    is_sent(SmtpConfig { encryption: Encryption::Tls, ..secure.config() }).await;
    for server in [upgraded, secure] {
        assert_eq!(server.of("message").await[0]["secure"], true);
    }
}

#[on(smtp)]
async fn without_starttls_nothing_is_said() {
    let server = MailServer::plain(MailServer::login(&["PLAIN"])).await;
    let config = SmtpConfig { encryption: Encryption::Starttls, ..server.with_login() };
    let said = reason(&smtp(config)).await;
    let name = server.name();
    assert_eq!(said, format!("{name} offers no STARTTLS, and without it nothing is sent"));
    assert_eq!((server.count("login").await, server.count("message").await), (0, 0));
}

#[on(smtp)]
async fn a_server_that_does_not_prove_who_it_is_gets_nothing() {
    let stranger = Certificate::new(|_| ());
    for (certificate, is_trusted, wrong) in [
        (Certificate::expired(), true, "it has expired"),
        (Certificate::of_another(), true, "it is for another name"),
        (stranger, false, "no authority that is trusted has signed it"),
    ] {
        for encryption in [Encryption::Starttls, Encryption::Tls] {
            let mut options = MailServer::login(&["PLAIN"]);
            options["secure"] = json!(encryption == Encryption::Tls);
            let server = MailServer::start(options, Some(certificate.copy())).await;
            let mut config = SmtpConfig { encryption, ..server.with_login() };
            if !is_trusted {
                config.ca_file = Default::default();
            }
            let said = reason(&smtp(config)).await;
            let begin = format!("the certificate of {} is not valid: {wrong}", server.name());
            assert!(said.starts_with(&begin), "{said}");
            assert_eq!((server.count("login").await, server.count("message").await), (0, 0));
        }
    }
}

#[on(smtp)]
async fn every_way_to_log_in_works() {
    for (authentication, method) in [
        (Authentication::Auto, "LOGIN"),
        (Authentication::Auto, "PLAIN"),
        (Authentication::Plain, "PLAIN"),
        (Authentication::Login, "LOGIN"),
        (Authentication::Xoauth2, "XOAUTH2"),
    ] {
        let server = MailServer::encrypted(MailServer::login(&[method])).await;
        is_sent(SmtpConfig { authentication, ..server.with_login() }).await;
        assert_eq!(server.of("login").await[0]["method"], method);
    }
}

#[on(smtp)]
async fn a_refused_login_is_told_without_the_password() {
    for (authentication, method) in [
        (Authentication::Plain, "PLAIN"),
        (Authentication::Login, "LOGIN"),
        (Authentication::Xoauth2, "XOAUTH2"),
    ] {
        let server = MailServer::encrypted(MailServer::login(&[method])).await;
        let password = "wrong-hunter2".into();
        let config = SmtpConfig { authentication, password, ..server.with_login() };
        let smtp = smtp(config);
        let said = reason(&smtp).await;
        assert!(said.starts_with(&server.name()), "{said}");
        assert!(said.contains("AUTH"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
        // The check says the same.
        assert_eq!(smtp.check().await, Err(DeliveryError::unavailable(said)));
        assert_eq!(server.count("message").await, 0);
    }
    let server = MailServer::encrypted(MailServer::login(&["LOGIN"])).await;
    let config = SmtpConfig { authentication: Authentication::Plain, ..server.with_login() };
    let said = reason(&smtp(config)).await;
    assert!(said.contains("offers no login of the kind"), "{said}");
}

#[on(smtp)]
async fn a_check_says_what_the_shop_is_connected_to() {
    let server = MailServer::encrypted(MailServer::login(&["PLAIN", "LOGIN"])).await;
    let found = smtp(server.with_login()).check().await.unwrap();
    assert_eq!(found, format!("{}, STARTTLS, logged in (PLAIN)", server.name()));
    let server = MailServer::plain(json!({})).await;
    let found = smtp(server.config()).check().await.unwrap();
    assert_eq!(found, format!("{}, not encrypted, without a login", server.name()));
    assert_eq!(server.count("message").await, 0);
}

#[test]
fn a_file_without_certificates_is_refused_at_the_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "hello").unwrap();
    let missing = std::path::PathBuf::from("/nowhere/ca.pem");
    for ca_file in [file.path().to_owned(), missing] {
        let config = SmtpConfig { ca_file, host: "localhost".to_owned(), ..SmtpConfig::default() };
        let error = super::super::tls(&config).map(|_: TlsParameters| ()).unwrap_err();
        assert_eq!(error.setting, "notifications.smtp.ca_file", "{error}");
    }
}
