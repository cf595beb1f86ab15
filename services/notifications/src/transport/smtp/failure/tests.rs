use super::*;

fn context() -> ReasonContext<'static> {
    ReasonContext { server: "mail.test:587", recipient: "ada@example.com", secrets: &[] }
}

fn meaning(stage: Stage, answer: &str) -> DeliveryError {
    let (code, text) = answer.split_once(' ').unwrap();
    let reply = Reply { code: code.parse().unwrap(), text: text.to_owned() };
    Failure::Refused(stage, reply).into_error(&context())
}

fn kind(error: &DeliveryError) -> &'static str {
    match error {
        DeliveryError::Unavailable { .. } => "unavailable",
        DeliveryError::Later { .. } => "later",
        DeliveryError::Unknown(_) => "unknown",
        DeliveryError::Refused(_) => "refused",
        DeliveryError::NoSuchRecipient(_) => "no such recipient",
        DeliveryError::OptedOut(_) => "opted out",
    }
}

#[test]
fn an_answer_means_what_it_means_at_its_stage() {
    use Stage::{Answer, Body, Connect, Data, Login, Recipient, Sender, Starttls};
    for (stage, answer, means) in [
        (Connect, "554 5.3.2 No SMTP service here", "unavailable"),
        (Connect, "421 Too many connections", "unavailable"),
        (Starttls, "454 TLS not available", "unavailable"),
        (Login, "535 5.7.8 Authentication credentials invalid", "unavailable"),
        (Login, "454 4.7.0 Temporary authentication failure", "unavailable"),
        // Another provider may take the shop for the sender.
        (Sender, "550 5.7.1 Sender not allowed", "unavailable"),
        (Sender, "553 Sender address rejected: not owned by user", "unavailable"),
        (Sender, "530 5.7.0 Must issue a STARTTLS command first", "unavailable"),
        (Sender, "451 4.3.0 Try later", "later"),
        (Sender, "421 4.7.0 Closing", "unavailable"),
        (Sender, "550 5.6.7 SMTPUTF8 is required but was not offered", "refused"),
        (Recipient, "450 4.2.0 Greylisted", "later"),
        (Recipient, "452 4.2.2 Mailbox full", "later"),
        (Recipient, "421 4.4.5 Too busy", "unavailable"),
        (Recipient, "530 Authentication required", "unavailable"),
        (Recipient, "550 5.1.1 No such user", "no such recipient"),
        (Recipient, "550 5.1.2 Bad destination system", "no such recipient"),
        (Recipient, "501 5.1.3 Bad address syntax", "no such recipient"),
        (Recipient, "550 5.1.6 Mailbox has moved", "no such recipient"),
        (Recipient, "556 5.1.10 Recipient address has null MX", "no such recipient"),
        (Recipient, "550 No such user", "no such recipient"),
        (Recipient, "551 User not local", "no such recipient"),
        (Recipient, "553 Mailbox name not allowed", "no such recipient"),
        // Rules are not about the address: mail to it goes on.
        (Recipient, "550 5.7.1 Delivery not authorized", "refused"),
        (Recipient, "550 5.7.26 Unauthenticated mail", "refused"),
        (Recipient, "550 5.2.1 Mailbox disabled", "refused"),
        (Recipient, "550 relay not permitted", "refused"),
        (Recipient, "550 Blocked - see https://block.example", "refused"),
        (Recipient, "550 Rejected: SPF check failed", "refused"),
        (Recipient, "554 Transaction failed", "refused"),
        (Recipient, "552 5.2.2 Over quota", "later"),
        (Recipient, "552 Mailbox full", "later"),
        (Recipient, "552 5.3.4 Message too big", "refused"),
        // A code of another class says nothing.
        (Recipient, "550 4.1.1 No such user", "no such recipient"),
        (Data, "451 4.3.5 Server configuration error", "later"),
        (Data, "554 5.5.1 No valid recipients", "refused"),
        (Answer, "451 4.7.1 Greylisted", "later"),
        (Answer, "421 4.3.2 Shutting down", "unavailable"),
        (Answer, "554 5.7.1 Spam", "refused"),
        (Answer, "552 5.3.4 Message too big", "refused"),
        (Answer, "552 5.2.2 Over quota", "later"),
        // Some accept any recipient and look at the address later: that is no proof.
        (Answer, "550 5.1.1 No such user", "refused"),
        (Body, "552 Message too big", "refused"),
    ] {
        assert_eq!(kind(&meaning(stage, answer)), means, "{stage:?} {answer}");
    }
}

#[test]
fn only_silence_after_the_whole_message_leaves_it_open_whether_it_was_taken() {
    let broken = |stage| Failure::Broken(stage, Cause::Other("connection reset".to_owned()));
    for stage in [
        Stage::Connect,
        Stage::Starttls,
        Stage::Login,
        Stage::Sender,
        Stage::Recipient,
        Stage::Data,
        Stage::Body,
    ] {
        for failure in [broken(stage), Failure::Late(stage)] {
            assert_eq!(kind(&failure.into_error(&context())), "unavailable", "{stage:?}");
        }
    }
    for failure in [broken(Stage::Answer), Failure::Late(Stage::Answer)] {
        assert_eq!(kind(&failure.into_error(&context())), "unknown");
    }
    assert_eq!(kind(&Failure::NoStarttls.into_error(&context())), "unavailable");
    assert_eq!(kind(&Failure::NoSmtpUtf8.into_error(&context())), "refused");
}

#[test]
fn staff_read_the_server_s_words_without_secrets_or_whole_addresses() {
    let secrets = ["hunter2".to_owned()];
    let context = ReasonContext { secrets: &secrets, ..context() };
    let said = "5.1.1 <ada@example.com>:\r\n Recipient\t\x1b[31m unknown, hunter2";
    let reply = Reply { code: 550, text: said.to_owned() };
    let error = Failure::Refused(Stage::Recipient, reply).into_error(&context).to_string();
    assert_eq!(
        error,
        "mail.test:587 answered 550 to RCPT TO: 5.1.1 <a***@example.com>: Recipient [31m unknown, ***"
    );
    let reply = Reply { code: 554, text: String::new() };
    let error = Failure::Refused(Stage::Answer, reply).into_error(&context).to_string();
    assert_eq!(error, "mail.test:587 answered 554 to the message");
    let long = context.clean(&"ä".repeat(500));
    assert_eq!(long.chars().count(), MAX_TEXT + 1);
}
