//! `cartwright messages check`, against a mail server that says what it is told to.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Output;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::shop::{Place, sqlite};

/// Takes messages without encryption, after a login with this password.
struct MailServer {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

const PASSWORD: &str = "hunter2-secret";
/// The name and the password as AUTH PLAIN has them.
const LOGIN: &str = "AHNob3AAaHVudGVyMi1zZWNyZXQ=";

impl MailServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let lines = heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let _ = serve(stream.expect("a connection"), &lines);
            }
        });
        Self { port, heard }
    }
}

fn serve(stream: TcpStream, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut answers = stream.try_clone()?;
    answers.write_all(b"220 mail.test ESMTP\r\n")?;
    let mut in_message = false;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let answer = match line.as_str() {
            "." => "250 2.0.0 Ok: queued as 4XyZ9",
            _ if in_message => "",
            "DATA" => "354 Go on",
            "QUIT" => "221 Bye",
            it if it.starts_with("EHLO") => "250-mail.test\r\n250 AUTH PLAIN",
            it if it.starts_with("AUTH") && !it.ends_with(LOGIN) => "535 5.7.8 No",
            it if it.starts_with("AUTH") => "235 2.7.0 Welcome",
            _ => "250 Ok",
        };
        in_message = line == "DATA" || in_message && line != ".";
        heard.lock().push(line);
        if !answer.is_empty() {
            answers.write_all(format!("{answer}\r\n").as_bytes())?;
        }
    }
    Ok(())
}

struct Shop {
    place: Place,
    variables: Vec<(&'static str, String)>,
}

impl Shop {
    fn new(server: &MailServer) -> Self {
        let variables = vec![
            ("SHOP__PUBLIC_URL", "https://shop.example".to_owned()),
            ("SHOP__EMAIL_FROM", "orders@shop.example".to_owned()),
            ("NOTIFICATIONS__EMAIL__PROVIDERS", "smtp".to_owned()),
            ("NOTIFICATIONS__SMTP__HOST", "127.0.0.1".to_owned()),
            ("NOTIFICATIONS__SMTP__PORT", server.port.to_string()),
            ("NOTIFICATIONS__SMTP__ENCRYPTION", "none".to_owned()),
            ("NOTIFICATIONS__SMTP__USERNAME", "shop".to_owned()),
            ("NOTIFICATIONS__SMTP__PASSWORD", PASSWORD.to_owned()),
        ];
        Self { place: sqlite(), variables }
    }

    fn set(&mut self, name: &'static str, value: &str) {
        self.variables.retain(|it| it.0 != name);
        self.variables.push((name, value.to_owned()));
    }

    /// What a command says, and its exit code.
    fn run(&self, args: &[&str]) -> (String, Option<i32>) {
        let mut command = self.place.command(args);
        for (name, value) in &self.variables {
            command.env(format!("CARTWRIGHT__{name}"), value);
        }
        let Output { status, stdout, stderr } = command.output().expect("the program");
        let said = String::from_utf8([stdout, stderr].concat()).expect("text");
        assert!(!said.contains("hunter2") && !said.contains(LOGIN), "{said}");
        (said, status.code())
    }

    fn check(&self, args: &[&str]) -> (String, Option<i32>) {
        self.run(&[&["messages", "check"], args].concat())
    }
}

#[test]
fn a_shop_whose_messages_go_out_is_told_so_and_sends_nothing() {
    let server = MailServer::start();
    let shop = Shop::new(&server);
    let (said, code) = shop.check(&[]);
    assert_eq!((said.lines().last(), code), (Some("Messages go out."), Some(0)), "{said}");
    let connected = format!("smtp: 127.0.0.1:{}, not encrypted, logged in (PLAIN)", server.port);
    assert!(said.contains(&format!("ok       {connected}\n")), "{said}");
    let spf = "note     dns: SPF: shop.example TXT \"v=spf1 ";
    assert!(said.contains(spf), "{said}");
    assert!(said.contains("note     dns: DMARC: _dmarc.shop.example TXT \"v=DMARC1; "), "{said}");
    assert!(!server.heard.lock().iter().any(|it| it.starts_with("MAIL")));
}

#[test]
fn a_test_message_goes_out_where_it_is_asked_for() {
    let server = MailServer::start();
    let shop = Shop::new(&server);
    let (said, code) = shop.check(&["--send-to", "ada@example.com"]);
    assert_eq!(code, Some(0), "{said}");
    let took = "ok       smtp: took a test message to a***@example.com as 4XyZ9\n";
    assert!(said.contains(took), "{said}");
    let heard = server.heard.lock();
    assert!(heard.iter().any(|it| it == "RCPT TO:<ada@example.com>"), "{heard:?}");
    let subject = "Subject: Test message from Cartwright";
    assert!(heard.iter().any(|it| it == subject), "{heard:?}");
}

#[test]
fn what_keeps_messages_from_customers_is_an_exit_code() {
    let server = MailServer::start();
    let mut shop = Shop::new(&server);
    shop.set("NOTIFICATIONS__SMTP__PASSWORD", "hunter2");
    shop.set("SHOP__PUBLIC_URL", "http://localhost:8080");
    let (said, code) = shop.check(&["--send-to", "ada@example.com"]);
    assert_eq!(code, Some(1), "{said}");
    let answer = format!("127.0.0.1:{} answered 535 to AUTH: 5.7.8 No", server.port);
    assert!(said.contains(&format!("wrong    smtp: {answer}\n")), "{said}");
    assert!(
        said.contains("wrong    public_url: links in messages lead to http://localhost"),
        "{said}"
    );
    let not_sent = "wrong    smtp: did not take a test message to a***@example.com: ";
    assert!(said.contains(&format!("{not_sent}{answer}\n")), "{said}");

    let nobody = Shop { place: sqlite(), variables: vec![] };
    let (said, code) = nobody.check(&[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.starts_with("wrong    email: e-mails are only logged"), "{said}");
}

#[test]
fn settings_that_cannot_send_are_refused_by_config_check_too() {
    let server = MailServer::start();
    for (name, value, says) in [
        ("SHOP__EMAIL_FROM", "", "shop.email_from is \"\", but must be an e-mail address"),
        ("SHOP__EMAIL_FROM", "shop", "shop.email_from is \"shop\", but must be"),
        ("SHOP__EMAIL_REPLY_TO", "@", "shop.email_reply_to is \"@\", but must be"),
        ("NOTIFICATIONS__SMTP__HOST", "", "notifications.smtp.host is empty, but must be set"),
        ("NOTIFICATIONS__SMTP__PORT", "0", "notifications.smtp.port is 0, but must be"),
    ] {
        let mut shop = Shop::new(&server);
        shop.set(name, value);
        for command in [["config", "check"], ["messages", "check"]] {
            let (said, code) = shop.run(&command);
            assert_eq!(code, Some(1), "{name}: {said}");
            assert!(said.starts_with(&format!("error: {says}")), "{name}: {said}");
        }
    }
    let shop = Shop::new(&server);
    let (said, code) = shop.check(&["--send-to", "ada"]);
    assert_eq!(code, Some(1));
    assert!(said.starts_with("error: --send-to is \"ada\", but must be an e-mail"), "{said}");
}
