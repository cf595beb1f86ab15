use chassis::testing::noon;
use ring::signature::{ED25519 as VERIFY_ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::*;

const RSA: &str = include_str!("rsa.pem");

fn dkim(key: &str) -> Dkim {
    let key = DkimKey::parse(key).unwrap();
    Dkim { domain: "example.com".to_owned(), selector: "shop".to_owned(), key }
}

/// A tag of a signature or a record.
fn tag<'a>(value: &'a str, name: &str) -> &'a str {
    let mut tags = value.split(';').filter_map(|it| it.trim().split_once('='));
    tags.find(|it| it.0 == name).unwrap_or_else(|| panic!("{name} in {value}")).1
}

fn decoded(text: &str) -> Vec<u8> {
    STANDARD.decode(text.replace(char::is_whitespace, "")).unwrap()
}

/// Verifies as whoever receives a message does, with the key in DNS; the error says what is wrong.
fn verify(mail: &str, record: &str) -> Result<(), &'static str> {
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    let mut headers = canonical_headers(head);
    let at = headers.iter().position(|it| it.0 == "dkim-signature").unwrap();
    let (_, value) = headers.remove(at);
    if decoded(tag(&value, "bh")) != digest(&SHA256, &canonical_body(body.as_bytes())).as_ref() {
        return Err("the body was changed");
    }
    let mut text = String::new();
    for name in tag(&value, "h").split(':') {
        // From the bottom up, each header once.
        if let Some(at) = headers.iter().rposition(|it| it.0 == name.trim()) {
            let (name, value) = headers.remove(at);
            text.push_str(&format!("{name}:{value}\r\n"));
        }
    }
    let (unsigned, _) = value.rsplit_once("b=").unwrap();
    text.push_str(&format!("dkim-signature:{unsigned}b="));
    let (key, signature) = (decoded(tag(record, "p")), decoded(tag(&value, "b")));
    let verified = if tag(&value, "a") == "ed25519-sha256" {
        let hash = digest(&SHA256, text.as_bytes());
        UnparsedPublicKey::new(&VERIFY_ED25519, key).verify(hash.as_ref(), &signature)
    } else {
        // Without the frame, which is as long for every key of 2048 bits.
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key[24..]);
        key.verify(text.as_bytes(), &signature)
    };
    verified.map_err(|_| "a signed header was changed")
}

/// The message and the record of RFC 8463, A.
#[test]
fn the_example_of_the_standard_is_verified() {
    let mail = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
        d=football.example.com; i=@football.example.com;\r\n \
        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
        subject : date : message-id : from : subject : date;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
        b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n \
        Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n\
        From: Joe SixPack <joe@football.example.com>\r\n\
        To: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
        Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    let record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(verify(mail, record), Ok(()));
    // Our key is theirs.
    assert_eq!(dkim(ED25519).record().1, record);
}

#[test]
fn a_signature_is_that_of_the_key_in_the_record() {
    let mail = "From: =?utf-8?q?B=C3=BCcher?= <shop@example.com>\r\n\
        Subject: One\r\n  and two \r\nTo: ada@example.com\r\n\
        List-Unsubscribe: <https://shop.example/u/1>\r\n\r\n\
        Good  day.\t \r\n\r\n bye\r\n\r\n\r\n";
    for key in [RSA, ED25519] {
        let dkim = dkim(key);
        let (name, record) = dkim.record();
        assert_eq!(name, "shop._domainkey.example.com");
        let signed = String::from_utf8(dkim.sign(mail.as_bytes(), noon())).unwrap();
        assert!(signed.ends_with(mail), "{signed}");
        assert!(signed.lines().all(|it| it.len() <= 120), "{signed}");
        assert!(signed.contains("h=from:from:to:subject:list-unsubscribe;"), "{signed}");
        assert_eq!(verify(&signed, &record), Ok(()), "{signed}");
        // Servers on the way fold lines anew, and add empty ones.
        let refolded = signed.replace("One\r\n  and two ", "One and\r\n\ttwo") + "\r\n\r\n";
        assert_eq!(verify(&refolded, &record), Ok(()), "{refolded}");

        let forged = signed.replace("Good", "Bad");
        assert_eq!(verify(&forged, &record), Err("the body was changed"));
        let wrong = Err("a signed header was changed");
        assert_eq!(verify(&signed.replace("u/1>", "u/2>"), &record), wrong);
        let second = signed.replace("\r\n\r\nGood", "\r\nFrom: eve@example.org\r\n\r\nGood");
        assert_eq!(verify(&second, &record), wrong, "another From is a change");
    }
}

#[test]
fn the_record_of_an_rsa_key_is_what_openssl_prints() {
    let (_, record) = dkim(RSA).record();
    assert!(record.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"), "{record}");
    assert_eq!(tag(&record, "p"), include_str!("rsa.pub").replace('\n', ""));
}

#[test]
fn what_is_no_key_is_refused_without_a_word_of_it() {
    let refused = |pem: &str| DkimKey::parse(pem).err();
    assert_eq!(refused(""), Some(KeyError::NotPem));
    assert_eq!(refused("hunter2"), Some(KeyError::NotPem));
    let p256 = rcgen::KeyPair::generate().unwrap().serialize_pem();
    assert_eq!(refused(&p256), Some(KeyError::NotUsable));
    assert_eq!(refused(&RSA.replace("MII", "AAA")), Some(KeyError::NotUsable));
    assert_eq!(refused(include_str!("rsa1024.pem")), Some(KeyError::NotUsable), "too short");
}
